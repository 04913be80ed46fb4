// Package wire is the one HTTP transport all traffic of a run goes through. It finds hosts, refuses any write outside
// the run's prefix, keeps the evidence of every request by a list of what may be shown, and marks each request with
// run and requirement so that a bucket's owner finds it in the access log. It judges nothing.
package wire

import (
	"context"
	"crypto/x509"
	"net"
	"sort"
	"strings"
)

// Network says how names are reached. The zero value is the world as it is: the system's resolver and its roots.
type Network struct {
	// Hosts maps a name to host:port. A name that begins with a dot stands for all names below it; the longest
	// match wins. A mapped name is never looked up and never goes through a proxy.
	Hosts map[string]string
	// Closed makes names outside Hosts unresolvable, but for literal loopback addresses: no embedded run can ever
	// leave this machine.
	Closed bool
	// RootCAs are trusted instead of the system's roots; nil means the system's.
	RootCAs *x509.CertPool
}

// Lookup returns where a host (without port) is mapped to, if it is.
func (n *Network) Lookup(host string) (string, bool) {
	if to, ok := n.Hosts[host]; ok {
		return to, true
	}
	suffixes := make([]string, 0, len(n.Hosts))
	for name := range n.Hosts {
		if strings.HasPrefix(name, ".") && strings.HasSuffix(host, name) {
			suffixes = append(suffixes, name)
		}
	}
	if len(suffixes) == 0 {
		return "", false
	}
	sort.Slice(suffixes, func(i, j int) bool { return len(suffixes[i]) > len(suffixes[j]) })
	return n.Hosts[suffixes[0]], true
}

// Resolve returns the addresses of a host, as a dial would use them.
func (n *Network) Resolve(ctx context.Context, host string) ([]string, error) {
	if to, ok := n.Lookup(host); ok {
		h, _, err := net.SplitHostPort(to)
		if err != nil {
			return nil, &net.DNSError{Err: "bad mapping", Name: host}
		}
		return []string{h}, nil
	}
	if ip := net.ParseIP(host); ip != nil {
		return []string{host}, nil
	}
	if n.Closed {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return net.DefaultResolver.LookupHost(ctx, host)
}

// Dial connects to host:port.
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	if to, ok := n.Lookup(host); ok {
		return d.DialContext(ctx, network, to)
	}
	if ip := net.ParseIP(host); n.Closed && (ip == nil || !ip.IsLoopback()) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	return d.DialContext(ctx, network, net.JoinHostPort(host, port))
}
