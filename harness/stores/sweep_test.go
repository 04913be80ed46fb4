package stores_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// runAgain runs the test alone in another process, with more in its environment.
func runAgain(t *testing.T, more ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	c.Env = append(os.Environ(), more...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestWhatAKilledProcessLeavesIsSweptAndNothingElse(t *testing.T) {
	h := containerHost(t)
	alive := provision(t, h, stores.S3Compatible, stores.Setup{})
	const killed = "BUCKETPROOF_TEST_KILLED"
	if os.Getenv(killed) != "" {
		p, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Kill()
		select {}
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	c.Env = append(os.Environ(), killed+"=1")
	if err := c.Run(); err == nil {
		t.Fatal("the other process wasn't killed")
	}
	swept, err := stores.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	removed := slices.ContainsFunc(swept, func(s stores.Swept) bool { return s.Removed && strings.Contains(s.Image, "bucketproof/minio") })
	kept := slices.ContainsFunc(swept, func(s stores.Swept) bool { return !s.Removed && strings.Contains(s.Why, "is at work") })
	if !removed || !kept {
		t.Errorf("swept %+v: want the killed process's MinIO removed, and this one's kept", swept)
	}
	if err := alive.Put(t.Context(), "k", []byte("x")); err != nil {
		t.Errorf("our own store after the sweep: %v", err)
	}
}
