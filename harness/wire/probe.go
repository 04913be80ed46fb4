package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Resolution is how a host was found.
type Resolution struct {
	Host      string
	Addresses []string
	By        string // "the system's resolver", "a resolver of this run's own", "this run's own table", "the proxy host:port", "a literal address"
}

// Resolve finds the host of a service URL as a request would: by the table, by the proxy, or by the resolver.
func (t *Transport) Resolve(ctx context.Context, u *url.URL) (Resolution, error) {
	limited, cancel := context.WithTimeout(ctx, t.o.Limits.Dial)
	defer cancel()
	n := &t.o.Network
	r := Resolution{Host: u.Hostname(), By: "the system's resolver"}
	if n.Resolver != nil {
		r.By = "a resolver of this run's own"
	}
	proxy, err := n.Proxy(&http.Request{URL: u})
	if err != nil {
		return r, err
	}
	if proxy != nil {
		r.By = "the proxy " + proxy.Host
		return r, nil
	}
	if _, ok := n.Lookup(r.Host); ok {
		r.By = "this run's own table"
	} else if net.ParseIP(r.Host) != nil {
		r.By = "a literal address"
	}
	r.Addresses, err = n.Resolve(limited, r.Host)
	return r, named(ctx, err, "address", t.o.Limits.Dial)
}

// Connect opens a connection to the service's port and returns it. Where a proxy is set, it is a tunnel through the proxy, or,
// for plain http, which goes through no tunnel, a connection to the proxy itself.
func (t *Transport) Connect(ctx context.Context, u *url.URL) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, t.o.Limits.Dial)
	defer cancel()
	proxy, err := t.o.Network.Proxy(&http.Request{URL: u})
	if err != nil {
		return nil, err
	}
	if proxy == nil {
		conn, err := t.o.Network.Dial(limited, "tcp", hostPort(u))
		return conn, at(u.Host, named(ctx, err, "connection", t.o.Limits.Dial))
	}
	conn, err := t.connectVia(limited, proxy, u)
	return conn, t.o.Network.throughProxy(proxy, u, named(ctx, err, "connection", t.o.Limits.Dial))
}

// connectVia asks a proxy for a tunnel (RFC 9110 section 9.3.6). Its errors show nothing of the proxy but its host and the
// status that it answered.
func (t *Transport) connectVia(ctx context.Context, proxy, u *url.URL) (_ net.Conn, err error) {
	conn, err := t.o.Network.Dial(ctx, "tcp", hostPort(proxy))
	if err != nil {
		return nil, err
	}
	plain := conn
	stop := context.AfterFunc(ctx, func() { _ = plain.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() && err == nil {
			err = ctx.Err()
		}
		if err != nil {
			_ = conn.Close()
		}
	}()
	if proxy.Scheme == "https" {
		secured := tls.Client(conn, &tls.Config{ServerName: proxy.Hostname(), RootCAs: t.o.Network.RootCAs, MinVersion: tls.VersionTLS12})
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secured
	}
	if u.Scheme == "http" {
		return conn, nil
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: hostPort(u)}, Host: hostPort(u), Header: http.Header{}}
	if proxy.User != nil {
		pw, _ := proxy.User.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+pw)))
	}
	if err := req.Write(conn); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	var network net.Error
	switch {
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, err
	case err != nil: // its text shows what it could not read
		return nil, errors.New("its answer to CONNECT is no HTTP")
	}
	_ = resp.Body.Close() // an answer to CONNECT has none
	return conn, refusedTunnel(resp)
}

// Handshake is what a TLS handshake showed.
type Handshake struct {
	Version string
	Cipher  string
	Subject string // of the leaf certificate
	Issuer  string
	Until   time.Time
	Key     string // KeyOf the leaf certificate
}

// Handshake makes a TLS handshake with the service under the run's own terms, and at most version max (0: no bound).
func (t *Transport) Handshake(ctx context.Context, u *url.URL, maxVersion uint16) (Handshake, error) {
	conn, err := t.Connect(ctx, u)
	if err != nil {
		return Handshake{}, err
	}
	defer func() { _ = conn.Close() }()
	limited, cancel := context.WithTimeout(ctx, t.o.Limits.Handshake)
	defer cancel()
	minVersion := t.o.MinTLS
	if maxVersion != 0 {
		minVersion = min(minVersion, maxVersion)
	}
	tc := tls.Client(conn, &tls.Config{ServerName: plainHost(u.Hostname()), RootCAs: t.o.Network.RootCAs, MinVersion: minVersion, MaxVersion: maxVersion})
	if err := tc.HandshakeContext(limited); err != nil {
		return Handshake{}, at(u.Host, named(ctx, err, "TLS handshake", t.o.Limits.Handshake))
	}
	s := tc.ConnectionState()
	h := Handshake{Version: tls.VersionName(s.Version), Cipher: tls.CipherSuiteName(s.CipherSuite)}
	if len(s.PeerCertificates) > 0 {
		leaf := s.PeerCertificates[0]
		h.Subject, h.Issuer, h.Until, h.Key = certName(leaf), leaf.Issuer.String(), leaf.NotAfter, KeyOf(leaf)
	}
	return h, nil
}

func certName(c *x509.Certificate) string {
	if len(c.DNSNames) > 0 {
		return c.DNSNames[0]
	}
	return c.Subject.String()
}

// Clock is a server's clock beside ours.
type Clock struct {
	Server, Local time.Time
	Off           time.Duration // server minus local
}

// Clock reads the Date of the service's answer to an unsigned request.
func (t *Transport) Clock(ctx context.Context, u *url.URL) (Clock, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.Scheme+"://"+u.Host+"/", nil)
	if err != nil {
		return Clock{}, fmt.Errorf("clock: the service's address is no URL")
	}
	before := time.Now()
	resp, err := t.RoundTrip(req)
	if err != nil {
		return Clock{}, err
	}
	_ = resp.Body.Close()
	after := time.Now()
	raw := resp.Header.Get("Date")
	at, err := http.ParseTime(raw)
	if err != nil {
		return Clock{}, fmt.Errorf("the answer has no Date that can be read: %q", plainWords(raw))
	}
	local := before.Add(after.Sub(before) / 2)
	return Clock{Server: at, Local: local, Off: at.Sub(local).Round(time.Second)}, nil
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "http" {
		return net.JoinHostPort(u.Hostname(), "80")
	}
	return net.JoinHostPort(u.Hostname(), "443")
}
