// Package finding holds what judging a document comes to: one sentence about one requirement, with what was expected, what
// was found and the smallest change that mends it. A judge returns a finding for everything that it looked at, the sound
// too: what it does not mention it has not seen. It decides nothing else; outcomes and verdicts are the run's.
package finding

import "slices"

// State is what a document says of a requirement.
type State string

// The states. Only Holds and Inapplicable let a requirement be met.
const (
	Broken       State = "broken"
	Open         State = "open"           // it hangs on what no document says: Condition names it
	NotGiven     State = "not given"      // a document or a fact is missing: Missing names what gives it
	Holds        State = "holds"          //
	Inapplicable State = "not applicable" // its precondition was read and is false
)

// Finding is one thing that was looked at. Everything but Requirement, State and What may be "".
type Finding struct {
	Requirement string // BYOB-CORS-003
	State       State
	What        string // what was looked at, in a few words
	Expected    string
	Actual      string
	Fix         string // what to change, in the provider's own syntax; may be of several lines
	Condition   string // of Open: the condition that decides
	Missing     string // of NotGiven: what is missing, and the flag that gives it
	Control     bool   // the positive control of a refusal
}

// order is how grave states are.
var order = []State{Broken, Open, NotGiven, Holds, Inapplicable}

// Of returns the findings of one requirement, in order.
func Of(findings []Finding, requirement string) []Finding {
	var out []Finding
	for _, f := range findings {
		if f.Requirement == requirement {
			out = append(out, f)
		}
	}
	return out
}

// Worst is the gravest state among the findings of one requirement, "" when there is none: nothing was seen. Controls of a
// refusal don't count.
func Worst(findings []Finding, requirement string) State {
	worst := State("")
	for _, f := range Of(findings, requirement) {
		if !f.Control && (worst == "" || slices.Index(order, f.State) < slices.Index(order, worst)) {
			worst = f.State
		}
	}
	return worst
}

// Requirements lists the requirements that were looked at, each once, in order of their IDs.
func Requirements(findings []Finding) []string {
	var ids []string
	for _, f := range findings {
		if !slices.Contains(ids, f.Requirement) {
			ids = append(ids, f.Requirement)
		}
	}
	slices.Sort(ids)
	return ids
}
