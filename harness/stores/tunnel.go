package stores

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// tunnelIdle is how long a client may take to send its CONNECT.
const tunnelIdle = 30 * time.Second

// Tunnel is an HTTP proxy that knows CONNECT alone. By HTTPS_PROXY another process reaches the embedded stores under the
// providers' own names, or real ones by a way that can be cut off.
type Tunnel struct {
	// URL is what HTTPS_PROXY is set to.
	URL string

	network wire.Network
	server  *http.Server
	mu      sync.Mutex
	open    map[net.Conn]string // its host:port
	cut     map[string]bool     // host:port
	used    map[string]bool
	closed  bool
	served  chan struct{}
}

// NewTunnel starts a proxy on 127.0.0.1 that leads to the hosts of a Network and nowhere else; it ends with Close.
func NewTunnel(network wire.Network) (*Tunnel, error) {
	network.Closed = true
	return NewProxy("127.0.0.1:0", network)
}

// NewProxy starts a proxy at a host:port that leads wherever a Network does; it ends with Close.
func NewProxy(at string, network wire.Network) (*Tunnel, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", at)
	if err != nil {
		return nil, fmt.Errorf("open the proxy: %w", err)
	}
	t := &Tunnel{URL: "http://" + l.Addr().String(), network: network, open: map[net.Conn]string{}, cut: map[string]bool{}, used: map[string]bool{},
		served: make(chan struct{})}
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
	host := strings.ToLower(r.Host)
	if !t.may(host) {
		http.Error(w, "this host is cut off", http.StatusBadGateway)
		return
	}
	there, err := t.network.Dial(r.Context(), "tcp", r.Host)
	if err != nil {
		http.Error(w, "this host can't be reached", http.StatusForbidden)
		return
	}
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = there.Close()
		return
	}
	_ = here.SetDeadline(time.Time{})
	if !t.keep(host, here, there) {
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

// Cut breaks the tunnels to a host:port off and opens no new ones, or lets them through again.
func (t *Tunnel) Cut(host string, off bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	host = strings.ToLower(host)
	if !off {
		delete(t.cut, host)
		return
	}
	t.cut[host] = true
	for c, to := range t.open {
		if to == host {
			_ = c.Close()
		}
	}
}

// Used reports whether anybody has come by the proxy to a host:port.
func (t *Tunnel) Used(host string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.used[strings.ToLower(host)]
}

func (t *Tunnel) may(host string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used[host] = true
	return !t.cut[host]
}

// keep remembers the two ends of a tunnel, unless the proxy or its host has been closed meanwhile.
func (t *Tunnel) keep(host string, conns ...net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	off := t.closed || t.cut[host]
	for _, c := range conns {
		if off {
			_ = c.Close()
			continue
		}
		t.open[c] = host
	}
	return !off
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
