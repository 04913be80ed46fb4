package signing

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/signing"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites/urls"
)

const (
	// short is the life of a URL that is to be over.
	short = time.Minute
	// ahead is how far in the future a URL is dated: beyond every provider's tolerance and beyond any time zone, and less
	// than the day that a store with a wrong idea of skew would let pass.
	ahead = 20 * time.Hour
	// tooLong is one second more than a V4 URL may live (signing.MaxLifetime).
	tooLong = signing.MaxLifetime + time.Second
)

// from mints a URL that begins at a time. Google's SDK signs at the system's clock and nothing else, and Azure's URLs of
// the SDK have no beginning: for these the reference signs.
func (c *client) from(ctx context.Context, t *run.T, method, key string, at time.Time, life time.Duration) minted {
	if c.s.Is("gcp") {
		return c.signedByUs(ctx, t, method, key, at, life)
	}
	b, err := c.s.Reopen(ctx, func(o *bucket.Options) { o.Now = func() time.Time { return at } })
	if err != nil {
		t.Errorf("no URL could be made at another time: %s", bucket.Classify("open", err))
	}
	return c.mintBy(ctx, t, b, bucket.PresignRequest{Method: method, Key: key, Lifetime: life})
}

// signedByUs is the SDK's URL with a query that the reference has signed.
func (c *client) signedByUs(ctx context.Context, t *run.T, method, key string, at time.Time, life time.Duration) minted {
	m, at := c.mint(ctx, t, method, key), at.UTC().Truncate(time.Second)
	id, secret := c.s.Address.Credentials.ID, c.s.Address.Credentials.Secret.Reveal()
	var out *signing.Signed
	var err error
	if c.s.Is("azure") {
		var k *signing.AzureKey
		var signer *signing.AzureSigner
		if k, err = signing.NewAzureKey(secret); err == nil {
			signer, err = signing.NewAzureSigner(c.s.Address.Account, k)
		}
		if err == nil {
			out, err = signer.Sign(signing.AzureRequest{Host: m.url.Host, Container: c.s.Address.Bucket, Blob: key, Permissions: "r", Start: at, Expiry: at.Add(life)})
		}
	} else {
		var k *signing.RSAKey
		var signer *signing.GCSSigner
		if k, err = signing.ParseRSAKey([]byte(secret)); err == nil {
			signer, err = signing.NewGCSSigner(id, k)
		}
		if err == nil {
			out, err = signer.Sign(signing.Request{Method: method, Host: m.url.Host, Bucket: c.s.Address.Bucket, Key: key, At: at, Lifetime: life, Overlong: life > signing.MaxLifetime})
		}
	}
	if err != nil {
		t.Errorf("no URL could be signed at another time")
	}
	u, err := url.Parse(out.URL)
	if err != nil {
		t.Errorf("the signed URL is no URL")
	}
	return m.with(u.RawQuery)
}

// storeTime is the store's clock, by an answer of its own; clocks may differ, and a second counts here.
func (c *client) storeTime(a run.Answer) time.Time {
	if at, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		return at
	}
	return c.s.Now().Truncate(time.Second)
}

func expired(ctx context.Context, t *run.T, c *client) {
	c.signed(t)
	key := c.s.Key("BYOB-SIGN-007", "object.bin")
	c.plant(ctx, t, key, []byte(planted))
	first := c.send(ctx, t, c.mint(ctx, t, http.MethodGet, key), nil)
	t.Equal("GET by a fresh URL", "200 OK", first.String())
	now := c.storeTime(first)
	oldGet := c.from(ctx, t, http.MethodGet, key, now.Add(time.Minute-urls.Reading), urls.Reading)
	oldPut := c.from(ctx, t, http.MethodPut, key, now.Add(time.Minute-urls.Writing), urls.Writing)
	a := c.send(ctx, t, oldGet, nil)
	t.True("GET by a URL a minute before the end of its hour", "success", ok(a), a.String())
	a = c.send(ctx, t, oldPut, []byte(control))
	t.True("PUT by a URL a minute before the end of its 24 hours", "success", ok(a), a.String())
	over := now.Add(-time.Second - short)
	for _, do := range []struct {
		method string
		right  minted
		body   []byte
	}{{http.MethodGet, oldGet, nil}, {http.MethodPut, oldPut, []byte(abuse)}} {
		var good []byte
		if do.body != nil {
			good = []byte(control)
		}
		t.Denied(run.Denial{What: fmt.Sprintf("%s by a URL that expired a second ago", do.method), Expected: anyRefusal,
			Control: c.using(ctx, t, do.right, good), Attempt: c.using(ctx, t, c.from(ctx, t, do.method, key, over, short), do.body),
			Refused: refusedAny, Untouched: c.keeps(ctx, t, key, planted, control)})
	}
	if c.s.Is("azure") {
		t.Observe("a lifetime over 7 days is not tried: a SAS by the account's key has no such bound")
		return
	}
	longest := func(life time.Duration) minted {
		if c.s.Is("gcp") { // whose SDK makes no such URL
			return c.signedByUs(ctx, t, http.MethodGet, key, c.s.Now(), life)
		}
		return c.mintBy(ctx, t, c.b, bucket.PresignRequest{Method: http.MethodGet, Key: key, Lifetime: life})
	}
	t.Denied(run.Denial{What: "GET by a URL that lives 7 days and a second", Expected: anyRefusal, Control: c.using(ctx, t, longest(signing.MaxLifetime), nil),
		Attempt: c.using(ctx, t, longest(tooLong), nil), Refused: refusedAny, Untouched: c.keeps(ctx, t, key, planted, control)})
}

func future(ctx context.Context, t *run.T, c *client) {
	c.enforced(t, reports.FidelityClock, reports.FidelitySignatures)
	key := c.s.Key("BYOB-SIGN-012", "object.bin")
	c.plant(ctx, t, key, []byte(planted))
	mint := c.from
	if c.s.Is("azure") {
		mint = c.signedByUs
	}
	now := c.s.Now()
	t.Denied(run.Denial{What: "a URL dated 20 hours ahead", Expected: anyRefusal,
		Control: c.using(ctx, t, mint(ctx, t, http.MethodGet, key, now.Add(-time.Minute), urls.Reading), nil),
		Attempt: c.using(ctx, t, mint(ctx, t, http.MethodGet, key, now.Add(ahead), urls.Reading), nil),
		Refused: refusedAny, Untouched: c.keeps(ctx, t, key, planted)})
}
