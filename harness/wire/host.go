package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// HostError says at which host something went wrong before an answer had ended: a report is read by somebody who must know
// where to look. It is a net.Error.
type HostError struct {
	Host string // host[:port] as the URL has it
	Err  error
}

// Error leaves out the addresses of both ends: the same trouble is told in the same words, whichever connection it was on.
func (e *HostError) Error() string { return e.Host + ": " + connectionWords(e.Err) }

func (e *HostError) Unwrap() error { return e.Err }

// Timeout is the cause's.
func (e *HostError) Timeout() bool {
	var n net.Error
	return errors.As(e.Err, &n) && n.Timeout()
}

// Temporary is the cause's Timeout.
func (e *HostError) Temporary() bool { return e.Timeout() }

// at names the host of an error; what is about no host, or names one, stays as it is.
func at(host string, err error) error {
	var guard *GuardError
	var named *HostError
	var proxy *ProxyError
	var silent *SilentResolverError
	if err == nil || errors.As(err, &guard) || errors.As(err, &named) || errors.As(err, &proxy) || errors.As(err, &silent) {
		return err
	}
	return &HostError{Host: host, Err: err}
}

func connectionWords(err error) string {
	var repeated *RepeatedError
	var op *net.OpError
	switch {
	case errors.As(err, &repeated):
		return repeated.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return "the connection was reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection ended before the answer did"
	case errors.As(err, &op) && op.Err != nil:
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// SilentResolverError says that a name server didn't answer: whether the name exists is not known.
type SilentResolverError struct {
	Name   string
	Server string        // "" where the system doesn't say which
	Waited time.Duration // in whole tenths of a second
	Err    error         // the *net.DNSError
}

func (e *SilentResolverError) Error() string {
	server := "the name server"
	if e.Server != "" {
		server += " " + e.Server
	}
	return fmt.Sprintf("%s did not answer about %s within %s", server, e.Name, e.Waited)
}

func (e *SilentResolverError) Unwrap() error { return e.Err }

// lookedUp names a resolver's silence.
func lookedUp(err error, began time.Time) error {
	var dns *net.DNSError
	if !errors.As(err, &dns) || !dns.IsTimeout {
		return err
	}
	return &SilentResolverError{Name: dns.Name, Server: dns.Server, Waited: time.Since(began).Round(100 * time.Millisecond), Err: dns}
}
