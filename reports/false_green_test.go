package reports_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/joshdk/go-junit"
)

// The false greens that other conformance suites had, as far as they lie in verdict and reports. Those of the harness and
// the command line are tested beside them.
func TestFalseGreens(t *testing.T) {
	all := func(o reports.Outcome, reason string) func(*reports.Result) {
		return func(r *reports.Result) {
			for i := range r.Requirements {
				r.Requirements[i].Outcome, r.Requirements[i].Reason = o, reason
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*reports.Result)
		want   reports.Verdict
	}{
		{"mimirtool: a wrapped nil error ends validation in success: a pass that saw nothing", func(r *reports.Result) { r.Requirements[0].Observations = nil }, reports.Undecided},
		{"OCI v1: nothing enabled, everything skipped", all(reports.NotRun, "nothing is enabled"), reports.Incomplete},
		{"OCI v2: one pass hides the skips", func(r *reports.Result) {
			all(reports.NotRun, "skipped")(r)
			r.Requirements[0].Outcome = reports.Passed
		}, reports.Incomplete},
		{"h2spec: no test matches", func(r *reports.Result) { r.Requirements = nil }, reports.Incomplete},
		{"csi-sanity: a capability that isn't declared is skipped", all(reports.Unsupported, "not declared"), reports.Incomplete},
		{"gateway-api: nothing has passed", all(reports.NotApplicable, "no profile selects it"), reports.Undecided},
		{"gateway-api: nothing has passed, and nothing was seen", func(r *reports.Result) {
			all(reports.NotApplicable, "no profile selects it")(r)
			for i := range r.Requirements {
				r.Requirements[i].Observations = nil
			}
		}, reports.Undecided},
		{"gateway-api: a test outside the selected profile is not reported", func(r *reports.Result) { r.Requirements = r.Requirements[1:] }, reports.Incomplete},
		{"quic-interop: what fails everywhere is called unsupported", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Unsupported }, reports.Incomplete},
		{"versitygw: a failed teardown counts nowhere", func(r *reports.Result) { r.Safety.CleanUp = "incomplete: 403" }, reports.Undecided},
		{"versitygw: a test that is not registered never runs", func(r *reports.Result) { r.Requirements[0].Outcome = reports.NotRun }, reports.Undecided},
		{"mint: FAIL in the log, and yet done", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Failed }, reports.NotCertified},
		{"s3-tests: left out by a marker", func(r *reports.Result) {
			r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.NotRun, "left out by --only"
		}, reports.Incomplete},
		{"sonobuoy: no result passes", func(r *reports.Result) { r.Requirements, r.Required = nil, nil }, reports.Undecided},
		{"sonobuoy: an error is ignored", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Errored }, reports.Undecided},
		{"sonobuoy: an unknown outcome is not passed on", func(r *reports.Result) { r.Requirements[0].Outcome = "unknown" }, reports.Undecided},
		{"OGC teamengine: all core tests skipped, and core passed", func(r *reports.Result) {
			all(reports.NotRun, "a precondition failed")(r)
			last := &r.Requirements[len(r.Requirements)-1]
			last.Outcome, last.Level = reports.Passed, "SHOULD"
		}, reports.Incomplete},
		{"ginkgo: a spec returns before it expects anything", func(r *reports.Result) {
			r.Requirements[0].Observations = []reports.Observation{{What: ""}}
		}, reports.Undecided},
		{"a waiver nobody renewed", func(r *reports.Result) {
			r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.Waived, "lost and never found"
			r.Waivers = []reports.Waiver{{ID: r.Requirements[0].ID, Reason: "agreed", Owner: "J. Doe", Issue: "https://issues.example.com/1", Expires: "2026-11-21", Message: "lost and never found"}}
		}, reports.NotCertified},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := certified()
			c.change(r)
			r.Conclude(r.Required)
			if r.Verdict != c.want {
				t.Fatalf("verdict %q, want %q: %q", r.Verdict, c.want, r.Why)
			}
			wantCode := map[reports.Verdict]int{reports.Certified: 0, reports.NotCertified: 1, reports.Undecided: 3, reports.Incomplete: 4}[c.want]
			if got := reports.ExitCode(r.Verdict); got != wantCode { // kube-bench: exit code 0 with failures
				t.Errorf("exit code %d, want %d", got, wantCode)
			}
			red := c.want != reports.Certified
			suites, _ := parsed(t, r)
			if totals := suites[0].Totals; (totals.Failed+totals.Error > 0) != red { // OCI v2: no <failure> in the report
				t.Errorf("JUnit: %+v for a run that is %s", totals, r.Verdict)
			}
			if failed := ctrfOf(t, r).Results.Summary["failed"]; (failed > 0) != red {
				t.Errorf("CTRF: %d failed for a run that is %s", failed, r.Verdict)
			}
			for name, text := range everyFormat(t, r) {
				if green := strings.Contains(strings.ToLower(text), "bucketproof: certified") || strings.HasPrefix(text, "CERTIFIED"); green && red {
					t.Errorf("%s calls it certified", name)
				}
			}
		})
	}
}

