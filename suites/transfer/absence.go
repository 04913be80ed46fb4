package transfer

import (
	"context"
	"slices"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
)

// trace looks for an object that must not be there; it returns "" only where the store says that it isn't. A 403 says
// neither (Amazon S3 API reference, HeadObject: the answer where listing is not permitted): then a listing decides, and
// without one nothing does.
func (c *client) trace(ctx context.Context, t *run.T, key string) string {
	const there = "the object exists"
	_, err := c.b.Head(ctx, key)
	if err == nil {
		return there
	}
	e := bucket.Classify("head object", err)
	if e.Kind == bucket.KindNoSuchKey {
		return ""
	}
	if e.Kind == bucket.KindDenied {
		keys, err := c.b.List(ctx, key, 2)
		switch {
		case err == nil && slices.Contains(keys, key):
			return there
		case err == nil:
			return ""
		}
	}
	t.Errorf("whether the object exists could not be seen: %s", e)
	return there
}

// missing is how the SDK finds a key by HEAD: the kind of error, or "found". No answer ends the check.
func (c *client) missing(ctx context.Context, t *run.T, key string) bucket.Kind {
	_, err := c.b.Head(ctx, key)
	if err == nil {
		return "found"
	}
	e := bucket.Classify("head object", err)
	if !t.Decides(e) {
		t.Errorf("whether the object is there could not be seen: %s", e)
	}
	return e.Kind
}
