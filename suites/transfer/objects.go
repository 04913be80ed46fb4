package transfer

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

func identical(ctx context.Context, t *run.T, c *client) {
	key, body := c.s.Key("BYOB-XFER-001", "identical.bin"), c.content(5000)
	put := c.put(ctx, t, key, body)
	got := c.get(ctx, t, key, nil)
	t.Equal("GET by pre-signed URL", "200 OK", got.String())
	same(t, "what a plain client reads", body, got.Body)
	t.Equal("Content-Type read back", contentType, got.Header.Get("Content-Type"))
	t.Equal("Content-Encoding, which nobody set", "", got.Header.Get("Content-Encoding"))
	if etag := put.Header.Get("ETag"); etag != "" {
		t.Equal("ETag of the GET beside that of the PUT", etag, got.Header.Get("ETag"))
	}
	direct, _, err := c.b.Get(ctx, key)
	t.OK("the SDK reads the object", err)
	same(t, "what the SDK reads", body, direct)
}

func wrongMD5(ctx context.Context, t *run.T, c *client) {
	good, bad := c.s.Key("BYOB-XFER-002", "right.bin"), c.s.Key("BYOB-XFER-002", "wrong.bin")
	body, other := c.content(700), c.content(700)
	if c.s.Enforces(reports.FidelityContentMD5) == "no" {
		t.Unverified("this store was seen to ignore Content-MD5")
	}
	t.Denied(run.Denial{
		What: "a PUT whose Content-MD5 is that of other bytes", Expected: "400 with an error about the digest",
		Control:   func() run.Answer { return c.send(ctx, t, http.MethodPut, good, body, headers(body), nil, nil) },
		Attempt:   func() run.Answer { return c.send(ctx, t, http.MethodPut, bad, body, headers(other), nil, nil) },
		Refused:   func(a run.Answer) bool { return a.Status == http.StatusBadRequest },
		Untouched: func() string { return c.trace(ctx, t, bad) },
	})
}

func empty(ctx context.Context, t *run.T, c *client) {
	key := c.s.Key("BYOB-XFER-003", "empty.bin")
	c.put(ctx, t, key, nil)
	got := c.get(ctx, t, key, nil)
	t.Equal("GET of the empty object", "200 OK", got.String())
	t.Equal("its bytes", 0, len(got.Body))
	head := c.send(ctx, t, http.MethodHead, key, nil, nil, nil, nil)
	t.Equal("HEAD of the empty object", "200 OK", head.String())
	t.Equal("its Content-Length", "0", head.Header.Get("Content-Length"))
	keys, err := c.b.List(ctx, key, 2)
	t.OK("a listing", err)
	t.True("the listing below its name", "has it", slices.Contains(keys, key), fmt.Sprintf("%d keys", len(keys)))
}

// odd are names that clients really write and servers get wrong, each below the run's prefix: space, percent, plus, the
// "==" of an encoded digest, hash, unicode, a percent-encoded slash that is none, and 1,024 bytes in segments of at most 255.
var odd = []string{"a b.txt", "100%.txt", "a+b.txt", "ZGlnZXN0==", "run#1.txt", "größe-日本-🪣.txt", "a%2Fb.txt", "q?x=1&y=2.txt", "~tilde'(quote)!*.txt", longName}

// longName stands for the longest key a provider takes; its length depends on what stands before it.
const longName = "\x00long"

// longest is a key of exactly 1,024 bytes (Amazon S3 user guide, object keys) below the run's prefix.
func (c *client) longest() string {
	key := c.s.Key("BYOB-XFER-004") + "/"
	for len(key) < 1024 {
		n := min(200, 1024-len(key))
		if left := 1024 - len(key) - n; left == 1 {
			n-- // never end in a slash
		}
		key += strings.Repeat("l", n)
		if len(key) < 1024 {
			key += "/"
		}
	}
	return key
}

func oddNames(ctx context.Context, t *run.T, c *client) {
	contents := map[string][]byte{}
	for _, name := range odd {
		key := c.s.Key("BYOB-XFER-004", name)
		if name == longName {
			key = c.longest()
		}
		body := c.content(300)
		contents[key] = body
		a := c.send(ctx, t, http.MethodPut, key, body, headers(body), nil, nil)
		t.True("PUT of "+show(key), "200 OK or 201 Created", a.Status == http.StatusOK || a.Status == http.StatusCreated, a.String())
	}
	keys, err := c.b.List(ctx, c.s.Key("BYOB-XFER-004")+"/", 0)
	t.OK("a listing", err)
	for key, body := range contents {
		got := c.get(ctx, t, key, nil)
		t.Equal("GET of "+show(key), "200 OK", got.String())
		same(t, "the bytes of "+show(key), body, got.Body)
		t.True("the listing", "has "+show(key)+" spelled so", slices.Contains(keys, key), fmt.Sprintf("%d keys", len(keys)))
	}
	t.Equal("keys listed", len(contents), len(keys))
}

