package stores

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
)

// KeyRing makes the private keys of Google service accounts, each once, and keeps them in memory. The accounts of one Host have
// keys of their own; Hosts that share a ring, one after the other, find those of the Host before: an RSA key takes longer to
// make than everything else in a bucket. The zero value is an empty ring.
type KeyRing struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
}

// key is the key of a Host's nth account, counted from 0.
func (r *KeyRing) key(n int) (*rsa.PrivateKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.keys) <= n {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("make a service account's key: %w", err)
		}
		r.keys = append(r.keys, key)
	}
	return r.keys[n], nil
}
