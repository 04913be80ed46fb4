package faults

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// objectFaults break what a store does with an object's bytes.
func objectFaults() []Fault {
	return []Fault{
		{Name: "put-lost", Does: "a PUT by pre-signed URL is acknowledged, and lost", Profiles: all,
			Breaks: []string{"BYOB-XFER-001", "BYOB-XFER-002", "BYOB-XFER-003", "BYOB-XFER-004", "BYOB-XFER-008", "BYOB-XFER-009", "BYOB-XFER-010", "BYOB-XFER-007",
				"BYOB-SIGN-001", "BYOB-SIGN-002", "BYOB-SIGN-003", "BYOB-SIGN-004", "BYOB-SIGN-005", "BYOB-SIGN-007", "BYOB-CORS-008"},
			Setup: front(func(profile string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !object(r, http.MethodPut) {
						next.ServeHTTP(w, r)
						return
					}
					acknowledge(w, profile, take(r))
				})
			})},
		{Name: "answer-truncated", Does: "an answer ends after 2,000 bytes, with a length that says so", Profiles: all,
			Breaks: []string{"BYOB-XFER-001", "BYOB-XFER-005", "BYOB-XFER-007", "BYOB-XFER-008", "BYOB-XFER-009"},
			Setup:  changeBody(func(b []byte) []byte { return b[:min(len(b), 2000)] })},
		{Name: "byte-corrupted", Does: "byte 1,234 of an answer is another one", Profiles: all,
			Breaks: []string{"BYOB-XFER-001", "BYOB-XFER-005", "BYOB-XFER-007", "BYOB-XFER-008", "BYOB-XFER-009"},
			Setup: changeBody(func(b []byte) []byte {
				if len(b) > 1234 {
					b[1234] ^= 0x40
				}
				return b
			})},
		{Name: "content-type-lost", Does: "the type of an object is forgotten", Profiles: all, Breaks: []string{"BYOB-XFER-001"},
			Setup: front(func(_ string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					a := ask(next, r)
					if object(r, http.MethodGet) && a.status == http.StatusOK {
						a.header.Set("Content-Type", "binary/octet-stream")
					}
					a.send(w, r)
				})
			})},
		{Name: "wrong-md5-accepted", Does: "a PUT whose Content-MD5 is wrong is acknowledged", Profiles: all, Breaks: []string{"BYOB-XFER-002"},
			Setup: front(func(profile string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Content-Md5") == "" || !object(r, http.MethodPut) {
						next.ServeHTTP(w, r)
						return
					}
					body := take(r)
					sum := md5.Sum(body)
					if r.Header.Get("Content-Md5") != base64.StdEncoding.EncodeToString(sum[:]) {
						acknowledge(w, profile, body)
						return
					}
					next.ServeHTTP(w, r)
				})
			})},
		{Name: "empty-object-refused", Does: "a PUT without a body is refused", Profiles: all, Breaks: []string{"BYOB-XFER-003"},
			Setup: front(func(profile string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if object(r, http.MethodPut) && r.ContentLength == 0 {
						refusal(w, r, profile, http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.", "")
						return
					}
					next.ServeHTTP(w, r)
				})
			})},
		{Name: "plus-stored-as-space", Does: "a plus in a key is taken for a space", Profiles: all, Breaks: []string{"BYOB-XFER-004"}, Setup: front(plusAsSpace)},
		{Name: "range-off-by-one", Does: "a range begins one byte too late", Profiles: all, Breaks: []string{"BYOB-XFER-008"}, Setup: front(rangeOff)},
		{Name: "head-without-etag", Does: "HEAD tells no ETag", Profiles: all, Breaks: []string{"BYOB-XFER-008"},
			Setup: front(func(_ string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					a := ask(next, r)
					if object(r, http.MethodHead) {
						a.header.Del("Etag")
					}
					a.send(w, r)
				})
			})},
		{Name: "stale-after-overwrite", Does: "what was read once is read again after it was overwritten", Profiles: all, Breaks: []string{"BYOB-XFER-009", "BYOB-SIGN-003"},
			Setup: front(func(_ string, next http.Handler) http.Handler { return remember(next, true, false) })},
		{Name: "readable-after-delete", Does: "what was read once can be read after it was deleted", Profiles: all, Breaks: []string{"BYOB-XFER-010", "BYOB-SIGN-003"},
			Setup: front(func(_ string, next http.Handler) http.Handler { return remember(next, false, true) })},
	}
}

// acknowledge says that a body was stored.
func acknowledge(w http.ResponseWriter, profile string, body []byte) {
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum(body)))
	w.Header().Set("Content-Length", "0")
	if profile == "azure" {
		w.WriteHeader(http.StatusCreated)
	}
}

// changeBody changes the bytes of whole objects and ranges read by pre-signed URL.
func changeBody(change func([]byte) []byte) func(string) stores.Setup {
	return front(func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := ask(next, r)
			if object(r, http.MethodGet) && a.status < 300 {
				changed := change(bytes.Clone(a.body.Bytes()))
				a.body.Reset()
				a.body.Write(changed)
			}
			a.send(w, r)
		})
	})
}

// remember answers reads with the first answer it saw: after an overwrite, or only when the object is gone.
func remember(next http.Handler, stale, undead bool) http.Handler {
	var mu sync.Mutex
	seen := map[string]*answer{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := ask(next, r)
		if object(r, http.MethodGet) && r.Header.Get("Range") == "" {
			mu.Lock()
			first, ok := seen[key(r)]
			switch {
			case ok && ((stale && a.status == http.StatusOK) || (undead && a.status == http.StatusNotFound)):
				a = first
			case !ok && a.status == http.StatusOK:
				seen[key(r)] = a
			}
			mu.Unlock()
		}
		a.send(w, r)
	})
}

// plusAsSpace keeps one object for two keys that differ in plus and space.
func plusAsSpace(profile string, next http.Handler) http.Handler {
	var mu sync.Mutex
	last := map[string][]byte{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := key(r)
		if !object(r, http.MethodPut, http.MethodGet) || !strings.ContainsAny(k, "+ ") {
			next.ServeHTTP(w, r)
			return
		}
		k = strings.ReplaceAll(k, "+", " ")
		var body []byte
		if r.Method == http.MethodPut {
			body = take(r)
		}
		a := ask(next, r)
		mu.Lock()
		if r.Method == http.MethodPut && a.status < 300 {
			last[k] = body
		}
		if stored, ok := last[k]; ok && r.Method == http.MethodGet {
			a.body.Reset()
			a.body.Write(stored)
		}
		mu.Unlock()
		a.send(w, r)
	})
}

// rangeOff moves the bytes of a range, and says that it didn't.
func rangeOff(_ string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.Header.Get("Range")
		if asked == "" || !object(r, http.MethodGet) {
			next.ServeHTTP(w, r)
			return
		}
		a := ask(next, r)
		var first int
		if _, err := fmt.Sscanf(asked, "bytes=%d-", &first); err == nil && a.status == http.StatusPartialContent && a.body.Len() > 1 {
			shifted := append(bytes.Clone(a.body.Bytes()[1:]), 0)
			a.body.Reset()
			a.body.Write(shifted)
			a.header.Set("Content-Length", strconv.Itoa(len(shifted)))
		}
		a.send(w, r)
	})
}
