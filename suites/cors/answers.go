package cors

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// body is what is stored: nothing hangs on it.
const body = "shared"

// mint makes a pre-signed URL, and the header fields that belong to it.
func (l *live) mint(ctx context.Context, t *run.T, method, key string) *bucket.Presigned {
	r := bucket.PresignRequest{Method: method, Key: key, Lifetime: urls.Lifetime(method)}
	if method == http.MethodPut {
		sum := md5.Sum([]byte(body))
		r.Header = http.Header{"Content-Type": {"application/octet-stream"}, "Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}}
	}
	p, err := l.s.Bucket.Presign(ctx, r)
	if err != nil {
		t.Errorf("no pre-signed URL could be made: %s", bucket.Classify("presign", err))
	}
	if p.Header = p.Header.Clone(); p.Header == nil {
		p.Header = http.Header{}
	}
	for name, values := range r.Header {
		p.Header[name] = slices.Clone(values)
	}
	p.Header.Del("Content-Length") // net/http writes it
	return p
}

func (l *live) send(ctx context.Context, t *run.T, method, url string, header http.Header, content []byte) run.Answer {
	var r io.Reader = http.NoBody
	if len(content) > 0 {
		r = bytes.NewReader(content)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, r)
	if err != nil {
		t.Errorf("the pre-signed URL is no URL")
	}
	req.Header = header.Clone()
	return t.Do(l.s.Wire.Client(), req)
}

// ask sends the preflight that a browser sends before a request to a URL: the same URL, no credentials, and of the header
// fields the names, sorted (Fetch Standard, 4.8 CORS-preflight fetch).
func (l *live) ask(ctx context.Context, t *run.T, url string, q cors.Request) cors.Answer {
	h := http.Header{"Origin": {q.Origin}, "Access-Control-Request-Method": {q.Method}, "Accept": {"*/*"}}
	if len(q.Headers) > 0 {
		h.Set("Access-Control-Request-Headers", strings.Join(slices.Sorted(slices.Values(q.Headers)), ","))
	}
	a := l.send(ctx, t, http.MethodOptions, url, h, nil)
	return cors.Answer{Status: a.Status, Header: a.Header}
}

// request is what a page on an origin wants to send.
func (l *live) request(origin, method string) cors.Request {
	return cors.Request{Origin: origin, Method: method, Headers: cors.Headers(l.s.Profile, method)}
}

func (l *live) preflights(ctx context.Context, t *run.T) {
	origin := l.origin(ctx, t)
	for _, method := range cors.Methods {
		q := l.request(origin, method)
		a := l.ask(ctx, t, l.mint(ctx, t, method, l.s.Key("BYOB-CORS-007", "object.bin")).URL, q)
		ok, why := a.Passes(q)
		if !ok {
			l.advise(ctx, t)
		}
		t.True(fmt.Sprintf("the preflight of %s from %s%s", method, origin, with(q.Headers)), "passes", ok, orPasses(a, why))
	}
}

func with(headers []string) string {
	if len(headers) == 0 {
		return ""
	}
	return " with " + strings.Join(headers, ", ")
}

func orPasses(a cors.Answer, why string) string {
	if why == "" {
		return fmt.Sprintf("it passes (%d)", a.Status)
	}
	return why
}

func (l *live) answers(ctx context.Context, t *run.T) {
	origin := l.origin(ctx, t)
	stored := l.plant(ctx, t, "BYOB-CORS-008")
	for _, method := range cors.Methods {
		key, content := stored, []byte(nil)
		if method == http.MethodPut {
			key, content = l.s.Key("BYOB-CORS-008", "put.bin"), []byte(body)
		}
		p := l.mint(ctx, t, method, key)
		a := l.shared(ctx, t, p, origin, content)
		ok, why := a.AllowsOrigin(origin)
		if !ok {
			l.advise(ctx, t)
		}
		t.True(fmt.Sprintf("the answer to %s from %s", method, origin), "Access-Control-Allow-Origin is this origin, or *", ok, orAllowed(a, why))
		if ok = a.Exposes("ETag"); !ok {
			l.advise(ctx, t)
		}
		t.True(fmt.Sprintf("the answer to %s from %s", method, origin), "Access-Control-Expose-Headers has ETag", ok, exposed(a))
	}
}

// shared sends a request as a page on an origin does. One that is refused shows no rule: unless it is refused for its origin.
func (l *live) shared(ctx context.Context, t *run.T, p *bucket.Presigned, origin string, content []byte) cors.Answer {
	h := p.Header.Clone()
	h.Set("Origin", origin)
	a := l.send(ctx, t, p.Method, p.URL, h, content)
	if a.Status >= 200 && a.Status <= 299 {
		return cors.Answer{Status: a.Status, Header: a.Header}
	}
	bare := l.send(ctx, t, p.Method, p.URL, p.Header, content)
	t.Observe("%s by pre-signed URL without an Origin: %s", p.Method, bare)
	if bare.Status >= 200 && bare.Status <= 299 {
		t.Fail(fmt.Sprintf("%s from %s is answered as it is without an Origin: %s", p.Method, origin, bare), a.String())
	}
	t.Errorf("%s by pre-signed URL is refused, whoever asks: %s", p.Method, a)
	return cors.Answer{}
}

// plant stores an object by the SDK and returns its key.
func (l *live) plant(ctx context.Context, t *run.T, requirement string) string {
	key := l.s.Key(requirement, "object.bin")
	if _, err := l.s.Bucket.Put(ctx, key, []byte(body), "application/octet-stream"); err != nil {
		t.OK("the SDK stores an object", err)
	}
	return key
}

func orAllowed(a cors.Answer, why string) string {
	if why == "" {
		return "it is " + a.Header.Get("Access-Control-Allow-Origin")
	}
	return why
}

func exposed(a cors.Answer) string {
	if values := a.Header.Values("Access-Control-Expose-Headers"); len(values) > 0 {
		return "it has " + strings.Join(values, ", ")
	}
	return "the answer has no Access-Control-Expose-Headers"
}

// strangers looks what the rules say of foreign origins, and what the store answers them beside the front end's.
func (l *live) strangers(ctx context.Context, t *run.T) {
	t.Findings(l.findings(ctx, t), "BYOB-CORS-009") // ends the check unless origins are named, and none too widely
	origin := l.origin(ctx, t)
	stored := l.plant(ctx, t, "BYOB-CORS-009")
	put, get := l.mint(ctx, t, http.MethodPut, stored), l.mint(ctx, t, http.MethodGet, stored)
	preflight := func(from string) (string, bool) {
		q := l.request(from, http.MethodPut)
		a := l.ask(ctx, t, put.URL, q)
		ok, why := a.Passes(q)
		return orPasses(a, why), ok
	}
	answer := func(from string) (string, bool) {
		a := l.shared(ctx, t, get, from, nil)
		ok, why := a.AllowsOrigin(from)
		return orAllowed(a, why), ok
	}
	refused := func(see func(string) (string, bool), from string) func() (string, bool) {
		return func() (string, bool) {
			actual, allowed := see(from)
			if allowed {
				l.advise(ctx, t)
			}
			return actual, !allowed
		}
	}
	for _, from := range cors.Foreign(origin) {
		t.DeniedBy("the preflight of PUT from the foreign origin "+from, "refused", func() (string, bool) { return preflight(origin) }, refused(preflight, from))
		t.DeniedBy("the answer to GET for the foreign origin "+from, "not shared", func() (string, bool) { return answer(origin) }, refused(answer, from))
	}
}
