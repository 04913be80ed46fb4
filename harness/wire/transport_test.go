package wire_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

func TestTheUserAgentCarriesRunAndRequirement(t *testing.T) {
	s := newStore(t, true, nil)
	tr := transport(t, wire.Options{Network: s.network(), RunID: "run-7", Program: "bucketproof/0.1.0"})
	for _, test := range []struct {
		name, requirement, sdk, want string
	}{
		{"a spec's request", "BYOB-CORS-002", "", "bucketproof/0.1.0 (run run-7; BYOB-CORS-002)"},
		{"a spec's request by an SDK", "BYOB-CORS-002", "sdk/1", "bucketproof/0.1.0 (run run-7; BYOB-CORS-002) sdk/1"},
		{"a request of no spec", "", "", "bucketproof/0.1.0 (run run-7)"},
	} {
		req := attempt{method: "GET", url: "https://s3.store.test/"}.request(t)
		if test.sdk != "" {
			req.Header["user-agent"] = []string{test.sdk}
		}
		resp, err := tr.RoundTrip(req.WithContext(wire.NewRecorder(test.requirement).With(t.Context())))
		if err != nil {
			t.Fatal(err)
		}
		finish(t, resp)
		if got := s.take()[0].header.Values("User-Agent"); len(got) != 1 || got[0] != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		if req.Header.Get("User-Agent") != "" {
			t.Errorf("%s: the caller's request was changed", test.name)
		}
	}
}

// deaf is a server that answers the first request on a connection, reads the second and closes without a word.
func deaf(t *testing.T, config *tls.Config) (addr string, requests *atomic.Int64) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	t.Cleanup(func() { _ = l.Close() })
	requests = &atomic.Int64{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				r := bufio.NewReader(conn)
				for i := range 2 {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
					requests.Add(1)
					if i == 0 {
						_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
					}
				}
			}()
		}
	}()
	return l.Addr().String(), requests
}

func TestNoRequestIsSentASecondTime(t *testing.T) {
	ca := newAuthority(t)
	for _, secure := range []bool{false, true} {
		for _, test := range []struct {
			method string
			header map[string]string
		}{{"GET", nil}, {"HEAD", nil}, {"OPTIONS", nil}, {"DELETE", map[string]string{"Idempotency-Key": "k"}}, {"PUT", map[string]string{"X-Idempotency-Key": "k"}}, {"PUT", nil}} {
			t.Run(fmt.Sprintf("%s with %d header, TLS %t", test.method, len(test.header), secure), func(t *testing.T) {
				scheme, config := "http", (*tls.Config)(nil)
				if secure {
					scheme, config = "https", ca.config()
				}
				addr, requests := deaf(t, config)
				tr := transport(t, wire.Options{Network: wire.Network{Hosts: map[string]string{"s3.store.test": addr}, Closed: true, RootCAs: ca.pool},
					Guard: guard(t, scopes["s3 path"])})
				at := scheme + "://s3.store.test/bucket/" + prefix + "k"
				resp, err := tr.RoundTrip(attempt{method: "GET", url: at}.request(t))
				if err != nil {
					t.Fatal(err)
				}
				finish(t, resp)
				rec := wire.NewRecorder("BYOB-TEST-001")
				_, err = tr.RoundTrip(attempt{method: test.method, url: at, header: test.header}.request(t).WithContext(rec.With(t.Context())))
				if err == nil {
					t.Fatal("got an answer to a second try")
				}
				time.Sleep(20 * time.Millisecond) // a second try would be under way
				if n := requests.Load(); n != 2 && test.header["X-Idempotency-Key"] == "" {
					t.Errorf("%d requests arrived, want 2: the first and the one that was cut off", n)
				}
				var refused *wire.GuardError
				var repeated *wire.RepeatedError
				if test.method == "GET" && (!errors.As(err, &repeated) || !errors.Is(err, io.EOF) || !strings.Contains(rec.Lines()[0], "not sent again")) {
					t.Errorf("got error %v and evidence %q, want a RepeatedError", err, rec.Lines())
				}
				if test.header["X-Idempotency-Key"] != "" && !errors.As(err, &refused) {
					t.Errorf("got error %v, want a refusal", err)
				}
			})
		}
	}
}

func TestAKeptConnectionThatWasClosedMeanwhileIsNoFailure(t *testing.T) {
	s := newStore(t, true, nil)
	tr := transport(t, wire.Options{Network: s.network()})
	for range 20 {
		resp, err := tr.RoundTrip(attempt{method: "GET", url: "https://s3.store.test/"}.request(t))
		if err != nil {
			t.Fatalf("a request after the server closed an idle connection: %v", err)
		}
		finish(t, resp)
		s.server.CloseClientConnections()
		time.Sleep(2 * time.Millisecond)
	}
}

