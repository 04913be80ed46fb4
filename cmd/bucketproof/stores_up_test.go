package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// untilUp ends a context when the stores are up, after a look.
type untilUp struct {
	bytes.Buffer
	look func()
	end  context.CancelFunc
}

func (u *untilUp) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "up until Ctrl-C") {
		u.look()
		u.end()
	}
	return u.Buffer.Write(p)
}

// The folder may be anybody's: what is there stays, whatever it is called, and what is written there only its owner can read.
func TestStoresUpLeavesAFolderAsItWas(t *testing.T) {
	for name, args := range map[string][]string{
		"a bucket of each provider":      {"stores", "up", "--provider", "s3-compatible"},
		"several buckets of a connector": {"stores", "up", "--provider", "s3-compatible", "--buckets", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			mine := filepath.Join(dir, "ca.pem")
			if err := os.WriteFile(mine, []byte("a certificate of mine"), 0o644); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			if code := execute(t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, append(args, "--dir", dir)); code != exitUsage || !strings.Contains(stderr.String(), "is there already") {
				t.Errorf("got exit code %d and %q, want %d and what is there already", code, stderr.String(), exitUsage)
			}
			if text, err := os.ReadFile(mine); err != nil || string(text) != "a certificate of mine" {
				t.Errorf("the file that was there is %q, %v", text, err)
			}
			if err := os.Remove(mine); err != nil {
				t.Fatal(err)
			}
			ctx, end := context.WithCancel(t.Context())
			defer end()
			seen := 0
			up := &untilUp{end: end, look: func() {
				entries, err := os.ReadDir(dir)
				if err != nil {
					t.Error(err)
				}
				for _, e := range entries {
					seen++
					if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
						t.Errorf("%s can be read by others: %v, %v", e.Name(), info.Mode(), err)
					}
				}
			}}
			if code := execute(ctx, streams{in: strings.NewReader(""), out: &stdout, err: up}, append(args, "--dir", dir)); code != exitOK {
				t.Fatalf("exit code %d\n%s", code, up.String())
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) != 0 || seen != 2 {
				t.Errorf("%d files while up, want 2; left: %v, %v", seen, left, err)
			}
		})
	}
}
