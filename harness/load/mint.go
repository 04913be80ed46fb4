package load

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/reference/signing"
)

// Lifetimes that W&B gives its URLs (Pre-signed URLs, "Pre-signed URL", 2026-08; wandb client, artifact downloader).
const (
	reading = time.Hour
	writing = 24 * time.Hour
)

func lifetime(method string) time.Duration {
	if method == http.MethodPut {
		return writing
	}
	return reading
}

// SDK mints by the provider's own SDK.
type SDK struct{ Presigner bucket.Presigner }

// Mint implements Minter.
func (m SDK) Mint(ctx context.Context, method, key string, query url.Values) (URL, error) {
	p, err := m.Presigner.Presign(ctx, bucket.PresignRequest{Method: method, Key: key, Lifetime: lifetime(method), Query: query})
	if err != nil {
		return URL{}, err
	}
	return URL{URL: p.URL, Header: p.Header}, nil
}

// Signer mints by the reference's own signer of S3 URLs, path style.
type Signer struct {
	S3     *signing.S3Signer
	Host   string
	HTTP   bool
	Bucket string
}

// Mint implements Minter.
func (m Signer) Mint(_ context.Context, method, key string, query url.Values) (URL, error) {
	s, err := m.S3.Sign(signing.Request{Method: method, Host: m.Host, HTTP: m.HTTP, Bucket: m.Bucket, Key: key, Query: query, At: time.Now(), Lifetime: lifetime(method)})
	if err != nil {
		return URL{}, fmt.Errorf("mint: %w", err)
	}
	return URL{URL: s.URL}, nil
}
