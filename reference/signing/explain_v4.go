package signing

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"
)

// oracle answers whether a signature was made for an attempt.
type oracle struct {
	secrets   []*SecretKey
	publics   []*RSAKey
	signature string
	// digests are what was signed by RSA: unlike an HMAC, such a signature gives away the hash under it to whoever
	// has the public key, so that a try costs two hashes.
	digests [][sha256.Size]byte
	tries   int
}

func newOracle(keys []Key, a *attempt, signature string) *oracle {
	o := &oracle{signature: signature}
	for _, k := range keys {
		switch k := k.(type) {
		case *SecretKey:
			if a.algorithm == a.d.hmac {
				o.secrets = append(o.secrets, k)
			}
		case *RSAKey:
			if a.d.rsa != "" && a.algorithm == a.d.rsa {
				o.publics = append(o.publics, k)
				if d, ok := recoverDigest(k.public, signature); ok {
					o.digests = append(o.digests, d)
				}
			}
		}
	}
	return o
}

// sha256Prefix is the DER of a SHA-256 DigestInfo up to the digest (RFC 8017, section 9.2, note 1).
var sha256Prefix = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// recoverDigest undoes an RSASSA-PKCS1-v1_5 signature: public data by a public key.
func recoverDigest(k *rsa.PublicKey, signature string) (digest [sha256.Size]byte, ok bool) {
	raw, err := hex.DecodeString(strings.ToLower(signature))
	if err != nil || len(raw) != k.Size() || len(raw) < 62 {
		return digest, false
	}
	m := new(big.Int).Exp(new(big.Int).SetBytes(raw), big.NewInt(int64(k.E)), k.N).FillBytes(make([]byte, k.Size()))
	want := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, k.Size()-3-len(sha256Prefix)-sha256.Size)...)
	want = append(append(want, 0), sha256Prefix...)
	if !bytes.HasPrefix(m, want) {
		return digest, false
	}
	return [sha256.Size]byte(m[len(want):]), true
}

// made says whether the signature was made for this.
func (o *oracle) made(a *attempt) bool {
	o.tries++
	var canonicalSpace [2048]byte
	var stringSpace [256]byte
	text := a.appendString(stringSpace[:0], a.appendCanonical(canonicalSpace[:0]))
	for _, k := range o.secrets {
		sum := k.mac(a.d, a.day, a.region, a.service, text)
		var want [2 * sha256.Size]byte
		hex.Encode(want[:], sum[:])
		if string(want[:]) == o.signature {
			return true
		}
	}
	if len(o.digests) > 0 {
		sum := sha256.Sum256(text)
		for _, d := range o.digests {
			if d == sum {
				return true
			}
		}
	}
	return false
}

