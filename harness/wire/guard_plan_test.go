package wire_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// unmeasured hides the length of a body.
type unmeasured struct{ io.Reader }

func TestTheGuardHoldsARunToItsPlan(t *testing.T) {
	const below = "https://s3.store.test/bucket/" + prefix
	for _, test := range []struct {
		name  string
		shape func(*http.Request)
		size  int
		goes  bool // and else what arrives, if anything, is no whole body, or no more than was announced
	}{
		{"a body of all the bytes of the plan", func(*http.Request) {}, 1000, true},
		{"a body of one byte more", func(*http.Request) {}, 1001, false},
		{"a body whose length is unknown, within the plan", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(unmeasured{r.Body}), -1 }, 1000, true},
		{"a body whose length is unknown, beyond it", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(unmeasured{r.Body}), -1 }, 100_000, false},
		{"a body said to have no length", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(unmeasured{r.Body}), 0 }, 100_000, false},
		{"a body in chunks under a smaller length", func(r *http.Request) { r.ContentLength, r.TransferEncoding = 10, []string{"chunked"} }, 100_000, false},
		{"a body that is longer than it says", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(unmeasured{r.Body}), 1000 }, 100_000, false},
		{"a body that can be had again, in chunks", func(r *http.Request) {
			r.TransferEncoding = []string{"chunked"}
			r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(strings.Repeat("y", 1<<20))), nil }
		}, 100_000, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t, true, nil)
			g := guard(t, scopes["s3 path"])
			g.Allow(0, 1000)
			rec := wire.NewRecorder("BYOB-TEST-001")
			tr := transport(t, wire.Options{Network: s.network(), Guard: g})
			req, err := http.NewRequestWithContext(rec.With(t.Context()), http.MethodPut, below+"k", strings.NewReader(strings.Repeat("x", test.size)))
			if err != nil {
				t.Fatal(err)
			}
			test.shape(req)
			resp, err := tr.RoundTrip(req)
			if resp != nil {
				finish(t, resp)
			}
			s.server.Close() // waits for the handler
			came := s.take()
			// A store that has all that was announced may answer before net/http finds out that there is more: then nothing more went.
			answered := err == nil && len(came) == 1 && came[0].header.Get("Content-Length") == strconv.Itoa(len(came[0].body))
			if test.goes && err != nil || !test.goes && err == nil && !answered {
				t.Errorf("got error %v, want success %t", err, test.goes)
			}
			for _, a := range came {
				if announced := a.header.Get("Content-Length") != ""; len(a.body) > 1000 || !test.goes && !announced && a.bodyErr == nil {
					t.Errorf("%d bytes arrived, complete %t; want at most 1000, and complete %t", len(a.body), a.bodyErr == nil, test.goes)
				}
			}
			if _, sent := g.Written(); sent > 1000 {
				t.Errorf("%d bytes counted, want at most 1000", sent)
			}
			var refused *wire.GuardError
			if !test.goes && errors.As(err, &refused) && len(rec.Refusals()) != 1 {
				t.Errorf("got %d refusals recorded, want 1", len(rec.Refusals()))
			}
		})
	}
}

func TestRequestsBeyondThePlanAreRefused(t *testing.T) {
	s := newStore(t, true, nil)
	g := guard(t, scopes["s3 path"])
	g.Allow(2, 0)
	tr := transport(t, wire.Options{Network: s.network(), Guard: g})
	for i := range 3 {
		resp, err := tr.RoundTrip(attempt{method: "GET", url: "https://s3.store.test/bucket?list-type=2"}.request(t))
		if (err == nil) != (i < 2) {
			t.Errorf("request %d: got %v", i+1, err)
		}
		if resp != nil {
			finish(t, resp)
		}
	}
	if n := len(s.take()); n != 2 {
		t.Errorf("%d requests arrived, want 2", n)
	}
}

func TestAStoppedGuardOnlyRemoves(t *testing.T) {
	s := newStore(t, true, nil)
	g := guard(t, scopes["s3 path"])
	tr := transport(t, wire.Options{Network: s.network(), Guard: g})
	const at = "https://s3.store.test/bucket/" + prefix + "k"
	body, writer := io.Pipe()
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() { // a write that is under way when the run ends
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, at, body)
		if err == nil {
			var resp *http.Response
			if resp, err = tr.RoundTrip(req); err == nil {
				_ = resp.Body.Close()
			}
		}
		ended <- err
	}()
	go func() {
		_, _ = writer.Write([]byte("first"))
		close(started)
		_, _ = writer.Write([]byte("second"))
		_ = writer.Close()
	}()
	<-started
	g.Stop()
	if err := <-ended; err == nil {
		t.Error("a write that was under way was let through to its end")
	}
	for method, goes := range map[string]bool{"PUT": false, "DELETE": true, "GET": true} {
		resp, err := tr.RoundTrip(attempt{method: method, url: at}.request(t))
		if (err == nil) != goes {
			t.Errorf("%s after the end: got error %v, want success %t", method, err, goes)
		}
		if resp != nil {
			finish(t, resp)
		}
	}
}

