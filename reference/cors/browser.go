package cors

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/glob"
)

// Passes says whether a browser goes on after a preflight that was answered so, and if not why (Fetch Standard, 4.8
// CORS-preflight fetch; requests to a pre-signed URL carry no credentials, so that * stands for everything).
func (a Answer) Passes(r Request) (ok bool, why string) {
	if a.Status < 200 || a.Status > 299 {
		why = fmt.Sprintf("the preflight is answered with %d", a.Status)
		if a.Why != "" {
			why += ": " + a.Why
		}
		return false, why
	}
	if ok, why := a.AllowsOrigin(r.Origin); !ok {
		return false, why
	}
	methods := list(a.Header, "Access-Control-Allow-Methods")
	safe := []string{http.MethodGet, http.MethodHead, http.MethodPost}
	if !slices.Contains(methods, r.Method) && !slices.Contains(methods, "*") && !slices.Contains(safe, r.Method) {
		return false, fmt.Sprintf("the answer allows no %s", r.Method)
	}
	allowed := list(a.Header, "Access-Control-Allow-Headers")
	for _, h := range r.Headers {
		if !has(allowed, h) && (!slices.Contains(allowed, "*") || strings.EqualFold(h, "authorization")) {
			return false, fmt.Sprintf("the answer does not allow the header %s", strings.ToLower(h))
		}
	}
	return true, ""
}

// AllowsOrigin says whether a browser hands the answer to a page of that origin.
func (a Answer) AllowsOrigin(origin string) (ok bool, why string) {
	values := a.Header.Values("Access-Control-Allow-Origin")
	switch {
	case len(values) == 0 && a.Why != "":
		return false, a.Why
	case len(values) == 0:
		return false, "the answer has no Access-Control-Allow-Origin"
	case len(values) > 1:
		return false, "the answer has more than one Access-Control-Allow-Origin"
	case values[0] != "*" && values[0] != origin:
		return false, fmt.Sprintf("the answer allows another origin, %q", values[0])
	}
	return true, ""
}

// Exposes says whether a page may read a header of an answer. A prefix such as x-ms-meta-* is Azure's own: it answers with
// the names that begin so.
func (a Answer) Exposes(header string) bool {
	return slices.ContainsFunc(list(a.Header, "Access-Control-Expose-Headers"), func(e string) bool {
		return glob.Match(strings.ToLower(e), strings.ToLower(header))
	})
}

// list splits a header's comma-separated values.
func list(h http.Header, name string) []string {
	var out []string
	for _, line := range h.Values(name) {
		for item := range strings.SplitSeq(line, ",") {
			if item = strings.TrimSpace(item); item != "" {
				out = append(out, item)
			}
		}
	}
	return out
}
