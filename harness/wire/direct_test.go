package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// silent waits until its client has gone, or for ten seconds, and says something then.
func silent(then string) func(io.Writer, int, int) bool {
	return func(w io.Writer, _, _ int) bool {
		c := w.(net.Conn)
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.Copy(io.Discard, c)
		_, _ = io.WriteString(c, then)
		return false
	}
}

// silentAfter is silent after it said something.
func silentAfter(words string) func(io.Writer, int, int) bool {
	return func(w io.Writer, conn, request int) bool {
		_, _ = io.WriteString(w, words)
		return silent("")(w, conn, request)
	}
}

// took is what a transport said of one request.
type took struct{ answer, evidence string }

var (
	span = regexp.MustCompile(`in \d+ ms`)
	ends = regexp.MustCompile(`127\.0\.0\.1:\d+->`)
)

func seen(t *testing.T, tr *wire.Transport, method, url string) took {
	t.Helper()
	rec := wire.NewRecorder("BYOB-TEST-001")
	resp, err := tr.RoundTrip(attempt{method: method, url: url}.request(t).WithContext(rec.With(t.Context())))
	var out took
	if err != nil {
		out.answer = "error: " + err.Error()
	} else {
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		out.answer = fmt.Sprintf("%d %s %d bytes of %d, %v, %v", resp.StatusCode, resp.Proto, len(body), resp.ContentLength, resp.Header, err)
	}
	out.evidence = ends.ReplaceAllString(span.ReplaceAllString(strings.Join(rec.Lines(), "\n"), "in N ms"), "")
	return out
}

