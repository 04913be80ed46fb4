package reports_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/google/go-cmp/cmp"
)

// A line as the oracle knows it: the words only, none of the code under test.
type line struct {
	outcome        string
	required       bool
	level          string // in the required list and, unless lineLevel is set, in the result
	lineLevel      string
	optional       bool
	denial         bool
	seen, control  bool
	reason         bool
	missing, twice bool
	waiver         string // "", fits, differs, expired, invalid, twice
}

// oracle is the design's table, written down independently: for a required MUST, what each outcome comes to when its
// observation and reason are there, and when they aren't.
var oracle = map[string]struct{ with, without string }{
	"passed":         {"certified", "errored"},
	"failed":         {"not certified", "not certified"},
	"errored":        {"errored", "errored"},
	"not applicable": {"certified", "errored"},
	"unsupported":    {"incomplete", "incomplete"}, // not optional
	"unverified":     {"incomplete", "incomplete"},
	"waived":         {"certified", "certified"}, // what it comes to is its waiver's, below
	"not run":        {"incomplete", "errored"},
	"":               {"errored", "errored"},
	"fine":           {"errored", "errored"},
}

// waiverBears is the other half of the table: what the waiver of a line comes to, beside the line itself.
func (l line) waiverBears() string {
	if l.waiver == "" {
		if l.outcome == "waived" && !l.missing {
			return "not certified"
		}
		return "certified"
	}
	if l.waiver != "fits" && l.waiver != "differs" || l.missing {
		return "not certified"
	}
	fits := l.waiver == "fits" && l.reason
	switch l.outcome {
	case "passed", "not applicable":
		return "not certified"
	case "unsupported":
		if l.optional {
			return "not certified"
		}
		return "incomplete"
	case "waived", "failed":
		switch {
		case !fits:
			return "not certified"
		case l.outcome == "failed":
			return "errored"
		}
		return "certified"
	}
	return "incomplete"
}

// bears says what one line makes of a run, by the oracle; a list without any MUST is added by the caller.
func (l line) bears() string {
	lineLevel := l.lineLevel
	if lineLevel == "" {
		lineLevel = l.level
	}
	words := map[string]bool{"MUST": true, "SHOULD": true}
	grave := "certified"
	if l.required && !words[l.level] {
		grave = gravest(grave, "errored")
	}
	if l.missing {
		if l.required && l.level == "MUST" {
			grave = gravest(grave, "incomplete")
		}
		return grave
	}
	if l.twice || !words[lineLevel] || l.required && lineLevel != l.level {
		grave = gravest(grave, "errored")
	}
	if l.outcome == "" || l.outcome == "fine" {
		grave = gravest(grave, "errored")
	}
	if !l.required || l.level != "MUST" {
		if l.outcome == "failed" && lineLevel == "MUST" {
			return "not certified"
		}
		return grave
	}
	row, evidence := oracle[l.outcome], true
	switch l.outcome {
	case "passed":
		evidence = l.seen && (l.control || !l.denial)
	case "not applicable":
		evidence = l.seen || l.control
	case "not run":
		evidence = l.reason
	case "unsupported":
		if l.optional {
			row.with, row.without = "certified", "errored"
			evidence = l.seen || l.control
		}
	}
	if evidence {
		return gravest(grave, row.with)
	}
	return gravest(grave, row.without)
}

func gravest(a, b string) string {
	for _, v := range []string{"not certified", "errored", "incomplete"} {
		if a == v || b == v {
			return v
		}
	}
	return "certified"
}

func build(lines ...line) ([]reports.Required, *reports.Result) {
	r := &reports.Result{Safety: reports.Safety{CleanUp: "complete", ConfigurationUnchanged: "yes"}}
	r.Run.Finished = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var required []reports.Required
	for i, l := range lines {
		r.Waivers = append(r.Waivers, waiversFor(fmt.Sprintf("BYOB-TEST-%03d", i+1), l.waiver)...)
		id := fmt.Sprintf("BYOB-TEST-%03d", i+1)
		if l.required {
			required = append(required, reports.Required{ID: id, Level: l.level, Optional: l.optional, Denial: l.denial})
		}
		if l.missing {
			continue
		}
		q := reports.Requirement{ID: id, Level: l.level, Outcome: reports.Outcome(l.outcome), Optional: l.optional}
		if l.lineLevel != "" {
			q.Level = l.lineLevel
		}
		if l.seen {
			q.Observations = append(q.Observations, reports.Observation{What: "PUT of an object"})
		}
		if l.control {
			q.Observations = append(q.Observations, reports.Observation{What: "the same, signed", Control: true})
		}
		if l.reason {
			q.Reason = "left out with --only"
		}
		r.Requirements = append(r.Requirements, q)
		if l.twice {
			r.Requirements = append(r.Requirements, q)
		}
	}
	return required, r
}

