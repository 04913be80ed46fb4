package cors

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/glob"
)

// s3Preflight takes the first rule that matches origin, method and every header asked for. Statuses as in the table of
// test_cors_* in ceph/s3-tests: 200, 403 without a rule, 400 without origin or method.
func (p *Policy) s3Preflight(r Request) Answer {
	switch {
	case r.Origin == "":
		return Answer{Status: http.StatusBadRequest, Why: "a preflight without Origin"}
	case r.Method == "":
		return Answer{Status: http.StatusBadRequest, Why: "a preflight without Access-Control-Request-Method"}
	case len(p.Rules) == 0:
		return Answer{Status: http.StatusForbidden, Why: "CORS is not enabled for this bucket"}
	}
	for i := range p.Rules {
		rule := &p.Rules[i]
		if !rule.s3Matches(r) {
			continue
		}
		a := rule.s3Answer(i+1, r.Origin)
		a.Status = http.StatusOK
		if asked := names(r.Headers); len(asked) > 0 {
			a.Header.Set("Access-Control-Allow-Headers", strings.Join(asked, ", "))
		}
		return a
	}
	return Answer{Status: http.StatusForbidden, Why: p.whyNot(r)}
}

// s3Actual takes the first rule that matches origin and method, and the headers if the request names any.
func (p *Policy) s3Actual(r Request) Answer {
	if r.Origin == "" {
		return Answer{Header: http.Header{}, Why: "the request has no Origin"}
	}
	for i := range p.Rules {
		if p.Rules[i].s3Matches(r) {
			return p.Rules[i].s3Answer(i+1, r.Origin)
		}
	}
	return Answer{Header: http.Header{}, Why: p.whyNot(r)}
}

func (r *Rule) s3Matches(q Request) bool {
	return r.s3Origin(q.Origin) != "" && slices.Contains(r.Methods, q.Method) && len(r.refuses(q.Headers)) == 0
}

// s3Origin is what a rule answers to an origin, "" when it does not match: * when the rule says so itself, else the origin.
func (r *Rule) s3Origin(origin string) string {
	if slices.Contains(r.Origins, "*") {
		return "*"
	}
	if slices.ContainsFunc(r.Origins, func(o string) bool { return glob.Match(o, origin) }) {
		return origin
	}
	return ""
}

// refuses lists the headers that no pattern of the rule covers.
func (r *Rule) refuses(headers []string) (out []string) {
	for _, h := range names(headers) {
		if !slices.ContainsFunc(r.Headers, func(p string) bool { return glob.Match(strings.ToLower(p), h) }) {
			out = append(out, h)
		}
	}
	return out
}

func (r *Rule) s3Answer(number int, origin string) Answer {
	a := Answer{Header: http.Header{}, Rule: number}
	allow := r.s3Origin(origin)
	a.Header.Set("Access-Control-Allow-Origin", allow)
	if allow != "*" {
		a.Header.Set("Access-Control-Allow-Credentials", "true")
	}
	a.Header.Set("Access-Control-Allow-Methods", strings.Join(r.Methods, ", "))
	if len(r.Expose) > 0 {
		a.Header.Set("Access-Control-Expose-Headers", strings.Join(r.Expose, ", "))
	}
	if r.MaxAge != nil {
		a.Header.Set("Access-Control-Max-Age", strconv.Itoa(*r.MaxAge))
	}
	a.Header.Set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
	return a
}
