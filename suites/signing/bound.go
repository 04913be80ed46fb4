package signing

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// What objects hold: before, by a positive control, and by an abuse that was not refused.
const (
	planted  = "planted"
	control  = "by the control"
	abuse    = "by the abuse"
	replaced = "replaced by another"
)

func accepted(ctx context.Context, t *run.T, c *client) {
	key := c.s.Key("BYOB-SIGN-001", "object.bin")
	put := c.send(ctx, t, c.mint(ctx, t, http.MethodPut, key), []byte(control))
	t.True("PUT by its URL", "200 OK or 201 Created", put.Status == http.StatusOK || put.Status == http.StatusCreated, put.String())
	stored, _, err := c.b.Get(ctx, key)
	t.OK("the SDK reads what was written by URL", err)
	t.Equal("what the SDK reads", []byte(control), stored)
	got := c.send(ctx, t, c.mint(ctx, t, http.MethodGet, key), nil)
	t.Equal("GET by its URL", "200 OK", got.String())
	t.Equal("what is read by URL", []byte(control), got.Body)
	t.Equal("HEAD by its URL", "200 OK", c.send(ctx, t, c.mint(ctx, t, http.MethodHead, key), nil).String())
	removed := c.send(ctx, t, c.mint(ctx, t, http.MethodDelete, key), nil)
	t.True("DELETE by its URL", "success", ok(removed), removed.String())
	_, err = c.b.Head(ctx, key)
	kind := bucket.Kind("found")
	if err != nil {
		e := bucket.Classify("head object", err)
		if kind = e.Kind; !t.Decides(e) {
			t.Errorf("whether the object is there could not be seen: %s", e)
		}
	}
	t.Equal("the object after DELETE by its URL", string(bucket.KindNoSuchKey), string(kind))
	c.signed(t) // a store that accepts anything has accepted these for no reason
}

func otherMethod(ctx context.Context, t *run.T, c *client) {
	c.signed(t)
	key, target := c.s.Key("BYOB-SIGN-002", "object.bin"), c.s.Key("BYOB-SIGN-002", "written.bin")
	c.plant(ctx, t, key, []byte(planted))
	c.plant(ctx, t, target, []byte(planted))
	get, put := c.mint(ctx, t, http.MethodGet, key), c.mint(ctx, t, http.MethodPut, target)
	head, remove := c.mint(ctx, t, http.MethodHead, key), c.mint(ctx, t, http.MethodDelete, key)
	deny := func(what string, control, attempt func() run.Answer, untouched func() string) {
		t.Denied(run.Denial{What: what, Expected: "403", Control: control, Attempt: attempt, Refused: forbidden, Untouched: untouched})
	}
	read := c.using(ctx, t, get, nil)
	write := c.using(ctx, t, put, []byte(control))
	whole := c.keeps(ctx, t, key, planted)
	deny("a PUT by a URL for GET", read, c.using(ctx, t, get.as(http.MethodPut), []byte(abuse)), whole)
	deny("a DELETE by a URL for GET", read, c.using(ctx, t, get.as(http.MethodDelete), nil), whole)
	either := c.keeps(ctx, t, target, planted, control)
	deny("a GET by a URL for PUT", write, c.using(ctx, t, put.as(http.MethodGet), nil), either)
	deny("a DELETE by a URL for PUT", write, c.using(ctx, t, put.as(http.MethodDelete), nil), either)
	deny("a GET by a URL for DELETE", read, c.using(ctx, t, remove.as(http.MethodGet), nil), whole)
	deny("a PUT by a URL for DELETE", read, c.using(ctx, t, remove.as(http.MethodPut), []byte(abuse)), whole)
	if !c.s.Is("azure") { // where one letter stands for GET and HEAD
		deny("a GET by a URL for HEAD", c.using(ctx, t, head, nil), c.using(ctx, t, head.as(http.MethodGet), nil), whole)
		deny("a HEAD by a URL for GET", read, c.using(ctx, t, get.as(http.MethodHead), nil), whole)
	}
}

// elsewhere is a host that no store has (RFC 2606).
const elsewhere = "elsewhere.example"

