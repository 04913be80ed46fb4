package signing

import (
	"errors"
	"strings"
)

const upperHex = "0123456789ABCDEF"

// plain are the characters that RFC 3986, section 2.3, leaves as they are (unreserved): all three schemes encode
// everything else. Nobody writes to it.
var plain = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~") {
		t[c] = true
	}
	return t
}()

func unreserved(c byte) bool { return plain[c] }

// appendEscaped percent-encodes s once, with upper-case digits; slash leaves "/" alone, as in paths.
func appendEscaped(dst []byte, s string, slash bool) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if unreserved(c) || slash && c == '/' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

func escape(s string, slash bool) string { return string(appendEscaped(nil, s, slash)) }

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func octet(s string, i int) (byte, bool) {
	if i+2 >= len(s) {
		return 0, false
	}
	hi, ok1 := unhex(s[i+1])
	lo, ok2 := unhex(s[i+2])
	return hi<<4 | lo, ok1 && ok2
}

// unescape decodes once; plus makes "+" a space, as in queries. It fails on a "%" without two digits.
func unescape(s string, plus bool) (string, bool) {
	first := 0
	for first < len(s) && s[first] != '%' && (!plus || s[first] != '+') {
		first++
	}
	if first == len(s) {
		return s, true
	}
	var space [256]byte
	out := append(space[:0], s[:first]...)
	for i := first; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			b, ok := octet(s, i)
			if !ok {
				return "", false
			}
			out = append(out, b)
			i += 2
		case c == '+' && plus:
			out = append(out, ' ')
		default:
			out = append(out, c)
		}
	}
	return string(out), true
}

// wellFormed says whether unescape would succeed.
func wellFormed(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if _, ok := octet(s, i); !ok {
			return false
		}
		i += 2
	}
	return true
}

// canonicalPath writes a path as sent in its canonical form: encoded once, nothing normalised. Dots, "//" and "%2F" stay
// as they are; only the spelling of an encoding may change ("%7e" is "~"). It fails on a "%" without two digits.
func canonicalPath(raw string) (string, bool) {
	if raw == "" {
		return "/", true
	}
	clean := true
	for i := 0; i < len(raw) && clean; i++ {
		clean = unreserved(raw[i]) || raw[i] == '/'
	}
	if clean {
		return raw, true
	}
	out := make([]byte, 0, len(raw)+16)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			b, ok := octet(raw, i)
			if !ok {
				return "", false
			}
			i += 2
			if unreserved(b) {
				out = append(out, b)
			} else {
				out = append(out, '%', upperHex[b>>4], upperHex[b&15])
			}
			continue
		}
		if unreserved(c) || c == '/' {
			out = append(out, c)
		} else {
			out = append(out, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(out), true
}

var errURL = errors.New("not an http or https URL with a host")

// splitURL cuts a URL apart without decoding and without ever printing it. A fragment is dropped, as clients do.
func splitURL(raw string) (scheme, host, path, query string, err error) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(raw), "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" {
		return "", "", "", "", errURL
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ = strings.Cut(rest, "?")
	host, path = rest, "/"
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if host == "" || strings.ContainsAny(host, " \t\r\n\"<>\\") {
		return "", "", "", "", errURL
	}
	return scheme, host, path, query, nil
}
