package address

import (
	"strings"
	"unicode/utf8"
)

// parts are the pieces of an address as they were written, not decoded yet. We split by hand: the errors of net/url
// print the secret they stumble over (a raw "/" in a secret key is an "invalid port" to it).
type parts struct {
	userinfo    string // before the last "@" of the authority
	hasUserinfo bool
	host        string // host[:port], bucket or account
	path        string // from the first slash on
	query       string // after the "?"
	hasQuery    bool
}

// split cuts what follows "scheme://". It refuses everything that could be a piece of an unencoded secret, so that
// what comes after it may trust host, path and query to be just that.
func split(p Provider, rest string) (parts, *Error) {
	var s parts
	end := authorityEnd(rest)
	authority, tail := rest[:end], rest[end:]
	if strings.IndexByte(tail, '@') >= 0 {
		if strings.ContainsAny(authority, ":@") {
			return s, refuse(p, "BYOB-ADDR-010", "credentials", "the secret is not percent-encoded", encodeHint)
		}
		return s, refuse(p, "BYOB-ADDR-010", "credentials", "an @ stands after the first /, ? or #",
			encodeHint+"; in a sub-path an @ is written %40, too")
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		s.userinfo, s.hasUserinfo, s.host = authority[:at], true, authority[at+1:]
	} else {
		s.host = authority
	}
	if hash := strings.IndexByte(tail, '#'); hash >= 0 {
		if q := strings.IndexByte(tail, '?'); q >= 0 && q < hash {
			return s, refuse(p, "BYOB-ADDR-013", "query", "a # stands in the query", "leave it out")
		}
		return s, refuse(p, "BYOB-ADDR-009", "path", "a # stands in the path", "write it %23")
	}
	if q := strings.IndexByte(tail, '?'); q >= 0 {
		s.path, s.query, s.hasQuery = tail[:q], tail[q+1:], true
	} else {
		s.path = tail
	}
	return s, nil
}

// authorityEnd is where the first "/", "?" or "#" stands, or the end.
func authorityEnd(s string) int {
	end := len(s)
	for _, c := range [...]byte{'/', '?', '#'} {
		if i := strings.IndexByte(s[:end], c); i >= 0 {
			end = i
		}
	}
	return end
}

const encodeHint = "percent-encode it: / as %2F, ? as %3F, # as %23, @ as %40, : as %3A, % as %25"

// pair decodes the credentials: the first ":" parts ID and secret. "+" stays "+", for this is no form.
func (s *parts) pair(p Provider) (id, secret string, err *Error) {
	rawID, rawSecret, colon := strings.Cut(s.userinfo, ":")
	for _, half := range [...]string{rawID, rawSecret} {
		if e := checkEncoded(p, half); e != nil {
			return "", "", e
		}
	}
	id, ok := unescape(rawID)
	if ok {
		secret, ok = unescape(rawSecret)
	}
	if !ok {
		return "", "", refuse(p, "BYOB-ADDR-010", "credentials", "a % is not followed by two hexadecimal digits",
			"the secret is not percent-encoded: write its % as %25")
	}
	switch {
	case id == "" && secret == "":
		return "", "", refuse(p, "BYOB-ADDR-010", "credentials", "there is nothing before the @",
			"give both halves of the pair, or leave the @ out for the provider's own chain")
	case !colon && p != Azure:
		return "", "", refuse(p, "BYOB-ADDR-010", "credentials", "half of the pair is missing: there is no colon before the @",
			"give both halves: "+pairForm(p))
	case secret == "":
		return "", "", refuse(p, "BYOB-ADDR-010", "credentials", "half of the pair is missing: there is no secret",
			"give both halves: "+pairForm(p))
	case id == "" && p != Azure:
		return "", "", refuse(p, "BYOB-ADDR-010", "credentials", "half of the pair is missing: nothing stands before the colon",
			"give both halves: "+pairForm(p))
	}
	return id, secret, nil
}

// pairForm is how a provider's credentials are written.
func pairForm(p Provider) string {
	switch p {
	case GCP:
		return "<serviceAccountEmail>:<urlEncodedPrivateKey>@"
	case Azure:
		return ":<urlEncodedAccessKey>@"
	default:
		return "<accessKey>:<secretAccessKey>@"
	}
}

// keyPair decodes an access key and its secret, for the providers that speak S3.
func (s *parts) keyPair(p Provider) (Credentials, *Error) {
	id, secret, err := s.pair(p)
	if err != nil {
		return Credentials{}, err
	}
	if hasControl(id) || hasControl(secret) {
		return Credentials{}, refuse(p, "BYOB-ADDR-010", "credentials", "there is a line break or another control character in a key",
			"leave out the %0A that the end of a file or an echo has left")
	}
	return Credentials{ID: id, Secret: NewSecret(secret)}, nil
}

// checkEncoded refuses characters that no credentials may hold unencoded. What RFC 3986 allows there (unreserved,
// sub-delims, ":", and by custom "@") passes, since no reader mistakes it.
func checkEncoded(p Provider, s string) *Error {
	for i := 0; i < len(s); i++ {
		if userinfoByte[s[i]] {
			continue
		}
		what := "a character that needs it"
		switch c := s[i]; {
		case c == '\n' || c == '\r':
			what = "a line break, to be written %0A"
		case c == ' ':
			what = "a space, to be written %20"
		case c < ' ' || c == 0x7f:
			what = "a control character"
		case c >= 0x80:
			what = "a character outside ASCII"
		}
		return refuse(p, "BYOB-ADDR-010", "credentials", "the secret is not percent-encoded: it holds "+what, encodeHint)
	}
	return nil
}

var userinfoByte = byteSet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@%")

// byteSet makes a table of the bytes of s.
func byteSet(s string) (t [256]bool) {
	for i := 0; i < len(s); i++ {
		t[s[i]] = true
	}
	return t
}

// unescape decodes %XX and nothing else; it says no to a % without two hexadecimal digits.
func unescape(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			return string(append(b, s...)), true
		}
		if i+2 >= len(s) {
			return "", false
		}
		hi, lo := unhex(s[i+1]), unhex(s[i+2])
		if hi > 15 || lo > 15 {
			return "", false
		}
		b = append(append(b, s[:i]...), hi<<4|lo)
		s = s[i+3:]
	}
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// hasControl finds C0 and C1 control characters, and what is no UTF-8.
func hasControl(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == 0x7f {
			return true
		} else if c >= utf8.RuneSelf {
			return hasControlRune(s[i:])
		}
	}
	return false
}

func hasControlRune(s string) bool {
	for i, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return true
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size <= 1 {
				return true
			}
		}
	}
	return false
}

// isPlaceholder says whether a whole component is one that was left in: <bucketName>, ${KEY}, $(KEY), {{ .key }}.
func isPlaceholder(s string) bool {
	if len(s) < 2 || strings.IndexByte("<${%", s[0]) < 0 {
		return false
	}
	for _, q := range [...][2]string{{"<", ">"}, {"${", "}"}, {"$(", ")"}, {"{{", "}}"}, {"%3C", "%3E"}, {"%3c", "%3e"}} {
		if strings.HasPrefix(s, q[0]) && strings.HasSuffix(s, q[1]) && len(s) > len(q[0])+len(q[1]) {
			return true
		}
	}
	return false
}
