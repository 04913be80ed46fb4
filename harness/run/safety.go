package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reports"
)

// Limits of what surrounds the specs.
const (
	// CleanUpLimit is how long removing what a run wrote may take, after its specs.
	CleanUpLimit    = 60 * time.Second
	prepareLimit    = 20 * time.Second
	cleanUpEach     = 50 * time.Millisecond // an object besides
	prepareRequests = 60
	markerBytes     = 4 << 10
	cleanUpRequests = 3000 // a listing without an end is no reason to go on for ever
)

// safety is what a run does around its specs so that the bucket is afterwards as it was before.
type safety struct {
	rec       *wire.Recorder
	announced []string
	retention bucket.Retention
	before    map[string]string // nil means that it was not read
	outcome   reports.Safety
}

// prepare runs before the first write: what would keep an object alive is found and said, the bucket's configuration is
// read, and the run's marker is written.
func (c *certification) prepare(ctx context.Context) error {
	s := &c.safety
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
	m, err := bucket.NewMarker(c.subject.Address.Path, c.runID, c.started, c.o.Limit+c.cleanUpLimit())
	if err != nil {
		return err
	}
	c.guard.Begin()
	if err := b.Mark(ctx, m); err != nil {
		return &markError{err, bucket.Classify("write the run's marker", err)}
	}
	return nil
}

// announce says what would keep objects alive. It returns the reason not to write at all, if there is one.
func (c *certification) announce() (keeps string) {
	r := &c.safety.retention
	say := func(format string, a ...any) { c.say(fmt.Sprintf(format, a...)) }
	var reasons []string
	for _, k := range []string{r.Lock, r.LegalHold} {
		if k != "" {
			say("%s: what this run writes can't be removed until then", k)
			reasons = append(reasons, k)
		}
	}
	switch {
	case r.Versioning == "on" || r.Versioning == "suspended":
		say("versioning is %s: versions and delete markers of this run are removed too; where that is not permitted they remain with the run's marker, and are listed", r.Versioning)
	case strings.HasPrefix(r.Versioning, "unknown"):
		say("whether versioning is on could not be read (%s): old versions of what this run writes may remain", strings.TrimPrefix(r.Versioning, "unknown: "))
	}
	if r.Soft != "" {
		say("%s: what this run removes is kept for that time", r.Soft)
	}
	for _, u := range r.Unreadable {
		say("not readable, so not known: %s; %s", u, readingAdvice(c.subject.Address.Provider, u))
	}
	return strings.Join(reasons, "; ")
}

// cleanUpLimit is how long cleaning up may take: longer after a load of many objects, each of which may have versions.
func (c *certification) cleanUpLimit() time.Duration {
	return CleanUpLimit + time.Duration(c.objects)*cleanUpEach
}

// say tells whoever makes the run something, and keeps it for the result.
func (c *certification) say(line string) {
	line = wire.Clean(line, c.secrets())
	c.safety.announced = append(c.safety.announced, line)
	if c.o.Announce != nil {
		c.o.Announce(line)
	}
}

// readingAdvice says which right lets a run read what would keep its objects alive, and how else to be sure of it.
func readingAdvice(p address.Provider, what string) string {
	sure := "be sure that the bucket has no default retention: what a run writes under one can't be removed before its end"
	switch {
	case p == address.GCP:
		return "grant storage.buckets.get, or " + sure
	case p == address.Azure:
		return "use the account's key or a role that reads the container's and the blob service's properties, or " + sure
	case strings.HasPrefix(what, "versioning"):
		return "grant s3:GetBucketVersioning"
	}
	return "grant s3:GetBucketObjectLockConfiguration to the run (it is not among W&B's eleven actions), or " + sure
}

// cleanUp removes what the run wrote and compares the bucket's configuration. It also runs when the run was interrupted.
// Whatever the guard let through is looked for, whether or not the run had got ready to write.
func (c *certification) cleanUp(ctx context.Context) {
	s := &c.safety
	out := &s.outcome
	out.Prefix, out.Announced, out.CleanUp, out.ConfigurationUnchanged = wire.Clean(c.subject.Prefix, c.secrets()), s.announced, reports.NothingWritten, notReadable
	defer s.rec.Seal()
	if c.subject.Kind == KindConnector {
		c.cleanYard(ctx)
		return
	}
	if c.subject.Wire != nil {
		defer func() { out.Requests = c.subject.Wire.Requests() }()
	}
	if c.guard == nil {
		return
	}
	c.guard.Stop()
	c.guard.Allow(c.subject.Wire.Requests()+cleanUpRequests+4*c.guard.Count(), 0)
	out.ObjectsWritten, out.BytesWritten = c.guard.Written()
	if b := c.subject.Bucket; b != nil && c.guard.Count() > 0 {
		ctx, cancel := context.WithTimeout(s.rec.With(context.WithoutCancel(ctx)), c.cleanUpLimit())
		defer cancel()
		var after map[string]string
		err := c.remove(ctx, b)
		if err == nil { // a store that doesn't answer is not asked for one document after the other
			after, err = b.Configuration(ctx)
		}
		out.ConfigurationUnchanged, out.ConfigurationUnread = compare(s.before, after, err)
	}
}

