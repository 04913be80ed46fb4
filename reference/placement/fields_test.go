package placement_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/placement"
)

const (
	mt, ded, own = availability.MultiTenant, availability.Dedicated, availability.SelfManaged
)

// fieldNames are all fields that say where the bucket is and how to get in, in the order of the bits below.
var fieldNames = []string{"address", "bucket", "account", "container", "kmsKey", "tenantID", "managedIdentityClientID", "path"}

// given makes fields of bits, in the order of fieldNames.
func given(provider string, bits int) placement.Fields {
	text := func(i int) string {
		if bits&(1<<i) == 0 {
			return ""
		}
		return "canary"
	}
	f := placement.Fields{Bucket: text(1), Account: text(2), Container: text(3), KMSKey: text(4), TenantID: text(5), ManagedIdentityClientID: text(6), Path: text(7)}
	if bits&1 > 0 {
		f.Address = &address.Address{Provider: address.Provider(provider), Bucket: "canary-bucket"}
	}
	return f
}

// form is what a form asks for: "needed needed | optional". Two forms are separated by a comma.
var forms = []struct {
	editions, deployments, provider string
	create, listed                  bool
	form                            string
}{
	{"2025-09 2026-08", "dedicated self-managed", "aws", false, true, "address | kmsKey path"},
	{"2025-09 2026-08", "dedicated self-managed", "coreweave", false, true, "bucket | path"},
	{"2025-09 2026-08", "dedicated self-managed", "gcp", false, true, "address | path"},
	{"2025-09 2026-08", "dedicated self-managed", "azure", false, true, "account container | path tenantID managedIdentityClientID"},
	{"2025-09 2026-08", "dedicated self-managed", "s3-compatible", false, true, "address | path"},
	{"2025-09 2026-08", "dedicated self-managed", "aws", false, false, "address | kmsKey path"},
	{"2025-09 2026-08", "dedicated self-managed", "coreweave", false, false, "bucket | path"},
	{"2025-09 2026-08", "dedicated self-managed", "azure", false, false, "account container tenantID managedIdentityClientID | path"},

	{"2025-09 2026-08", "multi-tenant", "aws", false, false, "address | kmsKey path, bucket | kmsKey path"},
	{"2025-09 2026-08", "multi-tenant", "coreweave", false, false, "bucket | path"},
	{"2025-09 2026-08", "multi-tenant", "gcp", false, false, "address | path, bucket | path"},
	{"2025-09", "multi-tenant", "azure", false, false, "account container | path tenantID managedIdentityClientID"},
	{"2025-09 2026-08", "multi-tenant", "aws", true, false, "bucket | kmsKey path"},
	{"2025-09 2026-08", "multi-tenant", "coreweave", true, false, "bucket | path"},
	{"2025-09 2026-08", "multi-tenant", "gcp", true, false, "bucket | path"},
	{"2025-09", "multi-tenant", "azure", true, false, "account container | path tenantID managedIdentityClientID"},

	// The pages of 2024 name a provider, a bucket and a key; every refusal there is open.
	{"2024-connector 2024-byob", "multi-tenant dedicated self-managed", "aws", false, false, "address | kmsKey path, bucket | kmsKey path"},
	{"2024-connector 2024-byob", "multi-tenant dedicated self-managed", "gcp", false, true, "address | path, bucket | path"},
	{"2024-connector 2024-byob", "dedicated self-managed", "azure", false, false,
		"account container | path tenantID managedIdentityClientID, address | path tenantID managedIdentityClientID"},
	{"2024-connector 2024-byob", "dedicated self-managed", "s3-compatible", false, false, "address | path, bucket | path"},
	{"2024-connector 2024-byob", "dedicated self-managed", "coreweave", false, false, "address | path, bucket | path"},
}

// fits says whether bits are what one of the forms asks for.
func fits(form string, bits int) bool {
	for _, one := range strings.Split(form, ", ") {
		need, may, _ := strings.Cut(one, " | ")
		fit := true
		for i, name := range fieldNames {
			is, needed := bits&(1<<i) > 0, contains(need, name)
			if needed && !is || is && !needed && !contains(may, name) {
				fit = false
			}
		}
		if fit {
			return true
		}
	}
	return false
}

func contains(words, word string) bool {
	for _, w := range strings.Fields(words) {
		if w == word {
			return true
		}
	}
	return false
}

// TestEveryCombinationOfFields fills in each form in all 256 ways.
func TestEveryCombinationOfFields(t *testing.T) {
	n := 0
	for _, c := range forms {
		for _, edition := range strings.Fields(c.editions) {
			for _, deployment := range strings.Fields(c.deployments) {
				what := fmt.Sprintf("%s, %s, %s (create %v, listed %v)", edition, deployment, c.provider, c.create, c.listed)
				accepted := 0
				for bits := range 1 << len(fieldNames) {
					n++
					f := given(c.provider, bits)
					f.CreateBucket = c.create
					err := placement.CheckFields(availability.Deployment(deployment), edition, c.provider, f, c.listed)
					if want := fits(c.form, bits); (err == nil) != want {
						t.Errorf("%s with %v: got %v, want accepted %v", what, f, err, want)
					}
					if err == nil {
						accepted++
						continue
					}
					var r *placement.Refusal
					if !errors.As(err, &r) || r.Requirement != "BYOB-TEAM-002" || r.Open != strings.HasPrefix(edition, "2024-") {
						t.Errorf("%s with %v: got %#v, want a refusal by TEAM-002", what, f, err)
					}
					if strings.Contains(err.Error(), "canary") {
						t.Errorf("%s: the refusal repeats a field: %v", what, err)
					}
				}
				if accepted == 0 {
					t.Errorf("%s: nothing is accepted", what)
				}
			}
		}
	}
	if n < 10_000 {
		t.Errorf("got %d combinations", n)
	}
}

