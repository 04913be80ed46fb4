package cors

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// origin is what a rule answers to an origin, "" when it does not match.
func (r *Rule) origin(provider, origin string) string {
	switch provider {
	case GCP, Azure:
		return r.azureOrigin(origin) // both are literal, but for * alone
	}
	return r.s3Origin(origin)
}

// whyNot says what kept every rule from matching.
func (p *Policy) whyNot(r Request) string {
	named, allowed := false, false
	var refused []string
	for i := range p.Rules {
		rule := &p.Rules[i]
		if rule.origin(p.Provider, r.Origin) == "" {
			continue
		}
		named = true
		if slices.Contains(rule.Methods, r.Method) || p.Provider == GCP && slices.Contains(rule.Methods, "*") {
			if !allowed {
				refused = rule.refuses(r.Headers)
			}
			allowed = true
		}
	}
	switch {
	case !named:
		return fmt.Sprintf("no rule names the origin %q", r.Origin)
	case !allowed:
		return fmt.Sprintf("no rule for the origin %q allows %s", r.Origin, r.Method)
	}
	return fmt.Sprintf("no rule for %s and the origin %q allows the headers %s", r.Method, r.Origin, strings.Join(refused, ", "))
}

// CheckOrigin says what is wrong with an origin as a browser writes it: scheme and host, a port if it isn't the scheme's
// own, and nothing behind (RFC 6454, section 6.2). It returns what was meant, and why what was written matches no browser.
func CheckOrigin(origin string) (meant, problem string) {
	if origin == "*" || origin == "null" {
		return origin, ""
	}
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Host == "":
		if !strings.Contains(origin, "://") && origin != "" && !strings.ContainsAny(origin, "/ ") {
			return "https://" + strings.ToLower(origin), "it has no scheme"
		}
		return "", "it is no origin"
	case u.Scheme != "https" && u.Scheme != "http":
		return "", "its scheme is neither https nor http"
	case u.User != nil:
		return "", "it holds credentials"
	}
	meant = u.Scheme + "://" + strings.ToLower(u.Host)
	switch {
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80":
		return u.Scheme + "://" + strings.ToLower(u.Hostname()), "it names the scheme's own port, which no browser sends"
	case origin == meant+"/":
		return meant, "it ends in a slash, which no browser sends"
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return meant, "it has a path, which no browser sends"
	case origin != meant:
		return meant, "it has capitals, which no browser sends"
	}
	return meant, ""
}

// wrongOrigin says why no browser matches an origin of a rule, "" when one can.
func wrongOrigin(provider, origin string) string {
	if strings.Contains(origin, "*") && origin != "*" && (provider == GCP || provider == Azure) {
		return "it has a *, which is taken literally here"
	}
	_, problem := CheckOrigin(concrete(provider, origin))
	return problem
}

// tooWide says why a pattern among a rule's origins lets strangers in, "" when it doesn't. Only S3 has patterns.
func tooWide(provider, pattern string) string {
	if pattern == "*" || !strings.Contains(pattern, "*") || provider == GCP || provider == Azure {
		return ""
	}
	before, after, _ := strings.Cut(pattern, "*")
	if after == "" || strings.HasPrefix(after, ":") {
		if before == "https://" || before == "http://" {
			return "every origin of that scheme matches it"
		}
		return "anybody can register a host that begins so"
	}
	domain, dotted := strings.CutPrefix(after, ".")
	if !dotted || !strings.Contains(before, "://") {
		return "anybody can register a host that ends so"
	}
	host, _, _ := strings.Cut(domain, ":")
	if _, err := publicsuffix.EffectiveTLDPlusOne(host); err != nil {
		return "anybody can register a host below " + host
	}
	return ""
}

// concrete is an origin that a pattern matches.
func concrete(provider, pattern string) string {
	switch {
	case pattern == "*":
		return "https://front-end.example"
	case provider == GCP, provider == Azure:
		return pattern
	}
	return strings.ReplaceAll(pattern, "*", "front-end")
}

// Foreign are origins of strangers: a plain one, the one of files and sandboxed frames, and one that begins as the front
// end's. Whether a pattern lets others in that nobody thought of is tooWide's to say.
func Foreign(frontEnd string) []string {
	out := []string{"https://stranger.example", "null"}
	if u, err := url.Parse(frontEnd); err == nil && u.Host != "" {
		out = append(out, "https://"+u.Hostname()+".stranger.example")
	}
	return out
}
