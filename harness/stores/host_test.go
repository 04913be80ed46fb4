package stores_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
)

var embedded = []string{stores.AWS, stores.CoreWeave, stores.S3Compatible, stores.GCP}

// idle are goroutines of libraries that end or sleep by themselves: fasthttp's worker pools look every 10 seconds whether they
// have been stopped, the others run once a process (the runtime's own among them).
var idle = []string{"runtime.runCleanups", "runtime.runFinalizers", "runtime.runfinq", "fasthttp.(*workerPool).Start", "fasthttp.updateServerDate", "go.opencensus.io/stats/view"}

// goroutines returns the stacks of all goroutines but the idle ones.
func goroutines() []string {
	buf := make([]byte, 4<<20)
	var stacks []string
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if !slices.ContainsFunc(idle, func(s string) bool { return strings.Contains(stack, s) }) {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

// settled waits, at most a named while, until no more goroutines run than before.
func settled(t *testing.T, before int) {
	t.Helper()
	const while = 3 * time.Second
	deadline := time.Now().Add(while)
	for len(goroutines()) > before && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if now := goroutines(); len(now) > before {
		t.Errorf("%d goroutines run, %d ran before:\n%s", len(now), before, strings.Join(now, "\n\n"))
	}
}

func TestAClosedHostLeavesNothing(t *testing.T) {
	warm(t)
	dir, before := t.TempDir(), len(goroutines())
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	h, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: dir, Keys: &keys})
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	var first *stores.Bucket
	for _, provider := range embedded {
		b, err := h.Provision(t.Context(), provider, stores.Setup{Versioning: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Put(t.Context(), "dir/k", []byte("x")); err != nil {
			t.Fatal(err)
		}
		for _, addr := range b.Network.Hosts {
			addresses = append(addresses, addr)
		}
		if first == nil {
			first = b
		}
	}
	private, err := os.ReadDir(dir)
	if err != nil || len(private) != 1 {
		t.Fatalf("in the host's directory: %v, %v; want one", private, err)
	}
	if info, err := private[0].Info(); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the host's directory has mode %v, want 0700", info.Mode())
	}
	if now, _ := os.Getwd(); now != cwd {
		t.Errorf("the working directory is %s, was %s", now, cwd)
	}
	if err := first.Close(); err != nil {
		t.Errorf("close a bucket: %v", err)
	}
	for range 2 {
		if err := h.Close(); err != nil {
			t.Errorf("close the host: %v", err)
		}
	}
	if err := first.Close(); err != nil {
		t.Errorf("close a bucket after its host: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	for _, addr := range addresses {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			t.Errorf("something still listens on %s", addr)
		}
	}
	if _, err := h.Provision(t.Context(), stores.AWS, stores.Setup{}); !errors.Is(err, stores.ErrClosed) {
		t.Errorf("provision on a closed host: got %v, want ErrClosed", err)
	}
	settled(t, before)
}

// warm makes whatever the libraries start once and keep (caches' tickers and the like).
func warm(t *testing.T) {
	t.Helper()
	h, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir(), Keys: &keys})
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range []string{stores.AWS, stores.GCP} {
		if _, err := h.Provision(t.Context(), provider, stores.Setup{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAHostEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	h, err := stores.NewHost(ctx, stores.HostOptions{Dir: dir, Keys: &keys})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Provision(t.Context(), stores.AWS, stores.Setup{}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := h.Close(); err != nil { // waits for the closing under way
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if _, err := stores.NewHost(ctx, stores.HostOptions{Dir: dir, Keys: &keys}); err == nil {
		t.Error("a host was made in a context that has ended")
	}
}

func TestAProvisionCutShortLeavesNothing(t *testing.T) {
	warm(t)
	before := len(goroutines())
	dir := t.TempDir()
	h, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: dir, Keys: &keys})
	if err != nil {
		t.Fatal(err)
	}
	for limit := time.Duration(0); limit < 60*time.Millisecond; limit += 4 * time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		if b, err := h.Provision(ctx, stores.AWS, stores.Setup{}); err == nil {
			b.Close()
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cut short after %v: got %v, want the deadline as the cause", limit, err)
		}
		cancel()
	}
	if _, err := h.Provision(t.Context(), "backblaze", stores.Setup{}); err == nil || !strings.Contains(err.Error(), `"backblaze"`) {
		t.Errorf("an unknown provider: got %v, want an error that names it", err)
	}
	b, err := h.Provision(t.Context(), stores.AWS, stores.Setup{})
	if err != nil {
		t.Fatalf("afterwards: %v", err)
	}
	if l, err := filepath.Glob(filepath.Join(dir, "*", "s3", "data", "byob-*")); err != nil || len(l) != 1 {
		t.Errorf("buckets that are there: %v, want the last alone", l)
	}
	b.Close()
	if l, _ := filepath.Glob(filepath.Join(dir, "*", "s3", "*", "byob-*")); len(l) != 0 {
		t.Errorf("buckets after close: %v, want none", l)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	settled(t, before)
}

func TestProvisioningAtTheSameTime(t *testing.T) {
	h := newHost(t)
	var wg sync.WaitGroup
	for range 3 {
		for _, provider := range embedded {
			wg.Go(func() {
				b, err := h.Provision(context.Background(), provider, stores.Setup{})
				if err != nil {
					t.Errorf("%s: %v", provider, err)
					return
				}
				if err := b.Put(context.Background(), "k", []byte("x")); err != nil {
					t.Errorf("%s: %v", provider, err)
				}
				if err := b.Close(); err != nil {
					t.Errorf("%s: %v", provider, err)
				}
			})
		}
	}
	wg.Wait()
}

func TestASecondGatewayIsRefusedAndHarmsNothing(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, stores.AWS, stores.Setup{})
	other, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir(), Keys: &keys})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Provision(t.Context(), stores.AWS, stores.Setup{}); err == nil {
		t.Error("two gateways run in one process")
	}
	if err := other.Close(); err != nil {
		t.Errorf("close the second host: %v", err)
	}
	if err := b.Put(t.Context(), "k", []byte("x")); err != nil {
		t.Errorf("the first gateway: %v", err)
	}
}

