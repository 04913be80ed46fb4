package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

// A baseline of another bucket shows before anything is sent, and before an earlier report is taken out of its folder.
func TestABaselineOfAnotherBucketIsRefusedBeforeTheRun(t *testing.T) {
	e := newEvidence(t)
	for name, change := range map[string]func(r *reports.Result){
		"another bucket":   func(r *reports.Result) { r.Subject.Canonical = "s3://acme-other" },
		"another sub-path": func(r *reports.Result) { r.Subject.Canonical += "/team" },
		"another profile":  func(r *reports.Result) { r.Profile = "gcp" },
		"a connector":      func(r *reports.Result) { r.Subject.Kind = "connector" },
	} {
		r := *e.older
		change(&r)
		out := filepath.Join(t.TempDir(), "report")
		if err := reports.WriteDir(out, e.newer); err != nil {
			t.Fatal(err)
		}
		got := call(t, "", "certify", "s3://acme-wandb", "--baseline", e.put(t, "baseline.json", asResult(t, &r)), "--out", out)
		t.Run(name, func(t *testing.T) {
			answers(t, got, answer{exitUsage, "--baseline: it is of *hint: name a result of this"})
		})
		if !exists(t, out, reports.ResultFile) {
			t.Errorf("%s: the earlier report is gone", name)
		}
	}
}

// What was red in a report that lies where the next one goes must be read before that one is taken away.
func TestOnlyFailedReadsTheReportItReplaces(t *testing.T) {
	for _, command := range [][]string{
		{"review", "--provider", "aws", "--deployment", "dedicated", "--bucket", "b-1"},
		{"conform", "--driver", "http://127.0.0.1:1"},
	} {
		out := filepath.Join(t.TempDir(), "report")
		if err := reports.WriteDir(out, newEvidence(t).newer); err != nil {
			t.Fatal(err)
		}
		policy := filepath.Join(t.TempDir(), "policy.json")
		if err := os.WriteFile(policy, []byte(`{"Version": "2012-10-17", "Statement": []}`), 0o600); err != nil {
			t.Fatal(err)
		}
		args := append(command, "--only-failed", filepath.Join(out, reports.ResultFile), "--out", out)
		if command[0] == "review" {
			args = append(args, "--policy", policy)
		}
		got := call(t, "", args...)
		if got.code == exitOK || strings.Contains(got.err, "no such file") {
			t.Errorf("%s: exit code %d\n%s%s", command[0], got.code, got.out, got.err)
		}
	}
}

// A mistake in how a run is called costs nobody the report that lies where the next one goes.
func TestAMistakeLeavesTheEarlierReport(t *testing.T) {
	for name, args := range map[string][]string{
		"a requirement that isn't there":        {"certify", "s3://acme-wandb", "--only", "BYOB-XFER-5"},
		"a requirement that is on request only": {"certify", "s3://acme-wandb", "--only", "BYOB-RATE-001"},
		"a profile of another provider":         {"certify", "s3://acme-wandb", "--profile", "gcp"},
		"red lines that this run doesn't check": {"certify", "s3://acme-wandb", "--only", "BYOB-CORS-010"},
		"on embedded stores":                    {"certify", "--embedded", "--provider", "s3-compatible", "--only", "BYOB-XFER-5"},
		"of a connector":                        {"conform", "--only", "BYOB-XFER-5"},
	} {
		out := filepath.Join(t.TempDir(), "report")
		if err := reports.WriteDir(out, newEvidence(t).newer); err != nil {
			t.Fatal(err)
		}
		got := call(t, "", append(args, "--out", out)...)
		if got.code != exitUsage {
			t.Errorf("%s: got exit code %d, want %d\n%s%s", name, got.code, exitUsage, got.out, got.err)
		}
		if !exists(t, out, reports.ResultFile) || !exists(t, out, "report.html") {
			t.Errorf("%s: the earlier report is gone", name)
		}
	}
}

// Other programs write a result.json and HAR files, too.
func TestAnotherProgramsFilesAreLeftAlone(t *testing.T) {
	for _, file := range []string{reports.ResultFile, "aws/result.json", "evidence/site.har", "certificate.json"} {
		out := t.TempDir()
		name := filepath.Join(out, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		const theirs = `{"log": {"creator": {"name": "another"}}}`
		if err := os.WriteFile(name, []byte(theirs), 0o600); err != nil {
			t.Fatal(err)
		}
		got := call(t, "", "certify", "s3://acme-wandb", "--out", out)
		if got.code != exitUsage || !strings.Contains(strings.Join(strings.Fields(got.err), " "), "holds files that no run of bucketproof wrote") {
			t.Errorf("%s: got exit code %d, %q", file, got.code, got.err)
		}
		if text, err := os.ReadFile(name); err != nil || string(text) != theirs {
			t.Errorf("%s: it is gone, or another one: %q, %v", file, text, err)
		}
	}
}

// An address whose scheme was forgotten is pasted where a name was meant, and has its keys in it all the same.
func TestAnAddressWithoutItsSchemeShowsNoKey(t *testing.T) {
	const key = "s3cr3ts3cr3ts3cr3t"
	const pasted = "AKIAEXAMPLE:" + key + "@minio.example.com:9000/bucket"
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{pasted}, {"certify", pasted}, {"certify", "--address-file", pasted}, {"certify", "--provider", pasted}, {"explain", pasted}, {"address", pasted},
		{"keygen", "--out", pasted}, {"certify", "s3://acme-wandb", "--out", pasted}, {"certify", "s3://acme-wandb", "--out", "s3://" + pasted}, {"stores", "up", "--dir", pasted, "--nothing"},
	} {
		got := call(t, "", args...)
		if got.code == exitOK || strings.Contains(got.out+got.err, key) {
			t.Errorf("%s: got exit code %d\n%s%s", args[0], got.code, got.out, got.err)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 0 {
		t.Errorf("got %v, %v, want nothing of that name", left, err)
	}
}

func TestAFoldersNameIsNoAddress(t *testing.T) {
	for name, want := range map[string]bool{
		"report": false, "/srv/reports/2026-11": false, `C:\Users\j@acme\report`: false, "D:/reports/j@acme": false, "me@home/report": false,
		"AK:secretsecret@h:9000/b": true, "s3://AK:secretsecret@h/b": true, ":key@account/container": true, "az://account/container": true,
	} {
		if got := holdsKeys(name); got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}
