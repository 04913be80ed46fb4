package run

import (
	"context"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// documentsOf are the documents that were given for a bucket, with what its address says of it.
func documentsOf(given *Documents, s *Subject) *Documents {
	d := Documents{}
	if given != nil {
		d = *given
	}
	d.Provider, d.Edition = s.Profile, s.Edition
	if a := s.Address; a != nil {
		d.Bucket, d.Path = a.Bucket, a.Path
		d.PlainHTTP = a.Provider == address.S3Compatible && !a.TLS
	}
	return &d
}

// Known are a bucket's documents as far as one check can know them: of the kinds that are named, what the bucket itself hands
// out, to its owner where there is such an identity; where it hands out none, what the operator gave. What is neither read nor
// given stays not given. A store that answers that it hasn't got such a thing leaves the check unverified; no answer leaves it
// undecided.
func (t *T) Known(ctx context.Context, s *Subject, kinds ...string) *Documents {
	d := *s.Documents
	for _, kind := range kinds {
		t.know(ctx, s, &d, kind)
	}
	return &d
}

func (t *T) know(ctx context.Context, s *Subject, d *Documents, kind string) {
	b, as := s.reader()
	text, err := b.Document(ctx, kind)
	if err == nil {
		if err := d.Read(kind, []byte(text)); err != nil || kind == bucket.DocumentPolicy && d.PolicyError != nil {
			t.Errorf("the bucket's %s was read, and can't be understood", kind)
		}
		t.Observe("the bucket's %s was read from it, as %s", kind, as)
		return
	}
	e := bucket.Classify("read "+kind, err)
	instead := func() bool {
		if d.given[kind] {
			t.Observe("as %s: %s; --%s was given, and is judged in its place", as, e, kind)
		}
		return d.given[kind]
	}
	switch {
	case e.Kind == bucket.KindNotConfigured && kind == bucket.DocumentPolicy:
		t.Observe("as %s: the bucket has no policy: %s", as, e)
		d.Access.Bucket, d.PolicyError = &policy.Document{Provider: d.Provider, Kind: policy.Bucket, Version: "2012-10-17"}, nil
	case e.Kind == bucket.KindNotConfigured:
		t.Observe("as %s: the bucket has no %s: %s", as, kind, e)
		if err := d.Read(kind, []byte("{}")); err != nil {
			t.Errorf("a bucket without %s can't be judged", kind)
		}
	case e.Kind == bucket.KindDenied:
		if !instead() {
			t.Observe("%s may not read the bucket's %s: %s", as, kind, e)
		}
	case e.Kind == bucket.KindNotImplemented && e.Status == 0:
		if !instead() {
			t.Observe("%s", e)
		}
	case e.Kind == bucket.KindNotImplemented:
		if !instead() {
			t.Observe("%s", e)
			t.Unverified("this store answers that it has no %s: %s", kind, elsewhere(s))
		}
	default:
		t.Errorf("no answer that decides what the bucket's %s is: %s", kind, e)
	}
}

// Unimplemented ends a check that asked an emulator, or a store that is like one, for what it hasn't got.
func (t *T) Unimplemented(s *Subject, what string, e *bucket.Error) {
	t.Observe("%s", e)
	t.Unverified("this store answers that it has no %s: %s", what, elsewhere(s))
}

// elsewhere names who shows what a store hasn't got.
func elsewhere(s *Subject) string {
	switch s.Address.Provider {
	case address.GCP:
		return "Google's own service shows it"
	case address.Azure:
		return "Azure's own service shows it"
	case address.CoreWeave: // no other store plays it
		return "CoreWeave's own service shows it"
	case address.S3Compatible:
		return "MinIO shows it"
	}
	return "MinIO shows it, and Amazon's own service"
}
