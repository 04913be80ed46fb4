package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// ComparisonKind is the kind of a comparison, after APIVersion.
const ComparisonKind = "Comparison"

// ErrNotComparable is the error of two results that say nothing about each other.
var ErrNotComparable = errors.New("the two results can't be compared")

// Comparison is what changed from an older result to a newer one.
type Comparison struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Old        Side     `json:"old"`
	New        Side     `json:"new"`
	Differs    []string `json:"differs"` // what makes the two runs different in kind: edition, catalogue, program

	NewlyFailing   []Change `json:"newlyFailing"`   // failed now, and not before
	NewlyErrored   []Change `json:"newlyErrored"`   // could not be decided now, and could before
	NoLongerRun    []Change `json:"noLongerRun"`    // decided before; now not run, unverified, unsupported or not there at all
	NewlyPassing   []Change `json:"newlyPassing"`   // passed now, and not before
	ChangedMessage []Change `json:"changedMessage"` // failed both times, for another reason
	ChangedOutcome []Change `json:"changedOutcome"` // every other change of outcome
	NoLongerMust   []string `json:"noLongerMust"`   // required at level MUST before, and at another now
	WorseVerdict   []string `json:"worseVerdict"`   // why the verdict is graver now, where it is: a clean-up or a waiver is no line
	Unchanged      int      `json:"unchanged"`
	Times          Speed    `json:"times"` // how long the checks took; like Rates it never decides
	Rates          Speed    `json:"rates"` // what the loads came to
}

// Side is one of the two runs.
type Side struct {
	Run       string    `json:"run"`
	Finished  time.Time `json:"finished"`
	Verdict   Verdict   `json:"verdict"`
	Edition   string    `json:"edition"`
	Catalogue string    `json:"catalogue,omitempty"`
	Profile   string    `json:"profile"`
	Subject   string    `json:"subject"`
	Program   string    `json:"program"`
}

// Change is one requirement on both sides. An outcome is "" where a run has no such line.
type Change struct {
	ID         string  `json:"id"`
	Level      string  `json:"level"` // the stricter of the two
	Title      string  `json:"title"`
	OldOutcome Outcome `json:"oldOutcome"`
	NewOutcome Outcome `json:"newOutcome"`
	OldReason  string  `json:"oldReason,omitempty"`
	NewReason  string  `json:"newReason,omitempty"`
}

// Compare says what changed from one result to another. Results of two profiles or two subjects are not comparable, unless
// anySubject lets the subjects differ: what failed on another bucket before is no excuse for this one. A result that
// ReadJSON would refuse is not comparable either, nor is a run with itself: whoever asks has mistaken one file for another.
func Compare(before, after *Result, anySubject bool) (*Comparison, error) {
	for _, s := range []struct {
		name string
		r    *Result
	}{{"older", before}, {"newer", after}} {
		if s.r == nil {
			return nil, fmt.Errorf("%w: there is no %s one", ErrNotComparable, s.name)
		}
		if err := errors.Join(s.r.whole(), s.r.check()); err != nil {
			return nil, fmt.Errorf("%w: the %s one can't stand: %w", ErrNotComparable, s.name, err)
		}
	}
	if before.Profile != after.Profile || before.Subject.Kind != after.Subject.Kind {
		return nil, fmt.Errorf("%w: one is of a %s by profile %q, the other of a %s by profile %q", ErrNotComparable,
			before.Subject.Kind, before.Profile, after.Subject.Kind, after.Profile)
	}
	if a, b := subjectOf(before), subjectOf(after); a != b && !anySubject {
		return nil, fmt.Errorf("%w: one is of %q, the other of %q", ErrNotComparable, a, b)
	}
	if before.Run.ID != "" && before.Run.ID == after.Run.ID {
		return nil, fmt.Errorf("%w: both are of run %q, and a run is no worse than itself", ErrNotComparable, brief(before.Run.ID))
	}
	c := &Comparison{APIVersion: APIVersion, Kind: ComparisonKind, Old: sideOf(before), New: sideOf(after)}
	c.differences(before, after)
	was, is := byID(before), byID(after)
	for _, q := range after.Requirements {
		c.change(was[q.ID], q)
	}
	for _, q := range before.Requirements {
		if _, there := is[q.ID]; !there {
			c.change(q, Requirement{ID: q.ID, Level: q.Level, Title: q.Title})
		}
	}
	if gravity(ExitCode(after.Verdict)) > gravity(ExitCode(before.Verdict)) {
		_, why := Decide(after.Required, after)
		_, had := Decide(before.Required, before)
		if c.WorseVerdict = slices.DeleteFunc(slices.Clone(why), func(w string) bool { return slices.Contains(had, w) }); len(c.WorseVerdict) == 0 {
			c.WorseVerdict = why
		}
	}
	c.speeds([]*Result{before}, []*Result{after})
	return c, nil
}

// subjectOf names a subject by its canonical address, where it has one: credentials and options may change.
func subjectOf(r *Result) string {
	if r.Subject.Canonical != "" {
		return r.Subject.Canonical
	}
	return r.Subject.Address
}

