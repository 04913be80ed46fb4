package yard

import (
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
)

// Bucket is a bucket on a store of this machine as run.Certify takes it: with its owner as the second identity, where there is one,
// and with what its policy is judged by.
func Bucket(b *stores.Bucket, frontendOrigin string) run.Target {
	t := run.Target{Address: b.Address, Profile: b.Provider, Network: b.Network, Store: b.Store, Secrets: b.Secrets,
		Documents: &run.Documents{Need: b.Need, FrontendOrigin: frontendOrigin}}
	if b.Owner != "" {
		t.Owner = &run.Owner{Address: b.Owner}
	}
	return t
}
