package wire_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// authority issues a certificate for any name it is asked for.
type authority struct {
	pool *x509.CertPool
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "wire test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{pool: x509.NewCertPool(), key: key}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		leaf := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "leaf"}, NotBefore: time.Now().Add(-time.Hour),
			NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
		if hello.ServerName != "" {
			leaf.DNSNames = []string{hello.ServerName}
		}
		raw, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, a.key.Public(), a.key)
		return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: a.key}, err
	}}
}

// arrival is a request as a server saw it.
type arrival struct {
	method, host, target string
	header               http.Header
	body                 []byte
	bodyErr              error
}

// store is a server that keeps what arrives, and its address.
type store struct {
	*authority
	server *httptest.Server
	addr   string
	handle http.HandlerFunc // answers; nil is 200 without a body

	mu       sync.Mutex
	arrivals []arrival
}

// newStore starts a server, with TLS or without.
func newStore(t testing.TB, secure bool, handle http.HandlerFunc) *store {
	t.Helper()
	s := &store{authority: newAuthority(t), handle: handle}
	s.server = httptest.NewUnstartedServer(s)
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		s.server.TLS = s.config()
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	s.addr = s.server.Listener.Addr().String()
	t.Cleanup(s.server.Close)
	return s
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	s.arrivals = append(s.arrivals, arrival{r.Method, r.Host, r.RequestURI, r.Header.Clone(), body, err})
	s.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	if s.handle != nil {
		s.handle(w, r)
	}
}

// take returns what arrived since it was last asked.
func (s *store) take() []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.arrivals
	s.arrivals = nil
	return out
}

// network maps every name that the tests use to the store.
func (s *store) network() wire.Network {
	hosts := map[string]string{"169.254.169.254": s.addr}
	for _, top := range []string{".test", ".amazonaws.com", ".googleapis.com", ".google.internal", ".microsoftonline.com"} {
		hosts[top] = s.addr
	}
	return wire.Network{Hosts: hosts, Closed: true, RootCAs: s.pool}
}

// transport makes one that ends with the test.
func transport(t testing.TB, o wire.Options) *wire.Transport {
	t.Helper()
	if o.RunID == "" {
		o.RunID = "20250101t000000z-0badcafe"
	}
	tr := wire.New(o)
	t.Cleanup(tr.CloseIdle)
	return tr
}

func guard(t testing.TB, s wire.Scope) *wire.Guard {
	t.Helper()
	g, err := wire.NewGuard(s)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// link parses a URL that has to be one.
func link(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// finish reads an answer to its end.
func finish(t testing.TB, resp *http.Response) []byte {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	_ = resp.Body.Close()
	return body
}
