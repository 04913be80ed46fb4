package onboarding

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"sync"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/reference/address"
)

// otherSecret is a secret in the right form that opens nothing.
func otherSecret(a *address.Address) string {
	switch a.Provider {
	case address.GCP:
		return strangeKey()
	case address.Azure:
		sum := sha512.Sum512([]byte("not the key\x00" + a.Credentials.Secret.Reveal()))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	secret := []byte(a.Credentials.Secret.Reveal())
	return strings.Repeat("x", len(secret))
}

// strangeKey is an RSA key that no service account has; one serves for a process, since making it takes long.
var strangeKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return ""
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

func problemOf(err error) (*driver.Error, bool) {
	var e *driver.Error
	ok := errors.As(err, &e)
	return e, ok
}
