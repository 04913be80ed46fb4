package reports_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/google/go-cmp/cmp"
)

// of makes a result of one line, concluded.
func of(level string, outcome reports.Outcome, reason string) *reports.Result {
	r := certified()
	r.Requirements = r.Requirements[:1]
	q := &r.Requirements[0]
	q.Level, q.Outcome, q.Reason = level, outcome, reason
	other := good("BYOB-XFER-099")
	r.Requirements = append(r.Requirements, other)
	r.Conclude([]reports.Required{{ID: q.ID, Level: level}, {ID: other.ID, Level: "MUST"}})
	return r
}

// later makes another run of a result.
func later(r *reports.Result) *reports.Result {
	r.Run.ID, r.Run.Started, r.Run.Finished = "20261123-093012-0000", r.Run.Started.Add(24*time.Hour), r.Run.Finished.Add(24*time.Hour)
	return r
}

// lists counts a comparison's lists by name.
func lists(c *reports.Comparison) map[string]int {
	n := map[string]int{"newly failing": len(c.NewlyFailing), "newly errored": len(c.NewlyErrored), "no longer run": len(c.NoLongerRun),
		"newly passing": len(c.NewlyPassing), "changed message": len(c.ChangedMessage), "changed outcome": len(c.ChangedOutcome), "unchanged": c.Unchanged}
	for k, v := range n {
		if v == 0 {
			delete(n, k)
		}
	}
	return n
}

func TestCompareFilesEveryPairOfOutcomes(t *testing.T) {
	all := []reports.Outcome{reports.Passed, reports.Failed, reports.Errored, reports.NotApplicable, reports.Unsupported, reports.Unverified, reports.Waived, reports.NotRun}
	decided := map[reports.Outcome]bool{reports.Passed: true, reports.Failed: true, reports.NotApplicable: true, reports.Waived: true}
	for _, level := range []string{"MUST", "SHOULD"} {
		for _, was := range all {
			for _, is := range all {
				want, code := "changed outcome", 0
				switch {
				case was == is:
					want = "unchanged"
				case is == reports.Failed:
					want, code = "newly failing", 1
				case is == reports.Passed:
					want = "newly passing"
				case is == reports.Errored:
					want, code = "newly errored", 3
				case decided[was] && !decided[is]:
					want, code = "no longer run", 4
				}
				if level == "SHOULD" {
					code = 0
				}
				before, after := of(level, was, "because"), later(of(level, is, "because"))
				if now := reports.ExitCode(after.Verdict); now != reports.ExitCode(before.Verdict) && reports.Gravest(now, reports.ExitCode(before.Verdict)) == now {
					code = reports.Gravest(code, now) // such as a line that is waived by nothing
				}
				c, err := reports.Compare(before, after, false)
				if err != nil {
					t.Fatalf("%s %s to %s: %v", level, was, is, err)
				}
				wanted := map[string]int{"unchanged": 1}
				wanted[want]++
				if diff := cmp.Diff(wanted, lists(c)); diff != "" || c.ExitCode() != code {
					t.Errorf("%s, %s to %s: exit code %d, want %d; lists (-want +got):\n%s", level, was, is, c.ExitCode(), code, diff)
				}
			}
		}
	}
}

func TestCompareNamesWhatDiffers(t *testing.T) {
	before, after := of("MUST", reports.Failed, "PUT below 20261122-093012-7f3a/ got 403"), of("MUST", reports.Failed, "PUT below 20261123-093012-0000/ got 403")
	after.Run.ID, after.Run.Finished = "20261123-093012-0000", after.Run.Finished.Add(24*time.Hour)
	c, err := reports.Compare(before, after, false)
	if err != nil || len(c.ChangedMessage) != 0 || len(c.Differs) != 0 {
		t.Errorf("the run's own ID changed the message: %+v, %v", c, err)
	}
	after.Requirements[0].Reason = "PUT below 20261123-093012-0000/ got 404"
	digest := strings.Repeat("ab", 32)
	after.Edition, after.Catalogue, after.Run.Program, after.Run.Filter = "2026-01", digest, "bucketproof/2", "BYOB-NET-001"
	after.Required[0].Level, after.Requirements[0].Level = "SHOULD", "SHOULD"
	after.Conclude(after.Required)
	c, err = reports.Compare(before, after, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.ChangedMessage) != 1 || c.ChangedMessage[0].Level != "MUST" || c.ExitCode() != 4 {
		t.Errorf("got %+v with exit code %d", c, c.ExitCode())
	}
	want := []string{"edition: 2025-09, now 2026-01", "catalogue: none recorded, now " + digest, "program: bucketproof v1.0.0 (3f2a9c1), now bucketproof/2", "limited to: none recorded, now BYOB-NET-001"}
	if diff := cmp.Diff(want, c.Differs); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"BYOB-NET-001"}, c.NoLongerMust); diff != "" {
		t.Errorf("no longer MUST (-want +got):\n%s", diff)
	}
	for name, text := range comparisonFormats(t, c) {
		for _, want := range []string{"2026-01", "BYOB-NET-001", "got 403", "got 404", "bucketproof/2"} {
			if !strings.Contains(strings.NewReplacer("&#47;", "/", "&#58;", ":").Replace(text), want) {
				t.Errorf("%s doesn't say %q:\n%s", name, want, text)
			}
		}
	}
	if c, err = reports.Compare(after, before, false); err != nil || !strings.Contains(strings.Join(c.Differs, "\n"), "is the older one") {
		t.Errorf("the wrong way round: got %+v, %v", c, err)
	}
}

