package run

import (
	"fmt"
	"time"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// found is what became of a requirement: the gravest of its specs.
type found struct {
	Outcome          reports.Outcome
	Reason           string
	Expected, Actual string
	Remedy           string
	Observations     []reports.Observation
	Recorders        []*wire.Recorder
	Elapsed          time.Duration
}

// gravity orders outcomes where several specs stand for one requirement: the first in the list decides.
var gravity = []reports.Outcome{reports.Failed, reports.Errored, reports.NotRun, reports.Unverified, reports.Unsupported, reports.Passed,
	reports.NotApplicable}

func graver(a, b reports.Outcome) bool {
	rank := func(o reports.Outcome) int {
		for i, g := range gravity {
			if g == o {
				return i
			}
		}
		return -1 // unknown outcomes come first
	}
	return rank(a) < rank(b)
}

// requirement combines the specs of one requirement. bound is false when it has none in this run.
func (x *execution) requirement(id string) (o found, bound bool) {
	for _, s := range x.declared {
		if s.Requirement != id {
			continue
		}
		f := x.outcome(s)
		if !bound || graver(f.Outcome, o.Outcome) {
			f.Observations = append(f.Observations, o.Observations...)
			f.Elapsed += o.Elapsed
			f.Recorders = append(f.Recorders, o.Recorders...)
			o = f
		} else {
			o.Observations = append(o.Observations, f.Observations...)
			o.Elapsed += f.Elapsed
			o.Recorders = append(o.Recorders, f.Recorders...)
		}
		bound = true
	}
	return o, bound
}

// outcome decides what became of one spec. Passing has to be earned: everything unexpected is errored.
func (x *execution) outcome(s *Spec) found {
	errored := func(format string, a ...any) found {
		return found{Outcome: reports.Errored, Reason: fmt.Sprintf(format, a...)}
	}
	r := x.records[s]
	state, reported := x.states[s]
	if r == nil {
		switch {
		case x.aborted != "":
			return errored("the run was broken off before this spec: %s", x.aborted)
		case reported && state == types.SpecStatePending:
			return errored("the spec is marked as pending")
		case reported && state == types.SpecStateSkipped:
			return found{Outcome: reports.NotRun, Reason: "left out: a filter or a focused spec skipped it, or what it is grouped with failed"}
		}
		return errored("the spec never ran: what it is grouped with failed")
	}
	f := x.said(s, r)
	if !reported {
		return f
	}
	// Ginkgo has to agree with what the spec said: passed with passed, failed with failed or errored, skipped with the rest.
	agree := false
	switch state {
	case types.SpecStatePassed:
		agree = f.Outcome == reports.Passed
	case types.SpecStateFailed:
		agree = f.Outcome == reports.Failed || f.Outcome == reports.Errored
	case types.SpecStateSkipped:
		agree = f.Outcome != reports.Passed && f.Outcome != reports.Failed
	default:
		agree = f.Outcome == reports.Errored
	}
	if !agree {
		f.Outcome, f.Reason = reports.Errored, fmt.Sprintf("the spec was interrupted, or Ginkgo and the spec disagree: %s and %q", state, f.Outcome)
	}
	return f
}

// said is what the spec itself came to.
func (x *execution) said(s *Spec, r *record) found {
	t := r.t
	t.mu.Lock()
	defer t.mu.Unlock()
	f := found{Outcome: t.decided, Reason: t.reason, Expected: t.expected, Actual: t.actual, Remedy: t.remedy, Observations: t.observations,
		Recorders: []*wire.Recorder{t.rec}, Elapsed: r.elapsed}
	undecide := func(format string, a ...any) found {
		f.Outcome, f.Reason = reports.Errored, fmt.Sprintf(format, a...)
		return f
	}
	if refusals := t.rec.Refusals(); len(refusals) > 0 {
		return undecide("%s", refusals[0])
	}
	switch {
	case r.panicked:
		return undecide("the spec panicked: a mistake in the program, please report it")
	case r.interrupted:
		return undecide("the spec was interrupted")
	case r.timedOut:
		return undecide("the spec did not end within %s", s.Limit)
	case f.Outcome != "":
		return f
	case len(f.Observations) == 0:
		return undecide("the spec made no observation")
	case x.denials[s.Requirement] && t.denials == 0:
		return undecide("a denial without its positive control")
	case t.controls != t.denials:
		return undecide("a denial was begun and not ended")
	}
	f.Outcome = reports.Passed
	return f
}