func TestEveryBucketIsFreshAndItsSecretsAreListed(t *testing.T) {
	h := newHost(t)
	for _, provider := range embedded {
		t.Run(provider, func(t *testing.T) {
			a, b := provision(t, h, provider, stores.Setup{}), provision(t, h, provider, stores.Setup{})
			if read(t, a).bucket == read(t, b).bucket {
				t.Error("two buckets have the same name")
			}
			u := read(t, a)
			if !slices.Contains(a.Secrets, u.secret) {
				t.Error("the address's secret is not among the bucket's secrets")
			}
			_, userinfo, _ := strings.Cut(a.Address, "://")
			userinfo, _, ok := strings.Cut(userinfo, "@")
			if !ok || strings.ContainsAny(strings.Replace(userinfo, ":", "", 1), "/+=:@ \n") {
				t.Error("the userinfo holds a character that a strict parser trips over")
			}
			id, secret, _ := strings.Cut(userinfo, ":")
			if got, err := url.PathUnescape(secret); err != nil || got != u.secret {
				t.Error("the secret doesn't come back by percent-decoding")
			}
			if got, err := url.QueryUnescape(id); err != nil || got != u.id {
				t.Error("the identity doesn't come back by form-decoding")
			}
			for _, s := range a.Store.Notes {
				if strings.Contains(s, u.secret) {
					t.Error("a note shows the secret")
				}
			}
			if a.Store.Kind != "embedded" || a.Store.Version == "" || len(a.Store.Fidelity) == 0 {
				t.Errorf("the store isn't described: %+v", a.Store)
			}
		})
	}
}

func TestVersionsAreThoseOfTheModules(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t)
	for provider, module := range map[string]string{stores.AWS: "github.com/versity/versitygw", stores.GCP: "github.com/fsouza/fake-gcs-server"} {
		b := provision(t, h, provider, stores.Setup{})
		if !strings.Contains(string(mod), module+" "+b.Store.Version+"\n") {
			t.Errorf("%s: the store says version %s, go.mod another", module, b.Store.Version)
		}
	}
}

func TestStoresAreReadyWithinASecond(t *testing.T) {
	for _, provider := range embedded {
		t.Run(provider, func(t *testing.T) {
			start := time.Now()
			h := newHost(t)
			provision(t, h, provider, stores.Setup{})
			first := time.Since(start)
			start = time.Now()
			b := provision(t, h, provider, stores.Setup{})
			second := time.Since(start)
			start = time.Now()
			if _, err := b.Probe(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Logf("first bucket %v, next bucket %v, probe %v", first, second, time.Since(start))
			if provider != stores.GCP && first > time.Second { // GCP makes an RSA key, whose time is a matter of luck
				t.Errorf("ready after %v, want less than a second", first)
			}
		})
	}
}

func TestTheAuthorityIsACertificateAndNoKey(t *testing.T) {
	pem := newHost(t).CACertificate()
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		t.Error("the authority is no certificate in PEM")
	}
	if strings.Contains(string(pem), "PRIVATE") {
		t.Error("the authority's key is handed out")
	}
}
