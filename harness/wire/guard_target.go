package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// target is what a request names.
type target struct{ bucket, key string }

// style is how a host takes the bucket.
type style int

const (
	elsewhere style = iota // no host of this store
	inPath
	inHost
)

// style says how the host that a request goes to takes the bucket.
func (s *Scope) style(req *http.Request) style {
	host := spelled(req.URL.Scheme, req.URL.Host)
	is := func(h string) bool { return host != "" && host == spelled(req.URL.Scheme, h) }
	switch {
	case is(s.BucketHost):
		return inHost
	case slices.ContainsFunc(s.Hosts, is):
		return inPath
	}
	return elsewhere
}

// target takes bucket and key out of a request, strictly: whatever is not a known form of writing one object is refused.
func (s *Scope) target(req *http.Request) (target, error) {
	if req.Host != "" && req.Host != req.URL.Host && spelled(req.URL.Scheme, req.Host) != spelled(req.URL.Scheme, req.URL.Host) {
		return target{}, fmt.Errorf("the Host header names %q, the URL %q", req.Host, req.URL.Host)
	}
	how := s.style(req)
	if how == elsewhere {
		return target{}, fmt.Errorf("%q is not a host of this bucket", req.URL.Host)
	}
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return target{}, fmt.Errorf("its query can't be read")
	}
	path := req.URL.EscapedPath()
	if s.Dialect == GCS {
		if t, ok, err := jsonTarget(req, path, query); ok {
			return t, err
		}
	}
	if err := objectQuery(s.Dialect, req, query); err != nil {
		return target{}, err
	}
	before := "/"
	if how == inPath {
		before = s.PathPrefix + "/"
	}
	rest, ok := strings.CutPrefix(path, before)
	if !ok {
		return target{}, fmt.Errorf("its path is not below %q", before)
	}
	bucket := s.Bucket
	if how == inPath {
		bucket, rest, _ = strings.Cut(rest, "/") // no bucket's name needs an escape: one that has some is another's
	}
	key, err := url.PathUnescape(rest)
	if err != nil {
		return target{}, fmt.Errorf("its path can't be read")
	}
	return target{bucket: bucket, key: key}, nil
}

// spelled is a host[:port] in one spelling: lower case, without the scheme's own port; "" for what is not ASCII, which
// net/http would translate.
func spelled(scheme, host string) string {
	if !ascii(host) {
		return ""
	}
	host = strings.ToLower(host)
	switch scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// decodings is how many times a key is decoded in search of what a server that decodes once too often would see.
const decodings = 3

// Folds says what in a key for writing a guard refuses, since some servers would fold it into another key; "" when nothing is.
func Folds(key string) string { return badKey(key) }

// badKey says what is wrong with a key for writing, "" when nothing is: some servers fold `.`, `..` and empty segments,
// decode twice, or take other characters for a slash or a dot, and the write would land elsewhere.
func badKey(key string) string {
	if key == "" {
		return "it names no key"
	}
	seen := key
	for range decodings {
		why := folded(seen)
		if why == "" && !ascii(seen) { // ASCII is its own NFKC form
			why = folded(norm.NFKC.String(seen))
		}
		if why != "" {
			return fmt.Sprintf("key %q has %s", key, why)
		}
		decoded := percentDecoded(seen)
		if decoded == seen {
			break
		}
		seen = decoded
	}
	return ""
}

// folded says what in a key some server folds away.
func folded(key string) string {
	if !utf8.ValidString(key) || strings.ContainsRune(key, utf8.RuneError) {
		return "bytes that are no UTF-8"
	}
	if strings.IndexFunc(key, unicode.IsControl) >= 0 || strings.Contains(key, `\`) {
		return "a character that some servers fold"
	}
	for seg := range strings.SplitSeq(key, "/") {
		name, _, _ := strings.Cut(seg, ";") // path parameters, which Java servers take off first
		if strings.Trim(name, ". ") == "" {
			return fmt.Sprintf("a segment %q, which some servers fold away", seg)
		}
	}
	return ""
}

// percentDecoded decodes every escape that is one and leaves the rest, as a lenient server does.
func percentDecoded(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil { // takes no sign, and no "_" with a base
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
