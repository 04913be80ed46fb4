package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// make reproducible would show nothing of a release if it built by other flags.
func TestTheMakefileBuildsAsAReleaseDoes(t *testing.T) {
	root, err := home()
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Builds []struct {
			Main                string
			Env, Flags, Ldflags []string
		}
	}
	if err := yaml.Unmarshal(read(t, filepath.Join(root, ".goreleaser.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Builds) != 1 || len(c.Builds[0].Ldflags) != 1 {
		t.Fatalf("got builds %+v, want one with one line for the linker", c.Builds)
	}
	b := c.Builds[0]
	want := strings.Join(b.Env, " ") + " $(GO) build " + strings.Join(b.Flags, " ") +
		` -ldflags "` + strings.ReplaceAll(b.Ldflags[0], "{{ .Version }}", "$(VERSION)") + `"`
	makefile := string(read(t, filepath.Join(root, "Makefile")))
	if !strings.Contains(makefile, "\nRELEASE_BUILD = "+want+"\n") {
		t.Errorf("the Makefile's RELEASE_BUILD isn't %s", want)
	}
	if n := strings.Count(makefile, "$(RELEASE_BUILD) -o ../"); n != 2 || strings.Count(makefile, b.Main) < 3 {
		t.Errorf("the Makefile builds so %d times, want twice, of %s", n, b.Main)
	}
}

func TestMakeListsItsTargetsWithin80Columns(t *testing.T) {
	root, err := home()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "-C", root)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("no make here: %v", err)
	}
	targets := regexp.MustCompile(`(?m)^[a-z-]+:.*## `).FindAllString(string(read(t, filepath.Join(root, "Makefile"))), -1)
	if got := strings.Count(string(out), "\n"); got != len(targets) || got < 10 {
		t.Errorf("make lists %d targets, want %d", got, len(targets))
	}
	for line := range strings.Lines(string(out)) {
		if n := len(strings.TrimSpace(line)); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
