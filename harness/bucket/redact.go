package bucket

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/bucketproof/bucketproof/reference/address"
)

// maxMessage is how many characters of a provider's message are kept.
const maxMessage = 300

var (
	urlForm   = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s"'<>]*`)
	queryForm = regexp.MustCompile(`\?[^\s"'<>]*`)
	// pairs like "X-Amz-Signature=...", "sig: ...", "token ..."
	pairForm = regexp.MustCompile(`(?i)((?:x-(?:amz|goog|ms)-[a-z0-9-]+|[a-z]*(?:signature|credential|token|secret|password|key)|sig|authorization)["']?\s*[=:]\s*["']?)[^\s"'<>,;]+`)
	schemes  = regexp.MustCompile(`(?i)\b(bearer|basic|sharedkey|sharedkeylite|aws4-hmac-sha256|goog4-rsa-sha256)\s+\S+`)
	pemForm  = regexp.MustCompile(`(?s)-----BEGIN .*`)
	runForm  = regexp.MustCompile(`[A-Za-z0-9+/=_%-]{20,}`)
	hexForm  = regexp.MustCompile(`^[0-9a-f]{32,}$`)
)

const redacted = "[redacted]"

// clean makes a message of a store or an SDK fit to be shown: one line, at most maxMessage characters, without URLs beyond
// their host, queries, name=value pairs that carry credentials, and anything that looks random enough to be a key.
func clean(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n") // Azure's second line is a request ID
	line = pemForm.ReplaceAllString(line, redacted)
	line = urlForm.ReplaceAllStringFunc(line, onlyHost)
	line = queryForm.ReplaceAllString(line, "?"+redacted)
	line = schemes.ReplaceAllString(line, "$1 "+redacted)
	if strings.ContainsAny(line, "=:") { // a pair has one of them, and the search for its name is dear
		line = pairForm.ReplaceAllString(line, "${1}"+redacted)
	}
	line = runForm.ReplaceAllStringFunc(line, func(run string) string {
		if random(run) {
			return redacted
		}
		return run
	})
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, line)
	line = strings.TrimSpace(line)
	if runes := []rune(line); len(runes) > maxMessage {
		line = string(runes[:maxMessage-1]) + "…"
	}
	return line
}

// onlyHost leaves scheme and host of a URL.
func onlyHost(raw string) string {
	scheme, rest, _ := strings.Cut(raw, "://")
	host, _, cut := strings.Cut(rest, "/")
	host, _, query := strings.Cut(host, "?")
	if at := strings.LastIndex(rest, "@"); at >= 0 { // a secret may hold slashes and question marks
		host, _, _ = strings.Cut(rest[at+1:], "/")
		host, _, _ = strings.Cut(host, "?")
		host, cut = redacted+"@"+host, true
	}
	if cut || query {
		return scheme + "://" + host + "/…"
	}
	return scheme + "://" + host
}

// random reports whether a run of characters could be a key, a token or a signature rather than words: long hex, or upper
// case, lower case and digits mixed.
func random(run string) bool {
	if hexForm.MatchString(run) {
		return true
	}
	var upper, lower, digit bool
	for _, r := range run {
		upper = upper || (r >= 'A' && r <= 'Z')
		lower = lower || (r >= 'a' && r <= 'z')
		digit = digit || (r >= '0' && r <= '9')
	}
	return upper && digit && (lower || !strings.ContainsAny(run, "-_"))
}

// reporter classifies the errors of one bucket: it knows the bucket's own secrets and takes them out whatever they look
// like. They are in a closure, where nothing that prints structures finds them.
type reporter struct{ strip func(string) string }

// minSecret keeps a secret that is a word ("key") from blotting out every message; addresses with such secrets are for play.
const minSecret = 5

// newReporter hides both halves of the credentials: whoever swaps them has the secret in the ID.
func newReporter(c address.Credentials, more ...string) reporter {
	var pairs []string
	for _, s := range append(more, c.Secret.Reveal(), c.ID) {
		for _, part := range append([]string{s}, strings.Split(s, "\n")...) {
			if part = strings.TrimSpace(part); len(part) >= minSecret {
				pairs = append(pairs, part, redacted, url.QueryEscape(part), redacted, url.PathEscape(part), redacted)
			}
		}
	}
	return reporter{strings.NewReplacer(pairs...).Replace}
}

// fail is nil for nil.
func (r reporter) fail(op string, err error) error {
	e := Classify(op, err)
	if e == nil {
		return nil
	}
	return r.report(e)
}

// classified is fail for callers that decide on the kind.
func (r reporter) classified(op string, err error) *Error { return r.report(Classify(op, err)) }

func (r reporter) report(e *Error) *Error {
	e.Message, e.Code, e.Region = r.strip(e.Message), r.strip(e.Code), r.strip(e.Region)
	return e
}