// What comes of a request must not hang on which way it went: the words of a load's failures are those of all others.
func TestALaneSaysWhatTheTransportSays(t *testing.T) {
	say := func(s string) func(io.Writer, int, int) bool {
		return func(w io.Writer, _, _ int) bool { _, _ = io.WriteString(w, s); return true }
	}
	once := func(s string) func(io.Writer, int, int) bool {
		return func(w io.Writer, _, _ int) bool { _, _ = io.WriteString(w, s); return false }
	}
	const fine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour"
	limits := wire.Limits{Answer: 150 * time.Millisecond, Transfer: 150 * time.Millisecond}
	for _, test := range []struct {
		name   string
		answer func(io.Writer, int, int) bool
		reset  bool
		method string
		want   string // somewhere in the second answer
	}{
		{name: "a length", answer: say(fine), want: "200 HTTP/1.1 4 bytes of 4"},
		{name: "nothing", answer: say("HTTP/1.1 204 No Content\r\n\r\n"), want: "204 HTTP/1.1 0 bytes"},
		{name: "an empty object", answer: say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), want: "200 HTTP/1.1 0 bytes of 0"},
		{name: "HEAD", answer: say("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"), method: "HEAD", want: "200 HTTP/1.1 0 bytes of 4000"},
		{name: "chunks and a trailer", answer: say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: t\r\n\r\n"), want: "5 bytes of -1"},
		{name: "to the end of the connection", answer: once("HTTP/1.1 200 OK\r\n\r\nall of it"), want: "9 bytes of -1"},
		{name: "HTTP/1.0", answer: once("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfour"), want: "200 HTTP/1.0 4 bytes"},
		{name: "announced end", answer: once("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfour"), want: "4 bytes of 4"},
		{name: "early hints", answer: say("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + fine), want: "200 HTTP/1.1 4 bytes"},
		{name: "a status that there is not", answer: say("HTTP/1.1 099 Broken\r\nContent-Length: 42\r\n\r\n" + fine), want: "99 HTTP/1.1 42 bytes"},
		{name: "another protocol", answer: silentAfter("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n"), want: "101 HTTP/1.1 0 bytes"},
		{name: "elsewhere", answer: say("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://other.test/\r\nContent-Length: 0\r\n\r\n"), want: "307"},
		{name: "refused", answer: say("HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: 48\r\n\r\n<Error><Code>AccessDenied</Code></Error>        "), want: "403"},
		{name: "no answer at all", answer: once(""), want: "the connection ended before the answer did"},
		{name: "a reset", answer: once(""), reset: true, want: "the connection was reset"},
		{name: "half a head", answer: once("HTTP/1.1 200 OK\r\nContent-Le"), want: "malformed MIME header"},
		{name: "half a body", answer: once("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour"), want: "the connection ended before the answer did"},
		{name: "half a chunk", answer: once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nfour"), want: "the connection ended before the answer did"},
		{name: "another language", answer: once("SSH-2.0-OpenSSH_9.2\r\n"), want: "malformed HTTP response"},
		{name: "two lengths", answer: once("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nfour"), want: "multiple Content-Length"},
		{name: "a kept connection that breaks", answer: func(w io.Writer, _, n int) bool { return n == 0 && say(fine)(w, 0, n) }, want: "it was not sent again"},
		{name: "silence", answer: silent(fine), want: "no answer within 150ms"},
		{name: "silence in the midst", answer: func(w io.Writer, _, _ int) bool {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfour")
			return silent("four")(w, 0, 0)
		}, want: "no end of the answer within 200ms"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, test.reset, test.answer)
			if test.method == "" {
				test.method = http.MethodGet
			}
			whole := transport(t, wire.Options{Network: wire.Network{Closed: true}, Limits: limits})
			lane := transport(t, wire.Options{Network: wire.Network{Closed: true}, Limits: limits}).Lane(2)
			defer lane.CloseIdle()
			var got took
			for n := range 3 {
				want := seen(t, whole, test.method, s.at)
				if got = seen(t, lane, test.method, s.at); got != want {
					t.Errorf("request %d\n got %q\nwant %q", n, got, want)
				}
				if n == 1 && !strings.Contains(got.answer, test.want) {
					t.Errorf("got %q, want %q in it", got.answer, test.want)
				}
			}
		})
	}
}

func TestALaneSaysWhatTheTransportSaysOfConnections(t *testing.T) {
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0") // accepts, by its backlog, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	gone, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	s := newStore(t, true, nil)
	limits := wire.Limits{Handshake: 100 * time.Millisecond}
	for _, test := range []struct {
		name, url string
		network   wire.Network
		want      string
	}{
		{"TLS", "https://s3.store.test/", s.network(), "200 HTTP/1.1"},
		{"nobody listens", "http://" + gone.Addr().String() + "/", wire.Network{Closed: true}, "connection refused"},
		{"no such name", "http://nowhere.test/", wire.Network{Closed: true}, "no such host"},
		{"no handshake", "https://" + silent.Addr().String() + "/", wire.Network{Closed: true}, "no TLS handshake within 100ms"},
		{"an unknown authority", "https://s3.store.test/", wire.Network{Hosts: s.network().Hosts, Closed: true, RootCAs: newAuthority(t).pool}, "certificate signed by unknown authority"},
		{"no TLS", strings.Replace(newStore(t, false, nil).server.URL, "http:", "https:", 1), wire.Network{Closed: true}, "first record does not look like a TLS handshake"},
	} {
		t.Run(test.name, func(t *testing.T) {
			whole := transport(t, wire.Options{Network: test.network, Limits: limits})
			lane := transport(t, wire.Options{Network: test.network, Limits: limits}).Lane(2)
			defer lane.CloseIdle()
			for range 2 {
				want, got := seen(t, whole, "GET", test.url), seen(t, lane, "GET", test.url)
				want.answer, got.answer = noDate(want.answer), noDate(got.answer)
				if got != want || !strings.Contains(got.answer, test.want) {
					t.Errorf("\n got %q\nwant %q,\nand %q in it", got, want, test.want)
				}
			}
		})
	}
}

var date = regexp.MustCompile(`Date:\[[^]]*\]`)

func noDate(s string) string { return date.ReplaceAllString(s, "") }

func TestALaneKeepsItsConnections(t *testing.T) {
	const workers, each = 8, 40
	var conns sync.Map // by the client's end
	s := newStore(t, true, func(w http.ResponseWriter, r *http.Request) {
		conns.Store(r.RemoteAddr, true)
		_, _ = io.WriteString(w, strings.Repeat(r.URL.Path, 1000))
	})
	lane := transport(t, wire.Options{Network: s.network()}).Lane(workers)
	defer lane.CloseIdle()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := range each {
				path := fmt.Sprintf("/%d/%d", w, n)
				resp, err := lane.RoundTrip(attempt{method: "GET", url: "https://s3.store.test" + path}.request(t))
				if err != nil {
					t.Error(err)
					return
				}
				if got, want := string(finish(t, resp)), strings.Repeat(path, 1000); got != want {
					t.Errorf("%s: got the answer to another request", path)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	conns.Range(func(any, any) bool { n++; return true })
	if n < 1 || n > workers {
		t.Errorf("got %d connections for %d workers", n, workers)
	}
	lane.CloseIdle()
	conns.Clear()
	for range 2 {
		resp, err := lane.RoundTrip(attempt{method: "GET", url: "https://s3.store.test/"}.request(t))
		if err != nil {
			t.Fatal(err)
		}
		finish(t, resp)
	}
	n = 0
	conns.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("got %d connections for two requests after the idle ones were closed, want a new one", n)
	}
}

// A connection that the store has closed meanwhile, or announced to close, or on which it said something that nobody asked for or
// can read, is no failure of the next request: that one has a new connection.
func TestALaneTakesNoConnectionThatIsOver(t *testing.T) {
	const fine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour"
	const unasked = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
	for _, test := range []struct {
		name, first, later string
		closes             bool
	}{
		{name: "closed meanwhile", first: fine, closes: true},
		{name: "with an answer to nothing", first: fine, later: unasked},
		{name: "with an answer to nothing at once", first: fine + unasked},
		{name: "announced to close, and not closed", first: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfour"},
		{name: "with a body that can't be read", first: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\nno length\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			over := make(chan struct{}, 1)
			s := newScript(t, false, func(w io.Writer, conn, _ int) bool {
				if conn > 0 {
					_, _ = io.WriteString(w, fine)
					return true
				}
				_, _ = io.WriteString(w, test.first)
				<-over
				_, _ = io.WriteString(w, test.later)
				return !test.closes
			})
			lane := transport(t, wire.Options{Network: wire.Network{Closed: true}}).Lane(2)
			defer lane.CloseIdle()
			for n := range 2 {
				resp, err := lane.RoundTrip(attempt{method: "GET", url: s.at}.request(t))
				if err != nil {
					t.Fatalf("request %d: %v", n, err)
				}
				body, _ := io.ReadAll(resp.Body) // the first may be unreadable
				_ = resp.Body.Close()
				if string(body) != "four" || resp.StatusCode != http.StatusOK {
					t.Fatalf("request %d: got %d %q, want four", n, resp.StatusCode, body)
				}
				if n == 0 {
					over <- struct{}{}
					time.Sleep(50 * time.Millisecond) // for the end to arrive
				}
			}
			if n := s.conns.Load(); n != 2 {
				t.Errorf("got %d connections, want 2: the first was over", n)
			}
		})
	}
}

func TestALaneEndsWithItsCaller(t *testing.T) {
	begun := make(chan struct{}, 8)
	s := newStore(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "begun")
			_ = http.NewResponseController(w).Flush()
		}
		begun <- struct{}{}
		<-r.Context().Done()
	})
	why := errors.New("enough")
	for _, path := range []string{"/head", "/body"} {
		lane := transport(t, wire.Options{Network: s.network()}).Lane(2)
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-begun
			cancel(why)
		}()
		resp, err := lane.RoundTrip(attempt{method: "GET", url: "https://s3.store.test" + path}.request(t).WithContext(ctx))
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if !errors.Is(err, why) {
			t.Errorf("%s: got %v, want the caller's reason", path, err)
		}
		if _, err = lane.RoundTrip(attempt{method: "GET", url: "https://s3.store.test" + path}.request(t).WithContext(ctx)); !errors.Is(err, why) {
			t.Errorf("%s, afterwards: got %v, want the caller's reason", path, err)
		}
	}
}

