package certificate

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// The PEM types of keys (RFC 7468): PKCS #8 and SubjectPublicKeyInfo.
const (
	privateType = "PRIVATE KEY"
	publicType  = "PUBLIC KEY"
)

// PublicKey verifies certificates.
type PublicKey struct {
	key ed25519.PublicKey
	id  string
}

// PrivateKey signs certificates. It prints as its public half's ID.
type PrivateKey struct {
	key    ed25519.PrivateKey
	public PublicKey
}

var (
	_ dsse.Signer   = PrivateKey{}
	_ dsse.Verifier = PublicKey{}
)

// NewKey makes a key pair and returns both halves as PEM. The first is a secret.
func NewKey() (private, public []byte, id string, err error) {
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, nil, "", fmt.Errorf("making a key: %w", err)
	}
	p, err := newPublic(pub)
	if err != nil {
		return nil, nil, "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, "", fmt.Errorf("encoding a private key: %w", err)
	}
	pubDER, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, nil, "", fmt.Errorf("encoding a public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateType, Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: publicType, Bytes: pubDER}), p.id, nil
}

// ReadPrivateKey reads an ed25519 key in PEM (PKCS #8). No error repeats what was read.
func ReadPrivateKey(text []byte) (PrivateKey, error) {
	der, err := only(text, privateType, "a private key")
	if err != nil {
		return PrivateKey{}, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return PrivateKey{}, errors.New("it is no ed25519 private key in PKCS #8")
	}
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return PrivateKey{}, errors.New("it has no ed25519 public half")
	}
	p, err := newPublic(pub)
	return PrivateKey{key, p}, err
}

// ReadPublicKey reads an ed25519 public key in PEM.
func ReadPublicKey(text []byte) (PublicKey, error) {
	der, err := only(text, publicType, "a public key")
	if err != nil {
		return PublicKey{}, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	key, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return PublicKey{}, errors.New("it is no ed25519 public key")
	}
	return newPublic(key)
}

// only returns what the one PEM block of a text holds.
func only(text []byte, kind, words string) ([]byte, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, fmt.Errorf("it is not %s in PEM, -----BEGIN %s-----", words, kind)
	case block.Type == privateType && kind == publicType:
		return nil, errors.New("it is a private key: the public half is wanted here, the file that ends in .pub")
	case block.Type == publicType && kind == privateType:
		return nil, errors.New("it is a public key, which can't sign")
	case block.Type != kind:
		return nil, fmt.Errorf("it is a PEM block of another kind, not %s", kind)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("something follows the key")
	case len(block.Headers) > 0, !bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN "+kind+"-----")),
		bytes.Count(text, []byte("-----BEGIN ")) != 1: // a damaged block is passed over, and the next one read
		return nil, errors.New("something stands before the key, or in it")
	}
	return block.Bytes, nil
}

func newPublic(key ed25519.PublicKey) (PublicKey, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("encoding a public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return PublicKey{key, hex.EncodeToString(sum[:])}, nil
}

// Public is the half that may be given away.
func (k PrivateKey) Public() PublicKey { return k.public }

// Sign signs (RFC 8032, Ed25519).
func (k PrivateKey) Sign(_ context.Context, data []byte) ([]byte, error) {
	if len(k.key) != ed25519.PrivateKeySize {
		return nil, errors.New("there is no key")
	}
	return ed25519.Sign(k.key, data), nil
}

// KeyID is the SHA-256 of the public key's SubjectPublicKeyInfo, in hex.
func (k PrivateKey) KeyID() (string, error) { return k.public.id, nil }

// String, GoString and Format never show the key.
func (k PrivateKey) String() string { return "the private key of " + k.public.id }

// GoString is for %#v.
func (k PrivateKey) GoString() string { return k.String() }

// Format shows the ID, whatever the verb.
func (k PrivateKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// Verify checks a signature.
func (k PublicKey) Verify(_ context.Context, data, sig []byte) error {
	if len(k.key) != ed25519.PublicKeySize || !ed25519.Verify(k.key, data, sig) {
		return errors.New("the signature is not this key's")
	}
	return nil
}

// KeyID is the SHA-256 of the key's SubjectPublicKeyInfo, in hex.
func (k PublicKey) KeyID() (string, error) { return k.id, nil }

// ID is KeyID without an error.
func (k PublicKey) ID() string { return k.id }

// Public is the key itself.
func (k PublicKey) Public() crypto.PublicKey { return k.key }
