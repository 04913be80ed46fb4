package reports

import (
	"fmt"
	"slices"
	"strings"
)

// task is one thing to do: what is wrong, and what mends it. It is one requirement, several that share a cause, or what the
// run left behind.
type task struct {
	Word         string // whose colour and icon it has, as shown says it
	Title        string
	Seen         string
	Remedy       string
	Advice       bool // Remedy is what to do in general: nothing to copy
	Requirements []Requirement
	Undecided    int // how many others can't be decided before it is mended

	rank int
}

// The ranks of tasks: what is broken comes before what could not be decided, that before what nobody looked at, and what
// decides nothing comes last.
const (
	rankBroken = iota
	rankUndecided
	rankOpen
	rankWarning
)

// IDs are the first few of a task's requirements, and More is how many there are besides.
func (t task) IDs() []string {
	ids := make([]string, 0, len(t.Requirements))
	for _, q := range t.Requirements[:min(len(t.Requirements), t.firstFew())] {
		ids = append(ids, q.ID)
	}
	return ids
}

// More is how many requirements a task has that IDs leaves out.
func (t task) More() int { return len(t.Requirements) - min(len(t.Requirements), t.firstFew()) }

func (t task) firstFew() int {
	if len(t.Requirements) == 2 {
		return 2
	}
	return 1
}

// Label names what Seen says: what was seen, or why nothing was.
func (t task) Label() string {
	if t.rank == rankUndecided || t.rank == rankOpen {
		return "Why"
	}
	return "Seen"
}

// Family is the family of a task's first requirement.
func (t task) Family() string { return family(t.Requirements[0].ID) }

// todo lists what there is to do, the most important first: what is broken, in the order of how much stands on it and how
// much it mends, then what could not be decided, then what nobody looked at, then the warnings.
func todo(r *Result) []task {
	stands, waiting := r.standings(), map[string]int{}
	for _, q := range r.Requirements {
		if q.StandsOn != "" {
			waiting[q.StandsOn]++
		}
	}
	var ts []task
	ts = append(ts, leftBehind(r)...)
	ts = append(ts, staleWaivers(r)...)
	at := map[string]int{}
	for _, q := range r.Requirements {
		rank := rankOf(q, stands(q))
		if rank < 0 || q.StandsOn != "" && waitsFor(r, q.StandsOn) {
			continue
		}
		key := causeOf(q, rank)
		if i, there := at[key]; there {
			ts[i].add(q, waiting[q.ID])
			continue
		}
		at[key] = len(ts)
		t := task{Word: wordOf(q, rank), Title: q.Title, Seen: seenOf(q), rank: rank}
		t.add(q, waiting[q.ID])
		ts = append(ts, t)
	}
	if ids := lacking(r); len(ids) > 0 {
		t := task{Word: "errored", Title: plural(len(ids), "requirement is", "requirements are") + " missing from the result",
			Seen: "the profile requires it, and the run says nothing of " + some(idsOf(ids)), rank: rankUndecided}
		ts = append(ts, t)
	}
	for i := range ts {
		ts[i].finish(r)
	}
	slices.SortStableFunc(ts, func(a, b task) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return (b.Undecided*2 + len(b.Requirements)) - (a.Undecided*2 + len(a.Requirements))
	})
	return ts
}

// byImportance are a result's requirements in the order of what there is to do, and then the rest.
func byImportance(r *Result) []Requirement {
	out, there := []Requirement{}, map[string]bool{}
	for _, t := range todo(r) {
		for _, q := range t.Requirements {
			out, there[q.ID] = append(out, q), true
		}
	}
	for _, q := range r.Requirements {
		if !there[q.ID] {
			out = append(out, q)
		}
	}
	return out
}

// firstThings are what the report's first screen says to do, in words: title, what was seen and what mends it.
func firstThings(r *Result) (out []string) {
	ts := todo(r)
	for i, t := range ts {
		if i == firstScreen {
			break
		}
		line := inline(t.Title) + ": " + inline(t.Seen)
		if t.Remedy != "" {
			line += ". Do: " + inline(firstLine(t.Remedy))
		}
		if n := len(t.Requirements); n > 0 {
			ids := make([]string, n)
			for k, q := range t.Requirements {
				ids[k] = inline(q.ID)
			}
			line += " (" + some(ids) + ")"
		}
		out = append(out, line)
	}
	return out
}

// waitsFor says whether a requirement is in the result as something that is itself to be mended or decided.
func waitsFor(r *Result, id string) bool {
	return slices.ContainsFunc(r.Requirements, func(q Requirement) bool {
		return q.ID == id && q.StandsOn == "" && (q.Outcome == Failed || q.Outcome == Errored || q.Outcome == NotRun)
	})
}

func idsOf(required []Required) (ids []string) {
	for _, q := range required {
		ids = append(ids, q.ID)
	}
	return ids
}

// rankOf is where a requirement comes among what there is to do; -1 where there is nothing.
func rankOf(q Requirement, s standing) int {
	switch s {
	case standsBroken:
		return rankBroken
	case standsWarned:
		return rankWarning
	case standsUndecided:
		if q.Outcome == NotRun || q.Outcome == Unverified || q.Outcome == Unsupported {
			return rankOpen
		}
		return rankUndecided
	}
	return -1
}

