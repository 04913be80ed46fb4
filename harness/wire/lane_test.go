package wire_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// A lane is guarded, counted and recorded like the transport that it is beside, and what goes right in it leaves no trace beyond
// the first requests.
func TestALaneIsNoWayAround(t *testing.T) {
	fail := false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if fail {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "<Error><Code>SlowDown</Code></Error>")
		}
	}))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	guard, err := wire.NewGuard(wire.Scope{Dialect: wire.S3, Hosts: []string{host}, Bucket: "b", Prefix: "run/", MaxBytes: 40, MaxRequests: 30})
	if err != nil {
		t.Fatal(err)
	}
	whole := wire.New(wire.Options{Network: wire.Network{Closed: true}, Guard: guard, RunID: "r"})
	lane := whole.Lane(64)
	defer lane.CloseIdle()
	rec := wire.NewSparseRecorder("BYOB-RATE-001", 3)
	put := func(key string) error {
		req, err := http.NewRequestWithContext(rec.With(t.Context()), http.MethodPut, s.URL+"/b/"+key, strings.NewReader("four"))
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
	var refused *wire.GuardError
	if err := put("elsewhere/x"); !errors.As(err, &refused) {
		t.Errorf("a write outside the prefix: got %v, want a GuardError", err)
	}
	for _, key := range []string{"run/1", "run/2", "run/3", "run/4", "run/5", "run/6", "run/7"} {
		if err := put(key); err != nil {
			t.Fatal(err)
		}
	}
	fail = true
	if err := put("run/8"); err != nil {
		t.Fatal(err)
	}
	if got, want := rec.Len(), 4; got != want {
		t.Errorf("got %d requests in the evidence, want %d: the first three and the failed one\n%s", got, want, strings.Join(rec.Lines(), "\n"))
	}
	if last := rec.Lines()[rec.Len()-1]; !strings.Contains(last, "run/8") || !strings.Contains(last, "503") {
		t.Errorf("got %q, want the failed request", last)
	}
	if rec.Unkept() != 4 || whole.Requests() != 8 {
		t.Errorf("got %d left out and %d sent, want 4 and 8", rec.Unkept(), whole.Requests())
	}
	fail = false
	for _, key := range []string{"run/9", "run/10"} {
		if err := put(key); err != nil {
			t.Fatal(err)
		}
	}
	if err := put("run/11"); !errors.As(err, &refused) {
		t.Errorf("a write beyond the plan's bytes: got %v, want a GuardError", err)
	}
	whole.Gone("run/1")
	whole.Gone("elsewhere/x")
	if n, left, all := guard.Count(), guard.Left(), guard.Keys(); n != 10 || len(left) != 9 || len(all) != 10 {
		t.Errorf("got %d keys, %d left, %d in all, want 10, 9 and 10", n, len(left), len(all))
	}
	rec.Seal()
	if err := put("run/12"); err == nil {
		t.Error("a request was sent for a load that has ended")
	}
}

// An answer of a status below 200 is no success: a load's evidence has it.
func TestWhatIsNoSuccessIsEvidence(t *testing.T) {
	s := newScript(t, false, func(w io.Writer, _, _ int) bool {
		_, _ = io.WriteString(w, "HTTP/1.1 099 Broken\r\nContent-Length: 0\r\n\r\n")
		return true
	})
	whole := transport(t, wire.Options{Network: wire.Network{Closed: true}})
	lane := whole.Lane(2)
	defer lane.CloseIdle()
	rec := wire.NewSparseRecorder("BYOB-RATE-001", 1)
	for n := range 3 {
		way := map[bool]*wire.Transport{true: lane, false: whole}[n < 2]
		resp, err := way.RoundTrip(attempt{method: "GET", url: s.at}.request(t).WithContext(rec.With(t.Context())))
		if err != nil {
			t.Fatal(err)
		}
		finish(t, resp)
	}
	if n := rec.Len(); n != 3 {
		t.Errorf("got %d requests in the evidence, want all 3", n)
	}
}
