package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// Limits of one request. Nothing is repeated: what doesn't answer within them has not answered.
const (
	DialLimit      = 8 * time.Second  // name, connection
	HandshakeLimit = 8 * time.Second  // TLS
	AnswerLimit    = 15 * time.Second // from the last byte sent to the first byte of the answer
)

// Options make a Transport.
type Options struct {
	Network Network
	Guard   *Guard // nil refuses every write
	MinTLS  uint16 // 0 means TLS 1.2
	RunID   string // goes into the User-Agent
	Program string // name and version, goes into the User-Agent: "bucketproof/0.1.0"
	// Secrets are values that must not be in any evidence, whatever header or name they hide under: a last net below
	// the list of what may be shown.
	Secrets []string
}

// Transport is the one way to a store. It is safe for concurrent use.
type Transport struct {
	o        Options
	base     *http.Transport
	requests atomic.Int64
}

// New makes a Transport.
func New(o Options) *Transport {
	if o.MinTLS == 0 {
		o.MinTLS = tls.VersionTLS12
	}
	t := &Transport{o: o}
	t.base = &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, DialLimit)
			defer cancel()
			return o.Network.Dial(ctx, network, addr)
		},
		Proxy:                 o.Network.Proxy,
		TLSClientConfig:       &tls.Config{RootCAs: o.Network.RootCAs, MinVersion: o.MinTLS},
		TLSHandshakeTimeout:   HandshakeLimit,
		ResponseHeaderTimeout: AnswerLimit,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       30 * time.Second,
	}
	return t
}

// Client is an HTTP client on the transport that follows no redirect: where a store sends us is something to see.
func (t *Transport) Client() *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Requests is how many requests were sent so far.
func (t *Transport) Requests() int { return int(t.requests.Load()) }

// CloseIdle closes connections that nobody uses.
func (t *Transport) CloseIdle() { t.base.CloseIdleConnections() }

// RepeatedError says that a connection broke and net/http sent the request again by itself. A check must not see the
// answer to a second try as if it were the first.
type RepeatedError struct{ Times int }

func (e *RepeatedError) Error() string {
	return fmt.Sprintf("the connection broke and the request was sent %d times", e.Times)
}

// RoundTrip implements http.RoundTripper. Errors never contain the URL: a pre-signed URL is a secret.
func (t *Transport) RoundTrip(in *http.Request) (*http.Response, error) {
	ctx := in.Context()
	rec := recorderOf(ctx)
	req := in.Clone(ctx)
	req.Header.Set("User-Agent", t.userAgent(rec, in.Header.Get("User-Agent")))
	write, err := t.o.Guard.check(req)
	if err != nil {
		if in.Body != nil {
			_ = in.Body.Close()
		}
		rec.refused(err)
		return nil, err
	}
	if rec != nil && rec.sealed() {
		if in.Body != nil {
			_ = in.Body.Close()
		}
		return nil, errSealed
	}
	e := rec.begin(req, t.o.Secrets)
	times := 0
	trace := &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { e.mark(&e.connected) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { e.mark(&e.secured) },
		WroteHeaders:         func() { times++ },
		WroteRequest:         func(httptrace.WroteRequestInfo) { e.mark(&e.sent) },
		GotFirstResponseByte: func() { e.mark(&e.answered) },
	}
	req = req.WithContext(httptrace.WithClientTrace(ctx, trace))
	t.requests.Add(1)
	resp, err := t.base.RoundTrip(req)
	if err == nil && times > 1 {
		_ = resp.Body.Close()
		err = &RepeatedError{Times: times}
	}
	if err != nil {
		e.fail(err)
		return nil, err
	}
	if write != nil && resp.StatusCode < 300 {
		write.done()
	}
	e.answer(resp)
	resp.Body = &countedBody{ReadCloser: resp.Body, entry: e}
	return resp, nil
}

func (t *Transport) userAgent(rec *Recorder, sdk string) string {
	ua := t.o.Program
	if ua == "" {
		ua = "bucketproof"
	}
	ua += " (run " + t.o.RunID
	if rec != nil && rec.requirement != "" {
		ua += "; " + rec.requirement
	}
	ua += ")"
	if sdk != "" {
		ua += " " + sdk
	}
	return ua
}

// Proxy is the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY); mapped names never use one.
func (n *Network) Proxy(req *http.Request) (*url.URL, error) {
	if _, ok := n.Lookup(req.URL.Hostname()); ok || n.Closed {
		return nil, nil
	}
	return http.ProxyFromEnvironment(req)
}

// countedBody counts what was read of an answer and tells its entry when it ends.
type countedBody struct {
	io.ReadCloser
	entry *entry
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.entry.read(p[:n], err)
	return n, err
}

func (b *countedBody) Close() error {
	b.entry.end()
	return b.ReadCloser.Close()
}
