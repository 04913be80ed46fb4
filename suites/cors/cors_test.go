package cors_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/browser"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestCORS(t *testing.T) { suitetest.Run(t, suites.CORS, suites.Preflight, suites.Address) }

const frontEnd = "https://wandb.example.com"

// certified runs the family over a fresh bucket, and returns its requirements.
func certified(t *testing.T, h *stores.Host, provider string, s stores.Setup, d *run.Documents) map[string]reports.Requirement {
	t.Helper()
	b, err := h.Provision(t.Context(), provider, s)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	target := suitetest.Target(b)
	target.Documents = d
	done, err := run.Certify(t.Context(), target, run.Options{Catalogue: suitetest.Catalogue(t), Families: []run.Family{suites.Preflight, suites.CORS},
		Seed: 1, Program: "bucketproof-suites/test"})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]reports.Requirement{}
	for _, l := range done.Result.Requirements {
		if strings.HasPrefix(l.ID, "BYOB-CORS-") {
			out[l.ID] = l
		}
	}
	return out
}

func expect(t *testing.T, got map[string]reports.Requirement, want map[string]reports.Outcome, otherwise reports.Outcome) {
	t.Helper()
	if len(got) < 9 {
		t.Fatalf("%d requirements of the family, want 9 at least", len(got))
	}
	for id, l := range got {
		o, ok := want[id]
		if !ok {
			o = otherwise
		}
		if l.Outcome != o {
			t.Errorf("%s: got %s (%s %s), want %s", id, l.Outcome, l.Reason, l.Actual, o)
		}
	}
}

func named(provider, origin string) stores.Setup {
	return stores.Setup{CORS: cors.Required(provider, "", origin)}
}

func TestRulesThatNameTheFrontEndAreTriedFromThere(t *testing.T) {
	h := suitetest.Host(t)
	for _, p := range []string{"s3-compatible", "gcp"} {
		got := certified(t, h, p, named(p, frontEnd), &run.Documents{FrontendOrigin: frontEnd})
		expect(t, got, nil, reports.Passed)
	}
}

// Without the front end's origin nobody can say whether rules that name origins let it in.
func TestRulesThatNameOriginsLeaveOpenWhatHangsOnTheFrontEnd(t *testing.T) {
	got := certified(t, suitetest.Host(t), "s3-compatible", named("s3-compatible", frontEnd), nil)
	open := map[string]reports.Outcome{"BYOB-CORS-004": reports.NotRun, "BYOB-CORS-007": reports.NotRun, "BYOB-CORS-008": reports.NotRun, "BYOB-CORS-009": reports.NotRun}
	expect(t, got, open, reports.Passed)
	for id := range open {
		if !strings.Contains(got[id].Reason, "--frontend-origin") {
			t.Errorf("%s is not run, and doesn't name the flag: %q", id, got[id].Reason)
		}
	}
}

// refuse answers what asks for the rules.
func refuse(status int, code string) stores.Hooks {
	return stores.Hooks{Front: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || !r.URL.Query().Has("cors") {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>m</Message></Error>"))
		})
	}}
}

