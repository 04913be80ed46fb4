package wire_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

func TestProbesOfASoundService(t *testing.T) {
	s := newStore(t, true, nil)
	tr := transport(t, wire.Options{Network: s.network()})
	u := link(t, "https://S3.store.test")
	if r, err := tr.Resolve(t.Context(), u); err != nil || len(r.Addresses) != 1 || r.Addresses[0] != "127.0.0.1" || r.By != "this run's own table" {
		t.Errorf("Resolve: got %+v, %v", r, err)
	}
	if r, err := tr.Resolve(t.Context(), link(t, "https://127.0.0.1")); err != nil || r.By != "a literal address" {
		t.Errorf("Resolve of an address: got %+v, %v", r, err)
	}
	conn, err := tr.Connect(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	h, err := tr.Handshake(t.Context(), u, 0)
	if err != nil || h.Version != "TLS 1.3" || !strings.EqualFold(h.Subject, "s3.store.test") || !strings.Contains(h.Issuer, "wire test authority") || h.Until.Before(time.Now()) || h.Cipher == "" {
		t.Errorf("Handshake: got %+v, %v", h, err)
	}
	if h, err := tr.Handshake(t.Context(), u, tls.VersionTLS12); err != nil || h.Version != "TLS 1.2" {
		t.Errorf("Handshake up to TLS 1.2: got %+v, %v", h, err)
	}
	c, err := tr.Clock(t.Context(), u)
	if err != nil || c.Off.Abs() > 2*time.Second {
		t.Errorf("Clock: got %+v, %v", c, err)
	}
}

func TestProbesOfAFaultyService(t *testing.T) {
	ca := newAuthority(t)
	serve := func(config *tls.Config, handle http.HandlerFunc) wire.Network {
		s := newStore(t, false, handle)
		if config == nil {
			return wire.Network{Hosts: map[string]string{".test": s.addr}, Closed: true, RootCAs: ca.pool}
		}
		l, err := tls.Listen("tcp", "127.0.0.1:0", config)
		if err != nil {
			t.Fatal(err)
		}
		srv := &http.Server{Handler: s, ReadHeaderTimeout: time.Second, ErrorLog: s.server.Config.ErrorLog}
		go func() { _ = srv.Serve(l) }()
		t.Cleanup(func() { _ = srv.Close() })
		return wire.Network{Hosts: map[string]string{".test": l.Addr().String()}, Closed: true, RootCAs: ca.pool}
	}
	only12 := ca.config()
	only12.MaxVersion = tls.VersionTLS12
	otherName := ca.config()
	issue := otherName.GetCertificate
	otherName.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return issue(&tls.ClientHelloInfo{ServerName: "other.test"})
	}
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	date := func(value ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = value }
	}
	hour := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	u := link(t, "https://s3.store.test")
	handshake := func(tr *wire.Transport) error { _, err := tr.Handshake(t.Context(), u, 0); return err }
	clock := func(tr *wire.Transport) error { _, err := tr.Clock(t.Context(), u); return err }
	for _, test := range []struct {
		name  string
		n     wire.Network
		min   uint16
		probe func(*wire.Transport) error
		want  func(error) bool
	}{
		{"a certificate of another authority", serve(newAuthority(t).config(), nil), 0, handshake, func(err error) bool { return errors.As(err, &authority) }},
		{"a certificate of another authority, to a request", serve(newAuthority(t).config(), nil), 0, clock, func(err error) bool { return errors.As(err, &authority) }},
		{"a certificate for another name", serve(otherName, nil), 0, handshake, func(err error) bool { return errors.As(err, &name) }},
		{"no TLS at all", serve(nil, nil), 0, handshake, func(err error) bool { return errors.As(err, &record) }},
		{"TLS 1.2 where 1.3 is demanded", serve(only12, nil), tls.VersionTLS13, handshake, func(err error) bool { return strings.Contains(err.Error(), "protocol version") }},
		{"TLS 1.2 where 1.3 is demanded, to a request", serve(only12, nil), tls.VersionTLS13, clock, func(err error) bool { return strings.Contains(err.Error(), "protocol version") }},
		{"TLS 1.2 where it suffices", serve(only12, nil), 0, handshake, nil},
		{"a closed port", wire.Network{Hosts: map[string]string{".test": closed.Addr().String()}, Closed: true}, 0,
			func(tr *wire.Transport) error { _, err := tr.Connect(t.Context(), u); return err }, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		{"no Date", serve(ca.config(), date()), 0, clock, func(err error) bool { return strings.Contains(err.Error(), "no Date") }},
		{"a Date that is none", serve(ca.config(), date("tomorrow")), 0, clock, func(err error) bool { return strings.Contains(err.Error(), `"tomorrow"`) }},
		{"a Date that is off by an hour", serve(ca.config(), date(hour)), 0, func(tr *wire.Transport) error {
			c, err := tr.Clock(t.Context(), u)
			if err == nil && (c.Off-time.Hour).Abs() > 3*time.Second {
				err = fmt.Errorf("off by %s", c.Off)
			}
			return err
		}, nil},
		{"a name that isn't there", wire.Network{Closed: true}, 0, func(tr *wire.Transport) error { _, err := tr.Resolve(t.Context(), u); return err },
			func(err error) bool { return strings.Contains(err.Error(), "no such host") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.probe(transport(t, wire.Options{Network: test.n, MinTLS: test.min}))
			if test.want == nil && err != nil || test.want != nil && (err == nil || !test.want(err)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// proxy is the smallest proxy there is: CONNECT to anywhere is a tunnel to one server, and a plain request is answered by it.
type proxy struct {
	addr, user string
	tunnels    atomic.Int64
	plain      atomic.Int64
}

func newProxy(t *testing.T, to, user string, refuse bool) *proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), user: user}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn, to, refuse)
		}
	}()
	return p
}