// show writes the end of a key, short.
func show(key string) string {
	i := strings.Index(key, "BYOB-XFER-")
	name := key[max(i, 0):]
	if len(name) > 60 {
		return fmt.Sprintf("a key of %d bytes", len(key))
	}
	return strconv.Quote(name[strings.Index(name, "/")+1:])
}

// shownTag is an ETag as it was sent, which has its quotation marks already.
func shownTag(etag string) string {
	if etag == "" {
		return "none"
	}
	return etag
}

// span is a range that is asked for, and the bytes that it means, both ends included.
type span struct {
	asked       string
	first, last int
}

// spans are the forms of ranges (RFC 9110, section 14.1.2). Azure documents none that counts from the end (Specifying the
// range header for Blob service operations).
func spans(s *run.Subject, size int) []span {
	out := []span{{"0-0", 0, 0}, {"0-99", 0, 99}, {"4096-8191", 4096, 8191}, {"9999-9999", 9999, 9999}, {"9000-20000", 9000, size - 1}, {"7000-", 7000, size - 1}}
	if !s.Is("azure") {
		out = append(out, span{"-300", size - 300, size - 1})
	}
	return out
}

func ranges(ctx context.Context, t *run.T, c *client) {
	key, body := c.s.Key("BYOB-XFER-008", "ranges.bin"), c.content(10_000)
	put := c.put(ctx, t, key, body)
	head := c.send(ctx, t, http.MethodHead, key, nil, nil, nil, nil)
	t.Equal("HEAD by pre-signed URL", "200 OK", head.String())
	t.Equal("its Content-Length", strconv.Itoa(len(body)), head.Header.Get("Content-Length"))
	etag := head.Header.Get("ETag")
	t.True("its ETag", "there, and the same as the PUT's where that had one", etag != "" &&
		(put.Header.Get("ETag") == "" || put.Header.Get("ETag") == etag), shownTag(etag))
	for _, r := range spans(c.s, len(body)) {
		got := c.get(ctx, t, key, http.Header{"Range": {"bytes=" + r.asked}})
		t.Equal("GET of bytes "+r.asked, "206 Partial Content", got.String())
		t.Equal("its Content-Range", fmt.Sprintf("bytes %d-%d/%d", r.first, r.last, len(body)), got.Header.Get("Content-Range"))
		t.Equal("its ETag, beside that of the HEAD", etag, got.Header.Get("ETag"))
		same(t, "bytes "+r.asked, body[r.first:r.last+1], got.Body)
	}
}

// overwrite holds the ETags of the same key together: other bytes have another (Amazon S3 API reference, Object; Google
// Cloud Storage, hashes and ETags; Azure Storage REST API, concurrency), and clients tell by it whether what they have is
// what is there.
func overwrite(ctx context.Context, t *run.T, c *client) {
	key := c.s.Key("BYOB-XFER-009", "overwritten.bin")
	seen := map[string]int{}
	for round := 1; round <= 3; round++ {
		body := c.content(3000 + round)
		put := c.put(ctx, t, key, body)
		got := c.get(ctx, t, key, nil)
		t.Equal(fmt.Sprintf("GET after write %d", round), "200 OK", got.String())
		same(t, fmt.Sprintf("what is read after write %d", round), body, got.Body)
		head := c.send(ctx, t, http.MethodHead, key, nil, nil, nil, nil)
		t.Equal("its length by HEAD", strconv.Itoa(len(body)), head.Header.Get("Content-Length"))
		etag := got.Header.Get("ETag")
		t.True("its ETag by GET", "there", etag != "", shownTag(etag))
		for _, other := range []struct{ by, etag string }{{"PUT", put.Header.Get("ETag")}, {"HEAD", head.Header.Get("ETag")}} {
			if other.etag != "" {
				t.Equal("its ETag by "+other.by+", beside that of the GET", etag, other.etag)
			}
		}
		before, known := seen[etag]
		t.True("its ETag", "none that other bytes had", !known, etagOf(known, before))
		seen[etag] = round
	}
}

func deleted(ctx context.Context, t *run.T, c *client) {
	key, body := c.s.Key("BYOB-XFER-010", "deleted.bin"), c.content(600)
	c.put(ctx, t, key, body)
	before := c.get(ctx, t, key, nil)
	t.Equal("GET before the removal", "200 OK", before.String())
	t.OK("the SDK removes the object", c.b.Delete(ctx, key))
	c.s.Wire.CloseIdle()
	after := c.get(ctx, t, key, nil)
	t.Equal("GET after the removal", http.StatusNotFound, after.Status)
	t.Equal("HEAD by the SDK after the removal", string(bucket.KindNoSuchKey), string(c.missing(ctx, t, key)))
	keys, err := c.b.List(ctx, key, 2)
	t.OK("a listing", err)
	t.Equal("keys listed below its name", 0, len(keys))
}

func etagOf(known bool, write int) string {
	if known {
		return fmt.Sprintf("the ETag of write %d", write)
	}
	return "a new one"
}
