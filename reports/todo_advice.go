package reports

import (
	"fmt"
	"strings"
)

// finish names what several requirements have in common, and joins what mends them, each line once. A task always says what
// to do.
func (t *task) finish(r *Result) {
	peers := t.Requirements[:t.peers]
	if n := len(peers); n > 1 {
		name := familyName(t.Family())
		for _, q := range peers {
			if family(q.ID) != t.Family() {
				name = ""
			}
		}
		t.Title = fmt.Sprintf("%d requirements, one cause", n)
		if name != "" {
			t.Title = name + ": " + t.Title
		}
	}
	if t.joinRights(peers) {
		return
	}
	if t.rank == rankUndecided || t.rank == rankOpen {
		for _, q := range peers { // what mends one breach says nothing of what kept many from being decided
			if q.Remedy != peers[0].Remedy {
				t.Remedy, t.Advice = t.advice(r), true
				return
			}
		}
	}
	if len(peers) > 0 {
		t.Remedy = strings.TrimRight(peers[0].Remedy, "\n ")
	}
	if blank(t.Remedy) {
		t.Remedy, t.Advice = t.advice(r), true
	}
}

// joinRights makes one sentence, and one remedy, of several rights that are lacking in the same place.
func (t *task) joinRights(peers []Requirement) bool {
	if len(peers) < 2 || t.rank != rankBroken && t.rank != rankWarning {
		return false
	}
	var names []string
	for _, q := range peers {
		name := right(q)
		if name == "" || !strings.Contains(q.Remedy, `"`+name+`"`) {
			return false
		}
		names = append(names, name)
	}
	t.Title = plural(len(names), "right is", "rights are") + " missing: " + names[0] + " and others"
	if len(names) == 2 {
		t.Title = "2 rights are missing: " + strings.Join(names, " and ")
	}
	t.Seen = "not granted, or refused: " + some(names)
	t.Remedy = strings.TrimRight(strings.ReplaceAll(peers[0].Remedy, `"`+names[0]+`"`, `"`+strings.Join(names, `", "`)+`"`), "\n ")
	return true
}

// The words that reasons for "not run" begin with, where what to do depends on them.
const (
	reasonLeftOut  = "left out by "
	reasonNotGiven = "not given: "
	reasonNoSpec   = "no spec yet"
)

// advice is what to do where no requirement says what mends it.
func (t *task) advice(r *Result) string {
	q := Requirement{}
	if len(t.Requirements) > 0 {
		q = t.Requirements[0]
	}
	connector := r.Subject.Kind == "connector"
	switch {
	case len(t.Requirements) == 0:
		return "Run again with a bucketproof that knows this profile, and let the run come to its end."
	case t.rank == rankBroken || t.rank == rankWarning:
		if blank(q.Expected) {
			return "Make it so: " + inline(q.Title) + "."
		}
		return "Make it so: " + strings.TrimRight(inline(q.Expected), ".") + "."
	case t.rank == rankUndecided && q.Outcome != Errored:
		return "Run again, and don't rely on this result: it doesn't prove what it says."
	case t.rank == rankUndecided:
		return "Clear what kept it from being decided, then run again."
	case q.Outcome == Unsupported && connector:
		return "Have the connector do it, and declare it: this profile demands it."
	case q.Outcome == Unsupported:
		return "Use a store that has it: this profile demands it."
	case q.Outcome == Unverified && r.Subject.Store.Kind == "documents":
		return "Certify the bucket itself: documents alone don't decide it."
	case q.Outcome == Unverified && connector:
		return "Run again with buckets that show it (--buckets)."
	case q.Outcome == Unverified && onlyEmulated(r.Subject.Store) != "":
		return "Certify the provider's own bucket: this emulator can't show it."
	case q.Outcome == Unverified:
		return "Have it shown by whoever runs the store: this run could not see it."
	case strings.HasPrefix(q.Reason, reasonLeftOut+"--"):
		return "Run again without " + inline(strings.TrimPrefix(q.Reason, reasonLeftOut)) + "."
	case strings.HasPrefix(q.Reason, reasonNotGiven):
		return "Run again and give it: " + inline(strings.TrimPrefix(q.Reason, reasonNotGiven)) + "."
	case strings.HasPrefix(q.Reason, reasonNoSpec):
		return "Nothing to mend in the bucket: this version of bucketproof can't check it, so see to it by hand."
	case !blank(r.Run.Filter):
		return "Run again without --only."
	}
	return "Remove what kept it from being tried, then run again."
}
