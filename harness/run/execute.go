package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/extensions/globals"
	"github.com/onsi/ginkgo/v2/formatter"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// Event tells a progress display that a spec has ended, or, with an empty Outcome, that it begins.
type Event struct {
	Requirement string
	Text        string
	Outcome     reports.Outcome
	Elapsed     time.Duration
	Done, Total int
}

// execution is one run of Ginkgo over one subject.
type execution struct {
	subject  *Subject
	selected map[string]bool // nil means all
	declared []*Spec
	records  map[*Spec]*record
	states   map[*Spec]types.SpecState
	ctx      context.Context // ends the run from outside; nil means never
	limit    time.Duration   // of the whole run; 0 means none
	notify   func(Event)
	prepare  func() error // before the first write
	prepared bool
	prepErr  error
	secrets  []string
	done     int
	aborted  string
	denials  map[string]bool // requirements that are refusals
}

// record is what became of one spec.
type record struct {
	t        *T
	elapsed  time.Duration
	panicked bool
	timedOut bool

	interrupted bool
}

func (x *execution) wants(s *Spec) bool { return x.selected == nil || x.selected[s.Requirement] }

// declare collects the specs of some families without running anything: Ginkgo builds its tree as for a run, and its
// dry run executes none of it.
func declare(s *Subject, families []Family) []*Spec {
	copied := *s
	copied.specs = nil
	x := &execution{subject: &copied}
	x.ginkgo(families, true)
	return copied.specs
}

// ginkgo runs the suite.
func (x *execution) ginkgo(families []Family, dry bool) {
	globals.Reset()
	current = x
	defer func() { current = nil }()
	gomega.RegisterFailHandler(ginkgo.Fail)
	formatter.ColorableStdOut = io.Discard
	ginkgo.Describe(x.subject.Profile, ginkgo.Ordered, ginkgo.ContinueOnFailure, func() {
		for _, f := range families {
			ginkgo.Describe(f.Name, func() { f.Specs(x.subject) })
		}
	})
	ginkgo.ReportAfterSuite("states", func(r ginkgo.Report) { x.read(r) })
	suite, reporter := ginkgo.GinkgoConfiguration()
	suite.DryRun = dry // RunSpecs keeps what it is given for the next call
	suite.RandomSeed = x.subject.Seed
	suite.FlakeAttempts, suite.MustPassRepeatedly, suite.FailFast = 0, 0, false
	suite.Timeout = x.limit
	reporter.NoColor = true
	failed := &failure{}
	ginkgo.RunSpecs(failed, "bucketproof", suite, reporter)
}

// failure takes Ginkgo's word that something failed; each spec's own state says what.
type failure struct{ failed bool }

func (f *failure) Fail() { f.failed = true }

// read takes each spec's state from Ginkgo's report. Specs are told apart by text and label: a text stands once a requirement.
func (x *execution) read(r ginkgo.Report) {
	x.states = map[*Spec]types.SpecState{}
	for _, sr := range r.SpecReports {
		for _, s := range x.declared {
			if sr.LeafNodeText == s.Text && slices.Contains(sr.LeafNodeLabels, s.Requirement) {
				x.states[s] = sr.State
			}
		}
	}
	if len(r.SpecialSuiteFailureReasons) > 0 {
		x.aborted = strings.Join(r.SpecialSuiteFailureReasons, "; ")
	}
}

// grace is how long a check that is over its limit may take to notice it, before the run goes on without it.
const grace = time.Second

// runSpec is the body of every spec. The check runs in a goroutine of its own that never touches Ginkgo, whose state is
// global: one that outlives its limit can neither fail, nor feed, nor slow the next spec.
func (x *execution) runSpec(ctx context.Context, s *Spec) {
	rec := wire.NewRecorder(s.Requirement)
	t := &T{rec: rec, secrets: x.secrets}
	r := &record{t: t}
	x.records[s] = r
	x.tell(s, "", 0)
	started := time.Now()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan bool, 1) // whether the check panicked
	if x.ready(s, t) {
		go func() {
			panicked := true
			defer func() {
				if v := recover(); v == nil && panicked {
					panicked = false // runtime.Goexit: the check decided
				}
				over <- panicked
			}()
			s.Check(rec.With(ctx), t)
			panicked = false
		}()
	} else {
		over <- false
	}
	var cancelled <-chan struct{}
	if x.ctx != nil {
		cancelled = x.ctx.Done()
	}
	select {
	case r.panicked = <-over:
	case <-cancelled:
		x.aborted = "the run was interrupted"
		r.interrupted = true
	case <-ctx.Done():
		r.timedOut = true
	}
	t.close()
	rec.Seal()
	if r.timedOut || r.interrupted {
		stop()
		select {
		case <-over:
		case <-time.After(grace):
		}
	}
	r.elapsed = time.Since(started)
	x.done++
	o := x.outcome(s)
	x.tell(s, o.Outcome, r.elapsed)
	switch o.Outcome {
	case reports.Passed:
	case reports.Failed, reports.Errored:
		ginkgo.Fail(o.Reason)
	default:
		ginkgo.Skip(o.Reason)
	}
}

func (x *execution) tell(s *Spec, o reports.Outcome, elapsed time.Duration) {
	if x.notify != nil {
		x.notify(Event{Requirement: s.Requirement, Text: s.Text, Outcome: o, Elapsed: elapsed, Done: x.done, Total: len(x.declared)})
	}
}

// ready settles a spec that can't run: what it stands on is missing, or the bucket is not to be written to.
func (x *execution) ready(s *Spec, t *T) bool {
	if x.aborted != "" {
		t.settle(reports.Errored, "the run was broken off before this spec: "+x.aborted, "", "")
		return false
	}
	if why := x.blockedBy(s); why != "" {
		t.settle(reports.Errored, why, "", "")
		return false
	}
	if s.Cost.Objects == 0 {
		return true
	}
	if !x.prepared {
		x.prepared = true
		if x.prepare != nil {
			x.prepErr = x.prepare()
		}
	}
	if n := (*NotRunError)(nil); errors.As(x.prepErr, &n) {
		t.settle(reports.NotRun, n.Reason, "", "")
	} else if x.prepErr != nil {
		t.settle(reports.Errored, fmt.Sprintf("nothing was written: %s", x.prepErr), "", "")
	}
	return x.prepErr == nil
}

// NotRunError says that writing was left out to protect the bucket, and why.
type NotRunError struct{ Reason string }

func (e *NotRunError) Error() string { return e.Reason }

// blockedBy says which requirement that a spec stands on has failed or is undecided by error.
func (x *execution) blockedBy(s *Spec) string {
	for _, need := range s.Needs {
		o, bound := x.requirement(need)
		if bound && (o.Outcome == reports.Failed || o.Outcome == reports.Errored || o.Outcome == reports.NotRun) {
			return fmt.Sprintf("it stands on %s, which is %s", need, o.Outcome)
		}
	}
	return ""
}
