package faults

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// front builds a fault into the store's front: it stands before the store and sees requests as clients sent them.
func front(f func(profile string, next http.Handler) http.Handler) func(string) stores.Setup {
	return func(profile string) stores.Setup {
		return stores.Setup{Hooks: stores.Hooks{Front: func(next http.Handler) http.Handler { return f(profile, next) }}}
	}
}

// answer holds a store's answer until a fault has had its way with it.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// ask has the store answer a request.
func ask(next http.Handler, r *http.Request) *answer {
	a := &answer{header: http.Header{}}
	next.ServeHTTP(a, r)
	a.WriteHeader(http.StatusOK)
	return a
}

// send gives the answer to the client. A HEAD's length stays what the store said.
func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if r.Method != http.MethodHead {
		w.Header().Del("Transfer-Encoding")
		if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
			w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
		}
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes())
}

// respond lets a fault change every answer.
func respond(next http.Handler, change func(*answer)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := ask(next, r)
		change(a)
		a.send(w, r)
	})
}

func harmless(_ string, next http.Handler) http.Handler {
	return respond(next, func(a *answer) {
		a.header.Set("Server", "another")
		a.header.Set("X-Unknown", "1")
	})
}

// take reads a request's body, and puts it back.
func take(r *http.Request) []byte {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

// presigned reports whether a request is made by a pre-signed URL.
func presigned(r *http.Request) bool {
	q := r.URL.Query()
	return q.Has("X-Amz-Signature") || q.Has("X-Goog-Signature") || q.Has("sig")
}

// subresource reports whether a request is about something else than an object's bytes.
func subresource(r *http.Request) bool {
	q := r.URL.Query()
	for _, name := range []string{"uploads", "uploadId", "comp", "restype", "list-type", "versions", "location", "versioning", "cors", "policy",
		"object-lock", "encryption", "lifecycle", "prefix", "acl", "tagging", "notification", "replication", "website", "ownershipControls", "publicAccessBlock"} {
		if q.Has(name) {
			return true
		}
	}
	return strings.HasPrefix(r.URL.Path, "/storage/v1/") || strings.HasPrefix(r.URL.Path, "/upload/") || strings.HasPrefix(r.URL.Path, "/b/")
}

// object reports whether a request reads or writes an object's bytes by a pre-signed URL.
func object(r *http.Request, methods ...string) bool {
	if !presigned(r) || subresource(r) {
		return false
	}
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	return false
}

// key is what tells one object from another: the path as it was sent, decoded.
func key(r *http.Request) string {
	k, err := url.PathUnescape(r.URL.EscapedPath())
	if err != nil {
		return r.URL.Path
	}
	return k
}

// refusal is an error as a provider's store writes it.
func refusal(w http.ResponseWriter, r *http.Request, profile string, status int, code, message, more string) {
	body := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message>%s</Error>", code, message, more)
	contentType := "application/xml"
	if profile == "gcp" && (strings.HasPrefix(r.URL.Path, "/storage/v1/") || strings.HasPrefix(r.URL.Path, "/upload/")) {
		contentType = "application/json; charset=UTF-8"
		body = fmt.Sprintf(`{"error":{"code":%d,"message":%q,"errors":[{"message":%q,"reason":%q}]}}`, status, message, message, code)
	}
	if profile == "azure" {
		w.Header().Set("x-ms-error-code", code)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, body)
	}
}
