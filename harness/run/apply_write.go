package run

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// put writes one document and looks what became of it.
func (a *Application) put(ctx context.Context, p *Planned) Applied {
	now, err := p.document.read(ctx)
	if err != nil {
		e := a.refusal(p, "read", err)
		return Applied{Name: p.Name, State: AppliedRefused, Why: "before it was written, " + e.Problem + "; nothing was written", Hint: e.Hint}
	}
	if !unchanged(p, p.before, now) {
		return Applied{Name: p.Name, State: AppliedChanged, Why: "it is not what it was when the difference was shown: somebody else has changed it meanwhile; nothing was written",
			Hint: "run it again, and look at the new difference"}
	}
	err = p.document.write(ctx, p.prescribed, now)
	var guard *wire.GuardError
	if kind := bucket.Classify("", err); err != nil && (errors.As(err, &guard) || kind.Kind.Definite()) {
		e := a.refusal(p, "write", err)
		state := AppliedRefused
		if kind.Kind == bucket.KindPrecondition {
			state = AppliedChanged
		}
		return Applied{Name: p.Name, State: state, Why: e.Problem + "; nothing was written", Hint: e.Hint}
	}
	return a.judge(ctx, p, err)
}

// unchanged reports whether a document is still in the state in which it was read.
func unchanged(p *Planned, was, is bucket.Document) bool {
	return (was.Raw == nil) == (is.Raw == nil) && was.Rest == is.Rest &&
		(bytes.Equal(was.Raw, is.Raw) || was.Raw != nil && was.Turn == is.Turn && p.document.same(was.Raw, is.Raw))
}

// settled reads a document until it is what was written, or the time for that is over: then it is what was seen last.
func (a *Application) settled(ctx context.Context, p *Planned, want []byte) (got bucket.Document, same bool, err error) {
	end := time.Now().Add(a.need.Settle)
	for {
		if got, err = p.document.read(ctx); err == nil && got.Raw != nil && p.document.same(got.Raw, want) {
			return got, true, nil
		}
		if time.Now().Add(settleStep).After(end) {
			return got, false, err
		}
		select {
		case <-ctx.Done():
			return got, false, err
		case <-time.After(settleStep):
		}
	}
}

// judge says what became of a write; unanswered is what there was in the place of an answer, nil for success.
func (a *Application) judge(ctx context.Context, p *Planned, unanswered error) Applied {
	out := Applied{Name: p.Name, State: AppliedWritten}
	got, same, err := a.settled(ctx, p, p.prescribed)
	switch {
	case same && got.Rest == p.before.Rest:
		return out
	case same:
		out.State, out.Why = AppliedBroken, "it is there as it was written, and something beside it in the same document has changed, which was not written"
		out.Hint, out.Previous = "compare with what you keep of the blob service's properties", a.previous(p)
		return out
	case err != nil:
		e := a.refusal(p, "read", err)
		out.State, out.Why, out.Hint, out.Previous = AppliedUnknown, "it was written, and can't be read back: "+e.Problem, "look at it by hand; what was there before is printed below", a.previous(p)
		return out
	case (got.Raw == nil) == (p.before.Raw == nil) && (got.Raw == nil || p.document.same(got.Raw, p.before.Raw)):
		out.State, out.Why = AppliedIgnored, "the store acknowledged it, and still has what was there before"
		out.Hint = "the store, or what stands before it, does not take this document: set it by the store's own tools, and run it again"
		if unanswered != nil {
			out.Why = "the store did not answer, and has what was there before: " + a.refusal(p, "write", unanswered).Problem
			out.Hint = "run it again"
		}
		return out
	}
	return a.putBack(ctx, p, got)
}

// putBack puts the previous document in the place of one that the store made of what was written, if nobody else can have
// written it: nothing stands in it that was neither there before nor written now.
func (a *Application) putBack(ctx context.Context, p *Planned, got bucket.Document) Applied {
	out := Applied{Name: p.Name, State: AppliedBroken, Why: "the store acknowledged it, and has something else than was written", Previous: a.previous(p)}
	switch {
	case got.Raw != nil && !p.document.within(got.Raw, p.before.Raw, p.prescribed):
		out.State = AppliedChanged
		out.Why = "it was written, and is not what was written: there is something in it that was neither there before nor written, so somebody else has changed it at the same time; it was left as it is"
		out.Hint = "compare with what was there before, printed below, and run it again"
		return out
	case p.before.Raw == nil:
		out.Why += "; there was none before, and none is removed from here"
		out.Hint = "look at it, and remove it by the store's own tools if it does harm"
		return out
	}
	err := p.document.write(ctx, p.before.Raw, got)
	if err == nil {
		_, same, rerr := a.settled(ctx, p, p.before.Raw)
		if same {
			out.State, out.Previous = AppliedRestored, ""
			out.Why += "; what was there before was put back, and read back the same"
			out.Hint = "this store can't keep what is prescribed: set it by the store's own tools, and look at what it makes of it"
			return out
		}
		err = rerr
	}
	out.Why += "; what was there before could not be put back"
	if err != nil {
		out.Why += ": " + a.refusal(p, "write", err).Problem
	}
	out.Hint = "put back by hand what is printed below"
	return out
}

// previous is the document as it was, to be put back by hand.
func (a *Application) previous(p *Planned) string {
	if p.before.Raw == nil {
		return "none"
	}
	return indentedJSON(p.before.Raw)
}
