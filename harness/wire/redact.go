package wire

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sort"
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
	"encryption", "fetch-owner", "generation", "include", "key-marker", "lifecycle", "list-type", "location", "marker", "max-keys",
	"max-uploads", "maxresults", "maxResults", "name", "object-lock", "partnumber", "policy", "policystatus", "prefix", "prettyprint",
	"projection", "publicaccessblock", "replication", "restype", "start-after", "startoffset", "endoffset", "tagging", "timeout", "upload-id-marker", "uploadid",
	"uploads", "uploadtype", "version-id-marker", "versionid", "versioning", "versions", "x-id", "pagetoken", "softdeleted",
	"x-amz-algorithm", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-goog-algorithm", "x-goog-date", "x-goog-expires",
	"x-goog-signedheaders", "sv", "sr", "sp", "st", "se", "spr", "ss", "srt", "restriction", "notification", "website", "requestpayment", "ownershipcontrols")

func setOf(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[strings.ToLower(n)] = true
	}
	return m
}

// ShowURL writes a URL with nothing but what may be shown: no userinfo, and of the query only listed values.
func ShowURL(u *url.URL) string {
	var b strings.Builder
	if u.Scheme != "" {
		b.WriteString(u.Scheme + "://")
	}
	b.WriteString(u.Host + u.EscapedPath())
	if u.RawQuery == "" {
		return b.String()
	}
	b.WriteByte('?')
	for i, q := range queryOf(u.RawQuery) {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(q.Name))
		if q.Value != "" {
			b.WriteString("=" + strings.ReplaceAll(url.QueryEscape(q.Value), url.QueryEscape(Redacted), Redacted))
		}
	}
	return b.String()
}

// queryOf splits a query leniently, in order, and keeps only what may be shown.
func queryOf(raw string) []harPair {
	var out []harPair
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		n, err := url.QueryUnescape(name)
		if err != nil {
			n = Redacted
		}
		v, err := url.QueryUnescape(value)
		if value != "" && (err != nil || !shownQuery[strings.ToLower(n)]) {
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

// errorWords takes code and message out of a store's error body: the rest (string to sign, canonical request, keys that
// were presented) is never shown.
func errorWords(contentType string, body []byte) string {
	var code, message string
	switch {
	case strings.Contains(contentType, "json"):
		var j struct {
			Error struct {
				Message string `json:"message"`
				Errors  []struct {
					Reason string `json:"reason"`
				} `json:"errors"`
			} `json:"error"`
		}
		if json.Unmarshal(body, &j) == nil {
			message = j.Error.Message
			if len(j.Error.Errors) > 0 {
				code = j.Error.Errors[0].Reason
			}
		}
	default:
		var x struct {
			Code    string `xml:"Code"`
			Message string `xml:"Message"`
		}
		if xml.Unmarshal(body, &x) == nil {
			code, message = x.Code, x.Message
		}
	}
	message, _, _ = strings.Cut(message, "\n") // Azure puts request ID and the string to sign on further lines
	if i := strings.IndexAny(message, "?"); i >= 0 {
		message = message[:i]
	}
	if len(message) > 300 {
		message = message[:300]
	}
	return strings.TrimSpace(code + ": " + message)
}

// Clean replaces a whole value in which one of the secrets is found, raw or percent-encoded.
func Clean(s string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) < 6 {
			continue
		}
		if strings.Contains(s, secret) || strings.Contains(s, url.QueryEscape(secret)) || strings.Contains(s, url.PathEscape(secret)) {
			return Redacted
		}
	}
	return s
}

// failureWords says why no answer came, without the URL.
func failureWords(err error) string {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	if d := (*net.DNSError)(nil); errors.As(err, &d) {
		return "lookup: " + d.Err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "the connection was closed before the answer ended"
	}
	return err.Error()
}
