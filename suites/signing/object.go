package signing

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
)

func otherObject(ctx context.Context, t *run.T, c *client) {
	c.signed(t)
	name := func(n string) string { return c.s.Key("BYOB-SIGN-003", n) }
	object, other, longer := name("object.bin"), name("other.bin"), name("object.bin.more")
	spaced, slashed := name("a b.bin"), name("a%2Fb.bin")
	for _, key := range []string{object, other, longer, spaced, slashed} {
		c.plant(ctx, t, key, []byte(planted))
	}
	get := c.mint(ctx, t, http.MethodGet, object)
	deny := func(what string, m, at minted, body []byte, untouched func() string) {
		read := get
		if m.method == http.MethodGet {
			read = m // the very URL: a store that has accepted it once must still look where it is used
		}
		t.Denied(run.Denial{What: what, Expected: "403", Control: c.using(ctx, t, read, nil),
			Attempt: c.using(ctx, t, m.at(at), body), Refused: forbidden, Untouched: untouched})
	}
	here, there := c.keeps(ctx, t, object, planted), c.keeps(ctx, t, other, planted)
	for _, key := range []struct{ what, name string }{{"another object", other}, {"an object whose key begins with its own", longer}} {
		deny("a URL for GET used for "+key.what, get, c.mint(ctx, t, http.MethodGet, key.name), nil, c.keeps(ctx, t, key.name, planted))
	}
	deny("a URL for GET used for an object whose key its own begins with", c.mint(ctx, t, http.MethodGet, longer), get, nil, here)
	deny("a URL for PUT used for another object", c.mint(ctx, t, http.MethodPut, object), c.mint(ctx, t, http.MethodPut, other), []byte(abuse), there)
	deny("a URL for DELETE used for another object", c.mint(ctx, t, http.MethodDelete, object), c.mint(ctx, t, http.MethodDelete, other), nil, there)
	for _, key := range []struct{ what, name, from, to string }{
		{"a URL whose key is encoded twice", spaced, "%20", "%2520"},
		{"a URL for a key with %2F used for one with a slash", slashed, "%252F", "%2F"},
	} {
		m := c.mint(ctx, t, http.MethodGet, key.name)
		t.Denied(run.Denial{What: key.what, Expected: "403", Control: c.using(ctx, t, m, nil),
			Attempt: c.using(ctx, t, respelled(t, m, key.from, key.to), nil), Refused: forbidden, Untouched: c.keeps(ctx, t, key.name, planted)})
	}
	c.otherBucket(ctx, t, object)
	c.oddKeys(ctx, t)
	c.again(ctx, t)
}

// respelled replaces a part of a URL's path as it is sent.
func respelled(t *run.T, m minted, from, to string) minted {
	sent := m.url.EscapedPath()
	i := strings.LastIndex(sent, from)
	if i < 0 {
		t.Errorf("the SDK spells the key in a way that can't be abused so")
	}
	sent = sent[:i] + to + sent[i+len(from):]
	path, err := url.PathUnescape(sent)
	if err != nil {
		t.Errorf("the path can't be read")
	}
	m.url.Path, m.url.RawPath = path, sent
	return m
}

// foreign is the name of a bucket that is only signed for: nothing is ever sent to it.
const foreign = "bucketproof-elsewhere"

// otherBucket uses URLs here that were signed for an object of the same key in another bucket of the same account.
func (c *client) otherBucket(ctx context.Context, t *run.T, key string) {
	far, err := c.s.Named(ctx, foreign)
	if err != nil {
		t.Errorf("no URL could be made for another bucket: %s", bucket.Classify("open", err))
	}
	for _, do := range []struct {
		method string
		body   []byte
	}{{http.MethodGet, nil}, {http.MethodPut, []byte(abuse)}, {http.MethodDelete, nil}} {
		m := c.mintBy(ctx, t, far, bucket.PresignRequest{Method: do.method, Key: key})
		t.Denied(run.Denial{What: "a URL for " + do.method + " that was signed for another bucket", Expected: "403",
			Control: c.using(ctx, t, c.mint(ctx, t, http.MethodGet, key), nil), Attempt: c.using(ctx, t, m.at(c.mint(ctx, t, do.method, key)), do.body),
			Refused: forbidden, Untouched: c.keeps(ctx, t, key, planted)})
	}
}

// oddKeys uses the URLs of keys that are easily taken for another: one letter in two spellings of Unicode, and names of
// 1,024 bytes that differ in the last.
func (c *client) oddKeys(ctx context.Context, t *run.T) {
	composed, decomposed := "gr\u00f6\u00dfe-\u65e5\u672c.bin", "gro\u0308\u00dfe-\u65e5\u672c.bin"
	key := c.s.Key("BYOB-SIGN-003", composed)
	c.plant(ctx, t, key, []byte(planted))
	m := c.mint(ctx, t, http.MethodGet, key)
	t.Denied(run.Denial{What: "a URL for a key with an umlaut used for one with the letter and its dots apart", Expected: "403", Control: c.using(ctx, t, m, nil),
		Attempt: c.using(ctx, t, respelled(t, m, url.PathEscape(composed), url.PathEscape(decomposed)), nil), Refused: forbidden, Untouched: c.keeps(ctx, t, key, planted)})
	long := c.longest()
	other := long[:len(long)-1] + "m"
	c.plant(ctx, t, long, []byte(planted))
	c.plant(ctx, t, other, []byte(planted))
	for _, do := range []struct {
		method      string
		right, body []byte
	}{{http.MethodGet, nil, nil}, {http.MethodPut, []byte(control), []byte(abuse)}} {
		m := c.mint(ctx, t, do.method, long)
		t.Denied(run.Denial{What: fmt.Sprintf("a URL for %s of a key of %d bytes used for one that differs in the last", do.method, len(long)), Expected: "403",
			Control: c.using(ctx, t, m, do.right), Attempt: c.using(ctx, t, m.at(c.mint(ctx, t, do.method, other)), do.body),
			Refused: forbidden, Untouched: c.keeps(ctx, t, other, planted)})
	}
}

// longest is a key of 1,024 bytes, the most that providers take (Amazon S3 user guide, "Naming Amazon S3 objects"), in
// segments of at most 200 bytes and below the run's prefix.
func (c *client) longest() string {
	key := c.s.Key("BYOB-SIGN-003") + "/"
	for len(key) < 1024 {
		n := min(200, 1024-len(key))
		if 1024-len(key)-n == 1 {
			n-- // never end in a slash
		}
		if key += strings.Repeat("l", n); len(key) < 1024 {
			key += "/"
		}
	}
	return key
}

// again uses one URL before and after its object is replaced and removed: it stands for the key, and gives what is there
// now, never what was.
func (c *client) again(ctx context.Context, t *run.T) {
	key := c.s.Key("BYOB-SIGN-003", "replaced.bin")
	c.plant(ctx, t, key, []byte(planted))
	get := c.mint(ctx, t, http.MethodGet, key)
	t.Equal("what a URL reads", []byte(planted), c.send(ctx, t, get, nil).Body)
	c.plant(ctx, t, key, []byte(replaced))
	t.Equal("what the same URL reads after the object was replaced", []byte(replaced), c.send(ctx, t, get, nil).Body)
	if err := c.b.Delete(ctx, key); err != nil {
		t.OK("the SDK removes the object", err)
	}
	t.Equal("what the same URL reads after the object was removed", http.StatusNotFound, c.send(ctx, t, get, nil).Status)
}
