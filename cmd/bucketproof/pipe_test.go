//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
)

// TestAReaderThatGoesAway certifies into a pipe that nobody reads: `certify ... | true`. The run ends as ever.
func TestAReaderThatGoesAway(t *testing.T) {
	h := newHost(t)
	for _, more := range [][]string{nil, {"--json"}} {
		b := provision(t, h, "s3-compatible", stores.Setup{})
		before := inventory(t, b)
		dir := filepath.Join(t.TempDir(), "report")
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self, append(append([]string{"certify", "-", "--out", dir}, more...), flagsFor(t, h, b)...)...)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewBufferString(b.Address), w, w
		if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Fatal(err)
		}
		_ = w.Close()
		if code := cmd.ProcessState.ExitCode(); code != exitOK {
			t.Errorf("%v: exit code %d (%s), want %d", more, code, cmd.ProcessState, exitOK)
		}
		if got := result(t, dir); got.Verdict != reports.Certified || got.Safety.CleanUp != reports.Complete {
			t.Errorf("%v: the result on disk is %s, clean-up %s", more, got.Verdict, got.Safety.CleanUp)
		}
		for _, name := range []string{"junit.xml", "report.html", "evidence/BYOB-XFER-001.har"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%v: %v", more, err)
			}
		}
		if after := inventory(t, b); len(after) != len(before) {
			t.Errorf("%v: the bucket had %d objects, and has %d", more, len(before), len(after))
		}
	}
}
