package stores

import (
	"context"
	"errors"
	"sync"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
)

// Bucket is one provisioned bucket behind a front of its own.
type Bucket struct {
	Provider string
	Address  string        // with the credentials W&B would get: a secret
	Network  wire.Network  // how its hosts are found, and the roots that vouch for its front
	Direct   wire.Network  // past the lines that Setup asked for; the zero value where it asked for none
	Store    reports.Store // name, version, kind, notes; Fidelity as probed when it was provisioned
	Others   []Identity    // further identities, as Setup asked for them (Google)
	Secrets  []string      // every secret of this bucket, as bytes that must show nowhere
	// Owner is the bucket's address with its owner's credentials, who may read the policy: a secret. It is "" where there is
	// no other identity (Azure), or the address's own may read all that is judged (Google).
	Owner string
	// Need says as whom the address's identity comes in the bucket's policy, and from which organisation.
	Need policy.Need

	owner owner
	front *front
	lines []*Line
	once  sync.Once
	err   error
}

// Identity is a further identity of a bucket.
type Identity struct {
	Name    string // an account's e-mail address
	Role    string // on the bucket, as Setup asked for it
	Address string // the bucket's address with this identity's credentials: a secret
}

// owner is the view of a bucket past its front and its faults, by whoever owns the store.
type owner interface {
	inventory(ctx context.Context) (map[string]string, error)
	configuration(ctx context.Context) (map[string]string, error)
	put(ctx context.Context, key string, body []byte) error
	// share puts CORS rules in the place of those that are there.
	share(ctx context.Context, p *cors.Policy) error
	// probe asks the store itself what it enforces: not through the bucket's front, where a fault may sit.
	probe(ctx context.Context) ([]reports.Fidelity, error)
	// remove deletes the bucket with all that is in it, and the identity that was made for it.
	remove(ctx context.Context) error
}

// Inventory lists what is in the bucket: a key, or key@version where the bucket keeps versions, with the SHA-256 of its
// content in hex ("delete marker" for a delete marker); an open multipart upload is "upload:key". It doesn't go through the
// front, so no fault can hide a thing from it.
func (b *Bucket) Inventory(ctx context.Context) (map[string]string, error) {
	return b.owner.inventory(ctx)
}

// SoftDeleted lists removed objects that the bucket still keeps, key@generation with the SHA-256 of their content in hex. They
// are not in the Inventory: a client can't remove them, so they say nothing of what it left behind. Stores that have no such
// thing have none.
func (b *Bucket) SoftDeleted() map[string]string {
	if o, ok := b.owner.(interface{ deleted() map[string]string }); ok {
		return o.deleted()
	}
	return map[string]string{}
}

// Configuration reads the bucket's documents (policy, cors, versioning, ...) past the front, byte by byte as the store
// keeps them. A document the bucket hasn't got is not in the map.
func (b *Bucket) Configuration(ctx context.Context) (map[string]string, error) {
	return b.owner.configuration(ctx)
}

// Put stores an object as the bucket's owner, past the front: a decoy that no run may touch.
func (b *Bucket) Put(ctx context.Context, key string, body []byte) error {
	return b.owner.put(ctx, key, body)
}

// Probe asks the store what it enforces, with raw requests, and leaves nothing behind. What it returns is what Provision
// put into Store.Fidelity.
func (b *Bucket) Probe(ctx context.Context) ([]reports.Fidelity, error) {
	return b.owner.probe(ctx)
}

// Close ends the front and removes the bucket with all that is in it. It is idempotent.
func (b *Bucket) Close() error {
	b.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
		defer cancel()
		for _, l := range b.lines {
			l.Cut()
		}
		if b.front != nil {
			b.err = b.front.close()
		}
		b.err = errors.Join(b.err, b.owner.remove(ctx))
	})
	return b.err
}
