package wire

import (
	"io"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// RepeatedError says that a connection broke after a request was sent on it, and that net/http was kept from sending it
// again by itself: a check must not see the answer to a second try as if it were the first.
type RepeatedError struct{}

func (*RepeatedError) Error() string {
	return "the connection broke after the request was sent and before its answer; it was not sent again"
}

// Unwrap makes it the end of a connection to whoever classifies it.
func (*RepeatedError) Unwrap() error { return io.EOF }

// meteredConn counts what was sent on a connection, and can be kept from sending more.
type meteredConn struct {
	net.Conn
	sent  atomic.Int64
	muted atomic.Bool
	taken atomic.Bool // into use, which ends the deadline of its making
}

func (c *meteredConn) Write(p []byte) (int, error) {
	if c.muted.Load() {
		return 0, &RepeatedError{}
	}
	n, err := c.Conn.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

// sender is a body of a known length that can be sent from where it lies, without being copied first.
type sender interface {
	io.WriterTo
	Len() int64 // what is left of it
}

var sendBuffers = sync.Pool{New: func() any { p := make([]byte, 32<<10); return &p }}

// ReadFrom sends a body, as net/http asks of a connection without TLS: a body whose length it knows comes as an io.LimitedReader.
func (c *meteredConn) ReadFrom(r io.Reader) (int64, error) {
	if l, ok := r.(*io.LimitedReader); ok {
		if s, ok := l.R.(sender); ok && s.Len() == l.N {
			n, err := s.WriteTo(struct{ io.Writer }{c})
			l.N -= n
			return n, err
		}
	}
	p := sendBuffers.Get().(*[]byte)
	defer sendBuffers.Put(p)
	return io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{r}, *p)
}

// meteredUnder is the meteredConn under TLS, if there is one.
func meteredUnder(c net.Conn) *meteredConn {
	for c != nil {
		switch at := c.(type) {
		case *meteredConn:
			return at
		case interface{ NetConn() net.Conn }:
			c = at.NetConn()
		default:
			return nil
		}
	}
	return nil
}

// goodbye is more than the alert with which TLS closes a connection, and less than any request.
const goodbye = 64

// tries are the connections that net/http takes for one request. It takes another where a kept one turns out to be closed:
// rightly while nothing was sent on the first, and in silence also afterwards, for a GET or what has an Idempotency-Key
// (net/http, Transport). The trace alone can't tell: it calls headers written that are only buffered.
type tries struct {
	mu       sync.Mutex
	conn     *meteredConn
	before   int64
	repeated bool
}

// got keeps the connection from sending anything if the request was sent before.
func (t *tries) got(info httptrace.GotConnInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := meteredUnder(info.Conn)
	if next != nil && next.taken.CompareAndSwap(false, true) {
		_ = next.SetDeadline(time.Time{})
	}
	if t.repeated = t.repeated || t.conn != nil && t.conn.sent.Load()-t.before > goodbye; t.repeated {
		if next != nil {
			next.muted.Store(true)
		}
		return
	}
	if t.conn = next; next != nil {
		t.before = next.sent.Load()
	}
}

func (t *tries) again() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.repeated
}
