package bucket_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/reference/address"
)

const hour = time.Hour

// TestPresignShape: what a URL allows is in it, and nothing is sent.
func TestPresignShape(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", "emulator.example:1")
	content := http.Header{"Content-Md5": {"1B2M2Y8AsgTpgAmY7PhCfg=="}, "Content-Type": {"text/plain"}}
	part := url.Values{"uploadId": {"an/upload+id=="}, "partNumber": {"3"}}
	type want map[string]string
	for _, c := range []struct {
		name, provider string
		r              bucket.PresignRequest
		base           string
		query          want
		header         http.Header
	}{
		{"S3 GET", "aws", bucket.PresignRequest{Method: "GET", Key: "run/key", Lifetime: hour},
			"https://proof-bucket.s3.eu-west-1.amazonaws.com/run/key", want{"X-Amz-Expires": "3600", "X-Amz-SignedHeaders": "host", "X-Amz-Algorithm": "AWS4-HMAC-SHA256"}, http.Header{}},
		{"S3 HEAD", "coreweave", bucket.PresignRequest{Method: "HEAD", Key: "run/key", Lifetime: hour},
			"https://proof-bucket.cwobject.com/run/key", want{"X-Amz-Expires": "3600", "X-Amz-SignedHeaders": "host"}, http.Header{}},
		{"S3 DELETE", "s3-compatible", bucket.PresignRequest{Method: "DELETE", Key: "run/key", Lifetime: time.Minute},
			"https://store.example:9000/proof-bucket/run/key", want{"X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host"}, http.Header{}},
		{"S3 PUT with content headers", "aws", bucket.PresignRequest{Method: "PUT", Key: "run/key", Lifetime: 24 * hour, Header: content},
			"https://proof-bucket.s3.eu-west-1.amazonaws.com/run/key", want{"X-Amz-Expires": "86400", "X-Amz-SignedHeaders": "content-md5;content-type;host"}, content},
		{"S3 part", "aws", bucket.PresignRequest{Method: "PUT", Key: "run/key", Lifetime: hour, Header: content, Query: part},
			"https://proof-bucket.s3.eu-west-1.amazonaws.com/run/key", want{"uploadId": "an/upload+id==", "partNumber": "3", "X-Amz-SignedHeaders": "content-md5;content-type;host"}, content},
		{"Google GET", "gcp", bucket.PresignRequest{Method: "GET", Key: "run/key", Lifetime: hour},
			"https://storage.googleapis.com/proof-bucket/run/key", want{"X-Goog-Expires": "3600", "X-Goog-SignedHeaders": "host", "X-Goog-Algorithm": "GOOG4-RSA-SHA256"}, http.Header{}},
		{"Google PUT with content headers", "gcp", bucket.PresignRequest{Method: "PUT", Key: "run/key", Lifetime: 24 * hour, Header: content},
			"https://storage.googleapis.com/proof-bucket/run/key", want{"X-Goog-Expires": "86400", "X-Goog-SignedHeaders": "content-md5;content-type;host"}, content},
		{"Google part, another header", "gcp", bucket.PresignRequest{Method: "PUT", Key: "run/key", Lifetime: hour, Query: part, Header: http.Header{"x-goog-meta-a": {"b"}}},
			"https://storage.googleapis.com/proof-bucket/run/key", want{"uploadId": "an/upload+id==", "partNumber": "3", "X-Goog-SignedHeaders": "host;x-goog-meta-a"}, http.Header{"X-Goog-Meta-A": {"b"}}},
		{"Azure GET", "azure", bucket.PresignRequest{Method: "GET", Key: "run/key", Lifetime: hour},
			"https://proofaccount.blob.core.windows.net/proof-bucket/run%2Fkey", want{"sp": "r", "sr": "b", "spr": "https", "st": ""}, http.Header{}},
		{"Azure HEAD", "azure", bucket.PresignRequest{Method: "HEAD", Key: "run/key", Lifetime: hour},
			"https://proofaccount.blob.core.windows.net/proof-bucket/run%2Fkey", want{"sp": "r"}, http.Header{}},
		{"Azure DELETE", "azure", bucket.PresignRequest{Method: "DELETE", Key: "run/key", Lifetime: hour},
			"https://proofaccount.blob.core.windows.net/proof-bucket/run%2Fkey", want{"sp": "d"}, http.Header{}},
		{"Azure PUT needs a blob type", "azure", bucket.PresignRequest{Method: "PUT", Key: "run/key", Lifetime: hour, Header: content},
			"https://proofaccount.blob.core.windows.net/proof-bucket/run%2Fkey", want{"sp": "cw"},
			http.Header{"Content-Md5": content["Content-Md5"], "Content-Type": content["Content-Type"], "X-Ms-Blob-Type": {"BlockBlob"}}},
		{"Azure block", "azure", bucket.PresignRequest{Method: "PUT", Key: "run/key", Lifetime: hour, Query: url.Values{"comp": {"block"}, "blockid": {"AAAA"}}},
			"https://proofaccount.blob.core.windows.net/proof-bucket/run%2Fkey", want{"sp": "cw", "comp": "block", "blockid": "AAAA"}, http.Header{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{}
			p, err := open(t, c.provider, "", r.client()).Presign(t.Context(), c.r)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.requests) != 0 {
				t.Errorf("signing sent %d requests, want none", len(r.requests))
			}
			u, err := url.Parse(p.URL)
			if err != nil {
				t.Fatal("the URL can't be read")
			}
			query := u.Query()
			u.RawQuery = ""
			if u.String() != c.base {
				t.Errorf("URL\n got %s\nwant %s", u, c.base)
			}
			for name, value := range c.query {
				if got := query.Get(name); got != value {
					t.Errorf("query %s: got %q, want %q", name, got, value)
				}
			}
			for name := range query {
				if strings.Contains(strings.ToLower(name), "checksum") {
					t.Errorf("query %s was not asked for", name)
				}
			}
			if p.Method != c.r.Method || !equal(p.Header, c.header) {
				t.Errorf("the client must send %s %v, want %s %v", p.Method, p.Header, c.r.Method, c.header)
			}
			if strings.Contains(p.URL, url.QueryEscape(secretKey)) || strings.Contains(p.URL, url.QueryEscape(accountKey)) {
				t.Error("the URL holds the secret itself")
			}
			if shown := leaks(fmt.Sprintf("%v %+v %#v %s", p, p, p, p.GomegaString())); shown != "" {
				t.Errorf("printing the pre-signed request shows %q", shown)
			}
		})
	}
}

