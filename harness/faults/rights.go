package faults

import (
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
		{"s3:GetBucketCORS", []string{"BYOB-PERM-009", "BYOB-CORS-001"}, judgedByRules, false},
		{"s3:GetBucketLocation", []string{"BYOB-PERM-010"}, nil, false},
		{"s3:GetBucketVersioning", []string{"BYOB-PERM-011"}, []string{"BYOB-KEEP-002"}, false},
	} {
		profiles := s3family
		if w.action == "s3:GetObject*" {
			profiles = []string{"coreweave", "s3-compatible"} // Amazon's policy shows that the wildcard is gone
		}
		name := "no-" + strings.ToLower(strings.Trim(strings.TrimPrefix(w.action, "s3:"), "*"))
		out = append(out, Fault{Name: name, Does: "the bucket policy does not grant " + w.action, Profiles: profiles, Breaks: w.breaks, Blocks: w.blocks, Leaves: w.leaves,
			Setup: func(string) stores.Setup { return stores.Setup{Without: []string{w.action}} }})
	}
	return append(out,
		Fault{Name: "no-getobject-and-shown", Does: "the bucket policy, which is read, does not grant s3:GetObject*", Profiles: []string{"aws"},
			Breaks: []string{"BYOB-PERM-001", "BYOB-PERM-018"}, Blocks: without(uses, "BYOB-PERM-001", "BYOB-PERM-018"),
			Setup: func(string) stores.Setup { return stores.Setup{Without: []string{"s3:GetObject*"}} }},
		Fault{Name: "delete-denied", Does: "the bucket policy grants s3:DeleteObject, and another statement denies it", Profiles: s3family, Leaves: true,
			Breaks: []string{"BYOB-PERM-007", "BYOB-PERM-019"}, Blocks: append(slices.Clone(byURL), "BYOB-KMS-002"),
			Setup: func(string) stores.Setup { return stores.Setup{Denied: []string{"s3:DeleteObject"}} }},
		Fault{Name: "no-getencryptionconfiguration", Does: "the default encryption may not be read", Profiles: s3family, Breaks: []string{"BYOB-PERM-002"},
			Blocks: []string{"BYOB-KMS-002"}, Setup: front(refuseQuery("encryption", http.StatusForbidden, "AccessDenied"))},
		Fault{Name: "access-policy-refuses", Does: "the organisation's access policy refuses to store objects, and the bucket policy grants it", Profiles: []string{"coreweave"},
			Breaks: []string{"BYOB-PERM-008", "BYOB-PERM-019"}, Blocks: without(uses, "BYOB-PERM-008", "BYOB-PERM-019"), Setup: front(noPut)},
		Fault{Name: "public-bucket", Does: "everybody may read and list", Profiles: []string{"aws", "s3-compatible", "gcp"}, Breaks: []string{"BYOB-PERM-020", "BYOB-SIGN-010"},
			Setup: func(string) stores.Setup { return stores.Setup{Public: true} }},
		Fault{Name: "public-container", Does: "everybody may read and list, and a shared access signature is not looked at when something is read", Profiles: []string{"azure"},
			Breaks: []string{"BYOB-PERM-020", "BYOB-SIGN-002", "BYOB-SIGN-003", "BYOB-SIGN-006", "BYOB-SIGN-007", "BYOB-SIGN-010", "BYOB-SIGN-012"},
			Blocks: []string{"BYOB-NET-007"}, Setup: func(string) stores.Setup { return stores.Setup{Public: true} }},
		Fault{Name: "role-objectadmin", Does: "the service account holds storage.objectAdmin in the place of storage.admin", Profiles: []string{"gcp"},
			Breaks: []string{"BYOB-PERM-014", "BYOB-NET-008"}, Blocks: append(slices.Clone(byURL), "BYOB-PERM-020", "BYOB-KMS-003", "BYOB-KEEP-001", "BYOB-KEEP-002"),
			Setup: func(string) stores.Setup {
				return stores.Setup{GCS: stores.GCSSetup{Role: "roles/storage.objectAdmin"}}
			}},
		Fault{Name: "key-without-the-service", Does: "the account's key may not read the blob service's properties", Profiles: []string{"azure"},
			Breaks: []string{"BYOB-PERM-015", "BYOB-CORS-001"}, Blocks: append([]string{"BYOB-KEEP-002"}, judgedByRules...),
			Setup: front(refuseQuery("properties", http.StatusForbidden, "AuthorizationFailure"))},
	)
}

// judgedByRules is what can't be judged where the CORS rules can't be read.
var judgedByRules = []string{"BYOB-CORS-002", "BYOB-CORS-003", "BYOB-CORS-004", "BYOB-CORS-005", "BYOB-CORS-006", "BYOB-CORS-009"}

// noPut refuses to store, in the words of a store whose user may not.
func noPut(profile string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && r.URL.Path != "/" && signed(r) {
			refusal(w, r, profile, http.StatusForbidden, "AccessDenied", "Access Denied", "")
			return
		}
		next.ServeHTTP(w, r)
	})
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
