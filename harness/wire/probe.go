package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Resolution is how a host was found.
type Resolution struct {
	Host      string
	Addresses []string
	By        string // "the system's resolver", "this run's own table", "the proxy host:port", "a literal address"
}

// Resolve finds the host of a service URL as a request would: by the table, by the proxy, or by the resolver.
func (t *Transport) Resolve(ctx context.Context, u *url.URL) (Resolution, error) {
	ctx, cancel := context.WithTimeout(ctx, DialLimit)
	defer cancel()
	n := &t.o.Network
	r := Resolution{Host: u.Hostname(), By: "the system's resolver"}
	if proxy, err := n.Proxy(&http.Request{URL: u}); err == nil && proxy != nil {
		r.By = "the proxy " + proxy.Host
		return r, nil
	}
	if _, ok := n.Lookup(r.Host); ok {
		r.By = "this run's own table"
	} else if net.ParseIP(r.Host) != nil {
		r.By = "a literal address"
	}
	var err error
	r.Addresses, err = n.Resolve(ctx, r.Host)
	return r, err
}

// Connect opens a connection to the service's port, through the proxy where one is set, and returns it.
func (t *Transport) Connect(ctx context.Context, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, DialLimit)
	defer cancel()
	addr := hostPort(u)
	proxy, err := t.o.Network.Proxy(&http.Request{URL: u})
	if err != nil {
		return nil, fmt.Errorf("the proxy setting can't be read")
	}
	if proxy == nil {
		return t.o.Network.Dial(ctx, "tcp", addr)
	}
	return t.connectVia(ctx, proxy, addr)
}

// connectVia asks a proxy for a tunnel (RFC 9110 section 9.3.6).
func (t *Transport) connectVia(ctx context.Context, proxy *url.URL, addr string) (net.Conn, error) {
	conn, err := t.o.Network.Dial(ctx, "tcp", hostPort(proxy))
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", proxy.Host, err)
	}
	if proxy.Scheme == "https" {
		conn = tls.Client(conn, &tls.Config{ServerName: proxy.Hostname(), RootCAs: t.o.Network.RootCAs, MinVersion: tls.VersionTLS12})
	}
	if d, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(d)
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{}}
	if proxy.User != nil {
		pw, _ := proxy.User.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+pw)))
	}
	if err := req.Write(conn); err == nil {
		var resp *http.Response
		if resp, err = http.ReadResponse(bufio.NewReader(conn), req); err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("it answers %s to CONNECT", resp.Status)
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("proxy %s: %w", proxy.Host, err)
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, nil
}

// Handshake is what a TLS handshake showed.
type Handshake struct {
	Version string
	Cipher  string
	Subject string // of the leaf certificate
	Issuer  string
	Until   time.Time
}

// Handshake makes a TLS handshake with the service under the run's own terms, and at most version max (0: no bound).
func (t *Transport) Handshake(ctx context.Context, u *url.URL, maxVersion uint16) (Handshake, error) {
	conn, err := t.Connect(ctx, u)
	if err != nil {
		return Handshake{}, err
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, HandshakeLimit)
	defer cancel()
	minVersion := t.o.MinTLS
	if maxVersion != 0 {
		minVersion = min(minVersion, maxVersion)
	}
	tc := tls.Client(conn, &tls.Config{ServerName: u.Hostname(), RootCAs: t.o.Network.RootCAs, MinVersion: minVersion, MaxVersion: maxVersion})
	if err := tc.HandshakeContext(ctx); err != nil {
		return Handshake{}, err
	}
	s := tc.ConnectionState()
	h := Handshake{Version: tls.VersionName(s.Version), Cipher: tls.CipherSuiteName(s.CipherSuite)}
	if len(s.PeerCertificates) > 0 {
		leaf := s.PeerCertificates[0]
		h.Subject, h.Issuer, h.Until = certName(leaf), leaf.Issuer.String(), leaf.NotAfter
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
		return Clock{}, fmt.Errorf("the answer has no Date that can be read: %q", raw)
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
