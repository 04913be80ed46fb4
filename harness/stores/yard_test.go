package stores_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
	storage "github.com/bucketproof/bucketproof/reference/address"
)

// Two buckets of a provider are used at once through one network, and through the proxy; the one that is cut off is not,
// and its neighbour stays as it was.
func TestYard(t *testing.T) {
	h, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir(), Keys: &keys})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	began := time.Now()
	y, err := h.Yard(t.Context(), []string{"aws", "coreweave", "gcp", "azure", "s3-compatible"}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := y.Close(); err != nil {
			t.Error(err)
		}
	}()
	t.Logf("%d buckets in %v; missing %v", len(y.Lots), time.Since(began), y.Missing)
	tunnel, err := stores.NewTunnel(y.Network)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tunnel.Close() }()
	proxy, err := url.Parse(tunnel.URL)
	if err != nil {
		t.Fatal(err)
	}
	direct := wire.New(wire.Options{Network: y.Network, Unguarded: func(*http.Request) bool { return true }})
	through := wire.New(wire.Options{Network: wire.Network{RootCAs: y.Network.RootCAs, ProxyFunc: http.ProxyURL(proxy)}, Unguarded: func(*http.Request) bool { return true }})
	for _, l := range y.Lots {
		t.Run(l.Provider+" "+l.Name, func(t *testing.T) {
			for name, w := range map[string]*wire.Transport{"direct": direct, "through": through} {
				if put := func() int { return send(t, w, l, name+".txt") }(); put != http.StatusOK && put != http.StatusCreated {
					t.Errorf("%s: PUT answered %d", name, put)
				}
			}
			inventory, err := l.Inventory(t.Context())
			if err != nil || len(inventory) != 2 {
				t.Errorf("inventory: %v, %v; want 2 objects", inventory, err)
			}
			l.Cut(true)
			if got := send(t, direct, l, "cut.txt"); got != 0 {
				t.Errorf("PUT to a bucket that is cut off answered %d", got)
			}
			for _, other := range y.Lots {
				if other.Name != l.Name && other.Provider == l.Provider {
					if got := send(t, direct, other, "direct.txt"); got != http.StatusOK && got != http.StatusCreated {
						t.Errorf("PUT to its neighbour answered %d", got)
					}
				}
			}
			l.Cut(false)
			after, err := l.Inventory(t.Context())
			if err != nil || !maps.Equal(inventory, after) {
				t.Errorf("inventory after the cut: %v, %v; want %v", after, err, inventory)
			}
		})
	}
}

// send puts an object by a pre-signed URL and a plain client, and returns the status, 0 where there was no answer.
func send(t *testing.T, w *wire.Transport, l *stores.Lot, key string) int {
	t.Helper()
	a, err := storage.Parse(l.Address, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bucket.Open(t.Context(), a, bucket.Options{HTTP: w.Client()})
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Presign(t.Context(), bucket.PresignRequest{Method: http.MethodPut, Key: key, Lifetime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.URL, bytes.NewReader([]byte("x")))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range p.Header {
		if name != "Host" {
			req.Header[name] = values
		}
	}
	resp, err := w.Client().Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}
