package reports_test

import (
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/google/go-cmp/cmp"
)

func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if !info.IsDir() {
			names = append(names, filepath.ToSlash(rel))
		}
		switch mode := info.Mode().Perm(); {
		case info.IsDir() && mode&^0o755 != 0, !info.IsDir() && mode != 0o644:
			t.Errorf("%s: mode %v", rel, mode)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(names)
	return names
}

func TestWriteDirReplacesItsOwnAndNothingElse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "the", "way")
	if err := reports.WriteDir(dir, sample()); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"evidence/BYOB-CORS-003.har": "{}", "notes.txt": "mine"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := reports.WriteDir(dir, certified()); err != nil {
		t.Fatal(err)
	}
	want := []string{"ctrf.json", "evidence/BYOB-CORS-003.har", "junit.xml", "notes.txt", "report.html", "result.json", "summary.md"}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	f, err := os.Open(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if r, err := reports.ReadJSON(f); err != nil || r.Verdict != reports.Certified {
		t.Errorf("read back: %v, %v", r, err)
	}
}

func TestWriteDirDoesNotFollowALink(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(outside, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "result.json")); err != nil {
		t.Skipf("no links here: %v", err)
	}
	if err := reports.WriteDir(dir, certified()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(outside); err != nil || string(got) != "precious" {
		t.Errorf("what the link pointed at: %q, %v", got, err)
	}
}

func TestWriteDirSaysWhatWentWrongAndLeavesNothingHalf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := reports.WriteDir(file, certified()); err == nil {
		t.Error("a file taken for a directory: no error")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "report.html"), 0o755); err != nil { // can't be replaced by a file
		t.Fatal(err)
	}
	if err := reports.WriteDir(dir, certified()); err == nil || !strings.Contains(err.Error(), "report.html") {
		t.Errorf("got error %v, want one that names report.html", err)
	}
	for _, name := range tree(t, dir) {
		if strings.HasSuffix(name, ".tmp") {
			t.Errorf("%s is left", name)
		}
	}
	if err := reports.WriteDir(dir, nil); err == nil {
		t.Error("no result: no error")
	}
	bettered := sample()
	bettered.Verdict = reports.Certified
	empty := t.TempDir()
	for name, err := range map[string]error{"one": reports.WriteDir(empty, bettered), "several": reports.WriteAll(empty, []*reports.Result{certified(), bettered})} {
		if err == nil || !strings.Contains(err.Error(), "can't stand") || len(tree(t, empty)) != 0 {
			t.Errorf("%s with an edited verdict: got error %v and files %v", name, err, tree(t, empty))
		}
	}
}

func TestWriteAllMakesAFolderForEachSubject(t *testing.T) {
	dir, gcp := t.TempDir(), certified()
	gcp.Profile = "gcp"
	if err := reports.WriteAll(dir, []*reports.Result{sample(), gcp, certified()}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"aws-remote/ctrf.json", "aws-remote/junit.xml", "aws-remote/report.html", "aws-remote/result.json", "aws-remote/summary.md",
		"aws/ctrf.json", "aws/junit.xml", "aws/report.html", "aws/result.json", "aws/summary.md",
		"coverage.json", "gcp/ctrf.json", "gcp/junit.xml", "gcp/report.html", "gcp/result.json", "gcp/summary.md", "index.html", "junit.xml",
	}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, profile := range []string{"", "..", "a/b", "AWS", ".hidden"} {
		bad := certified()
		bad.Profile = profile
		empty := t.TempDir()
		if err := reports.WriteAll(empty, []*reports.Result{certified(), bad}); err == nil || len(tree(t, empty)) != 0 {
			t.Errorf("the profile %q named a folder", profile)
		}
	}
}
