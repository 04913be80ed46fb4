package signing

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// v4 is a V4 request taken apart.
type v4 struct {
	a         attempt
	in        *Input
	signature string
	host2     string // another spelling of Host, "" if none
	path2     string // the path as sent, where that is not canonical, "" if it is
	at        time.Time
	lifetime  time.Duration
	style     Style
	readable  bool // the parameters could be read: there is something to look into further
}

// verifyV4 takes the stages in their order and stops at the first that fails.
func verifyV4(d *dialect, in *Input) *Verdict {
	v := &Verdict{}
	r := v4{in: in, a: attempt{d: d}}
	if !r.parse(v) || !r.scope(v) || !r.expiry(v) || !r.headers(v) {
		return v
	}
	return r.check(v)
}

// scope is the stage "date and scope".
func (r *v4) scope(v *Verdict) bool {
	a, in := &r.a, r.in
	service := in.Service
	if service == "" {
		service = a.d.service
	}
	switch {
	case a.time[:8] != a.day:
		v.refuse(StageScope, CauseScope, a.d.credential, "the URL is dated %s, but its credential scope says %s: one of the two was edited", a.time, a.day)
	case service != AnyService && a.service != service:
		v.refuse(StageScope, CauseService, a.d.credential, "the URL is signed for the service %s, this is %s", clip(a.service), service)
	case in.Region != "" && a.region != in.Region:
		v.refuse(StageScope, CauseRegion, a.d.credential, "the URL is signed for the region %s, but the bucket is in %s; set the region where the URL is minted", clip(a.region), in.Region)
	default:
		return true
	}
	return false
}

// expiry is the stage "expiry".
func (r *v4) expiry(v *Verdict) bool {
	now := r.in.Time
	switch {
	case v.Cause == CauseLifetime:
		return false
	case now.Before(r.at.Add(-Skew)):
		v.refuse(StageExpiry, CauseFuture, r.a.d.date, "the URL is dated %s, %s ahead of this clock (%s; 15 minutes are allowed): the clock that minted it is fast, or this one is slow",
			stamp(r.at), span(r.at.Sub(now)), stamp(now))
	case now.After(v.Claim.Until):
		v.refuse(StageExpiry, CauseExpired, r.a.d.expires, "the URL expired at %s, %s ago (it lived %s from %s); mint a new one, and if it was just minted, compare the clocks",
			stamp(v.Claim.Until), span(now.Sub(v.Claim.Until)), span(r.lifetime), stamp(r.at))
	default:
		return true
	}
	return false
}

// headers is the part of the stage "canonical request" that needs no key: what is signed must be there, and what the
// provider reads must be signed.
func (r *v4) headers(v *Verdict) bool {
	d := r.a.d
	for _, name := range r.a.signed {
		if name == "host" {
			continue
		}
		if _, ok := headerValues(r.in.Header, name); !ok {
			v.refuse(StageCanonical, CauseHeaderMissing, name, "the header %s is signed, but the request came without it; the client must send it exactly as it was signed", clip(name))
			return false
		}
	}
	var extra []string
	for name, values := range r.in.Header {
		if len(name) >= len(d.headerPrefix) && strings.EqualFold(name[:len(d.headerPrefix)], d.headerPrefix) && !slices.Contains(r.a.signed, strings.ToLower(name)) {
			if strings.EqualFold(name, d.date) && len(values) == 1 && values[0] == r.a.time {
				continue // says again what the query says, which is signed: Amazon's published requests do
			}
			extra = append(extra, strings.ToLower(name))
		}
	}
	if extra != nil {
		slices.Sort(extra)
		v.refuse(StageCanonical, CauseHeaderUnsigned, extra[0], "the request carries %s, which is not signed; every %s header must be", clip(extra[0]), d.headerPrefix)
		return false
	}
	return true
}

// check computes the canonical request and the string-to-sign, and compares signatures.
func (r *v4) check(v *Verdict) *Verdict {
	var keys []Key
	if r.in.Keys != nil {
		keys = r.in.Keys(&v.Claim)
	}
	var canonicalSpace [2048]byte
	var stringSpace [256]byte
	a := r.a
	for i, host := range [2]string{r.a.host, r.host2} {
		for j, path := range [2]string{r.a.path, r.path2} {
			if host == "" && i > 0 || path == "" && j > 0 {
				continue
			}
			a.host, a.path = host, path
			canonical := a.appendCanonical(canonicalSpace[:0])
			text := a.appendString(stringSpace[:0], canonical)
			first := i == 0 && j == 0
			if first {
				v.CanonicalRequest, v.StringToSign = string(canonical), string(text)
			}
			for _, k := range keys {
				if !holds(k, &a, text, r.signature) {
					continue
				}
				if !first {
					v.CanonicalRequest, v.StringToSign = string(canonical), string(text)
				}
				if s, ok := k.(*SecretKey); ok && !r.token(s) {
					return v.refuse(StageSignature, CauseToken, a.d.token, "the signature holds, but the session token is not that of the credential: temporary credentials need theirs, permanent ones none")
				}
				return v.accept()
			}
		}
	}
	if len(keys) == 0 {
		return v.refuse(StageSignature, CauseKeyUnknown, a.d.credential, "no key is known for the credential %s, so the signature can't be checked: it was deleted, belongs to another account or store, or was edited", clip(v.Claim.CredentialID))
	}
	return v.refuse(StageSignature, CauseSignature, a.d.signature, "the signature is not the one this request would have: the URL or the request was changed after signing, or another secret key signed it")
}

// token compares the session token of the URL with the credential's.
func (r *v4) token(k *SecretKey) bool {
	token, _, _ := take(r.a.query, r.a.d.token)
	if k.token == AnyToken {
		return true
	}
	return subtle.ConstantTimeCompare([]byte(token), []byte(k.token)) == 1
}

// holds says in constant time whether a key made the signature; it must be in lower-case hex.
func holds(k Key, a *attempt, text []byte, signature string) bool {
	switch k := k.(type) {
	case *SecretKey:
		if a.algorithm != a.d.hmac {
			return false
		}
		sum := k.mac(a.d, a.day, a.region, a.service, text)
		var want [2 * sha256.Size]byte
		hex.Encode(want[:], sum[:])
		return subtle.ConstantTimeCompare(want[:], []byte(signature)) == 1
	case *RSAKey:
		if a.d.rsa == "" || a.algorithm != a.d.rsa || strings.ToLower(signature) != signature {
			return false
		}
		raw, err := hex.DecodeString(signature)
		if err != nil {
			return false
		}
		sum := sha256.Sum256(text)
		return rsa.VerifyPKCS1v15(k.public, crypto.SHA256, sum[:], raw) == nil
	}
	return false
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// span words a duration to the second.
func span(d time.Duration) string {
	if d < time.Second {
		return "less than a second"
	}
	return d.Truncate(time.Second).String()
}

// clip quotes what came from outside, at most 80 bytes of it.
func clip(s string) string {
	if len(s) > 80 {
		return strconv.Quote(s[:80]) + "..."
	}
	return strconv.Quote(s)
}
