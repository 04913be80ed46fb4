package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// grace is how long a check that is over its limit may take to notice it, before the run goes on without it.
const grace = time.Second

// ending is how a check ended.
type ending string

const (
	unbegun   ending = ""          // it was not let begin: the run has decided
	returned  ending = "returned"  // to its end
	exited    ending = "exited"    // its goroutine ended: it decided, or something else ended it
	panicked  ending = "panicked"  // a mistake in the program
	timedOut  ending = "timed out" // its own limit
	brokenOff ending = "broken off"
)

// record is what became of one spec.
type record struct {
	t        *T
	elapsed  time.Duration
	end      ending
	why      string // where it panicked, why it was broken off
	keys     int    // how many keys it wrote to for the first time
	repeated bool   // it ran before: whoever repeats until it passes has seen it fail
}

// runSpec is the body of every spec. The check runs in a goroutine of its own that never touches Ginkgo, whose state is
// global: one that outlives its limit can neither fail, nor feed, nor slow the next spec.
func (x *execution) runSpec(ctx context.Context, s *Spec) {
	rec := wire.NewRecorder(s.Requirement)
	if s.Sparse > 0 {
		rec = wire.NewSparseRecorder(s.Requirement, s.Sparse)
	}
	r := &record{t: &T{rec: rec, hide: x.hide, settled: settled(s, x.declared)}, repeated: x.records[s] != nil}
	x.records[s] = r
	x.tell(s, "", 0)
	started := time.Now()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if x.ctx != nil {
		defer context.AfterFunc(x.ctx, stop)() //nolint:contextcheck // the run's context ends the spec besides Ginkgo's
	}
	if check := x.ready(ctx, s, r.t); check != nil {
		before := x.keys()
		x.check(ctx, s, r, check)
		r.keys = x.keys() - before
		if why := x.jumped(); why != "" {
			r.end, r.why, x.aborted = brokenOff, why, why
		}
	}
	r.t.close()
	r.elapsed = time.Since(started)
	x.done++
	o := x.outcome(s)
	x.tell(s, o.Outcome, r.elapsed)
	x.lookAfter(ctx, s, r, o)
	switch o.Outcome {
	case reports.Passed:
	case reports.Failed, reports.Errored:
		ginkgo.Fail(o.Reason)
	default:
		ginkgo.Skip(o.Reason)
	}
}

// check runs the check until it ends, or its time does. What it did after that counts for nothing.
func (x *execution) check(outer context.Context, s *Spec, r *record, check func(context.Context, *T)) {
	ctx, stop := context.WithTimeout(outer, s.Limit)
	defer stop()
	over := make(chan ended, 1)
	go guarded(func() { check(r.t.rec.With(ctx), r.t) }, over)
	select {
	case e := <-over:
		r.end, r.why = e.ending, e.where
	case <-ctx.Done():
	}
	late := ctx.Err() != nil // also when it ended just then: what it saw may be its own cancelled requests
	r.t.close()
	r.t.rec.Seal()
	if !late {
		return
	}
	running := r.end == unbegun
	r.end = timedOut
	if outer.Err() != nil {
		r.end, r.why = brokenOff, x.stopped(outer)
	}
	if running {
		select {
		case <-over:
		case <-time.After(grace):
		}
	}
}

// interrupted is why a run ends on Ctrl-C.
const interrupted = "the run was interrupted"

// stopped says why a run ends early, and that it does.
func (x *execution) stopped(ctx context.Context) string {
	if x.ctx != nil && x.ctx.Err() != nil {
		x.aborted = interrupted
		return x.aborted
	}
	if why := x.overtime(); why != "" {
		return why
	}
	if x.ctx != nil {
		select { // Ginkgo hears of Ctrl-C, too, and may be the first
		case <-x.ctx.Done():
			return x.stopped(ctx)
		case <-time.After(grace):
		}
	}
	return context.Cause(ctx).Error() // Ginkgo's words: "Interrupted by User"
}

// overtime says that a run's time is over, "" while it has some.
func (x *execution) overtime() string {
	if x.limit <= 0 || time.Since(x.began) < x.limit {
		return ""
	}
	return fmt.Sprintf("its time was over, %s for all checks; run it again with a longer --timeout", x.limit)
}

// clockJump is how far a machine's clock may be set while a run is on.
const clockJump = 2 * time.Second

// jumped says that this machine's clock was set since the run began: everything that is signed, and everything that expires,
// goes by it.
func (x *execution) jumped() string {
	early := time.Since(x.began)
	wall := x.subject.clock().Round(0).Sub(x.wall)
	late := time.Since(x.began)
	by := wall - late
	switch { // a machine that is busy reads its two clocks at different times
	case wall < early:
		by = wall - early
	case wall <= late:
		return ""
	}
	if by.Abs() <= clockJump {
		return ""
	}
	return fmt.Sprintf("this machine's clock was set by %s while the run was on, and requests are dated by it; run it again", by.Round(time.Second))
}

