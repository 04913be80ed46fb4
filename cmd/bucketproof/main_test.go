package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
)

// asProgram makes the test binary the program itself, so that a test can kill it.
const asProgram = "BUCKETPROOF_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv(asProgram)
		main()
		return
	}
	testscript.Main(withAzurite{m}, map[string]func(){"bucketproof": main})
}

// azurite is the Host on which all tests have their Azure buckets, for Azurite takes seconds to start. It starts no gateway, of
// which a process has one at a time.
var azurite struct {
	once sync.Once
	host *stores.Host
	err  error
}

// withAzurite ends it after the last test.
type withAzurite struct{ m *testing.M }

func (w withAzurite) Run() int {
	code := w.m.Run()
	if azurite.host != nil {
		if err := azurite.host.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "end Azurite:", err)
			code = 1
		}
	}
	return code
}

// hostOf is the Host for a provider's bucket: the test's own, but Azure's.
func hostOf(t *testing.T, own *stores.Host, provider string) *stores.Host {
	t.Helper()
	if provider != stores.Azure {
		return own
	}
	azurite.once.Do(func() { azurite.host, azurite.err = stores.NewHost(context.Background(), stores.HostOptions{}) })
	if azurite.err != nil {
		t.Fatalf("start the stores: %v", azurite.err)
	}
	return azurite.host
}

// TestScripts runs the scripts in testdata/script, each a story of one command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true})
}

// called is what a call of the program came to.
type called struct {
	code     int
	out, err string
}

// call runs the program in this process.
func call(t *testing.T, in string, args ...string) called {
	t.Helper()
	var out, errw bytes.Buffer
	code := execute(t.Context(), streams{in: strings.NewReader(in), out: &out, err: &errw}, args)
	return called{code, out.String(), errw.String()}
}

// keys are those of all Hosts that the tests start.
var keys stores.KeyRing

// newHost starts stores that end with the test.
func newHost(t *testing.T) *stores.Host {
	t.Helper()
	h, err := stores.NewHost(context.Background(), stores.HostOptions{Dir: t.TempDir(), Keys: &keys})
	if err != nil {
		t.Fatalf("start the stores: %v", err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("end the stores: %v", err)
		}
	})
	return h
}

func provision(t *testing.T, h *stores.Host, provider string, s stores.Setup) *stores.Bucket {
	t.Helper()
	b, err := h.Provision(t.Context(), provider, s)
	if err != nil {
		t.Skipf("%s can't be had here: %v", provider, err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// flagsFor are the flags by which the program reaches an embedded bucket, with its CA in a file.
func flagsFor(t *testing.T, h *stores.Host, b *stores.Bucket) []string {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, h.CACertificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--ca-file", ca}
	for name, to := range b.Network.Hosts {
		flags = append(flags, "--endpoint", name+"="+to)
	}
	return flags
}

// result reads a report folder's result.
func result(t *testing.T, dir string) *reports.Result {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatalf("no result: %v", err)
	}
	defer func() { _ = f.Close() }()
	r, err := reports.ReadJSON(f)
	if err != nil {
		t.Fatalf("the result can't be read: %v", err)
	}
	return r
}

func line(t *testing.T, r *reports.Result, id string) reports.Requirement {
	t.Helper()
	for _, q := range r.Requirements {
		if q.ID == id {
			return q
		}
	}
	t.Fatalf("the result has no line %s", id)
	return reports.Requirement{}
}

func TestJSONOnStandardOutputIsTheResult(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, "s3-compatible", stores.Setup{})
	dir := t.TempDir()
	got := call(t, b.Address, append([]string{"certify", "-", "--json", "--quiet", "--out", dir}, flagsFor(t, h, b)...)...)
	if got.code != exitOK {
		t.Fatalf("exit code: got %d, want %d; stderr:\n%s", got.code, exitOK, got.err)
	}
	r, err := reports.ReadJSON(strings.NewReader(got.out))
	if err != nil {
		t.Fatalf("standard output is no result: %v", err)
	}
	if r.Verdict != reports.Certified || got.err != "" {
		t.Errorf("got verdict %q and stderr %q, want certified and nothing", r.Verdict, got.err)
	}
	tags := 0
	for _, q := range r.Requirements {
		for _, o := range q.Observations {
			if strings.Contains(o.What, "ETag") {
				tags++
			}
			if strings.Contains(o.Actual, `\"`) {
				t.Errorf("%s: %s: %s is quoted twice", q.ID, o.What, o.Actual)
			}
		}
	}
	if tags == 0 {
		t.Error("no observation is about an ETag")
	}
	var onDisk, printed any
	disk, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if json.Unmarshal(disk, &onDisk) != nil || json.Unmarshal([]byte(got.out), &printed) != nil || string(disk) != got.out {
		t.Error("what was printed is not what was written")
	}
}
