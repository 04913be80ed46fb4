package faults

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/cors"
)

// corsFaults break what a bucket shares with browsers: its rules, and what stands before the store and answers otherwise.
func corsFaults() []Fault {
	both := []string{"BYOB-CORS-007", "BYOB-CORS-008"}
	return []Fault{
		{Name: "cors-none", Does: "the bucket has no CORS rules", Profiles: all, Breaks: append([]string{"BYOB-CORS-001"}, both...),
			Blocks: []string{"BYOB-CORS-002", "BYOB-CORS-003", "BYOB-CORS-004", "BYOB-CORS-005", "BYOB-CORS-006", "BYOB-CORS-009"},
			Setup:  rules(func(p *cors.Policy, _ *cors.Rule) { p.Rules = nil })},
		{Name: "cors-unreadable", Does: "the CORS rules hold, and may not be read", Profiles: []string{"aws", "s3-compatible", "azure"}, Breaks: []string{"BYOB-CORS-001", "BYOB-PERM-009", "BYOB-PERM-015"},
			Blocks: []string{"BYOB-CORS-002", "BYOB-CORS-003", "BYOB-CORS-004", "BYOB-CORS-005", "BYOB-CORS-006", "BYOB-CORS-009", "BYOB-KEEP-002"},
			Setup: refusing(func(r *http.Request) bool {
				return r.Method == http.MethodGet && !presigned(r) && (r.URL.Query().Has("cors") || r.URL.Query().Get("restype") == "service")
			})},
		{Name: "cors-without-put", Does: "the CORS rules allow no PUT", Profiles: all, Breaks: append([]string{"BYOB-CORS-002"}, both...),
			Blocks: []string{"BYOB-CORS-009"}, Setup: withoutMethod(http.MethodPut)},
		{Name: "cors-without-head", Does: "the CORS rules allow no HEAD", Profiles: all, Breaks: append([]string{"BYOB-CORS-002"}, both...),
			Setup: withoutMethod(http.MethodHead)},
		// versitygw exposes ETag whatever its rules say: there the rules alone are wrong
		{Name: "cors-etag-unlisted", Does: "the CORS rules don't expose ETag, and the store does", Profiles: s3family, Breaks: []string{"BYOB-CORS-003"},
			Setup: rules(func(_ *cors.Policy, r *cors.Rule) { r.Expose = []string{"Content-Length"} })},
		{Name: "cors-etag-hidden", Does: "the CORS rules don't expose ETag", Profiles: []string{"gcp", "azure"}, Breaks: []string{"BYOB-CORS-003", "BYOB-CORS-008"},
			Setup: rules(func(p *cors.Policy, r *cors.Rule) {
				r.Expose = []string{"Content-Length"}
				if p.Provider == cors.GCP {
					r.Headers = []string{"Content-Type", "Content-MD5", "Range"}
					r.Expose = r.Headers
				}
			})},
		{Name: "cors-other-front-end", Does: "the CORS rules name another origin than the front end's", Profiles: all,
			Breaks: append([]string{"BYOB-CORS-004"}, both...), Blocks: []string{"BYOB-CORS-009"},
			Setup: rules(func(_ *cors.Policy, r *cors.Rule) { r.Origins = []string{"https://other.example.com"} })},
		{Name: "cors-origin-with-a-slash", Does: "the CORS rules name the front end's origin with a slash at its end", Profiles: all,
			Breaks: append([]string{"BYOB-CORS-004"}, both...), Blocks: []string{"BYOB-CORS-009"},
			Setup: rules(func(_ *cors.Policy, r *cors.Rule) { r.Origins = []string{FrontEnd + "/"} })},
		{Name: "cors-origin-too-wide", Does: "the CORS rules let in every origin that begins with https", Profiles: s3family, Breaks: []string{"BYOB-CORS-009"},
			Setup: rules(func(_ *cors.Policy, r *cors.Rule) { r.Origins = []string{"https://*"} })},
		{Name: "cors-md5-refused", Does: "the CORS rules don't allow the header content-md5", Profiles: all, Breaks: []string{"BYOB-CORS-005", "BYOB-CORS-007"},
			Blocks: []string{"BYOB-CORS-009"}, Setup: rules(func(p *cors.Policy, r *cors.Rule) {
				r.Headers = []string{"Content-Type", "Range", "x-ms-*"}
				if p.Provider == cors.GCP {
					r.Headers = []string{"ETag", "Content-Type", "Range"}
					r.Expose = r.Headers
				}
			})},
		{Name: "cors-forgotten-soon", Does: "the CORS rules let a preflight be remembered for a minute", Profiles: all, Breaks: []string{"BYOB-CORS-006"},
			Setup: rules(func(_ *cors.Policy, r *cors.Rule) { age := 60; r.MaxAge = &age })},
		{Name: "preflight-for-anyone", Does: "a front answers every preflight, whoever asks", Profiles: all, Breaks: []string{"BYOB-CORS-009"},
			Setup: preflights(func(r *http.Request, a *answer) {
				a.status = http.StatusOK
				a.body.Reset()
				a.header.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
				a.header.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT")
				a.header.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
			})},
		{Name: "answers-for-anyone", Does: "a front shares every answer, whoever asks", Profiles: all, Breaks: []string{"BYOB-CORS-009"},
			Setup: sharing(func(r *http.Request, a *answer) { a.header.Set("Access-Control-Allow-Origin", r.Header.Get("Origin")) })},
		{Name: "expose-headers-lost", Does: "a front drops Access-Control-Expose-Headers", Profiles: all, Breaks: []string{"BYOB-CORS-008"},
			Setup: sharing(func(_ *http.Request, a *answer) { a.header.Del("Access-Control-Expose-Headers") })},
		{Name: "head-not-shared", Does: "a front drops the Access-Control headers of answers to HEAD", Profiles: all, Breaks: []string{"BYOB-CORS-008"},
			Setup: sharing(func(r *http.Request, a *answer) {
				if r.Method == http.MethodHead {
					a.header.Del("Access-Control-Allow-Origin")
				}
			})},
		{Name: "allow-origin-doubled", Does: "a front adds an Access-Control-Allow-Origin of its own to the store's", Profiles: all, Breaks: []string{"BYOB-CORS-008"},
			Blocks: []string{"BYOB-CORS-009"}, Setup: sharing(func(_ *http.Request, a *answer) { a.header.Add("Access-Control-Allow-Origin", "*") })},
		{Name: "preflight-without-methods", Does: "a preflight is answered with 200, and without the methods that are allowed", Profiles: all,
			Breaks: []string{"BYOB-CORS-007"}, Blocks: []string{"BYOB-CORS-009"},
			Setup: preflights(func(_ *http.Request, a *answer) { a.header.Del("Access-Control-Allow-Methods") })},
		{Name: "options-unknown", Does: "a front doesn't know OPTIONS", Profiles: all, Breaks: []string{"BYOB-CORS-007"}, Blocks: []string{"BYOB-CORS-009"},
			Setup: preflights(func(_ *http.Request, a *answer) {
				a.status = http.StatusMethodNotAllowed
				a.body.Reset()
				for name := range a.header {
					if strings.HasPrefix(name, "Access-Control-") {
						a.header.Del(name)
					}
				}
			})},
	}
}

