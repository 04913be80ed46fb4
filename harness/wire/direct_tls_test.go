package wire_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// gathered is a connection on which several TLS records can be sent at once, so that they arrive together.
type gathered struct {
	net.Conn
	mu   sync.Mutex
	hold bool
	held bytes.Buffer
}

func (g *gathered) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hold {
		return g.held.Write(p)
	}
	return g.Conn.Write(p)
}

// together sends what f writes in one piece.
func (g *gathered) together(f func()) {
	set := func(hold bool) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.hold = hold; !hold {
			_ = g.SetWriteDeadline(time.Time{}) // CloseWrite sets one
			_, _ = g.held.WriteTo(g.Conn)
		}
	}
	set(true)
	f()
	set(false)
}

// What came with an answer, in a TLS record of its own, is neither in the socket nor among what was read; it belongs to nobody all
// the same, and least of all to the next request.
func TestALaneTakesNothingThatTLSHolds(t *testing.T) {
	answer := func(path string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(path), path)
	}
	for name, more := range map[string]func(*tls.Conn, string){
		"another answer":    func(c *tls.Conn, path string) { _, _ = io.WriteString(c, answer(path)) },
		"bytes":             func(c *tls.Conn, _ string) { _, _ = io.WriteString(c, "four") },
		"the end of TLS":    func(c *tls.Conn, _ string) { _ = c.CloseWrite() },
		"half of an answer": func(c *tls.Conn, path string) { _, _ = io.WriteString(c, answer(path)[:20]) },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			defer wg.Wait()
			defer func() { _ = l.Close() }()
			wg.Go(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					wg.Go(func() {
						defer func() { _ = c.Close() }()
						g := &gathered{Conn: c}
						s := tls.Server(g, a.config())
						r := bufio.NewReader(s)
						for {
							req, err := http.ReadRequest(r)
							if err != nil {
								return
							}
							g.together(func() {
								_, _ = io.WriteString(s, answer(req.URL.Path))
								more(s, req.URL.Path)
							})
						}
					})
				}
			})
			o := wire.Options{Network: wire.Network{Closed: true, RootCAs: a.pool}}
			whole, lane := transport(t, o), transport(t, o).Lane(2)
			defer whole.CloseIdle() // before the store waits for its connections
			defer lane.CloseIdle()
			for n := range 3 {
				for way, tr := range map[string]*wire.Transport{"transport": whole, "lane": lane} {
					path := fmt.Sprintf("/object-%d", n)
					resp, err := tr.RoundTrip(attempt{method: "GET", url: "https://" + l.Addr().String() + path}.request(t))
					if err != nil {
						t.Fatalf("%s, request %d: %v", way, n, err)
					}
					if got := string(finish(t, resp)); got != path || resp.StatusCode != http.StatusOK {
						t.Errorf("%s, request %d: got %d %q, want %q", way, n, resp.StatusCode, got, path)
					}
				}
				time.Sleep(20 * time.Millisecond) // net/http has to see it
			}
		})
	}
}
