package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// line is one connection, on which one request is at a time.
type line struct {
	to     string
	conn   net.Conn // with TLS, if there is any
	socket *meteredConn
	raw    syscall.RawConn // nil where nobody can tell whether it is open
	state  *tls.ConnectionState
	r      *bufio.Reader
	w      *bufio.Writer
	head   int64 // bytes that the head of an answer may still have
	body   bool  // it was read, and bounds nothing any more
	used   bool  // by an earlier request
	since  time.Time
	gone   atomic.Bool // it was closed
	done   <-chan struct{}
	forget func() bool
}

// secure puts TLS on it.
func (c *line) secure(ctx context.Context, config *tls.Config, host string, limit time.Duration, p *passage) error {
	config = config.Clone()
	config.ServerName = host
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn := tls.Client(c.socket, config)
	p.entry.mark(securing)
	err := conn.HandshakeContext(limited)
	state := conn.ConnectionState()
	c.conn, c.state = conn, &state
	return err
}

// under has the line cut when a context ends, and reports whether the last one did not. A line that is kept stays under the context
// of its last request: a load's requests have mostly the same, and where each has its own that ends, each has its own connection.
func (c *line) under(ctx context.Context) bool {
	done := ctx.Done()
	if done == c.done {
		return true
	}
	if c.forget != nil && !c.forget() {
		return false
	}
	if c.done, c.forget = done, nil; done != nil {
		c.forget = context.AfterFunc(ctx, c.cut)
	}
	return true
}

// cut ends it at once, whoever uses it.
func (c *line) cut() {
	c.gone.Store(true)
	_ = c.socket.Close()
}

// quiet reports whether TLS itself holds nothing that came and that nobody asked for: the socket does not show it.
func (c *line) quiet() bool {
	if c.state == nil {
		return true
	}
	_ = c.socket.SetReadDeadline(time.Unix(1, 0)) // what is not here yet is not waited for, nor read from the socket
	_, err := c.r.Peek(1)
	_ = c.socket.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// close ends it, as TLS wants it.
func (c *line) close() {
	if c.forget != nil {
		c.forget()
	}
	if !c.gone.Swap(true) {
		_ = c.conn.Close()
	}
}

// Read implements io.Reader, for the head's sake.
func (c *line) Read(p []byte) (int, error) {
	if c.body {
		return c.conn.Read(p)
	}
	if c.head <= 0 {
		return 0, errHeadLong
	}
	n, err := c.conn.Read(p) // no more at once than the buffer holds
	c.head -= int64(n)
	return n, err
}

// exchange sends a request and reads the head of its answer. Nothing is sent twice.
func (c *line) exchange(req *http.Request, p *passage) (*http.Response, error) {
	c.head, c.body = longestHead, false
	before := c.socket.sent.Load()
	err := req.Write(c.w)
	if err == nil {
		err = c.w.Flush()
	}
	if err != nil && c.used && c.socket.sent.Load() == before {
		return nil, errUnsent
	}
	if err == nil {
		p.entry.mark(sent)
		p.dog.waiting()
		_, err = c.r.Peek(1)
	}
	if err != nil {
		if c.used && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)) {
			return nil, &RepeatedError{}
		}
		return nil, err
	}
	p.entry.mark(answered)
	for {
		resp, err := http.ReadResponse(c.r, req)
		switch {
		case err != nil && c.head <= 0:
			return nil, errHeadLong
		case err != nil:
			return nil, fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", err) // as its own transport says
		case resp.StatusCode < 100 || resp.StatusCode > 199 || resp.StatusCode == http.StatusSwitchingProtocols:
			c.body, resp.TLS = true, c.state
			return resp, nil
		}
	}
}
