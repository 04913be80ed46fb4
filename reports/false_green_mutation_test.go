package reports_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

// writer is a report that people or programs take a verdict from, with how they tell a green one.
type writer struct {
	name  string
	write func(io.Writer, *reports.Result) error
	green func(t *testing.T, report string) bool
}

// The reports that are rendered from a result. Each is judged as its reader does: by another's parser where there is one.
var writers = []writer{
	{"junit.xml", func(w io.Writer, r *reports.Result) error { return reports.WriteJUnit(w, r) }, func(t *testing.T, report string) bool {
		passed, red := 0, 0
		for _, s := range ingested(t, report) {
			passed, red = passed+s.Totals.Passed, red+s.Totals.Failed+s.Totals.Error
		}
		return passed > 0 && red == 0
	}},
	{"ctrf.json", reports.WriteCTRF, func(t *testing.T, report string) bool {
		s := readCTRF(t, []byte(report)).Results.Summary
		return s["passed"] > 0 && s["failed"] == 0
	}},
	{"summary.md", func(w io.Writer, r *reports.Result) error { return reports.WriteMarkdown(w, r) }, func(t *testing.T, report string) bool {
		return strings.Contains(report, "## Bucketproof: certified")
	}},
	{"annotations", func(w io.Writer, r *reports.Result) error { return reports.WriteGitHub(w, r) }, func(t *testing.T, report string) bool {
		return !strings.Contains(report, "::error ")
	}},
	{"text", func(w io.Writer, r *reports.Result) error { return reports.WriteText(w, r, reports.TextOptions{}) }, func(t *testing.T, report string) bool {
		return strings.HasPrefix(report, "CERTIFIED")
	}},
	{"report.html", reports.WriteHTML, func(t *testing.T, report string) bool {
		return strings.Contains(report, "<h1>Certified</h1>") || strings.Contains(report, "<title>Certified")
	}},
	{"index.html", func(w io.Writer, r *reports.Result) error {
		return reports.WriteIndex(w, []reports.IndexEntry{{Folder: "aws", Result: r}})
	}, func(t *testing.T, report string) bool {
		return strings.Contains(report, "<h1>Certified</h1>") || strings.Contains(report, "<title>Certified") || strings.Contains(report, "tile s-passed")
	}},
}

// mutations are what may be done to a certified result, and what a report then has to say.
var mutations = []struct {
	name   string
	change func(*reports.Result)
	says   string
}{
	{"one requirement missing", func(r *reports.Result) { r.Requirements = r.Requirements[1:] }, "BYOB-NET-001"},
	{"one failed", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Failed }, "BYOB-NET-001"},
	{"one errored", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Errored }, "BYOB-NET-001"},
	{"one not run", func(r *reports.Result) {
		r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.NotRun, "left out"
	}, "BYOB-NET-001"},
	{"one added", func(r *reports.Result) {
		q := r.Requirements[0]
		q.ID = "BYOB-NET-999"
		r.Requirements = append(r.Requirements, q)
	}, "BYOB-NET-999"},
	{"one duplicated", func(r *reports.Result) { r.Requirements = append(r.Requirements, r.Requirements[0]) }, "BYOB-NET-001"},
	{"one outcome unknown", func(r *reports.Result) { r.Requirements[0].Outcome = "fine" }, "BYOB-NET-001"},
	{"one outcome empty", func(r *reports.Result) { r.Requirements[0].Outcome = "" }, "BYOB-NET-001"},
	{"one ID empty", func(r *reports.Result) { r.Requirements[0].ID = "" }, "BYOB-NET-001"},
	{"one level unknown", func(r *reports.Result) { r.Requirements[0].Level = "MAY" }, "BYOB-NET-001"},
	{"one level lowered", func(r *reports.Result) { r.Requirements[0].Level = reports.Should }, "BYOB-NET-001"},
	{"one pass without observation", func(r *reports.Result) { r.Requirements[0].Observations = nil }, "BYOB-NET-001"},
	{"one waived by nothing", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Waived }, "BYOB-NET-001"},
	{"one required twice", func(r *reports.Result) { r.Required = append(r.Required, r.Required[0]) }, "BYOB-NET-001"},
	{"the required list gone", func(r *reports.Result) { r.Required = nil }, ""},
	{"no lines at all", func(r *reports.Result) { r.Requirements = nil }, "BYOB-NET-001"},
	{"nothing at all", func(r *reports.Result) { *r = reports.Result{APIVersion: reports.APIVersion, Kind: reports.Kind} }, ""},
	{"an object left behind", func(r *reports.Result) { r.Safety.CleanUp = "incomplete: 1 object" }, "clean-up"},
	{"a changed configuration", func(r *reports.Result) { r.Safety.ConfigurationUnchanged = "no" }, "configuration"},
}

