package faults

import (
	"net/http"
	"regexp"
)

// uploadFaults break uploads in parts and in blocks.
func uploadFaults() []Fault {
	parts := []string{"aws", "coreweave", "gcp", "s3-compatible"}
	return []Fault{
		{Name: "etag-missing-on-a-part", Does: "the answer to a part has no ETag", Profiles: parts, Breaks: []string{"BYOB-XFER-005"},
			Setup: front(func(_ string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					a := ask(next, r)
					if r.URL.Query().Has("partNumber") {
						a.header.Del("Etag")
					}
					a.send(w, r)
				})
			})},
		{Name: "uploads-not-listed", Does: "open uploads are missing from their listing", Profiles: parts, Breaks: []string{"BYOB-XFER-005", "BYOB-XFER-006"},
			Leaves: true, Setup: front(hideUploads)},
		{Name: "abort-keeps-parts", Does: "aborting an upload is acknowledged, and the upload stays", Profiles: parts, Breaks: []string{"BYOB-XFER-006"},
			Leaves: true, Setup: front(func(_ string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodDelete && r.URL.Query().Has("uploadId") {
						w.WriteHeader(http.StatusNoContent)
						return
					}
					next.ServeHTTP(w, r)
				})
			})},
		{Name: "blob-type-not-demanded", Does: "a PUT without x-ms-blob-type makes a block blob", Profiles: []string{"azure"}, Breaks: []string{"BYOB-XFER-007"},
			Setup: front(func(_ string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if object(r, http.MethodPut) && r.Header.Get("X-Ms-Blob-Type") == "" {
						r.Header.Set("x-ms-blob-type", "BlockBlob")
					}
					next.ServeHTTP(w, r)
				})
			})},
		{Name: "block-list-ignored", Does: "a block list is acknowledged, and no blob is made of it", Profiles: []string{"azure"}, Breaks: []string{"BYOB-XFER-007"},
			Leaves: true, Setup: front(func(profile string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPut && r.URL.Query().Get("comp") == "blocklist" {
						acknowledge(w, profile, take(r))
						return
					}
					next.ServeHTTP(w, r)
				})
			})},
	}
}

// openUpload is one upload in a listing of them.
var openUpload = regexp.MustCompile(`(?s)<Upload>.*?</Upload>`)

func hideUploads(_ string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := ask(next, r)
		if r.Method == http.MethodGet && r.URL.Query().Has("uploads") {
			rest := openUpload.ReplaceAll(a.body.Bytes(), nil)
			a.body.Reset()
			a.body.Write(append([]byte(nil), rest...))
		}
		a.send(w, r)
	})
}
