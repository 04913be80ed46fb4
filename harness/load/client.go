package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bucketproof/bucketproof/harness/bucket"
)

// URL is a request that was signed.
type URL struct {
	URL    string // a secret
	Header http.Header
}

// Minter makes pre-signed URLs; query is signed too where the scheme can.
type Minter interface {
	Mint(ctx context.Context, method, key string, query url.Values) (URL, error)
}

// Client moves objects over HTTP by pre-signed URL. It implements Mover.
type Client struct {
	Send http.RoundTripper
	Mint Minter
	Data *Data
	// Multipart begins, joins and aborts uploads; nil where parts go as Azure's blocks.
	Multipart bucket.Multipart
	// Delete removes an object, and Gone is told that it did.
	Delete func(ctx context.Context, key string) error
	Gone   func(key string)
	// Late mints a URL when its turn comes, in the place of before the clock starts.
	Late bool
	// Unverified reads answers without looking at them: only to see what verifying costs.
	Unverified bool
}

// ready is what was made ready for a job.
type ready struct {
	urls   []URL // one, or one a part
	one    [1]URL
	upload string
	ids    []string // of blocks
}

// atOnce is how many URLs are minted, and objects removed, at a time.
const atOnce = 16

// Ready implements Mover.
func (c *Client) Ready(ctx context.Context, jobs []*Job, s *Sheet) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, j := range jobs {
		if c.Late && j.Kind != Multipart {
			continue
		}
		group.Go(func() error {
			r, err := c.mint(ctx, j, s)
			j.ready = r
			return err
		})
	}
	return group.Wait()
}

// mint makes all the URLs of a job.
func (c *Client) mint(ctx context.Context, j *Job, s *Sheet) (*ready, error) {
	r := &ready{}
	var err error
	switch j.Kind {
	case Put:
		if err = r.add(c.Mint.Mint(ctx, http.MethodPut, j.Key, nil)); err == nil {
			r.urls[0], err = c.described(ctx, r.urls[0], j, 0, int64(j.Case.Size))
		}
	case Multipart:
		return c.upload(ctx, j, s)
	default:
		err = r.add(c.Mint.Mint(ctx, http.MethodGet, j.Key, nil))
	}
	if err != nil {
		return nil, fmt.Errorf("no pre-signed URL could be made: %w", bucket.Classify("presign", err))
	}
	return r, nil
}

func (r *ready) add(u URL, err error) error {
	if r.urls == nil {
		r.urls = r.one[:0]
	}
	r.urls = append(r.urls, u)
	return err
}

// Move implements Mover.
func (c *Client) Move(ctx context.Context, j *Job, s *Sheet) Operation {
	r, _ := j.ready.(*ready)
	if r == nil {
		var err error
		if r, err = c.mint(ctx, j, s); err != nil {
			s.Fail(j.Key, "%s", err)
			now := s.Now()
			return Operation{Kind: j.Kind, Outcome: Other, Start: now, End: now}
		}
	}
	switch j.Kind {
	case Put:
		return c.put(ctx, j, s, Put, r.urls[0], 0, int64(j.Case.Size))
	case Multipart:
		return c.parts(ctx, j, s, r)
	case Ranges:
		return c.ranges(ctx, j, s, r)
	}
	return c.get(ctx, j, s, Get, r.urls[0], 0, int64(j.Case.Size))
}

// put writes length bytes of an object from an offset on.
func (c *Client) put(ctx context.Context, j *Job, s *Sheet, kind Kind, u URL, offset, length int64) Operation {
	op, resp := c.send(ctx, j, s, kind, http.MethodPut, u, &body{d: c.Data, number: j.Number, offset: offset, left: length}, length) //nolint:bodyclose // finish closes it
	if resp == nil {
		return op
	}
	c.finish(&op, resp, j, s, length, func(b io.Reader) (int64, error) { _, err := io.Copy(io.Discard, b); return length, err })
	return op
}

