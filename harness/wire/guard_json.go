package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// jsonQuery lists the query parameters of the JSON API that a write may carry.
var jsonQuery = setOf("alt", "prettyPrint", "fields", "projection", "uploadType", "name", "generation",
	"ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch")

// jsonTarget reads bucket and key of a write through Google's JSON API (Cloud Storage JSON API, objects: insert, delete); ok
// is false when the path is not one of its.
func jsonTarget(req *http.Request, path string, q url.Values) (t target, ok bool, err error) {
	const objects, uploads = "/storage/v1/b/", "/upload/storage/v1/b/"
	rest, upload := strings.CutPrefix(path, uploads)
	if !upload {
		if rest, ok = strings.CutPrefix(path, objects); !ok {
			plain := strings.ToLower(percentDecoded(path)) + "/"
			for _, own := range []string{"/storage/", "/upload/storage/", "/resumable/", "/download/storage/", "/batch/"} {
				if strings.HasPrefix(plain, own) {
					return t, true, errors.New("a batch or an unknown path of the JSON API")
				}
			}
			return t, false, nil
		}
	}
	for name, values := range q {
		if !jsonQuery[name] || len(values) > 1 {
			return t, true, fmt.Errorf("query parameter %q is no part of writing an object, or stands there twice", name)
		}
	}
	parts := strings.Split(rest, "/")
	switch {
	case upload && req.Method == http.MethodPost && len(parts) == 2 && parts[1] == "o" && q.Get("uploadType") == "multipart":
		t.bucket = parts[0]
		if t.key, err = uploadName(req, t.bucket); err != nil {
			return t, true, err
		}
		if q.Has("name") && q.Get("name") != t.key {
			return t, true, errors.New("query and body name different keys")
		}
		return t, true, nil
	case !upload && req.Method == http.MethodDelete && len(parts) == 3 && parts[1] == "o":
		t.bucket = parts[0]
		if t.key, err = url.PathUnescape(parts[2]); err != nil {
			return t, true, errors.New("its path can't be read")
		}
		return t, true, nil
	}
	return t, true, errors.New("only one-request uploads and removals of one object are let through the JSON API")
}

// uploadMetadata is how much of an upload's body is read to find its metadata part.
const uploadMetadata = 64 << 10

// uploadName reads the key out of the metadata part of a multipart/related upload, and puts the body back.
func uploadName(req *http.Request, bucket string) (string, error) {
	unreadable := errors.New("an upload whose metadata can't be read")
	types := req.Header["Content-Type"]
	if len(types) != 1 || req.Body == nil || req.Header.Get("Content-Encoding") != "" {
		return "", unreadable
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != "multipart/related" || params["boundary"] == "" {
		return "", unreadable
	}
	head, err := io.ReadAll(io.LimitReader(req.Body, uploadMetadata))
	if err != nil {
		return "", unreadable
	}
	req.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), req.Body), req.Body}
	req.GetBody = nil // it might give another body than the one that was read
	part, err := multipart.NewReader(bytes.NewReader(head), params["boundary"]).NextRawPart()
	if err != nil || part.Header.Get("Content-Transfer-Encoding") != "" || part.Header.Get("Content-Encoding") != "" {
		return "", unreadable
	}
	meta, err := io.ReadAll(part)
	if err != nil || !utf8.Valid(meta) {
		return "", unreadable
	}
	return metadataName(meta, bucket)
}

// metadataFields lists what the metadata of an upload may say: nothing that grants, holds, locks or picks a storage class.
var metadataFields = setOf("name", "bucket", "contentType", "contentEncoding", "contentLanguage", "contentDisposition", "cacheControl",
	"md5Hash", "crc32c", "metadata")

// metadataName reads the name out of an upload's metadata: one object, each of its fields known and there once.
func metadataName(meta []byte, bucket string) (string, error) {
	unreadable := errors.New("an upload whose metadata is not one JSON object")
	d := json.NewDecoder(bytes.NewReader(meta))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return "", unreadable
	}
	fields := map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return "", unreadable
		}
		if _, twice := fields[name]; twice || !metadataFields[name] {
			return "", fmt.Errorf("the metadata's %q is no part of writing an object, or stands there twice", name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return "", unreadable
		}
		fields[name] = value
	}
	if _, err := d.Token(); err != nil {
		return "", unreadable
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", unreadable
	}
	var name, named string
	if json.Unmarshal(fields["name"], &name) != nil || name == "" {
		return "", errors.New("an upload whose metadata names no key")
	}
	if in, ok := fields["bucket"]; ok && (json.Unmarshal(in, &named) != nil || named != bucket) {
		return "", errors.New("path and metadata name different buckets")
	}
	return name, nil
}
