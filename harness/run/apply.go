package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// Limits of putting documents on a bucket.
const (
	applyLimit  = 2 * time.Minute        // of reading, and again of writing
	settleLimit = 15 * time.Second       // Amazon S3 keeps handing out the former configuration for a while ("Data consistency model")
	settleStep  = 500 * time.Millisecond // between two looks
)

// ApplyNeed says what a bucket needs. Provider, bucket, path and account are the address's.
type ApplyNeed struct {
	policy.Need
	FrontendOrigin string
	Only           []string      // of "cors" and "policy"; none means all that the provider has
	Program        string        // as in a User-Agent
	Settle         time.Duration // how long a store may take to hand out what was written; 0 means 15 s
}

// ApplyError says why nothing is written, and what to do about it.
type ApplyError struct {
	Problem, Hint string
	NoAnswer      bool // nothing is known: the store did not answer
}

func (e *ApplyError) Error() string { return e.Problem }

// unreadableError is a document that was answered, and that is none of its kind.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// Application is what prescribe --apply is about to do to one bucket. Everything that it says is fit to be shown.
type Application struct {
	Bucket   string // the address without credentials
	Identity string
	Planned  []*Planned
	Notes    []string

	need  ApplyNeed
	guard *wire.Guard
	wire  *wire.Transport
	hide  *wire.Hider
	rec   *wire.Recorder
}

// Planned is what is to become of one document.
type Planned struct {
	Name    string // CORS rules, bucket policy, IAM policy
	Stays   string // what is there, and that it stays
	Adds    string // what is added, in the provider's own syntax; "" means that nothing is missing
	Reach   string // whom it concerns besides this bucket; "" is nobody
	Remains []finding.Finding

	which      wire.Configuration
	document   applicable
	before     bucket.Document
	prescribed []byte
}

// Application states.
const (
	AppliedWritten  = "written"   // and read back the same
	AppliedSound    = "unchanged" // nothing was missing
	AppliedRefused  = "refused"   // nothing was written
	AppliedChanged  = "changed in between"
	AppliedIgnored  = "not kept" // the store said yes, and has what it had
	AppliedRestored = "put back" // the store kept something else; what was there before is there again
	AppliedBroken   = "not as written"
	AppliedUnknown  = "not known"
	AppliedSkipped  = "not begun" // since another document went wrong
)

// Applied is what became of one document.
type Applied struct {
	Name, State, Why, Hint string
	Previous               string // the document as it was, where it has to be put back by hand
}

// Good reports whether the bucket now has what is prescribed.
func (a Applied) Good() bool { return a.State == AppliedWritten || a.State == AppliedSound }

// NewApplication reads a bucket's documents and works out what is to be added. Nothing is written, and nothing can be before
// Write. A *UsageError says that it was asked for wrongly, an *ApplyError that something can't be read, or read back, or
// understood: then nothing will be written.
func NewApplication(ctx context.Context, target Target, n ApplyNeed) (*Application, error) {
	a, err := parse(target)
	if err != nil {
		return nil, &UsageError{err}
	}
	n.Provider, n.Bucket, n.Path = string(a.Provider), a.Bucket, a.Path
	if a.Provider == address.Azure {
		n.Account = a.Account
	}
	if n.Edition == "" {
		n.Edition = catalogue.DefaultEdition
	}
	if n.Settle == 0 {
		n.Settle = settleLimit
	}
	c := &certification{target: target, o: Options{Program: n.Program}, started: time.Now().UTC(), subject: &Subject{Kind: KindBucket, Address: a}}
	c.runID = NewRunID(c.started)
	if err := c.connect(ctx); err != nil { // it opens nothing that could write: that guard is held, and not used
		return nil, &UsageError{err}
	}
	c.close()
	if c.subject.OpenError != nil {
		return nil, &UsageError{c.subject.OpenError}
	}
	all, notes := applicables(nil, n.Need, n.FrontendOrigin)
	kinds, err := n.kinds(all)
	if err != nil {
		return nil, &UsageError{err}
	}
	scope := scopeOf(a, c.service, "")
	out := &Application{Bucket: a.Canonical(), Notes: notes, need: n, hide: wire.NewHider(c.secrets()), rec: wire.NewRecorder("")}
	if out.guard, err = wire.NewConfigurationGuard(scope, kinds...); err != nil {
		return nil, &UsageError{err}
	}
	out.wire = c.wire(out.guard)
	o := c.subject.open
	o.HTTP = out.wire.Client()
	configurer, identity, err := bucket.OpenConfigurer(ctx, a, o)
	if err != nil {
		return nil, &UsageError{err}
	}
	out.Identity = identity
	all, _ = applicables(configurer, n.Need, n.FrontendOrigin)
	ctx, cancel := context.WithTimeout(out.rec.With(ctx), applyLimit)
	defer cancel()
	for _, k := range kinds {
		p := &Planned{Name: nameOf(k, n.Provider), which: k, document: all[k]}
		if err := out.plan(ctx, p); err != nil {
			out.Close()
			return nil, err
		}
		out.Planned = append(out.Planned, p)
	}
	return out, nil
}