func comparisonFormats(t *testing.T, c *reports.Comparison) map[string]string {
	t.Helper()
	var text, md, js bytes.Buffer
	if err := errors.Join(c.WriteText(&text, reports.TextOptions{}), c.WriteMarkdown(&md), c.WriteJSON(&js)); err != nil {
		t.Fatal(err)
	}
	var read reports.Comparison
	if err := json.Unmarshal(js.Bytes(), &read); err != nil || strings.Contains(js.String(), "null") || read.Kind != "Comparison" || read.APIVersion != "bucketproof/v1" {
		t.Errorf("JSON: %v\n%s", err, js.String())
	}
	for _, l := range strings.Split(text.String(), "\n") {
		if len(l) > 80 && strings.Contains(strings.TrimSpace(l), " ") {
			t.Errorf("wider than 80 columns: %q", l)
		}
	}
	return map[string]string{"text": text.String(), "Markdown": md.String(), "JSON": js.String()}
}

func TestCompareNamesWhatCameAndWent(t *testing.T) {
	before, after := of("MUST", reports.Passed, ""), later(of("MUST", reports.Passed, ""))
	for i, r := range []*reports.Result{before, after} {
		q := good("BYOB-XFER-101")
		if i == 1 {
			q = reports.Requirement{ID: "BYOB-XFER-102", Level: "MUST", Outcome: reports.Failed, Reason: "lost"}
		}
		r.Requirements = append(r.Requirements, q)
		r.Conclude(append(r.Required, reports.Required{ID: q.ID, Level: "MUST"}))
	}
	c, err := reports.Compare(before, after, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"newly failing": 1, "no longer run": 1, "unchanged": 2}, lists(c)); diff != "" || c.ExitCode() != 1 {
		t.Errorf("exit code %d; lists (-want +got):\n%s", c.ExitCode(), diff)
	}
	if c.NoLongerRun[0].ID != "BYOB-XFER-101" || c.NoLongerRun[0].NewOutcome != "" || c.NewlyFailing[0].OldOutcome != "" {
		t.Errorf("got %+v", c)
	}
	if c, err = reports.Compare(after, before, false); err != nil || c.ExitCode() != 4 {
		t.Errorf("a failure that is no longer looked at: exit code %d, %v, want 4", c.ExitCode(), err)
	}
}

