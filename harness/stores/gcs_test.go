package stores_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/iterator"

	"github.com/bucketproof/bucketproof/harness/stores"
)

func TestGooglesSDKMovesObjectsWithOddNames(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	bucket, name := gcsClient(t, b)
	plain, a := bearer(t, b, client(t, b, nil)), read(t, b)
	ctx, want := t.Context(), map[string]string{}
	keys := append(slices.Clone(oddKeys), strings.Repeat("x", 1024), "a//b", "a/", "a", "a/../b")
	for _, key := range keys {
		body := "content of " + key
		w := bucket.Object(key).NewWriter(ctx)
		w.ContentType = "text/odd"
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Errorf("write %q: %v", key, err)
			continue
		}
		want[key] = sumOf([]byte(body))
		r, err := bucket.Object(key).NewReader(ctx)
		if err != nil {
			t.Errorf("read %q: %v", key, err)
			continue
		}
		got, err := io.ReadAll(r)
		r.Close()
		if err != nil || string(got) != body || r.Attrs.ContentType != "text/odd" {
			t.Errorf("read %q: got %q of type %q, %v; want %q of text/odd", key, got, r.Attrs.ContentType, err, body)
		}
		attrs, err := bucket.Object(key).Attrs(ctx)
		if err != nil || attrs.Name != key || attrs.Size != int64(len(body)) {
			t.Errorf("attributes of %q: got %+v, %v", key, attrs, err)
		}
		if key != "a/../b" { // net/http sends it as it is; browsers and other clients would fold it
			if resp, got := ask(t, plain, http.MethodGet, a.objectURL(key), "", nil); resp.StatusCode != 200 || got != body {
				t.Errorf("plain GET of %q: got %d %q", key, resp.StatusCode, got)
			}
		}
	}
	if diff := cmp.Diff(want, inventory(t, b)); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
	}
	var listed []string
	for it := bucket.Objects(ctx, nil); ; {
		o, err := it.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, o.Name)
	}
	slices.Sort(keys)
	if slices.Sort(listed); !slices.Equal(listed, keys) {
		t.Errorf("listing: got %q, want %q", listed, keys)
	}
	for _, key := range keys {
		if err := bucket.Object(key).Delete(ctx); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
		if err := bucket.Object(key).Delete(ctx); !errors.Is(err, storage.ErrObjectNotExist) {
			t.Errorf("delete %q again: got %v, want that it doesn't exist", key, err)
		}
	}
	if left := inventory(t, b); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	attrs, err := bucket.Attrs(ctx)
	if err != nil || attrs.Name != name || attrs.Location == "" || attrs.VersioningEnabled || len(attrs.CORS) != 1 {
		t.Errorf("the bucket's attributes: got %+v, %v", attrs, err)
	}
}

func TestTheXMLAPIAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	c, a := bearer(t, b, client(t, b, nil)), read(t, b)
	body := "0123456789"
	raw := md5.Sum([]byte(body))
	sum, etag := base64.StdEncoding.EncodeToString(raw[:]), `"`+hex.EncodeToString(raw[:])+`"`
	url := a.objectURL("o%b j")
	steps := []struct {
		name, method, url string
		header            map[string]string
		body              string
		status            int
		code              string            // of an XML error
		want              map[string]string // headers
		text              string            // body, where it matters
	}{
		{name: "an object that isn't there", method: "GET", url: url, status: 404, code: "NoSuchKey"},
		{name: "delete one that isn't there", method: "DELETE", url: url, status: 404, code: "NoSuchKey"},
		{name: "a bucket that isn't there", method: "GET", url: a.base + "/no-such-bucket/o", status: 404, code: "NoSuchBucket"},
		{name: "store with another body's MD5", method: "PUT", url: url, body: body, header: map[string]string{"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, status: 400, code: "BadDigest"},
		{name: "store with no MD5 at all", method: "PUT", url: url, body: body, header: map[string]string{"Content-MD5": "nonsense"}, status: 400, code: "InvalidDigest"},
		{name: "nothing was stored", method: "HEAD", url: url, status: 404},
		{name: "store", method: "PUT", url: url, body: body, header: map[string]string{"Content-MD5": sum, "Content-Type": "text/x", "X-Goog-Meta-A": "b"}, status: 200,
			want: map[string]string{"Etag": etag, "X-Goog-Stored-Content-Length": "10"}},
		{name: "store only if new", method: "PUT", url: url, body: "other", header: map[string]string{"X-Goog-If-Generation-Match": "0"}, status: 412, code: "PreconditionFailed"},
		{name: "store over another metageneration", method: "PUT", url: url, body: "other", header: map[string]string{"X-Goog-If-Metageneration-Match": "7"}, status: 412, code: "PreconditionFailed"},
		{name: "delete another metageneration", method: "DELETE", url: url, header: map[string]string{"X-Goog-If-Metageneration-Match": "7"}, status: 412, code: "PreconditionFailed"},
		{name: "read", method: "GET", url: url, status: 200, text: body,
			want: map[string]string{"Etag": etag, "Content-Type": "text/x", "Content-Length": "10", "X-Goog-Meta-A": "b", "Accept-Ranges": "bytes"}},
		{name: "look", method: "HEAD", url: url, status: 200, want: map[string]string{"Etag": etag, "Content-Length": "10", "Content-Type": "text/x"}},
		{name: "read a range", method: "GET", url: url, header: map[string]string{"Range": "bytes=2-4"}, status: 206, text: "234",
			want: map[string]string{"Content-Range": "bytes 2-4/10", "Content-Length": "3", "Etag": etag}},
		{name: "read the end", method: "GET", url: url, header: map[string]string{"Range": "bytes=-3"}, status: 206, text: "789", want: map[string]string{"Content-Range": "bytes 7-9/10"}},
		{name: "read past the end", method: "GET", url: url, header: map[string]string{"Range": "bytes=10-"}, status: 416, code: "InvalidRange"},
		{name: "read unless unchanged", method: "GET", url: url, header: map[string]string{"If-None-Match": etag}, status: 304},
		{name: "send a part", method: "PUT", url: url + "?partNumber=1&uploadId=x", body: "p", status: 404, code: "NoSuchUpload"},
		{name: "read the access control list", method: "GET", url: a.base + "/" + a.bucket + "?acl", status: 501, code: "NotImplemented"},
		{name: "store with another body's hash", method: "PUT", url: url, body: body, header: map[string]string{"X-Goog-Hash": "crc32c=AAAAAA=="}, status: 400, code: "BadDigest"},
		{name: "store more than is allowed", method: "PUT", url: url, body: body, header: map[string]string{"X-Goog-Content-Length-Range": "0,9"}, status: 400, code: "EntityTooLarge"},
		{name: "store with a key of the customer's", method: "PUT", url: url, body: body, header: map[string]string{"X-Goog-Encryption-Algorithm": "AES256"}, status: 501, code: "NotImplemented"},
		{name: "store with an access control list", method: "PUT", url: url, body: body, header: map[string]string{"X-Goog-Acl": "public-read"}, status: 400, code: "InvalidArgument"},
		{name: "store under a hold", method: "PUT", url: url, body: body, header: map[string]string{"X-Goog-Temporary-Hold": "true"}, status: 501, code: "NotImplemented"},
		{name: "store in another class", method: "PUT", url: url, body: body, header: map[string]string{"X-Goog-Storage-Class": "NEARLINE"}, status: 501, code: "NotImplemented"},
		{name: "a name of 1,025 bytes", method: "PUT", url: a.objectURL(strings.Repeat("x", 1025)), body: "x", status: 400, code: "KeyTooLong"},
		{name: "another method", method: "PATCH", url: url, status: 405, code: "MethodNotAllowed"},
		{name: "delete", method: "DELETE", url: url, status: 204},
		{name: "it is gone", method: "GET", url: url, status: 404, code: "NoSuchKey"},
		{name: "fake-gcs-server's own interface is shut", method: "POST", url: a.base + "/_internal/delete_all", status: 404, code: "NoSuchBucket"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), s.method, s.url, strings.NewReader(s.body))
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range s.header {
				r.Header.Set(k, v)
			}
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != s.status || s.code != "" && !strings.Contains(string(got), "<Error><Code>"+s.code+"</Code>") {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, got, s.status, s.code)
			}
			for k, v := range s.want {
				if resp.Header.Get(k) != v {
					t.Errorf("%s: got %q, want %q", k, resp.Header.Get(k), v)
				}
			}
			if s.text != "" && string(got) != s.text {
				t.Errorf("body: got %q, want %q", got, s.text)
			}
			if resp.Header.Get("Date") == "" {
				t.Error("no Date")
			}
			if s.status/100 == 2 && s.method != "DELETE" && !slices.Contains(resp.Header.Values("X-Goog-Hash"), "md5="+sum) {
				t.Errorf("X-Goog-Hash: got %q, want md5=%s in it", resp.Header.Values("X-Goog-Hash"), sum)
			}
		})
	}
}

