package signing

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Key is a key that signs or verifies: a *SecretKey, *RSAKey or *AzureKey. No key prints its content.
type Key interface {
	fmt.Formatter
	key()
}

// SecretKey is the secret half of an S3 or GCS HMAC key pair. It keeps the keys derived from it, one a day, region and
// service, so that a URL costs one HMAC instead of five.
type SecretKey struct {
	secret, token string
	mu            sync.RWMutex
	derived       map[scope][sha256.Size]byte
}

type scope struct {
	prefix          string
	day             int32
	region, service string
}

// derivedMost bounds the cache: a verifier derives for whatever scope a request names.
const derivedMost = 64

// AnyToken stands for a session token that the verifier does not know: a URL may then carry any, or none. The token is
// signed all the same.
const AnyToken = "*"

// NewSecretKey wraps a secret access key and, for temporary credentials, its session token ("" for none).
func NewSecretKey(secret, sessionToken string) *SecretKey {
	return &SecretKey{secret: secret, token: sessionToken, derived: map[scope][sha256.Size]byte{}}
}

func (*SecretKey) key() {}

// Format prints nothing of the key.
func (*SecretKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted secret key]") }

// mac signs a string-to-sign by the key derived for a scope.
func (k *SecretKey) mac(d *dialect, day, region, service string, text []byte) [sha256.Size]byte {
	key := k.derive(d, day, region, service)
	return mac(key[:], text)
}

// derive is "Calculate the signature" of Signature Version 4: the date, region, service and terminator, each signed by
// what the one before gave.
func (k *SecretKey) derive(d *dialect, day, region, service string) [sha256.Size]byte {
	n, ok := dayNumber(day)
	s := scope{d.secretPrefix, n, region, service}
	if ok {
		k.mu.RLock()
		got, hit := k.derived[s]
		k.mu.RUnlock()
		if hit {
			return got
		}
	}
	b := mac([]byte(d.secretPrefix+k.secret), day)
	b = mac(b[:], region)
	b = mac(b[:], service)
	b = mac(b[:], d.terminator)
	if ok {
		k.mu.Lock()
		if len(k.derived) >= derivedMost {
			clear(k.derived)
		}
		k.derived[s] = b
		k.mu.Unlock()
	}
	return b
}

func dayNumber(s string) (int32, bool) {
	if len(s) != 8 {
		return 0, false
	}
	var n int32
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int32(s[i]-'0')
	}
	return n, true
}

// RSAKey is a service account's key: both halves, or for verifying only the public one.
type RSAKey struct {
	public  *rsa.PublicKey
	private *rsa.PrivateKey
}

var errPEM = errors.New("not a PEM block with an RSA key")

// ParseRSAKey reads a PEM private key (PKCS #8, as in a service account's file, or PKCS #1), public key or certificate.
// Its errors show nothing of the input.
func ParseRSAKey(pemText []byte) (*RSAKey, error) {
	block, _ := pem.Decode(pemText)
	if block == nil {
		return nil, errPEM
	}
	if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if r, ok := k.(*rsa.PrivateKey); ok {
			return &RSAKey{&r.PublicKey, r}, nil
		}
	}
	if r, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return &RSAKey{&r.PublicKey, r}, nil
	}
	if k, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		if r, ok := k.(*rsa.PublicKey); ok {
			return &RSAKey{public: r}, nil
		}
	}
	if r, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return &RSAKey{public: r}, nil
	}
	if c, err := x509.ParseCertificate(block.Bytes); err == nil {
		if r, ok := c.PublicKey.(*rsa.PublicKey); ok {
			return &RSAKey{public: r}, nil
		}
	}
	return nil, errPEM
}

// NewRSAKey wraps a public key, for verifying.
func NewRSAKey(k *rsa.PublicKey) *RSAKey { return &RSAKey{public: k} }

func (*RSAKey) key() {}

// Format prints nothing of the key.
func (*RSAKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted RSA key]") }

// AzureKey is an account key, or the value of a user delegation key, decoded once.
type AzureKey struct{ secret []byte }

// NewAzureKey decodes a key as the portal and the service give it: standard base64. Its error shows nothing of it.
func NewAzureKey(encoded string) (*AzureKey, error) {
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(b) == 0 {
		return nil, errors.New("an Azure key is standard base64 with padding, and not empty; this one is not")
	}
	return &AzureKey{b}, nil
}

func (*AzureKey) key() {}

// Format prints nothing of the key.
func (*AzureKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted Azure key]") }

// sign returns the signature of a string-to-sign in base64.
func (k *AzureKey) sign(text []byte) string {
	sum := mac(k.secret, text)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// made says in constant time whether this key made a signature, which must be spelled as base64 spells it.
func (k *AzureKey) made(text []byte, signature string) bool {
	sum := mac(k.secret, text)
	var want, got [(sha256.Size + 2) / 3 * 4]byte
	base64.StdEncoding.Encode(want[:], sum[:])
	return len(signature) == len(got) && copy(got[:], signature) == len(got) && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// signBytes signs as GCS wants it: RSASSA-PKCS1-v1_5 over SHA-256 ("V4 signing process", Cloud Storage documentation).
func (k *RSAKey) signBytes(text []byte) ([]byte, error) {
	sum := sha256.Sum256(text)
	return rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, sum[:])
}

// mac is HMAC-SHA256 (RFC 2104) on the stack: crypto/hmac's New costs several allocations and more time than the hashing
// itself. A test compares it with crypto/hmac.
func mac[T string | []byte](key []byte, message T) [sha256.Size]byte {
	var space [sha256.BlockSize + 1024]byte
	var block [sha256.BlockSize]byte
	if len(key) > len(block) {
		sum := sha256.Sum256(key)
		copy(block[:], sum[:])
	} else {
		copy(block[:], key)
	}
	for i, b := range block {
		space[i] = b ^ 0x36
	}
	inner := sha256.Sum256(append(space[:sha256.BlockSize], message...))
	for i, b := range block {
		space[i] = b ^ 0x5c
	}
	return sha256.Sum256(append(space[:sha256.BlockSize], inner[:]...))
}
