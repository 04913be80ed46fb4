package main

import (
	"bytes"
	"context"
	"errors"
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
	"github.com/bucketproof/bucketproof/reports"
)

// TestInterruptedRunCleansUp sends SIGINT in the middle of a write: the run ends, says so, removes what it wrote and leaves its
// reports.
func TestInterruptedRunCleansUp(t *testing.T) {
	h := newHost(t)
	reached, hold := make(chan struct{}), make(chan struct{})
	defer close(hold)
	var once atomic.Bool
	b := provision(t, h, "s3-compatible", stores.Setup{Path: "team", Hooks: stores.Hooks{Front: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.Contains(r.URL.String(), "partNumber=2") && once.CompareAndSwap(false, true) {
				close(reached)
				select {
				case <-hold:
				case <-r.Context().Done():
				}
				return
			}
			next.ServeHTTP(w, r)
		})
	}}})
	before := decoys(t, b)
	dir := filepath.Join(t.TempDir(), "report")
	got := interruptAt(t, b, append([]string{"certify", "-", "--out", dir}, flagsFor(t, h, b)...), reached)
	if got.code != exitErrored {
		t.Errorf("exit code: got %d, want %d\n%s%s", got.code, exitErrored, got.out, got.err)
	}
	if !strings.Contains(got.out, "the run was interrupted") {
		t.Errorf("nobody says that the run was interrupted:\n%s", got.out)
	}
	r := result(t, dir)
	if q := line(t, r, "BYOB-XFER-005"); q.Outcome != reports.Errored || !strings.Contains(q.Reason, "interrupted") {
		t.Errorf("BYOB-XFER-005: got %s (%s), want errored, because it was interrupted", q.Outcome, q.Reason)
	}
	if r.Safety.CleanUp != reports.Complete {
		t.Errorf("the clean-up: got %q, want %q", r.Safety.CleanUp, reports.Complete)
	}
	if after := inventory(t, b); !maps.Equal(after, before) {
		t.Errorf("the bucket: got %v, want what was there before: %v", after, before)
	}
	noSecrets(t, dir, got, b.Secrets...)
}

// interruptAt runs the program as a process of its own and sends it SIGINT when the front says so.
func interruptAt(t *testing.T, b *stores.Bucket, args []string, reached <-chan struct{}) called {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var out, errw bytes.Buffer
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(b.Address), &out, &errw
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-ctx.Done():
		t.Error("the run never got there")
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return called{cmd.ProcessState.ExitCode(), out.String(), errw.String()}
}
