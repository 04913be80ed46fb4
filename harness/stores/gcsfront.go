package stores

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// gcsFront is what clients see of GCS: the XML and the JSON API, done here as documented over fake-gcs-server's storage; and
// the token endpoint for clients that still ask it.
type gcsFront struct {
	owner  *gcsOwner
	tokens *tokens
	// unverified leaves out who asks and whether they may.
	unverified bool
	mu         sync.Mutex // makes a precondition and what follows it one step
}

// jsonPaths are where the JSON API lives.
var jsonPaths = []string{"/storage/v1/", "/upload/storage/v1/", "/upload/resumable/", "/resumable/upload/storage/v1/", "/download/storage/v1/", "/batch/storage/v1"}

func (f *gcsFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := hostOf(r)
	switch {
	case host == "oauth2.googleapis.com":
		f.tokens.serve(w, r, time.Now())
	case !slices.Contains(gcsHosts, host):
		writeXMLError(w, r, http.StatusBadRequest, "InvalidURI", "This front is "+gcsHost+", path style.")
	case slices.ContainsFunc(jsonPaths, func(p string) bool { return strings.HasPrefix(r.URL.EscapedPath(), p) }):
		f.serveJSON(w, r)
	case host != gcsHost:
		writeXMLError(w, r, http.StatusBadRequest, "InvalidURI", "The XML API is at "+gcsHost+".")
	default:
		f.serveXML(w, r)
	}
}

// subresources turn a request of the XML API into one for something else than an object or a listing (XML API reference,
// "Query string parameters"). None of these is done here; those of multipart uploads are, and some of a bucket's are.
var subresources = []string{"acl", "billing", "compose", "customPlacementConfig", "encryption", "logging", "object-lock", "policy", "retention",
	"storageClass", "tagging", "upload_id", "website", "websiteConfig", "withObjectRetention"}

// bucketDocuments are subresources of a bucket alone.
var bucketDocuments = []string{"cors", "encryptionConfig", "lifecycle", "location", "versioning"}

// serveXML answers a request of the XML API.
func (f *gcsFront) serveXML(w http.ResponseWriter, r *http.Request) {
	if p := r.URL.Path; p == "/"+f.owner.bucket || strings.HasPrefix(p, "/"+f.owner.bucket+"/") {
		f.cors(w.Header(), r)
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusOK) // with what cors said: if nothing, the preflight fails in any browser
		return
	}
	if err := f.obey(w, r); err != nil {
		err.write(w, r)
	}
}

// obey finds out who asks for what, and does it if he may.
func (f *gcsFront) obey(w http.ResponseWriter, r *http.Request) (refusal *gcsError) {
	var c gcsCaller
	if !f.unverified {
		if c, refusal = f.identify(r, xmlScope(r)); refusal != nil {
			return refusal
		}
	}
	query := r.URL.Query()
	for _, name := range subresources {
		if query.Has(name) {
			return unimplemented("?" + name)
		}
	}
	if r.Header.Get("X-Goog-Resumable") != "" {
		return unimplemented("resumable uploads of the XML API")
	}
	// The path is taken apart before it is decoded: an encoded slash in the first segment is none.
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	bucket, err := url.PathUnescape(bucket)
	if err == nil {
		key, err = url.PathUnescape(key)
	}
	switch {
	case err != nil:
		return &gcsError{status: http.StatusBadRequest, Code: "InvalidURI", Message: "Couldn't parse the specified URI."}
	case bucket == "":
		return unimplemented("lists of buckets")
	case bucket != f.owner.bucket:
		return noBucket()
	case key == "":
		return f.serveBucket(w, r, c)
	case query.Has("uploads") || query.Has("uploadId") || query.Has("partNumber"):
		return f.serveUpload(w, r, c, key)
	}
	for _, name := range bucketDocuments {
		if query.Has(name) {
			return unimplemented("?" + name + " of an object")
		}
	}
	return f.serveObject(w, r, c, key)
}
