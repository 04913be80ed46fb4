package stores_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iterator"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// clock is a time that a test sets on.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// objects lists with a query, all pages.
func objects(t *testing.T, b *storage.BucketHandle, q *storage.Query) []*storage.ObjectAttrs {
	t.Helper()
	var out []*storage.ObjectAttrs
	for it := b.Objects(context.Background(), q); ; {
		o, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
}

// write stores an object by the SDK.
func write(t *testing.T, o *storage.ObjectHandle, body string) *storage.ObjectAttrs {
	t.Helper()
	w := o.NewWriter(context.Background())
	w.ContentType, w.Metadata = "text/odd", map[string]string{"of": body}
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Attrs()
}

func TestRemovedObjectsAreKeptListedRestoredAndForgotten(t *testing.T) {
	t.Parallel()
	at := &clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	b := provision(t, newHost(t), stores.GCP, stores.Setup{GCS: stores.GCSSetup{Now: at.now}})
	bucket, _ := gcsClient(t, b)
	ctx := t.Context()
	attrs, err := bucket.Attrs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if p := attrs.SoftDeletePolicy; p == nil || p.RetentionDuration != 7*24*time.Hour || !p.EffectiveTime.Equal(at.now()) {
		t.Errorf("soft delete policy of a new bucket: got %+v, want 7 days", p)
	}
	first := write(t, bucket.Object("k"), "one")
	second := write(t, bucket.Object("k"), "two") // overwriting removes the first
	if err := bucket.Object("k").Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if live := objects(t, bucket, nil); len(live) != 0 {
		t.Errorf("live: got %d, want none", len(live))
	}
	if inventory := inventory(t, b); len(inventory) != 0 {
		t.Errorf("inventory: got %v, want nothing: a client can't remove more", inventory)
	}
	removed := objects(t, bucket, &storage.Query{SoftDeleted: true})
	if len(removed) != 2 || removed[0].Generation != first.Generation || removed[1].Generation != second.Generation {
		t.Fatalf("soft-deleted: got %+v, want both generations", removed)
	}
	for _, o := range removed {
		if !o.SoftDeleteTime.Equal(at.now()) || !o.HardDeleteTime.Equal(at.now().Add(7*24*time.Hour)) {
			t.Errorf("%d was removed at %v and is until %v", o.Generation, o.SoftDeleteTime, o.HardDeleteTime)
		}
	}
	want := map[string]string{fmt.Sprintf("k@%d", first.Generation): sumOf([]byte("one")), fmt.Sprintf("k@%d", second.Generation): sumOf([]byte("two"))}
	if diff := cmp.Diff(want, b.SoftDeleted()); diff != "" {
		t.Errorf("what the owner sees (-want +got):\n%s", diff)
	}
	if o, err := bucket.Object("k").Generation(first.Generation).SoftDeleted().Attrs(ctx); err != nil || o.Metadata["of"] != "one" {
		t.Errorf("attributes of a soft-deleted object: got %+v, %v", o, err)
	}
	if _, err := bucket.Object("k").Generation(first.Generation).NewReader(ctx); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("a soft-deleted object is read: %v", err)
	}

	at.add(24 * time.Hour)
	restored, err := bucket.Object("k").Generation(first.Generation).Restore(ctx, &storage.RestoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if restored.Generation == first.Generation || restored.Metageneration != 1 || restored.ContentType != "text/odd" || restored.Metadata["of"] != "one" || !restored.SoftDeleteTime.IsZero() {
		t.Errorf("restored: got %+v, want another generation with the same metadata", restored)
	}
	if got := inventory(t, b); got["k"] != sumOf([]byte("one")) {
		t.Errorf("inventory: got %v, want the first content", got)
	}
	if n := len(objects(t, bucket, &storage.Query{SoftDeleted: true})); n != 2 {
		t.Errorf("soft-deleted after a restoration: got %d, want 2 as before", n)
	}
	if _, err := bucket.Object("k").Generation(second.Generation).If(storage.Conditions{DoesNotExist: true}).Restore(ctx, &storage.RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "412") {
		t.Errorf("a restoration that may not replace: got %v, want 412", err)
	}
	if _, err := bucket.Object("k").Generation(1).Restore(ctx, &storage.RestoreOptions{}); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("a generation that isn't there: got %v", err)
	}
	// What is removed under one policy stays by it, whatever the policy is later.
	if _, err := bucket.Update(ctx, storage.BucketAttrsToUpdate{SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: 0}}); err != nil {
		t.Fatal(err)
	}
	if err := bucket.Object("k").Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(objects(t, bucket, &storage.Query{SoftDeleted: true})); n != 2 {
		t.Errorf("soft-deleted with soft deletion off: got %d, want the 2 of before", n)
	}
	at.add(6*24*time.Hour - time.Second)
	if n := len(b.SoftDeleted()); n != 2 {
		t.Errorf("a second before the end of 7 days: %d are left, want 2", n)
	}
	at.add(time.Second)
	if n := len(objects(t, bucket, &storage.Query{SoftDeleted: true})); n != 0 {
		t.Errorf("after 7 days: got %d, want none", n)
	}
	if _, err := bucket.Object("k").Generation(first.Generation).Restore(ctx, &storage.RestoreOptions{}); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("a restoration after 7 days: got %v", err)
	}
}

