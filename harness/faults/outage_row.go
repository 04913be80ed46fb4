package faults

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// limits are the fault's own, and impatient's where it has none.
func (f Fault) limits() wire.Limits {
	return wire.Limits{Dial: cmp.Or(f.Limits.Dial, impatient.Dial), Handshake: cmp.Or(f.Limits.Handshake, impatient.Handshake),
		Answer: cmp.Or(f.Limits.Answer, impatient.Answer), Transfer: cmp.Or(f.Limits.Transfer, impatient.Transfer)}
}

// outage holds a result against an outage: what the fault names and whatever met it is errored, what stands on that may be, and
// nothing else has changed. Nothing fails and nothing passes by an outage.
func (r *Row) outage(o *outage, began map[string]time.Time, sound, got *reports.Result) {
	was := map[string]reports.Outcome{}
	for _, l := range sound.Requirements {
		was[l.ID] = l.Outcome
	}
	forGood := !o.started().IsZero() // then a run may end early
	var must []string
	if len(r.Undecides) > 0 { // without, it harms nothing
		must = append(slices.Clone(r.Undecides), o.mustErr(sound, began)...)
	}
	wrong := func(format string, a ...any) { r.Wrong = append(r.Wrong, fmt.Sprintf(format, a...)) }
	for _, l := range got.Requirements {
		decided := was[l.ID] != reports.NotRun && was[l.ID] != reports.Unverified
		switch {
		case l.Outcome == reports.Errored && l.Reason == "":
			wrong("%s is errored, and nobody says why", l.ID)
		case slices.Contains(must, l.ID) && l.Outcome == reports.Errored,
			len(must) > 0 && l.Outcome == reports.Errored && (standsOn(l) || forGood && brokenOff(l)):
			r.Undecided = append(r.Undecided, l.ID)
		case slices.Contains(must, l.ID) && decided:
			wrong("%s should be errored, and is %s: %s", l.ID, l.Outcome, strings.TrimSpace(l.Reason+" "+l.Actual))
		case l.Outcome != was[l.ID]:
			r.stumbled(l)
			wrong("%s was %s, and is %s: %s", l.ID, was[l.ID], l.Outcome, strings.TrimSpace(l.Reason+" "+l.Actual))
		}
	}
	if len(must) > 0 && len(r.Undecided) == 0 {
		wrong("not noticed: nothing that it keeps from being decided is errored")
	}
}

// left says what a run under an outage left, and did not say: it had its time and no more, nothing was sent twice, and what it
// could not remove is told, and removed by a sweep once there are answers again.
func (o *outage) left(ctx context.Context, b *stores.Bucket, before state, asked run.Options, got *reports.Result) (wrong []string) {
	if took, most := got.Run.Finished.Sub(got.Run.Started), asked.Limit+run.CleanUpLimit; took > most {
		wrong = append(wrong, fmt.Sprintf("the run took %s, and had %s", took.Round(time.Second), most))
	}
	if o.repeated(got.Safety.Requests) {
		wrong = append(wrong, fmt.Sprintf("%d requests were sent, and more came: something repeats them", got.Safety.Requests))
	}
	if len(before.differs(ctx, b, false)) == 0 {
		return wrong
	}
	if s := got.Safety; s.CleanUp == reports.Complete || s.CleanUp == reports.NothingWritten {
		wrong = append(wrong, "something was left behind, and the clean-up is said to be: "+s.CleanUp)
	}
	o.end()
	way := b.Network
	if b.Direct.RootCAs != nil {
		way = b.Direct
	}
	swept, err := run.Sweep(ctx, run.Target{Address: b.Address, Network: way}, run.SweepOptions{Program: asked.Program})
	if err != nil {
		return append(wrong, "what was left could not be swept: "+err.Error())
	}
	for _, s := range swept {
		if !s.Foreign && (s.Left != "" || len(s.Kept) > 0) {
			wrong = append(wrong, fmt.Sprintf("a sweep leaves %s: %s, %d kept", s.Prefix, s.Left, len(s.Kept)))
		}
	}
	for _, d := range before.differs(ctx, b, false) {
		wrong = append(wrong, "after a sweep: "+d)
	}
	return wrong
}

// standsOn reports whether a requirement could not be decided because of another.
func standsOn(l reports.Requirement) bool { return strings.HasPrefix(l.Reason, "it stands on ") }

// brokenOff reports whether a requirement's turn didn't come.
func brokenOff(l reports.Requirement) bool {
	return strings.HasPrefix(l.Reason, "the run was broken off before this spec: ")
}
