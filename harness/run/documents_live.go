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

// Owner reports whether the run acts as the bucket's owner, by the provider's usual chain: then what W&B may do is judged from
// documents (design: two identities).
func (s *Subject) Owner() bool { return s.Address != nil && !s.Address.HasCredentials() }

// Known are a bucket's documents as far as one check can know them: what the operator gave and, of the kinds that are
// named and were not given, what the run's own identity may read. What it may not read stays not given. A store that
// answers that it hasn't got such a thing leaves the check unverified; no answer leaves it undecided.
func (t *T) Known(ctx context.Context, s *Subject, kinds ...string) *Documents {
	d := *s.Documents
	for _, kind := range kinds {
		if d.given[kind] {
			t.Observe("--%s was given, and is judged in the place of what the bucket says", kind)
			continue
		}
		text, err := s.Bucket.Document(ctx, kind)
		if err == nil {
			if err := d.Read(kind, []byte(text)); err != nil || (kind == bucket.DocumentPolicy && d.PolicyError != nil) {
				t.Errorf("the bucket's %s was read, and can't be understood", kind)
			}
			t.Observe("the bucket's %s was read from it", kind)
			continue
		}
		switch e := bucket.Classify("read "+kind, err); {
		case e.Kind == bucket.KindNotConfigured && kind == bucket.DocumentPolicy:
			t.Observe("the bucket has no policy: %s", e)
			d.Access.Bucket = &policy.Document{Provider: d.Provider, Kind: policy.Bucket, Version: "2012-10-17"}
		case e.Kind == bucket.KindNotConfigured:
			t.Observe("the bucket has no %s: %s", kind, e)
			if err := d.Read(kind, []byte("{}")); err != nil {
				t.Errorf("a bucket without %s can't be judged", kind)
			}
		case e.Kind == bucket.KindDenied:
			t.Observe("the run's identity may not read the bucket's %s: %s", kind, e)
		case e.Kind == bucket.KindNotImplemented && e.Status == 0:
			t.Observe("%s", e)
		case e.Kind == bucket.KindNotImplemented:
			t.Observe("%s", e)
			t.Unverified("this store answers that it has no %s: %s", kind, elsewhere(s))
		default:
			t.Errorf("no answer that decides what the bucket's %s is: %s", kind, e)
		}
	}
	return &d
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
	case address.S3Compatible:
		return "MinIO shows it"
	}
	return "MinIO shows it, and the provider's own service"
}
