package run

import (
	"context"
	"fmt"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// Swept is what a sweep did about one run's leftovers.
type Swept struct {
	Run     string        `json:"run"`
	Prefix  string        `json:"prefix"`
	Started time.Time     `json:"started,omitzero"`
	Removed int           `json:"removed"`
	Kept    []bucket.Kept `json:"kept,omitempty"`
	Left    string        `json:"left,omitempty"`    // why it was left alone; "" when it was swept
	Foreign bool          `json:"foreign,omitempty"` // it only looks like a run's: there is no marker of ours
}

// SweepOptions say how far a sweep goes.
type SweepOptions struct {
	Program string
	DryRun  bool // look, and remove nothing
	Running bool // also runs that may still be going on
}

// Sweep removes what runs that crashed left below an address's sub-path: it goes by each run's marker alone, and every
// removal is guarded by that run's prefix.
func Sweep(ctx context.Context, target Target, o SweepOptions) ([]Swept, error) {
	c := &certification{target: target, o: Options{Program: o.Program}, started: time.Now().UTC(), subject: &Subject{Kind: KindBucket}}
	c.runID = NewRunID(c.started)
	a, err := parse(target)
	if err != nil {
		return nil, &UsageError{err}
	}
	c.subject.Address = a
	if err := c.connect(ctx); err != nil {
		return nil, &UsageError{err}
	}
	defer c.close()
	if c.subject.OpenError != nil {
		return nil, &UsageError{c.subject.OpenError}
	}
	rec := wire.NewRecorder("")
	ctx = rec.With(ctx)
	found, err := c.subject.Bucket.Leftovers(ctx, a.Path)
	if err != nil {
		return nil, err
	}
	var out []Swept
	for _, l := range found {
		s := Swept{Run: l.Run, Prefix: wire.Clean(l.Prefix, c.secrets()), Started: l.Marker.Started, Left: l.Why, Foreign: l.Why != ""}
		switch {
		case s.Left != "":
		case l.Marker.Running(time.Now()) && !o.Running:
			s.Left = fmt.Sprintf("it may still be running, until %s (remove it all the same with --running)", l.Marker.Until.Format(time.RFC3339))
		case o.DryRun:
			s.Left = "only looked at (--dry-run)"
		default:
			if s.Removed, s.Kept, err = c.sweepRun(ctx, l); err != nil {
				return append(out, s), err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// sweepRun removes one run's leftovers through a guard of its own.
func (c *certification) sweepRun(ctx context.Context, l bucket.Leftover) (int, []bucket.Kept, error) {
	g, err := wire.NewGuard(scopeOf(c.subject.Address, c.service, l.Prefix))
	if err != nil {
		return 0, nil, err
	}
	g.Stop()
	w := c.wire(g)
	defer w.CloseIdle()
	o := c.subject.open
	o.HTTP = w.Client()
	b, err := bucket.Open(ctx, c.subject.Address, o)
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, CleanUpLimit)
	defer cancel()
	cleaned, err := b.Clean(ctx, l.Prefix, nil)
	if err != nil {
		return cleaned.Removed, cleaned.Kept, fmt.Errorf("sweep run %s: %w", l.Run, err)
	}
	if why := b.Unseen(ctx, cleaned); why != "" {
		cleaned.Kept = append(cleaned.Kept, bucket.Kept{Key: l.Prefix, Version: "unknown", Why: why})
	}
	return cleaned.Removed, cleaned.Kept, nil
}
