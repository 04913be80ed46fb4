package cors

import (
	"net/http"
	"slices"
)

// Need is what a bucket's CORS policy is judged by.
type Need struct {
	Provider string
	// FrontendOrigin is the origin of the W&B front end, such as https://wandb.ai; "" when it isn't known.
	FrontendOrigin string
	// Edition of the rules. What is asked of CORS is the same in all of them.
	Edition string
}

// Methods are what browsers use with pre-signed URLs (Bring your own bucket, "Troubleshooting, CORS validation failures",
// 2025-09).
var Methods = []string{http.MethodGet, http.MethodHead, http.MethodPut}

// maxAge is how long browsers shall remember a preflight, in seconds; the Terraform module for Azure has 3600
// (contradiction 6 of the sources).
const maxAge = 3000

// Headers are the request headers that a page sends with a method and that need a preflight's leave.
func Headers(provider, method string) []string {
	switch {
	case method == http.MethodPut && provider == Azure:
		return []string{"content-md5", "content-type", "x-ms-blob-type"}
	case method == http.MethodPut:
		return []string{"content-md5", "content-type"}
	case method == http.MethodGet:
		return []string{"range"}
	}
	return nil
}

// Required is the policy that a provider's bucket needs, for the front end's origin or, when that is "", for every one. It
// is W&B's own (Bring your own bucket, "Provision your bucket", 2025-09; the earlier editions print none), but for Google
// Cloud Storage: there ETag, and what the browser sends, stand in responseHeader (contradiction 3 of the sources). The
// edition changes nothing.
func Required(provider, _ /* edition */, origin string) *Policy {
	if origin == "" {
		origin = "*"
	}
	age := maxAge
	r := Rule{Origins: []string{origin}, Methods: slices.Clone(Methods), Headers: []string{"*"}, Expose: []string{"ETag"}, MaxAge: &age}
	switch provider {
	case GCP:
		r.Headers = []string{"ETag", "Content-Type", "Content-MD5", "Range"}
		r.Expose = slices.Clone(r.Headers)
	case Azure:
		r.Expose = []string{"*"}
	}
	return &Policy{Provider: provider, Rules: []Rule{r}}
}
