package yard_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reference/address"
)

// opened is a yard of the buckets that a file names.
func opened(t *testing.T, f yard.File) *run.Yard {
	t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "buckets.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	y, err := yard.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// trusted is a file with the certificate authority of embedded stores, relative to a folder beside it.
func trusted(t *testing.T, host *stores.Host) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), host.CACertificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join("..", filepath.Base(dir), "ca.pem")
}

// What could not be looked for was not removed: a bucket whose keys may not be listed, and one that keeps versions that may not be.
func TestACleanUpThatCouldNotLookIsNotComplete(t *testing.T) {
	for name, tt := range map[string]struct {
		list, versioning string
		want             string
	}{
		"nothing may be listed":                    {"", "<VersioningConfiguration/>", "may not be listed"},
		"versions are kept, and may not be listed": {"<ListBucketResult/>", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", "versions can't be listed"},
		"whether versions are kept can't be read":  {"<ListBucketResult/>", "", "versions can't be listed"},
		"no versions are kept":                     {"<ListBucketResult/>", "<VersioningConfiguration/>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				document := ""
				switch q := r.URL.Query(); {
				case q.Has("list-type"):
					document = tt.list
				case q.Has("versioning"):
					document = tt.versioning
				}
				if r.Method == http.MethodHead {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				if document == "" {
					w.WriteHeader(http.StatusForbidden)
					document = "<Error><Code>AccessDenied</Code></Error>"
				}
				_, _ = io.WriteString(w, document)
			}))
			defer s.Close()
			y := opened(t, yard.File{Buckets: []string{fmt.Sprintf("s3://key:secretsecret@%s/some-bucket?region=us-east-1&tls=false", strings.TrimPrefix(s.URL, "http://"))}})
			_, err := y.Lots[0].Clean(t.Context())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// A run that is killed leaves a marker, by which a sweep finds what it has written. The marker is no object of the connector's.
func TestWhatAKilledRunLeftIsSwept(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a store")
	}
	host, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	made, err := host.Yard(t.Context(), []string{"s3-compatible"}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	own := made.Lots[0]
	if err := own.Put(t.Context(), "team/decoy.txt", []byte("this was here before")); err != nil {
		t.Fatal(err)
	}
	below := strings.Replace(own.Address, "?", "/team?", 1)
	y := opened(t, yard.File{Buckets: []string{below}, Hosts: made.Network.Hosts, CAFile: trusted(t, host)})
	l := y.Lots[0]
	if err := l.Mark(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	guard, err := run.GuardOf(l.Address, l.Address.Path+"/")
	if err != nil {
		t.Fatal(err)
	}
	b, err := bucket.Open(t.Context(), l.Address, bucket.Options{HTTP: wire.New(wire.Options{Network: y.Network, Guard: guard, Program: "bucketproof-yard/test"}).Client()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), l.Address.Path+"/of-the-connector.bin", []byte("left"), "text/plain"); err != nil {
		t.Fatal(err)
	}
	if keys, err := l.Inventory(t.Context()); err != nil || len(keys) != 1 {
		t.Errorf("the inventory is %v, %v; want the connector's object alone", keys, err)
	}
	swept, err := run.Sweep(t.Context(), run.Target{Address: below, Options: address.Options{}, Network: y.Network}, run.SweepOptions{Program: "bucketproof-yard/test"})
	if err != nil || len(swept) != 1 || swept[0].Foreign || swept[0].Removed != 2 {
		t.Errorf("swept %+v, %v; want one run with two objects removed", swept, err)
	}
	if left, err := own.Inventory(t.Context()); err != nil || len(left) != 1 || left["team/decoy.txt"] == "" {
		t.Errorf("the bucket has %v, %v; want the decoy and nothing else", left, err)
	}
}
