package run

import "github.com/bucketproof/bucketproof/harness/stores"

// Embedded is a bucket on an embedded store as Certify takes it: with its owner as the second identity, where there is one, and
// with what its policy is judged by.
func Embedded(b *stores.Bucket, frontendOrigin string) Target {
	t := Target{Address: b.Address, Profile: b.Provider, Network: b.Network, Store: b.Store, Secrets: b.Secrets,
		Documents: &Documents{Need: b.Need, FrontendOrigin: frontendOrigin}}
	if b.Owner != "" {
		t.Owner = &Owner{Address: b.Owner}
	}
	return t
}