// An answer that is left before its end is not read to its end: the connection is closed.
func TestALaneLeavesWhatIsNotRead(t *testing.T) {
	left := make(chan struct{})
	s := newScript(t, false, func(w io.Writer, _, n int) bool {
		_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				close(left)
				return false
			}
		}
	})
	lane := transport(t, wire.Options{Network: wire.Network{Closed: true}}).Lane(2)
	resp, err := lane.RoundTrip(attempt{method: "GET", url: s.at}.request(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	select {
	case <-left:
	case <-time.After(5 * time.Second):
		t.Error("the store was still sending after 5 s")
	}
}

func TestALaneReadsNoEndlessHead(t *testing.T) {
	s := newScript(t, false, func(w io.Writer, _, _ int) bool {
		_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := io.WriteString(w, "X-More: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
				return false
			}
		}
	})
	lane := transport(t, wire.Options{Network: wire.Network{Closed: true}}).Lane(2)
	if _, err := lane.RoundTrip(attempt{method: "GET", url: s.at}.request(t)); err == nil || !strings.Contains(err.Error(), "longer than 256 KiB") {
		t.Errorf("got %v, want the head to be too long", err)
	}
}

func TestALaneGoesByTheProxy(t *testing.T) {
	var asked atomic.Int64
	proxy := newScript(t, false, func(w io.Writer, _, _ int) bool {
		asked.Add(1)
		_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour")
		return true
	})
	at := link(t, proxy.at)
	nobody := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no name server") }}
	lane := transport(t, wire.Options{Network: wire.Network{Resolver: nobody, ProxyFunc: func(*http.Request) (*url.URL, error) { return at, nil }}}).Lane(2)
	defer lane.CloseIdle()
	for range 2 {
		resp, err := lane.RoundTrip(attempt{method: "GET", url: "http://s3.proxied.test/"}.request(t))
		if err != nil {
			t.Fatal(err)
		}
		finish(t, resp)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("the proxy was asked %d times, want 2", n)
	}
}