// OCI v2: the report can't be written, and the run ends well.
func TestFalseGreenAReportThatCannotBeWritten(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"result.json": certified().WriteJSON,
		"junit.xml":   func(w io.Writer) error { return reports.WriteJUnit(w, certified()) },
		"ctrf.json":   func(w io.Writer) error { return reports.WriteCTRF(w, certified()) },
		"summary.md":  func(w io.Writer) error { return reports.WriteMarkdown(w, certified()) },
		"report.html": func(w io.Writer) error { return reports.WriteHTML(w, certified()) },
		"text":        func(w io.Writer) error { return reports.WriteText(w, certified(), reports.TextOptions{}) },
		"annotations": func(w io.Writer) error { return reports.WriteGitHub(w, certified()) },
	} {
		if err := write(full{}); !errors.Is(err, errFull) {
			t.Errorf("%s on a full disk: got %v", name, err)
		}
	}
}

var errFull = errors.New("no space left on device")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// A JUnit file in which something was changed afterwards shows it, or isn't read: its counts are there twice.
func TestMutatedJUnitShows(t *testing.T) {
	var b bytes.Buffer
	if err := reports.WriteJUnit(&b, whole()); err != nil {
		t.Fatal(err)
	}
	consistent := func(doc string) bool {
		var root struct {
			Suites []struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
				Errors   int `xml:"errors,attr"`
				Skipped  int `xml:"skipped,attr"`
			} `xml:"testsuite"`
		}
		suites, err := junit.Ingest([]byte(doc))
		if err != nil || xml.Unmarshal([]byte(doc), &root) != nil || len(root.Suites) != 1 {
			return false
		}
		said, counted := root.Suites[0], suites[0].Totals
		return said.Tests == counted.Tests && said.Failures == counted.Failed && said.Errors == counted.Error && said.Skipped == counted.Skipped
	}
	doc := b.String()
	if !consistent(doc) {
		t.Fatal("the sound one is not consistent")
	}
	first := doc[strings.Index(doc, "<testcase"):]
	first = first[:strings.Index(first, "</testcase>")+len("</testcase>")]
	failure := doc[strings.Index(doc, "<failure"):]
	failure = failure[:strings.Index(failure, "</failure>")+len("</failure>")]
	for name, mutated := range map[string]string{
		"one missing":    strings.Replace(doc, first, "", 1),
		"one duplicated": strings.Replace(doc, first, first+first, 1),
		"one mended":     strings.Replace(doc, failure, "", 1),
		"one failed":     strings.Replace(doc, first, strings.Replace(first, "></testcase>", `><failure type="failed" message="x"></failure></testcase>`, 1), 1),
		"cut short":      doc[:len(doc)/2],
		"nothing at all": "",
	} {
		if mutated == doc {
			t.Errorf("%s: nothing was changed", name)
		}
		if consistent(mutated) {
			t.Errorf("%s: nobody would notice", name)
		}
	}
}