func waiversFor(id, waiver string) []reports.Waiver {
	w := reports.Waiver{ID: id, Reason: "agreed", Owner: "J. Doe", Issue: "https://issues.example.com/1", Expires: "2026-11-22", Message: "left out with --only"}
	switch waiver {
	case "":
		return nil
	case "differs":
		w.Message = "left out with --plan"
	case "expired":
		w.Expires = "2026-11-21"
	case "invalid":
		w.Owner = " "
	case "twice":
		return []reports.Waiver{w, w}
	}
	return []reports.Waiver{w}
}

func expect(t *testing.T, lines ...line) {
	t.Helper()
	want := "certified"
	binding, passed := false, false
	for _, l := range lines {
		passed = passed || l.required && l.level == "MUST" && !l.missing && l.outcome == "passed"
		want = gravest(gravest(want, l.bears()), l.waiverBears())
		binding = binding || l.required && l.level == "MUST"
	}
	if !binding || want == "certified" && !passed {
		want = gravest(want, "errored")
	}
	required, r := build(lines...)
	before := fmt.Sprintf("%+v %+v", required, r)
	got, why := reports.Decide(required, r)
	if string(got) != want {
		t.Errorf("Decide(%+v): got %q (%q), want %q", lines, got, why, want)
	}
	if len(why) == 0 {
		t.Errorf("Decide(%+v): no sentence says why", lines)
	}
	if after := fmt.Sprintf("%+v %+v", required, r); after != before {
		t.Errorf("Decide(%+v) changed its arguments", lines)
	}
}

var flags = []bool{false, true}

// every calls f with each line of the table: outcomes x levels x optional x denial x required x observations x reason.
func every(levels []string, f func(line)) int {
	n := 0
	for outcome := range oracle {
		for _, level := range levels {
			for bits := 0; bits < 64; bits++ {
				bit := func(i int) bool { return bits&(1<<i) != 0 }
				f(line{outcome: outcome, level: level, required: bit(0), optional: bit(1), denial: bit(2),
					seen: bit(3), control: bit(4), reason: bit(5)})
				n++
			}
		}
	}
	return n
}

func TestDecideAgreesWithTheTableForEveryOneRequirement(t *testing.T) {
	n := every([]string{"MUST", "SHOULD", "", "MAY", "must"}, func(l line) {
		for _, lineLevel := range []string{"", "MUST", "SHOULD", "MAY"} {
			for _, twice := range flags {
				for _, absent := range flags {
					l := l
					l.lineLevel, l.twice, l.missing = lineLevel, twice, absent
					expect(t, l)
				}
			}
		}
	})
	if want := 10 * 5 * 64; n != want {
		t.Errorf("the table has %d lines, want %d", n, want)
	}
}

func TestDecideAgreesWithTheTableForEveryWaiver(t *testing.T) {
	n := 0
	every([]string{"MUST", "SHOULD", "", "MAY", "must"}, func(l line) {
		for _, waiver := range []string{"fits", "differs", "expired", "invalid", "twice"} {
			for _, absent := range flags {
				l := l
				l.waiver, l.missing = waiver, absent
				expect(t, l)
				n++
			}
		}
	})
	if want := 10 * 5 * 64 * 5 * 2; n != want {
		t.Errorf("%d lines with waivers were tried, want %d", n, want)
	}
}

func TestDecideAgreesWithTheTableForEveryTwoRequirements(t *testing.T) {
	var lines []line
	for outcome := range oracle {
		for _, level := range []string{"MUST", "SHOULD"} {
			for _, required := range flags {
				for _, optional := range flags {
					for _, seen := range flags {
						lines = append(lines, line{outcome: outcome, level: level, required: required, optional: optional, seen: seen, reason: true})
					}
				}
			}
		}
	}
	lines = append(lines, line{level: "MUST", required: true, missing: true}, line{level: "SHOULD", required: true, missing: true})
	for _, a := range lines {
		for _, b := range lines {
			expect(t, a, b)
		}
	}
}

