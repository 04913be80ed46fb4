package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/http/httpguts"
)

// direct sends requests without a body on connections of its own, each written and its answer read by the goroutine that asks for
// it. net/http has two goroutines more for a connection, and hands every request and answer on between them, which for a load of
// small objects is more than all that the client does besides; what is sent, and what an answer means, is net/http's all the
// same. A request is sent once, on a connection that was seen to be open. It is safe for concurrent use.
type direct struct {
	t    *Transport
	kept int // connections to a host that are kept open between requests
	tls  *tls.Config

	mu   sync.Mutex
	idle map[string][]*line // by scheme and host, the last used last
	over bool               // what comes free is closed: nobody asked for a line since closeIdle
	near map[string]bool    // whether a scheme and host are reached without a proxy
}

func newDirect(t *Transport, kept int, config *tls.Config) *direct {
	return &direct{t: t, kept: kept, tls: config, idle: map[string][]*line{}, near: map[string]bool{}}
}

// Bounds of a connection, whoever holds it.
const (
	longestIdle = 30 * time.Second
	longestHead = 256 << 10 // of an answer, with all that comes before it, in bytes
)

// errUnsent says that a kept connection broke before any of the request was sent.
var errUnsent = errors.New("nothing was sent")

var errHeadLong = errors.New("the head of the answer is longer than 256 KiB")

// takes reports whether a request goes this way. What is unusual about one is left to net/http.
func (d *direct) takes(req *http.Request) bool {
	if d == nil || req.URL == nil || req.Method != http.MethodGet && req.Method != http.MethodHead || bodyLength(req) != 0 || req.Close || len(req.TransferEncoding)+len(req.Trailer) > 0 {
		return false
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" || req.URL.Hostname() == "" || !httpguts.ValidHostHeader(req.URL.Host) || !ascii(req.URL.Host) {
		return false
	}
	for name, values := range req.Header {
		switch http.CanonicalHeaderKey(name) {
		case "Connection", "Upgrade", "Expect":
			return false
		}
		if !httpguts.ValidHeaderFieldName(name) || slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return false
		}
	}
	return d.reaches(req)
}

// reaches reports whether no proxy is on the way, which is asked once for a host.
func (d *direct) reaches(req *http.Request) bool {
	to := place(req.URL)
	d.mu.Lock()
	near, known := d.near[to]
	d.mu.Unlock()
	if known {
		return near
	}
	proxy, err := d.t.o.Network.Proxy(req)
	near = proxy == nil && err == nil
	d.mu.Lock()
	defer d.mu.Unlock()
	d.near[to] = near
	return near
}

func place(u *url.URL) string { return u.Scheme + "://" + u.Host }

// roundTrip sends a request that it takes, and returns when the head of its answer is there.
func (d *direct) roundTrip(req *http.Request, p *passage) (*http.Response, error) {
	ctx := req.Context()
	for {
		c, err := d.line(ctx, req.URL, p)
		if err == nil {
			p.entry.got(c.used)
			var resp *http.Response
			err = context.DeadlineExceeded // the dog's own words come in its place
			if p.dog.guards(c.cut) {
				if resp, err = c.exchange(req, p); err == nil {
					d.receive(resp, req, c, p)
					return resp, nil
				}
			}
			c.close()
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if !errors.Is(err, errUnsent) { // each turn takes a kept line, of which there are so many, or a new one
			return nil, err
		}
	}
}

// line is a connection that is open and that nobody uses, or a new one.
func (d *direct) line(ctx context.Context, to *url.URL, p *passage) (*line, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for {
		c := d.pop(place(to))
		if c == nil {
			return d.connect(ctx, to, p)
		}
		if time.Since(c.since) < longestIdle && c.under(ctx) && c.quiet() && c.open() {
			c.used = true
			return c, nil
		}
		c.close()
	}
}

func (d *direct) pop(to string) *line {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = false
	free := d.idle[to]
	if len(free) == 0 {
		return nil
	}
	c := free[len(free)-1]
	d.idle[to] = free[:len(free)-1]
	return c
}

// connect makes a connection, with TLS where the URL has it.
func (d *direct) connect(ctx context.Context, to *url.URL, p *passage) (*line, error) {
	port := to.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[to.Scheme]
	}
	socket, err := d.t.dial(ctx, "tcp", net.JoinHostPort(to.Hostname(), port))
	if err != nil {
		return nil, err
	}
	c := &line{to: place(to), conn: socket, socket: socket}
	if s, ok := socket.Conn.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn()
	}
	if to.Scheme == "https" {
		if err := c.secure(ctx, d.tls, to.Hostname(), d.t.o.Limits.Handshake, p); err != nil {
			_ = socket.Close()
			return nil, err
		}
	}
	_ = socket.SetDeadline(time.Time{}) // that of its making is over
	c.r, c.w = bufio.NewReader(c), bufio.NewWriter(c.conn)
	_ = c.under(ctx) // it is new
	return c, nil
}

// receive gives an answer its body, whose end sets the line free.
func (d *direct) receive(resp *http.Response, req *http.Request, c *line, p *passage) {
	again := !resp.Close && resp.StatusCode > 199
	if req.Method == http.MethodHead || resp.ContentLength == 0 || resp.Body == http.NoBody {
		resp.Body = http.NoBody
		p.dog.stop()
		d.leave(c, again)
		return
	}
	p.answer = lineBody{body: resp.Body, ctx: req.Context(), done: func(whole bool) {
		p.dog.stop() // before somebody else has the line
		d.leave(c, again && whole)
	}}
	resp.Body = &p.answer
}

// leave gives a line back, to be used again if it may.
func (d *direct) leave(c *line, again bool) {
	if again && c.r.Buffered() == 0 && !c.gone.Load() { // more than the answer is nobody's
		c.since = time.Now()
		d.mu.Lock()
		if free := d.idle[c.to]; !d.over && len(free) < d.kept {
			d.idle[c.to] = append(free, c)
			d.mu.Unlock()
			return
		}
		d.mu.Unlock()
	}
	c.close()
}

// closeIdle closes the lines that nobody uses.
func (d *direct) closeIdle() {
	d.mu.Lock()
	idle := d.idle
	d.over = true
	d.idle = map[string][]*line{}
	d.mu.Unlock()
	for _, lines := range idle {
		for _, c := range lines {
			c.close()
		}
	}
}

// lineBody is an answer's body. Whoever closes it before its end ends the connection too.
type lineBody struct {
	body io.ReadCloser
	ctx  context.Context //nolint:containedctx // of the request, whose answer this is
	done func(whole bool)
	over atomic.Bool
}

func (b *lineBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if err == nil {
		return n, nil
	}
	b.end(err == io.EOF)                     //nolint:errorlint // a reader's own end
	if err != io.EOF && b.ctx.Err() != nil { //nolint:errorlint // itself
		err = context.Cause(b.ctx)
	}
	return n, err
}

func (b *lineBody) Close() error {
	b.end(false)
	return nil
}

func (b *lineBody) end(whole bool) {
	if b.over.CompareAndSwap(false, true) {
		b.done(whole)
	}
}
