package signing

import (
	"errors"
	"fmt"
	"strings"
)

// S3Signer mints S3 URLs with one key pair, in one region. It may be used concurrently.
type S3Signer struct{ mint v4Mint }

// NewS3Signer takes an access key ID, its secret key and the region of the credential scope. The service is s3.
func NewS3Signer(id string, key *SecretKey, region string) (*S3Signer, error) {
	return newS3Signer(id, key, region, s3Dialect.service)
}

// NewServiceSigner is NewS3Signer for another service that takes unsigned payloads.
func NewServiceSigner(id string, key *SecretKey, region, service string) (*S3Signer, error) {
	return newS3Signer(id, key, region, service)
}

func newS3Signer(id string, key *SecretKey, region, service string) (*S3Signer, error) {
	if id == "" || key == nil || key.secret == "" || key.token == AnyToken || region == "" || service == "" {
		return nil, errors.New("an S3 signer needs an access key ID, a secret key, a region and a service")
	}
	if strings.Contains(region, "/") || strings.Contains(service, "/") {
		return nil, fmt.Errorf("region %q and service %q must hold no slash", region, service)
	}
	return &S3Signer{v4Mint{d: &s3Dialect, algorithm: s3Dialect.hmac, id: id, token: key.token, region: region, service: service, secret: key}}, nil
}

// Sign mints the URL.
func (s *S3Signer) Sign(r Request) (*Signed, error) { return s.mint.sign(&r) }

// VerifyS3 judges a request by S3's rules: Signature Version 4 in the query, payload unsigned, paths encoded once and
// never normalised, every x-amz- header signed.
func VerifyS3(in Input) *Verdict { return verifyV4(&s3Dialect, &in) }