func (p *proxy) serve(conn net.Conn, to string, refuse bool) {
	defer func() { _ = conn.Close() }()
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user))
	switch {
	case refuse || p.user != "" && req.Header.Get("Proxy-Authorization") != want:
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 407 you sent %s\r\nContent-Length: 0\r\n\r\n", req.Header.Get("Proxy-Authorization"))
		return
	case req.Method != http.MethodConnect:
		p.plain.Add(1)
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: 0\r\n\r\n", time.Now().UTC().Format(http.TimeFormat))
		return
	}
	p.tunnels.Add(1)
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() { _, _ = io.Copy(far, conn); _ = far.Close() }()
	_, _ = io.Copy(conn, far)
}

func TestRequestsAndProbesGoThroughTheProxy(t *testing.T) {
	s := newStore(t, true, nil)
	for _, user := range []string{"", "me:hunter2"} {
		p := newProxy(t, s.addr, user, false)
		at := "http://" + p.addr
		if user != "" {
			at = "http://" + user + "@" + p.addr
		}
		tr := transport(t, wire.Options{Network: wire.Network{RootCAs: s.pool, ProxyFunc: func(*http.Request) (*url.URL, error) { return url.Parse(at) }}})
		u := link(t, "https://s3.far.invalid")
		if r, err := tr.Resolve(t.Context(), u); err != nil || r.By != "the proxy "+p.addr || len(r.Addresses) != 0 {
			t.Errorf("Resolve: got %+v, %v; want it left to the proxy", r, err)
		}
		conn, err := tr.Connect(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if h, err := tr.Handshake(t.Context(), u, 0); err != nil || h.Subject != "s3.far.invalid" {
			t.Errorf("Handshake: got %+v, %v", h, err)
		}
		rec := wire.NewRecorder("BYOB-TEST-001")
		resp, err := tr.RoundTrip(attempt{method: "GET", url: u.String() + "/k"}.request(t).WithContext(rec.With(t.Context())))
		if err != nil {
			t.Fatal(err)
		}
		finish(t, resp)
		if n := p.tunnels.Load(); n != 3 {
			t.Errorf("%d tunnels, want 3: connection, handshake, request", n)
		}
		if came := s.take(); len(came) != 1 || came[0].header.Get("Proxy-Authorization") != "" || strings.Contains(har(t, rec), "hunter2") {
			t.Errorf("the proxy's password went on to the store or into the evidence: %+v", came)
		}
		plain := link(t, "http://s3.far.invalid")
		conn, err = tr.Connect(t.Context(), plain)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if _, err := tr.Clock(t.Context(), plain); err != nil || p.plain.Load() != 1 || p.tunnels.Load() != 3 {
			t.Errorf("plain http: got %v, %d requests and %d tunnels at the proxy, want one more request and no tunnel", err, p.plain.Load(), p.tunnels.Load())
		}
	}
}

func TestNoProxyErrorShowsThePassword(t *testing.T) {
	s := newStore(t, true, nil)
	refusing := newProxy(t, s.addr, "", true)
	noise := newProxy(t, s.addr, "", false)
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, test := range map[string]struct{ at, want string }{
		"that refuses":         {"http://me:hunter2@" + refusing.addr, "407"},
		"that says nothing":    {"http://me:hunter2@" + silent.Addr().String(), "proxy " + silent.Addr().String() + " (set by this run's own setting): no connection within 100ms"},
		"that isn't there":     {"http://me:hunter2@" + closed.Addr().String(), "refused"},
		"that speaks no TLS":   {"https://me:hunter2@" + noise.addr, "proxy " + noise.addr},
		"whose name isn't one": {"http://me:hunter2@no.such.invalid:1", "proxy no.such.invalid:1"},
	} {
		network := wire.Network{RootCAs: s.pool, ProxyFunc: func(*http.Request) (*url.URL, error) { return url.Parse(test.at) }}
		tr := transport(t, wire.Options{Network: network, Limits: wire.Limits{Dial: 100 * time.Millisecond, Handshake: 100 * time.Millisecond, Answer: 100 * time.Millisecond}})
		u := link(t, "https://s3.far.invalid")
		_, err := tr.Connect(t.Context(), u)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("a proxy %s: got %v, want %q", name, err, test.want)
		}
		rec, began := wire.NewRecorder("BYOB-TEST-001"), time.Now()
		_, sentErr := tr.RoundTrip(attempt{method: "GET", url: u.String()}.request(t).WithContext(rec.With(t.Context())))
		if name == "that says nothing" && (sentErr == nil || !strings.Contains(sentErr.Error(), "no connection within 200ms") || time.Since(began) > 10*time.Second) {
			t.Errorf("a request through a proxy %s: got %v, want the limit", name, sentErr)
		}
		all := fmt.Sprint(err, sentErr, rec.Lines(), har(t, rec))
		if sentErr == nil || strings.Contains(all, "hunter2") || strings.Contains(all, base64.StdEncoding.EncodeToString([]byte("me:hunter2"))) {
			t.Errorf("a proxy %s: the password shows, or nothing failed: %s", name, all)
		}
	}
}