// get reads length bytes of an object from an offset on, and compares them with what was written.
func (c *Client) get(ctx context.Context, j *Job, s *Sheet, kind Kind, u URL, offset, length int64) Operation {
	if kind == Range {
		u.Header = u.Header.Clone()
		if u.Header == nil {
			u.Header = http.Header{}
		}
		u.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, offset+length-1))
	}
	op, resp := c.send(ctx, j, s, kind, http.MethodGet, u, nil, 0) //nolint:bodyclose // finish closes it
	if resp == nil {
		return op
	}
	c.finish(&op, resp, j, s, length, func(b io.Reader) (int64, error) {
		if c.Unverified {
			return drain(b)
		}
		n, same, err := c.Data.receive(b, j.Number, offset, length)
		if err == nil && !same {
			err = errCorrupt
		}
		return n, err
	})
	return op
}

var errCorrupt = errors.New("other bytes than were written")

// send sends one request; without an answer the operation is over.
func (c *Client) send(ctx context.Context, j *Job, s *Sheet, kind Kind, method string, u URL, content io.ReadCloser, length int64) (Operation, *http.Response) {
	op := Operation{Kind: kind}
	req, err := http.NewRequestWithContext(ctx, method, u.URL, nil)
	if err != nil {
		op.Start = s.Now()
		op.End, op.Outcome = op.Start, Other
		s.Fail(j.Key, "a pre-signed URL is no URL")
		return op, nil
	}
	for name, values := range u.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if content != nil {
		req.Body, req.ContentLength = content, length
		if length == 0 {
			req.Body = http.NoBody
		}
	}
	op.Start = s.Now()
	resp, err := c.Send.RoundTrip(req)
	if err != nil {
		op.End = s.Now()
		c.failed(&op, j, s, err)
		return op, nil
	}
	op.First, op.Status = s.Now(), uint16(resp.StatusCode)
	return op, resp
}

// finish takes the answer: the whole of it, since the connection is used again.
func (c *Client) finish(op *Operation, resp *http.Response, j *Job, s *Sheet, length int64, take func(io.Reader) (int64, error)) {
	defer func() { _ = resp.Body.Close() }()
	good := resp.StatusCode == http.StatusOK || (op.Kind == Range && resp.StatusCode == http.StatusPartialContent) ||
		(resp.StatusCode == http.StatusCreated && resp.Request.Method == http.MethodPut)
	if op.Kind == Range && resp.StatusCode == http.StatusOK && length != int64(j.Case.Size) {
		good = false // the whole object in the place of a range
	}
	if !good {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 8<<10))
		op.End, op.Outcome = s.Now(), Refused
		s.Fail(j.Key, "%s", bucket.ClassifyResponse(strings.ToLower(resp.Request.Method), resp, text))
		return
	}
	n, err := take(resp.Body)
	op.End = s.Now()
	switch {
	case errors.Is(err, errCorrupt):
		op.Outcome = Corrupt
		s.Fail(j.Key, "%s: %s", strings.ToLower(resp.Request.Method), err)
	case err != nil:
		c.failed(op, j, s, err)
	default:
		op.Bytes = n
	}
}

// failed enters an answer that didn't come.
func (c *Client) failed(op *Operation, j *Job, s *Sheet, err error) {
	e := bucket.Classify(op.Kind.String(), err)
	switch e.Kind {
	case bucket.KindTimeout:
		op.Outcome = Late
	case bucket.KindReset, bucket.KindRefused:
		op.Outcome = Broken
	default:
		op.Outcome = Other
	}
	s.Fail(j.Key, "%s", e)
}

// Remove implements Mover.
func (c *Client) Remove(ctx context.Context, keys []string, s *Sheet) {
	if c.Delete == nil {
		return
	}
	var wg sync.WaitGroup
	next := make(chan string)
	for range min(atOnce, len(keys)) {
		wg.Go(func() {
			for key := range next {
				op := Operation{Kind: Remove, Start: s.Now()}
				err := c.Delete(ctx, key)
				op.End = s.Now()
				if e := bucket.Classify("remove", err); err != nil && e.Kind != bucket.KindNoSuchKey {
					c.failed(&op, &Job{Key: key}, s, err)
				} else if c.Gone != nil {
					c.Gone(key)
				}
				s.Add(op)
			}
		})
	}
	for _, key := range keys {
		next <- key
	}
	close(next)
	wg.Wait()
}
