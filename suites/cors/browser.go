package cors

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/browser"
	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/cors"
)

// browserLimit is how long a browser may take to start and to send its requests.
const browserLimit = 90 * time.Second

// browsed has a page on the front end's origin put an object, look at it and read it, by pre-signed URL.
func (l *live) browsed(ctx context.Context, t *run.T) {
	if _, err := browser.Find(); err != nil {
		t.NotRun("%s on this machine: install it, or leave out --browser", err)
	}
	origin := l.origin(ctx, t)
	page, err := browser.Open(ctx, browser.Options{Origin: origin, Network: l.s.Wire.Network(), Keys: l.keys(ctx, t)})
	if errors.Is(err, browser.ErrNone) {
		t.NotRun("%s on this machine: install it, or leave out --browser", err)
	}
	if err != nil {
		t.Errorf("%s", err)
	}
	defer page.Close()
	t.Observe("a page on %s was opened in a browser", origin)
	key := l.s.Key("BYOB-CORS-010", "object.bin")
	for _, method := range []string{http.MethodPut, http.MethodHead, http.MethodGet} {
		a := l.fetched(ctx, t, page, l.mint(ctx, t, method, key), cors.Headers(l.s.Profile, method))
		what := fmt.Sprintf("%s by pre-signed URL from a page on %s", method, origin)
		switch {
		case a.Failure != "":
			t.Errorf("%s: the browser got no answer: %s", what, a.Failure)
		case a.Refused != "":
			l.advise(ctx, t)
			t.Fail(what+": the page is given the answer", "the browser refuses it: "+a.Refused)
		case a.Status < 200 || a.Status > 299:
			t.Errorf("%s is refused, and not for its origin: %d", what, a.Status)
		}
		if a.ETag == "" {
			l.advise(ctx, t)
		}
		t.True("what the page reads of ETag after "+what, "the object's ETag", a.ETag != "", orNone(a.ETag))
		if method == http.MethodGet {
			t.Equal("what the page reads", []byte(body), []byte(a.Body))
		}
	}
}

func orNone(etag string) string {
	if etag == "" {
		return "nothing"
	}
	return etag
}

// keys are those of the store's certificates where the run was given roots of its own: the browser doesn't know these.
func (l *live) keys(ctx context.Context, t *run.T) []string {
	var out []string
	if l.s.Wire.Network().RootCAs == nil || l.s.Service.Scheme != "https" {
		return nil
	}
	for _, host := range []string{l.s.Service.Host, l.s.BucketHost()} {
		h, err := l.s.Wire.Handshake(ctx, &url.URL{Scheme: "https", Host: host}, 0)
		if err != nil {
			t.Errorf("the store's certificate could not be read: %s", bucket.Classify("handshake", err))
		}
		if !slices.Contains(out, h.Key) {
			out = append(out, h.Key)
		}
	}
	return out
}

// fetched has the page send a request that the guard has let through. The fields that browsers send by themselves are left
// to it.
func (l *live) fetched(ctx context.Context, t *run.T, page *browser.Page, p *bucket.Presigned, asked []string) browser.Answer {
	q := browser.Request{Method: p.Method, URL: p.URL, Header: map[string]string{}}
	var content *strings.Reader
	if p.Method == http.MethodPut {
		q.Body, content = body, strings.NewReader(body)
		l.lend(ctx, t, http.MethodOptions, p.URL, nil, nil)(nil) //nolint:bodyclose // the browser has read the answer: there is no body here
	}
	for name := range p.Header {
		q.Header[name] = p.Header.Get(name)
	}
	if slices.Contains(asked, "range") {
		q.Header["Range"] = fmt.Sprintf("bytes=0-%d", len(body)-1)
	}
	header := http.Header{}
	for name, value := range maps.All(q.Header) {
		header.Set(name, value)
	}
	answered := l.lend(ctx, t, p.Method, p.URL, header, content) //nolint:bodyclose // the browser has read the answer: there is no body here
	a, err := page.Fetch(ctx, q)
	if err != nil {
		answered(nil)
		t.Errorf("%s", err)
	}
	if a.Status == 0 {
		answered(nil)
		return a
	}
	answered(&http.Response{StatusCode: a.Status, Proto: "HTTP/1.1", Header: http.Header{"Etag": {a.ETag}}, ContentLength: -1})
	return a
}

// lend asks the guard for a request that the browser sends.
func (l *live) lend(ctx context.Context, t *run.T, method, to string, header http.Header, content *strings.Reader) func(*http.Response) {
	req, err := http.NewRequestWithContext(ctx, method, to, http.NoBody)
	if err == nil && content != nil {
		req, err = http.NewRequestWithContext(ctx, method, to, content)
	}
	if err != nil {
		t.Errorf("the pre-signed URL is no URL")
	}
	if header != nil {
		req.Header = header
	}
	answered, err := l.s.Wire.Lend(req) //nolint:bodyclose // the browser has read the answer: there is no body here
	if err != nil {
		t.Errorf("%s", bucket.Classify(strings.ToLower(method), err))
	}
	return answered
}