func TestVersionsAndSoftDeletionWorkTogether(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{Versioning: true})
	bucket, _ := gcsClient(t, b)
	ctx := t.Context()
	one, two := write(t, bucket.Object("k"), "one"), write(t, bucket.Object("k"), "two")
	if err := bucket.Object("k").Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(objects(t, bucket, &storage.Query{SoftDeleted: true})); n != 0 {
		t.Errorf("soft-deleted: got %d, want none: both are noncurrent", n)
	}
	versions := objects(t, bucket, &storage.Query{Versions: true})
	if len(versions) != 2 || versions[0].Deleted.IsZero() || versions[1].Deleted.IsZero() {
		t.Fatalf("versions: got %+v, want two noncurrent ones", versions)
	}
	if err := bucket.Object("k").Generation(one.Generation).Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if got := objects(t, bucket, &storage.Query{SoftDeleted: true}); len(got) != 1 || got[0].Generation != one.Generation {
		t.Errorf("soft-deleted: got %+v, want the first", got)
	}
	if got := objects(t, bucket, &storage.Query{Versions: true}); len(got) != 1 || got[0].Generation != two.Generation {
		t.Errorf("versions: got %+v, want the second", got)
	}
	// Versioning off keeps what is there.
	if _, err := bucket.Update(ctx, storage.BucketAttrsToUpdate{VersioningEnabled: false}); err != nil {
		t.Fatal(err)
	}
	write(t, bucket.Object("k"), "three")
	write(t, bucket.Object("k"), "four")
	if n := len(objects(t, bucket, &storage.Query{Versions: true})); n != 2 {
		t.Errorf("versions: got %d, want the noncurrent second and the live fourth", n)
	}
	if n := len(inventory(t, b)); n != 2 {
		t.Errorf("inventory: got %d, want 2", n)
	}
}

func TestSoftDeletionMayBeOffOrOfAnotherLength(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	off := provision(t, h, stores.GCP, stores.Setup{GCS: stores.GCSSetup{SoftDelete: -1}})
	bucket, name := gcsClient(t, off)
	if attrs, err := bucket.Attrs(t.Context()); err != nil || attrs.SoftDeletePolicy.RetentionDuration != 0 {
		t.Errorf("off: got %+v, %v", attrs.SoftDeletePolicy, err)
	}
	write(t, bucket.Object("k"), "x")
	if err := bucket.Object("k").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := off.SoftDeleted(); len(got) != 0 {
		t.Errorf("off: kept %v", got)
	}
	long := provision(t, h, stores.GCP, stores.Setup{GCS: stores.GCSSetup{SoftDelete: 90 * 24 * time.Hour}})
	lc, err := long.Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	oc, err := off.Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if lc["soft-delete"] != "2160h0m0s" || oc["soft-delete"] != "0s" {
		t.Errorf("configuration: got %q and %q, want 2160h and 0", lc["soft-delete"], oc["soft-delete"])
	}
	c := bearer(t, off, client(t, off, nil))
	for body, status := range map[string]int{
		`{"softDeletePolicy":{"retentionDurationSeconds":"604799"}}`: 400, `{"softDeletePolicy":{"retentionDurationSeconds":7776001}}`: 400,
		`{"softDeletePolicy":{"retentionDurationSeconds":"a week"}}`: 400, `{"softDeletePolicy":{"retentionDurationSeconds":"-1"}}`: 400,
		`{"softDeletePolicy":{"retentionDurationSeconds":604800}}`: 200, `{"softDeletePolicy":{"retentionDurationSeconds":"7776000"}}`: 200,
	} {
		if resp, got := ask(t, c, http.MethodPatch, "https://storage.googleapis.com/storage/v1/b/"+name, "", strings.NewReader(body)); resp.StatusCode != status {
			t.Errorf("%s: got %d %s, want %d", body, resp.StatusCode, got, status)
		}
	}
	_, got := ask(t, c, http.MethodGet, "https://storage.googleapis.com/storage/v1/b/"+name+"?fields=softDeletePolicy/retentionDurationSeconds", "", nil)
	if !strings.HasPrefix(got, `{"softDeletePolicy":{"retentionDurationSeconds":"`) {
		t.Errorf("the field alone: got %s", got)
	}
	if _, err := h.Provision(t.Context(), stores.GCP, stores.Setup{GCS: stores.GCSSetup{SoftDelete: time.Hour}}); err == nil {
		t.Error("soft deletion for an hour was taken")
	}
}