// What is in use when the idle connections are closed is closed when it comes free.
func TestALaneKeepsNothingOpenAfterItsEnd(t *testing.T) {
	ended := make(chan error, 1)
	s := newScript(t, false, func(w io.Writer, _, _ int) bool {
		_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour")
		c := w.(net.Conn)
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, err := c.Read(make([]byte, 1))
		ended <- err
		return false
	})
	lane := transport(t, wire.Options{Network: wire.Network{Closed: true}}).Lane(2)
	resp, err := lane.RoundTrip(attempt{method: "GET", url: s.at}.request(t).WithContext(context.Background()))
	if err != nil {
		t.Fatal(err)
	}
	lane.CloseIdle()
	finish(t, resp)
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("the store saw %v within 5 s, want the connection's end", err)
	}
}

// What net/http refuses to send is not sent some other way.
func TestALaneSendsNoWrongHeader(t *testing.T) {
	s := newStore(t, false, nil)
	lane := transport(t, wire.Options{Network: wire.Network{Closed: true}}).Lane(2)
	defer lane.CloseIdle()
	for name, spoil := range map[string]func(*http.Request){
		"a name":             func(r *http.Request) { r.Header["X V"] = []string{"v"} },
		"a name and nothing": func(r *http.Request) { r.Header["X V"] = nil },
		"a value":            func(r *http.Request) { r.Header["X-V"] = []string{"a\nb: c"} },
		"a trailer":          func(r *http.Request) { r.Trailer = http.Header{"X T": nil} },
	} {
		req := attempt{method: "GET", url: s.server.URL}.request(t)
		spoil(req)
		resp, err := lane.RoundTrip(req)
		if err == nil {
			finish(t, resp)
			t.Errorf("%s: it was sent", name)
		}
	}
	if n := len(s.take()); n != 0 {
		t.Errorf("%d requests arrived, want none", n)
	}
}
