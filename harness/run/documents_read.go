package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reference/retention"
)

// documentKind is a kind of document: who has it, and how it is read.
type documentKind struct {
	name      string
	providers []string
	read      func(*Documents, []byte) error
}

// documentKinds are named as the flags of review are.
var documentKinds = []documentKind{
	{"cors", catalogue.Providers, func(d *Documents, raw []byte) error {
		d.CORS, d.CORSError = cors.Read(d.Provider, raw)
		return nil
	}},
	{"policy", []string{policy.AWS, policy.CoreWeave, policy.S3Compatible}, func(d *Documents, raw []byte) error {
		d.Access.Bucket, d.PolicyError = policy.Parse(d.Provider, policy.Bucket, raw)
		return nil
	}},
	{"key-policy", []string{policy.AWS}, func(d *Documents, raw []byte) error {
		d.Access.Key, d.KeyError = policy.Parse(d.Provider, policy.Key, raw)
		return nil
	}},
	{"describe-key", []string{policy.AWS}, func(d *Documents, raw []byte) (err error) {
		d.Access.KeyState, err = policy.ParseKeyState(raw)
		return err
	}},
	{"roles", []string{policy.GCP, policy.Azure}, func(d *Documents, raw []byte) (err error) {
		if d.Provider == policy.GCP {
			d.Access.Bindings, err = policy.ParseBindings(raw)
			return err
		}
		d.Access.Assignments, err = policy.ParseAssignments(raw)
		return err
	}},
	{"federated", []string{policy.Azure}, func(d *Documents, raw []byte) (err error) {
		d.Access.Federated, err = policy.ParseFederated(raw)
		return err
	}},
	{"account-properties", []string{policy.Azure}, func(d *Documents, raw []byte) (err error) {
		d.Access.Account, err = policy.ParseAccount(raw)
		return err
	}},
	{"lifecycle", catalogue.Providers, func(d *Documents, raw []byte) (err error) {
		d.Retention.Lifecycle, err = retention.ParseLifecycle(d.Provider, raw)
		return err
	}},
	{"versioning", catalogue.Providers, func(d *Documents, raw []byte) (err error) {
		d.Retention.State, err = retention.ParseState(d.Provider, raw)
		return err
	}},
}

// Read takes one document, by its kind: cors, policy, key-policy, describe-key, roles, federated, account-properties, lifecycle or
// versioning. CORS rules and policies that their provider doesn't take are a finding; the others are the provider's own
// descriptions of what there is, and one that can't be read is an error.
func (d *Documents) Read(kind string, raw []byte) error {
	for _, k := range documentKinds {
		if k.name != kind {
			continue
		}
		if !slices.Contains(k.providers, d.Provider) {
			return fmt.Errorf("%s has no such document: it is for %s", d.Provider, strings.Join(k.providers, ", "))
		}
		if err := k.read(d, raw); err != nil {
			return err
		}
		d.given = maps.Clone(d.given)
		if d.given == nil {
			d.given = map[string]bool{}
		}
		d.given[kind] = true
		return nil
	}
	return fmt.Errorf("unknown kind of document %q", kind)
}
