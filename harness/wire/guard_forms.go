package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// writeQuery lists, a dialect, the query parameters a write may carry. Everything else is a sub-resource (?policy, ?acl,
// ?delete, ?retention, comp=batch ...) or unknown, and refused.
var writeQuery = map[Dialect]map[string]bool{
	S3: setOf("x-id", "partnumber", "uploadid", "uploads", "versionid", "x-user",
		"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature",
		"x-amz-security-token", "x-amz-content-sha256"),
	GCS: setOf("partnumber", "uploadid", "uploads", "generation", "x-user",
		"x-goog-algorithm", "x-goog-credential", "x-goog-date", "x-goog-expires", "x-goog-signedheaders", "x-goog-signature"),
	Azure: setOf("comp", "blockid", "timeout", "snapshot", "versionid", "deletetype",
		"sv", "sr", "st", "se", "sp", "spr", "sig", "sip", "si", "ss", "srt", "ses", "sdd", "skoid", "sktid", "skt", "ske", "sks", "skv",
		"saoid", "suoid", "scid", "skdutid", "sduoid", "srh", "srq", "rscc", "rscd", "rsce", "rscl", "rsct"),
}

// objectQuery refuses what is not a plain write or removal of one object, one part or one block.
func objectQuery(d Dialect, method string, q url.Values) error {
	for name := range q {
		if !writeQuery[d][strings.ToLower(name)] {
			return fmt.Errorf("query parameter %q is no part of writing an object", name)
		}
	}
	switch {
	case d == Azure:
		switch comp := q.Get("comp"); comp {
		case "":
		case "block", "blocklist":
			if method != http.MethodPut {
				return fmt.Errorf("%s with comp=%s", method, comp)
			}
		default:
			return fmt.Errorf("comp=%q is no part of writing an object", comp)
		}
		if method != http.MethodPut && method != http.MethodDelete {
			return fmt.Errorf("method %s writes no object", method)
		}
	case method == http.MethodPost:
		if !q.Has("uploads") && !q.Has("uploadId") {
			return fmt.Errorf("a POST that is no multipart upload names its keys in the body")
		}
	case method != http.MethodPut && method != http.MethodDelete:
		return fmt.Errorf("method %s writes no object", method)
	}
	return nil
}

// forbiddenHeader reports a header that would make a write more than a write of this key: a copy, a lock, an access list.
func forbiddenHeader(name string) bool {
	for _, p := range []string{"x-amz-copy-source", "x-goog-copy-source", "x-ms-copy-source", "x-amz-object-lock", "x-amz-bypass",
		"x-amz-acl", "x-amz-grant", "x-goog-acl", "x-amz-website-redirect", "x-goog-object-lock", "x-ms-immutability", "x-ms-legal-hold",
		"x-ms-rename-source", "x-ms-source", "x-amz-tagging"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// jsonTarget reads bucket and key of a write through Google's JSON API; ok is false when the path is not one of its.
func jsonTarget(req *http.Request, path string, q url.Values) (t target, ok bool, err error) {
	upload := strings.HasPrefix(path, "/upload/storage/v1/b/") || strings.HasPrefix(path, "/resumable/upload/storage/v1/b/")
	rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(path, "/resumable"), "/upload"), "/storage/v1/b/")
	if !ok {
		if strings.HasPrefix(path, "/batch") || strings.HasPrefix(path, "/storage/") {
			return t, true, fmt.Errorf("a batch or an unknown path of the JSON API")
		}
		return t, false, nil
	}
	parts := strings.Split(rest, "/")
	for i := range parts {
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			return t, true, fmt.Errorf("its path can't be read")
		}
	}
	switch {
	case upload && req.Method == http.MethodPost && len(parts) == 2 && parts[1] == "o" && q.Get("uploadType") == "multipart":
		name, err := uploadName(req)
		if err != nil {
			return t, true, err
		}
		if n := q.Get("name"); n != "" && n != name {
			return t, true, fmt.Errorf("query and body name different keys")
		}
		return target{bucket: parts[0], key: name}, true, nil
	case !upload && req.Method == http.MethodDelete && len(parts) == 3 && parts[1] == "o":
		return target{bucket: parts[0], key: parts[2]}, true, nil
	}
	return t, true, fmt.Errorf("only one-request uploads and removals of one object are let through the JSON API")
}

// uploadMetadata is how much of an upload's body is read to find its metadata part.
const uploadMetadata = 64 << 10

// uploadName reads the key out of the metadata part of a multipart/related upload, and puts the body back.
func uploadName(req *http.Request) (string, error) {
	media, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil || media != "multipart/related" || req.Body == nil {
		return "", fmt.Errorf("an upload whose metadata can't be read")
	}
	head, err := io.ReadAll(io.LimitReader(req.Body, uploadMetadata))
	if err != nil {
		return "", fmt.Errorf("an upload whose metadata can't be read")
	}
	req.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), req.Body), req.Body}
	part, err := multipart.NewReader(bytes.NewReader(head), params["boundary"]).NextPart()
	if err != nil {
		return "", fmt.Errorf("an upload whose metadata can't be read")
	}
	var meta struct {
		Name   string `json:"name"`
		Bucket string `json:"bucket"`
	}
	if err := json.NewDecoder(part).Decode(&meta); err != nil || meta.Name == "" {
		return "", fmt.Errorf("an upload whose metadata names no key")
	}
	return meta.Name, nil
}

// identityHosts hand out tokens to a provider's credential chain; a POST there changes nothing in any bucket.
var identityHosts = []string{"oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com", "login.microsoftonline.com",
	"metadata.google.internal", "169.254.169.254", "169.254.170.2", "169.254.170.23", "sts.amazonaws.com"}

func isIdentity(req *http.Request) bool {
	host := req.URL.Hostname()
	if req.Host != "" && !strings.EqualFold(req.Host, req.URL.Host) {
		return false
	}
	for _, h := range identityHosts {
		if host == h {
			return true
		}
	}
	return (strings.HasPrefix(host, "sts.") || strings.HasPrefix(host, "oidc.") || strings.HasPrefix(host, "portal.sso.")) &&
		(strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn"))
}