// forgeries are what whoever changes a result may do to what is computed of it.
var forgeries = []struct {
	name string
	hide func(*reports.Result)
}{
	{"as it is", func(*reports.Result) {}},
	{"counts mended", func(r *reports.Result) { r.Count() }},
	{"concluded again", func(r *reports.Result) { r.Conclude(r.Required) }},
	{"concluded again, verdict edited", func(r *reports.Result) {
		why := r.Why
		r.Conclude(r.Required)
		r.Verdict, r.Why = reports.Certified, why
	}},
}

// A result that was changed after it was certified is refused by what writes it down, and shown red by every report, with what
// is wrong. It makes no difference whether counts, sentences and verdict were mended with it.
func TestMutatedEvidenceIsNeverAGreenReport(t *testing.T) {
	for _, x := range writers { // the control: green is what a certified run looks like
		if report := rendered(t, x, certified()); !x.green(t, report) {
			t.Fatalf("%s: a certified run isn't green:\n%s", x.name, report)
		}
	}
	if err := reports.WriteDir(t.TempDir(), certified()); err != nil {
		t.Fatalf("a certified run is refused: %v", err)
	}
	for _, m := range mutations {
		for _, f := range forgeries {
			t.Run(m.name+", "+f.name, func(t *testing.T) {
				t.Parallel()
				r := certified()
				m.change(r)
				f.hide(r)
				redEverywhere(t, r, m.says)
			})
		}
	}
}

// A verdict that doesn't follow is shown for what it is: a better one, a worse one, none, and one that nobody knows.
func TestAnEditedVerdictIsNeverAGreenReport(t *testing.T) {
	for _, c := range []struct {
		name    string
		of      *reports.Result
		verdict reports.Verdict
	}{
		{"not certified made certified", sample(), reports.Certified},
		{"certified made incomplete", certified(), reports.Incomplete},
		{"certified made not certified", certified(), reports.NotCertified},
		{"certified made unknown", certified(), "fine"},
		{"certified made nothing", certified(), ""},
		{"nothing made certified", &reports.Result{}, reports.Certified},
		{"no result", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.of != nil {
				c.of.Verdict = c.verdict
			}
			redEverywhere(t, c.of, "")
			if err := reports.WriteDir(t.TempDir(), c.of); err == nil {
				t.Error("WriteDir takes it")
			}
		})
	}
}

// An older edition, or another catalogue, is what a run may have been held to: no report can know better, but each says
// which, so that whoever asked for another one sees it. It is for verify to refuse them (reports/certificate).
func TestEveryReportForMachinesNamesEditionAndCatalogue(t *testing.T) {
	for _, x := range writers[:4] {
		sound := certified()
		sound.Catalogue = strings.Repeat("a", 64)
		for name, change := range map[string]func(*reports.Result){
			"an older edition":   func(r *reports.Result) { r.Edition = "2024-01" },
			"an edited digest":   func(r *reports.Result) { r.Catalogue = strings.Repeat("b", 64) },
			"another profile":    func(r *reports.Result) { r.Profile = "documents" },
			"another bucket":     func(r *reports.Result) { r.Subject.Address = "s3://acme-other" },
			"a digest taken out": func(r *reports.Result) { r.Catalogue = "" },
		} {
			r := certified()
			r.Catalogue = sound.Catalogue
			change(r)
			if name == "another profile" && x.name == "annotations" { // whose job says what it certified
				continue
			}
			before, after := rendered(t, x, sound), rendered(t, x, r)
			for _, said := range []string{r.Edition, r.Catalogue, r.Subject.Address} {
				if !strings.Contains(after, said) {
					t.Errorf("%s: %s: doesn't say %q", x.name, name, said)
				}
			}
			if before == after {
				t.Errorf("%s: %s makes no difference", x.name, name)
			}
		}
	}
}

// redEverywhere holds a result against every report and reader.
func redEverywhere(t *testing.T, r *reports.Result, says string) {
	t.Helper()
	for _, x := range writers {
		report := rendered(t, x, r)
		if x.green(t, report) {
			t.Errorf("%s is green:\n%s", x.name, report)
		}
		if x.name != "index.html" && !strings.Contains(report, says) { // a card has room for the first thing alone
			t.Errorf("%s doesn't say %q:\n%s", x.name, says, report)
		}
	}
	if r == nil {
		return
	}
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if back, err := reports.ReadJSON(&b); err == nil && reports.ExitCode(back.Verdict) == 0 {
		t.Error("ReadJSON takes it for certified")
	}
	if err := reports.WriteDir(t.TempDir(), r); err == nil && r.Verdict == reports.Certified {
		t.Error("WriteDir takes it for certified")
	}
}

func rendered(t *testing.T, x writer, r *reports.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := x.write(&b, r); err != nil {
		if r == nil {
			return err.Error() // refused
		}
		t.Fatalf("%s: %v", x.name, err)
	}
	return b.String()
}
