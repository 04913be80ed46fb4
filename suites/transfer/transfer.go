// Package transfer proves that bytes arrive and come back as W&B's clients move them (BYOB-XFER): by pre-signed URLs and
// a plain HTTP client that sends what the client sends, no Authorization, nothing repeated. What the connector itself
// does beside that, listing, beginning an upload, removing, goes through the provider's SDK.
package transfer

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// Specs declares the family.
func Specs(s *run.Subject) {
	needs := run.Needs(urls.Preflight()...)
	check := func(f func(context.Context, *run.T, *client)) func(context.Context, *run.T) {
		return func(ctx context.Context, t *run.T) { f(ctx, t, newClient(t, s)) }
	}
	run.It(s, "BYOB-XFER-001", "a PUT with Content-MD5 and Content-Type reads back identical", check(identical), needs, run.Costs(4, 1, 8<<10))
	run.It(s, "BYOB-XFER-002", "a wrong Content-MD5 is refused and leaves no object", check(wrongMD5), needs, run.Costs(4, 2, 2<<10))
	run.It(s, "BYOB-XFER-003", "an empty object is stored, read, and listed with length 0", check(empty), needs, run.Costs(5, 1, 0))
	run.It(s, "BYOB-XFER-004", "odd names keep their bytes and their spelling", check(oddNames), needs, run.Costs(3*len(odd)+2, len(odd), int64(len(odd))<<10))
	if s.Is("azure") {
		run.It(s, "BYOB-XFER-007", "x-ms-blob-type is demanded, and blocks upload through one SAS", check(blocks), needs, run.Costs(12, 3, 3<<20))
	} else {
		run.It(s, "BYOB-XFER-005", "parts by pre-signed URLs join to the object", check(multipart), needs, run.Costs(10, 1, 2*minPart(s)))
		run.It(s, "BYOB-XFER-006", "aborting an upload discards its parts", check(abort), needs, run.Costs(10, 1, 4<<10))
	}
	run.It(s, "BYOB-XFER-008", "ranges and HEAD tell the truth", check(ranges), needs, run.Costs(12, 1, 16<<10))
	run.It(s, "BYOB-XFER-009", "what was overwritten reads as the new bytes", check(overwrite), needs, run.Costs(16, 1, 32<<10))
	run.It(s, "BYOB-XFER-010", "what was deleted is not found", check(deleted), needs, run.Costs(8, 1, 2<<10))
	run.It(s, "BYOB-XFER-011", "the sizes at which clients change their ways work", check(sizes), needs, run.Costs(40, 5, 270<<20), run.Within(15*time.Minute))
}

// client does what W&B's client does with a bucket, for one check.
type client struct {
	s      *run.Subject
	b      *bucket.Bucket
	http   *http.Client
	random *rand.ChaCha8
}

func newClient(t *run.T, s *run.Subject) *client {
	if s.Bucket == nil {
		t.Errorf("the bucket could not be opened")
	}
	var seed [32]byte
	for i := range 8 {
		seed[i] = byte(s.Seed >> (8 * i))
	}
	return &client{s: s, b: s.Bucket, http: s.Wire.Client(), random: rand.NewChaCha8(seed)}
}

// content is n random bytes from the run's seed.
func (c *client) content(n int) []byte {
	b := make([]byte, n)
	_, _ = c.random.Read(b) // never fails
	return b
}

// contentType is a type that no store would make up.
const contentType = "application/vnd.bucketproof.proof"

// headers are what W&B's client sends with an upload: the type and the MD5, as the server handed them out.
func headers(body []byte) http.Header {
	return http.Header{"Content-Md5": {md5Of(body)}, "Content-Type": {contentType}}
}

func md5Of(body []byte) string {
	sum := md5.Sum(body)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// send pre-signs a request and makes it with a plain client.
func (c *client) send(ctx context.Context, t *run.T, method, key string, body []byte, signed http.Header, query url.Values, extra http.Header) run.Answer {
	return t.Do(c.http, c.request(ctx, t, method, key, body, signed, query, extra))
}

func (c *client) request(ctx context.Context, t *run.T, method, key string, body []byte, signed http.Header, query url.Values, extra http.Header) *http.Request {
	p, err := c.b.Presign(ctx, bucket.PresignRequest{Method: method, Key: key, Lifetime: urls.Lifetime(method), Header: signed, Query: query})
	if err != nil {
		t.Errorf("no pre-signed URL could be made: %s", bucket.Classify("presign", err))
	}
	var r io.Reader = http.NoBody
	if len(body) > 0 {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.URL, r)
	if err != nil {
		t.Errorf("the pre-signed URL is no URL")
	}
	for _, h := range []http.Header{p.Header, signed, extra} {
		for name, values := range h {
			req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	if req.Header.Get("Content-Length") != "" {
		req.Header.Del("Content-Length") // net/http writes it
	}
	return req
}

// put uploads by pre-signed URL and fails unless the store says that it has it.
func (c *client) put(ctx context.Context, t *run.T, key string, body []byte) run.Answer {
	a := c.send(ctx, t, http.MethodPut, key, body, headers(body), nil, nil)
	stored(t, a)
	c.s.Wire.CloseIdle() // what is read next comes over a connection of its own: another node may answer it
	return a
}

func stored(t *run.T, a run.Answer) {
	t.True("PUT by pre-signed URL", "200 OK or 201 Created", a.Status == http.StatusOK || a.Status == http.StatusCreated, a.String())
}

// get downloads by pre-signed URL.
func (c *client) get(ctx context.Context, t *run.T, key string, extra http.Header) run.Answer {
	return c.send(ctx, t, http.MethodGet, key, nil, nil, nil, extra)
}

// same compares bytes without showing them.
func same(t *run.T, what string, expected, actual []byte) {
	t.True(what, fmt.Sprintf("the %d bytes that were written", len(expected)), bytes.Equal(expected, actual), difference(expected, actual))
}

// difference says how bytes differ, without showing them.
func difference(expected, actual []byte) string {
	if bytes.Equal(expected, actual) {
		return fmt.Sprintf("the same %d bytes", len(actual))
	}
	i := 0
	for i < len(expected) && i < len(actual) && expected[i] == actual[i] {
		i++
	}
	return fmt.Sprintf("%d bytes, the first difference at byte %d", len(actual), i)
}
