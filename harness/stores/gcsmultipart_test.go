package stores_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// uploader does GCS multipart uploads with a token.
type uploader struct {
	t *testing.T
	c *http.Client
	a address
}

func (u uploader) do(method, key, query string, body []byte, header http.Header) (*http.Response, string) {
	u.t.Helper()
	target := u.a.base + "/" + u.a.bucket + "?" + query
	if key != "" {
		target = u.a.objectURL(key) + "?" + query
	}
	r, err := http.NewRequestWithContext(u.t.Context(), method, target, bytes.NewReader(body))
	if err != nil {
		u.t.Fatal(err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	resp, err := u.c.Do(r)
	if err != nil {
		u.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		u.t.Fatal(err)
	}
	return resp, string(got)
}

func (u uploader) begin(key string, header http.Header) string {
	u.t.Helper()
	resp, body := u.do("POST", key, "uploads", nil, header)
	var out struct{ Bucket, Key, UploadId string }
	if err := xml.Unmarshal([]byte(body), &out); resp.StatusCode != 200 || err != nil || out.Key != key || out.UploadId == "" {
		u.t.Fatalf("begin: got %d %s", resp.StatusCode, body)
	}
	return out.UploadId
}

func (u uploader) part(key, id string, number int, body []byte) string {
	u.t.Helper()
	resp, answer := u.do("PUT", key, fmt.Sprintf("partNumber=%d&uploadId=%s", number, id), body, nil)
	if want := fmt.Sprintf(`"%x"`, md5.Sum(body)); resp.StatusCode != 200 || resp.Header.Get("Etag") != want {
		u.t.Fatalf("part %d: got %d %s, ETag %s; want %s", number, resp.StatusCode, answer, resp.Header.Get("Etag"), want)
	}
	return resp.Header.Get("Etag")
}

func partList(parts ...any) []byte {
	var b strings.Builder
	b.WriteString("<CompleteMultipartUpload>")
	for i := 0; i < len(parts); i += 2 {
		fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", parts[i], parts[i+1])
	}
	b.WriteString("</CompleteMultipartUpload>")
	return []byte(b.String())
}

func TestMultipartUploadsOfGCSAreAsDocumented(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	u := uploader{t, bearer(t, b, client(t, b, nil)), read(t, b)}
	const key = "a b/ü%"
	refused := func(what string, resp *http.Response, body string, status int, code string) {
		t.Helper()
		if resp.StatusCode != status || !strings.Contains(body, "<Error><Code>"+code+"</Code>") {
			t.Errorf("%s: got %d %s, want %d %s", what, resp.StatusCode, body, status, code)
		}
	}
	first, second := bytes.Repeat([]byte("a"), 5<<20), []byte("the rest")
	id := u.begin(key, http.Header{"Content-Type": {"text/odd"}, "X-Goog-Meta-A": {"b"}})
	if got := inventory(t, b); len(got) != 1 || got["upload:"+key] != id {
		t.Errorf("inventory: got %v, want the upload %q", got, id)
	}
	two := u.part(key, id, 2, second)
	small := u.part(key, id, 1, []byte("small"))
	resp, body := u.do("POST", key, "uploadId="+id, partList(1, small, 2, two), nil)
	refused("a part too small", resp, body, 400, "EntityTooSmall")
	one := u.part(key, id, 1, first)

	resp, body = u.do("GET", key, "max-parts=1&uploadId="+id, nil, nil)
	if resp.StatusCode != 200 || !strings.Contains(body, "<PartNumber>1<") || strings.Contains(body, "<PartNumber>2<") || !strings.Contains(body, "<IsTruncated>true<") {
		t.Errorf("the first part: got %d %s", resp.StatusCode, body)
	}
	resp, body = u.do("GET", key, "part-number-marker=1&uploadId="+id, nil, nil)
	if resp.StatusCode != 200 || !strings.Contains(body, "<PartNumber>2<") || strings.Contains(body, "<PartNumber>1<") || !strings.Contains(body, "<IsTruncated>false<") {
		t.Errorf("the second part: got %d %s", resp.StatusCode, body)
	}
	for _, test := range []struct {
		name, method, key, query string
		body                     []byte
		header                   http.Header
		status                   int
		code                     string
	}{
		{"part 0", "PUT", key, "partNumber=0&uploadId=" + id, second, nil, 400, "InvalidArgument"},
		{"part 10,001", "PUT", key, "partNumber=10001&uploadId=" + id, second, nil, 400, "InvalidArgument"},
		{"a part with another body's MD5", "PUT", key, "partNumber=3&uploadId=" + id, second, http.Header{"Content-Md5": {"1B2M2Y8AsgTpgAmY7PhCfg=="}}, 400, "BadDigest"},
		{"a part of another key's upload", "PUT", "other", "partNumber=3&uploadId=" + id, second, nil, 404, "NoSuchUpload"},
		{"a part of no upload", "PUT", key, "partNumber=3&uploadId=none", second, nil, 404, "NoSuchUpload"},
		{"the parts of no upload", "GET", key, "uploadId=none", nil, nil, 404, "NoSuchUpload"},
		{"abort of no upload", "DELETE", key, "uploadId=none", nil, nil, 404, "NoSuchUpload"},
		{"completion of no upload", "POST", key, "uploadId=none", partList(1, one), nil, 404, "NoSuchUpload"},
		{"the wrong order", "POST", key, "uploadId=" + id, partList(2, two, 1, one), nil, 400, "InvalidPartOrder"},
		{"a part that isn't there", "POST", key, "uploadId=" + id, partList(1, one, 3, two), nil, 400, "InvalidPart"},
		{"another ETag", "POST", key, "uploadId=" + id, partList(1, two, 2, two), nil, 400, "InvalidPart"},
		{"no parts", "POST", key, "uploadId=" + id, partList(), nil, 400, "MalformedXML"},
		{"no XML", "POST", key, "uploadId=" + id, []byte("{}"), nil, 400, "MalformedXML"},
		{"a part without an upload", "PUT", key, "partNumber=1", second, nil, 400, "InvalidArgument"},
		{"the object", "GET", key, "", nil, nil, 404, "NoSuchKey"},
	} {
		resp, body := u.do(test.method, test.key, test.query, test.body, test.header)
		refused(test.name, resp, body, test.status, test.code)
	}
	resp, body = u.do("POST", key, "uploadId="+id, partList(1, one, 2, two), nil)
	var done struct{ Location, Bucket, Key, ETag string }
	if err := xml.Unmarshal([]byte(body), &done); err != nil || resp.StatusCode != 200 || done.Key != key || !strings.HasSuffix(done.ETag, `-2"`) {
		t.Fatalf("complete: got %d %s", resp.StatusCode, body)
	}
	want := append(slices.Clone(first), second...)
	if got := inventory(t, b); len(got) != 1 || got[key] != sumOf(want) {
		t.Errorf("inventory: got %v, want the joined object alone", got)
	}
	resp, body = u.do("GET", key, "", nil, nil)
	if body != string(want) || resp.Header.Get("Etag") != done.ETag || resp.Header.Get("Content-Type") != "text/odd" || resp.Header.Get("X-Goog-Meta-A") != "b" {
		t.Errorf("the joined object: got %d bytes, %v; want ETag %s", len(body), resp.Header, done.ETag)
	}
	sum := md5.Sum(want)
	if slices.Contains(resp.Header.Values("X-Goog-Hash"), "md5="+base64.StdEncoding.EncodeToString(sum[:])) {
		t.Error("an object made of parts has an MD5")
	}
	resp, body = u.do("POST", key, "uploadId="+id, partList(1, one, 2, two), nil)
	refused("complete again", resp, body, 404, "NoSuchUpload")
}

func TestOpenUploadsOfGCSAreListedPageByPage(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	u := uploader{t, bearer(t, b, client(t, b, nil)), read(t, b)}
	ids := map[string]string{}
	for _, key := range []string{"p/a", "p/b", "p/c", "q"} {
		ids[key] = u.begin(key, nil)
	}
	var listed []string
	query := url.Values{"uploads": {""}, "prefix": {"p/"}, "max-uploads": {"2"}}
	for range 3 {
		resp, body := u.do("GET", "", query.Encode(), nil, nil)
		var page struct {
			IsTruncated        bool
			NextKeyMarker      string
			NextUploadIdMarker string
			Upload             []struct{ Key, UploadId string }
		}
		if err := xml.Unmarshal([]byte(body), &page); err != nil || resp.StatusCode != 200 {
			t.Fatalf("got %d %s", resp.StatusCode, body)
		}
		for _, up := range page.Upload {
			if listed = append(listed, up.Key); up.UploadId != ids[up.Key] {
				t.Errorf("%s: got upload %s, want %s", up.Key, up.UploadId, ids[up.Key])
			}
		}
		if !page.IsTruncated {
			break
		}
		query.Set("key-marker", page.NextKeyMarker)
		query.Set("upload-id-marker", page.NextUploadIdMarker)
	}
	if want := []string{"p/a", "p/b", "p/c"}; !slices.Equal(listed, want) {
		t.Errorf("got %q, want %q", listed, want)
	}
	for key, id := range ids {
		if resp, body := u.do("DELETE", key, "uploadId="+id, nil, nil); resp.StatusCode != 204 {
			t.Errorf("abort %s: got %d %s", key, resp.StatusCode, body)
		}
	}
	if left := inventory(t, b); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}
