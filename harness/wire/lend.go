package wire

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
)

// Network says how names are reached.
func (t *Transport) Network() Network { return t.o.Network }

// Lend admits a request that another program sends, a browser with a pre-signed URL: the guard decides on it as on any
// other, it is counted and recorded, and the key that it writes is remembered. Nothing is sent. The function that it
// returns takes the answer that the other program was given; nil means that it was given none.
func (t *Transport) Lend(in *http.Request) (func(*http.Response), error) {
	rec := recorderOf(in.Context())
	if rec.sealed() {
		return nil, errSealed
	}
	req := in.Clone(in.Context())
	write, err := t.o.Guard.check(req)
	if err != nil {
		rec.refused(err)
		return nil, err
	}
	e, err := rec.begin(&entry{}, req, t.secrets)
	if err != nil {
		return nil, err
	}
	t.requests.Add(1)
	return func(resp *http.Response) {
		if resp == nil {
			e.write(func() { e.failure = "sent by another program, which was shown no answer" })
			e.end()
			return
		}
		if write != nil && success(resp) {
			write.done()
		}
		e.answer(resp)
		e.end()
	}, nil
}

// KeyOf is the SHA-256 of a certificate's public key in base64, as browsers pin it (RFC 7469, section 2.4).
func KeyOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
