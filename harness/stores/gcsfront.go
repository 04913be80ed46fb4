package stores

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// gcsFront is what clients see of GCS: the XML API for objects, done here as documented; the JSON API, which
// fake-gcs-server does well; and the token endpoint for clients that still ask it.
type gcsFront struct {
	owner  *gcsOwner
	json   http.Handler
	tokens *tokens
	// unverified leaves out who asks and whether they may.
	unverified bool
	mu         sync.Mutex // makes a precondition and what follows it one step
}

// jsonPaths are where the JSON API lives; fake-gcs-server has more, which is nobody's business.
var jsonPaths = []string{"/storage/v1/", "/upload/storage/v1/", "/upload/resumable/", "/download/storage/v1/", "/batch/storage/v1"}

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

// serveJSON passes a request of the JSON API on, and does what fake-gcs-server forgets of the bucket's own resource: its
// CORS configuration.
func (f *gcsFront) serveJSON(w http.ResponseWriter, r *http.Request) {
	if !f.unverified && f.refuseJSON(w, r) {
		return
	}
	if r.URL.Path != "/storage/v1/b/"+f.owner.bucket || r.Method == http.MethodOptions || r.Method == http.MethodDelete {
		f.json.ServeHTTP(w, r)
		return
	}
	if r.Method != http.MethodGet && !f.takeCORS(w, r) {
		return
	}
	answer := &held{header: http.Header{}}
	f.json.ServeHTTP(answer, r)
	var bucket map[string]any
	if answer.status != http.StatusOK || json.Unmarshal(answer.body.Bytes(), &bucket) != nil {
		answer.replay(w)
		return
	}
	if cors := f.owner.corsDocument(); cors != "" {
		bucket["cors"] = json.RawMessage(cors)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(bucket)
}

// takeCORS keeps the CORS configuration of an update, and answers if there is something wrong with it.
func (f *gcsFront) takeCORS(w http.ResponseWriter, r *http.Request) bool {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var update map[string]json.RawMessage
	err = json.Unmarshal(body, &update)
	if cors, ok := update["cors"]; ok && err == nil {
		var entries []gcsCORSEntry
		var kept string
		if entries, kept, err = readGCSCORS(cors); err == nil {
			f.owner.setCORS(entries, kept)
		}
		if len(update) == 1 {
			r.Method, r.Body = http.MethodGet, http.NoBody // fake-gcs-server takes what an update leaves out for off
		}
	}
	if err != nil {
		writeJSONError(w, r, http.StatusBadRequest, "invalid", "The bucket's resource can't be read.")
		return false
	}
	return true
}

// subresources turn a request of the XML API into one for something else than an object or a listing (XML API reference,
// "Query string parameters"). None of these is done here; those of
// multipart uploads are.
var subresources = []string{"acl", "billing", "compose", "cors", "customPlacementConfig", "encryption", "encryptionConfig", "lifecycle", "location",
	"logging", "object-lock", "policy", "storageClass", "tagging", "upload_id", "versioning", "website", "websiteConfig", "withObjectRetention"}

// serveXML answers a request of the XML API.
func (f *gcsFront) serveXML(w http.ResponseWriter, r *http.Request) {
	if p := r.URL.Path; p == "/"+f.owner.bucket || strings.HasPrefix(p, "/"+f.owner.bucket+"/") {
		f.cors(w.Header(), r)
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusOK) // with what cors said: if nothing, the preflight fails in any browser
		return
	}
	if !f.unverified {
		if e := f.refuseXML(r); e != nil {
			e.write(w, r)
			return
		}
	}
	query := r.URL.Query()
	for _, name := range subresources {
		if query.Has(name) {
			writeXMLError(w, r, http.StatusNotImplemented, "NotImplemented", "This front doesn't implement ?"+name+".")
			return
		}
	}
	if r.Header.Get("X-Goog-Resumable") != "" {
		writeXMLError(w, r, http.StatusNotImplemented, "NotImplemented", "This front doesn't implement resumable uploads of the XML API.")
		return
	}
	// The path is taken apart before it is decoded: an encoded slash in the first segment is none.
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	bucket, err := url.PathUnescape(bucket)
	if err == nil {
		key, err = url.PathUnescape(key)
	}
	switch {
	case err != nil:
		writeXMLError(w, r, http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	case bucket == "":
		writeXMLError(w, r, http.StatusNotImplemented, "NotImplemented", "This front doesn't list buckets.")
	case bucket != f.owner.bucket:
		writeXMLError(w, r, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.")
	case key != "" && (query.Has("uploads") || query.Has("uploadId") || query.Has("partNumber")):
		f.serveUpload(w, r, key)
	case key != "":
		f.serveObject(w, r, key)
	case r.Method == http.MethodGet && query.Has("uploads"):
		f.listUploads(w, r, query)
	case r.Method == http.MethodGet:
		f.json.ServeHTTP(w, r)
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
	default:
		writeXMLError(w, r, http.StatusNotImplemented, "NotImplemented", "This front doesn't make or remove buckets.")
	}
}