func otherHost(ctx context.Context, t *run.T, c *client) {
	c.signed(t)
	key := c.s.Key("BYOB-SIGN-004", "object.bin")
	c.plant(ctx, t, key, []byte(planted))
	far, err := c.s.Reopen(ctx, func(o *bucket.Options) { o.Endpoint = c.s.Service.Scheme + "://" + elsewhere })
	if err != nil {
		t.Errorf("no URL could be made for another host: %s", bucket.Classify("open", err))
	}
	for _, do := range []struct {
		method string
		body   []byte
	}{{http.MethodGet, nil}, {http.MethodPut, []byte(abuse)}, {http.MethodDelete, nil}} {
		m := c.mintBy(ctx, t, far, bucket.PresignRequest{Method: do.method, Key: key})
		t.Denied(run.Denial{What: "a URL for " + do.method + " that was signed for another host", Expected: "403",
			Control: c.using(ctx, t, c.mint(ctx, t, http.MethodGet, key), nil), Attempt: c.using(ctx, t, m.at(c.mint(ctx, t, do.method, key)), do.body),
			Refused: forbidden, Untouched: c.keeps(ctx, t, key, planted)})
	}
}

func signedHeaders(ctx context.Context, t *run.T, c *client) {
	c.signed(t)
	key := c.s.Key("BYOB-SIGN-005", "object.bin")
	c.plant(ctx, t, key, []byte(planted))
	for _, h := range []struct{ name, right, wrong string }{
		{"Content-Type", "application/octet-stream", "text/html"},
		{"Content-Md5", md5Of(control), md5Of(abuse)},
	} {
		m := c.mintBy(ctx, t, c.b, bucket.PresignRequest{Method: http.MethodPut, Key: key, Header: http.Header{h.name: {h.right}}})
		for _, change := range []struct{ what, value string }{{" changed", h.wrong}, {" missing", ""}} {
			t.Denied(run.Denial{What: "a URL with its signed " + h.name + change.what, Expected: "403, or 400 with an error about the signed headers",
				Control: c.using(ctx, t, m, []byte(control)), Attempt: c.using(ctx, t, m.saying(h.name, change.value), []byte(abuse)),
				Refused: func(a run.Answer) bool { return forbidden(a) || a.Status == http.StatusBadRequest && aboutHeaders(a) },
				// the control may not have been stored: that is not what is looked for here
				Untouched: c.keeps(ctx, t, key, planted, control)})
		}
	}
	c.replayed(ctx, t, key)
	c.unsigned(ctx, t, key)
}

// replayed uses a URL for a PUT again, after the object was replaced by somebody else: other bytes must not come by it.
func (c *client) replayed(ctx context.Context, t *run.T, key string) {
	used := c.mintBy(ctx, t, c.b, bucket.PresignRequest{Method: http.MethodPut, Key: key, Header: http.Header{"Content-Md5": {md5Of(control)}}})
	a := c.send(ctx, t, used, []byte(control))
	t.True("PUT by a URL with its Content-MD5", "success", ok(a), a.String())
	c.plant(ctx, t, key, []byte(replaced))
	beside := c.s.Key("BYOB-SIGN-005", "beside.bin")
	fresh := c.mintBy(ctx, t, c.b, bucket.PresignRequest{Method: http.MethodPut, Key: beside, Header: http.Header{"Content-Md5": {md5Of(control)}}})
	t.Denied(run.Denial{What: "a URL for PUT used again for other bytes, after the object was replaced", Expected: "403, or 400 with an error about the signed headers",
		Control: c.using(ctx, t, fresh, []byte(control)), Attempt: c.using(ctx, t, used.saying("Content-Md5", md5Of(abuse)), []byte(abuse)),
		Refused: func(a run.Answer) bool { return forbidden(a) || a.Status == http.StatusBadRequest && aboutHeaders(a) }, Untouched: c.keeps(ctx, t, key, replaced)})
}

