package stores

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// gcsFront is what clients see of GCS: the XML API for objects, done here as documented; the JSON API, which
// fake-gcs-server does well; and the token endpoint for clients that still ask it.
type gcsFront struct {
	owner *gcsOwner
	json  http.Handler
	token string
	mu    sync.Mutex // makes a precondition and what follows it one step
}

func newGCSFront(o *gcsOwner, token string) *gcsFront {
	return &gcsFront{owner: o, json: o.server.HTTPHandler(), token: token}
}

// jsonPaths are where the JSON API lives; fake-gcs-server has more, which is nobody's business.
var jsonPaths = []string{"/storage/v1/", "/upload/storage/v1/", "/upload/resumable/", "/download/storage/v1/", "/batch/storage/v1"}

func (f *gcsFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := hostOf(r)
	switch {
	case host == "oauth2.googleapis.com":
		f.serveToken(w, r)
	case !slices.Contains(gcsHosts, host):
		writeXMLError(w, r, http.StatusBadRequest, "InvalidURI", "This front is "+gcsHost+", path style.")
	case slices.ContainsFunc(jsonPaths, func(p string) bool { return strings.HasPrefix(r.URL.EscapedPath(), p) }):
		f.serveJSON(w, r)
	default:
		f.serveXML(w, r)
	}
}

// serveToken answers a token exchange (Google identity documentation, "Using OAuth 2.0 for server to server applications").
// Nobody checks the token.
func (f *gcsFront) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/token" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": f.token, "expires_in": 3599, "token_type": "Bearer"})
}

// serveJSON passes a request of the JSON API on, and adds to the bucket's own resource what fake-gcs-server forgets.
func (f *gcsFront) serveJSON(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.Path != "/storage/v1/b/"+f.owner.bucket {
		f.json.ServeHTTP(w, r)
		return
	}
	answer := &held{header: http.Header{}}
	f.json.ServeHTTP(answer, r)
	var bucket map[string]any
	if answer.status != http.StatusOK || json.Unmarshal(answer.body.Bytes(), &bucket) != nil {
		answer.replay(w)
		return
	}
	bucket["cors"] = json.RawMessage(gcsCORS)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(bucket)
}

// subresources turn a request of the XML API into one for something else than an object or a listing (XML API reference,
// "Query string parameters"). None of them is done here.
var subresources = []string{"acl", "billing", "compose", "cors", "customPlacementConfig", "encryption", "encryptionConfig", "lifecycle", "location",
	"logging", "object-lock", "partNumber", "policy", "storageClass", "tagging", "upload_id", "uploadId", "uploads", "versioning", "website", "websiteConfig", "withObjectRetention"}

// serveXML answers a request of the XML API.
func (f *gcsFront) serveXML(w http.ResponseWriter, r *http.Request) {
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
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusOK) // no CORS: a preflight fails in any browser
	case bucket == "":
		writeXMLError(w, r, http.StatusNotImplemented, "NotImplemented", "This front doesn't list buckets.")
	case bucket != f.owner.bucket:
		writeXMLError(w, r, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.")
	case key != "":
		f.serveObject(w, r, key)
	case r.Method == http.MethodGet:
		f.json.ServeHTTP(w, r)
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
	default:
		writeXMLError(w, r, http.StatusNotImplemented, "NotImplemented", "This front doesn't make or remove buckets.")
	}
}
