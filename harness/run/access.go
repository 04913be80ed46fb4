package run

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/reference/address"
)

// Region is the region that requests are signed for (S3 family): the address's, or the SDK's default.
func (s *Subject) Region() string {
	if s.Address.Region != "" {
		return s.Address.Region
	}
	return "us-east-1"
}

// ShownRegion is Region as it may be shown.
func (s *Subject) ShownRegion() string {
	if s.Address.Region != "" {
		return s.Address.ShownRegion()
	}
	return s.Region()
}

// BucketHost is the host[:port] that requests for objects go to; it is the service's own where the bucket is in the path.
func (s *Subject) BucketHost() string {
	if s.hasStyle() && !s.PathStyle() {
		return s.Address.Bucket + "." + s.Service.Host
	}
	return s.Service.Host
}

// PathStyle reports whether the bucket is in the path of a URL.
func (s *Subject) PathStyle() bool { return !s.hasStyle() || s.Address.PathStyle }

// hasStyle reports whether the provider has two addressing styles.
func (s *Subject) hasStyle() bool {
	return s.Address.Provider != address.GCP && s.Address.Provider != address.Azure
}

// OtherStyle is the same bucket by the other addressing style, nil where there is none.
func (s *Subject) OtherStyle(ctx context.Context) (*bucket.Bucket, error) {
	if !s.hasStyle() {
		return nil, nil
	}
	a := *s.Address
	a.PathStyle = !a.PathStyle
	if a.Provider == address.CoreWeave {
		a.Provider = address.S3Compatible // the same language, without CoreWeave's own insistence on one style
	}
	o := s.open
	o.HTTP, o.Endpoint = s.Wire.Client(), s.Service.String()
	return bucket.Open(ctx, &a, o)
}

// StyleAdvice says how the addressing style is changed.
func (s *Subject) StyleAdvice() string {
	switch {
	case s.Address.Provider == address.CoreWeave:
		return "CoreWeave serves buckets by virtual-hosted style only: let DNS and certificate cover <bucket>." + s.Service.Hostname()
	case s.PathStyle():
		return "W&B uses path style for any endpoint that is named in the address: let the endpoint serve path style, or add forcePathStyle=false"
	}
	return "add forcePathStyle=true to the address, or let the endpoint serve virtual-hosted style"
}

// ErrNoSecret says that the address holds no credentials.
var ErrNoSecret = errors.New("the address holds no credentials")

// WrongSecret is the same bucket with the same key ID and a secret that is not its own: what it is answered shows whether
// the store looks at signatures at all.
func (s *Subject) WrongSecret(ctx context.Context) (*bucket.Bucket, error) {
	if !s.Address.HasCredentials() {
		return nil, ErrNoSecret
	}
	a := *s.Address
	sum := sha256.Sum256([]byte("not the secret\x00" + a.Credentials.Secret.Reveal()))
	switch a.Provider {
	case address.GCP:
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		a.Credentials.Secret = address.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	case address.Azure:
		a.Credentials.Secret = address.NewSecret(base64.StdEncoding.EncodeToString(append(sum[:], sum[:]...)))
	default:
		a.Credentials.Secret = address.NewSecret(base64.RawURLEncoding.EncodeToString(sum[:30]))
	}
	return s.reopen(ctx, &a)
}

// Reopen is the same bucket by the same credentials, with options changed: another endpoint to sign for, another time to
// sign at. It goes through the same guard.
func (s *Subject) Reopen(ctx context.Context, change func(*bucket.Options)) (*bucket.Bucket, error) {
	o := s.open
	change(&o)
	o.HTTP = s.Wire.Client()
	return bucket.Open(ctx, s.Address, o)
}

// Named is a bucket of another name at the same service, by the same credentials: to sign for. It goes through the same
// guard, which lets nothing be written there.
func (s *Subject) Named(ctx context.Context, name string) (*bucket.Bucket, error) {
	a := *s.Address
	a.Bucket = name
	return s.reopen(ctx, &a)
}

func (s *Subject) reopen(ctx context.Context, a *address.Address) (*bucket.Bucket, error) {
	o := s.open
	o.HTTP = s.Wire.Client()
	return bucket.Open(ctx, a, o)
}
