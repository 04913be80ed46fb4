package load

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/bucket"
)

// upload begins an upload in parts, and makes the URLs of all of them: W&B's server hands them out together.
func (c *Client) upload(ctx context.Context, j *Job, s *Sheet) (*ready, error) {
	r := &ready{}
	if c.Multipart != nil {
		op := Operation{Kind: Begin, Start: s.Now()}
		upload, err := c.Multipart.Create(ctx, j.Key)
		if op.End = s.Now(); err != nil {
			c.failed(&op, j, s, err)
			s.Add(op)
			return nil, fmt.Errorf("an upload could not be begun: %w", err)
		}
		s.Add(op)
		r.upload = upload
	}
	for n := range j.Case.Split() {
		query := url.Values{"uploadId": {r.upload}, "partNumber": {strconv.Itoa(n + 1)}}
		if c.Multipart == nil {
			id := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%08d", n)) // all IDs of a blob must have one length
			r.ids, query = append(r.ids, id), url.Values{"comp": {"block"}, "blockid": {id}}
		}
		if err := r.add(c.Mint.Mint(ctx, http.MethodPut, j.Key, query)); err != nil {
			return r, fmt.Errorf("no pre-signed URL could be made: %w", bucket.Classify("presign", err))
		}
		offset, length := partOf(j.Case, n)
		var err error
		if r.urls[n], err = c.described(ctx, r.urls[n], j, offset, length); err != nil {
			return r, err
		}
	}
	if c.Multipart == nil {
		if err := r.add(c.Mint.Mint(ctx, http.MethodPut, j.Key, url.Values{"comp": {"blocklist"}})); err != nil {
			return r, fmt.Errorf("no pre-signed URL could be made: %w", bucket.Classify("presign", err))
		}
	}
	return r, nil
}

// partOf is where a part of an object stands.
func partOf(c *budgets.Case, n int) (offset, length int64) {
	offset = int64(n) * int64(c.PartSize)
	return offset, min(int64(c.PartSize), int64(c.Size)-offset)
}

// gather combines the rows of an object's parts to that of the object: it begins with the first and fails with any.
func gather(whole *Operation, rows []Operation) {
	for _, op := range rows {
		if op.First > 0 && (whole.First == 0 || op.First < whole.First) {
			whole.First = op.First
		}
		if op.Outcome != Done && whole.Outcome == Done {
			whole.Outcome, whole.Status = op.Outcome, op.Status
		}
		whole.Bytes += op.Bytes
	}
	if whole.Outcome != Done {
		whole.Bytes = 0
	}
}

// parts writes an object in parts, or blocks, several at once, and joins them.
func (c *Client) parts(ctx context.Context, j *Job, s *Sheet, r *ready) Operation {
	whole := Operation{Kind: Multipart, Start: s.Now()}
	rows, tags := make([]Operation, j.Case.Split()), make([]bucket.Part, j.Case.Split())
	var group errgroup.Group
	group.SetLimit(j.Case.Parts)
	for n := range rows {
		group.Go(func() error {
			offset, length := partOf(j.Case, n)
			op, resp := c.send(ctx, j, s, Part, http.MethodPut, r.urls[n], &body{d: c.Data, number: j.Number, offset: offset, left: length}, length) //nolint:bodyclose // finish closes it
			if resp != nil {
				tags[n] = bucket.Part{Number: int32(n + 1), ETag: resp.Header.Get("ETag")}
				c.finish(&op, resp, j, s, length, func(b io.Reader) (int64, error) { _, err := io.Copy(io.Discard, b); return length, err })
			}
			rows[n] = op
			return nil
		})
	}
	_ = group.Wait() // none returns an error: each has its row
	gather(&whole, rows)
	for _, op := range rows {
		s.Add(op)
	}
	if whole.Outcome != Done {
		c.abort(ctx, j, s, r)
		whole.End = s.Now()
		return whole
	}
	commit := c.commit(ctx, j, s, r, tags)
	s.Add(commit)
	if whole.End = commit.End; commit.Outcome != Done {
		whole.Outcome, whole.Status, whole.Bytes = commit.Outcome, commit.Status, 0
	}
	return whole
}

// commit joins the parts.
func (c *Client) commit(ctx context.Context, j *Job, s *Sheet, r *ready, tags []bucket.Part) Operation {
	if c.Multipart == nil {
		var b bytes.Buffer
		b.WriteString(xml.Header + "<BlockList>")
		for _, id := range r.ids {
			b.WriteString("<Latest>" + id + "</Latest>")
		}
		b.WriteString("</BlockList>")
		op, resp := c.send(ctx, j, s, Commit, http.MethodPut, r.urls[len(r.urls)-1], io.NopCloser(&b), int64(b.Len())) //nolint:bodyclose // finish closes it
		if resp != nil {
			c.finish(&op, resp, j, s, 0, func(b io.Reader) (int64, error) { return io.Copy(io.Discard, b) })
			op.Bytes = 0
		}
		return op
	}
	op := Operation{Kind: Commit, Start: s.Now()}
	_, err := c.Multipart.Complete(ctx, j.Key, r.upload, tags)
	if op.End = s.Now(); err != nil {
		c.failed(&op, j, s, err)
		c.abort(ctx, j, s, r)
	}
	return op
}

// abort discards an upload.
func (c *Client) abort(ctx context.Context, j *Job, s *Sheet, r *ready) {
	if c.Multipart == nil || r == nil || r.upload == "" {
		return
	}
	op := Operation{Kind: Remove, Start: s.Now()}
	err := c.Multipart.Abort(ctx, j.Key, r.upload)
	if op.End = s.Now(); err != nil {
		if e := bucket.Classify("abort upload", err); e.Kind != bucket.KindNoSuchUpload {
			c.failed(&op, j, s, err)
		}
	}
	s.Add(op)
}

// Leave implements Mover: uploads that were begun and not made are discarded.
func (c *Client) Leave(ctx context.Context, jobs []*Job, s *Sheet) {
	for _, j := range jobs {
		if r, _ := j.ready.(*ready); r != nil && j.Kind == Multipart {
			c.abort(ctx, j, s, r)
		}
	}
}

// ranges reads an object in ranges, several at once.
func (c *Client) ranges(ctx context.Context, j *Job, s *Sheet, r *ready) Operation {
	whole := Operation{Kind: Ranges, Start: s.Now()}
	part := j.Case.PartSize
	if part == 0 {
		part = min(j.Case.Size, 16<<20)
	}
	rows := make([]Operation, int((j.Case.Size+part-1)/part))
	var group errgroup.Group
	group.SetLimit(max(j.Case.Parts, 1))
	for n := range rows {
		group.Go(func() error {
			offset := int64(n) * int64(part)
			rows[n] = c.get(ctx, j, s, Range, r.urls[0], offset, min(int64(part), int64(j.Case.Size)-offset))
			return nil
		})
	}
	_ = group.Wait() // none returns an error: each has its row
	gather(&whole, rows)
	for _, op := range rows {
		s.Add(op)
	}
	whole.End = s.Now()
	return whole
}

// words joins a list for a sentence.
func words(list []string) string { return strings.Join(list, ", ") }