func TestCompareRefusesWhatSaysNothing(t *testing.T) {
	sound := certified()
	for name, change := range map[string]func(*reports.Result){
		"another profile": func(r *reports.Result) { r.Profile = "gcp" },
		"another subject": func(r *reports.Result) { r.Subject.Address = "s3://other" },
		"another kind":    func(r *reports.Result) { r.Subject.Kind = "connector" },
	} {
		r := later(certified())
		change(r)
		if _, err := reports.Compare(sound, r, false); !errors.Is(err, reports.ErrNotComparable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	r := later(certified())
	r.Subject.Address = "s3://other"
	if c, err := reports.Compare(sound, r, true); err != nil || len(c.Differs) != 1 {
		t.Errorf("any subject: got %+v, %v", c, err)
	}
	for name, f := range map[string]func() (*reports.Comparison, error){
		"nothing before": func() (*reports.Comparison, error) { return reports.Compare(nil, sound, true) },
		"nothing after":  func() (*reports.Comparison, error) { return reports.Compare(sound, nil, true) },
		"the same run":   func() (*reports.Comparison, error) { return reports.Compare(sound, certified(), true) },
		"empty":          func() (*reports.Comparison, error) { return reports.Compare(sound, &reports.Result{}, true) },
	} {
		if c, err := f(); !errors.Is(err, reports.ErrNotComparable) || c != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestComparisonsTakeNoMarkupFromOutside(t *testing.T) {
	for _, h := range hostile {
		before, after := of("MUST", reports.Failed, "because"), later(of("MUST", reports.Failed, h+" now"))
		after.Requirements[0].Title, after.Run.Program = h, h
		c, err := reports.Compare(before, after, false)
		if err != nil {
			t.Fatal(err)
		}
		texts := comparisonFormats(t, c)
		markdown := strings.ReplaceAll(texts["Markdown"], "<!-- -->", "") // ours: it takes apart what a host would link
		if strings.ContainsAny(texts["text"], "\x1b\x00\u202e") || strings.ContainsAny(markdown, "<>\x1b\x00\u202e") {
			t.Errorf("%q went through:\n%s\n%s", h, texts["text"], texts["Markdown"])
		}
	}
}

// What no line shows may make a run worse all the same: the clean-up, the bucket's configuration, a waiver that isn't needed any more.
func TestFalseGreenAWorseVerdictWithoutAWorseLine(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(before, after *reports.Result)
		code   int
		says   string
	}{
		{"the clean-up fails", func(_, after *reports.Result) { after.Safety.CleanUp = "incomplete: 403" }, 3, "clean-up is incomplete: 403"},
		{"the bucket's configuration is changed", func(_, after *reports.Result) { after.Safety.ConfigurationUnchanged = "no" }, 1, "changed the bucket's configuration"},
		{"a waiver stays for what passes again", func(before, after *reports.Result) {
			w := []reports.Waiver{{ID: before.Requirements[0].ID, Reason: "agreed", Owner: "J. Doe", Issue: "https://issues.example.com/1", Expires: "2027-01-01", Message: "lost and never found"}}
			before.Requirements[0].Outcome, before.Requirements[0].Reason = reports.Failed, "lost and never found"
			before.Waive(w)
			after.Waive(w)
		}, 1, "waiver is not needed"},
		{"a new MUST isn't run", func(_, after *reports.Result) {
			after.Requirements = append(after.Requirements, reports.Requirement{ID: "BYOB-XFER-100", Level: "MUST", Outcome: reports.NotRun, Reason: "left out"})
			after.Required = append(after.Required, reports.Required{ID: "BYOB-XFER-100", Level: "MUST"})
		}, 4, "was not run"},
	} {
		before, after := certified(), later(certified())
		c.change(before, after)
		after.Conclude(after.Required)
		if before.Verdict != reports.Certified {
			t.Fatalf("%s: the older run is %s", c.name, before.Verdict)
		}
		x, err := reports.Compare(before, after, false)
		if err != nil || x.ExitCode() != c.code {
			t.Fatalf("%s: exit code %d, want %d; %v", c.name, x.ExitCode(), c.code, err)
		}
		for format, text := range comparisonFormats(t, x) {
			if flat := strings.Join(strings.Fields(strings.NewReplacer("&#58;", ":", "&#39;", "'").Replace(text)), " "); !strings.Contains(flat, c.says) {
				t.Errorf("%s: %s doesn't say %q:\n%s", c.name, format, c.says, text)
			}
		}
		if x, err = reports.Compare(after, before, false); err != nil || len(x.WorseVerdict) != 0 {
			t.Errorf("%s, the other way round: got %q, %v", c.name, x.WorseVerdict, err)
		}
	}
}

// What the older run had as well is not why the newer one's verdict is graver.
func TestCompareNamesOnlyWhatIsNewInAWorseVerdict(t *testing.T) {
	warned := func(r *reports.Result) *reports.Result {
		for i := range r.Requirements {
			if r.Requirements[i].Level == "SHOULD" {
				r.Requirements[i].Outcome, r.Requirements[i].Reason = reports.Failed, "wanted, and not there"
			}
		}
		r.Conclude(r.Required)
		return r
	}
	before, after := warned(certified()), warned(later(certified()))
	if before.Verdict != reports.Certified || !strings.Contains(strings.Join(before.Why, " "), "SHOULD") {
		t.Fatalf("the older run is %s, %q; want a certified one with a recommendation that isn't met", before.Verdict, before.Why)
	}
	after.Safety.CleanUp = "incomplete: 403"
	after.Conclude(after.Required)
	x, err := reports.Compare(before, after, false)
	if err != nil || len(x.WorseVerdict) != 1 || !strings.Contains(x.WorseVerdict[0], "clean-up") {
		t.Errorf("got %q, %v; want the clean-up alone", x.WorseVerdict, err)
	}
}
