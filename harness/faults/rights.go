package faults

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// rightsFaults withhold from W&B's principal what it needs, or give it to everybody, by the bucket's own policy where the store
// has one.
func rightsFaults() []Fault {
	var out []Fault
	for _, w := range []struct {
		action         string
		breaks, blocks []string
		leaves         bool
	}{
		// without it the run's marker can't be read back, so that nothing else is written
		{"s3:GetObject*", []string{"BYOB-PERM-001", "BYOB-PERM-019"}, without(uses, "BYOB-PERM-001", "BYOB-PERM-019"), false},
		{"s3:ListBucket", []string{"BYOB-PERM-003", "BYOB-PERM-019", "BYOB-NET-008"}, without(uses, "BYOB-PERM-003", "BYOB-PERM-019"), true},
		{"s3:ListBucketMultipartUploads", []string{"BYOB-PERM-004", "BYOB-XFER-005", "BYOB-XFER-006"}, nil, true},
		{"s3:ListBucketVersions", []string{"BYOB-PERM-005"}, nil, true},
		{"s3:AbortMultipartUpload", []string{"BYOB-PERM-006"}, append(slices.Clone(byURL), "BYOB-KMS-002"), true},
		{"s3:DeleteObject", []string{"BYOB-PERM-007", "BYOB-PERM-019"}, append(slices.Clone(byURL), "BYOB-KMS-002"), true},
		{"s3:PutObject", []string{"BYOB-PERM-008", "BYOB-PERM-019"}, without(uses, "BYOB-PERM-008", "BYOB-PERM-019"), false},
		{"s3:GetBucketCORS", []string{"BYOB-PERM-009"}, nil, false},
		{"s3:GetBucketLocation", []string{"BYOB-PERM-010"}, nil, false},
		{"s3:GetBucketVersioning", []string{"BYOB-PERM-011"}, []string{"BYOB-KEEP-002"}, false},
	} {
		name := "no-" + strings.ToLower(strings.Trim(strings.TrimPrefix(w.action, "s3:"), "*"))
		out = append(out, Fault{Name: name, Does: "the bucket policy does not grant " + w.action, Profiles: s3family, Breaks: w.breaks, Blocks: w.blocks, Leaves: w.leaves,
			Setup: func(string) stores.Setup { return stores.Setup{Without: []string{w.action}} }})
	}
	return append(out,
		Fault{Name: "delete-denied", Does: "the bucket policy grants s3:DeleteObject, and another statement denies it", Profiles: s3family, Leaves: true,
			Breaks: []string{"BYOB-PERM-007", "BYOB-PERM-019"}, Blocks: append(slices.Clone(byURL), "BYOB-KMS-002"),
			Setup: func(string) stores.Setup { return stores.Setup{Denied: []string{"s3:DeleteObject"}} }},
		Fault{Name: "no-getencryptionconfiguration", Does: "the default encryption may not be read", Profiles: s3family, Breaks: []string{"BYOB-PERM-002"},
			Blocks: []string{"BYOB-KMS-002"}, Setup: front(refuseQuery("encryption", http.StatusForbidden, "AccessDenied"))},
		Fault{Name: "public-bucket", Does: "everybody may read and list", Profiles: []string{"aws", "s3-compatible", "azure"}, Breaks: []string{"BYOB-PERM-020", "BYOB-SIGN-010"},
			Setup: func(string) stores.Setup { return stores.Setup{Public: true} }},
		Fault{Name: "role-without-the-bucket", Does: "the service account may use objects, and not read the bucket", Profiles: []string{"gcp"},
			Breaks: []string{"BYOB-PERM-014", "BYOB-NET-008"}, Blocks: append(slices.Clone(byURL), "BYOB-KMS-003", "BYOB-KEEP-001", "BYOB-KEEP-002"),
			Setup: front(noBucketResource)},
		Fault{Name: "key-without-the-service", Does: "the account's key may not read the blob service's properties", Profiles: []string{"azure"},
			Breaks: []string{"BYOB-PERM-015"}, Blocks: []string{"BYOB-KEEP-002"}, Setup: front(refuseQuery("properties", http.StatusForbidden, "AuthorizationFailure"))},
	)
}

// keptFaults keep less than W&B needs, or encrypt otherwise.
func keptFaults() []Fault {
	return []Fault{
		{Name: "versioning-off", Does: "versioning is suspended, or soft delete is off", Profiles: all, Breaks: []string{"BYOB-KEEP-002"},
			Setup: func(string) stores.Setup { return stores.Setup{Suspended: true} }},
		{Name: "lifecycle-expires", Does: "a lifecycle rule deletes objects after 30 days", Profiles: append(slices.Clone(s3family), "gcp"), Breaks: []string{"BYOB-KEEP-001"},
			Setup: front(expiring)},
		{Name: "customer-key", Does: "the bucket encrypts with a customer's key", Profiles: []string{"gcp"}, Breaks: []string{"BYOB-KMS-003"},
			Setup: front(resource(func(b map[string]any) {
				b["encryption"] = map[string]any{"defaultKmsKeyName": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"}
			}))},
		{Name: "encryption-not-applied", Does: "the default encryption names a KMS key, and objects are stored without", Profiles: []string{"aws"},
			Breaks: []string{"BYOB-KMS-002"}, Setup: front(func(_ string, next http.Handler) http.Handler {
				return instead(next, "encryption", `<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault>`+
					`<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>arn:aws:kms:us-east-1:111122223333:key/1234abcd</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`)
			})},
	}
}

// refuseQuery refuses signed requests with a query parameter, or with comp= that value.
func refuseQuery(name string, status int, code string) func(string, http.Handler) http.Handler {
	return func(profile string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if q := r.URL.Query(); r.Method == http.MethodGet && signed(r) && (q.Has(name) || q.Get("comp") == name) {
				refusal(w, r, profile, status, code, "Access Denied", "")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// instead answers one sub-resource with a document of its own, to whoever is known.
func instead(next http.Handler, name, document string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !signed(r) || !r.URL.Query().Has(name) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write([]byte(document))
	})
}

// bucketResource reports whether a request reads a bucket of Google's JSON API itself.
func bucketResource(r *http.Request) bool {
	rest, ok := strings.CutPrefix(r.URL.Path, "/storage/v1/b/")
	return ok && r.Method == http.MethodGet && rest != "" && !strings.Contains(rest, "/")
}

func noBucketResource(profile string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bucketResource(r) {
			refusal(w, r, profile, http.StatusForbidden, "forbidden", "the account does not have storage.buckets.get access to the Google Cloud Storage bucket.", "")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// resource changes what Google's JSON API says of the bucket.
func resource(change func(map[string]any)) func(string, http.Handler) http.Handler {
	return func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := ask(next, r)
			var b map[string]any
			if bucketResource(r) && a.status == http.StatusOK && json.Unmarshal(a.body.Bytes(), &b) == nil {
				change(b)
				if raw, err := json.Marshal(b); err == nil {
					a.body.Reset()
					a.body.Write(raw)
				}
			}
			a.send(w, r)
		})
	}
}

// expiring is a rule that deletes what W&B stores, in the provider's own words.
func expiring(profile string, next http.Handler) http.Handler {
	if profile == "gcp" {
		return resource(func(b map[string]any) {
			b["lifecycle"] = map[string]any{"rule": []any{map[string]any{"action": map[string]any{"type": "Delete"}, "condition": map[string]any{"age": 30}}}}
		})(profile, next)
	}
	return instead(next, "lifecycle", `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>tidy</ID><Filter><Prefix></Prefix></Filter>`+
		`<Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>`)
}
