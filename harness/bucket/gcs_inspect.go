package bucket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	raw "google.golang.org/api/storage/v1"
)

// Location is "": Google signs for no region.
func (b *gcsBucket) Location(context.Context) (string, error) { return "", nil }

// attributes is what is being done when the bucket's resource is read.
const attributes = "get bucket attributes"

// resource reads the bucket's resource. Of what is none, a page or an empty object, nothing follows: not that nothing is set.
func (b *gcsBucket) resource(ctx context.Context) (*raw.Bucket, error) {
	a, err := b.raw.Buckets.Get(b.name).Projection("noAcl").Context(ctx).Do()
	switch {
	case err != nil:
		return nil, b.fail(attributes, err)
	case a.Name != b.name:
		return nil, &Error{Op: attributes, Status: http.StatusOK, Kind: KindOther, Message: "the answer is no bucket's resource"}
	}
	return a, nil
}

func (b *gcsBucket) Exists(ctx context.Context) error {
	_, err := b.resource(ctx)
	return err
}

// Retention reads the resource itself: the SDK drops a retention policy that has no effective time.
func (b *gcsBucket) Retention(ctx context.Context) (Retention, error) {
	var r Retention
	a, err := b.resource(ctx)
	if err != nil {
		e := b.classified(attributes, err)
		if !r.unread("bucket attributes", e) {
			return r, e
		}
		r.Versioning = unknown(e)
		return r, nil
	}
	r.Versioning = "off"
	if a.Versioning != nil && a.Versioning.Enabled {
		r.Versioning = "on"
	}
	// objectRetention only permits a retention object by object; none gets one by default
	if p := a.RetentionPolicy; p != nil && p.RetentionPeriod > 0 {
		r.Lock = fmt.Sprintf("the retention policy keeps every object for %s", time.Duration(p.RetentionPeriod)*time.Second)
		if p.IsLocked {
			r.Lock += ", and is locked"
		}
	}
	if a.DefaultEventBasedHold {
		r.LegalHold = "every new object gets an event-based hold"
	}
	if p := a.SoftDeletePolicy; p != nil && p.RetentionDurationSeconds > 0 {
		r.Soft = fmt.Sprintf("soft deletion keeps removed objects for %s", time.Duration(p.RetentionDurationSeconds)*time.Second)
	}
	return r, nil
}

// gcsDocuments are the parts of a bucket's resource that are documents of their own; the rest is "attributes".
var gcsDocuments = map[string]string{
	"cors": "cors", "versioning": "versioning", "lifecycle": "lifecycle", "encryption": "encryption", "acl": "acl",
	"defaultObjectAcl": "default-object-acl", "retentionPolicy": "retention", "softDeletePolicy": "soft-delete",
	"iamConfiguration": "iam-configuration", "labels": "labels", "logging": "logging", "website": "website",
}

// gcsVolatile changes by itself, or says what the address says already.
var gcsVolatile = []string{"etag", "metageneration", "updated", "timeCreated", "selfLink", "kind"}

// Configuration returns Google's JSON, a document for each part of the bucket's resource; "policy" is the IAM policy.
func (b *gcsBucket) Configuration(ctx context.Context) (map[string]string, error) {
	documents := map[string]string{}
	got, err := b.raw.Buckets.Get(b.name).Projection("full").Context(ctx).Do()
	if err != nil {
		e := b.classified(attributes, err)
		if e.Kind == KindNoSuchBucket || e.Status == 0 {
			return nil, e
		}
		for _, name := range gcsDocuments {
			documents[name] = Unreadable + string(e.Kind)
		}
		documents["attributes"] = Unreadable + string(e.Kind)
	} else if err := splitBucket(got, documents); err != nil {
		return nil, b.fail(attributes, err)
	}
	policy, err := b.raw.Buckets.GetIamPolicy(b.name).OptionsRequestedPolicyVersion(3).Context(ctx).Do()
	if err != nil {
		switch e := b.classified("get bucket policy", err); {
		case e.Status == 0:
			return nil, e
		case e.Status == http.StatusNotFound && got != nil, absent(e): // the bucket is there: this store has no such API
		default:
			documents["policy"] = Unreadable + string(e.Kind)
		}
		return documents, nil
	}
	text, err := document(policy, "etag", "kind", "resourceId")
	if err != nil {
		return nil, b.fail("get bucket policy", err)
	}
	if text != "" {
		documents["policy"] = text
	}
	return documents, nil
}

func splitBucket(bucket any, documents map[string]string) error {
	text, err := document(bucket, gcsVolatile...)
	if err != nil || text == "" {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return fmt.Errorf("read bucket attributes: %w", err)
	}
	for field, name := range gcsDocuments {
		value, ok := fields[field]
		if !ok {
			continue
		}
		delete(fields, field)
		if s := string(value); s != "null" && s != "[]" && s != "{}" {
			documents[name] = s
		}
	}
	rest, err := document(fields)
	if rest != "" {
		documents["attributes"] = rest
	}
	return err
}

func (b *gcsBucket) Versions(ctx context.Context, prefix string) ([]Version, error) {
	it := b.handle.Objects(ctx, &storage.Query{Prefix: prefix, Versions: true, Projection: storage.ProjectionNoACL})
	var versions []Version
	for {
		o, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return versions, nil
		}
		if err != nil {
			return nil, b.fail("list object versions", err)
		}
		versions = append(versions, Version{Key: o.Name, ID: strconv.FormatInt(o.Generation, 10), Latest: o.Deleted.IsZero()})
	}
}

func (b *gcsBucket) DeleteVersion(ctx context.Context, key, version string) error {
	if version == "" {
		return b.Delete(ctx, key)
	}
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return b.fail("delete object version", errors.New("a generation that is no number"))
	}
	return b.fail("delete object version", b.handle.Object(key).Generation(n).Delete(ctx))
}
