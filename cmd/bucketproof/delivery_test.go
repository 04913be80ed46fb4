package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/reports/certificate"
)

// passedRun is a run in which all that the catalogue requires of a bucket on AWS was seen to hold.
func passedRun(t testing.TB, ended time.Time) *run.Done {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := cat.Profile(catalogue.Selection{Profile: "aws"})
	if err != nil {
		t.Fatal(err)
	}
	r := &reports.Result{Edition: catalogue.DefaultEdition, Catalogue: cat.Digest(), Profile: "aws",
		Subject: reports.Subject{Kind: run.KindBucket, Provider: "aws", Address: "s3://acme-wandb", Canonical: "s3://acme-wandb", Store: reports.Store{Name: "s3.amazonaws.com", Kind: "remote"}},
		Run:     reports.Run{ID: run.NewRunID(ended), Started: ended.Add(-time.Minute), Finished: ended, Seed: 7, Program: program()},
		Safety:  reports.Safety{CleanUp: reports.Complete, ConfigurationUnchanged: "yes"}}
	for _, q := range run.Required(entries) {
		r.Requirements = append(r.Requirements, reports.Requirement{ID: q.ID, Level: q.Level, Title: "A rule", Text: "It holds.", Outcome: reports.Passed,
			Observations: []reports.Observation{{What: "a request"}, {What: "its control", Control: true}}})
	}
	r.Conclude(run.Required(entries))
	return &run.Done{Result: r}
}

// broken is the same run, with one requirement broken.
func broken(t *testing.T, ended time.Time, reason string) *run.Done {
	t.Helper()
	d := passedRun(t, ended)
	d.Result.Requirements[0].Outcome, d.Result.Requirements[0].Reason = reports.Failed, reason
	d.Result.Conclude(d.Result.Required)
	return d
}

// delivered prepares and delivers a run as certify does.
func delivered(t *testing.T, d *delivery, done *run.Done) called {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	var out, errw bytes.Buffer
	s := streams{in: strings.NewReader(""), out: &out, err: &errw}
	p := newProgress(d.log(&errw), d.quiet)
	d.signs, d.validDays = true, 90
	err = d.prepare(cat, p)
	if err == nil {
		err = d.deliver(t.Context(), s, p, []*run.Done{done})
	}
	code := exitOK
	if e := (*exitError)(nil); errors.As(err, &e) {
		code = e.code
		if e.err != nil {
			complain(&errw, err)
		}
	} else if err != nil {
		t.Fatal(err)
	}
	return called{code, out.String(), errw.String()}
}

func keyPair(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "k.key")
	private, public, _, err := certificate.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := writeKeys(file, private, public); err != nil {
		t.Fatal(err)
	}
	return file
}

