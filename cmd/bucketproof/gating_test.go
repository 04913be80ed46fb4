package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/joshdk/go-junit"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/reports/certificate"
)

// recipe is one of the gates in docs/gating: its jobs in the order they run, each a list of shell commands.
type recipe struct {
	name                     string
	env                      map[string]string
	suites, certify, release []string
}

// githubStep and githubJob are all that the recipe for GitHub Actions may say: a key that is not here is refused.
type githubStep struct {
	Name, Uses, Shell, Run, If string
	Env, With                  map[string]string
}

type githubJob struct {
	Needs   string       `yaml:"needs"`
	RunsOn  string       `yaml:"runs-on"`
	Timeout int          `yaml:"timeout-minutes"`
	Steps   []githubStep `yaml:"steps"`
}

type gitlabJob struct {
	Stage  string
	Script []string
	Rules  []struct {
		If string `yaml:"if"`
	}
	Artifacts struct {
		When    string
		Paths   []string
		Reports map[string]string
	}
}

func readRecipe(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs/gating", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// recipes reads both, and refuses what would let a failed job release.
func recipes(t *testing.T) []recipe {
	t.Helper()
	var gh struct {
		Name        string
		On          map[string]any
		Permissions map[string]string
		Env         map[string]string
		Jobs        map[string]githubJob
	}
	readRecipe(t, "github-actions.yml", &gh)
	run := func(job string) (commands []string) {
		for _, s := range gh.Jobs[job].Steps {
			if s.Run == "" {
				continue
			}
			if s.Shell != "bash" || s.If != "" { // shell: bash is bash -eo pipefail
				t.Errorf("step %q of GitHub's %s: shell %q, if %q", s.Name, job, s.Shell, s.If)
			}
			commands = append(commands, s.Run)
		}
		return commands
	}
	if gh.Jobs["certify"].Needs != "suites" || gh.Jobs["release"].Needs != "certify" || len(gh.Jobs) != 3 || gh.Permissions["contents"] != "read" {
		t.Errorf("GitHub's jobs don't wait for each other: %+v", gh.Jobs)
	}
	var gl struct {
		Stages                   []string
		Default, Variables       map[string]string
		Suites, Certify, Release gitlabJob
	}
	readRecipe(t, "gitlab-ci.yml", &gl)
	if got := []string{gl.Suites.Stage, gl.Certify.Stage, gl.Release.Stage}; !slices.Equal(got, gl.Stages) {
		t.Errorf("GitLab's jobs are in the stages %q, which run in the order %q", got, gl.Stages)
	}
	return []recipe{
		{"GitHub Actions", gh.Env, run("suites"), run("certify"), run("release")},
		{"GitLab CI", gl.Variables, gl.Suites.Script, gl.Certify.Script, gl.Release.Script},
	}
}

// runner runs a recipe's commands one after the other in a folder, as CI does, and ends with the first that fails. The program
// is this test's own, the compiler and make are stand-ins that say what they were asked for.
type runner struct {
	dir string
	env []string
}

func newRunner(t *testing.T, r recipe, env ...string) runner {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"bin/bucketproof": fmt.Sprintf("#!/bin/sh\nBUCKETPROOF_TEST_AS_PROGRAM=1 exec '%s' \"$@\"\n", self),
		"path/go":         "#!/bin/sh\necho \"go $*\"\n",
		"path/make":       "#!/bin/sh\necho \"RELEASED by make $*\"\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	x := runner{dir, append(os.Environ(), "PATH="+filepath.Join(dir, "path")+":"+os.Getenv("PATH"))}
	for name, value := range r.env {
		x.env = append(x.env, name+"="+value)
	}
	x.env = append(x.env, env...)
	return x
}

func (x runner) run(t *testing.T, commands []string) called {
	t.Helper()
	var out, errw bytes.Buffer
	for _, command := range commands {
		cmd := exec.CommandContext(t.Context(), "bash", "-eo", "pipefail", "-c", command)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = x.dir, x.env, &out, &errw
		_ = cmd.Run() // the exit code says how it ended
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			return called{code, out.String(), errw.String()}
		}
	}
	return called{0, out.String(), errw.String()}
}

