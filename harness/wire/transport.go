package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
)

// Options make a Transport.
type Options struct {
	Network Network
	Guard   *Guard // nil refuses every write
	MinTLS  uint16 // 0 means TLS 1.2
	RunID   string // goes into the User-Agent
	Program string // name and version, goes into the User-Agent: "bucketproof/0.1.0"
	Limits  Limits
	// Unguarded reports requests that no guard need see: a connector's own API, and stores that a run has started for
	// itself. Nil means none.
	Unguarded func(*http.Request) bool
	// Secrets are values that must not be in any evidence, whatever header or name they hide under: a last net below
	// the list of what may be shown.
	Secrets []string
}

// Transport is the one way to a store. It is safe for concurrent use.
type Transport struct {
	o        Options
	secrets  *spelt // in every spelling
	base     *http.Transport
	direct   *direct // of a lane, nil in all others
	requests *atomic.Int64
}

// New makes a Transport. It speaks HTTP/1.1 only: over HTTP/2 net/http repeats requests unseen.
func New(o Options) *Transport {
	if o.MinTLS == 0 {
		o.MinTLS = tls.VersionTLS12
	}
	o.Limits = o.Limits.orDefault()
	t := &Transport{o: o, secrets: spellings(o.Secrets), requests: new(atomic.Int64)}
	t.base = t.connections(connectionsKept)
	return t
}

// connectionsKept is how many connections to a host are kept open when nobody uses them.
const connectionsKept = 16

// connections makes the transport below, which does as little as it can by itself.
func (t *Transport) connections(kept int) *http.Transport {
	o := t.o
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return asConn(t.dial(ctx, network, addr))
		},
		MaxResponseHeaderBytes: longestHead,
		Proxy:                  t.o.Network.Proxy,
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
			return t.o.Network.throughProxy(proxy, &url.URL{Scheme: "https"}, refusedTunnel(resp)) // plain http goes through no tunnel
		},
		TLSClientConfig:     t.trust(),
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		TLSHandshakeTimeout: o.Limits.Handshake,
		DisableCompression:  true,
		MaxIdleConnsPerHost: kept,
		IdleConnTimeout:     longestIdle,
	}
}

// dial makes a connection that has to be ready for use within a time: the deadline ends when it is taken into use. net/http itself
// gives a proxy a minute to answer CONNECT.
func (t *Transport) dial(ctx context.Context, network, addr string) (*meteredConn, error) {
	l := &t.o.Limits
	limited, cancel := context.WithTimeout(ctx, l.Dial)
	defer cancel()
	conn, err := t.o.Network.Dial(limited, network, addr)
	if err != nil {
		return nil, named(ctx, err, "connection", l.Dial)
	}
	_ = conn.SetDeadline(time.Now().Add(l.Dial + l.Handshake))
	return &meteredConn{Conn: conn}, nil
}

