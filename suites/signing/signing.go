// Package signing proves that a bucket enforces pre-signed URLs (BYOB-SIGN): that they are accepted for what they were
// minted for, and refused for everything else. URLs come from the provider's own SDK and are used by a plain HTTP client;
// each abuse stands beside its positive control, and beside a look at what it would have changed. A store that was seen
// not to check signatures leaves all of it unverified, in its own words. Bodies are tiny, and what is looked at is looked
// at by the SDK, so that a mistake in moving bytes is not taken for one in signing.
package signing

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// Specs declares the family.
func Specs(s *run.Subject) {
	if s.Kind == run.KindConnector {
		connectorSpecs(s)
		return
	}
	needs := run.Needs(urls.Preflight()...)
	check := func(f func(context.Context, *run.T, *client)) func(context.Context, *run.T) {
		return func(ctx context.Context, t *run.T) { f(ctx, t, newClient(t, s)) }
	}
	run.It(s, "BYOB-SIGN-001", "URLs for GET, PUT, HEAD and DELETE do what they were minted for", check(accepted), needs, run.Costs(8, 1, 1<<10))
	run.It(s, "BYOB-SIGN-002", "a URL used with another method is refused, and changes nothing", check(otherMethod), needs, run.Costs(40, 2, 4<<10))
	run.It(s, "BYOB-SIGN-003", "a URL used for another object or bucket is refused, and changes nothing", check(otherObject), needs, run.Costs(90, 10, 4<<10))
	if !s.Is("azure") { // a SAS binds neither host nor headers
		run.It(s, "BYOB-SIGN-004", "a URL signed for another host is refused", check(otherHost), needs, run.Costs(12, 1, 2<<10))
		run.It(s, "BYOB-SIGN-005", "a signed header that is changed or missing is refused", check(signedHeaders), needs, run.Costs(36, 3, 4<<10))
	}
	run.It(s, "BYOB-SIGN-006", "a changed signature or parameter is refused", check(changed), needs, run.Costs(50, 1, 1<<10))
	run.It(s, "BYOB-SIGN-007", "a URL is accepted to the end of its life, and refused a second later", check(expired), needs, run.Costs(20, 1, 2<<10))
	if !s.Is("azure") { // only a user delegation SAS has scid
		run.It(s, "BYOB-SIGN-009", "the requester's name can't be changed or taken away", check(requester), needs, run.Costs(12, 1, 1<<10))
	}
	run.It(s, "BYOB-SIGN-010", "the URL without its query is refused, to read and to write", check(anonymous), needs, run.Costs(20, 1, 2<<10))
	run.It(s, "BYOB-SIGN-011", "a plain client needs no Authorization, and an SDK's extra parameters don't hinder it", check(plain), needs, run.Costs(8, 1, 1<<10))
	run.It(s, "BYOB-SIGN-012", "a URL dated in the future is refused", check(future), needs, run.Costs(8, 1, 1<<10))
}

// client is a plain HTTP client, and the provider's SDK to mint URLs and to look at what came of them.
type client struct {
	s    *run.Subject
	b    *bucket.Bucket
	http *http.Client
}

func newClient(t *run.T, s *run.Subject) *client {
	if s.Bucket == nil {
		t.Errorf("the bucket could not be opened")
	}
	return &client{s: s, b: s.Bucket, http: s.Wire.Client()}
}

// enforced ends the check where the store was seen not to enforce something, with what was seen.
func (c *client) enforced(t *run.T, what ...string) {
	for _, f := range c.s.Store.Fidelity {
		if f.Enforced == "no" && slices.Contains(what, f.What) {
			t.Unverified("this store does not enforce %s: %s", f.What, f.Seen)
		}
	}
}

// signed are the fidelities that every refusal of a signature stands on.
func (c *client) signed(t *run.T) { c.enforced(t, reports.FidelitySignatures) }

// minted is a pre-signed URL with the header fields that belong to it.
type minted struct {
	method string
	url    url.URL
	header http.Header
}