// ended is how a check's goroutine ended, and where if it panicked.
type ended struct {
	ending
	where string
}

// guarded runs a check and sends how it ended.
func guarded(check func(), over chan<- ended) {
	e := ended{ending: exited}
	defer func() { over <- e }()
	defer func() {
		if v := recover(); v != nil {
			e = ended{panicked, origin()}
		}
	}()
	check()
	e.ending = returned
}

// origin is where a panic that is being recovered from began. What was panicked with is not told: it may hold a secret.
func origin() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	begun := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			begun = true
		case begun && !strings.HasPrefix(f.Function, "runtime.") && !strings.Contains(f.Function, "/onsi/"):
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

func (x *execution) keys() int {
	if x.written == nil {
		return 0
	}
	return x.written()
}

// ready is what is to be run of a spec. One that can't run it settles: what it stands on is missing, or the bucket is not to be
// written to.
func (x *execution) ready(ctx context.Context, s *Spec, t *T) (check func(context.Context, *T)) {
	if len(x.problems) > 0 {
		x.aborted = strings.Join(x.problems, "; ")
	}
	if x.aborted == "" && (ctx.Err() != nil || (x.ctx != nil && x.ctx.Err() != nil)) {
		x.aborted = x.stopped(ctx)
	}
	if x.aborted != "" {
		t.settle(reports.Errored, "the run was broken off before this spec: "+x.aborted, "", "")
		return nil
	}
	if o, on, why := x.blockedBy(s); why != "" {
		t.standsOn = on
		t.settle(o, why, "", "")
		return nil
	}
	if s.Cost.Objects == 0 {
		return s.Check
	}
	if !x.prepared {
		x.prepared = true
		if x.prepare != nil {
			x.prepErr = errors.New("it was broken off") // until it returns
			x.prepErr = x.prepare(ctx)
		}
	}
	if x.prepErr == nil {
		return s.Check
	}
	if n := (*NotRunError)(nil); errors.As(x.prepErr, &n) {
		t.settle(reports.NotRun, n.Reason, "", "")
		return nil
	}
	if m := (*markError)(nil); errors.As(x.prepErr, &m) && s.decidedBy(m.said) {
		return func(ctx context.Context, t *T) {
			t.Observe("the run's marker, the first object that it writes and reads, is refused: %s", m.said)
			if advise := s.Marker[m.said.Op]; advise != nil {
				advise(ctx, t)
			}
			t.Fail(m.said.Op+" below the run's prefix is allowed", m.said.Error())
		}
	}
	t.settle(reports.Errored, fmt.Sprintf("the run could not get ready to write: %s", x.prepErr), "", "")
	return nil
}

// decidedBy reports whether what the store said to the run's marker decides the spec.
func (s *Spec) decidedBy(said *bucket.Error) bool {
	_, listed := s.Marker[said.Op]
	return listed && said.Kind == bucket.KindDenied
}

// markError says that the run's marker could not be written, and what the store said.
type markError struct {
	err  error
	said *bucket.Error
}

func (e *markError) Error() string { return e.err.Error() }
func (e *markError) Unwrap() error { return e.err }

// NotRunError says that writing was left out to protect the bucket, and why.
type NotRunError struct{ Reason string }

func (e *NotRunError) Error() string { return e.Reason }

// became says of an outcome that keeps others from being decided what happened.
func became(o reports.Outcome) string {
	switch o {
	case reports.Failed:
		return "failed"
	case reports.Errored:
		return "could not be decided"
	}
	return "was " + string(o)
}

// standsOn begins the reason of a spec that could decide nothing because of another requirement.
const standsOn = "it stands on "

// blockedBy says which requirement that a spec stands on has failed, is undecided by error, or was left out, and what the
// spec is then. What is only unverified, or does not apply, doesn't keep others from being seen.
func (x *execution) blockedBy(s *Spec) (o reports.Outcome, on, why string) {
	for _, need := range s.Needs {
		f, bound := x.requirement(need)
		if !bound {
			continue
		}
		switch {
		case f.StandsOn != "" && f.Outcome == reports.Errored: // the root is what there is to mend
			return reports.Errored, f.StandsOn, f.Reason
		case f.Outcome == reports.Failed || f.Outcome == reports.Errored:
			return reports.Errored, need, fmt.Sprintf(standsOn+"%s, which %s", need, became(f.Outcome))
		case f.Outcome == reports.NotRun:
			o, on, why = reports.NotRun, need, fmt.Sprintf(standsOn+"%s, which %s", need, became(f.Outcome))
		}
	}
	return o, on, why
}
