//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reports"
)

// What stands in the place of a file may be anything: none of it may hold the program up, take its memory, or end it with a
// stack trace.
func TestWhatIsNoFileIsRefusedByEveryReader(t *testing.T) {
	e := newEvidence(t)
	sound := e.put(t, "certificate.json", e.cert)
	pipe, loop := filepath.Join(e.dir, "pipe"), filepath.Join(e.dir, "loop")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	deep := e.put(t, "deep", []byte(strings.Repeat("[", 8<<20)))
	long := filepath.Join(e.dir, "long")
	if err := os.WriteFile(long, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(long, 300<<20); err != nil {
		t.Fatal(err)
	}
	for name, reads := range map[string]func(file string) called{
		"verify CERTIFICATE": func(file string) called { return call(t, "", "verify", file, "--key", e.ours+".pub") },
		"verify --key":       func(file string) called { return call(t, "", "verify", sound, "--key", file) },
		"verify --result": func(file string) called {
			return call(t, "", "verify", sound, "--key", e.ours+".pub", "--result", file)
		},
		"compare":               func(file string) called { return call(t, "", "compare", filepath.Join(e.dir, "older.json"), file) },
		"certify --waivers":     func(file string) called { return certifyWith(t, "--waivers", file) },
		"certify --baseline":    func(file string) called { return certifyWith(t, "--baseline", file) },
		"certify --only-failed": func(file string) called { return certifyWith(t, "--only-failed", file) },
		"certify --sign-key":    func(file string) called { return certifyWith(t, "--sign-key", file) },
	} {
		for _, file := range []string{pipe, loop, e.dir, "/dev/null", "/dev/zero", long, deep} {
			t.Run(name+"/"+filepath.Base(file), func(t *testing.T) {
				got := reads(file)
				if got.code == exitOK || strings.Contains(got.err, "goroutine") || len(got.out+got.err) > 1000 || len(got.out+got.err) == 0 {
					t.Errorf("exit code %d\n%.2000s%.2000s", got.code, got.out, got.err)
				}
			})
		}
	}
}

// certifyWith calls certify with a flag whose file is refused before anything is sent.
func certifyWith(t *testing.T, flag, file string) called {
	t.Helper()
	return call(t, "", "certify", "s3://acme-wandb", flag, file, "--out", filepath.Join(t.TempDir(), "report"))
}

// A key from <(command) is a pipe whose writer may take its time.
func TestAKeyMayComeThroughAPipe(t *testing.T) {
	e := newEvidence(t)
	pipe := filepath.Join(e.dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(20 * time.Millisecond) // the reader is there first
		_, _ = w.WriteString(readText(t, e.ours+".pub"))
		_ = w.Close()
	}()
	if got := call(t, "", "verify", e.put(t, "certificate.json", e.cert), "--key", pipe); got.code != exitOK {
		t.Errorf("exit code %d\n%s%s", got.code, got.out, got.err)
	}
}

func TestAKeyThatOthersCanReadIsNamed(t *testing.T) {
	e := newEvidence(t)
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true} {
		if err := os.Chmod(e.ours, mode); err != nil {
			t.Fatal(err)
		}
		got := delivered(t, &delivery{out: filepath.Join(t.TempDir(), "report"), signKeyFile: e.ours}, passedRun(t, time.Now().UTC()))
		if got.code != exitOK || strings.Contains(got.err, "others on this machine can read the key") != want {
			t.Errorf("mode %o: exit code %d\n%s", mode, got.code, got.err)
		}
	}
}

// Evidence of an earlier run is removed: not through a link that somebody put into a shared folder.
func TestALinkInAReportFolderLeadsNowhere(t *testing.T) {
	for _, link := range []string{"evidence", "gcp", "gcp/evidence"} {
		out, elsewhere := filepath.Join(t.TempDir(), "report"), t.TempDir()
		theirs := filepath.Join(elsewhere, "theirs.har")
		if err := os.WriteFile(theirs, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := reports.WriteDir(out, passedRun(t, time.Now().UTC()).Result); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(out, link)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(elsewhere, filepath.Join(out, link)); err != nil {
			t.Fatal(err)
		}
		got := delivered(t, &delivery{out: out}, passedRun(t, time.Now().UTC()))
		answers(t, got, answer{exitUsage, "a link to elsewhere in it, \"" + link})
		if _, err := os.Stat(theirs); err != nil {
			t.Errorf("%s: what lies behind the link is gone: %v", link, err)
		}
	}
}

// A pipe of a report's name is nobody's report, and isn't waited for.
func TestAPipeInTheFolderIsNotRead(t *testing.T) {
	out := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(out, reports.ResultFile), 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- claim(out, func(string) {}) }()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "holds files that no run of bucketproof wrote") {
			t.Errorf("got %v, want that the folder is refused", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the pipe is waited for")
	}
}
