package rivals_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/address"
)

// asStore makes this program the store of a benchmark, with its data in the directory that it names: what the store uses of
// the processors is not the client's.
const asStore = "BUCKETPROOF_RIVALS_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asStore); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// bucketOf is a bucket in another process.
type bucketOf struct {
	Address string // a secret
	Root    string // PEM of what vouches for it
	Secrets []string
}

// serve keeps a store until standard input ends, and says on standard output where it is.
func serve(dir string) error {
	ctx := context.Background()
	h, err := stores.NewHost(ctx, stores.HostOptions{Dir: dir})
	if err != nil {
		return err
	}
	b, err := h.Provision(ctx, stores.S3Compatible, stores.Setup{})
	if err == nil {
		var root string
		if root, err = rootOf(b); err == nil {
			if err = json.NewEncoder(os.Stdout).Encode(bucketOf{Address: b.Address, Root: root, Secrets: b.Secrets}); err == nil {
				_, err = io.Copy(io.Discard, os.Stdin)
			}
		}
	}
	return errors.Join(err, h.Close())
}

// rootOf is the root of the chain by which a bucket's host shows that it is itself.
func rootOf(b *stores.Bucket) (string, error) {
	a, err := address.Parse(b.Address, address.Options{})
	if err != nil {
		return "", err
	}
	d := tls.Dialer{Config: &tls.Config{RootCAs: b.Network.RootCAs, MinVersion: tls.VersionTLS12}}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp", hostOf(a))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	secured, ok := conn.(*tls.Conn)
	if !ok || len(secured.ConnectionState().VerifiedChains) == 0 {
		return "", errors.New("the store's certificate was not verified")
	}
	chain := secured.ConnectionState().VerifiedChains[0]
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[len(chain)-1].Raw})), nil
}

// start starts the store, and ends it with the benchmark.
func start(b *testing.B) (bucketOf, *x509.CertPool) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self) // this very program; it ends with its standard input
	cmd.Env = append(os.Environ(), asStore+"="+b.TempDir())
	cmd.Stderr, cmd.WaitDelay = os.Stderr, 10*time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		if err := cmd.Wait(); err != nil {
			b.Errorf("the store's process: %v", err)
		}
	})
	var it bucketOf
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&it); err != nil {
		b.Fatalf("the store did not say where it is: %v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(it.Root)) {
		b.Fatal("the store's root is no certificate")
	}
	return it, pool
}
