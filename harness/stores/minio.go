package stores

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	minioRegion     = "eu-central-1" // MinIO checks regions only when it has been told one
	minioHost       = "s3." + minioRegion + ".amazonaws.com"
	minioKey        = "bucketproof" // name of its KMS key
	minioKeyARN     = "arn:aws:kms:" + minioKey
	minioReadyLimit = 20 * time.Second
	minioStopGrace  = 2 * time.Second
)

// EnvMinIO names MinIO's program, which is then run as a process.
const EnvMinIO = "BUCKETPROOF_MINIO"

// minioServer is a running MinIO with TLS, a region and a KMS key.
type minioServer struct {
	transport *http.Transport // to it and nowhere else, whatever a request's host
	root      credentials
	master    string // the KMS key itself: a secret
	kind      string // Process or Container
	version   string
	ended     func() bool
	said      func() string
	end       func() error
}

// minioEnvironment is how MinIO is configured: nothing of it is in its arguments, which other users of the machine can read.
func (m *minioServer) environment() map[string]string {
	return map[string]string{
		"MINIO_ROOT_USER": m.root.id, "MINIO_ROOT_PASSWORD": m.root.secret,
		"MINIO_REGION": minioRegion, "MINIO_DOMAIN": minioHost,
		"MINIO_KMS_SECRET_KEY": minioKey + ":" + m.master,
		"MINIO_BROWSER":        "off", "MINIO_UPDATE": "off", "MINIO_CALLHOME_ENABLE": "off",
		"MINIO_CI_CD": "on", // data may lie on the disk of the system
	}
}

func newMinio(kind string) (*minioServer, error) {
	root, err := newCredentials()
	if err != nil {
		return nil, err
	}
	var master [32]byte
	rand.Read(master[:]) // never fails, by its own documentation
	return &minioServer{root: root, master: base64.StdEncoding.EncodeToString(master[:]), kind: kind}, nil
}

// minioInContainer starts MinIO in a container.
func minioInContainer(ctx context.Context, e *engine, ca *authority) (*minioServer, error) {
	m, err := newMinio(Container)
	if err != nil {
		return nil, err
	}
	m.version = minioPin.version
	cert, key, err := serverCertificate(ca)
	if err != nil {
		return nil, fmt.Errorf("start MinIO: %w", err)
	}
	b, err := e.start(ctx, boxOptions{pin: minioPin, env: m.environment(),
		command: []string{"server", "--quiet", "--certs-dir", "/certs", "--address", ":9000", "/data"},
		files:   map[string][]byte{"/certs/public.crt": cert, "/certs/private.key": key}})
	if err != nil {
		return nil, err
	}
	m.ended, m.said, m.end = b.exited, b.said, b.close
	return m, m.await(ctx, b.addr, ca.pool)
}

// minioAsProcess starts a program of MinIO's below dir.
func minioAsProcess(ctx context.Context, program, dir string, ca *authority) (_ *minioServer, err error) {
	m, err := newMinio(Process)
	if err != nil {
		return nil, err
	}
	if m.version, err = minioVersion(ctx, program); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(dir, "minio-")
	if err != nil {
		return nil, fmt.Errorf("start MinIO: %w", err)
	}
	cert, key, err := serverCertificate(ca)
	certs, data := filepath.Join(work, "certs"), filepath.Join(work, "data")
	err = errors.Join(err, os.Mkdir(certs, 0o700), os.Mkdir(data, 0o700))
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(certs, "public.crt"), cert, 0o600), os.WriteFile(filepath.Join(certs, "private.key"), key, 0o600))
	}
	addr := ""
	if err == nil {
		addr, err = freeAddress()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start MinIO: %w", err), os.RemoveAll(work))
	}
	var env []string
	for name, value := range m.environment() {
		env = append(env, name+"="+value)
	}
	c, err := startChild(work, childEnvironment(env...), program, "server", "--quiet", "--certs-dir", certs, "--address", addr, data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start MinIO: %w", err), os.RemoveAll(work))
	}
	m.ended, m.said = c.exited, c.output.String
	m.end = func() error { return errors.Join(c.stop(minioStopGrace), os.RemoveAll(work)) }
	return m, m.await(ctx, addr, ca.pool)
}

// minioVersion asks a program what it is: any other than MinIO is refused before it is run as a server.
func minioVersion(ctx context.Context, program string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, nodeAskLimit, fmt.Errorf("no answer within %v", nodeAskLimit))
	defer cancel()
	out, err := runChild(ctx, "", childEnvironment(), program, "--version")
	if err != nil {
		return "", fmt.Errorf("%w: %q (%s) doesn't say its version: %w", ErrUnavailable, program, EnvMinIO, err)
	}
	words := strings.Fields(out) // "minio version RELEASE.2025-... (commit-id=...)"
	if len(words) < 3 || words[0] != "minio" && filepath.Base(words[0]) != filepath.Base(program) || words[1] != "version" {
		return "", fmt.Errorf("%w: %q (%s) doesn't answer as MinIO does", ErrUnavailable, program, EnvMinIO)
	}
	return words[2], nil
}

// freeAddress is a port that nobody had a moment ago: MinIO can't be told to let the system choose. Whoever takes it meanwhile
// has no certificate of ours, and isn't taken for MinIO.
func freeAddress() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp4", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// await waits until MinIO answers its root's requests, by TLS with the certificate that it was given. A MinIO that doesn't is
// ended.
func (m *minioServer) await(ctx context.Context, addr string, roots *x509.CertPool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, minioReadyLimit, fmt.Errorf("no answer within %v", minioReadyLimit))
	defer cancel()
	m.transport = pinnedTransport(addr, roots)
	w := m.wire("")
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := w.must(ctx, "list buckets", s3Request{method: http.MethodGet, as: m.root})
		if err == nil { // users come last
			if _, err = m.admin(ctx, "list policies", http.MethodGet, "list-canned-policies", nil, nil); err == nil {
				return nil
			}
		}
		select {
		case <-tick.C:
			if !m.ended() {
				continue
			}
			err = errors.New("it ended at once")
		case <-ctx.Done():
			err = fmt.Errorf("%w; its last answer: %w", context.Cause(ctx), err)
		}
		return errors.Join(fmt.Errorf("start MinIO: %w: %s", err, m.lastWords()), m.close())
	}
}

// lastWords is what MinIO wrote last, without its secrets.
func (m *minioServer) lastWords() string {
	text := strings.NewReplacer(m.root.secret, "[redacted]", m.root.id, "[redacted]", m.master, "[redacted]").Replace(m.said())
	const most = 1000
	if len(text) > most {
		text = "... " + text[len(text)-most:]
	}
	return strconv.Quote(text)
}

// wire is the way to one of its buckets, past every front.
func (m *minioServer) wire(bucket string) s3Wire {
	return s3Wire{transport: m.transport, base: "https://minio", domain: minioHost, region: minioRegion, bucket: bucket, name: "MinIO"}
}

func (m *minioServer) close() error {
	if m.transport != nil {
		m.transport.CloseIdleConnections()
	}
	if err := m.end(); err != nil {
		return fmt.Errorf("stop MinIO: %w", err)
	}
	return nil
}

// pinnedTransport connects every request to addr by TLS and trusts only what roots vouch for.
func pinnedTransport(addr string, roots *x509.CertPool) *http.Transport {
	d := &tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: loopback, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return d.DialContext(ctx, network, addr)
	}
	return &http.Transport{DialContext: dial, DialTLSContext: dial, DisableCompression: true, MaxIdleConnsPerHost: 64,
		IdleConnTimeout: 30 * time.Second, ExpectContinueTimeout: 5 * time.Second}
}
