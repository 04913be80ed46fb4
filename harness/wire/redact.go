package wire

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Redacted stands where a value may not be shown.
const Redacted = "[redacted]"

// shownHeaders is the list of headers whose values may be shown. Everything else is named without its value.
var shownHeaders = setOf("accept", "accept-ranges", "access-control-allow-headers", "access-control-allow-methods",
	"access-control-allow-origin", "access-control-expose-headers", "access-control-max-age", "access-control-request-headers",
	"access-control-request-method", "allow", "cache-control", "connection", "content-encoding", "content-length", "content-md5",
	"content-range", "content-type", "date", "etag", "expect", "host", "if-match", "if-none-match", "last-modified", "origin",
	"range", "retry-after", "server", "transfer-encoding", "user-agent", "vary",
	"x-amz-bucket-region", "x-amz-content-sha256", "x-amz-date", "x-amz-delete-marker", "x-amz-id-2", "x-amz-request-id",
	"x-amz-server-side-encryption", "x-amz-storage-class", "x-amz-version-id", "x-amz-bypass-governance-retention",
	"x-goog-content-sha256", "x-goog-date", "x-goog-generation", "x-goog-hash", "x-goog-metageneration", "x-goog-storage-class",
	"x-goog-stored-content-length", "x-ms-blob-content-md5", "x-ms-blob-content-type", "x-ms-blob-type", "x-ms-date",
	"x-ms-error-code", "x-ms-request-id", "x-ms-version", "x-ms-version-id", "x-ms-delete-snapshots")

// shownQuery is the list of query parameters whose values may be shown.
var shownQuery = setOf("acl", "alt", "blockid", "blocklisttype", "comp", "continuation-token", "cors", "delimiter", "encoding-type",
	"encryption", "fetch-owner", "generation", "include", "kind", "key-marker", "lifecycle", "list-type", "location", "marker", "max-keys",
	"max-uploads", "maxresults", "name", "object-lock", "partnumber", "policy", "policystatus", "prefix", "prettyprint",
	"projection", "publicaccessblock", "replication", "restype", "start-after", "startoffset", "endoffset", "tagging", "timeout", "upload-id-marker", "uploadid",
	"uploads", "uploadtype", "version-id-marker", "versionid", "versioning", "versions", "x-id", "pagetoken", "softdeleted",
	"x-amz-algorithm", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-goog-algorithm", "x-goog-date", "x-goog-expires",
	"x-goog-signedheaders", "sv", "sr", "sp", "st", "se", "spr", "ss", "srt", "restriction", "notification", "website", "requestpayment", "ownershipcontrols")

// namedQuery is the list of further query parameters whose names may be shown: in a query of no form at all, a name may be
// half a secret.
var namedQuery = setOf("awsaccesskeyid", "signature", "expires", "googleaccessid", "sig", "sip", "si", "skoid", "sktid", "skt", "ske", "sks",
	"skv", "ses", "sdd", "saoid", "suoid", "scid", "key", "access_token", "upload_id", "fields", "quotauser", "userproject", "delete", "snapshot",
	"deletetype", "response-content-disposition", "response-content-type", "ifgenerationmatch", "torrent", "retention", "legal-hold", "rscc",
	"rscd", "rsce", "rscl", "rsct")

// signedName is the form of a parameter of a signed URL.
var signedName = regexp.MustCompile(`^x-((amz|goog|ms)(-[a-z0-9]{1,12}){1,6}|user)$`)