func TestArchivedGenerationsShowInTheInventory(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{Versioning: true})
	bucket, _ := gcsClient(t, b)
	for _, body := range []string{"one", "two"} {
		if err := b.Put(t.Context(), "k", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := bucket.Object("k").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := inventory(t, b)
	hashes := []string{}
	for name, hash := range got {
		if !strings.HasPrefix(name, "k@") {
			t.Errorf("inventory has %q, want k@generation", name)
		}
		hashes = append(hashes, hash)
	}
	want := []string{sumOf([]byte("one")), sumOf([]byte("two"))}
	slices.Sort(want)
	if slices.Sort(hashes); !slices.Equal(hashes, want) {
		t.Errorf("inventory: got %v, want both generations", got)
	}
	if c, err := b.Configuration(t.Context()); err != nil || c["versioning"] != "true" || c["cors"] == "" {
		t.Errorf("configuration: got %v, %v", c, err)
	}
}

func TestTheAddressHoldsAKeyThatGooglesLibrariesTake(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{Path: "sub"})
	a := read(t, b)
	if a.id == "" || a.Path != "/sub" {
		t.Errorf("the account is %q, the path %q; want an e-mail address and /sub", a.id, a.Path)
	}
	file, _ := json.Marshal(map[string]string{"type": "service_account", "client_email": a.id, "private_key": a.secret, "private_key_id": "1",
		"token_uri": "https://oauth2.googleapis.com/token"})
	conf, err := google.JWTConfigFromJSON(file, "https://www.googleapis.com/auth/devstorage.full_control")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := storage.SignedURL(a.bucket, "k", &storage.SignedURLOptions{GoogleAccessID: a.id, PrivateKey: conf.PrivateKey, Method: "PUT",
		Scheme: storage.SigningSchemeV4, Expires: timeIn(60)})
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, b, nil)
	if resp, body := ask(t, c, http.MethodPut, signed, "", strings.NewReader("x")); resp.StatusCode != 200 {
		t.Errorf("PUT with a signed URL: got %d %s", resp.StatusCode, body)
	}
	token, err := conf.TokenSource(context.WithValue(t.Context(), oauth2.HTTPClient, c)).Token()
	if err != nil {
		t.Fatal("the key got no token")
	}
	bound := &http.Client{Transport: &oauth2.Transport{Source: oauth2.StaticTokenSource(token), Base: c.Transport}}
	if resp, body := ask(t, bound, http.MethodGet, a.objectURL("k"), "", nil); resp.StatusCode != 200 || body != "x" {
		t.Errorf("GET with the token: got %d %s", resp.StatusCode, body)
	}
}
