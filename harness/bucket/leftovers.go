package bucket

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Kept is something of a run that could not be removed.
type Kept struct {
	Key     string `json:"key"`
	Version string `json:"version,omitempty"`
	Why     string `json:"why"`
}

// Cleaned is what removing a run's leftovers came to.
type Cleaned struct {
	Removed int // objects, versions, delete markers and uploads
	Kept    []Kept
	// Listed says whether keys could be listed: where they couldn't, only those that are known were looked for.
	Listed bool
	// Versions says whether versions could be listed: where they couldn't, a versioned bucket may keep more than Kept says.
	Versions bool
}

// Clean removes everything below a run's prefix: open uploads, objects, their versions and delete markers, the marker
// last, and only when nothing else is left. Keys are those that the run is known to have written to; they are looked for
// even where listing is not permitted. What could not be removed is in Kept; an error means that it can't be told what
// is left.
func (b *Bucket) Clean(ctx context.Context, prefix string, keys []string) (Cleaned, error) {
	c := cleaning{b: b, prefix: prefix, why: map[string]string{}}
	if err := c.uploads(ctx); err != nil {
		return c.Cleaned, err
	}
	if err := c.blocks(ctx); err != nil {
		return c.Cleaned, err
	}
	found, listed, err := b.objectsBelow(ctx, prefix, keys)
	if err != nil {
		return c.Cleaned, err
	}
	c.Listed = listed
	var versions []Version // of a bucket that keeps them; removing one by its ID leaves no delete marker
	if all, err := b.Versions(ctx, prefix); err == nil {
		// A listing of versions without what is there is none.
		c.Versions = !slices.ContainsFunc(found, func(key string) bool {
			return listed && !slices.Contains(keys, key) && !slices.ContainsFunc(all, func(v Version) bool { return v.Key == key })
		})
		if slices.ContainsFunc(all, func(v Version) bool { return !v.Latest || v.Marker || (v.ID != "" && v.ID != "null") }) {
			versions = all
		}
	}
	c.versions(ctx, versions, false)
	c.objects(ctx, found, false)
	if listed {
		if err := c.remaining(ctx); err != nil || len(c.Kept) > 0 {
			c.keepMarker(versions)
			return c.Cleaned, err
		}
	}
	c.versions(ctx, versions, true)
	c.objects(ctx, []string{c.marker()}, true)
	if why := c.why[c.marker()]; why != "" {
		c.Kept = append(c.Kept, Kept{Key: c.marker(), Why: why})
	}
	return c.Cleaned, nil
}

// Unseen says of a Clean for which no keys were known what it could not look for, "" where it saw all that there is.
func (b *Bucket) Unseen(ctx context.Context, c Cleaned) string {
	switch {
	case !c.Listed:
		return "keys may not be listed: what was written may remain"
	case c.Versions:
		return ""
	}
	r, err := b.Retention(ctx)
	if err != nil {
		r.Versioning = "unknown"
	}
	if r.Versioning == "" || r.Versioning == "off" {
		return ""
	}
	return "versions can't be listed, and versioning is " + r.Versioning + ": old versions and delete markers may remain"
}

// cleaning is one Clean under way.
type cleaning struct {
	Cleaned
	b      *Bucket
	prefix string
	why    map[string]string // key -> what the store said when it was to be removed
}

func (c *cleaning) marker() string { return c.prefix + MarkerName }

// versions removes versions and delete markers: those of the marker, or all others.
func (c *cleaning) versions(ctx context.Context, versions []Version, marker bool) {
	for _, v := range versions {
		if v.ID == "" || !strings.HasPrefix(v.Key, c.prefix) || (v.Key == c.marker()) != marker {
			continue
		}
		c.removed(v.Key, Classify("delete version", c.b.DeleteVersion(ctx, v.Key, v.ID)))
	}
}

// objects removes current objects: the marker, or all others. A key that isn't there is not deleted: on a versioned
// bucket that would leave a delete marker.
func (c *cleaning) objects(ctx context.Context, keys []string, marker bool) {
	for _, key := range keys {
		if (key == c.marker()) != marker {
			continue
		}
		if _, err := c.b.Head(ctx, key); err != nil && Classify("head object", err).Kind == KindNoSuchKey {
			continue
		}
		c.removed(key, Classify("delete object", c.b.Delete(ctx, key)))
	}
}

// removed counts a removal, or keeps what the store said instead.
func (c *cleaning) removed(key string, e *Error) {
	switch {
	case e == nil:
		c.Removed++
	case e.Kind != KindNoSuchKey:
		c.why[key] = e.Error()
	}
}

// keepMarker lists the marker, which stays with what it marks.
func (c *cleaning) keepMarker(versions []Version) {
	k := Kept{Key: c.marker(), Why: "the marker stays with what it marks, for a later sweep"}
	for _, v := range versions {
		if v.Key == k.Key && v.Latest {
			k.Version = v.ID
		}
	}
	c.Kept = append(c.Kept, k)
}

// remaining lists what is still there, but for the marker.
func (c *cleaning) remaining(ctx context.Context) error {
	rest, _, err := c.b.objectsBelow(ctx, c.prefix, nil)
	if err != nil {
		return err
	}
	keep := func(key, version string) {
		why := c.why[key]
		if why == "" {
			why = "it was removed, and is still listed"
		}
		c.Kept = append(c.Kept, Kept{Key: key, Version: version, Why: why})
	}
	if !c.Versions {
		for _, key := range rest {
			if key != c.marker() {
				keep(key, "")
			}
		}
		return nil
	}
	versions, err := c.b.Versions(ctx, c.prefix)
	if err != nil {
		return Classify("list versions", err)
	}
	for _, v := range versions {
		if v.Key != c.marker() && strings.HasPrefix(v.Key, c.prefix) {
			keep(v.Key, v.ID)
		}
	}
	return nil
}

