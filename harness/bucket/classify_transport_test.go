package bucket_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/reference/address"
)

// TestNoAnswer: each way to get none, for each SDK and for a plain pre-signed request.
func TestNoAnswer(t *testing.T) {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		name     string
		endpoint func(t *testing.T) (string, *http.Transport)
		kind     bucket.Kind
		definite bool
	}{
		{"the port is closed", func(t *testing.T) (string, *http.Transport) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			_ = l.Close()
			return "http://" + l.Addr().String(), &http.Transport{}
		}, bucket.KindRefused, true},
		{"the name doesn't exist", func(*testing.T) (string, *http.Transport) {
			return "http://nowhere.example", &http.Transport{DialContext: func(_ context.Context, network, _ string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: "nowhere.example", IsNotFound: true}}
			}}
		}, bucket.KindNoSuchHost, true},
		{"the resolver fails", func(*testing.T) (string, *http.Transport) {
			return "http://nowhere.example", &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.DNSError{Err: "server misbehaving", Name: "nowhere.example", IsTemporary: true}
			}}
		}, bucket.KindOther, false},
		{"the chain is not trusted", func(t *testing.T) (string, *http.Transport) {
			return secured(t, ok, nil).URL, &http.Transport{}
		}, bucket.KindTLS, true},
		{"the certificate has another name", func(t *testing.T) (string, *http.Transport) {
			s := secured(t, ok, nil)
			return s.URL, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(s), ServerName: "another.example"}}
		}, bucket.KindTLS, true},
		{"the certificate has expired", func(t *testing.T) (string, *http.Transport) {
			expired := certificate(t, time.Now().Add(-time.Hour))
			s := secured(t, ok, &tls.Config{Certificates: []tls.Certificate{expired}})
			pool := x509.NewCertPool()
			pool.AddCert(expired.Leaf)
			return s.URL, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
		}, bucket.KindTLS, true},
		{"the server's TLS is too old", func(t *testing.T) (string, *http.Transport) {
			s := secured(t, ok, &tls.Config{MaxVersion: tls.VersionTLS12})
			return s.URL, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(s), MinVersion: tls.VersionTLS13}}
		}, bucket.KindTLS, true},
		{"our TLS is too old", func(t *testing.T) (string, *http.Transport) {
			s := secured(t, ok, &tls.Config{MinVersion: tls.VersionTLS13})
			return s.URL, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(s), MaxVersion: tls.VersionTLS12}}
		}, bucket.KindTLS, true},
		{"plain http on a TLS port", func(t *testing.T) (string, *http.Transport) {
			s := httptest.NewServer(ok)
			t.Cleanup(s.Close)
			return "https://" + strings.TrimPrefix(s.URL, "http://"), &http.Transport{}
		}, bucket.KindTLS, true},
		{"the connection is reset", func(t *testing.T) (string, *http.Transport) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err == nil {
					_ = conn.(*net.TCPConn).SetLinger(0)
					_ = conn.Close()
				}
			}))
			t.Cleanup(s.Close)
			return s.URL, &http.Transport{}
		}, bucket.KindReset, false},
		{"the connection ends in the handshake", func(t *testing.T) (string, *http.Transport) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					_ = conn.(*net.TCPConn).SetLinger(0)
					_ = conn.Close()
				}
			}()
			return "https://" + l.Addr().String(), &http.Transport{}
		}, bucket.KindReset, false},
		{"nothing answers in time", func(t *testing.T) (string, *http.Transport) {
			done := make(chan struct{})
			s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
			t.Cleanup(func() { close(done); s.Close() })
			return s.URL, &http.Transport{ResponseHeaderTimeout: 30 * time.Millisecond}
		}, bucket.KindTimeout, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			endpoint, transport := c.endpoint(t)
			t.Cleanup(transport.CloseIdleConnections)
			client := &http.Client{Transport: transport}
			check := func(who string, err error) {
				t.Helper()
				var e *bucket.Error
				if !errors.As(err, &e) {
					t.Errorf("%s: got %v, want a *bucket.Error", who, err)
					return
				}
				if e.Kind != c.kind || e.Kind.Definite() != c.definite || e.Status != 0 {
					t.Errorf("%s: got kind %q, status %d (%v), want %q", who, e.Kind, e.Status, e, c.kind)
				}
				if shown := leaks(e.Error()); shown != "" {
					t.Errorf("%s: shows %q: %v", who, shown, e)
				}
			}
			for _, p := range allProviders {
				if p == "aws" || p == "coreweave" {
					continue // as s3-compatible, but under a name of the bucket's own
				}
				_, err := open(t, p, endpoint, client).Head(t.Context(), "run/key")
				check(p, err)
			}
			_, err := client.Get(endpoint + "/proof-bucket/run/key?X-Amz-Signature=CANARY&sig=CANARY")
			check("a pre-signed request", bucket.Classify("get object", err))
		})
	}
}

