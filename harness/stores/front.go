package stores

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// frontOptions say what a front is like to its clients.
type frontOptions struct {
	Names   []string     // names and IP addresses its certificate holds; 127.0.0.1 is always among them
	MinTLS  uint16       // tls.VersionTLS12 or tls.VersionTLS13
	Handler http.Handler // what stands behind it
	Hooks   Hooks        // Front and TLS are used
}

// front is a TLS server on 127.0.0.1, HTTP/1.1 only as S3 and its kin are.
type front struct {
	addr   string // 127.0.0.1:port
	server *http.Server
	served chan struct{}
	host   *Host
	once   sync.Once
	err    error
}

// front starts a front. It ends with its close or with the Host's.
func (h *Host) front(o frontOptions) (*front, error) {
	cert, err := h.authority.issue(append([]string{"127.0.0.1"}, o.Names...))
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: o.MinTLS, NextProtos: []string{"http/1.1"}}
	if o.Hooks.TLS != nil {
		o.Hooks.TLS(conf)
	}
	handler := o.Handler
	if o.Hooks.Front != nil {
		handler = o.Hooks.Front(handler)
	}
	inner, err := new(net.ListenConfig).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a front: %w", err)
	}
	f := &front{
		addr:   inner.Addr().String(),
		served: make(chan struct{}),
		host:   h,
		server: &http.Server{
			Handler:           handler,
			TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){},
			ReadHeaderTimeout: 30 * time.Second,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          log.New(io.Discard, "", 0), // a refused handshake is the client's news, not ours
		},
	}
	h.mu.Lock()
	h.fronts[f] = struct{}{}
	h.mu.Unlock()
	go func() {
		defer close(f.served)
		_ = f.server.Serve(tls.NewListener(inner, conf))
	}()
	return f, nil
}

// close ends the front: requests under way have a moment to finish, then their connections are cut.
func (f *front) close() error {
	f.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 250*time.Millisecond)
		defer cancel()
		err := f.server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = f.server.Close()
		}
		<-f.served
		f.host.mu.Lock()
		delete(f.host.fronts, f)
		f.host.mu.Unlock()
		if err != nil {
			f.err = fmt.Errorf("close a front: %w", err)
		}
	})
	return f.err
}