func equal(a, b http.Header) bool {
	if len(a) != len(b) {
		return false
	}
	for name, values := range a {
		if !slices.Equal(values, b[name]) {
			return false
		}
	}
	return true
}

func TestPresignRefuses(t *testing.T) {
	for _, p := range allProviders {
		b := open(t, p, "", (&recorder{}).client())
		for name, r := range map[string]bucket.PresignRequest{
			"no key":           {Method: "GET", Lifetime: hour},
			"no lifetime":      {Method: "GET", Key: "k"},
			"a strange method": {Method: "PATCH", Key: "k", Lifetime: hour},
		} {
			if got, err := b.Presign(t.Context(), r); err == nil {
				t.Errorf("%s, %s: got %v, want an error", p, name, got)
			}
		}
	}
}

func TestPresignWithoutAKey(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	for _, p := range []string{"gcp", "azure"} {
		a := addressOf(p)
		a.Credentials = address.Credentials{}
		b, err := bucket.Open(t.Context(), a, bucket.Options{HTTP: (&recorder{}).client()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Presign(t.Context(), bucket.PresignRequest{Method: "GET", Key: "k", Lifetime: hour})
		var e *bucket.Error
		if !errors.As(err, &e) || e.Kind != bucket.KindNotImplemented {
			t.Errorf("%s: got %v, want kind %q", p, err, bucket.KindNotImplemented)
		}
	}
}

// TestSignedAtTheOptionsClock: neither the server's clock nor the SDK moves the date.
func TestSignedAtTheOptionsClock(t *testing.T) {
	at := time.Date(2025, 9, 1, 12, 0, 0, 0, time.UTC)
	r := &recorder{answer: answering(403, map[string]string{"Date": time.Now().UTC().Format(http.TimeFormat)},
		`<Error><Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and the current time is too large.</Message></Error>`)}
	b, err := bucket.Open(t.Context(), addressOf("aws"), bucket.Options{HTTP: r.client(), Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := b.Get(t.Context(), "k"); err == nil {
			t.Fatal("got an answer, want an error")
		}
	}
	if len(r.requests) != 2 {
		t.Fatalf("got %d requests, want 2", len(r.requests))
	}
	for i, req := range r.requests {
		if got := req.Header.Get("X-Amz-Date"); got != "20250901T120000Z" {
			t.Errorf("request %d is dated %s, want 20250901T120000Z", i, got)
		}
	}
	p, err := b.Presign(t.Context(), bucket.PresignRequest{Method: "GET", Key: "k", Lifetime: hour})
	if err != nil || !strings.Contains(p.URL, "X-Amz-Date=20250901T120000Z") {
		t.Errorf("the URL is not dated at the options' clock (%v)", err)
	}
}
