package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/reference/address"
)

// openOwner opens the bucket a second time, as its owner. It goes through the same transport and the same guard.
func (c *certification) openOwner(ctx context.Context) error {
	o, s := c.target.Owner, c.subject
	switch {
	case o == nil:
		return nil
	case s.Owner():
		return errors.New("the address holds no credentials: the run acts as the bucket's owner already, and needs no second identity")
	case s.OpenError != nil:
		return nil
	}
	a := *s.Address
	a.Credentials = address.Credentials{}
	as := "the bucket's owner"
	if o.Address != "" {
		other, err := address.Parse(o.Address, address.Options{Edition: s.Edition})
		if err != nil || other.Provider != a.Provider || other.Bucket != a.Bucket || !other.HasCredentials() {
			return errors.New("the owner's address is not the same bucket's, with credentials")
		}
		a.Credentials = other.Credentials
	}
	open := s.open
	open.HTTP, open.AWSProfile = s.Wire.Client(), o.AWSProfile
	b, err := bucket.Open(ctx, &a, open)
	if err != nil {
		return fmt.Errorf("the owner's identity: %w", err)
	}
	if o.Address == "" {
		as = b.Identity
	}
	b.Identity, s.OwnerBucket = as, b
	s.Identity += "; what it may not read is read as " + as
	return nil
}

// reader is who reads the bucket's documents: its owner where there is a second identity.
func (s *Subject) reader() (*bucket.Bucket, string) {
	switch {
	case s.OwnerBucket != nil:
		return s.OwnerBucket, s.OwnerBucket.Identity
	case s.Owner():
		return s.Bucket, s.Identity
	}
	return s.Bucket, "W&B's own credentials"
}

// Owner reports whether the run acts as the bucket's owner, by the provider's usual chain: then what W&B may do is judged from
// documents (design: two identities).
func (s *Subject) Owner() bool { return s.Address != nil && !s.Address.HasCredentials() }

// Shows reports whether a document that W&B's own credentials can't read is within reach: it was given, or an owner reads it.
func (s *Subject) Shows(kind string) bool {
	return s.OwnerBucket != nil || s.Owner() || s.Documents.given[kind]
}
