package placement

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
)

// Fields are what the form of a team's External storage was given; what is empty wasn't.
type Fields struct {
	Address                           *address.Address // the whole address
	Bucket, Path                      string
	Account, Container                string
	KMSKey                            string
	TenantID, ManagedIdentityClientID string
	CreateBucket                      bool   // W&B creates the bucket
	Existing                          string // the ID of storage that is in use already (BYOB-TEAM-006)
}

// CheckFields says whether the fields are those of the provider and deployment (BYOB-TEAM-002, and 005 for a bucket that W&B
// creates); the first one that is missing or has no place makes a *Refusal that names it. listed says that the bucket's
// connection string is in the instance's supported file stores. Existing storage is chosen alone, in every edition.
//
// The whole address is what aws, gcp and s3-compatible take; on Multi-tenant, whose form asks for a name, the name will do
// instead of it, and it is the name alone where W&B creates the bucket. The 2024 pages know only a provider and a bucket:
// there every refusal is Open.
func CheckFields(d availability.Deployment, edition, provider string, f Fields, listed bool) error {
	if _, err := availability.CanCreate(edition, d, provider); err != nil && !isRefusal(err) {
		return err
	}
	c := form{d: d, provider: provider, Fields: f, listed: listed, open: before202509(edition)}
	if f.Existing != "" {
		if f != (Fields{Existing: f.Existing}) {
			return &Refusal{Requirement: "BYOB-TEAM-006", Rule: "existing storage is chosen without any other field", Fix: "leave the other fields out"}
		}
		return nil
	}
	if f.CreateBucket {
		if _, err := availability.CanCreate(edition, d, provider); err != nil {
			return err
		}
	}
	if refusal := c.check(); refusal != nil {
		refusal.Open = c.open
		return refusal
	}
	return nil
}

func isRefusal(err error) bool {
	var r *Refusal
	return errors.As(err, &r)
}

// AzureWhole says that all four fields of Azure's form are given, so that the bucket needn't be listed (contradiction 7).
func (f Fields) AzureWhole() bool {
	return f.Account != "" && f.Container != "" && f.TenantID != "" && f.ManagedIdentityClientID != ""
}

// form is a form that is being checked.
type form struct {
	Fields
	d            availability.Deployment
	provider     string
	listed, open bool
}

func (f form) check() *Refusal {
	if f.Address != nil && string(f.Address.Provider) != f.provider {
		return refuseFields("the address is one of another provider", "give an address of "+f.provider)
	}
	var need, may []string
	switch address.Provider(f.provider) {
	case address.CoreWeave:
		need = []string{"bucket"}
	case address.Azure:
		need, may = []string{"account", "container"}, []string{"tenantID", "managedIdentityClientID"}
		if f.d != availability.MultiTenant && !f.listed && !f.open {
			need, may = append(need, may...), nil
		}
	case address.AWS:
		need, may = f.located(), []string{"kmsKey"}
	default:
		need = f.located()
	}
	if f.open && f.Address != nil { // the 2024 pages don't say in which form a bucket is named
		need = []string{"address"}
	}
	return f.exactly(need, append(may, "path"))
}

// located is how a bucket is named where the address as a whole is taken.
func (f form) located() []string {
	if f.CreateBucket || f.Address == nil && (f.d == availability.MultiTenant && f.provider != string(address.S3Compatible) || f.open) {
		return []string{"bucket"}
	}
	return []string{"address"}
}

// exactly asks for fields and refuses all that may not be there.
func (f form) exactly(need, may []string) *Refusal {
	wanted := " (" + strings.Join(need, ", ") + ")"
	for _, field := range []struct {
		name  string
		given bool
	}{
		{"address", f.Address != nil}, {"bucket", f.Bucket != ""}, {"account", f.Account != ""}, {"container", f.Container != ""},
		{"kmsKey", f.KMSKey != ""}, {"tenantID", f.TenantID != ""}, {"managedIdentityClientID", f.ManagedIdentityClientID != ""}, {"path", f.Path != ""},
	} {
		needed := slices.Contains(need, field.name)
		switch {
		case needed && !field.given:
			return refuseFields(fmt.Sprintf("the field %s is missing for %s on %s", field.name, f.provider, f.d), "give it"+wanted)
		case !needed && field.given && !slices.Contains(may, field.name):
			return refuseFields(fmt.Sprintf("the field %s has no place for %s on %s", field.name, f.provider, f.d), "leave it out, and give what is asked for"+wanted)
		}
	}
	if f.Path != "" && f.Address != nil && f.Address.Path != "" && f.Address.Path != strings.Trim(f.Path, "/") {
		return refuseFields("the field path isn't the sub-path of the address", "give the sub-path once")
	}
	return nil
}

func refuseFields(rule, fix string) *Refusal {
	return &Refusal{Requirement: "BYOB-TEAM-002", Rule: rule, Fix: fix}
}