// unsigned adds headers of the provider that nobody signed. What is sent would do no harm if it were obeyed: the wire's
// guard lets no other value out.
func (c *client) unsigned(ctx context.Context, t *run.T, key string) {
	c.plant(ctx, t, key, []byte(planted))
	prefix := "X-Amz-"
	if c.s.Is("gcp") {
		prefix = "X-Goog-"
	}
	m := c.mint(ctx, t, http.MethodPut, key)
	refused := func(a run.Answer) bool { return forbidden(a) || a.Status == http.StatusBadRequest && aboutHeaders(a) }
	deny := func(name, value string, refused func(run.Answer) bool, contents ...string) {
		t.Denied(run.Denial{What: "a PUT by URL with " + strings.ToLower(name) + ", which nobody signed", Expected: "403, or 400 with an error about the signed headers",
			Control: c.using(ctx, t, m, []byte(control)), Attempt: c.using(ctx, t, m.saying(name, value), []byte(abuse)),
			Refused: refused, Untouched: c.keeps(ctx, t, key, contents...)})
	}
	deny(prefix+"Meta-Abuse", "yes", refused, planted, control)
	if !c.s.Is("s3-compatible") && c.s.Enforces(reports.FidelityUnsigned) != "no" {
		deny(prefix+"Acl", "private", refused, planted, control)
		return
	}
	// MinIO takes an ACL from anybody and heeds none: a store that takes it is not seen to obey it, nor to refuse it.
	taken := false
	deny(prefix+"Acl", "private", func(a run.Answer) bool { taken = ok(a); return taken || refused(a) }, planted, control, abuse)
	if taken {
		t.Unverified("this store accepts an x-amz-acl that nobody signed; whether it would obey it can't be tried without making an object public")
	}
}

// aboutHeaders reports the codes of 400 by which stores refuse a request whose signed header is missing: MinIO's
// AccessDenied, Google's MalformedSecurityHeader, S3's AuthorizationQueryParametersError.
func aboutHeaders(a run.Answer) bool {
	return slices.Contains([]string{"AccessDenied", "MalformedSecurityHeader", "AuthorizationQueryParametersError"}, a.Code)
}

func md5Of(body string) string {
	sum := md5.Sum([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func anonymous(ctx context.Context, t *run.T, c *client) {
	c.enforced(t, reports.FidelityIdentity, reports.FidelitySignatures)
	key := c.s.Key("BYOB-SIGN-010", "object.bin")
	c.plant(ctx, t, key, []byte(planted))
	expected, refused := "401 or 403", func(a run.Answer) bool {
		return a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden
	}
	if c.s.Is("azure") { // a private container is not there for strangers, and an account without public access says so
		expected = "401, 403, 404 ResourceNotFound or 409 PublicAccessNotPermitted"
		strangers := refused
		refused = func(a run.Answer) bool {
			return strangers(a) || a.Status == http.StatusNotFound || a.Status == http.StatusConflict && a.Code == "PublicAccessNotPermitted"
		}
	}
	for _, do := range []struct {
		method string
		body   []byte
	}{{http.MethodGet, nil}, {http.MethodHead, nil}, {http.MethodPut, []byte(abuse)}, {http.MethodDelete, nil}} {
		t.Denied(run.Denial{What: do.method + " without the URL's query", Expected: expected,
			Control: c.using(ctx, t, c.mint(ctx, t, http.MethodGet, key), nil), Attempt: c.using(ctx, t, c.mint(ctx, t, do.method, key).with(""), do.body),
			Refused: refused, Untouched: c.keeps(ctx, t, key, planted)})
	}
}

func plain(ctx context.Context, t *run.T, c *client) {
	key := c.s.Key("BYOB-SIGN-011", "object.bin")
	c.plant(ctx, t, key, []byte(planted))
	without := func(what string, m minted, body []byte) {
		if m.header.Get("Authorization") != "" {
			t.Errorf("the SDK wants an Authorization header beside the URL")
		}
		a := c.send(ctx, t, m, body)
		t.True(what+" without an Authorization header", "success", ok(a), a.String())
	}
	without("GET", c.mint(ctx, t, http.MethodGet, key), nil)
	without("PUT", c.mint(ctx, t, http.MethodPut, key), []byte(control))
	if c.s.Is("aws", "coreweave", "s3-compatible") {
		get := c.mintBy(ctx, t, c.b, bucket.PresignRequest{Method: http.MethodGet, Key: key, Query: url.Values{"x-amz-checksum-mode": {"ENABLED"}}})
		for _, extra := range []string{"x-id", "x-amz-checksum-mode"} {
			t.True("the URL that an SDK makes", "has "+extra, get.url.Query().Has(extra), "it has not")
		}
		without("GET with an SDK's x-id and x-amz-checksum-mode in the URL", get, nil)
	}
	c.signed(t) // a store that asks nobody for anything shows nothing
}
