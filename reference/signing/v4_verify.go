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

// parse is the stage "parameters".
func (r *v4) parse(v *Verdict) bool {
	d, in, c := r.a.d, r.in, &v.Claim
	c.Scheme, c.Method, c.Host = d.scheme, in.Method, in.Host
	c.Bucket, c.Key, r.style = locate(d, in)
	params, bad := parseQuery(in.RawQuery)
	if bad >= 0 {
		v.refuse(StageParameters, CauseMalformed, "", "the query holds a percent sign that is not followed by two hexadecimal digits; the URL was cut or retyped")
		return false
	}
	var got [6]string
	for i, name := range [...]string{d.algorithm, d.credential, d.date, d.expires, d.headers, d.signature} {
		value, times, _ := take(params, name)
		got[i] = value
		switch {
		case times == 0:
			v.refuse(StageParameters, CauseMissing, name, "the query has no %s: the URL was cut, or a proxy or mail program dropped it", name)
			return false
		case times > 1:
			v.refuse(StageParameters, CauseRepeated, name, "the query has %s %d times; which of them is meant is ambiguous", name, times)
			return false
		case value == "":
			v.refuse(StageParameters, CauseMissing, name, "%s is empty", name)
			return false
		}
	}
	_, times, _ := take(params, d.token)
	if times > 1 {
		v.refuse(StageParameters, CauseRepeated, d.token, "the query has %s %d times; which of them is meant is ambiguous", d.token, times)
		return false
	}
	c.SessionToken = times == 1
	c.Algorithm, r.signature = got[0], got[5]
	c.Requester, _, _ = take(params, "X-User")
	if c.Algorithm != d.hmac && (d.rsa == "" || c.Algorithm != d.rsa) {
		v.refuse(StageParameters, CauseAlgorithm, d.algorithm, "the algorithm %s is not one of %s", clip(c.Algorithm), strings.TrimSpace(d.hmac+" "+d.rsa))
		return false
	}
	if !r.credential(got[1], v) || !r.times(got[2], got[3], v) || !r.names(got[4], v) {
		return false
	}
	a := &r.a
	a.algorithm, a.method, a.header = c.Algorithm, in.Method, in.Header
	_, _, at := take(params, d.signature)
	a.query = slices.Delete(params, at, at+1)
	sortQuery(a.query, d)
	path, ok := canonicalPath(in.RawPath)
	if !ok {
		v.refuse(StageCanonical, CausePath, "", "the path holds a percent sign that is not followed by two hexadecimal digits")
		return false
	}
	if a.path = path; path != in.RawPath && in.RawPath != "" {
		r.path2 = in.RawPath
	}
	a.host, r.host2 = hostNames(in.Host, in.TLS, d.hostWithoutPort)
	a.payload = Unsigned
	if in.PayloadHash != "" {
		a.payload = in.PayloadHash
	} else if value, times, _ := take(params, d.payload); times == 1 && d.payload != "" {
		a.payload = value
	}
	if slices.Contains(a.signed, d.payloadHeader) {
		if values, ok := headerValues(in.Header, d.payloadHeader); ok {
			a.payload = string(appendValues(nil, values, d.tabs))
		}
	}
	c.Payload = a.payload
	r.readable = true
	return true
}

// credential reads ID/date/region/service/terminator; an ID may hold slashes.
func (r *v4) credential(text string, v *Verdict) bool {
	d, c := r.a.d, &v.Claim
	rest, terminator, ok1 := cutLast(text)
	rest, service, ok2 := cutLast(rest)
	rest, region, ok3 := cutLast(rest)
	id, day, ok4 := cutLast(rest)
	_, digits := dayNumber(day)
	if !ok1 || !ok2 || !ok3 || !ok4 || id == "" || terminator != d.terminator || !digits || region == "" || service == "" {
		v.refuse(StageParameters, CauseMalformed, d.credential, "%s is not ID/date/region/service/%s", d.credential, d.terminator)
		return false
	}
	c.CredentialID, c.Date, c.Region, c.Service = id, day, region, service
	r.a.day, r.a.region, r.a.service = day, region, service
	return true
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func (r *v4) times(date, expires string, v *Verdict) bool {
	d := r.a.d
	at, err := time.Parse(v4Time, date)
	if err != nil || len(date) != len(v4Time) {
		v.refuse(StageParameters, CauseMalformed, d.date, "%s %s is not a time like 20060102T150405Z", d.date, clip(date))
		return false
	}
	r.a.time, r.at, v.Claim.From = date, at, at
	digits := len(expires) <= 18
	for i := range len(expires) {
		digits = digits && '0' <= expires[i] && expires[i] <= '9'
	}
	if !digits {
		v.refuse(StageParameters, CauseMalformed, d.expires, "%s %s is not a number of seconds", d.expires, clip(expires))
		return false
	}
	n, _ := strconv.ParseInt(expires, 10, 64)
	if n > int64(MaxLifetime/time.Second) {
		v.refuse(StageParameters, CauseLifetime, d.expires, "the URL asks for %s seconds of life; the scheme allows at most 604800, 7 days", clip(expires))
	}
	// A URL that asks for too long is still worth looking into, so parsing goes on; expiry refuses it.
	r.lifetime = time.Duration(min(n, 1<<31)) * time.Second
	v.Claim.Until = at.Add(r.lifetime)
	return true
}

func (r *v4) names(text string, v *Verdict) bool {
	d := r.a.d
	names := strings.Split(text, ";")
	for i, n := range names {
		if n == "" || strings.ToLower(n) != n || i > 0 && names[i-1] >= n {
			v.refuse(StageParameters, CauseMalformed, d.headers, "%s must list header names in lower case, sorted, each once, separated by semicolons", d.headers)
			return false
		}
	}
	r.a.signed, r.a.signedText, v.Claim.SignedHeaders = names, text, names
	if !slices.Contains(names, "host") {
		v.refuse(StageCanonical, CauseHostUnsigned, "host", "host is not among the signed headers; the scheme requires it, or the URL would be good for any host")
		return false
	}
	return true
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
	for name := range r.in.Header {
		if len(name) >= len(d.headerPrefix) && strings.EqualFold(name[:len(d.headerPrefix)], d.headerPrefix) && !slices.Contains(r.a.signed, strings.ToLower(name)) {
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
			if i == 0 && j == 0 {
				v.CanonicalRequest, v.StringToSign = string(canonical), string(text)
			}
			for _, k := range keys {
				if !holds(k, &a, text, r.signature) {
					continue
				}
				v.CanonicalRequest, v.StringToSign = string(canonical), string(text)
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