// explainV4 looks for what makes the signature wrong. before is what Verify found already.
func explainV4(d *dialect, in *Input, known Known, before Cause) []Finding {
	r := v4{in: in, a: attempt{d: d}}
	v := &Verdict{}
	r.parse(v)
	if !r.readable || in.Keys == nil {
		return nil
	}
	keys := in.Keys(&v.Claim)
	o := newOracle(keys, &r.a, r.signature)
	if len(o.secrets)+len(o.publics) == 0 {
		if len(keys) > 0 {
			return certain(StageSignature, CauseAlgorithm, d.algorithm, "the key of %s is not of the kind that %s needs", clip(v.Claim.CredentialID), r.a.algorithm)
		}
		return nil
	}
	if got := r.check(&Verdict{Claim: v.Claim}); got.OK || got.Cause == CauseToken {
		return nil // nothing but what Verify found
	}
	s := search{r: &r, o: o, known: known}
	for _, step := range []func() []Finding{s.shape, s.method, s.host, s.path, s.parameters, s.headers, s.scope, s.lifetime, s.date} {
		if found := step(); found != nil {
			return found
		}
	}
	if before != CauseSignature {
		return nil // the expiry, the region: what was found says enough, and no second reason is proven
	}
	if len(o.publics) > 0 && len(o.digests) == 0 {
		return []Finding{{StageSignature, CauseSecret, d.signature, true, "the signature was not made by the private key of " + clip(v.Claim.CredentialID) +
			": another key made it, or the signature itself was changed", remedy(CauseSecret)}}
	}
	rest := Finding{StageCanonical, CauseUnexplained, "", false, "no single change of method, host, style, encoding, header list, added parameter, region, date or lifetime explains it; what is left is another key, bucket or value of a parameter or header than was signed, or several changes at once", "name what the URL may have been minted for, so that it can be compared, or mint it anew and compare the two"}
	if len(o.digests) > 0 {
		rest.Certain = true
		rest.Sentence = "the signature was made by the right private key, but for another request: " + rest.Sentence[:strings.LastIndex(rest.Sentence, ", or several")] + ", or several of these"
		return []Finding{rest}
	}
	if id := credentialID(&r); d.scheme == S3 && strings.HasPrefix(id, "ASIA") && !v.Claim.SessionToken { // IAM User Guide, "IAM identifiers": temporary keys
		return []Finding{{StageCanonical, CauseToken, d.token, false, "the access key " + clip(id) + " is a temporary one, and the URL carries no session token: it was dropped, or never given to the signer", remedy(CauseToken)}, rest}
	}
	return []Finding{{StageSignature, CauseSecret, "", false, "the secret key that signed is most likely not the one the store has for " + clip(v.Claim.CredentialID) +
		": no single change to the request explains the signature", remedy(CauseSecret)}, rest}
}

// search tries changes to a request one after the other.
type search struct {
	r     *v4
	o     *oracle
	known Known
}

// with tries a changed attempt; the change is made to a copy whose query may be edited in place.
func (s *search) with(change func(a *attempt)) bool {
	a := s.r.a
	change(&a)
	return s.o.made(&a)
}

// shape looks at the signature itself.
func (s *search) shape() []Finding {
	name, sig, o := s.r.a.d.signature, s.r.signature, s.o
	length := 2 * sha256.Size
	if len(o.publics) > 0 {
		length = 2 * o.publics[0].public.Size()
	}
	if lower := strings.ToLower(sig); lower != sig && len(sig) == length {
		o.signature = lower
		if s.with(func(*attempt) {}) {
			return certain(StageSignature, CauseSignatureCase, name, "the signature is right but for its upper-case letters; it must stay in lower case")
		}
	}
	if len(sig) != length {
		return certain(StageSignature, CauseSignatureCut, name, "the signature has %d characters instead of %d: the URL was cut, or something was appended to it", len(sig), length)
	}
	for _, k := range o.secrets {
		var text [2048]byte
		sum := k.mac(s.r.a.d, s.r.a.day, s.r.a.region, s.r.a.service, s.r.a.appendString(nil, s.r.a.appendCanonical(text[:0])))
		if n := distance(sig, hex.EncodeToString(sum[:])); n <= 8 {
			return certain(StageSignature, CauseSignatureEdited, name, "the signature is right but for %d of its characters: it was edited or mistyped", n)
		}
	}
	if len(o.publics) > 0 && len(o.digests) == 0 {
		b := []byte(sig)
		for i, was := range b {
			for _, c := range []byte("0123456789abcdef") {
				if b[i] = c; c == was {
					continue
				}
				if holds(o.publics[0], &s.r.a, s.text(), string(b)) {
					return certain(StageSignature, CauseSignatureEdited, name, "the signature is right but for one of its characters: it was edited or mistyped")
				}
			}
			b[i] = was
		}
	}
	return nil
}

func (s *search) text() []byte {
	return s.r.a.appendString(nil, s.r.a.appendCanonical(nil))
}

func (s *search) method() []Finding {
	for _, m := range []string{"GET", "PUT", "HEAD", "POST", "DELETE", "PATCH", "OPTIONS"} {
		if m != s.r.a.method && s.with(func(a *attempt) { a.method = m }) {
			return certain(StageCanonical, CauseMethod, "", "the URL was minted for %s, and was used with %s", m, s.r.a.method)
		}
	}
	return nil
}