// causeOf is the same for requirements that one thing mends: in a family, what was seen to be the same; of what is
// undecided, the reason. What gives no cause stands by itself.
func causeOf(q Requirement, rank int) string {
	cause := inline(q.Reason)
	if rank == rankBroken || rank == rankWarning {
		cause = family(q.ID) + "\x00" + inline(q.Actual)
		if blank(q.Actual) {
			cause = q.ID
		}
	} else if cause == "" {
		cause = q.ID
	}
	return fmt.Sprint(rank, "\x00", q.Outcome, "\x00", cause)
}

func wordOf(q Requirement, rank int) string {
	switch {
	case rank == rankBroken:
		return "failed"
	case rank == rankUndecided && q.Outcome == Passed:
		return "errored"
	}
	return shown(q)
}

// seenOf says in one line what is wrong with a requirement.
func seenOf(q Requirement) string {
	switch {
	case q.Outcome == Waived:
		return "waived, but by no waiver that holds: " + q.Reason
	case q.Outcome == Passed:
		return "said to have passed, but without the observation that would prove it"
	case !knownOutcome(q.Outcome):
		return fmt.Sprintf("the outcome %q, which nobody knows", q.Outcome)
	case !blank(q.Actual) && q.Outcome == Failed:
		return q.Actual
	case blank(q.Reason):
		return "no reason is given"
	}
	return q.Reason
}

func (t *task) add(q Requirement, waiting int) {
	t.Requirements = append(t.Requirements, q)
	t.Undecided += waiting
}

// finish names what several requirements have in common, and joins what mends them, each line once.
func (t *task) finish(r *Result) {
	if n := len(t.Requirements); n > 1 {
		name := familyName(t.Family())
		for _, q := range t.Requirements {
			if family(q.ID) != t.Family() {
				name = ""
			}
		}
		t.Title = fmt.Sprintf("%d requirements, one cause", n)
		if name != "" {
			t.Title = name + ": " + t.Title
		}
	}
	var lines []string
	for _, q := range t.Requirements {
		for _, line := range strings.Split(strings.TrimRight(q.Remedy, "\n "), "\n") {
			if !blank(line) && (len(t.Requirements) == 1 || !slices.Contains(lines, line)) {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) > 0 {
		t.Remedy = strings.Join(lines, "\n")
	}
	if t.Remedy == "" {
		t.Remedy, t.Advice = t.advice(r), true
	}
}

// advice is what to do where no requirement says what mends it.
func (t *task) advice(r *Result) string {
	switch {
	case t.rank == rankUndecided && t.Word == "errored":
		return "Clear what kept it from answering, then run again."
	case t.Word == string(Unverified) && onlyEmulated(r.Subject.Store) != "":
		return "Certify the provider's own bucket: this emulator can't show it."
	case t.Word == string(Unverified):
		return "Have it seen by something that decides it: this run could not."
	case t.Word == string(NotRun) && !blank(r.Run.Filter):
		return "Run again without --only."
	}
	return ""
}

// leftBehind is what the run did to the bucket that it must not have done.
func leftBehind(r *Result) (ts []task) {
	s := r.Safety
	if s.ConfigurationUnchanged == "no" {
		ts = append(ts, task{Word: "failed", Title: "The run changed the bucket's configuration", Seen: "it is not as it was before the run",
			Remedy: "Compare the bucket's policies and settings with your own records, and put them back.", rank: rankBroken})
	}
	kept := 0
	for _, k := range s.Kept {
		if !k.Announced {
			kept++
		}
	}
	if _, state := safetyLead(s); state == "errored" {
		seen := "the clean-up is " + s.CleanUp
		if blank(s.CleanUp) {
			seen = "it is not recorded whether the run removed what it wrote"
		} else if kept > 0 {
			seen = plural(kept, "object", "objects") + " of the run could not be removed"
		}
		ts = append(ts, task{Word: "errored", Title: "Something of the run may still be in the bucket", Seen: seen,
			Remedy: "Remove it, by the run's marker alone:\n  bucketproof sweep -", rank: rankUndecided})
	}
	return ts
}

// staleWaivers are the waivers that make a run red.
func staleWaivers(r *Result) (ts []task) {
	for _, w := range r.Waivers {
		t := task{Word: "failed", Title: "The waiver for " + w.ID + " doesn't hold", Seen: string(w.State), rank: rankBroken}
		switch w.State {
		case Holds:
			continue
		case WaiverExpired:
			t.Seen, t.Remedy = "it expired: its last day was "+w.Expires, "Mend the requirement, or have "+w.Owner+" renew the waiver."
		case WaiverUnneeded, WaiverForeign:
			t.Seen, t.Remedy = "the requirement is met without it, or not in this run", "Take it out of the file of waivers."
		case WaiverUnmatched:
			t.Seen, t.Remedy = "the requirement fails in another way than it expects", "See what changed: mend it, or have "+w.Owner+" write the waiver anew."
		case WaiverUntested, WaiverNotApplied:
			t.Word, t.rank, t.Seen = "errored", rankUndecided, "its requirement could not be decided"
		}
		ts = append(ts, t)
	}
	return ts
}