func good(id string) reports.Requirement {
	return reports.Requirement{ID: id, Level: "MUST", Outcome: reports.Passed, Observations: []reports.Observation{{What: "seen"}}}
}

func TestDecideFailsClosed(t *testing.T) {
	must := []reports.Required{{ID: "BYOB-XFER-001", Level: "MUST"}}
	for _, c := range []struct {
		name     string
		required []reports.Required
		change   func(*reports.Result)
		want     reports.Verdict
		sentence string
	}{
		{"a sound result is certified", must, func(*reports.Result) {}, reports.Certified, "The one requirement of level MUST is met."},
		{"an empty required list proves nothing", nil, func(*reports.Result) {}, reports.Undecided, "nothing was asked"},
		{"a list of recommendations proves nothing", []reports.Required{{ID: "BYOB-XFER-001", Level: "SHOULD"}},
			func(r *reports.Result) { r.Requirements[0].Level = "SHOULD" }, reports.Undecided, "none of level MUST"},
		{"a required line without ID is undecided", append([]reports.Required{{Level: "MUST"}}, must...), func(*reports.Result) {}, reports.Undecided, "no ID"},
		{"a required line of an unknown level is undecided", append([]reports.Required{{ID: "BYOB-XFER-009", Level: "MAY"}}, must...), func(*reports.Result) {}, reports.Undecided, "unknown level: BYOB-XFER-009"},
		{"an ID required twice is undecided", append(must, must...), func(*reports.Result) {}, reports.Undecided, "required list repeats an ID: BYOB-XFER-001"},
		{"an ID required at both levels keeps the stricter", []reports.Required{must[0], {ID: "BYOB-XFER-001", Level: "SHOULD"}},
			func(r *reports.Result) { r.Requirements[0].Outcome = reports.Failed }, reports.NotCertified, "1 of 1 requirement of level MUST is broken"},
		{"an empty run is incomplete", must, func(r *reports.Result) { r.Requirements = nil }, reports.Incomplete, "is missing from the result: BYOB-XFER-001"},
		{"an ID with two different outcomes is undecided", must, func(r *reports.Result) {
			q := good("BYOB-XFER-001")
			q.Outcome = reports.NotApplicable
			r.Requirements = append(r.Requirements, q)
		}, reports.Undecided, "repeats an ID: BYOB-XFER-001"},
		{"a pass hides no second failure", must, func(r *reports.Result) {
			q := good("BYOB-XFER-001")
			q.Outcome = reports.Failed
			r.Requirements = append(r.Requirements, q)
		}, reports.NotCertified, "is broken: BYOB-XFER-001"},
		{"an ID outside the list twice is undecided", must, func(r *reports.Result) {
			r.Requirements = append(r.Requirements, good("BYOB-XFER-008"), good("BYOB-XFER-008"))
		}, reports.Undecided, "repeats an ID: BYOB-XFER-008"},
		{"a line without ID is undecided", must, func(r *reports.Result) { r.Requirements = append(r.Requirements, good("")) }, reports.Undecided, "has no ID"},
		{"a broken MUST outside the list decides", must, func(r *reports.Result) {
			q := good("BYOB-XFER-008")
			q.Outcome = reports.Failed
			r.Requirements = append(r.Requirements, q)
		}, reports.NotCertified, "doesn't even ask for: BYOB-XFER-008"},
		{"a blank observation is none", must, func(r *reports.Result) { r.Requirements[0].Observations[0].What = " " }, reports.Undecided, "nothing was observed"},
		{"a control alone is no observation", must, func(r *reports.Result) { r.Requirements[0].Observations[0].Control = true }, reports.Undecided, "only the positive control"},
		{"a refusal without its positive control is undecided", []reports.Required{{ID: "BYOB-XFER-001", Level: "MUST", Denial: true}},
			func(*reports.Result) {}, reports.Undecided, "everything may be refused"},
		{"the result can't call itself optional", must, func(r *reports.Result) {
			r.Requirements[0].Outcome, r.Requirements[0].Optional = reports.Unsupported, true
		}, reports.Incomplete, "doesn't make it optional"},
		{"the result can't lower a level", must, func(r *reports.Result) {
			r.Requirements[0].Outcome, r.Requirements[0].Level = reports.Failed, "SHOULD"
		}, reports.NotCertified, "another level"},
		{"a broken recommendation is a warning", must, func(r *reports.Result) {
			r.Requirements = append(r.Requirements, reports.Requirement{ID: "BYOB-CORS-006", Level: "SHOULD", Outcome: reports.Failed})
		}, reports.Certified, "1 recommendation (SHOULD) is not met, which is a warning and decides nothing: BYOB-CORS-006."},
		{"an errored recommendation decides nothing and is named", must, func(r *reports.Result) {
			r.Requirements = append(r.Requirements, reports.Requirement{ID: "BYOB-CORS-006", Level: "SHOULD", Outcome: reports.Errored})
		}, reports.Certified, "could not be decided, which decides nothing: BYOB-CORS-006."},
		{"an incomplete clean-up is undecided", must, func(r *reports.Result) { r.Safety.CleanUp = "incomplete: 2 objects: 403" }, reports.Undecided, "incomplete: 2 objects: 403"},
		{"a clean-up of which nothing is known is undecided", must, func(r *reports.Result) { r.Safety.CleanUp = "" }, reports.Undecided, "not recorded whether the run removed"},
		{"a clean-up that is nearly complete is undecided", must, func(r *reports.Result) { r.Safety.CleanUp = "completed" }, reports.Undecided, "did not remove everything"},
		{"nothing written is fine", must, func(r *reports.Result) { r.Safety = reports.Safety{CleanUp: "nothing written"} }, reports.Certified, "met"},
		{"nothing written, and yet an object, is undecided", must, func(r *reports.Result) {
			r.Safety.CleanUp, r.Safety.ObjectsWritten = "nothing written", 1
		}, reports.Undecided, "counts 1 object written"},
		{"nothing written, and yet one kept, is undecided", must, func(r *reports.Result) {
			r.Safety.CleanUp, r.Safety.Kept = "nothing written", []reports.Kept{{Key: "k", Why: "retention", Announced: true}}
		}, reports.Undecided, "1 kept"},
		{"an announced kept object is fine", must, func(r *reports.Result) {
			r.Safety.Kept = []reports.Kept{{Key: "k", Why: "retention", Announced: true}}
		}, reports.Certified, "met"},
		{"a kept object nobody was told of is undecided", must, func(r *reports.Result) {
			r.Safety.Kept = []reports.Kept{{Key: "run/k", Why: "retention"}}
		}, reports.Undecided, "not announced: run/k"},
		{"a changed configuration is not certified", must, func(r *reports.Result) { r.Safety.ConfigurationUnchanged = "no" }, reports.NotCertified, "The run changed the bucket's configuration."},
		{"an unreadable configuration is fine", must, func(r *reports.Result) { r.Safety.ConfigurationUnchanged = "not readable" }, reports.Certified, "met"},
		{"a configuration of which nothing is known is undecided", must, func(r *reports.Result) { r.Safety.ConfigurationUnchanged = "" }, reports.Undecided, "not recorded whether the bucket's configuration"},
		{"a configuration in unknown words is undecided", must, func(r *reports.Result) { r.Safety.ConfigurationUnchanged = "maybe" }, reports.Undecided, `"maybe"`},
		{"a broken MUST outweighs a bad clean-up", must, func(r *reports.Result) {
			r.Requirements[0].Outcome, r.Safety.CleanUp = reports.Failed, "incomplete: 403"
		}, reports.NotCertified, "is broken"},
		{"a waiver of what passes is not certified", must, func(r *reports.Result) {
			r.Run.Finished, r.Waivers = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), waiversFor("BYOB-XFER-001", "fits")
		}, reports.NotCertified, "1 waiver is not needed, since the requirement is met: remove it: BYOB-XFER-001"},
		{"a waiver of a run without a time has expired", must, func(r *reports.Result) {
			r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.Waived, "left out with --only"
			r.Waivers = waiversFor("BYOB-XFER-001", "fits")
		}, reports.NotCertified, "expired"},
		{"a waiver that calls itself holding is judged anew", must, func(r *reports.Result) {
			r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.Waived, "left out with --only"
			r.Run.Finished, r.Waivers = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), waiversFor("BYOB-XFER-001", "expired")
			r.Waivers[0].State = reports.Holds
		}, reports.NotCertified, "1 waiver had expired when the run ended: BYOB-XFER-001"},
		{"a waiver covers nothing that could not be decided", must, func(r *reports.Result) {
			r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.Errored, "left out with --only"
			r.Run.Finished, r.Waivers = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), waiversFor("BYOB-XFER-001", "fits")
		}, reports.Undecided, "could not be decided because of an error"},
		{"a recommendation that is waived by nothing is not certified", must, func(r *reports.Result) {
			r.Requirements = append(r.Requirements, reports.Requirement{ID: "BYOB-CORS-006", Level: "SHOULD", Outcome: reports.Waived, Reason: "agreed with everybody"})
		}, reports.NotCertified, "no waiver that holds says so"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &reports.Result{Requirements: []reports.Requirement{good("BYOB-XFER-001")},
				Safety: reports.Safety{CleanUp: "complete", ConfigurationUnchanged: "yes"}}
			c.change(r)
			got, why := reports.Decide(c.required, r)
			if got != c.want || !strings.Contains(strings.Join(why, "\n"), c.sentence) {
				t.Errorf("got %q, %q\nwant %q with %q", got, why, c.want, c.sentence)
			}
		})
	}
	if got, why := reports.Decide(must, nil); got != reports.Undecided || len(why) != 1 {
		t.Errorf("no result at all: got %q, %q", got, why)
	}
}

