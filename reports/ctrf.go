package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// The Common Test Report Format (ctrf.io, schema of 2025). It knows no error: what is undecided is failed there, with its
// own outcome as the raw status.
type ctrfReport struct {
	ReportFormat string      `json:"reportFormat"`
	SpecVersion  string      `json:"specVersion"`
	Timestamp    string      `json:"timestamp,omitempty"`
	GeneratedBy  string      `json:"generatedBy,omitempty"`
	Results      ctrfResults `json:"results"`
	Extra        ctrfExtra   `json:"extra"`
}

type ctrfExtra struct {
	Verdict   Verdict  `json:"verdict"`
	Why       []string `json:"why"`
	Edition   string   `json:"edition"`
	Catalogue string   `json:"catalogue,omitempty"`
	Profile   string   `json:"profile"`
	Subject   string   `json:"subject"`
	Run       string   `json:"run"`
	Todo      []string `json:"todo,omitempty"` // what to do first, as the report says it
	Waivers   []Waiver `json:"waivers,omitempty"`
}

type ctrfResults struct {
	Tool    ctrfTool    `json:"tool"`
	Summary ctrfSummary `json:"summary"`
	Tests   []ctrfTest  `json:"tests"`
}

type ctrfTool struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type ctrfSummary struct {
	Tests   int   `json:"tests"`
	Passed  int   `json:"passed"`
	Failed  int   `json:"failed"`
	Skipped int   `json:"skipped"`
	Pending int   `json:"pending"`
	Other   int   `json:"other"`
	Start   int64 `json:"start"` // milliseconds since 1970
	Stop    int64 `json:"stop"`
}

type ctrfTest struct {
	Name      string   `json:"name"`
	Status    string   `json:"status"`
	Duration  int64    `json:"duration"` // milliseconds
	Suite     []string `json:"suite,omitempty"`
	Message   string   `json:"message,omitempty"`
	Trace     string   `json:"trace,omitempty"`
	RawStatus string   `json:"rawStatus,omitempty"`
	Tags      []string `json:"tags,omitempty"`
}

// WriteCTRF writes a result in the Common Test Report Format. What is broken and what is undecided is failed, what JUnit
// calls skipped is skipped, a broken recommendation is "other". Like JUnit, it has a test "verdict" where the run isn't
// certified for a reason that no requirement shows.
func WriteCTRF(w io.Writer, r *Result) error {
	r = r.evidenced()
	name, version, _ := strings.Cut(r.Run.Program, "/")
	if blank(name) {
		name = "bucketproof"
	}
	c := ctrfReport{ReportFormat: "CTRF", SpecVersion: "0.0.0", GeneratedBy: r.Run.Program,
		Extra: ctrfExtra{Verdict: r.Verdict, Why: append([]string{}, r.Why...), Edition: r.Edition, Catalogue: r.Catalogue,
			Profile: r.Profile, Subject: r.Subject.Address, Run: r.Run.ID, Todo: firstThings(r), Waivers: r.Waivers},
		Results: ctrfResults{Tool: ctrfTool{name, version}, Tests: []ctrfTest{}}}
	s := &c.Results.Summary
	if !r.Run.Finished.IsZero() {
		c.Timestamp = r.Run.Finished.UTC().Format(time.RFC3339)
		s.Start, s.Stop = r.Run.Started.UnixMilli(), r.Run.Finished.UnixMilli()
	}
	for i, line := range c.Extra.Todo {
		c.Extra.Todo[i] = cut(line, longestMessage)
	}
	stands, things := r.standings(), todoBy(r)
	for _, q := range r.Requirements {
		c.Results.add(ctrfOf(r, q, stands(q), things[q.ID]))
	}
	for _, q := range lacking(r) {
		t := ctrfTest{Name: q.ID, Status: "failed", Message: missingLine, RawStatus: "missing", Tags: []string{q.Level}}
		if q.Level == Should {
			t.Status = "other"
		}
		c.Results.add(t)
	}
	if s.Failed == 0 && r.Verdict != Certified {
		c.Results.add(ctrfTest{Name: "verdict", Status: "failed", Message: strings.Join(append([]string{string(r.Verdict)}, r.Why...), ": "), RawStatus: string(r.Verdict)})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // a JSON file, never part of a page
	if err := e.Encode(c); err != nil {
		return fmt.Errorf("writing CTRF: %w", err)
	}
	return nil
}

func (c *ctrfResults) add(t ctrfTest) {
	c.Tests = append(c.Tests, t)
	c.Summary.Tests++
	switch t.Status {
	case "passed":
		c.Summary.Passed++
	case "failed":
		c.Summary.Failed++
	case "skipped":
		c.Summary.Skipped++
	default:
		c.Summary.Other++
	}
}

func ctrfOf(r *Result, q Requirement, stands standing, thing string) ctrfTest {
	t := ctrfTest{Name: strings.TrimSpace(q.ID + " " + q.Title), Status: "failed", Duration: max(q.Milliseconds, 0),
		Suite: []string{"bucketproof", r.Profile, family(q.ID)}, RawStatus: string(q.Outcome), Tags: []string{q.Level}}
	if t.Name == "" {
		t.Name = "(no ID)"
	}
	switch stands {
	case standsMet:
		t.Status = "passed"
		return t
	case standsAside, standsOpen:
		t.Status = "skipped"
	case standsWarned:
		t.Status = "other"
	}
	t.Message, t.Trace = cut(message(r, q, stands), longestMessage), cut(junitStory(r, q, thing), longestStory)
	return t
}
