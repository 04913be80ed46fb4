package wire

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A kept connection that breaks after it was looked at and before anything was sent on it costs no request: another is taken.
func TestNothingSentIsNoFailure(t *testing.T) {
	if !seesClosed {
		t.Skip("SKIPPED: lanes send by net/http here")
	}
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer s.Close()
	lane := New(Options{Network: Network{Closed: true}}).Lane(2)
	defer lane.CloseIdle()
	get := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := lane.RoundTrip(req)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.Body.Close()
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	broken := lane.direct.pop(place(req.URL))
	whole, err := lane.direct.connect(t.Context(), req.URL, &passage{})
	if err != nil {
		t.Fatal(err)
	}
	defer whole.close()
	_ = broken.socket.Conn.(*net.TCPConn).CloseWrite()
	broken.raw = whole.raw // at which it looks in the place of itself
	broken.since = time.Now()
	lane.direct.leave(broken, true)
	if err := get(); err != nil {
		t.Errorf("got %v, want an answer over a new connection", err)
	}
	if asked != 2 {
		t.Errorf("the store was asked %d times, want 2", asked)
	}
}

// Evidence is kept for a whole run; what a request had on its way, buffers and connections, is not kept with it.
func TestEvidenceKeepsNoMoreThanItShows(t *testing.T) {
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
	rec := NewSparseRecorder("BYOB-TEST-001", 1)
	for n, want := range []bool{false, true} {
		p := &passage{}
		e, err := rec.begin(&p.left, req, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := e == &p.left; got != want {
			t.Errorf("request %d: entered as part of its passage: %t, want %t", n, got, want)
		}
	}
}
