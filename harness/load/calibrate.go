package load

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/signing"
)

// Loopback is a sink and a source on this machine that does nothing with what it is sent: what the client reaches there is its
// own cost. A GET is answered with as many bytes as its key's last segment says, of the data of object 0.
type Loopback struct {
	URL   string
	roots *x509.CertPool
	close func()
}

// NewLoopback starts one; secure makes it speak TLS, as most stores do.
func NewLoopback(d *Data, secure bool) (*Loopback, error) { return newLoopback(loopback(d), secure) }

func newLoopback(h http.Handler, secure bool) (*Loopback, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start a loopback sink: %w", err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ErrorLog: log.New(io.Discard, "", 0)}
	out := &Loopback{URL: "http://" + l.Addr().String(), close: func() { _ = s.Close() }}
	if secure {
		cert, err := loopbackCertificate()
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		out.URL, out.roots = "https://"+l.Addr().String(), x509.NewCertPool()
		out.roots.AddCert(cert.Leaf)
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}})
	}
	go func() { _ = s.Serve(l) }()
	return out, nil
}

// loopbackCertificate vouches for 127.0.0.1, to nobody but the client of the calibration.
func loopbackCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("start a loopback sink: %w", err)
	}
	now := time.Now()
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a loopback sink"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("start a loopback sink: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// Close ends it.
func (l *Loopback) Close() { l.close() }

// loopback answers GET and PUT.
func loopback(d *Data) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			_, _ = drain(r.Body)
			w.Header().Set("Content-Length", "0")
			return
		}
		left, err := strconv.ParseInt(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], 10, 64)
		if err != nil || left < 0 || left > 1<<30 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Length", strconv.FormatInt(left, 10))
		for offset := int64(0); left > 0; {
			from := d.block[d.at(0, offset):]
			n, err := w.Write(from[:min(int64(len(from)), left, 1<<20)])
			if offset, left = offset+int64(n), left-int64(n); err != nil {
				return
			}
		}
	})
}

// loopPrefix is where the calibration "writes".
const loopPrefix = "bucketproof-calibration/"

// Client is the client of a run, with guard, evidence and signing, pointed at the loopback.
func (l *Loopback) Client(d *Data, connections int) (*Client, *wire.Transport, error) {
	_, host, _ := strings.Cut(l.URL, "://")
	guard, err := wire.NewGuard(wire.Scope{Dialect: wire.S3, Hosts: []string{host}, Bucket: "loopback", Prefix: loopPrefix})
	if err != nil {
		return nil, nil, err
	}
	guard.Begin()
	t := wire.New(wire.Options{Network: wire.Network{Closed: true, RootCAs: l.roots}, Guard: guard, RunID: "calibration"}).Lane(connections)
	signer, err := signing.NewS3Signer("AKIALOOPBACK", signing.NewSecretKey("no secret: the loopback checks none", ""), "us-east-1")
	if err != nil {
		return nil, nil, err
	}
	return &Client{Send: t, Mint: Signer{S3: signer, Host: host, HTTP: l.roots == nil, Bucket: "loopback"}, Data: d}, t, nil
}

// Calibration: how long, and how often, the client is measured by itself for one case.
const (
	calibrationSlice  = 200 * time.Millisecond
	calibrationRounds = 2
)

func calibrationTime(b *budgets.Budget) time.Duration {
	return time.Duration(len(b.Cases)*calibrationRounds) * (calibrationSlice + around)
}

// Calibrate measures what the client does by itself with a budget's sizes and concurrency, on a loopback, with TLS where the
// store has it. Parts and ranges are measured as what they are, whole requests of that size. The figures are MB/s, by case.
func Calibrate(ctx context.Context, d *Data, b *budgets.Budget, secure bool) (map[string]float64, error) {
	l, err := NewLoopback(d, secure)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	out := map[string]float64{}
	for i := range b.Cases {
		c := b.Cases[i]
		if c.Split() > 1 {
			c.Size, c.Concurrency = c.PartSize, c.Concurrency*c.Parts
		}
		c.Bytes = max(512<<20, c.Size*budgets.Size(c.Concurrency)) // time ends it, not bytes: nothing is stored
		c.Bytes = min(c.Bytes, c.Size*20000)
		kind := Put
		if c.Does == budgets.Get || c.Does == budgets.Ranges {
			kind = Get
		}
		rate, err := calibrate(ctx, l, d, &c, kind, min(calibrationSlice, time.Duration(b.Slice)))
		if err != nil {
			return nil, fmt.Errorf("calibrate the client: case %s: %w", c.Name, err)
		}
		out[c.Name] = rate
	}
	return out, nil
}

func calibrate(ctx context.Context, l *Loopback, d *Data, c *budgets.Case, kind Kind, length time.Duration) (float64, error) {
	client, t, err := l.Client(d, c.Concurrency)
	if err != nil {
		return 0, err
	}
	defer t.CloseIdle()
	client.Late = true
	rec := wire.NewSparseRecorder("calibration", 1)
	defer rec.Seal()
	one := *c
	one.Does = budgets.Put
	m, err := Measure(rec.With(ctx), newFixed(client, kind, int64(c.Size)), &budgets.Budget{Slice: budgets.Duration(length), Cases: []budgets.Case{one}},
		Options{Prefix: loopPrefix, Rounds: calibrationRounds})
	if err != nil {
		return 0, err
	}
	if said, _ := m.Log.Failures(); len(said) > 0 {
		return 0, errors.New(said[0])
	}
	rates, _ := m.rates(0)
	return median(rates), nil
}

// fixed moves every object by one key: the loopback keeps none.
type fixed struct {
	*Client
	kind Kind
	key  string
}

func newFixed(c *Client, kind Kind, size int64) *fixed {
	return &fixed{Client: c, kind: kind, key: loopPrefix + strconv.FormatInt(size, 10)}
}

// Move implements Mover.
func (f *fixed) Move(ctx context.Context, j *Job, s *Sheet) Operation {
	j.Kind, j.Key, j.Number = f.kind, f.key, 0
	return f.Client.Move(ctx, j, s)
}

// Remove implements Mover.
func (*fixed) Remove(context.Context, []string, *Sheet) {}