// A whole pipeline on an embedded bucket: one that leaves something out stops where the bucket is certified, and, should
// somebody go on all the same, where the release is made; one that certifies releases.
func TestTheGatesStopAtAnIncompleteRunAndReleaseAfterACertifiedOne(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, "s3-compatible", stores.Setup{})
	key := keyPair(t)
	private, public := readText(t, key), readText(t, key+".pub")
	flags := strings.Join(flagsFor(t, h, b), " ")
	for _, r := range recipes(t) {
		pipeline := func(flags string) runner {
			return newRunner(t, r, "PROFILE=s3-compatible", "FLAGS="+flags, "BUCKETPROOF_ADDRESS="+b.Address,
				"BUCKETPROOF_SIGN_KEY="+private, "BUCKETPROOF_VERIFY_KEY="+public)
		}
		x := pipeline(flags + " --only BYOB-NET-001")
		if got := x.run(t, r.suites); got.code != 0 || got.out != "go test -count=1 ./suites/...\n" {
			t.Errorf("%s: the suites: exit code %d, %q", r.name, got.code, got.out)
		}
		got := x.run(t, r.certify)
		if got.code != exitIncomplete || !exists(t, x.dir, "report/result.json") || !exists(t, x.dir, "report/junit.xml") || exists(t, x.dir, "report/certificate.json") {
			t.Errorf("%s: certify: exit code %d, want %d with reports and without a certificate\n%s%s", r.name, got.code, exitIncomplete, got.out, got.err)
		}
		if got := x.run(t, r.release); got.code == 0 || strings.Contains(got.out, "RELEASED") {
			t.Errorf("%s: released after an incomplete run:\n%s", r.name, got.out)
		}
		whole := pipeline(flags)
		if got = whole.run(t, r.certify); got.code != exitOK {
			t.Errorf("%s: certify: exit code %d, want 0\n%s%s", r.name, got.code, got.out, got.err)
		}
		noSecrets(t, filepath.Join(whole.dir, "report"), got, append(b.Secrets, strings.Split(private, "\n")[1])...)
		if got := whole.run(t, r.release); got.code != exitOK || !strings.Contains(got.out, "RELEASED") {
			t.Errorf("%s: not released after a certified run: exit code %d\n%s%s", r.name, got.code, got.out, got.err)
		}
	}
}

// Whatever keeps a bucket from being certified ends the job that certifies, with its own exit code; the JUnit that the job shows is
// red, and should somebody go on all the same, the release is refused.
func TestTheGatesStopAtWhateverIsNotCertified(t *testing.T) {
	h := newHost(t)
	sound := provision(t, h, "s3-compatible", stores.Setup{})
	short := provision(t, h, "s3-compatible", stores.Setup{Without: []string{"s3:DeleteObject"}})
	key := keyPair(t)
	private, public := readText(t, key), readText(t, key+".pub")
	deaf := regexp.MustCompile(`@[^/]+/`).ReplaceAllString(sound.Address, "@"+hangsUp(t)+"/")
	for _, c := range []struct {
		name    string
		bucket  *stores.Bucket
		flags   string
		env     string
		code    int
		verdict reports.Verdict // "" where nothing may be reported
	}{
		{"a bucket that lacks a right", short, "", "", exitNot, reports.NotCertified},
		{"a store that hangs up", sound, "", "BUCKETPROOF_ADDRESS=" + deaf, exitErrored, reports.Undecided},
		{"a profile that nobody knows", sound, "", "PROFILE=nonsense", exitUsage, ""},
		{"a flag that nobody knows", sound, "--nonsense", "", exitUsage, ""},
		{"no address", sound, "", "BUCKETPROOF_ADDRESS=", exitUsage, ""},
		{"a signing key that is none", sound, "", "BUCKETPROOF_SIGN_KEY=nonsense", exitUsage, ""},
	} {
		flags := strings.Join(append(flagsFor(t, h, c.bucket), c.flags), " ")
		for _, r := range recipes(t) {
			t.Run(c.name+" on "+r.name, func(t *testing.T) {
				x := newRunner(t, r, "PROFILE=s3-compatible", "FLAGS="+flags+" --timeout 60s", "BUCKETPROOF_ADDRESS="+c.bucket.Address,
					"BUCKETPROOF_SIGN_KEY="+private, "BUCKETPROOF_VERIFY_KEY="+public, c.env)
				got := x.run(t, r.certify)
				if got.code != c.code || exists(t, x.dir, "report/certificate.json") {
					t.Errorf("exit code %d, want %d without a certificate\n%s%s", got.code, c.code, got.out, got.err)
				}
				if c.verdict == "" {
					if exists(t, x.dir, "report/junit.xml") {
						t.Error("a report of nothing")
					}
				} else {
					if verdict := result(t, filepath.Join(x.dir, "report")).Verdict; verdict != c.verdict {
						t.Errorf("the verdict is %q, want %q", verdict, c.verdict)
					}
					suites, err := junit.IngestFile(filepath.Join(x.dir, "report", "junit.xml"))
					if err != nil || len(suites) != 1 || suites[0].Totals.Failed+suites[0].Totals.Error == 0 {
						t.Errorf("JUnit is green: %v %+v", err, suites)
					}
				}
				if got := x.run(t, r.release); got.code == 0 || strings.Contains(got.out, "RELEASED") {
					t.Errorf("released:\n%s%s", got.out, got.err)
				}
			})
		}
	}
}

