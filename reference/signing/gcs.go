package signing

import (
	"errors"
	"strings"
)

// GCSSigner mints GCS V4 URLs with one key. It may be used concurrently.
type GCSSigner struct{ mint v4Mint }

// NewGCSSigner takes a service account's e-mail address and private key.
func NewGCSSigner(email string, key *RSAKey) (*GCSSigner, error) {
	if key == nil || key.private == nil {
		return nil, errors.New("a GCS signer needs a private key")
	}
	return NewGCSSignerFunc(email, key.signBytes)
}

// NewGCSSignerFunc signs by a function, such as IAM's signBlob: given the string-to-sign, it returns the signature
// (RSASSA-PKCS1-v1_5 with SHA-256) of the service account.
func NewGCSSignerFunc(email string, signBytes func([]byte) ([]byte, error)) (*GCSSigner, error) {
	if email == "" || signBytes == nil {
		return nil, errors.New("a GCS signer needs a service account's e-mail address and its key")
	}
	d := &gcsDialect
	return &GCSSigner{v4Mint{d: d, algorithm: d.rsa, id: email, region: d.region, service: d.service,
		signBytes: signBytes}}, nil
}

// NewGCSHMACSigner takes an HMAC key of a service or user account, and the bucket's location or "auto".
func NewGCSHMACSigner(id string, key *SecretKey, location string) (*GCSSigner, error) {
	if id == "" || key == nil || key.secret == "" || location == "" || strings.Contains(location, "/") {
		return nil, errors.New("a GCS HMAC signer needs an access ID, a secret and a location without slashes")
	}
	d := &gcsDialect
	return &GCSSigner{v4Mint{d: d, algorithm: d.hmac, id: id, token: key.token, region: location, service: d.service, secret: key}}, nil
}

// Sign mints the URL.
func (s *GCSSigner) Sign(r Request) (*Signed, error) { return s.mint.sign(&r) }

// VerifyGCS judges a request by GCS's rules: V4 in the query by an RSA or HMAC key, headers with runs of white space
// made one space, every x-goog- header signed.
func VerifyGCS(in Input) *Verdict { return verifyV4(&gcsDialect, &in) }
