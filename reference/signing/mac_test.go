package signing

import (
	"crypto/hmac"
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

func TestMACIsHMAC(t *testing.T) {
	d := rand.New(rand.NewPCG(9, 9))
	fill := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(d.Uint32())
		}
		return b
	}
	for i := range 2000 {
		key, message := fill(i%150), fill(d.IntN(3000))
		h := hmac.New(sha256.New, key)
		h.Write(message)
		if got := mac(key, message); !hmac.Equal(got[:], h.Sum(nil)) || got != mac(key, string(message)) {
			t.Fatalf("a key of %d and a message of %d bytes: not what crypto/hmac has", len(key), len(message))
		}
	}
}
