package stores

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// tunnelIdle is how long a client may take to send its CONNECT.
const tunnelIdle = 30 * time.Second

// Tunnel is an HTTP proxy on 127.0.0.1 that knows CONNECT alone, and leads to the hosts of a Network and nowhere else: by
// HTTPS_PROXY another process reaches the embedded stores under the providers' own names.
type Tunnel struct {
	// URL is what HTTPS_PROXY is set to.
	URL string

	network wire.Network
	server  *http.Server
	mu      sync.Mutex
	open    map[net.Conn]struct{}
	closed  bool
	served  chan struct{}
}

// NewTunnel starts a proxy; it ends with Close.
func NewTunnel(network wire.Network) (*Tunnel, error) {
	network.Closed = true
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the proxy: %w", err)
	}
	t := &Tunnel{URL: "http://" + l.Addr().String(), network: network, open: map[net.Conn]struct{}{}, served: make(chan struct{})}
	t.server = &http.Server{Handler: t, ReadHeaderTimeout: tunnelIdle, MaxHeaderBytes: 16 << 10}
	go func() {
		defer close(t.served)
		_ = t.server.Serve(l)
	}()
	return t, nil
}

// ServeHTTP answers CONNECT to a host that is known, and refuses the rest.
func (t *Tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "this proxy knows CONNECT alone", http.StatusMethodNotAllowed)
		return
	}
	there, err := t.network.Dial(r.Context(), "tcp", r.Host)
	if err != nil {
		http.Error(w, "no embedded store has this name", http.StatusForbidden)
		return
	}
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = there.Close()
		return
	}
	_ = here.SetDeadline(time.Time{})
	if !t.keep(here, there) {
		return
	}
	defer t.drop(here, there)
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	ended := make(chan struct{}, 2)
	go func() {
		_, _ = io.Copy(there, buffered)
		ended <- struct{}{}
	}()
	go func() {
		_, _ = io.Copy(here, there)
		ended <- struct{}{}
	}()
	<-ended
}

// keep remembers the two ends of a tunnel, unless the proxy has been closed meanwhile.
func (t *Tunnel) keep(conns ...net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range conns {
		if t.closed {
			_ = c.Close()
			continue
		}
		t.open[c] = struct{}{}
	}
	return !t.closed
}

func (t *Tunnel) drop(conns ...net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(t.open, c)
	}
}

// Close ends the proxy and all tunnels.
func (t *Tunnel) Close() error {
	err := t.server.Close()
	t.mu.Lock()
	t.closed = true
	for c := range t.open {
		_ = c.Close()
	}
	t.mu.Unlock()
	<-t.served
	return err
}