func exists(t *testing.T, dir, name string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

func TestACertifiedRunGetsACertificateThatVerifies(t *testing.T) {
	dir, key := filepath.Join(t.TempDir(), "report"), keyPair(t)
	now := time.Now().UTC().Truncate(time.Second)
	got := delivered(t, &delivery{out: dir, signKeyFile: key}, passedRun(t, now))
	if got.code != exitOK || !strings.Contains(got.err, "valid until") {
		t.Fatalf("exit code %d, stderr:\n%s", got.code, got.err)
	}
	cert := filepath.Join(dir, certificate.File)
	for _, c := range []struct {
		name string
		args []string
		in   string
		code int
		want string
	}{
		{"as it is", nil, "", exitOK, "VALID    s3://acme-wandb"},
		{"with its result", []string{"--result", filepath.Join(dir, "result.json")}, "", exitOK, "VALID"},
		{"for its bucket", []string{"--address", "s3://acme-wandb"}, "", exitOK, "VALID"},
		{"for its bucket, with keys, from standard input", []string{"--address", "-"}, "s3://AKIDEXAMPLE:wJalrXUtnFEMIK7MDENGbPxRfiCY@s3.us-east-1.amazonaws.com/acme-wandb?region=us-east-1", exitNot, "REFUSED  foreign"},
		{"for another bucket", []string{"--address", "s3://acme-other"}, "", exitNot, "REFUSED  foreign"},
		{"of another profile", []string{"--profile", "gcp"}, "", exitNot, "REFUSED  foreign"},
		{"as JSON", []string{"--json"}, "", exitOK, `"valid": true`},
	} {
		got := call(t, c.in, append([]string{"verify", cert, "--key", key + ".pub"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.out, c.want) || strings.Contains(got.out+got.err, "wJalr") {
			t.Errorf("%s: exit code %d, want %d; got\n%s%s", c.name, got.code, c.code, got.out, got.err)
		}
		if !strings.Contains(c.want, "valid") {
			narrow(t, c.name, got.out)
		}
	}
	text, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(verifyKeyEnv, string(text))
	if got := call(t, "", "verify", cert); got.code != exitOK {
		t.Errorf("with the key from the environment: exit code %d\n%s", got.code, got.err)
	}
	if got := call(t, "", "verify", cert, "--key", keyPair(t)+".pub"); got.code != exitNot || !strings.Contains(got.out, "REFUSED  foreign") {
		t.Errorf("with another key: exit code %d\n%s", got.code, got.out)
	}
	if got := call(t, "", "verify", filepath.Join(dir, certificate.SummaryFile), "--key", key+".pub"); got.code != exitNot || !strings.Contains(got.out, "verification summary") {
		t.Errorf("the summary: exit code %d\n%s", got.code, got.out)
	}
}

func TestNoCertificateStandsBesideARunThatIsNotCertified(t *testing.T) {
	dir, key := filepath.Join(t.TempDir(), "report"), keyPair(t)
	now := time.Now().UTC().Truncate(time.Second)
	if got := delivered(t, &delivery{out: dir, signKeyFile: key}, passedRun(t, now)); got.code != exitOK {
		t.Fatalf("exit code %d\n%s", got.code, got.err)
	}
	first, err := os.ReadFile(filepath.Join(dir, certificate.File))
	if err != nil {
		t.Fatal(err)
	}
	got := delivered(t, &delivery{out: dir, signKeyFile: key}, broken(t, now, "lost and never found"))
	if got.code != exitNot || exists(t, dir, certificate.File) || exists(t, dir, certificate.SummaryFile) {
		t.Errorf("exit code %d; a certificate stands there: %v", got.code, exists(t, dir, certificate.File))
	}
	if !strings.Contains(got.err, "an earlier run's certificate.json is kept as") || !strings.Contains(got.err, "no certificate: the run is not certified") {
		t.Errorf("it isn't said what became of the certificate:\n%s", got.err)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "earlier-*-certificate.json"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept: %v, %v", kept, err)
	}
	if text, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(text, first) {
		t.Errorf("the earlier certificate was changed: %v", err)
	}
	if got := delivered(t, &delivery{out: dir, signKeyFile: key}, passedRun(t, now)); got.code != exitOK || !exists(t, dir, certificate.File) || !exists(t, dir, filepath.Base(kept[0])) {
		t.Errorf("certified again: exit code %d\n%s", got.code, got.err)
	}
	if got := delivered(t, &delivery{out: dir}, passedRun(t, now)); got.code != exitOK || exists(t, dir, certificate.File) {
		t.Error("without a key an earlier run's certificate stands there as this one's")
	}
}

func TestACertificateThatWasAskedForAndCannotBeGivenIsAnError(t *testing.T) {
	done := passedRun(t, time.Now().UTC())
	done.Result.Subject.Store.Via = "127.0.0.1:9000"
	dir := filepath.Join(t.TempDir(), "report")
	got := delivered(t, &delivery{out: dir, signKeyFile: keyPair(t)}, done)
	if got.code != exitErrored || !strings.Contains(got.err, "no certificate, although") || exists(t, dir, certificate.File) {
		t.Errorf("exit code %d\n%s", got.code, got.err)
	}
}

func TestWaiversDecideWithTheRun(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), "waivers.yaml")
	for _, c := range []struct {
		name, expires, reason string
		code                  int
	}{
		{"one that holds", "2026-11-22", "lost and never found", exitOK},
		{"one that expired", "2026-11-21", "lost and never found", exitNot},
		{"one that expects something else", "2026-11-22", "found, but late", exitNot},
	} {
		text := "apiVersion: bucketproof/v1\nkind: Waivers\nwaivers:\n  - id: BYOB-NET-001\n    reason: agreed\n    owner: J. Doe\n" +
			"    issue: https://issues.example.com/1\n    expires: " + c.expires + "\n    message: lost and never *\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "report")
		got := delivered(t, &delivery{out: dir, waiversFile: file}, broken(t, now, c.reason))
		if got.code != c.code || !strings.Contains(got.out, "WAIVERS\n  BYOB-NET-001") {
			t.Errorf("%s: exit code %d, want %d\n%s%s", c.name, got.code, c.code, got.out, got.err)
		}
		if r := result(t, dir); len(r.Waivers) != 1 || r.Waivers[0].Owner != "J. Doe" {
			t.Errorf("%s: result.json has the waivers %+v", c.name, r.Waivers)
		}
	}
	dir := filepath.Join(t.TempDir(), "report")
	if got := delivered(t, &delivery{out: dir, waiversFile: file}, passedRun(t, now)); got.code != exitNot || !strings.Contains(got.out, "not needed") {
		t.Errorf("a waiver of what passes: exit code %d\n%s", got.code, got.out)
	}
}

func TestABaselineSaysWhatChangedAndCounts(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	old := filepath.Join(t.TempDir(), "old")
	if got := delivered(t, &delivery{out: old}, passedRun(t, now.Add(-time.Hour))); got.code != exitOK {
		t.Fatalf("exit code %d\n%s", got.code, got.err)
	}
	baseline := filepath.Join(old, "result.json")
	dir := filepath.Join(t.TempDir(), "new")
	got := delivered(t, &delivery{out: dir, baselineFile: baseline}, broken(t, now, "lost and never found"))
	if got.code != exitNot || !strings.Contains(got.out, "SINCE THE BASELINE") || !strings.Contains(got.out, "NEWLY FAILING\n  BYOB-NET-001") {
		t.Errorf("exit code %d\n%s%s", got.code, got.out, got.err)
	}
	var c reports.Comparison
	text, err := os.ReadFile(filepath.Join(dir, comparisonFile))
	if err != nil || json.Unmarshal(text, &c) != nil || len(c.NewlyFailing) != 1 || !exists(t, dir, comparisonMarkdown) {
		t.Errorf("comparison.json: %v, %s", err, text)
	}
	again := filepath.Join(t.TempDir(), "again")
	if got := delivered(t, &delivery{out: again, baselineFile: filepath.Join(dir, "result.json")}, broken(t, now, "lost and never found")); got.code != exitNot {
		t.Errorf("a baseline that failed the same way excuses it: exit code %d", got.code)
	}
	for _, x := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"worse", []string{baseline, filepath.Join(dir, "result.json")}, exitNot, "NEWLY FAILING"},
		{"better", []string{filepath.Join(dir, "result.json"), baseline}, exitOK, "NEWLY PASSING"},
		{"the same file twice", []string{baseline, baseline}, exitUsage, ""},
		{"worse, in Markdown", []string{baseline, filepath.Join(dir, "result.json"), "--markdown"}, exitNot, "### Newly failing"},
		{"worse, as JSON", []string{baseline, filepath.Join(dir, "result.json"), "--json"}, exitNot, `"newlyFailing": [`},
	} {
		if got := call(t, "", append([]string{"compare"}, x.args...)...); got.code != x.code || !strings.Contains(got.out, x.want) {
			t.Errorf("%s: exit code %d, want %d\n%s%s", x.name, got.code, x.code, got.out, got.err)
		}
	}
	other := passedRun(t, now)
	other.Result.Subject.Canonical = "s3://acme-other"
	if got := delivered(t, &delivery{out: filepath.Join(t.TempDir(), "other"), baselineFile: baseline}, other); got.code != exitErrored {
		t.Errorf("another bucket's baseline: exit code %d\n%s", got.code, got.err)
	}
	edited := filepath.Join(t.TempDir(), "edited.json")
	text, err = os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(edited, bytes.Replace(text, []byte(`"verdict": "not certified"`), []byte(`"verdict": "certified"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := call(t, "", "compare", edited, baseline); got.code != exitErrored || !strings.Contains(got.err, "makes it") {
		t.Errorf("an edited verdict: exit code %d\n%s", got.code, got.err)
	}
}

func TestAGitHubJobIsAnnotatedAndGivenNoOrders(t *testing.T) {
	summary := filepath.Join(t.TempDir(), "summary.md")
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	done := broken(t, time.Now().UTC(), "the server said\n::error::injected\n##[error]injected")
	got := delivered(t, &delivery{out: filepath.Join(t.TempDir(), "report"), github: true}, done)
	if got.code != exitNot {
		t.Fatalf("exit code %d\n%s", got.code, got.err)
	}
	if !strings.Contains(got.err, "\n::error title=BYOB-NET-001 ") && !strings.HasPrefix(got.err, "::error title=") {
		t.Errorf("no annotation:\n%s", got.err)
	}
	for _, l := range strings.Split(got.out+got.err, "\n") {
		if l = strings.TrimSpace(l); strings.HasPrefix(l, "::") && strings.HasPrefix(l, "::error::") || strings.HasPrefix(l, "##[") {
			t.Errorf("an order: %q", l)
		}
	}
	if text, err := os.ReadFile(summary); err != nil || !strings.HasPrefix(string(text), "## Bucketproof: not certified") {
		t.Errorf("summary: %v\n%s", err, text)
	}
	t.Setenv("GITHUB_STEP_SUMMARY", filepath.Join(t.TempDir(), "no", "such", "folder"))
	if got := delivered(t, &delivery{out: filepath.Join(t.TempDir(), "report"), github: true}, passedRun(t, time.Now().UTC())); got.code != exitErrored {
		t.Errorf("a summary that can't be written: exit code %d", got.code)
	}
}

// OCI's suite ended well when its report could not be written.
func TestFalseGreenReportsThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	d := &delivery{out: dir, validDays: 90}
	var out, errw bytes.Buffer
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := d.deliver(t.Context(), streams{out: &out, err: &errw}, newProgress(&errw, true), []*run.Done{passedRun(t, time.Now().UTC())})
	if e := (*exitError)(nil); !errors.As(err, &e) || e.code != exitErrored {
		t.Errorf("got %v, want exit code %d", err, exitErrored)
	}
	if err := d.deliver(t.Context(), streams{out: &out, err: &errw}, newProgress(&errw, true), nil); err == nil {
		t.Error("no result at all ends well")
	}
}

// BenchmarkVerifyCommand is the whole command but for starting the process.
func BenchmarkVerifyCommand(b *testing.B) {
	key := keyPair(b)
	k, err := os.ReadFile(key)
	if err != nil {
		b.Fatal(err)
	}
	private, err := certificate.ReadPrivateKey(k)
	if err != nil {
		b.Fatal(err)
	}
	issued, err := certificate.Issue(b.Context(), private, passedRun(b, time.Now().UTC()).Result, certificate.DefaultValidity)
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), certificate.File)
	if err := os.WriteFile(file, issued.Certificate, 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var out, errw bytes.Buffer
		if code := execute(b.Context(), streams{in: strings.NewReader(""), out: &out, err: &errw}, []string{"verify", file, "--key", key + ".pub"}); code != exitOK {
			b.Fatalf("exit code %d: %s%s", code, out.String(), errw.String())
		}
	}
}
