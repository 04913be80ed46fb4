package bucket_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/reference/address"
)

// The canaries are secrets that no error may show.
const (
	accessKey = "CANARYACCESSKEY00001"
	secretKey = "CaNaRy/Secret+Key0000000000000000000001="
	token     = "CANARY-session-token-0000000000000000001"
	account   = "proofaccount"
)

var (
	accountKey = base64.StdEncoding.EncodeToString([]byte("CANARY account key 0123456789 CANARY account key 0123456789 01234"))
	privateKey = sync.OnceValue(func() string {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			panic(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	})
)

// providers are one address a provider, as the parser makes it.
func addressOf(provider string) *address.Address {
	s3 := address.Credentials{ID: accessKey, Secret: address.NewSecret(secretKey)}
	switch provider {
	case "aws":
		return &address.Address{Provider: address.AWS, Bucket: "proof-bucket", Region: "eu-west-1", TLS: true, Credentials: s3}
	case "coreweave":
		return &address.Address{Provider: address.CoreWeave, Endpoint: "cwobject.com", Bucket: "proof-bucket", TLS: true, Credentials: s3}
	case "gcp":
		return &address.Address{Provider: address.GCP, Bucket: "proof-bucket", TLS: true,
			Credentials: address.Credentials{ID: "proof@project.iam.gserviceaccount.com", Secret: address.NewSecret(privateKey())}}
	case "azure":
		return &address.Address{Provider: address.Azure, Account: account, Bucket: "proof-bucket", TLS: true,
			Credentials: address.Credentials{Secret: address.NewSecret(accountKey)}}
	}
	return &address.Address{Provider: address.S3Compatible, Endpoint: "store.example:9000", Bucket: "proof-bucket", Region: "eu-west-1",
		TLS: true, PathStyle: true, Credentials: s3}
}

var allProviders = []string{"aws", "coreweave", "gcp", "azure", "s3-compatible"}

// open opens a provider's bucket, at endpoint unless that is "".
func open(t *testing.T, provider, endpoint string, client *http.Client) *bucket.Bucket {
	t.Helper()
	b, err := bucket.Open(t.Context(), addressOf(provider), bucket.Options{HTTP: client, Endpoint: endpoint})
	if err != nil {
		t.Fatalf("open %s: %v", provider, err)
	}
	return b
}

// recorder is a transport that answers itself and keeps what it was asked.
type recorder struct {
	mu       sync.Mutex
	requests []*http.Request
	bodies   [][]byte
	answer   func(*http.Request) *http.Response
	err      error
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, req)
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	r.bodies = append(r.bodies, body)
	if r.err != nil {
		return nil, r.err
	}
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}
	if r.answer != nil {
		resp = r.answer(req)
	}
	resp.Request = req
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	return resp, nil
}

func (r *recorder) client() *http.Client { return &http.Client{Transport: r} }

// answering makes a canned answer.
func answering(status int, header map[string]string, body string) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		h := http.Header{}
		if strings.HasPrefix(body, "<") {
			h.Set("Content-Type", "application/xml")
		}
		if strings.HasPrefix(body, "{") {
			h.Set("Content-Type", "application/json; charset=UTF-8")
		}
		for k, v := range header {
			h.Set(k, v)
		}
		if req.Method == http.MethodHead {
			return &http.Response{StatusCode: status, Header: h, Body: http.NoBody}
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body))}
	}
}

// calls is one call of every operation that sends a request.
func calls(b *bucket.Bucket) map[string]func(context.Context) error {
	m := map[string]func(context.Context) error{
		"put": func(ctx context.Context) error {
			_, err := b.Put(ctx, "run/key", []byte("body"), "text/plain")
			return err
		},
		"get":    func(ctx context.Context) error { _, _, err := b.Get(ctx, "run/key"); return err },
		"head":   func(ctx context.Context) error { _, err := b.Head(ctx, "run/key"); return err },
		"list":   func(ctx context.Context) error { _, err := b.List(ctx, "run/", 5); return err },
		"delete": func(ctx context.Context) error { return b.Delete(ctx, "run/key") },
		"exists": b.Exists,
		"versions": func(ctx context.Context) error {
			_, err := b.Versions(ctx, "run/")
			return err
		},
		"delete version": func(ctx context.Context) error { return b.DeleteVersion(ctx, "run/key", "1700000000000001") },
	}
	if b.Multipart != nil {
		m["create"] = func(ctx context.Context) error { _, err := b.Create(ctx, "run/key"); return err }
		m["complete"] = func(ctx context.Context) error {
			_, err := b.Complete(ctx, "run/key", "upload", []bucket.Part{{Number: 1, ETag: `"e"`}})
			return err
		}
		m["abort"] = func(ctx context.Context) error { return b.Abort(ctx, "run/key", "upload") }
		m["uploads"] = func(ctx context.Context) error { _, err := b.Uploads(ctx, "run/"); return err }
	}
	if b.Blocks != nil {
		m["upload blocks"] = func(ctx context.Context) error {
			p, err := b.Presign(ctx, bucket.PresignRequest{Method: "PUT", Key: "run/key", Lifetime: time.Hour})
			if err != nil {
				return err
			}
			return b.Upload(ctx, p.URL, []byte("body"), 4096)
		}
	}
	if b.Address.Provider != address.GCP && b.Address.Provider != address.Azure {
		m["location"] = func(ctx context.Context) error { _, err := b.Location(ctx); return err }
	}
	return m
}