// Where the bucket's rules can't be read, those that are given are judged; the bucket's own answers count all the same.
func TestRulesThatCannotBeRead(t *testing.T) {
	h := suitetest.Host(t)
	given := &run.Documents{FrontendOrigin: frontEnd, CORS: cors.Required("s3-compatible", "", frontEnd)}
	setup := func(status int, code string) stores.Setup {
		s := named("s3-compatible", frontEnd)
		s.Hooks = refuse(status, code)
		return s
	}
	one := func(o reports.Outcome) map[string]reports.Outcome {
		return map[string]reports.Outcome{"BYOB-CORS-001": o}
	}
	expect(t, certified(t, h, "s3-compatible", setup(403, "AccessDenied"), given), one(reports.Failed), reports.Passed)
	expect(t, certified(t, h, "s3-compatible", setup(501, "NotImplemented"), given), one(reports.Unverified), reports.Passed)
	expect(t, certified(t, h, "s3-compatible", setup(503, "SlowDown"), given), one(reports.Errored), reports.Passed)
	alone := certified(t, h, "s3-compatible", setup(403, "AccessDenied"), &run.Documents{FrontendOrigin: frontEnd})
	expect(t, alone, map[string]reports.Outcome{"BYOB-CORS-001": reports.Failed, "BYOB-CORS-007": reports.Passed, "BYOB-CORS-008": reports.Passed}, reports.Errored)
	if r := alone["BYOB-CORS-001"].Remedy; !strings.Contains(r, "s3:GetBucketCORS") {
		t.Errorf("the remedy names no action: %q", r)
	}
	blind := certified(t, h, "s3-compatible", setup(403, "AccessDenied"), nil)
	expect(t, blind, map[string]reports.Outcome{"BYOB-CORS-001": reports.Failed, "BYOB-CORS-007": reports.NotRun, "BYOB-CORS-008": reports.NotRun}, reports.Errored)
}

// Without a browser nobody has seen what one does.
func TestWithoutABrowserItIsNotRun(t *testing.T) {
	h := suitetest.Host(t)
	b := suitetest.Provision(t, h, "s3-compatible")
	t.Setenv("PATH", t.TempDir())
	if _, err := browser.Find(); err == nil {
		t.Skip("a browser that is not found by the path is installed")
	}
	done, err := run.Certify(t.Context(), suitetest.Target(b), run.Options{Catalogue: suitetest.Catalogue(t), Families: []run.Family{suites.Preflight, suites.CORS},
		Only: []string{"BYOB-CORS-010"}, Browser: true, Seed: 1, Program: "bucketproof-suites/test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range done.Result.Requirements {
		if l.ID == "BYOB-CORS-010" && (l.Outcome != reports.NotRun || !strings.Contains(l.Reason, "no Chromium or Chrome is installed")) {
			t.Errorf("got %s: %q", l.Outcome, l.Reason)
		}
	}
	if done.Result.Verdict == reports.Certified {
		t.Error("certified, and no browser was there")
	}
}

// The printed cure, applied, makes the bucket pass.
func TestTheRemedyMends(t *testing.T) {
	h := suitetest.Host(t)
	for _, p := range []string{"s3-compatible", "gcp"} {
		for name, change := range map[string]func(*cors.Policy, *cors.Rule){
			"no rules": func(p *cors.Policy, _ *cors.Rule) { p.Rules = nil },
			"no PUT":   func(_ *cors.Policy, r *cors.Rule) { r.Methods = []string{"GET", "HEAD"} },
			"content-type alone": func(_ *cors.Policy, r *cors.Rule) {
				r.Headers, r.Expose = []string{"Content-Type"}, []string{"Content-Type"}
			},
			"a slash at the origin": func(_ *cors.Policy, r *cors.Rule) { r.Origins = []string{frontEnd + "/"} },
		} {
			t.Run(p+", "+name, func(t *testing.T) {
				wrong := cors.Required(p, "", frontEnd)
				change(wrong, &wrong.Rules[0])
				d := &run.Documents{FrontendOrigin: frontEnd}
				failed := 0
				for id, l := range certified(t, h, p, stores.Setup{CORS: wrong}, d) {
					if l.Outcome == reports.Failed {
						failed++
						if l.Remedy == "" || strings.Contains(l.Remedy, "<origin>") {
							t.Errorf("%s: the remedy is not computed from the rules: %q", id, l.Remedy)
						}
					}
				}
				if failed == 0 {
					t.Error("nothing failed")
				}
				mended, _ := cors.Mend(wrong, cors.Need{Provider: p, FrontendOrigin: frontEnd})
				expect(t, certified(t, h, p, stores.Setup{CORS: mended}, d), nil, reports.Passed)
			})
		}
	}
}