func setOf(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// ShowURL writes a URL with nothing but what may be shown: no userinfo, and of the query only listed values.
func ShowURL(u *url.URL) string { return showURL(u, nil) }

// showURL is ShowURL without the secrets that are known, wherever they stand.
func showURL(u *url.URL, secrets *spelt) string {
	var b strings.Builder
	if u.Scheme != "" {
		b.WriteString(u.Scheme + "://")
	}
	b.WriteString(u.Host + u.EscapedPath())
	if u.RawQuery != "" {
		b.WriteByte('?')
	}
	for i, q := range hidePairs(queryOf(u.RawQuery), secrets) {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(strings.ReplaceAll(url.QueryEscape(q.Name), url.QueryEscape(Redacted), Redacted))
		if q.Value != "" {
			b.WriteString("=" + strings.ReplaceAll(url.QueryEscape(q.Value), url.QueryEscape(Redacted), Redacted))
		}
	}
	return hide(b.String(), secrets)
}

// queryOf splits a query leniently, in order, and keeps only what may be shown.
func queryOf(raw string) []harPair {
	out := []harPair{}
	if raw == "" {
		return out
	}
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		n, err := url.QueryUnescape(name)
		lower := strings.ToLower(n)
		if n != "" && (err != nil || !shownQuery[lower] && !namedQuery[lower] && !signedName.MatchString(lower)) {
			n = Redacted
		}
		v, err := url.QueryUnescape(value)
		if value != "" && (err != nil || !shownQuery[lower]) {
			v = Redacted
		}
		out = append(out, harPair{Name: n, Value: v})
	}
	return out
}

func headersOf(h http.Header) []harPair {
	names := make([]string, 0, len(h))
	for n := range h {
		names = append(names, n)
	}
	sort.Strings(names)
	var out []harPair
	for _, n := range names {
		for _, v := range h[n] {
			if !shownHeaders[strings.ToLower(n)] {
				v = Redacted
			}
			out = append(out, harPair{Name: n, Value: v})
		}
	}
	return out
}

// minSecret keeps a secret that is a word ("key") from blotting out every value; addresses with such secrets are for play.
const minSecret = 6

// Clean replaces a whole value in which one of the secrets is found, in any of its spellings.
func Clean(s string, secrets []string) string { return hide(s, spellings(secrets)) }

// Hider is Clean for secrets that stay the same. A nil Hider hides nothing.
type Hider struct{ spelt *spelt }

// NewHider makes a Hider; a secret that is given twice counts once.
func NewHider(secrets []string) *Hider { return &Hider{spelt: spellings(secrets)} }

// Clean replaces a whole value in which one of the secrets is found.
func (h *Hider) Clean(s string) string {
	if h == nil {
		return s
	}
	return hide(s, h.spelt)
}

// hide is Clean for secrets in all their spellings.
func hide(s string, secrets *spelt) string {
	if secrets.in(s) {
		return Redacted
	}
	if plain := percentDecoded(s); plain != s && secrets.in(plain) {
		return Redacted
	}
	return s
}

// spelt are secrets in all their spellings, by their first minSecret bytes: a private key has a hundred of them, and every value
// that is shown is looked through for each. A nil one holds none.
type spelt struct {
	byStart map[string][]string
	short   []string // none that begins so far; they are looked for one by one
}

func newSpelt(forms []string) *spelt {
	s := &spelt{byStart: map[string][]string{}}
	for _, form := range forms {
		if len(form) < minSecret {
			s.short = append(s.short, form)
			continue
		}
		s.byStart[form[:minSecret]] = append(s.byStart[form[:minSecret]], form)
	}
	return s
}

// in says whether one of the secrets stands in the text.
func (s *spelt) in(text string) bool {
	if s == nil {
		return false
	}
	for i := 0; i+minSecret <= len(text); i++ {
		for _, form := range s.byStart[text[i:i+minSecret]] {
			if strings.HasPrefix(text[i:], form) {
				return true
			}
		}
	}
	for _, form := range s.short {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// spellings are the ways in which a secret may be written: whole, each line of a key alone, and escaped for a URL or JSON, or
// in base64.
func spellings(secrets []string) *spelt {
	var out []string
	known := map[string]bool{}
	for _, secret := range secrets {
		parts := []string{secret}
		if lines := strings.Split(strings.ReplaceAll(secret, `\n`, "\n"), "\n"); len(lines) > 1 {
			parts = append(parts, lines...)
		}
		for _, part := range parts {
			if part = strings.TrimSpace(part); len(part) < minSecret {
				continue
			}
			quoted := strings.Trim(strconv.Quote(part), `"`)
			for _, form := range []string{part, url.QueryEscape(part), url.PathEscape(part), quoted, base64.StdEncoding.EncodeToString([]byte(part))} {
				if !known[form] {
					known[form] = true
					out = append(out, form)
				}
			}
		}
	}
	return newSpelt(out)
}
