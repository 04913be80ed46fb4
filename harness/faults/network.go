package faults

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	stdnet "net"
	"net/http"
	"time"

	"math/big"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// networkFaults break what is below HTTP, and the clock.
func networkFaults() []Fault {
	return []Fault{
		{Name: "name-unknown", Does: "the store's host name does not resolve", Profiles: all,
			Breaks: []string{"BYOB-NET-001"}, Blocks: append(after("BYOB-NET-001"), "BYOB-ADDR-004"), Setup: hostElsewhere("store.invalid")},
		{Name: "port-closed", Does: "nothing listens on the store's port", Profiles: all,
			Breaks: []string{"BYOB-NET-002"}, Blocks: append(after("BYOB-NET-001", "BYOB-NET-002"), "BYOB-ADDR-004"), Setup: portClosed},
		{Name: "foreign-ca", Does: "the store's certificate comes from a CA that nobody trusts", Profiles: all,
			Breaks: []string{"BYOB-NET-003"}, Blocks: append(after("BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003"), "BYOB-ADDR-004"), Setup: foreignCA},
		{Name: "tls-1.2-only", Does: "the store offers nothing better than TLS 1.2", Profiles: []string{"coreweave"},
			Breaks: []string{"BYOB-NET-003"}, Blocks: append(after("BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003"), "BYOB-ADDR-004"),
			Setup: func(string) stores.Setup {
				return stores.Setup{Hooks: stores.Hooks{TLS: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }}}
			}},
		{Name: "tls-1.1-only", Does: "the store offers nothing better than TLS 1.1", Profiles: []string{"aws", "gcp", "azure", "s3-compatible"},
			Breaks: []string{"BYOB-NET-003"}, Blocks: after("BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003"),
			Setup: func(string) stores.Setup {
				return stores.Setup{Hooks: stores.Hooks{TLS: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }}}
			}},
		{Name: "clock-20-minutes-off", Does: "the store's clock is 20 minutes ahead", Profiles: all,
			Breaks: []string{"BYOB-NET-004"}, Blocks: after("BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003", "BYOB-NET-004"),
			Setup: front(func(_ string, next http.Handler) http.Handler {
				return respond(next, func(a *answer) { a.Header().Set("Date", time.Now().Add(20*time.Minute).UTC().Format(http.TimeFormat)) })
			})},
	}
}

// hostElsewhere takes the store's names out of the table; where the address is a literal one, a name stands in its place.
func hostElsewhere(name string) func(string) stores.Setup {
	return func(string) stores.Setup {
		return stores.Setup{Hooks: stores.Hooks{
			Network: func(n *wire.Network) { n.Hosts = map[string]string{} },
			Address: func(raw string) string { return atHost(raw, name) },
		}}
	}
}

// portClosed points all names, and a literal address, at a port that was just closed.
func portClosed(string) stores.Setup {
	closed := "127.0.0.1:1"
	if l, err := new(stdnet.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0"); err == nil {
		closed = l.Addr().String()
		_ = l.Close()
	}
	return stores.Setup{Hooks: stores.Hooks{
		Network: func(n *wire.Network) {
			hosts := map[string]string{}
			for name := range n.Hosts {
				hosts[name] = closed
			}
			n.Hosts = hosts
		},
		Address: func(raw string) string { return atHost(raw, closed) },
	}}
}

// foreignCA makes the run trust another CA than the one that vouches for the store.
func foreignCA(string) stores.Setup {
	return stores.Setup{Hooks: stores.Hooks{Network: func(n *wire.Network) {
		n.RootCAs = x509.NewCertPool()
		if ca, err := newCA(); err == nil {
			n.RootCAs.AddCert(ca)
		}
	}}}
}

func newCA() (*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a CA that signed nothing"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
