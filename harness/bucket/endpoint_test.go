package bucket_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/reference/address"
)

// TestEndpoint: where the SDK of each provider sends a request, by address alone.
func TestEndpoint(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", "emulator.example:1")
	t.Setenv("AWS_ENDPOINT_URL", "https://elsewhere.example")
	t.Setenv("AWS_ENDPOINT_URL_S3", "https://elsewhere.example")
	with := func(p string, change func(*address.Address)) *address.Address {
		a := addressOf(p)
		if change != nil {
			change(a)
		}
		return a
	}
	for _, c := range []struct {
		name     string
		a        *address.Address
		endpoint string
		want     string // of a HEAD or attributes request for run/key
		region   string
	}{
		{"aws without an endpoint is virtual-hosted", with("aws", nil), "", "https://proof-bucket.s3.eu-west-1.amazonaws.com/run/key", "eu-west-1"},
		{"aws with an endpoint is path style", with("aws", func(a *address.Address) { a.Endpoint = "s3.eu-west-1.amazonaws.com"; a.PathStyle = true }), "",
			"https://s3.eu-west-1.amazonaws.com/proof-bucket/run/key", "eu-west-1"},
		{"coreweave is virtual-hosted", with("coreweave", nil), "", "https://proof-bucket.cwobject.com/run/key", "us-east-1"},
		{"coreweave is virtual-hosted even when told otherwise", with("coreweave", func(a *address.Address) { a.PathStyle = true; a.Region = "US-EAST-04A" }), "",
			"https://proof-bucket.cwobject.com/run/key", "US-EAST-04A"},
		{"s3-compatible is path style", with("s3-compatible", nil), "", "https://store.example:9000/proof-bucket/run/key", "eu-west-1"},
		{"s3-compatible without TLS", with("s3-compatible", func(a *address.Address) { a.TLS = false; a.Region = "" }), "", "http://store.example:9000/proof-bucket/run/key", "us-east-1"},
		{"an endpoint option keeps the addressing style", with("aws", nil), "https://127.0.0.1.nip.example:4/", "https://proof-bucket.127.0.0.1.nip.example:4/run/key", "eu-west-1"},
		{"google", with("gcp", nil), "", "https://storage.googleapis.com/storage/v1/b/proof-bucket/o/run%2Fkey", ""},
		{"google elsewhere", with("gcp", nil), "http://127.0.0.1:5", "http://127.0.0.1:5/storage/v1/b/proof-bucket/o/run%2Fkey", ""},
		{"azure", with("azure", nil), "", "https://proofaccount.blob.core.windows.net/proof-bucket/run%2Fkey", ""},
		{"an azure emulator has the account in the path", with("azure", nil), "http://127.0.0.1:6/proofaccount/", "http://127.0.0.1:6/proofaccount/proof-bucket/run%2Fkey", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{answer: answering(200, nil, "{}")}
			b, err := bucket.Open(t.Context(), c.a, bucket.Options{HTTP: r.client(), Endpoint: c.endpoint})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Head(t.Context(), "run/key"); err != nil {
				t.Fatal(err)
			}
			if len(r.requests) != 1 {
				t.Fatalf("got %d requests, want 1", len(r.requests))
			}
			got, _, _ := strings.Cut(r.requests[0].URL.String(), "?")
			if got != c.want {
				t.Errorf("asked\n got %s\nwant %s", got, c.want)
			}
			authorization := r.requests[0].Header.Get("Authorization")
			if c.region != "" && !strings.Contains(authorization, "/"+c.region+"/s3/aws4_request") {
				t.Errorf("signed for another region than %s: %s", c.region, authorization)
			}
			if c.region == "" && !strings.HasPrefix(authorization, "Bearer ") && !strings.HasPrefix(authorization, "SharedKey ") {
				t.Errorf("not authorized: %q", authorization)
			}
		})
	}
}

// TestOddKeys: a key reaches the store as it is.
func TestOddKeys(t *testing.T) {
	for _, key := range []string{
		"run/plain", "run/a b", "run/50%", "run/a+b", "run/a==", "run/a#b", "run/a?b", "run/a&b=c", "run/%2F", "run/grüße-日本", "run/a:b;c,d", "run/(x)'!*~", "run/{}[]",
	} {
		for _, p := range allProviders {
			r := &recorder{answer: answering(200, nil, "{}")}
			b := open(t, p, "", r.client())
			if _, err := b.Head(t.Context(), key); err != nil {
				t.Errorf("%s %q: %v", p, key, err)
				continue
			}
			if got := keyOf(t, p, r.requests[0]); got != key {
				t.Errorf("%s: head asked for %q, want %q (%s)", p, got, key, r.requests[0].URL.EscapedPath())
			}
			signed, err := b.Presign(t.Context(), bucket.PresignRequest{Method: "GET", Key: key, Lifetime: hour})
			if err != nil {
				t.Errorf("%s %q: %v", p, key, err)
				continue
			}
			req, err := http.NewRequest("GET", signed.URL, nil)
			if err != nil {
				t.Errorf("%s %q: the URL can't be read", p, key)
				continue
			}
			if got := presignedKeyOf(p, req); got != key {
				t.Errorf("%s: the URL names %q, want %q (%s)", p, got, key, req.URL.EscapedPath())
			}
		}
	}
}

func keyOf(t *testing.T, provider string, req *http.Request) string {
	t.Helper()
	path := req.URL.Path
	if provider == "gcp" {
		key, ok := strings.CutPrefix(path, "/storage/v1/b/proof-bucket/o/")
		if !ok {
			t.Errorf("%s is no path of an object", path)
		}
		return key
	}
	return presignedKeyOf(provider, req)
}

func presignedKeyOf(provider string, req *http.Request) string {
	if provider == "aws" || provider == "coreweave" {
		return strings.TrimPrefix(req.URL.Path, "/")
	}
	return strings.TrimPrefix(req.URL.Path, "/proof-bucket/")
}

func TestUploadIsOneRequestOfKnownLength(t *testing.T) {
	for _, p := range allProviders {
		r := &recorder{answer: func(req *http.Request) *http.Response {
			status := 200
			if p == "azure" {
				status = 201
			}
			return answering(status, nil, "{}")(req)
		}}
		b := open(t, p, "", r.client())
		if _, err := b.Put(t.Context(), "run/key", []byte("the body"), "text/plain"); err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		if len(r.requests) != 1 {
			t.Errorf("%s: %d requests, want 1", p, len(r.requests))
		}
		req := r.requests[0]
		if req.ContentLength != int64(len(r.bodies[0])) || !strings.Contains(string(r.bodies[0]), "the body") {
			t.Errorf("%s: length %d of a body of %d bytes", p, req.ContentLength, len(r.bodies[0]))
		}
		for name := range req.Header {
			if l := strings.ToLower(name); strings.Contains(l, "checksum") || l == "expect" || l == "x-amz-trailer" {
				t.Errorf("%s: header %s was not asked for", p, name)
			}
		}
	}
}
