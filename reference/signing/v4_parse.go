package signing

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

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
	at, ok := parseStamp(date)
	if !ok {
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

// parseStamp reads a time as v4Time has it: 16 characters, and a date and time that exist.
func parseStamp(s string) (time.Time, bool) {
	if len(s) != len(v4Time) {
		return time.Time{}, false
	}
	at := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	t := time.Date(at(0)*100+at(2), time.Month(at(4)), at(6), at(9), at(11), at(13), 0, time.UTC)
	var space [len(v4Time)]byte
	return t, string(appendStamp(space[:0], t)) == s
}
