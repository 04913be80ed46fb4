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
	Advice       bool          // Remedy is what to do in general: nothing to copy
	Requirements []Requirement // those that share the cause, and then those that fail by it
	Undecided    int           // how many others can't be decided before it is mended

	rank  int
	peers int // how many of the requirements share the cause
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

// First is the first line of what to do.
func (t task) First() string { return inline(firstLine(t.Remedy)) }

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

// todo lists what there is to do, the most important first: what is broken, then what could not be decided, then what nobody
// looked at, then the warnings; of each, first what lets in somebody who must stay out, then what mends most. What fails only
// because something else does is no task of its own.
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
	why, at, taskOf := newCauses(r, stands), map[string]int{}, map[string]int{}
	var led []Requirement
	for _, q := range r.Requirements {
		rank := rankOf(q, stands(q))
		if rank < 0 || why.waits(q) {
			continue
		}
		if why.root(q, rank) != "" {
			led = append(led, q)
			continue
		}
		key := causeOf(q, rank)
		i, there := at[key]
		if !there {
			i = len(ts)
			at[key] = i
			ts = append(ts, task{Word: wordOf(q, rank), Title: q.Title, Seen: seenOf(q), rank: rank})
		}
		taskOf[q.ID] = i
		ts[i].Requirements = append(ts[i].Requirements, q)
		ts[i].Undecided += waiting[q.ID]
		ts[i].peers++
	}
	for _, q := range led {
		t := &ts[taskOf[why.root(q, rankOf(q, stands(q)))]]
		t.Undecided += waiting[q.ID]
		if q.Outcome == Failed {
			t.Requirements = append(t.Requirements, q)
		} else {
			t.Undecided++
		}
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
		if a.exposes() != b.exposes() {
			if a.exposes() {
				return -1
			}
			return 1
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
	for _, t := range ts[:min(len(ts), firstScreen)] {
		out = append(out, t.words())
	}
	return out
}

// words say a task in one line.
func (t task) words() string {
	line := inline(t.Title) + ": " + inline(t.Seen) + ". Do: " + inline(firstLine(t.Remedy))
	if n := len(t.Requirements); n > 0 {
		ids := make([]string, n)
		for k, q := range t.Requirements {
			ids[k] = inline(q.ID)
		}
		line += " (" + some(ids) + ")"
	}
	return line
}

// todoBy says of each requirement which thing to do it is part of, with its number.
func todoBy(r *Result) map[string]string {
	out := map[string]string{}
	for i, t := range todo(r) {
		for _, q := range t.Requirements {
			out[q.ID] = fmt.Sprintf("%d. %s", i+1, t.words())
		}
	}
	return out
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
		return ofWhat(q) + q.Actual
	case blank(q.Reason):
		return "no reason is given"
	}
	return q.Reason
}

// ofWhat is what an expectation is about, where its words begin with that ("GET without the URL's query: 401 or 403"), and the
// actual side doesn't say it too: "200 OK" alone tells nobody anything.
func ofWhat(q Requirement) string {
	what, _, ok := strings.Cut(inline(q.Expected), ": ")
	if !ok || strings.Contains(q.Actual, ": ") {
		return ""
	}
	return what + ": "
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
			t.Seen = "the requirement fails in another way than it expects"
			if i := slices.IndexFunc(r.Requirements, func(q Requirement) bool { return q.ID == w.ID }); i >= 0 {
				t.Seen += ": " + brief(r.Requirements[i].Reason)
			}
			t.Remedy = "See what changed: mend it, or have " + w.Owner + " write the waiver anew."
		case WaiverInvalid:
			t.Seen, t.Remedy = "it lacks something that every waiver must say, or stands there twice", "Complete it in the file of waivers: ID, reason, owner, issue, last day and expected message, once."
		case WaiverUntested:
			t.Word, t.rank, t.Seen = "errored", rankUndecided, "its requirement could not be decided"
			t.Remedy = "Have " + w.ID + " decided: see what kept it from that."
		case WaiverNotApplied:
			t.Word, t.rank, t.Seen = "errored", rankUndecided, "it would hold, and was not applied"
			t.Remedy = "Certify again with this file of waivers."
		}
		ts = append(ts, t)
	}
	return ts
}