// browserFaults show in a browser, which alone is asked there.
func browserFaults() []Fault {
	seen := []string{"BYOB-CORS-010"}
	return []Fault{
		{Name: "browser-reads-no-etag", Does: "a front drops Access-Control-Expose-Headers", Profiles: all, Long: seen[0], Breaks: seen,
			Setup: sharing(func(_ *http.Request, a *answer) { a.header.Del("Access-Control-Expose-Headers") })},
		{Name: "browser-may-not-put", Does: "the CORS rules allow no PUT", Profiles: all, Long: seen[0], Breaks: seen, Setup: withoutMethod(http.MethodPut)},
		{Name: "browser-sees-no-answer", Does: "a front drops Access-Control-Allow-Origin from the answers to GET", Profiles: all, Long: seen[0], Breaks: seen,
			Setup: sharing(func(r *http.Request, a *answer) {
				if r.Method == http.MethodGet {
					a.header.Del("Access-Control-Allow-Origin")
				}
			})},
	}
}

// rules changes the CORS rules of a sound bucket, which are one.
func rules(change func(*cors.Policy, *cors.Rule)) func(string) stores.Setup {
	return func(profile string) stores.Setup {
		p := cors.Required(profile, "", FrontEnd)
		change(p, &p.Rules[0])
		return stores.Setup{CORS: p}
	}
}

func withoutMethod(method string) func(string) stores.Setup {
	return rules(func(_ *cors.Policy, r *cors.Rule) {
		r.Methods = slices.DeleteFunc(r.Methods, func(m string) bool { return m == method })
	})
}

// preflights changes the answers to preflights.
func preflights(change func(*http.Request, *answer)) func(string) stores.Setup {
	return crossing(change, func(r *http.Request) bool { return r.Method == http.MethodOptions })
}

// sharing changes the answers to requests by pre-signed URL from another origin.
func sharing(change func(*http.Request, *answer)) func(string) stores.Setup {
	return crossing(change, func(r *http.Request) bool {
		return r.Method != http.MethodOptions && presigned(r) && r.Header.Get("Origin") != ""
	})
}

func crossing(change func(*http.Request, *answer), which func(*http.Request) bool) func(string) stores.Setup {
	return front(func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !which(r) {
				next.ServeHTTP(w, r)
				return
			}
			a := ask(next, r)
			change(r, a)
			a.send(w, r)
		})
	})
}
