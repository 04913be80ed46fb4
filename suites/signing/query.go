package signing

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// names are what a scheme calls its parameters.
type names struct {
	signature, expires, prefix string
}

func (c *client) names() names {
	switch {
	case c.s.Is("gcp"):
		return names{"X-Goog-Signature", "X-Goog-Expires", "X-Goog-"}
	case c.s.Is("azure"):
		return names{"sig", "se", ""}
	}
	return names{"X-Amz-Signature", "X-Amz-Expires", "X-Amz-"}
}

// value is a parameter of a query, decoded; a URL without it can't be abused by it.
func value(t *run.T, m minted, name string) string {
	v := m.url.Query().Get(name)
	if v == "" {
		t.Errorf("the SDK's URL has no parameter %s", name)
	}
	return v
}

// edited sets one parameter and leaves the others where and as they are; without a value the parameter is dropped.
func edited(m minted, name, value string, keep bool) minted {
	var out []string
	for _, part := range strings.Split(m.url.RawQuery, "&") {
		n, _, _ := strings.Cut(part, "=")
		if n == name {
			if !keep {
				continue
			}
			part = name + "=" + url.QueryEscape(value)
		}
		out = append(out, part)
	}
	return m.with(strings.Join(out, "&"))
}

func added(m minted, parameter string) minted { return m.with(m.url.RawQuery + "&" + parameter) }

// change is one abuse of a URL.
type change struct {
	what string
	url  minted
}

func (c *client) refuses(ctx context.Context, t *run.T, key string, get minted, changes []change) {
	for _, a := range changes {
		t.Denied(run.Denial{What: a.what, Expected: anyRefusal, Control: c.using(ctx, t, get, nil), Attempt: c.using(ctx, t, a.url, nil),
			Refused: refusedAny, Untouched: c.keeps(ctx, t, key, planted)})
	}
}

func changed(ctx context.Context, t *run.T, c *client) {
	c.signed(t)
	key := c.s.Key("BYOB-SIGN-006", "object.bin")
	c.plant(ctx, t, key, []byte(planted))
	get := c.mint(ctx, t, http.MethodGet, key)
	n := c.names()
	sig := value(t, get, n.signature)
	with := func(s string) minted { return edited(get, n.signature, s, true) }
	changes := []change{
		{"a URL with one character of its signature changed", with(flipped(sig))},
		{"a URL with its signature cut short", with(sig[:len(sig)-4])},
		{"a URL with an empty signature", with("")},
		{"a URL without its signature", edited(get, n.signature, "", false)},
	}
	if c.s.Is("azure") {
		// the service takes no notice of parameters that it doesn't know; these it knows
		changes = append(changes,
			change{"a URL with a later expiry written in", edited(get, "se", c.s.Now().UTC().AddDate(1, 0, 0).Format("2006-01-02T15:04:05Z"), true)},
			change{"a URL with more permissions written in", edited(get, "sp", "rcwd", true)},
			change{"a URL with a response header added", added(get, "rsct=text%2Fhtml")},
			change{"a URL with its permissions repeated", added(get, "sp=rcwd")},
			change{"a URL without its permissions", edited(get, "sp", "", false)},
			change{"a URL with the letters of its signature in the other case", with(otherCase(sig))})
	} else {
		day := value(t, get, n.prefix+"Date")
		changes = append(changes,
			change{"a URL with its signature in upper case", with(strings.ToUpper(sig))},
			change{"a URL with a longer lifetime written in", edited(get, n.expires, "86400", true)},
			change{"a URL with another date written in", edited(get, n.prefix+"Date", before(day), true)},
			change{"a URL with a parameter added", added(get, "response-content-type=text%2Fhtml")},
			change{"a URL without its lifetime", edited(get, n.expires, "", false)})
	}
	c.refuses(ctx, t, key, get, changes)
	if !c.s.Is("azure") {
		c.enforced(t, reports.FidelityRepeated)
		c.refuses(ctx, t, key, get, []change{{"a URL with its lifetime repeated", added(get, n.expires+"=86400")}})
	}
}

// otherCase swaps upper and lower case, which both stand for bits in base64.
func otherCase(sig string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLower(r) {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, sig)
}

// flipped changes the first character of a signature, which in base64 too stands for bits that count.
func flipped(sig string) string {
	first := "0"
	if sig[0] == '0' {
		first = "1"
	}
	return first + sig[1:]
}

// before is a date of V4 with its last digit changed: no more than nine seconds off, so that nothing else is wrong with it.
func before(date string) string {
	i := len(date) - 2 // before the Z
	if i < 0 {
		return date + "0"
	}
	digit := byte('0')
	if date[i] == '0' {
		digit = '1'
	}
	return date[:i] + string(digit) + date[i+1:]
}

func requester(ctx context.Context, t *run.T, c *client) {
	c.signed(t)
	key := c.s.Key("BYOB-SIGN-009", "object.bin")
	c.plant(ctx, t, key, []byte(planted))
	get := c.mintBy(ctx, t, c.b, bucket.PresignRequest{Method: http.MethodGet, Key: key, Query: url.Values{"X-User": {"alice"}}})
	t.Equal("X-User in the URL", "alice", get.url.Query().Get("X-User"))
	c.refuses(ctx, t, key, get, []change{
		{"a URL with another requester written in", edited(get, "X-User", "mallory", true)},
		{"a URL without its requester", edited(get, "X-User", "", false)},
		{"a URL with a second requester", added(get, "X-User=mallory")},
	})
}
