// Package wire is the one HTTP transport all traffic of a run goes through. It finds hosts, refuses any write outside
// the run's prefix, keeps the evidence of every request by a list of what may be shown, and marks each request with
// run and requirement so that a bucket's owner finds it in the access log. It judges nothing.
package wire

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Network says how names are reached. The zero value is the world as it is: the system's resolver and its roots, and the
// proxy of the environment.
type Network struct {
	// Hosts maps a name to host:port. A name that begins with a dot stands for all names below it; the longest
	// match wins. Case and a dot at the end make no difference. A mapped name is never looked up and never goes through
	// a proxy.
	Hosts map[string]string
	// Resolver looks up what is no mapped name; nil means the system's.
	Resolver *net.Resolver
	// Closed makes everything but Hosts and literal loopback addresses unreachable, and Hosts too where they point
	// anywhere but at a literal loopback address: no embedded run can ever leave this machine. Names are looked up by a
	// Resolver of the run's own alone, and reached where that answers with loopback addresses.
	Closed bool
	// RootCAs are trusted instead of the system's roots; nil means the system's.
	RootCAs *x509.CertPool
	// ProxyFunc says which proxy a request goes through; nil means that of HTTPS_PROXY, HTTP_PROXY and NO_PROXY,
	// read as http.ProxyFromEnvironment does.
	ProxyFunc func(*http.Request) (*url.URL, error)
}

// plainHost is a host in one spelling.
func plainHost(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// Lookup returns where a host (without port) is mapped to, if it is.
func (n *Network) Lookup(host string) (string, bool) {
	host = plainHost(host)
	longest, at := "", ""
	for name, to := range n.Hosts {
		name = plainHost(name)
		switch {
		case host == "" || name == "":
		case name == host:
			return to, true
		case name[0] == '.' && strings.HasSuffix(host, name) && len(name) > len(longest):
			longest, at = name, to
		}
	}
	return at, longest != ""
}

// locate says which host:port a connection to host:port goes to. Its errors are those of a resolver.
func (n *Network) locate(host, port string) (string, error) {
	to, mapped := n.Lookup(host)
	if !mapped {
		to = net.JoinHostPort(host, port)
	}
	if !n.Closed {
		return to, nil
	}
	at, _, err := net.SplitHostPort(to)
	if err == nil && !mapped && n.Resolver != nil && net.ParseIP(at) == nil {
		return to, nil
	}
	if ip := net.ParseIP(at); err != nil || ip == nil || !ip.IsLoopback() {
		return "", &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return to, nil
}

// Resolve returns the addresses of a host, as a dial would use them.
func (n *Network) Resolve(ctx context.Context, host string) ([]string, error) {
	to, err := n.locate(host, "0")
	if err != nil {
		return nil, err
	}
	at, _, err := net.SplitHostPort(to)
	if err != nil {
		return nil, &net.DNSError{Err: "bad mapping", Name: host}
	}
	if _, mapped := n.Lookup(host); mapped || net.ParseIP(at) != nil {
		return []string{at}, nil
	}
	return n.lookup(ctx, at)
}

// Dial connects to host:port.
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	to, err := n.locate(host, port)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	d := net.Dialer{Resolver: n.Resolver}
	if n.Closed {
		d.Control = onlyLoopback
	}
	began := time.Now()
	conn, err := d.DialContext(ctx, network, to)
	return conn, lookedUp(err, began)
}

// lookup asks the resolver. A Closed network's answers stay on this machine: Dial sees to it.
func (n *Network) lookup(ctx context.Context, host string) ([]string, error) {
	r := n.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	began := time.Now()
	found, err := r.LookupHost(ctx, host)
	return found, lookedUp(err, began)
}

// onlyLoopback refuses any connection that leaves this machine, whatever a resolver said.
func onlyLoopback(_, at string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(at)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return nil
}