func secured(t *testing.T, h http.Handler, c *tls.Config) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.TLS = c
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

// certificate is one for 127.0.0.1 that ends at a time.
func certificate(t *testing.T, end time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "expired"}, NotBefore: end.Add(-24 * time.Hour), NotAfter: end,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// TestNoCredentials: a chain that gives none is about credentials, whatever the way it failed; one that doesn't answer is not
// an answer.
func TestNoCredentials(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, name := range []string{"AWS_CA_BUNDLE", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("PATH", "")
	for _, p := range []string{"aws", "gcp", "azure"} {
		a := addressOf(p)
		a.Credentials = address.Credentials{}
		for what, err := range map[string]error{
			"nobody is there": &net.OpError{Op: "dial", Err: errors.New("connect: no route to host")},
			"a 404":           nil,
		} {
			r := &recorder{err: err, answer: answering(404, nil, "")}
			b, err := bucket.Open(t.Context(), a, bucket.Options{HTTP: r.client()})
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Head(t.Context(), "run/key")
			var e *bucket.Error
			if !errors.As(err, &e) || e.Kind != bucket.KindCredentials || !e.Kind.Definite() {
				t.Errorf("%s, %s: got %v, want kind %q", p, what, err, bucket.KindCredentials)
			}
		}
	}
}

func TestTokenExchange(t *testing.T) {
	r := &recorder{answer: func(req *http.Request) *http.Response {
		if req.URL.Host == "oauth2.example" {
			return answering(400, nil, `{"error":"invalid_grant","error_description":"Invalid JWT Signature CANARY"}`)(req)
		}
		return answering(200, nil, "{}")(req)
	}}
	b, err := bucket.Open(t.Context(), addressOf("gcp"), bucket.Options{HTTP: r.client(), GoogleTokenURL: "https://oauth2.example/token"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Head(t.Context(), "run/key")
	var e *bucket.Error
	if !errors.As(err, &e) || e.Kind != bucket.KindCredentials || e.Code != "invalid_grant" {
		t.Errorf("got %v, want invalid_grant of kind %q", err, bucket.KindCredentials)
	}
	if err != nil && leaks(err.Error()) != "" {
		t.Errorf("the error shows %q: %v", leaks(err.Error()), err)
	}
	if len(r.requests) != 1 {
		t.Errorf("%d requests went out, want the exchange alone", len(r.requests))
	}
}

// TestURLErrors: net/http's own errors print the URL.
func TestURLErrors(t *testing.T) {
	secret := "https://h.example/b/k?X-Amz-Signature=CANARY&X-Amz-Security-Token=" + token
	_, parse := url.Parse("https://AK:CANARY/CANARY@h.example")
	for name, err := range map[string]error{
		"a round trip": &url.Error{Op: "Get", URL: secret, Err: errors.New("something about " + secret)},
		"a parse":      parse,
		"bare":         errors.New("request send failed, Get \"" + secret + "\": EOF"),
		"a header":     errors.New("Authorization: Bearer CANARYCANARYCANARY0a and x-amz-security-token: " + token),
		"a key":        errors.New("-----BEGIN PRIVATE KEY-----\nCANARY\n"),
	} {
		e := bucket.Classify("get object", err)
		if shown := leaks(e.Error() + e.Message); shown != "" {
			t.Errorf("%s: shows %q: %v", name, shown, e)
		}
	}
}
