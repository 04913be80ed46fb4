package stores

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// testCache is an empty cache folder.
func testCache(t *testing.T) *azuriteCache {
	t.Helper()
	t.Setenv("BUCKETPROOF_CACHE", filepath.Join(t.TempDir(), "cache"))
	c, err := newAzuriteCache(func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(c.root, 0o700); err != nil {
		t.Fatal(err)
	}
	return c
}

// built places a build whose bundle is the given text.
func built(t *testing.T, c *azuriteCache, text string) {
	t.Helper()
	keep := filepath.Join(t.TempDir(), "keep")
	if err := errors.Join(os.Mkdir(keep, 0o700), os.WriteFile(filepath.Join(keep, azuriteBundle), []byte(text), 0o600), c.place(keep)); err != nil {
		t.Fatal(err)
	}
}

// program puts a shell script on a PATH of its own, and returns that.
func program(t *testing.T, name, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("plays a program by a shell script")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAzuritePackageIsPinned(t *testing.T) {
	pkg, err := azuriteFiles.ReadFile("azurite/package.json")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(`"azurite": %q`, azuriteVersion); !strings.Contains(string(pkg), want) {
		t.Errorf("package.json doesn't have %s", want)
	}
	lock, err := azuriteFiles.ReadFile("azurite/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var content struct {
		LockfileVersion int
		Packages        map[string]struct {
			Resolved, Integrity string
			Link                bool
		}
	}
	if err := json.Unmarshal(lock, &content); err != nil {
		t.Fatal(err)
	}
	if content.LockfileVersion != 3 || len(content.Packages) < 100 {
		t.Errorf("got version %d and %d packages, want version 3 and hundreds", content.LockfileVersion, len(content.Packages))
	}
	for name, p := range content.Packages {
		switch {
		case name == "" || name == "none": // ours
		case p.Link && p.Resolved == "none":
		case p.Resolved != "":
			t.Errorf("%s: the lock file names where it came from; write it with omit-lockfile-registry-resolved", name)
		case !strings.HasPrefix(p.Integrity, "sha512-"):
			t.Errorf("%s: the lock file has no hash of it", name)
		}
	}
}

func TestAzuriteCacheTrustsOnlyAWholeBuild(t *testing.T) {
	c := testCache(t)
	bundle, manifest := filepath.Join(c.folder(), azuriteBundle), filepath.Join(c.folder(), azuriteManifest)
	if err := c.verify(c.folder()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("empty cache: got %v, want os.ErrNotExist", err)
	}
	for name, spoil := range map[string]func() error{
		"a changed bundle":      func() error { return os.WriteFile(bundle, []byte("console.log(2)"), 0o600) },
		"a truncated bundle":    func() error { return os.Truncate(bundle, 3) },
		"no bundle":             func() error { return os.Remove(bundle) },
		"no manifest":           func() error { return os.Remove(manifest) },
		"an empty manifest":     func() error { return os.Truncate(manifest, 0) },
		"a manifest with extra": func() error { return os.WriteFile(manifest, []byte(`{"other": 1}`), 0o600) },
		"another version's manifest": func() error {
			return os.WriteFile(manifest, []byte(`{"azurite":"3.36.0","source":"","bytes":1,"sha256":""}`), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			built(t, c, "console.log(1)")
			if err := c.verify(c.folder()); err != nil {
				t.Fatalf("sound: got %v, want nil", err)
			}
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			if err := c.verify(c.folder()); err == nil || errors.Is(err, os.ErrNotExist) {
				t.Errorf("spoilt: got %v, want an error that says what is wrong", err)
			}
			t.Setenv("BUCKETPROOF_OFFLINE", "1")
			if _, err := c.bundle(t.Context(), "node"); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "can't be trusted") {
				t.Errorf("offline: got %v, want ErrUnavailable and that it can't be trusted", err)
			}
			built(t, c, "console.log(1)") // takes the spoilt one's place
			if err := c.verify(c.folder()); err != nil {
				t.Errorf("built again: got %v, want nil", err)
			}
		})
	}
}

func TestAzuriteCacheSweepsWhatDiedADayAgo(t *testing.T) {
	c := testCache(t)
	old, young, other := filepath.Join(c.root, azuriteUnfinished+"1"), filepath.Join(c.root, azuriteUnfinished+"2"), filepath.Join(c.root, "another")
	for _, dir := range []string{old, young, other} {
		if err := os.MkdirAll(filepath.Join(dir, "work"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	before := time.Now().Add(-25 * time.Hour)
	if err := errors.Join(os.Chtimes(old, before, before), os.Chtimes(other, before, before)); err != nil {
		t.Fatal(err)
	}
	c.sweep(azuriteStale)
	for dir, want := range map[string]bool{old: false, young: true, other: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(dir), err == nil, want)
		}
	}
}

func TestAzuriteCacheLockWaits(t *testing.T) {
	c := testCache(t)
	unlock, err := c.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := c.lock(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a held lock: got %v, want the context's end", err)
	}
	unlock()
	again, err := c.lock(t.Context())
	if err != nil {
		t.Fatalf("a free lock: %v", err)
	}
	again()
}

func TestAzuriteUnavailable(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		node = "/nonexistent/node" // the cases that run it don't get that far
	}
	c := testCache(t)
	for _, tc := range []struct {
		name string
		path func(t *testing.T) string
		call func() error
		says []string
	}{
		{"without Node.js", func(*testing.T) string { return "" }, func() error { _, err := findNode(t.Context()); return err }, []string{`no program "node"`, "install Node.js 20 or later"}},
		{"with an old Node.js", func(t *testing.T) string { return program(t, "node", "echo v18.20.4\n") }, func() error { _, err := findNode(t.Context()); return err }, []string{`"v18.20.4"`, "install Node.js 20 or later"}},
		{"with a Node.js that fails", func(t *testing.T) string { return program(t, "node", "exit 3\n") }, func() error { _, err := findNode(t.Context()); return err }, []string{"exit status 3", "install Node.js 20 or later"}},
		{"without npm", func(*testing.T) string { return "" }, func() error { _, err := c.bundle(t.Context(), node); return err }, []string{`no program "npm"`, "install npm", c.folder()}},
		{"without a registry", func(t *testing.T) string {
			return program(t, "npm", "echo 'npm error code ENOTFOUND'\necho 'npm error request to https://user:hunter2@registry.example/x failed' >&2\nexit 1\n")
		}, func() error { _, err := c.bundle(t.Context(), node); return err }, []string{"npm can't reach its registry (ENOTFOUND)", c.folder()}},
		{"with another package than the pinned one", func(t *testing.T) string {
			return program(t, "npm", "echo 'npm ERR! code EINTEGRITY' >&2\nexit 1\n")
		}, func() error { _, err := c.bundle(t.Context(), node); return err }, []string{"not the pinned one (EINTEGRITY)"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("PATH", tc.path(t))
			err := tc.call()
			if !errors.Is(err, ErrUnavailable) {
				t.Fatalf("got %v, want ErrUnavailable", err)
			}
			for _, want := range tc.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
			for _, secret := range []string{"hunter2", "registry.example"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("got %q, want no %q in it", err, secret)
				}
			}
			entries, err := os.ReadDir(c.root)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.Name() != "azurite.lock" {
					t.Errorf("%s is left in the cache folder", e.Name())
				}
			}
		})
	}
}