func TestAHeldGuardWritesNothingAndAStoppedOneOnlyDiscards(t *testing.T) {
	s := newStore(t, true, nil)
	g := guard(t, scopes["azure"])
	tr := transport(t, wire.Options{Network: s.network(), Guard: g})
	const below = "https://account.blob.store.test/bucket/" + prefix
	block, list := below+"k", below+"k?comp=blocklist"
	const none, some = `<?xml version="1.0" encoding="UTF-8"?><BlockList></BlockList>`, `<BlockList><Latest>aWQ=</Latest></BlockList>`
	for _, test := range []struct {
		name      string
		before    func()
		url, body string
		goes      bool
	}{
		{"a write while it is held", g.Hold, block, "x", false},
		{"an empty list while it is held", g.Hold, list, none, false},
		{"a write after it began", g.Begin, block, "x", true},
		{"a write after it stopped", g.Stop, block, "x", false},
		{"an empty list after it stopped", g.Stop, list, none, true},
		{"a short empty list after it stopped", g.Stop, list, "<BlockList/>", true},
		{"a list with a block after it stopped", g.Stop, list, some, false},
		{"an empty list beside the prefix", g.Stop, "https://account.blob.store.test/bucket/k?comp=blocklist", none, false},
		{"a write after it began again", g.Begin, block, "x", false},
	} {
		test.before()
		resp, err := tr.RoundTrip(attempt{method: "PUT", url: test.url, body: test.body}.request(t))
		if resp != nil {
			finish(t, resp)
		}
		came := s.take()
		if test.goes != (err == nil) || test.goes != (len(came) == 1) || test.goes && string(came[0].body) != test.body {
			t.Errorf("%s: got %v, and %d requests arrived; want it to go through: %t", test.name, err, len(came), test.goes)
		}
	}
}

func TestKeysAreKeptAnsweredOrNotAndCountedWhenAnswered(t *testing.T) {
	s := newStore(t, true, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "denied"):
			w.WriteHeader(http.StatusForbidden)
		case strings.HasSuffix(r.URL.Path, "silent"):
			panic(http.ErrAbortHandler)
		}
	})
	g := guard(t, scopes["s3 path"])
	tr := transport(t, wire.Options{Network: s.network(), Guard: g})
	for _, key := range []string{"good", "denied", "silent", "good", "../refused"} {
		if resp, err := tr.RoundTrip((attempt{method: "PUT", url: "https://s3.store.test/bucket/" + prefix + key, body: "12345"}).request(t)); err == nil {
			finish(t, resp)
		}
	}
	if got, want := g.Keys(), []string{prefix + "denied", prefix + "good", prefix + "silent"}; !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
	if keys, bytes := g.Written(); keys != 1 || bytes != 20 {
		t.Errorf("written: got %d keys and %d bytes, want 1 and 20", keys, bytes)
	}
}

// A header in another spelling than net/http's own used to reach the wire beside net/http's, and hid a second request in the
// body of the first.
func TestNoSecondRequestHidesInTheBodyOfTheFirst(t *testing.T) {
	s := newStore(t, true, nil)
	tr := transport(t, wire.Options{Network: s.network(), Guard: guard(t, scopes["s3 path"])})
	hidden := "0\r\n\r\nDELETE /other/k HTTP/1.1\r\nHost: s3.store.test\r\n\r\n"
	for _, header := range []map[string]string{{"transfer-encoding": "chunked"}, {"content-length": "0"}, {"CONTENT-LENGTH": "3"}, {"trailer": "X-A"}} {
		a := attempt{method: "PUT", url: "https://s3.store.test/bucket/" + prefix + "k", body: hidden, header: header}
		resp, err := tr.RoundTrip(a.request(t))
		if err != nil {
			t.Errorf("%v: %v", header, err)
			continue
		}
		finish(t, resp)
		if came := s.take(); len(came) != 1 || string(came[0].body) != hidden {
			t.Errorf("%v: %d requests arrived, want one with the whole body: %+v", header, len(came), came)
		}
	}
}