// asConn keeps nil from being a connection.
func asConn(c *meteredConn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// trust is how TLS is spoken.
func (t *Transport) trust() *tls.Config {
	return &tls.Config{RootCAs: t.o.Network.RootCAs, MinVersion: t.o.MinTLS}
}

// Client is an HTTP client on the transport that follows no redirect: where a store sends us is something to see.
func (t *Transport) Client() *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Requests is how many requests were sent so far.
func (t *Transport) Requests() int { return int(t.requests.Load()) }

// CloseIdle closes connections that nobody uses.
func (t *Transport) CloseIdle() {
	t.base.CloseIdleConnections()
	if t.direct != nil {
		t.direct.closeIdle()
	}
}

// RoundTrip implements http.RoundTripper. Errors never contain the URL: a pre-signed URL is a secret. They are a GuardError
// where nothing was to be sent, a ProxyError where the proxy stood in the way, a RepeatedError or a TimeoutError where net/http
// would have said less, or net/http's own.
func (t *Transport) RoundTrip(in *http.Request) (*http.Response, error) {
	rec := recorderOf(in.Context())
	p := &passage{dog: dog{limits: &t.o.Limits}}
	ctx, direct := in.Context(), t.direct.takes(in)
	if !direct {
		ctx = httptrace.WithClientTrace(p.dog.watch(ctx), p.trace(in.URL))
	}
	req, write, err := t.admit(ctx, in, rec)
	if err == nil {
		p.entry, err = rec.begin(&p.left, req, t.secrets)
	}
	if err != nil {
		p.dog.stop()
		if in.Body != nil {
			_ = in.Body.Close() // a RoundTripper always does
		}
		return nil, err
	}
	t.requests.Add(1)
	p.dog.sending(req.ContentLength)
	resp, err := t.send(req, p, direct)
	if err != nil {
		p.dog.stop()
		return nil, t.failed(in, rec, p, p.dog.instead(err))
	}
	if write != nil && success(resp) {
		write.done()
	}
	p.entry.answer(resp)
	p.dog.receiving()
	p.body = countedBody{ReadCloser: resp.Body, host: in.URL.Host, entry: p.entry, limit: &p.dog}
	resp.Body = &p.body
	return resp, nil
}

// send sends a request by net/http's transport, if it is not direct.
func (t *Transport) send(req *http.Request, p *passage, direct bool) (*http.Response, error) {
	if direct {
		return t.direct.roundTrip(req, p)
	}
	resp, err := t.base.RoundTrip(req)
	if err == nil && p.tries.again() {
		_ = resp.Body.Close() // can't be: the second try had a connection on which nothing can be sent
		return nil, &RepeatedError{}
	}
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols { // for which nobody asked: net/http would give the connection away
		_ = resp.Body.Close()
		resp.Body = http.NoBody
	}
	return resp, err
}

// admit makes the request that is sent, under ctx, out of the one that is asked for, if it may be sent.
func (t *Transport) admit(ctx context.Context, in *http.Request, rec *Recorder) (*http.Request, *pendingWrite, error) {
	if rec.sealed() {
		return nil, nil, errSealed
	}
	if in.URL == nil || in.Header == nil {
		return nil, nil, errors.New("a request without URL or header")
	}
	req := in.WithContext(ctx)
	to := *in.URL // nothing of what the guard has seen can be changed afterwards
	req.URL, req.Trailer, req.TransferEncoding = &to, in.Trailer.Clone(), slices.Clone(in.TransferEncoding)
	req.Header = make(http.Header, len(in.Header)+1)
	for name, values := range in.Header {
		req.Header[name] = slices.Clone(values)
	}
	var write *pendingWrite
	if t.o.Unguarded == nil || !t.o.Unguarded(req) {
		var err error
		if write, err = t.o.Guard.check(req); err != nil {
			rec.refused(err)
			return nil, nil, err
		}
	}
	req.Header["User-Agent"] = t.userAgent(rec, req.Header.Get("User-Agent"))
	return req, write, nil
}

// failed gives an error its name, and writes it into the evidence.
func (t *Transport) failed(in *http.Request, rec *Recorder, p *passage, err error) error {
	e := p.entry
	var guard *GuardError
	var op *net.OpError
	ctx := in.Context()
	proxied := errors.As(err, &op) && op.Op == "proxyconnect" || !e.reached(securing) && !e.reached(connected)
	switch {
	case p.tries.again():
		err = &RepeatedError{}
	case errors.As(err, &guard):
		rec.refused(guard)
	case e.reached(connected):
		err = named(ctx, err, "answer", t.o.Limits.Answer)
	case e.reached(securing):
		err = named(ctx, err, "TLS handshake", t.o.Limits.Handshake)
	default:
		err = named(ctx, err, "connection", t.o.Limits.Dial+t.o.Limits.Handshake)
	}
	if proxy, none := t.o.Network.Proxy(in); proxied && none == nil && proxy != nil && guard == nil {
		err = t.o.Network.throughProxy(proxy, in.URL, err)
	}
	err = at(in.URL.Host, err)
	e.fail(err)
	return err
}

// agent is the User-Agent of a recorder's requests: they have mostly the same, and a load sends many.
type agent struct {
	program, run, sdk string
	text              []string // the one value, which nobody changes
}

func (t *Transport) userAgent(rec *Recorder, sdk string) []string {
	requirement := ""
	if rec != nil {
		if a := rec.agent.Load(); a != nil && a.program == t.o.Program && a.run == t.o.RunID && a.sdk == sdk {
			return a.text
		}
		if rec.requirement != "" {
			requirement = "; " + rec.requirement
		}
	}
	text := t.o.Program
	if text == "" {
		text = "bucketproof"
	}
	text += " (run " + t.o.RunID + requirement + ")"
	if sdk != "" {
		text += " " + sdk
	}
	out := []string{text}
	if rec != nil {
		rec.agent.Store(&agent{program: t.o.Program, run: t.o.RunID, sdk: sdk, text: out})
	}
	return out
}

// countedBody counts what was read of an answer and tells its entry when it ends.
type countedBody struct {
	io.ReadCloser
	host  string
	entry *entry
	limit *dog
	read  int64
}

// answerLimit is the longest answer that is read, in bytes: nothing that a run asks for is longer.
const answerLimit = 64 << 20

// errAnswerLong ends an answer that doesn't.
var errAnswerLong = errors.New("the answer is longer than 64 MiB")

func (b *countedBody) Read(p []byte) (int, error) {
	if b.read > answerLimit {
		return 0, errAnswerLong
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	b.limit.received(int64(n))
	if err != nil {
		b.limit.stop()
		if err = b.limit.instead(err); err != io.EOF { //nolint:errorlint // itself: readers compare
			err = at(b.host, err)
			b.entry.broke(err)
		}
	}
	b.entry.read(p[:n], err)
	return n, err
}

func (b *countedBody) Close() error {
	b.limit.stop()
	b.entry.end()
	return b.ReadCloser.Close()
}
