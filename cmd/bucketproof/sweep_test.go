package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// TestKilledThenSwept kills the program in the middle of a run, at several points, and sweeps: nothing of ours is left, and
// everything of theirs is.
func TestKilledThenSwept(t *testing.T) {
	h := newHost(t)
	for _, c := range []struct {
		provider  string
		versioned bool
		at        string // the request in the middle of which the program is killed
	}{
		{"s3-compatible", false, "BYOB-XFER-004"},
		{"s3-compatible", false, "partNumber=2"},
		{"s3-compatible", true, "BYOB-XFER-009"},
		{"coreweave", false, "BYOB-XFER-005"},
		{"gcp", false, "BYOB-XFER-008"},
		{"azure", false, "BYOB-XFER-009"},
		{"azure", false, "comp=blocklist"},
	} {
		t.Run(fmt.Sprintf("%s versioned=%t at %s", c.provider, c.versioned, c.at), func(t *testing.T) {
			reached, hold := make(chan struct{}), make(chan struct{})
			defer close(hold)
			var once atomic.Bool
			front := func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPut && strings.Contains(r.URL.String(), c.at) && once.CompareAndSwap(false, true) {
						close(reached)
						select {
						case <-hold:
						case <-r.Context().Done():
						}
						return
					}
					next.ServeHTTP(w, r)
				})
			}
			setup := stores.Setup{Path: "team", Versioning: c.versioned, Hooks: stores.Hooks{Front: front}}
			if c.versioned {
				setup.MoreActions = []string{"s3:DeleteObjectVersion"}
			}
			h := hostOf(t, h, c.provider)
			b := provision(t, h, c.provider, setup)
			before := decoys(t, b)
			killAt(t, b, flagsFor(t, h, b), reached)
			if left := inventory(t, b); maps.Equal(left, before) {
				t.Fatal("the killed run left nothing: the sweep would show nothing")
			}
			flags := flagsFor(t, h, b)
			if got := call(t, b.Address, append([]string{"sweep", "-", "--dry-run"}, flags...)...); got.code != exitNot || !strings.Contains(got.out, "dry-run") {
				t.Errorf("a dry run: got exit code %d and %q, want %d and a word about it", got.code, got.out, exitNot)
			}
			got := call(t, b.Address, append([]string{"sweep", "-"}, flags...)...)
			if got.code != exitOK {
				t.Errorf("sweep: got exit code %d, want 0\n%s%s", got.code, got.out, got.err)
			}
			after := inventory(t, b)
			for key := range after {
				if _, ok := before[key]; !ok {
					t.Errorf("left behind: %s", key)
				}
			}
			for key, sum := range before {
				if after[key] != sum {
					t.Errorf("changed or removed, and not ours: %s", key)
				}
			}
			if got := call(t, b.Address, append([]string{"sweep", "-"}, flags...)...); got.code != exitOK || !strings.Contains(got.out, "nothing that carries a marker of ours") {
				t.Errorf("a second sweep: got exit code %d and %q", got.code, got.out)
			}
			noSecrets(t, t.TempDir(), got, b.Secrets...)
		})
	}
}

// decoys plants objects that are not ours, some with names like ours, and returns the bucket's inventory.
func decoys(t *testing.T, b *stores.Bucket) map[string]string {
	t.Helper()
	for _, key := range []string{"theirs.txt", "team/theirs.txt", "team/bucketproof-run-20200101t000000z-00000000/no-marker.txt",
		"team/bucketproof-run-notes.txt", "team/bucketproof-run-20200101t000000z-1111111/short-id.txt"} {
		if err := b.Put(t.Context(), key, []byte("theirs: "+key)); err != nil {
			t.Fatalf("plant a decoy: %v", err)
		}
	}
	// Another bucket's marker is no marker of this prefix.
	foreign := `{"apiVersion":"bucketproof/v1","kind":"RunMarker","run":"20200101t000000z-22222222","prefix":"bucketproof-run-20200101t000000z-22222222/",` +
		`"started":"2020-01-01T00:00:00Z","until":"2020-01-01T00:10:00Z","machine":"0000000000000000","process":1}`
	if err := b.Put(t.Context(), "team/bucketproof-run-20200101t000000z-22222222/bucketproof-run.json", []byte(foreign)); err != nil {
		t.Fatalf("plant a decoy: %v", err)
	}
	return inventory(t, b)
}

func inventory(t *testing.T, b *stores.Bucket) map[string]string {
	t.Helper()
	m, err := b.Inventory(t.Context())
	if err != nil {
		t.Fatalf("inventory: %v", err)
	}
	return m
}

// killAt runs certify as a process of its own and kills it when the front says so.
func killAt(t *testing.T, b *stores.Bucket, flags []string, reached <-chan struct{}) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, append([]string{"certify", "-", "--out", filepath.Join(t.TempDir(), "report")}, flags...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdin = strings.NewReader(b.Address)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-ctx.Done():
		t.Error("the run never got there")
	}
	if args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid)); err == nil {
		for _, secret := range b.Secrets {
			if strings.Contains(string(args), secret) {
				t.Error("the process's arguments hold a secret")
			}
		}
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // killed: an error by design
}
