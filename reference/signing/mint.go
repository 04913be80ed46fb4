package signing

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Request is what an S3 or GCS URL is to be minted for.
type Request struct {
	Method string
	// Host is the host[:port] of the endpoint, without the bucket; for BucketBound the bucket's own.
	Host string
	// HTTP makes an http URL instead of https.
	HTTP  bool
	Style Style
	// Bucket and Key are as they are, not encoded. An empty key means the bucket itself, as for a listing.
	Bucket, Key string
	// Header is signed: the client must send the same values.
	Header http.Header
	// Query is signed too: uploadId, partNumber, X-User.
	Query url.Values
	// At is when the URL begins, whole seconds; Lifetime how long it lives: 1 second to MaxLifetime, whole seconds.
	At       time.Time
	Lifetime time.Duration
	// Overlong lets Lifetime exceed MaxLifetime: such a URL is only good for seeing that a store refuses it.
	Overlong bool
}

func (r *Request) check(d *dialect) error {
	switch {
	case r.Method == "" || strings.ToUpper(r.Method) != r.Method:
		return fmt.Errorf("method %q: want one in upper case", r.Method)
	case r.Host == "" || strings.ContainsAny(r.Host, "/?#@ \r\n\t"):
		return fmt.Errorf("host %q: want host[:port]", r.Host)
	case r.Bucket == "" && r.Style == VirtualHosted:
		return errors.New("no bucket, which a virtual-hosted URL needs")
	case strings.ContainsAny(r.Bucket, "/?#@: \r\n\t"):
		return fmt.Errorf("bucket %q: a bucket's name has none of / ? # @ : and spaces", r.Bucket)
	case r.At.IsZero() || r.At.Year() < 1 || r.At.Year() > 9999:
		return errors.New("no time of signing")
	case r.Lifetime < time.Second || r.Lifetime > MaxLifetime && !r.Overlong:
		return fmt.Errorf("lifetime %v: want 1 second to 7 days", r.Lifetime)
	case r.Lifetime%time.Second != 0:
		return fmt.Errorf("lifetime %v: want whole seconds", r.Lifetime)
	}
	if len(r.Query) == 0 && len(r.Header) == 0 {
		return nil // as most are: asking empty maps takes longer than all the rest
	}
	for name := range r.Query {
		if d.owns(name) {
			return fmt.Errorf("query parameter %q belongs to the signature", name)
		}
	}
	for name, values := range r.Header {
		if strings.EqualFold(name, "host") {
			return errors.New("header Host: give it in the field Host")
		}
		if strings.ContainsAny(name, "\r\n:; ") || name == "" || strings.ContainsAny(strings.Join(values, ""), "\r\n") {
			return fmt.Errorf("header %q: a name without : ; and spaces, and values of one line", name)
		}
	}
	return nil
}

// v4Mint signs requests, by a secret key or by a function that is given the string-to-sign.
type v4Mint struct {
	d         *dialect
	algorithm string
	id, token string
	region    string
	service   string
	secret    *SecretKey
	signBytes func([]byte) ([]byte, error)
}

func (m *v4Mint) sign(r *Request) (*Signed, error) {
	if err := r.check(m.d); err != nil {
		return nil, fmt.Errorf("mint a %s URL: %w", m.d.scheme, err)
	}
	var urlSpace, canonicalSpace [1536]byte
	var params [12]param
	at := r.At.UTC()
	at = at.Add(-time.Duration(at.Nanosecond()))
	var stampSpace [len(v4Time)]byte
	stamp := string(appendStamp(stampSpace[:0], at))
	a := attempt{d: m.d, method: r.Method, header: r.Header, time: stamp, day: stamp[:8], region: m.region,
		service: m.service, algorithm: m.algorithm, payload: Unsigned, signed: hostOnly, signedText: "host"}

	text := append(urlSpace[:0], "https://"...)
	if r.HTTP {
		text = append(urlSpace[:0], "http://"...)
	}
	host := len(text)
	if r.Style == VirtualHosted {
		text = append(append(text, r.Bucket...), '.')
	}
	text = append(text, r.Host...)
	hostEnd := len(text)
	text = append(text, '/')
	if r.Style == PathStyle {
		text = appendEscaped(text, r.Bucket, false)
		if r.Key != "" {
			text = append(text, '/')
		}
	}
	text = appendEscaped(text, r.Key, true)
	pathEnd := len(text)

	signedText := "host" // apart from a, so that nothing of a needs the heap
	if len(r.Header) > 0 {
		names := signedNames(r.Header)
		signedText = strings.Join(names, ";")
		a.signed, a.signedText = names, signedText
		if v, ok := headerValues(r.Header, m.d.payloadHeader); ok {
			a.payload = string(appendValues(nil, v, m.d.tabs))
		}
	}
	life := strconv.Itoa(int(r.Lifetime / time.Second))
	var space [512]byte
	enc := appendEscaped(space[:0], m.id, false)
	for _, part := range [...]string{a.day, m.region, m.service, m.d.terminator} {
		enc = appendEscaped(append(enc, "%2F"...), part, false)
	}
	query := append(params[:0], param{encName: m.d.algorithm, name: m.d.algorithm, encValue: m.algorithm},
		param{encName: m.d.credential, name: m.d.credential, encValue: string(enc)},
		param{encName: m.d.date, name: m.d.date, encValue: stamp},
		param{encName: m.d.expires, name: m.d.expires, encValue: life})
	if m.token != "" {
		query = append(query, newParam(m.d.token, m.token))
	}
	if len(r.Header) == 0 {
		query = append(query, param{encName: m.d.headers, name: m.d.headers, encValue: "host"})
	} else {
		query = append(query, newParam(m.d.headers, signedText))
	}
	a.query = query
	if len(r.Query) > 0 {
		all := append(make([]param, 0, len(query)+len(r.Query)), query...)
		for name, values := range r.Query {
			for _, v := range values {
				all = append(all, newParam(name, v))
			}
			if name == m.d.payload && len(values) == 1 && a.payload == Unsigned {
				a.payload = values[0]
			}
		}
		sortQuery(all, m.d)
		a.query = all
	}

	text = appendQuery(append(text, '?'), a.query)
	first, _ := hostNames(string(text[host:hostEnd]), !r.HTTP, m.d.hostWithoutPort)
	a.host = first
	a.path = string(text[hostEnd:pathEnd])
	canonical := a.appendCanonical(canonicalSpace[:0])
	var stringSpace [256]byte
	toSign := a.appendString(stringSpace[:0], canonical)
	text = append(append(append(text, '&'), m.d.signature...), '=')
	if m.secret != nil {
		sum := m.secret.mac(m.d, stamp[:8], m.region, m.service, toSign)
		text = hex.AppendEncode(text, sum[:])
	} else {
		sig, err := m.signBytes(bytes.Clone(toSign))
		if err != nil {
			return nil, fmt.Errorf("mint a %s URL: sign: %w", m.d.scheme, err)
		}
		text = hex.AppendEncode(text, sig)
	}
	s := &Signed{Method: r.Method, URL: string(text), Until: at.Add(r.Lifetime)}
	if len(r.Header) > 0 {
		s.Header = r.Header.Clone()
	}
	return s, nil
}

// appendStamp writes a time as v4Time has it.
func appendStamp(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	two := func(n int) { dst = append(dst, byte('0'+n/10), byte('0'+n%10)) }
	two(year / 100)
	two(year % 100)
	two(int(month))
	two(day)
	dst = append(dst, 'T')
	two(hour)
	two(minute)
	two(second)
	return append(dst, 'Z')
}
