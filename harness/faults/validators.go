package faults

import (
	"io"
	"net/http"
	"regexp"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// validatorFaults break what a store says about bytes that are themselves as they should be: ETag and Content-Range.
func validatorFaults() []Fault {
	return []Fault{
		{Name: "etag-constant", Does: "every object has the same ETag, whatever is in it", Profiles: all, Breaks: []string{"BYOB-XFER-009"},
			Setup: front(func(_ string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					a := ask(next, r)
					if object(r, http.MethodPut, http.MethodGet, http.MethodHead) && a.status < 300 && !r.URL.Query().Has("partNumber") {
						a.header.Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
					}
					a.send(w, r)
				})
			})},
		{Name: "head-etag-of-another", Does: "HEAD tells another ETag than GET and PUT", Profiles: all, Breaks: []string{"BYOB-XFER-008", "BYOB-XFER-009"},
			Setup: front(func(_ string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					a := ask(next, r)
					if object(r, http.MethodHead) && a.status < 300 {
						a.header.Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
					}
					a.send(w, r)
				})
			})},
		{Name: "content-range-off-by-one", Does: "Content-Range of an open range ends one byte too late", Profiles: all, Breaks: []string{"BYOB-XFER-008"},
			Setup: contentRange(`^bytes=[0-9]+-$`, `bytes 7000-10000/10000`)},
		{Name: "content-range-of-a-suffix", Does: "Content-Range of a range that counts from the end begins at 0", Profiles: withSuffix, Breaks: []string{"BYOB-XFER-008"},
			Setup: contentRange(`^bytes=-[0-9]+$`, `bytes 0-299/10000`)},
	}
}

// withSuffix are the profiles whose stores know ranges that count from the end.
var withSuffix = []string{"aws", "coreweave", "gcp", "s3-compatible"}

// contentRange has the answers to ranges of some form say something else.
func contentRange(form, says string) func(string) stores.Setup {
	asked := regexp.MustCompile(form)
	return front(func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := ask(next, r)
			if object(r, http.MethodGet) && a.status == http.StatusPartialContent && asked.MatchString(r.Header.Get("Range")) {
				a.header.Set("Content-Range", says)
			}
			a.send(w, r)
		})
	})
}

// bodyLimit is what the proxy of sizeFaults takes at most: more than any part that is not asked for with --long.
const bodyLimit = 64 << 20

// sizeFaults show at sizes that are tried only on request.
func sizeFaults() []Fault {
	return []Fault{
		{Name: "large-body-refused", Does: "a body over 64 MiB is refused, as by a proxy with a limit", Profiles: []string{"azure", "s3-compatible"}, Long: "BYOB-XFER-011",
			Breaks: []string{"BYOB-XFER-011"}, Setup: front(func(profile string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodPut || r.ContentLength <= bodyLimit {
						next.ServeHTTP(w, r)
						return
					}
					_, _ = io.Copy(io.Discard, r.Body) // an answer before the body has come would be lost with the connection
					refusal(w, r, profile, http.StatusRequestEntityTooLarge, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", "")
				})
			})},
	}
}
