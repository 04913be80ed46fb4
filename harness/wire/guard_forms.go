package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// writeQuery lists, a dialect, the query parameters a write may carry. Everything else is a sub-resource (?policy, ?acl,
// ?delete, ?retention, comp=batch ...) or unknown, and refused. Azure's names hold in any case, and are listed in lower case.
var writeQuery = map[Dialect]map[string]bool{
	S3:  setOf("x-id", "partNumber", "uploadId", "uploads", "versionId", "X-User"),
	GCS: setOf("partNumber", "uploadId", "uploads", "generation", "X-User"),
	Azure: setOf("comp", "blockid", "timeout", "snapshot", "versionid", "deletetype",
		"sv", "sr", "st", "se", "sp", "spr", "sig", "sip", "si", "ss", "srt", "ses", "sdd", "skoid", "sktid", "skt", "ske", "sks", "skv",
		"saoid", "suoid", "scid", "skdutid", "sduoid", "srh", "srq", "rscc", "rscd", "rsce", "rscl", "rsct"),
}

// onlyFor lists the query parameters that belong to one method.
var onlyFor = map[string]string{"uploads": http.MethodPost, "partNumber": http.MethodPut, "blockid": http.MethodPut,
	"versionId": http.MethodDelete, "generation": http.MethodDelete, "snapshot": http.MethodDelete, "versionid": http.MethodDelete,
	"deletetype": http.MethodDelete}

// writeFields lists, a dialect, the names in x- that a write may carry, in its header or (signed URLs) in its query; `*`
// stands for any end. Not listed, and so refused: what copies, renames, tags, locks, holds, bypasses, grants, redirects,
// expires, picks a storage class that is paid for, or begins a session of which this request says nothing.
var writeFields = map[Dialect][]string{
	S3: {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature",
		"x-amz-security-token", "x-amz-content-sha256", "x-amz-checksum-*", "x-amz-sdk-checksum-algorithm", "x-amz-trailer",
		"x-amz-decoded-content-length", "x-amz-meta-*", "x-amz-server-side-encryption*", "x-amz-expected-bucket-owner",
		"x-amz-mp-object-size", "x-amz-user-agent", "x-amzn-trace-id"},
	GCS: {"x-goog-algorithm", "x-goog-credential", "x-goog-date", "x-goog-expires", "x-goog-signedheaders", "x-goog-signature",
		"x-goog-content-sha256", "x-goog-content-length-range", "x-goog-hash", "x-goog-meta-*", "x-goog-encryption-*", "x-goog-if-*",
		"x-goog-api-client", "x-goog-gcs-idempotency-token", "x-goog-request-params"},
	Azure: {"x-ms-date", "x-ms-version", "x-ms-client-request-id", "x-ms-return-client-request-id", "x-ms-blob-type",
		"x-ms-blob-content-type", "x-ms-blob-content-md5", "x-ms-blob-content-encoding", "x-ms-blob-content-language",
		"x-ms-blob-content-disposition", "x-ms-blob-cache-control", "x-ms-content-crc64", "x-ms-meta-*", "x-ms-encryption-*",
		"x-ms-delete-snapshots", "x-ms-useragent"},
}

func listed(list []string, name string) bool {
	return slices.ContainsFunc(list, func(l string) bool {
		start, open := strings.CutSuffix(l, "*")
		return l == name || open && strings.HasPrefix(name, start)
	})
}

// objectQuery refuses what is not a plain write or removal of one object, one part or one block.
func objectQuery(d Dialect, req *http.Request, q url.Values) error {
	seen := map[string]string{}
	for given, values := range q {
		name, lower := given, strings.ToLower(given)
		if d == Azure {
			name = lower
		}
		if !writeQuery[d][name] && !listed(writeFields[d], lower) {
			return fmt.Errorf("query parameter %q is no part of writing an object", given)
		}
		if _, twice := seen[lower]; twice || len(values) > 1 {
			return fmt.Errorf("query parameter %q stands there twice", given)
		}
		if m, ok := onlyFor[name]; ok && m != req.Method {
			return fmt.Errorf("query parameter %q is no part of %s", given, req.Method)
		}
		seen[lower] = values[0]
	}
	switch {
	case d == Azure:
		if comp := seen["comp"]; comp != "" && (req.Method != http.MethodPut || comp != "block" && comp != "blocklist") {
			return fmt.Errorf("%s with comp=%q is no part of writing an object", req.Method, comp)
		}
		if req.Method != http.MethodPut && req.Method != http.MethodDelete {
			return fmt.Errorf("method %s writes no object", req.Method)
		}
	case req.Method == http.MethodPost:
		if !q.Has("uploads") && q.Get("uploadId") == "" {
			return errors.New("a POST that is no multipart upload names its keys in the body")
		}
	case req.Method != http.MethodPut && req.Method != http.MethodDelete:
		return fmt.Errorf("method %s writes no object", req.Method)
	}
	return nil
}