func TestDecideNamesCountsAndTheFirstFew(t *testing.T) {
	required, r := []reports.Required{}, &reports.Result{Safety: reports.Safety{CleanUp: "complete", ConfigurationUnchanged: "yes"}}
	r.Run.Finished, r.Waivers = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), waiversFor("BYOB-XFER-011", "fits")
	for i := 1; i <= 20; i++ {
		q := good(fmt.Sprintf("BYOB-XFER-%03d", i))
		switch {
		case i <= 8:
			q.Outcome = reports.Failed
		case i <= 10:
			q.Outcome = reports.Errored
		case i == 11:
			q.Outcome, q.Reason = reports.Waived, "left out with --only"
		}
		required = append(required, reports.Required{ID: q.ID, Level: "MUST"})
		r.Requirements = append(r.Requirements, q)
	}
	_, why := reports.Decide(required, r)
	want := []string{
		"8 of 20 requirements of level MUST are broken: BYOB-XFER-001, BYOB-XFER-002, BYOB-XFER-003, BYOB-XFER-004, BYOB-XFER-005 and 3 more.",
		"2 of 20 requirements of level MUST could not be decided because of errors: BYOB-XFER-009, BYOB-XFER-010.",
		"1 of 20 requirements of level MUST is waived: BYOB-XFER-011.",
	}
	if diff := cmp.Diff(want, why); diff != "" {
		t.Errorf("why-lines (-want +got):\n%s", diff)
	}
}

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		vs   []reports.Verdict
		want int
	}{
		{nil, 3},
		{[]reports.Verdict{reports.Certified}, 0},
		{[]reports.Verdict{reports.NotCertified}, 1},
		{[]reports.Verdict{reports.Undecided}, 3},
		{[]reports.Verdict{reports.Incomplete}, 4},
		{[]reports.Verdict{""}, 3},
		{[]reports.Verdict{"Certified"}, 3},
		{[]reports.Verdict{reports.Certified, reports.Incomplete}, 4},
		{[]reports.Verdict{reports.Incomplete, reports.Undecided, reports.Certified}, 3},
		{[]reports.Verdict{reports.Undecided, reports.NotCertified, reports.Incomplete}, 1},
		{[]reports.Verdict{"unheard of", reports.NotCertified}, 1},
		{[]reports.Verdict{"unheard of", reports.Incomplete}, 3},
	} {
		if got := reports.ExitCode(c.vs...); got != c.want {
			t.Errorf("ExitCode(%q): got %d, want %d", c.vs, got, c.want)
		}
	}
}

func TestConcludeFillsWhatFollows(t *testing.T) {
	r := &reports.Result{Requirements: []reports.Requirement{good("A"), good("B")}, Safety: reports.Safety{CleanUp: "nothing written"}}
	r.Conclude([]reports.Required{{ID: "A", Level: "MUST"}, {ID: "B", Level: "MUST"}})
	if r.Verdict != reports.Certified || r.Counts[reports.Passed] != 2 || len(r.Counts) != 8 || len(r.Required) != 2 || r.Kind != "Result" || r.APIVersion != "bucketproof/v1" {
		t.Errorf("Conclude left %+v", r)
	}
}