// with is the same URL with another query.
func (m minted) with(query string) minted {
	m.url.RawQuery = query
	return m
}

// at is the query of this URL under the address of another.
func (m minted) at(other minted) minted {
	query, header := m.url.RawQuery, m.header
	m.url = other.url
	m.url.RawQuery, m.header = query, header
	return m
}

// as is the same URL for another method.
func (m minted) as(method string) minted {
	m.method = method
	return m
}

// saying is the same URL with header fields set, or left out where the value is "".
func (m minted) saying(name, value string) minted {
	m.header = m.header.Clone()
	m.header.Del(name)
	if value != "" {
		m.header.Set(name, value)
	}
	return m
}

// mint makes a URL as the SDK does, with the lifetime that W&B would give it.
func (c *client) mint(ctx context.Context, t *run.T, method, key string) minted {
	return c.mintBy(ctx, t, c.b, bucket.PresignRequest{Method: method, Key: key})
}

func (c *client) mintBy(ctx context.Context, t *run.T, b *bucket.Bucket, r bucket.PresignRequest) minted {
	if r.Lifetime == 0 {
		r.Lifetime = urls.Lifetime(r.Method)
	}
	p, err := b.Presign(ctx, r)
	if err != nil {
		t.Errorf("no pre-signed URL could be made: %s", bucket.Classify("presign", err))
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Errorf("the pre-signed URL is no URL")
	}
	m := minted{method: r.Method, url: *u, header: http.Header{}}
	for _, h := range []http.Header{p.Header, r.Header} {
		for name, values := range h {
			m.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	m.header.Del("Content-Length") // net/http writes it
	return m
}

// send uses a URL with a plain client.
func (c *client) send(ctx context.Context, t *run.T, m minted, body []byte) run.Answer {
	var r io.Reader = http.NoBody
	if len(body) > 0 {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, m.method, "https://store.invalid/", r)
	if err != nil {
		t.Errorf("the request could not be made")
	}
	u := m.url
	req.URL, req.Host, req.Header = &u, u.Host, m.header.Clone()
	if c.s.Is("azure") && m.method == http.MethodPut {
		req.Header.Set("x-ms-blob-type", "BlockBlob")
	}
	return t.Do(c.http, req)
}

// using is send as a step of a denial.
func (c *client) using(ctx context.Context, t *run.T, m minted, body []byte) func() run.Answer {
	return func() run.Answer { return c.send(ctx, t, m, body) }
}

// plant stores an object by the SDK.
func (c *client) plant(ctx context.Context, t *run.T, key string, body []byte) {
	if _, err := c.b.Put(ctx, key, body, "application/octet-stream"); err != nil {
		t.OK("the SDK stores an object", err)
	}
}

// keeps looks by the SDK whether an object still has one of the contents it may have.
func (c *client) keeps(ctx context.Context, t *run.T, key string, contents ...string) func() string {
	return func() string {
		got, _, err := c.b.Get(ctx, key)
		if err != nil {
			e := bucket.Classify("get object", err)
			if e.Kind == bucket.KindNoSuchKey {
				return "the object is gone"
			}
			t.Errorf("whether the object is as it was could not be seen: %s", e)
		}
		if !slices.Contains(contents, string(got)) {
			return "the object has other bytes"
		}
		return ""
	}
}

func ok(a run.Answer) bool { return a.Status >= 200 && a.Status <= 299 }

// forbidden is the refusal that the rules name.
func forbidden(a run.Answer) bool { return a.Status == http.StatusForbidden }

// refusedAny is a refusal where the rule names no status: providers answer 400 to what they can't read
// (AuthorizationQueryParametersError, ExpiredToken, MalformedSecurityHeader), 401 or 403 to what they don't believe.
func refusedAny(a run.Answer) bool {
	return a.Status == http.StatusBadRequest || a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden
}

const anyRefusal = "refused with 403, 401, or 400 for what can't be read"