// objectHeaders refuses a header that would make a write more than a write of this key, and a body that a removal, or a
// form, would bring along.
func objectHeaders(d Dialect, req *http.Request) error {
	for _, fields := range []http.Header{req.Header, req.Trailer} {
		for name, values := range fields {
			lower := strings.ToLower(name)
			if (lower == "x-amz-acl" || lower == "x-goog-acl") && slices.Equal(values, []string{"private"}) {
				continue // what an object is without it: for seeing that it is refused where nobody signed it
			}
			if strings.HasPrefix(lower, "x-") && !listed(writeFields[d], lower) {
				return fmt.Errorf("header %s is no part of writing an object", name)
			}
			if lower == "x-ms-blob-type" && !slices.Equal(values, []string{"BlockBlob"}) {
				return fmt.Errorf("header %s: only block blobs are written", name)
			}
		}
	}
	if req.Method == http.MethodDelete && bodyLength(req) != 0 {
		return errors.New("a removal with a body may name more than its key")
	}
	for _, v := range req.Header["Content-Type"] {
		if media, _, err := mime.ParseMediaType(v); strings.Contains(strings.ToLower(v), "form") && (err != nil || strings.HasPrefix(media, "multipart/form")) {
			return errors.New("a form names its key in the body")
		}
	}
	return nil
}

// overriding are headers by which a server would do something else than what method and URL say.
var overriding = regexp.MustCompile(`^x-(http-method|method-override|original-|rewrite-|forwarded-(host|prefix|uri|path))`)

// tunnel finds, in a query, a method or headers that a server would take instead of the request's own (Google's and some
// frameworks').
var tunnel = regexp.MustCompile(`(?i)(^|[&;?])(\$httpmethod|\$httpheaders|_method|x-http-method[a-z-]*)(=|&|;|$)`)

func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// tunnels reports whether a query, decoded, has a method in it. It looks for the words first, since it is asked of every request
// of a load.
func tunnels(query string) bool {
	seen := query
	if escapesLetters(query) {
		seen = percentDecoded(query)
	}
	return namesMethods(seen) && tunnel.MatchString(percentDecoded(query))
}

// escapesLetters reports whether a query has an escape from %40 to %7F: all letters, and the underscore, are among them.
func escapesLetters(query string) bool {
	for i := strings.IndexByte(query, '%'); i >= 0 && i+1 < len(query); {
		if query[i+1] >= '4' && query[i+1] <= '7' {
			return true
		}
		next := strings.IndexByte(query[i+1:], '%')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// namesMethods reports whether one of the words "http" and "_method" is there, without which tunnel can't match.
func namesMethods(s string) bool {
	for i := 0; i+4 <= len(s); i++ {
		switch s[i] {
		case 'h', 'H':
			if strings.EqualFold(s[i:i+4], "http") {
				return true
			}
		case '_':
			if i+7 <= len(s) && strings.EqualFold(s[i:i+7], "_method") {
				return true
			}
		}
	}
	return false
}

// undisguised puts a request into one spelling, and refuses one that would not be on the wire what it looks like here.
func undisguised(req *http.Request) error {
	u := req.URL
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("its scheme is neither https nor http")
	case u.Opaque != "":
		return errors.New("an opaque URL is sent as it is, past its path")
	case u.User != nil:
		return errors.New("its URL has credentials before the host")
	case !ascii(u.Host) || !ascii(req.Host):
		return errors.New("its host is not ASCII")
	case tunnels(u.RawQuery):
		return errors.New("its query would change the method")
	case reads(req.Method) && bodyLength(req) != 0:
		return errors.New("a read with a body")
	}
	// net/http leaves its own fields (Host, Content-Length, Transfer-Encoding) out only where they are spelled its way
	for name, values := range req.Header {
		one := http.CanonicalHeaderKey(name)
		if one != name {
			if _, twice := req.Header[one]; twice {
				return fmt.Errorf("header %s stands there in two spellings", one)
			}
			delete(req.Header, name)
			req.Header[one] = values
		}
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-") && overriding.MatchString(lower) || one == "Forwarded" {
			return fmt.Errorf("header %s would change what the request does", one)
		}
	}
	return nil
}

// emptyList is as long as a block list without blocks gets, in bytes.
const emptyList = 80

// discards reports an Azure block list that names no block: committing it is how blocks without a blob are removed, and so
// part of cleaning up. It puts the body back.
func discards(d Dialect, req *http.Request) bool {
	n := bodyLength(req)
	if d != Azure || req.Method != http.MethodPut || req.URL.Query().Get("comp") != "blocklist" || n <= 0 || n > emptyList {
		return false
	}
	list, err := io.ReadAll(io.LimitReader(req.Body, n))
	req.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(list), req.Body), req.Body}
	req.GetBody = nil // it might give another body than the one that was read
	return err == nil && noBlocks.Match(list)
}

var noBlocks = regexp.MustCompile(`^\s*(<\?xml[ -;=?-~]*\?>)?\s*<BlockList\s*(/>|>\s*</BlockList>)\s*$`)