// objectsBelow is every key below the prefix, the marker last. Where listing is not permitted it is the known keys.
func (b *Bucket) objectsBelow(ctx context.Context, prefix string, known []string) (keys []string, listed bool, err error) {
	keys, err = b.List(ctx, prefix, 0)
	if err != nil {
		e := Classify("list objects", err)
		if e.Kind != KindDenied {
			return nil, false, e
		}
		keys = nil
	}
	listed = err == nil
	for _, k := range known {
		if strings.HasPrefix(k, prefix) && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	sort.SliceStable(keys, func(i, j int) bool { return keys[i] != prefix+MarkerName && keys[j] == prefix+MarkerName })
	return keys, listed, nil
}

// blockKeeper is a store that keeps blocks of which no object was made.
type blockKeeper interface {
	Uncommitted(ctx context.Context, prefix string) ([]string, error)
	Discard(ctx context.Context, key string) error
}

// blocks discards blocks without a blob. What can't be discarded is kept, by its key.
func (c *cleaning) blocks(ctx context.Context) error {
	store, ok := c.b.Objects.(blockKeeper)
	if !ok {
		return nil
	}
	keys, err := store.Uncommitted(ctx, c.prefix)
	if err != nil {
		if e := Classify("list uncommitted blobs", err); e.Kind != KindDenied {
			return e
		}
		return nil
	}
	for _, key := range keys {
		if e := Classify("discard blocks", store.Discard(ctx, key)); e != nil && e.Kind != KindNoSuchKey {
			c.Kept = append(c.Kept, Kept{Key: key, Version: "upload", Why: e.Error()})
			continue
		}
		c.Removed++
	}
	if keys, err = store.Uncommitted(ctx, c.prefix); err != nil {
		return Classify("list uncommitted blobs", err)
	}
	for _, key := range keys {
		if !slices.ContainsFunc(c.Kept, func(k Kept) bool { return k.Key == key }) {
			c.Kept = append(c.Kept, Kept{Key: key, Version: "upload", Why: "its blocks were discarded, and are still listed"})
		}
	}
	return nil
}

// uploads discards open uploads. Where they may not be listed nothing finds one: the spec that began it also ends it.
func (c *cleaning) uploads(ctx context.Context) error {
	if c.b.Multipart == nil {
		return nil
	}
	uploads, err := c.b.Uploads(ctx, c.prefix)
	if err != nil {
		if e := Classify("list uploads", err); e.Kind != KindDenied && e.Kind != KindNotImplemented {
			return e
		}
		return nil
	}
	for _, u := range uploads {
		if !strings.HasPrefix(u.Key, c.prefix) {
			continue
		}
		if e := Classify("abort upload", c.b.Abort(ctx, u.Key, u.ID)); e != nil {
			c.Kept = append(c.Kept, Kept{Key: u.Key, Version: "upload", Why: e.Error()})
			continue
		}
		c.Removed++
	}
	return nil
}

// Leftover is a run's prefix that was found in a bucket.
type Leftover struct {
	Run, Prefix string
	Marker      Marker
	Why         string // why it is left alone; "" when it is ours beyond doubt
}

// Leftovers finds the prefixes of runs below a sub-path, each with its marker, if it has one.
func (b *Bucket) Leftovers(ctx context.Context, subPath string) ([]Leftover, error) {
	base := strings.TrimSuffix(RunPrefix(subPath, ""), "/")
	keys, err := b.List(ctx, base, 0)
	if err != nil {
		return nil, fmt.Errorf("leftovers can't be looked for: %w", err)
	}
	// What may not be listed, or isn't kept here, is passed over; where nobody answered, nothing is known to be gone.
	unknown := func(what string, err error) error {
		if e := Classify(what, err); e != nil && !e.Kind.Definite() {
			return fmt.Errorf("leftovers can't be looked for: %w", e)
		}
		return nil
	}
	versions, err := b.Versions(ctx, base)
	if err := unknown("list versions", err); err != nil {
		return nil, err
	}
	for _, v := range versions {
		keys = append(keys, v.Key)
	}
	if store, ok := b.Objects.(blockKeeper); ok {
		uncommitted, err := store.Uncommitted(ctx, base)
		if err := unknown("list uncommitted blobs", err); err != nil {
			return nil, err
		}
		keys = append(keys, uncommitted...)
	}
	if b.Multipart != nil {
		uploads, err := b.Uploads(ctx, base)
		if err := unknown("list uploads", err); err != nil {
			return nil, err
		}
		for _, u := range uploads {
			keys = append(keys, u.Key)
		}
	}
	var out []Leftover
	for _, k := range keys {
		run, _, ok := strings.Cut(strings.TrimPrefix(k, base), "/")
		if !ok || !strings.HasPrefix(k, base) || !runID.MatchString(run) {
			continue
		}
		if slices.ContainsFunc(out, func(l Leftover) bool { return l.Run == run }) {
			continue
		}
		l := Leftover{Run: run, Prefix: RunPrefix(subPath, run)}
		if l.Marker, err = b.readMarker(ctx, subPath, run); err != nil {
			if e := (*Error)(nil); errors.As(err, &e) && e.Kind != KindNoSuchKey {
				return out, fmt.Errorf("the marker of %s can't be read: %w", l.Prefix, err)
			}
			l.Why = "no marker of ours: " + err.Error()
		}
		out = append(out, l)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Run < out[j].Run })
	return out, nil
}