// remove removes everything below the run's prefix, and says what stays. The error is that it can't be told.
func (c *certification) remove(ctx context.Context, b *bucket.Bucket) error {
	out, secrets := &c.safety.outcome, c.secrets()
	cleaned, err := b.Clean(ctx, c.subject.Prefix, c.guard.Left())
	out.Removed, out.CleanUp = cleaned.Removed, reports.Complete
	unannounced := 0
	for _, k := range cleaned.Kept {
		announced := c.expected(ctx, b, k)
		if !announced && k.Key != c.subject.Prefix+bucket.MarkerName {
			unannounced++
		}
		out.Kept = append(out.Kept, reports.Kept{Key: wire.Clean(k.Key, secrets), Version: k.Version, Why: wire.Clean(k.Why, secrets), Announced: announced})
	}
	for i, k := range cleaned.Kept { // the marker stays for the sake of what it marks
		if k.Key == c.subject.Prefix+bucket.MarkerName && len(out.Kept) > 1 && unannounced == 0 {
			out.Kept[i].Announced = true
		}
	}
	if v := c.safety.retention.Versioning; v != "" && v != "off" && !cleaned.Versions {
		for _, key := range c.guard.Keys() {
			out.Kept = append(out.Kept, reports.Kept{Key: wire.Clean(key, secrets), Version: "unknown", Announced: true,
				Why: "versioning is not off, and versions can't be listed: old versions and delete markers may remain"})
		}
	}
	switch {
	case err != nil:
		out.CleanUp = "incomplete: " + wire.Clean(bucket.Classify("clean up", err).Error(), secrets)
	case slices.ContainsFunc(out.Kept, func(k reports.Kept) bool { return !k.Announced }):
		out.CleanUp = fmt.Sprintf("incomplete: %d kept", len(out.Kept))
	}
	return err
}

// expected reports whether it was said before the first write that such a thing would stay: anything where retention was
// accepted, and an old version where versioning is on. An object that can still be read was never announced.
func (c *certification) expected(ctx context.Context, b *bucket.Bucket, k bucket.Kept) bool {
	r := &c.safety.retention
	switch {
	case k.Version == "upload":
		return false
	case r.Lock != "" || r.LegalHold != "":
		return true
	case r.Versioning == "" || r.Versioning == "off" || k.Version == "":
		return false
	}
	_, err := b.Head(ctx, k.Key)
	return err != nil && bucket.Classify("head object", err).Kind == bucket.KindNoSuchKey
}

// notReadable is what is known of a configuration that this identity may not read.
const notReadable = "not readable"

// compare says whether two readings of a bucket's configuration are the same: "yes", "yes, as far as it could be read",
// "no", "not readable" where it could not be read to begin with, and "unknown: why" where it could be read before and not
// after; and what could not be read.
func compare(before, after map[string]string, err error) (same string, unread []string) {
	for _, k := range slices.Sorted(maps.Keys(before)) {
		if why, ok := strings.CutPrefix(before[k], bucket.Unreadable); ok {
			unread = append(unread, k+" ("+why+")")
		}
	}
	if same = compared(before, after, err); same == "yes" && len(unread) > 0 {
		same = reports.UnchangedAsRead
	}
	return same, unread
}

func compared(before, after map[string]string, err error) string {
	unreadable := func(v string) bool { return strings.HasPrefix(v, bucket.Unreadable) }
	read := slices.DeleteFunc(slices.Sorted(maps.Keys(before)), func(k string) bool { return unreadable(before[k]) })
	switch {
	case before == nil || (len(before) > 0 && len(read) == 0):
		return notReadable
	case err != nil:
		return "unknown: it could be read before the run, and not after"
	}
	for _, k := range read {
		if unreadable(after[k]) {
			return "unknown: " + k + " could be read before the run, and not after"
		}
		if v, ok := after[k]; !ok || v != before[k] {
			return "no"
		}
	}
	for k, v := range after {
		if _, ok := before[k]; ok {
			continue
		}
		if unreadable(v) {
			return "unknown: " + k + " was not set before the run, and could not be read after"
		}
		return "no"
	}
	return "yes"
}
