package run

import (
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
)

// MinIO plays Amazon S3 and S3-compatible stores, and nobody else: whoever is sent to it for another's bucket sees nothing there.
func TestOnlyWhereMinIOPlaysAStoreItShowsWhatAnotherLacks(t *testing.T) {
	for p, minio := range map[address.Provider]bool{address.AWS: true, address.S3Compatible: true, address.CoreWeave: false, address.GCP: false, address.Azure: false} {
		if got := elsewhere(&Subject{Address: &address.Address{Provider: p}}); strings.Contains(got, "MinIO") != minio || !strings.HasSuffix(got, "it") && !strings.HasSuffix(got, "service") {
			t.Errorf("%s: got %q; MinIO named: want %t", p, got, minio)
		}
	}
}
