package stores_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// firstUseVariable asks for TestAzuriteFirstUse, which installs from npm's registry: make first-use sets it.
const firstUseVariable = "BUCKETPROOF_TEST_FIRST_USE"

// TestAzuriteFirstUse installs into an empty cache folder: once cut off, then by two processes at a time. It needs npm's registry
// and takes up to a minute, so it is run by make first-use (and CI) alone.
func TestAzuriteFirstUse(t *testing.T) {
	needAzurite(t)
	if os.Getenv(firstUseVariable) == "" {
		t.Skip("installs from npm's registry: make first-use runs it")
	}
	if os.Getenv("BUCKETPROOF_OFFLINE") != "" {
		t.Skip("BUCKETPROOF_OFFLINE is set: nothing is installed")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("no npm on this machine: nothing is installed")
	}
	if runtime.GOOS != "linux" {
		t.Skip("finds processes in /proc")
	}
	cache := filepath.Join(t.TempDir(), "cache")
	env := "BUCKETPROOF_CACHE=" + cache
	const limit = 6 * time.Minute

	cut := startAzureChild(t, env)
	cut.until(t, limit, "progress azurite: fetching")
	time.Sleep(2 * time.Second)
	npm := childrenOf(t, cut.cmd.Process.Pid)
	if len(npm) != 1 {
		t.Fatalf("it has %d child processes, want npm", len(npm))
	}
	if err := cut.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, npm[0])
	if found, _ := filepath.Glob(filepath.Join(cache, "azurite-*")); len(found) != 0 {
		t.Errorf("after being killed: %v, want no build", found)
	}

	start := time.Now()
	one, two := startAzureChild(t, env), startAzureChild(t, env)
	for _, c := range []*azureChild{one, two} {
		if line := c.until(t, limit, "ready", "unavailable", "failed"); line != "ready" {
			if strings.HasPrefix(line, "unavailable") {
				t.Skip(line)
			}
			t.Fatal(line)
		}
	}
	t.Logf("two first uses at a time took %v", time.Since(start).Round(time.Second/10))
	if n := strings.Count(one.text()+two.text(), "azurite: installed in"); n != 1 {
		t.Errorf("installed %d times, want once:\n%s\n\n%s", n, one.text(), two.text())
	}

	var size int64
	var files []string
	err := filepath.WalkDir(cache, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size += info.Size()
		files = append(files, filepath.Base(path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("kept %d bytes", size)
	if got, want := strings.Join(files, " "), "blob.js manifest.json azurite.lock"; got != want {
		t.Errorf("kept %q, want %q", got, want)
	}
	if size > 6<<20 {
		t.Errorf("kept %d bytes, want about 5 MB", size)
	}
}