// A pipeline goes no further than a stage of it that fails: the commands are run as they stand, with a compiler that fails.
func TestTheGatesStopAtSuitesAndBuildsThatFail(t *testing.T) {
	for _, r := range recipes(t) {
		for stage, commands := range map[string][]string{"suites": r.suites, "certify": r.certify, "release": r.release} {
			if r.name == "GitHub Actions" && len(commands) == 0 {
				t.Errorf("%s has nothing to run in %s", r.name, stage)
			}
			x := newRunner(t, r, "BUCKETPROOF_ADDRESS=s3://acme-wandb")
			if err := os.WriteFile(filepath.Join(x.dir, "path", "go"), []byte("#!/bin/sh\necho \"FAIL\"\nexit 1\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			if got := x.run(t, commands); got.code != 1 || strings.Contains(got.out, "RELEASED") || exists(t, x.dir, "report") {
				t.Errorf("%s: %s: exit code %d after a compiler's 1\n%s%s", r.name, stage, got.code, got.out, got.err)
			}
		}
	}
}

// hangsUp is the address of a server that takes a connection and ends it without a word.
func hangsUp(t *testing.T) string {
	return accepts(t, func(c net.Conn) { _ = c.Close() })
}

func TestTheGatesReleaseByAFreshCertificateAlone(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	ours, theirs := keyPair(t), keyPair(t)
	whole := func(ended time.Time, days int, key string, change func(*reports.Result)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			done := passedRun(t, ended)
			change(done.Result)
			private, err := certificate.ReadPrivateKey([]byte(readText(t, key)))
			if err != nil {
				t.Fatal(err)
			}
			issued, err := certificate.Issue(t.Context(), private, done.Result, time.Duration(days)*24*time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if err := reports.WriteDir(dir, done.Result); err != nil {
				t.Fatal(err)
			}
			if err := reports.WriteFile(dir, certificate.File, issued.Certificate); err != nil {
				t.Fatal(err)
			}
		}
	}
	same := func(*reports.Result) {}
	edited := func(file, from, to string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			whole(now.Add(-time.Minute), 90, ours, same)(t, dir)
			name := filepath.Join(dir, file)
			before := readText(t, name)
			after := strings.Replace(before, from, to, 1)
			if after == before {
				t.Fatalf("%s holds no %q", file, from)
			}
			if err := os.WriteFile(name, []byte(after), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		report func(t *testing.T, dir string)
		env    string
		code   int
		says   string
	}{
		{"a fresh certificate", whole(now.Add(-time.Minute), 90, ours, same), "", 0, "RELEASED by make release"},
		{"no certificate", func(t *testing.T, dir string) { _ = os.MkdirAll(dir, 0o755) }, "", exitUsage, ""},
		{"a certificate that expired", whole(now.Add(-48*time.Hour), 1, ours, same), "", exitNot, "expired"},
		{"a certificate that is valid, of last week's run", whole(now.Add(-7*24*time.Hour), 90, ours, same), "", exitNot, "expired"},
		{"a certificate from tomorrow", whole(now.Add(24*time.Hour), 90, ours, same), "", exitNot, "expired"},
		{"another bucket's certificate", whole(now.Add(-time.Minute), 90, ours, func(r *reports.Result) { r.Subject.Canonical = "s3://acme-other" }), "", exitNot, "foreign"},
		{"the certificate of the bucket without its sub-path", whole(now.Add(-time.Minute), 90, ours, same), "BUCKETPROOF_ADDRESS=s3://acme-wandb/team", exitNot, "foreign"},
		{"a certificate by another key", whole(now.Add(-time.Minute), 90, theirs, same), "", exitNot, "foreign"},
		{"a certificate of another profile", whole(now.Add(-time.Minute), 90, ours, same), "PROFILE=gcp", exitNot, ""},
		{"an edited result beside the certificate", edited("result.json", `"seed": 7`, `"seed": 8`), "", exitNot, "edited"},
		{"an edited certificate", edited("certificate.json", `"payload": "ey`, `"payload": "eY`), "", exitNot, "edited"},
		{"no address", whole(now.Add(-time.Minute), 90, ours, same), "BUCKETPROOF_ADDRESS=", exitUsage, ""},
		{"no key", whole(now.Add(-time.Minute), 90, ours, same), "BUCKETPROOF_VERIFY_KEY=", exitUsage, ""},
	} {
		for _, r := range recipes(t) {
			t.Run(c.name+" on "+r.name, func(t *testing.T) {
				t.Parallel()
				x := newRunner(t, r, "BUCKETPROOF_ADDRESS=s3://acme-wandb", "BUCKETPROOF_VERIFY_KEY="+readText(t, ours+".pub"), c.env)
				c.report(t, filepath.Join(x.dir, "report"))
				got := x.run(t, r.release)
				if got.code != c.code || !strings.Contains(strings.ToLower(got.out), strings.ToLower(c.says)) || (c.code != 0) == strings.Contains(got.out, "RELEASED") {
					t.Errorf("exit code %d, want %d with %q\n%s%s", got.code, c.code, c.says, got.out, got.err)
				}
			})
		}
	}
}

func readText(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