func TestASealedRecorderTakesNothingMore(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	s := newStore(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(reached)
			<-release
		}
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "<Error><Code>Late</Code></Error>")
	})
	g := guard(t, scopes["s3 path"])
	tr := transport(t, wire.Options{Network: s.network(), Guard: g})
	rec := wire.NewRecorder("BYOB-TEST-001")
	ctx := rec.With(t.Context())
	late := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://s3.store.test/slow", nil)
		if err == nil {
			var resp *http.Response
			if resp, err = tr.RoundTrip(req); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}
		late <- err
	}()
	<-reached
	rec.Seal()
	before := har(t, rec)
	close(release)
	if err := <-late; err != nil {
		t.Fatal(err)
	}
	closed := &closing{Reader: strings.NewReader("x")}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "https://s3.store.test/bucket/"+prefix+"k", closed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = tr.RoundTrip(req); err == nil || !strings.Contains(err.Error(), "already ended") {
		t.Errorf("a request of a sealed spec: got %v, want it refused", err)
	}
	if !closed.closed {
		t.Error("the body of a refused request was left open")
	}
	if _, err = tr.RoundTrip(attempt{method: "PUT", url: "https://s3.store.test/other/k"}.request(t).WithContext(ctx)); err == nil {
		t.Error("a write beside the prefix was let through")
	}
	if n := len(s.take()); n != 1 {
		t.Errorf("%d requests arrived, want the first only", n)
	}
	if after := har(t, rec); after != before {
		t.Errorf("the evidence changed after it was sealed:\nbefore %s\nafter  %s", before, after)
	}
	if len(rec.Refusals()) != 0 || len(g.Keys()) != 0 {
		t.Errorf("after the seal: got refusals %v and keys %q, want none", rec.Refusals(), g.Keys())
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestANilRecorderRecordsNothing(t *testing.T) {
	var rec *wire.Recorder
	rec.Seal()
	if rec.Len() != 0 || rec.Refusals() != nil || rec.Lines() != nil {
		t.Error("a nil recorder holds something")
	}
}

func TestTheLimitThatRanOutIsNamed(t *testing.T) {
	ca := newAuthority(t)
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // accepts, by its backlog, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	release := make(chan struct{})
	slow := newStore(t, true, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	for _, test := range []struct {
		name string
		n    wire.Network
		want string
	}{
		{"no handshake", wire.Network{Hosts: map[string]string{".test": silent.Addr().String()}, Closed: true, RootCAs: ca.pool}, "no TLS handshake within 100ms"},
		{"no answer", slow.network(), "no answer within 150ms"},
	} {
		rec := wire.NewRecorder("BYOB-TEST-001")
		tr := transport(t, wire.Options{Network: test.n, Limits: wire.Limits{Dial: 80 * time.Millisecond, Handshake: 100 * time.Millisecond, Answer: 150 * time.Millisecond}})
		_, err := tr.RoundTrip(attempt{method: "GET", url: "https://s3.store.test/"}.request(t).WithContext(rec.With(t.Context())))
		var timeout net.Error
		if err == nil || err.Error() != "s3.store.test: "+test.want || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s: got %v, want the timeout %q", test.name, err, test.want)
		}
		if lines := rec.Lines(); len(lines) != 1 || !strings.Contains(lines[0], test.want) {
			t.Errorf("%s: evidence %q, want it to name the limit", test.name, lines)
		}
	}
	t.Run("the caller's own limit is not one of ours", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		tr := transport(t, wire.Options{Network: slow.network()})
		_, err := tr.RoundTrip(attempt{method: "GET", url: "https://s3.store.test/"}.request(t).WithContext(ctx))
		var ours *wire.TimeoutError
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &ours) {
			t.Errorf("got %v, want the caller's deadline", err)
		}
	})
}

func TestAConnectionInUseHasNoLimitOfItsOwn(t *testing.T) {
	s := newStore(t, true, func(http.ResponseWriter, *http.Request) { time.Sleep(300 * time.Millisecond) })
	tr := transport(t, wire.Options{Network: s.network(), Limits: wire.Limits{Dial: 100 * time.Millisecond, Handshake: 100 * time.Millisecond, Answer: 5 * time.Second}})
	lane := tr.Lane(1)
	defer lane.CloseIdle()
	for _, way := range []*wire.Transport{tr, tr, lane, lane} { // the second each over the kept connection
		resp, err := way.RoundTrip(attempt{method: "GET", url: "https://s3.store.test/"}.request(t))
		if err != nil {
			t.Fatal(err)
		}
		finish(t, resp)
	}
}

func TestRedirectsAreSeenAndNotFollowed(t *testing.T) {
	s := newStore(t, true, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://user:hunter2@elsewhere.test/bucket/k?X-Amz-Signature=canary0&region=x")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	rec := wire.NewRecorder("BYOB-TEST-001")
	tr := transport(t, wire.Options{Network: s.network()})
	resp, err := tr.Client().Do(attempt{method: "GET", url: "https://s3.store.test/"}.request(t).WithContext(rec.With(t.Context())))
	if err != nil {
		t.Fatal(err)
	}
	finish(t, resp)
	if n := len(s.take()); n != 1 || resp.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("got %d after %d requests, want 307 after one", resp.StatusCode, n)
	}
	if h := har(t, rec); !strings.Contains(h, `"redirectURL": "https://elsewhere.test/bucket/k?X-Amz-Signature=[redacted]&[redacted]=[redacted]"`) {
		t.Errorf("the evidence doesn't say where to: %s", h)
	}
}

func TestAnswersComeOverHTTP1(t *testing.T) {
	s := newStore(t, true, nil)
	s.server.TLS.NextProtos = []string{"h2", "http/1.1"}
	resp, err := transport(t, wire.Options{Network: s.network()}).RoundTrip(attempt{method: "GET", url: "https://s3.store.test/"}.request(t))
	if err != nil || resp.ProtoMajor != 1 {
		t.Fatalf("got %v, %v; want HTTP/1.1", resp, err)
	}
	finish(t, resp)
}
