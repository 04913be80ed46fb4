package transfer

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// minPart is the smallest part but the last: 5 MiB (Amazon S3 user guide, multipart upload limits; Google Cloud Storage,
// multipart uploads), 15 MiB on CoreWeave (AI Object Storage, limits).
func minPart(s *run.Subject) int64 {
	if s.Is("coreweave") {
		return 15 << 20
	}
	return 5 << 20
}

// needMultipart ends the check where the store was seen not to have uploads in parts.
func needMultipart(t *run.T, c *client) {
	if c.s.Enforces(reports.FidelityMultipart) == "no" {
		t.Unverified("this store was seen not to have multipart uploads: %s", fidelity(c.s, reports.FidelityMultipart))
	}
	if c.b.Multipart == nil {
		t.Errorf("no multipart uploads for profile %s", c.s.Profile)
	}
}

func fidelity(s *run.Subject, what string) string {
	for _, f := range s.Store.Fidelity {
		if f.What == what {
			return f.Seen
		}
	}
	return "not probed"
}

// part uploads one part as W&B's client does: Content-MD5 and Content-Type, nothing else.
func (c *client) part(ctx context.Context, t *run.T, key, upload string, number int, body []byte) run.Answer {
	query := url.Values{"partNumber": {strconv.Itoa(number)}, "uploadId": {upload}}
	return c.send(ctx, t, http.MethodPut, key, body, http.Header{"Content-Md5": {md5Of(body)}}, query, nil)
}

func multipart(ctx context.Context, t *run.T, c *client) {
	needMultipart(t, c)
	key := c.s.Key("BYOB-XFER-005", "parts.bin")
	body := c.content(int(minPart(c.s)) + 1000)
	upload, err := c.b.Create(ctx, key)
	t.OK("an upload begins", err)
	var parts []bucket.Part
	for i, chunk := range [][]byte{body[:minPart(c.s)], body[minPart(c.s):]} {
		a := c.part(ctx, t, key, upload, i+1, chunk)
		t.Equal(fmt.Sprintf("PUT of part %d by pre-signed URL", i+1), "200 OK", a.String())
		etag := a.Header.Get("ETag")
		t.True(fmt.Sprintf("ETag of part %d", i+1), "there: W&B's client gives up without it", etag != "", shownTag(etag))
		parts = append(parts, bucket.Part{Number: int32(i + 1), ETag: etag})
	}
	uploads, err := c.b.Uploads(ctx, key)
	t.OK("open uploads are listed", err)
	t.True("open uploads", "this one among them", has(uploads, key, upload), fmt.Sprintf("%d uploads", len(uploads)))
	_, err = c.b.Complete(ctx, key, upload, parts)
	t.OK("the upload is completed", err)
	got := c.get(ctx, t, key, nil)
	t.Equal("GET of the joined object", "200 OK", got.String())
	same(t, "the joined object", body, got.Body)
}

func has(uploads []bucket.Upload, key, id string) bool {
	return slices.ContainsFunc(uploads, func(u bucket.Upload) bool { return u.Key == key && u.ID == id })
}

func abort(ctx context.Context, t *run.T, c *client) {
	needMultipart(t, c)
	key, chunk := c.s.Key("BYOB-XFER-006", "aborted.bin"), c.content(1500)
	upload, err := c.b.Create(ctx, key)
	t.OK("an upload begins", err)
	a := c.part(ctx, t, key, upload, 1, chunk)
	t.Equal("PUT of a part", "200 OK", a.String())
	uploads, err := c.b.Uploads(ctx, key)
	t.OK("open uploads are listed", err)
	t.True("open uploads before the abort", "this one among them", has(uploads, key, upload), fmt.Sprintf("%d uploads", len(uploads)))
	t.OK("the upload is aborted", c.b.Abort(ctx, key, upload))
	uploads, err = c.b.Uploads(ctx, key)
	t.OK("open uploads are listed", err)
	t.True("open uploads after the abort", "this one no longer among them", !has(uploads, key, upload), fmt.Sprintf("%d uploads", len(uploads)))
	late := c.part(ctx, t, key, upload, 2, chunk)
	t.True("a part after the abort", "404", late.Status == http.StatusNotFound, late.String())
	made := c.trace(ctx, t, key)
	t.True("the object", "was never made", made == "", made)
}

// blocks is Azure's way: a single PUT needs x-ms-blob-type, and larger bodies go as blocks through the one SAS.
func blocks(ctx context.Context, t *run.T, c *client) {
	small := c.content(900)
	with, without := c.s.Key("BYOB-XFER-007", "typed.bin"), c.s.Key("BYOB-XFER-007", "untyped.bin")
	t.Denied(run.Denial{
		What: "a PUT without x-ms-blob-type", Expected: "400",
		Control: func() run.Answer { return c.send(ctx, t, http.MethodPut, with, small, headers(small), nil, nil) },
		Attempt: func() run.Answer {
			req := c.request(ctx, t, http.MethodPut, without, small, headers(small), nil, nil)
			req.Header.Del("x-ms-blob-type")
			return t.Do(c.http, req)
		},
		Refused:   func(a run.Answer) bool { return a.Status == http.StatusBadRequest },
		Untouched: func() string { return c.trace(ctx, t, without) },
	})
	key, body := c.s.Key("BYOB-XFER-007", "blocks.bin"), c.content(5<<19)
	p, err := c.b.Presign(ctx, bucket.PresignRequest{Method: http.MethodPut, Key: key, Lifetime: urls.Writing})
	if err != nil {
		t.Errorf("no SAS could be made: %s", bucket.Classify("presign", err))
	}
	t.OK("blocks upload through one SAS", c.b.Upload(ctx, p.URL, body, 1<<20))
	got := c.get(ctx, t, key, nil)
	t.Equal("GET of the joined blob", "200 OK", got.String())
	same(t, "the joined blob", body, got.Body)
}
