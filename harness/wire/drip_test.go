package wire_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// dripping is a store that begins an answer and goes on with a byte at a time, until its client has gone.
func dripping(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1000000")
	w.WriteHeader(http.StatusOK)
	for r.Context().Err() == nil {
		_, _ = io.WriteString(w, ".")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(5 * time.Millisecond)
	}
}

func TestAnAnswerThatDripsHasAnEnd(t *testing.T) {
	s := newStore(t, true, dripping)
	tr := transport(t, wire.Options{Network: s.network(), Limits: wire.Limits{Transfer: 100 * time.Millisecond}})
	rec := wire.NewRecorder("BYOB-TEST-001")
	resp, err := tr.RoundTrip(attempt{method: "GET", url: "https://s3.store.test/"}.request(t).WithContext(rec.With(t.Context())))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.ReadAll(resp.Body)
	var limit *wire.TimeoutError
	if !errors.As(err, &limit) || limit.What != "end of the answer" {
		t.Errorf("got %v, want no end of the answer within its limit", err)
	}
	if all := har(t, rec); !strings.Contains(all, "no end of the answer within") {
		t.Errorf("the evidence does not say why the answer was left: %s", all)
	}
}

func TestARequestThatIsNotTakenHasAnEnd(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // takes connections, and reads nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	tr := transport(t, wire.Options{Network: wire.Network{Hosts: map[string]string{"s3.store.test": l.Addr().String()}, Closed: true}, Guard: guard(t, scopes["s3 path"]),
		Limits: wire.Limits{Dial: 50 * time.Millisecond, Handshake: 50 * time.Millisecond, Answer: 50 * time.Millisecond, Transfer: 50 * time.Millisecond, Rate: 1 << 30}})
	req := attempt{method: "PUT", url: "http://s3.store.test/bucket/" + prefix + "k"}.request(t)
	req.Body, req.ContentLength = io.NopCloser(io.LimitReader(endless{}, 64<<20)), 64<<20
	resp, err := tr.RoundTrip(req)
	if err == nil {
		finish(t, resp)
		t.Fatal("got an answer")
	}
	var limit *wire.TimeoutError
	if !errors.As(err, &limit) {
		t.Errorf("got %v, want a limit that ran out", err)
	}
}

// endless is a body that never ends by itself.
type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAnAnswerThatKeepsComingIsReadToItsEnd(t *testing.T) {
	const size = 2 << 20
	s := newStore(t, true, func(w http.ResponseWriter, _ *http.Request) {
		for range 8 {
			_, _ = w.Write(make([]byte, size/8))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	tr := transport(t, wire.Options{Network: s.network(), Limits: wire.Limits{Transfer: 50 * time.Millisecond}})
	resp, err := tr.RoundTrip(attempt{method: "GET", url: "https://s3.store.test/"}.request(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, err := io.ReadAll(resp.Body); err != nil || len(body) != size {
		t.Errorf("got %d bytes, %v; want %d: what comes earns its time", len(body), err, size)
	}
}