func sideOf(r *Result) Side {
	return Side{r.Run.ID, r.Run.Finished.UTC(), r.Verdict, r.Edition, r.Catalogue, r.Profile, r.Subject.Address, r.Run.Program}
}

func byID(r *Result) map[string]Requirement {
	lines := make(map[string]Requirement, len(r.Requirements))
	for _, q := range r.Requirements {
		lines[q.ID] = q
	}
	return lines
}

// differences names in what the two runs are not alike.
func (c *Comparison) differences(before, after *Result) {
	differ := func(what, a, b string) {
		if a == "" {
			a = "none recorded"
		}
		if b == "" {
			b = "none recorded"
		}
		if a != b {
			c.Differs = append(c.Differs, fmt.Sprintf("%s: %s, now %s", what, a, b))
		}
	}
	differ("edition", before.Edition, after.Edition)
	differ("catalogue", before.Catalogue, after.Catalogue)
	differ("program", before.Run.Program, after.Run.Program)
	differ("subject", subjectOf(before), subjectOf(after))
	differ("acted as", before.Subject.Identity, after.Subject.Identity)
	differ("store", storeLine(before.Subject.Store), storeLine(after.Subject.Store))
	if before.Run.Filter != after.Run.Filter {
		differ("limited to", before.Run.Filter, after.Run.Filter)
	}
	if after.Run.Finished.Before(before.Run.Finished) {
		c.Differs = append(c.Differs, "time: what is given as the newer result is the older one")
	}
	now := map[string]Required{}
	for _, q := range after.Required {
		now[q.ID] = q
	}
	for _, q := range before.Required {
		if n, there := now[q.ID]; there && q.Level == Must && n.Level != Must {
			c.NoLongerMust = append(c.NoLongerMust, q.ID)
		}
	}
}

// change files one requirement. A line that isn't there has no outcome.
func (c *Comparison) change(was, is Requirement) {
	x := Change{ID: is.ID, Level: is.Level, Title: is.Title, OldOutcome: was.Outcome, NewOutcome: is.Outcome, OldReason: was.Reason, NewReason: is.Reason}
	if was.Level == Must {
		x.Level = Must
	}
	decided := func(o Outcome) bool { return o == Passed || o == Failed || o == NotApplicable || o == Waived }
	switch {
	case is.Outcome == was.Outcome:
		if is.Outcome == Failed && c.message(was.Reason, c.Old) != c.message(is.Reason, c.New) {
			c.ChangedMessage = append(c.ChangedMessage, x)
		} else {
			c.Unchanged++
		}
	case is.Outcome == Failed:
		c.NewlyFailing = append(c.NewlyFailing, x)
	case is.Outcome == Passed:
		c.NewlyPassing = append(c.NewlyPassing, x)
	case is.Outcome == Errored:
		c.NewlyErrored = append(c.NewlyErrored, x)
	case is.Outcome == "", decided(was.Outcome) && !decided(is.Outcome):
		c.NoLongerRun = append(c.NoLongerRun, x)
	default:
		c.ChangedOutcome = append(c.ChangedOutcome, x)
	}
}

// message is a reason without what is the run's own.
func (c *Comparison) message(reason string, s Side) string {
	if s.Run == "" {
		return inline(reason)
	}
	return strings.ReplaceAll(inline(reason), s.Run, "(run)")
}

// ExitCode is the gate's: 1 when a MUST fails newly, 3 when one is newly undecided by an error, 4 when one is no longer run
// or no longer a MUST, the newer verdict's own when that is graver than the older one, 0 otherwise. It says what became
// worse, never that the newer run is good: its verdict does.
func (c *Comparison) ExitCode() int {
	code := 0
	graver := func(n int) {
		if gravity(n) > gravity(code) {
			code = n
		}
	}
	for _, list := range []struct {
		changes []Change
		code    int
	}{{c.NewlyFailing, 1}, {c.NewlyErrored, 3}, {c.NoLongerRun, 4}} {
		for _, x := range list.changes {
			if x.Level != Should {
				graver(list.code)
			}
		}
	}
	if len(c.NoLongerMust) > 0 {
		graver(4)
	}
	if len(c.WorseVerdict) > 0 {
		graver(ExitCode(c.New.Verdict))
	}
	return code
}

// WriteJSON writes a comparison. Lists are never null.
func (c *Comparison) WriteJSON(w io.Writer) error {
	d := *c
	d.Times.Slower, d.Rates.Slower = append([]Slower{}, c.Times.Slower...), append([]Slower{}, c.Rates.Slower...)
	d.Differs, d.NoLongerMust, d.WorseVerdict = append([]string{}, c.Differs...), append([]string{}, c.NoLongerMust...), append([]string{}, c.WorseVerdict...)
	for _, list := range []*[]Change{&d.NewlyFailing, &d.NewlyErrored, &d.NoLongerRun, &d.NewlyPassing, &d.ChangedMessage, &d.ChangedOutcome} {
		*list = append([]Change{}, *list...)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // a JSON file, never part of a page
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("writing a comparison: %w", err)
	}
	return nil
}
