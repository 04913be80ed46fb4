package suitetest

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
)

// By these variables a test process learns that it is to try one place alone, and where to leave what came of it.
const (
	envPlace  = "BUCKETPROOF_SUITE_PLACE"
	envResult = "BUCKETPROOF_SUITE_RESULT"
)

// childResult is what a test process hands back.
type childResult struct {
	NotRun string // why there was no store to try
	Left   string // what was left behind in the bucket
	Result *reports.Result
}

// sideBySide tries every place in a test process of its own, all at the same time as far as -parallel allows: Ginkgo runs one
// suite at a time in a process. What they found is reported here as if it had been found here.
func sideBySide(t *testing.T, places []stores.Place, family run.Family) {
	for _, at := range places {
		t.Run(at.Name(), func(t *testing.T) {
			t.Parallel()
			root, _, _ := strings.Cut(t.Name(), "/")
			file := filepath.Join(t.TempDir(), "result.json")
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+root+"$", "-test.count=1") //nolint:gosec // this program, and a test of its own
			child.Env = append(os.Environ(), envPlace+"="+at.Name(), envResult+"="+file)
			out, err := child.CombinedOutput()
			var r childResult
			text, rerr := os.ReadFile(file)
			if err = errors.Join(err, rerr); err == nil {
				err = json.Unmarshal(text, &r)
			}
			switch {
			case err != nil:
				t.Fatalf("%v\n%s", err, out)
			case r.NotRun != "":
				open(t, "not run: "+r.NotRun)
			case r.Result == nil:
				t.Fatalf("no result came back\n%s", out)
			}
			if r.Left != "" {
				t.Error(r.Left)
			}
			settled(t, r.Result, family)
		})
	}
}

// asChild tries one place and leaves what came of it for whoever started this process.
func asChild(t *testing.T, name string, places []stores.Place, o run.Options) {
	for _, at := range places {
		if at.Name() != name {
			continue
		}
		text, err := json.Marshal(tried(t, at, o))
		if err == nil {
			err = os.WriteFile(os.Getenv(envResult), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("%s=%q is none of the places", envPlace, name)
}

func tried(t *testing.T, at stores.Place, o run.Options) (r childResult) {
	t.Helper()
	sound := stores.Sound()
	sound.On = at.On
	b, err := newHost(t, at.On).Provision(t.Context(), at.Provider, sound)
	if errors.Is(err, stores.ErrUnavailable) {
		return childResult{NotRun: err.Error()}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Errorf("remove the bucket: %v", err)
		}
	}()
	before := inventory(t, b)
	d, err := run.Certify(t.Context(), Target(b), o)
	if err != nil {
		t.Fatal(err)
	}
	r.Result = d.Result
	if !maps.Equal(before, inventory(t, b)) {
		r.Left = "the bucket was not left as it was"
	}
	return r
}
