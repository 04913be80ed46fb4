package browser

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/url"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// title tells the page from any other.
const title = "bucketproof"

// served is the page on 127.0.0.1.
type served struct {
	addr   string
	key    []string // of its certificate, none without TLS
	server *http.Server
}

func (s *served) close() { _ = s.server.Close() }

// serve answers every request with the page, over TLS where the origin has it. Its certificate is made for it, and dies
// with it.
func serve(origin *url.URL) (*served, error) {
	inner, err := listen(context.Background())
	if err != nil {
		return nil, fmt.Errorf("open a port for the page: %w", err)
	}
	s := &served{addr: inner.Addr().String()}
	s.server = &http.Server{ReadHeaderTimeout: answerLimit, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>"+title+"</title>")
	})}
	if origin.Scheme == "https" {
		cert, key, err := certificate(origin.Hostname())
		if err != nil {
			_ = inner.Close()
			return nil, err
		}
		s.key = []string{key}
		inner = tls.NewListener(inner, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	}
	go func() { _ = s.server.Serve(inner) }()
	return s, nil
}

func certificate(host string) (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", fmt.Errorf("make a key for the page: %w", err)
	}
	now := time.Now()
	leaf := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), DNSNames: []string{host}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, "", fmt.Errorf("make a certificate for the page: %w", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, "", fmt.Errorf("read the page's certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, wire.KeyOf(parsed), nil
}
