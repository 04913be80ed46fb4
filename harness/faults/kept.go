package faults

import (
	"net/http"
	"slices"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// keptFaults keep less than W&B needs, or encrypt otherwise. Google's bucket is set up so; the others' stores have no such thing
// but versioning, and a front plays it.
func keptFaults() []Fault {
	google := func(g stores.GCSSetup) func(string) stores.Setup {
		return func(string) stores.Setup { return stores.Setup{GCS: g} }
	}
	return []Fault{
		{Name: "versioning-off", Does: "versioning is suspended, or soft delete is off", Profiles: all, Breaks: []string{"BYOB-KEEP-002"},
			Setup: func(string) stores.Setup { return stores.Setup{Suspended: true} }},
		{Name: "lifecycle-expires", Does: "a lifecycle rule deletes objects after 30 days", Profiles: append(slices.Clone(s3family), "gcp"), Breaks: []string{"BYOB-KEEP-001"},
			Setup: func(profile string) stores.Setup {
				if profile == stores.GCP {
					return stores.Setup{GCS: stores.GCSSetup{Lifecycle: `{"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]}`}}
				}
				return front(expiring)(profile)
			}},
		{Name: "soft-delete-off", Does: "soft deletion is off", Profiles: []string{"gcp"}, Edition: "2026-08", Breaks: []string{"BYOB-KEEP-003"},
			Setup: google(stores.GCSSetup{SoftDelete: -1})},
		{Name: "customer-key", Does: "the bucket encrypts with a customer's key", Profiles: []string{"gcp"}, Breaks: []string{"BYOB-KMS-003"},
			Setup: google(stores.GCSSetup{KMSKey: "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"})},
	}
}

// expiring is a rule that deletes what W&B stores.
func expiring(_ string, next http.Handler) http.Handler {
	return instead(next, "lifecycle", `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>tidy</ID><Filter><Prefix></Prefix></Filter>`+
		`<Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>`)
}