// kinds are the documents to write, in their order.
func (n *ApplyNeed) kinds(all map[wire.Configuration]applicable) (out []wire.Configuration, err error) {
	for _, want := range n.Only {
		if k := wire.Configuration(want); all[k] == nil {
			return nil, fmt.Errorf("%q is no document that can be put on a bucket of %s", want, n.Provider)
		}
	}
	for _, k := range []wire.Configuration{wire.Rules, wire.Policy} {
		if all[k] != nil && (len(n.Only) == 0 || slices.Contains(n.Only, string(k))) {
			out = append(out, k)
		}
	}
	return out, nil
}

func nameOf(k wire.Configuration, provider string) string {
	switch {
	case k == wire.Rules:
		return "CORS rules"
	case provider == policy.GCP:
		return "IAM policy"
	}
	return "bucket policy"
}

// plan reads one document, and works out what is missing.
func (a *Application) plan(ctx context.Context, p *Planned) (err error) {
	if p.before, err = p.document.read(ctx); err != nil {
		return a.refusal(p, "read", err)
	}
	if err := p.document.merge(p); err != nil {
		e := (*ApplyError)(nil)
		if !errors.As(err, &e) {
			e = &ApplyError{Problem: err.Error(), Hint: "nothing was written; bucketproof review says more of a document"}
		}
		return &ApplyError{Problem: a.hide.Clean(p.Name + ": " + e.Problem), Hint: e.Hint}
	}
	final := p.before.Raw
	if p.Adds != "" {
		final = p.prescribed
	}
	for _, f := range p.document.findings(final) {
		if f.State == finding.Broken && !f.Control {
			f.Actual, f.Fix, f.What = a.hide.Clean(f.Actual), a.hide.Clean(f.Fix), a.hide.Clean(f.What)
			p.Remains = append(p.Remains, f)
		}
	}
	p.Adds = a.hide.Clean(p.Adds)
	return nil
}

// refusal says why a document can't be read or written, naming the right that is missing.
func (a *Application) refusal(p *Planned, doing string, err error) *ApplyError {
	var guard *wire.GuardError
	var foreign *unreadableError
	if errors.As(err, &foreign) {
		return &ApplyError{Problem: a.hide.Clean(foreign.Error()), Hint: "what can't be understood is not added to: mend it first; bucketproof review says more of it"}
	}
	if errors.As(err, &guard) {
		return &ApplyError{Problem: a.hide.Clean(guard.Error()), Hint: "a mistake in the program: please report it"}
	}
	e := bucket.Classify("", err)
	out := &ApplyError{Problem: a.hide.Clean(fmt.Sprintf("the %s can't be %s: %s", p.Name, map[string]string{"read": "read", "write": "written"}[doing], strings.TrimPrefix(e.Error(), ": "))), NoAnswer: !e.Kind.Definite()}
	switch {
	case e.Kind == bucket.KindDenied:
		out.Hint = fmt.Sprintf("%s needs the right %s: act as the bucket's owner (an address without credentials, --aws-profile), or grant it", a.Identity, p.document.right(doing == "write"))
	case e.Kind == bucket.KindPrecondition:
		out.Hint = "somebody else has changed it meanwhile: run it again, and look at the difference"
	case e.Kind == bucket.KindNotImplemented:
		out.Hint = "this store keeps no such document of a bucket: prescribe --as commands prints what else there is; --only leaves it out"
	case out.NoAnswer:
		out.Hint = "run it again: it begins by reading what is there"
	default:
		out.Hint = "bucketproof certify with the same address says what is wrong with it"
	}
	return out
}

// Close ends the connections.
func (a *Application) Close() { a.wire.CloseIdle() }

// Missing reports whether there is anything to write.
func (a *Application) Missing() bool {
	return slices.ContainsFunc(a.Planned, func(p *Planned) bool { return p.Adds != "" })
}

// Write puts what is missing on the bucket, one document after the other: each is read once more before, and read back
// after. It is called once, when whoever asked for it has seen the difference and agreed; after one document that went wrong no
// other is begun.
func (a *Application) Write(ctx context.Context) []Applied {
	ctx, cancel := context.WithTimeout(a.rec.With(ctx), applyLimit)
	defer cancel()
	a.guard.Begin()
	defer a.guard.Stop()
	var out []Applied
	wrong := false
	for _, p := range a.Planned {
		next := Applied{Name: p.Name, State: AppliedSound}
		switch {
		case p.Adds == "":
		case wrong:
			next.State, next.Why = AppliedSkipped, "nothing was written, since another document went wrong"
		default:
			next = a.put(ctx, p)
		}
		next.Why, next.Previous = a.hide.Clean(next.Why), a.hide.Clean(next.Previous)
		out, wrong = append(out, next), wrong || !next.Good()
	}
	return out
}
