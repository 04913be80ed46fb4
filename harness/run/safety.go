package run

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// Limits of what surrounds the specs.
const (
	prepareLimit    = 20 * time.Second
	cleanUpLimit    = 60 * time.Second
	prepareRequests = 60
	markerBytes     = 4 << 10
)

// safety is what a run does around its specs so that the bucket is afterwards as it was before.
type safety struct {
	rec       *wire.Recorder
	announced []string
	retention bucket.Retention
	before    map[string]string
	marked    bool // a marker may have been written
	outcome   reports.Safety
}

// prepare runs before the first write: what would keep an object alive is found and said, the bucket's configuration is
// read, and the run's marker is written.
func (c *certification) prepare(ctx context.Context) error {
	s := &c.safety
	s.rec = wire.NewRecorder("")
	ctx, cancel := context.WithTimeout(s.rec.With(ctx), prepareLimit)
	defer cancel()
	b := c.subject.Bucket
	if b == nil {
		return fmt.Errorf("the bucket could not be opened: %w", c.subject.OpenError)
	}
	var err error
	if s.retention, err = b.Retention(ctx); err != nil {
		return fmt.Errorf("what the bucket keeps could not be read: %w", err)
	}
	keeps := c.announce()
	if keeps != "" && !c.target.AcceptRetention {
		return &NotRunError{Reason: "left out to protect the bucket: " + keeps + " (allow it with --accept-retention)"}
	}
	if s.before, err = b.Configuration(ctx); err != nil {
		return fmt.Errorf("the bucket's configuration could not be read: %w", err)
	}
	m, err := bucket.NewMarker(c.subject.Address.Path, c.runID, c.started, c.o.Limit+cleanUpLimit)
	if err != nil {
		return err
	}
	s.marked = true
	return b.Mark(ctx, m)
}

// announce says what would keep objects alive. It returns the reason not to write at all, if there is one.
func (c *certification) announce() (keeps string) {
	r := &c.safety.retention
	say := func(format string, a ...any) {
		line := fmt.Sprintf(format, a...)
		c.safety.announced = append(c.safety.announced, line)
		if c.o.Announce != nil {
			c.o.Announce(line)
		}
	}
	var reasons []string
	for _, k := range []string{r.Lock, r.LegalHold} {
		if k != "" {
			say("%s: what this run writes can't be removed until then", k)
			reasons = append(reasons, k)
		}
	}
	switch {
	case r.Versioning == "on" || r.Versioning == "suspended":
		say("versioning is %s: versions and delete markers of this run are removed too; where that is not permitted they remain, and are listed", r.Versioning)
	case strings.HasPrefix(r.Versioning, "unknown"):
		say("whether versioning is on could not be read (%s): old versions of what this run writes may remain", strings.TrimPrefix(r.Versioning, "unknown: "))
	}
	if r.Soft != "" {
		say("%s: what this run removes is kept for that time", r.Soft)
	}
	for _, u := range r.Unreadable {
		say("not readable, so not known: %s", u)
	}
	return strings.Join(reasons, "; ")
}

// versioned reports whether old versions were announced to stay where they can't be removed.
func (s *safety) versioned() bool {
	return s.retention.Versioning != "" && s.retention.Versioning != "off"
}

// cleanUp removes what the run wrote and compares the bucket's configuration. It also runs when the run was interrupted.
func (c *certification) cleanUp(ctx context.Context) {
	s := &c.safety
	out := &s.outcome
	out.Prefix, out.Announced, out.CleanUp, out.ConfigurationUnchanged = c.subject.Prefix, s.announced, reports.NothingWritten, "not readable"
	if c.subject.Wire != nil {
		defer func() { out.Requests = c.subject.Wire.Requests() }()
	}
	if c.guard == nil {
		return
	}
	c.guard.Stop()
	c.guard.Allow(0, 0)
	out.ObjectsWritten, out.BytesWritten = c.guard.Written()
	if !s.marked {
		if s.before != nil {
			out.ConfigurationUnchanged = "yes"
		}
		return
	}
	ctx, cancel := context.WithTimeout(s.rec.With(context.WithoutCancel(ctx)), cleanUpLimit)
	defer cancel()
	b := c.subject.Bucket
	cleaned, err := b.Clean(ctx, c.subject.Prefix, c.guard.Keys())
	out.Removed, out.CleanUp = cleaned.Removed, reports.Complete
	for _, k := range cleaned.Kept {
		out.Kept = append(out.Kept, reports.Kept{Key: k.Key, Version: k.Version, Why: k.Why, Announced: c.expected(k)})
	}
	switch {
	case err != nil:
		out.CleanUp = "incomplete: " + err.Error()
	case len(out.Kept) > 0 && !allAnnounced(out.Kept):
		out.CleanUp = fmt.Sprintf("incomplete: %d kept", len(out.Kept))
	}
	after, err := b.Configuration(ctx)
	out.ConfigurationUnchanged = compare(s.before, after, err)
	s.rec.Seal()
}

// expected reports whether it was said before the first write that such a thing would stay: an old version where
// versioning is on, anything where retention is.
func (c *certification) expected(k bucket.Kept) bool {
	r := &c.safety.retention
	return r.Lock != "" || r.LegalHold != "" || (c.safety.versioned() && k.Version != "" && k.Version != "upload")
}

func allAnnounced(kept []reports.Kept) bool {
	for _, k := range kept {
		if !k.Announced {
			return false
		}
	}
	return true
}

// compare says whether two readings of a bucket's configuration are the same.
func compare(before, after map[string]string, err error) string {
	if err != nil || len(before) == 0 {
		return "not readable"
	}
	if !maps.Equal(before, after) {
		return "no"
	}
	for _, v := range before {
		if !strings.HasPrefix(v, bucket.Unreadable) {
			return "yes"
		}
	}
	return "not readable"
}