func TestFieldsOneByOne(t *testing.T) {
	aws := func(path string) *address.Address {
		return &address.Address{Provider: address.AWS, Bucket: "b", Path: path}
	}
	for _, c := range []struct {
		name, edition string
		deployment    availability.Deployment
		provider      string
		fields        placement.Fields
		want, says    string
	}{
		{"the missing field is named", "", ded, "aws", placement.Fields{}, "BYOB-TEAM-002", "the field address is missing for aws on dedicated"},
		{"the field that has no place is named", "", own, "gcp", placement.Fields{Address: &address.Address{Provider: address.GCP, Bucket: "b"}, KMSKey: "k"}, "BYOB-TEAM-002", "the field kmsKey has no place for gcp"},
		{"CoreWeave takes no address", "", own, "coreweave", placement.Fields{Address: &address.Address{Provider: address.CoreWeave, Bucket: "b"}}, "BYOB-TEAM-002", "address has no place"},
		{"tenant ID without the managed identity", "", ded, "azure", placement.Fields{Account: "a", Container: "c", TenantID: "t"}, "BYOB-TEAM-002", "managedIdentityClientID is missing"},
		{"an address of another provider", "", ded, "gcp", placement.Fields{Address: aws("")}, "BYOB-TEAM-002", "another provider"},
		{"the sub-path in address and field alike", "", ded, "aws", placement.Fields{Address: aws("x/y"), Path: "/x/y/"}, "", ""},
		{"the sub-path in the field", "", ded, "aws", placement.Fields{Address: aws(""), Path: "x"}, "", ""},
		{"two sub-paths", "", ded, "aws", placement.Fields{Address: aws("x"), Path: "y"}, "BYOB-TEAM-002", "path isn't the sub-path of the address"},
		{"Dedicated creates no bucket", "", ded, "aws", placement.Fields{Bucket: "b", CreateBucket: true}, "BYOB-TEAM-005", "only Multi-tenant"},
		{"Self-managed creates no bucket", "2026-08", own, "coreweave", placement.Fields{Bucket: "b", CreateBucket: true}, "BYOB-TEAM-005", "only Multi-tenant"},
		{"Multi-tenant creates none on Azure in 2026-08", "2026-08", mt, "azure", placement.Fields{Account: "a", Container: "c", CreateBucket: true}, "BYOB-AVAIL-001", "azure"},
		{"Multi-tenant creates one on Azure in 2025-09", "2025-09", mt, "azure", placement.Fields{Account: "a", Container: "c", CreateBucket: true}, "", ""},
		{"creating isn't published in 2024", "2024-byob", mt, "aws", placement.Fields{Bucket: "b", CreateBucket: true}, "BYOB-TEAM-005", "sources leave open"},
		{"existing storage alone", "", ded, "aws", placement.Fields{Existing: "s1"}, "", ""},
		{"existing storage alone, in 2024", "2024-connector", mt, "gcp", placement.Fields{Existing: "s1"}, "", ""},
		{"existing storage and a path", "", ded, "aws", placement.Fields{Existing: "s1", Path: "x"}, "BYOB-TEAM-006", "without any other field"},
		{"existing storage and an address", "", ded, "aws", placement.Fields{Existing: "s1", Address: aws("")}, "BYOB-TEAM-006", "without any other field"},
		{"existing storage to be created", "", mt, "aws", placement.Fields{Existing: "s1", CreateBucket: true}, "BYOB-TEAM-006", "without any other field"},
	} {
		err := placement.CheckFields(c.deployment, c.edition, c.provider, c.fields, false)
		if refusedBy(err) != c.want || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s:\ngot  %v\nwant %q, saying %q", c.name, err, c.want, c.says)
		}
	}
	for _, c := range []struct{ edition, deployment, provider string }{{"2027", "dedicated", "aws"}, {"", "cloud", "aws"}, {"", "dedicated", "minio"}} {
		if err := placement.CheckFields(availability.Deployment(c.deployment), c.edition, c.provider, placement.Fields{}, true); !errors.Is(err, availability.ErrUnknown) {
			t.Errorf("%v: got %v, want ErrUnknown", c, err)
		}
	}
}

func TestAzureIsWholeWithAllFourFields(t *testing.T) {
	whole := 0
	for bits := range 1 << len(fieldNames) {
		got := given("azure", bits).AzureWhole()
		const four = 1<<2 | 1<<3 | 1<<5 | 1<<6
		if want := bits&four == four; got != want {
			t.Errorf("bits %b: got %v, want %v", bits, got, want)
		}
		if got {
			whole++
		}
	}
	if whole != 16 {
		t.Errorf("got %d whole forms, want 16", whole)
	}
}