// npm's cache would otherwise grow by 44 MB in the user's home, which nobody was told of and nothing removes.
func TestNPMCachesInTheInstallsOwnFolder(t *testing.T) {
	c, told := testCache(t), filepath.Join(t.TempDir(), "arguments")
	t.Setenv("PATH", program(t, "npm", "printf '%s\\n' \"$@\" > "+told+"\nexit 1\n"))
	if _, err := c.bundle(t.Context(), "node"); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	args, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	i := strings.Index(string(args), "--cache=")
	if i < 0 {
		t.Fatalf("npm was called without a cache of its own:\n%s", args)
	}
	folder, _, _ := strings.Cut(string(args[i+len("--cache="):]), "\n")
	if !strings.HasPrefix(folder, c.root+string(filepath.Separator)) {
		t.Errorf("npm's cache is %s, which is not below %s", folder, c.root)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("npm's cache is still there: %v", err)
	}
}

func TestAzuriteInstallEndsWithItsContext(t *testing.T) {
	c := testCache(t)
	t.Setenv("PATH", program(t, "npm", "exec /bin/sleep 60\n"))
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := c.bundle(ctx, "node"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want the context's end, which is no lack of the store", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestChildEnvironmentHoldsNothingOfOurs(t *testing.T) {
	t.Setenv("BUCKETPROOF_ADDRESS", "canary")
	t.Setenv("AZURITE_DB", "canary")
	t.Setenv("NODE_OPTIONS", "canary")
	if got := strings.Join(childEnvironment(), "\n"); strings.Contains(got, "canary") {
		t.Error("a child of ours gets a variable it has no use for")
	}
	if got := strings.Join(npmEnvironment(), "\n"); strings.Contains(got, "BUCKETPROOF_") {
		t.Error("npm gets a variable of Bucketproof's")
	}
}
