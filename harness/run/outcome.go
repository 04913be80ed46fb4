package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// found is what became of a spec, or of a requirement: then it is the gravest of its specs, and Parts are all of them.
type found struct {
	Outcome          reports.Outcome
	Reason           string
	StandsOn         string
	Expected, Actual string
	Remedy           string
	Mends            bool // the catalogue's remedy is also for what kept it from being decided
	Unknown          bool // the store's last answer was that it doesn't implement what was asked
	Observations     []reports.Observation
	Recorder         *wire.Recorder
	Elapsed          time.Duration
	Parts            []found
}

// gravity orders outcomes where several specs stand for one requirement: the first in the list decides, and what is not
// in the list comes before all of it.
var gravity = []reports.Outcome{reports.Failed, reports.Errored, reports.NotRun, reports.Unverified, reports.Unsupported, reports.Passed,
	reports.NotApplicable}

func graver(a, b reports.Outcome) bool { return slices.Index(gravity, a) < slices.Index(gravity, b) }

// requirement combines the specs of one requirement. bound is false when it has none in this run.
func (x *execution) requirement(id string) (o found, bound bool) {
	var parts []found
	for _, s := range x.declared {
		if s.Requirement == id {
			parts = append(parts, x.outcome(s))
		}
	}
	for i, p := range parts {
		if i == 0 || graver(p.Outcome, o.Outcome) {
			o = p
		}
	}
	o.Parts = parts
	return o, len(parts) > 0
}

// outcome decides what became of one spec. Passing has to be earned: everything unexpected is errored.
func (x *execution) outcome(s *Spec) found {
	r := x.records[s]
	if r == nil {
		return x.unbegun(s)
	}
	f := x.said(s, r)
	if !x.finished {
		return f
	}
	// Ginkgo has to agree with what the spec said: passed with passed, failed with failed or errored, skipped with the rest.
	var agree bool
	state, reported := x.states[s]
	switch state.SpecState {
	case types.SpecStatePassed:
		agree = f.Outcome == reports.Passed
	case types.SpecStateFailed:
		agree = f.Outcome == reports.Failed || f.Outcome == reports.Errored
	case types.SpecStateSkipped:
		agree = f.Outcome != reports.Passed && f.Outcome != reports.Failed
	default:
		agree = f.Outcome == reports.Errored
	}
	switch {
	case !reported:
		f.Outcome, f.Reason = reports.Errored, fmt.Sprintf("the spec was %s, and Ginkgo did not report it", f.Outcome)
	case !agree:
		f.Outcome, f.Reason = reports.Errored, fmt.Sprintf("the spec was %s, and then something around it was %s", f.Outcome, state.SpecState)
	case x.failed && f.Outcome == reports.Passed:
		f.Outcome, f.Reason = reports.Errored, "the spec was passed, and then something around all specs failed"
	}
	return f
}

// unbegun says what became of a spec whose body Ginkgo never entered.
func (x *execution) unbegun(s *Spec) found {
	errored := func(format string, a ...any) found {
		return found{Outcome: reports.Errored, Reason: fmt.Sprintf(format, a...)}
	}
	state := x.states[s]
	switch {
	case len(x.problems) > 0:
		return errored("the run was broken off before this spec: %s", strings.Join(x.problems, "; "))
	case x.aborted != "":
		return errored("the run was broken off before this spec: %s", x.aborted)
	case state.Is(types.SpecStatePending):
		return errored("the spec is marked as pending")
	case x.partial && (!x.finished || (state.Is(types.SpecStateSkipped) && !state.grouped)):
		return found{Outcome: reports.NotRun, Reason: "left out by a filter, or by another spec that is focused"}
	}
	return errored("the spec never ran: what it is grouped with failed or was skipped")
}

// said is what the spec itself came to.
func (x *execution) said(s *Spec, r *record) found {
	t := r.t
	t.mu.Lock()
	defer t.mu.Unlock()
	f := found{Outcome: t.decided, Reason: t.reason, StandsOn: t.standsOn, Expected: t.expected, Actual: t.actual, Remedy: t.remedy, Mends: t.mends, Unknown: t.unknown,
		Observations: slices.Clone(t.observations), Recorder: t.rec, Elapsed: r.elapsed}
	undecide := func(format string, a ...any) found {
		f.Outcome, f.Reason = reports.Errored, t.clean(fmt.Sprintf(format, a...))
		f.Remedy, f.Mends, f.StandsOn = "", false, "" // they were for what the check itself saw
		return f
	}
	if refusals := t.rec.Refusals(); len(refusals) > 0 {
		return undecide("%s", refusals[0])
	}
	switch {
	case r.repeated:
		return undecide("the spec was run more than once: nothing is repeated until it passes")
	case r.end == panicked:
		return undecide("the check panicked: a mistake in the program, please report it (%s)", r.why)
	case r.end == timedOut:
		return undecide("the check did not end within %s", s.Limit)
	case r.end == brokenOff:
		return undecide("the check was broken off: %s", r.why)
	case r.keys > s.Cost.Objects:
		return undecide("the check wrote to %d keys, and had announced %d: a mistake in the program, please report it", r.keys, s.Cost.Objects)
	case f.Outcome != "":
		if f.Outcome != reports.Failed && f.Outcome != reports.Errored {
			f.Remedy = "" // it is for what was not seen
		}
		return f
	case r.end != returned:
		return undecide("the check ended before its end, and had decided nothing")
	case t.denials != t.controls:
		return undecide("a denial was begun and not ended")
	case x.denials[s.Requirement] && t.denials == 0:
		return undecide("a denial without its positive control")
	case !slices.ContainsFunc(f.Observations, func(o reports.Observation) bool { return !o.Control && strings.TrimSpace(o.What) != "" }):
		return undecide("the spec made no observation")
	}
	f.Outcome, f.Remedy = reports.Passed, ""
	return f
}
