package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// narrow fails for every line that is wider than 80 columns, but for a single word, which stays whole to be copied.
func narrow(t *testing.T, what, s string) {
	t.Helper()
	for _, l := range strings.Split(s, "\n") {
		if n := utf8.RuneCountInString(strings.ReplaceAll(l, "\t", "        ")); n > columns && strings.Contains(strings.TrimSpace(l), " ") {
			t.Errorf("%s: %d columns: %q", what, n, l)
		}
	}
}

func TestEveryHelpFitsEightyColumns(t *testing.T) {
	count := 0
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		got := call(t, "", append(path, "--help")...)
		if got.code != exitOK || got.out == "" || got.err != "" {
			t.Errorf("%v --help: exit code %d, stderr %q", path, got.code, got.err)
		}
		narrow(t, strings.Join(path, " ")+" --help", got.out)
		count++
		for _, sub := range c.Commands() {
			walk(sub, append(append([]string{}, path...), sub.Name()))
		}
	}
	walk(newRoot(streams{in: strings.NewReader(""), out: &bytes.Buffer{}, err: &bytes.Buffer{}}), nil)
	if count < 14 {
		t.Errorf("%d commands were walked: some are missing", count)
	}
}

func TestPlansAndHintsFitEightyColumns(t *testing.T) {
	for _, args := range [][]string{
		{"certify", "--plan", "s3://my-bucket/team"}, {"certify", "--plan", "gs://my-bucket"}, {"certify", "--plan", "az://account/container"},
		{"certify"}, {"frobnicate"}, {"explain", "foo"}, {"explain", "net-001"}, {"explain", "sign-001"}, {"address", "s3://b_"}, {"address", "s3://my-bucket"},
		{"certify", "s3://AKIDEXAMPLE:wJalrXUtnFEMIK7MDENGbPxRfiCY@s3.us-east-1.amazonaws.com/bucket"},
		{"certify", "--endpoint", "ftp://x", "s3://my-bucket"}, {"certify", "--embedded", "--profile", "nothing"}, {"list", "--contradictions"}, {"list", "--editions"},
		{"certify", "--only", "BYOB-ISO-001", "s3://my-bucket"}, {"selftest", "--fault", "nothing"}, {"list", "--profiles"},
	} {
		got := call(t, "", args...)
		if got.out+got.err == "" {
			t.Errorf("%v prints nothing", args)
		}
		narrow(t, strings.Join(args, " "), got.out+got.err)
	}
}

// What another program reads is whole, however long.
func TestAListInAPipeIsWhole(t *testing.T) {
	got := call(t, "", "list")
	if strings.Contains(got.out, "…") || !strings.Contains(got.out, "Transfers are no slower than the baseline (on request)\n") {
		t.Errorf("titles are cut:\n%s", got.out)
	}
}

// The list of what has no spec yet says so where it is empty: there is no list then, and no gap.
func TestNothingIsPending(t *testing.T) {
	got := call(t, "", "list", "--pending")
	if !strings.Contains(got.out, "0 requirements") || strings.Contains(got.out, "BYOB-") {
		t.Errorf("got %q, want an empty list", got.out)
	}
}

// The reader's first commands work as they are written: make builds bin/bucketproof, and puts nothing on the PATH.
func TestTheReadmesCommandsAreCopyable(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	inside, seen := false, 0
	for _, l := range strings.Split(string(readme), "\n") {
		if strings.HasPrefix(l, "```") {
			inside = !inside
			continue
		}
		seen += strings.Count(l, "bin/bucketproof ")
		if !inside && !strings.Contains(l, "`bucketproof ") {
			continue
		}
		if rest := strings.ReplaceAll(l, "bin/bucketproof ", ""); strings.Contains(rest, "bucketproof ") {
			t.Errorf("not copyable: %q", l)
		}
	}
	if seen < 5 {
		t.Errorf("%d commands were seen", seen)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(string(makefile), "\n") {
		if _, said, ok := strings.Cut(l, `echo "`); ok {
			said, _, _ = strings.Cut(said, `"`)
			narrow(t, "Makefile", said)
		}
	}
}

func TestHowTheProgramWasCalled(t *testing.T) {
	for said, want := range map[string]string{
		"bin/bucketproof": "bin/bucketproof", "/usr/local/bin/bucketproof": "/usr/local/bin/bucketproof", "bucketproof": "bucketproof",
		"": "bucketproof", "/tmp/go-build12/b001/exe/bucketproof": "bucketproof", "./a b": "'./a b'", "x\x1b[2J": "bucketproof", "./it's": `'./it'\''s'`,
	} {
		if got := quoted(calledAs([]string{said})); got != want {
			t.Errorf("%q: got %s, want %s", said, got, want)
		}
	}
	if got := calledAs(nil); got != "bucketproof" {
		t.Errorf("no arguments at all: got %q", got)
	}
}
