package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// besides is what certify is given besides the bucket: documents that W&B's own credentials can't read, and what all
// documents are judged by. Provider, bucket and path are the address's.
type besides struct {
	deployment, orgID, principal, kmsKey, account string
	ownerProfile                                  string
	files                                         map[string]*string // by flag
}

func (b *besides) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.deployment, "deployment", "", "W&B's deployment: "+strings.Join(policy.Deployments, ", "))
	f.StringVar(&b.orgID, "org-id", "", "coreweave: W&B's organisation `ID`, or the customer namespace")
	f.StringVar(&b.principal, "principal", "", "who W&B comes as where the deployment doesn't decide it: an ARN,\na service account's e-mail address, a managed identity's client ID")
	f.StringVar(&b.kmsKey, "kms-key", "", "aws: `ARN` of the KMS key that the configuration names")
	f.StringVar(&b.account, "account", "", "aws: the owner's account ID; azure: the storage account")
	f.StringVar(&b.ownerProfile, "owner-profile", "", "`PROFILE` of the shared AWS configuration whose identity reads what W&B's\nmay not; \"default\": the provider's usual chain")
	b.files = map[string]*string{}
	for _, d := range documentFlags {
		b.files[d.name] = f.String(d.name, "", "`FILE` with "+d.about)
	}
}

// given reports whether anything was.
func (b *besides) given() bool {
	for _, name := range b.files {
		if *name != "" {
			return true
		}
	}
	return b.deployment+b.orgID+b.principal+b.kmsKey+b.account+b.ownerProfile != ""
}

// usualChain names the provider's usual chain of credentials.
const usualChain = "default"

// owner is the second identity, nil when none is named. Profiles are AWS's: other providers have their usual chain alone.
func (b *besides) owner(t run.Target) (*run.Owner, error) {
	if b.ownerProfile == "" {
		return nil, nil
	}
	a, err := address.Parse(t.Address, t.Options)
	switch {
	case err != nil:
		return nil, nil // the run says what is wrong with the address
	case !a.HasCredentials():
		return nil, usage(withHint(errors.New("--owner-profile: the address holds no credentials, and the run acts as the bucket's owner already"),
			"--aws-profile "+cut(b.ownerProfile, 40)))
	case b.ownerProfile == usualChain:
		return &run.Owner{}, nil
	case a.Provider == address.GCP || a.Provider == address.Azure:
		return nil, usage(withHint(fmt.Errorf("--owner-profile %q: profiles are AWS's", cut(b.ownerProfile, 40)), "--owner-profile "+usualChain))
	}
	return &run.Owner{AWSProfile: b.ownerProfile}, nil
}

// documents reads what was given, as documents of the address's provider. What is wrong with an address the run says itself.
func (f *certifyFlags) documents(t run.Target) (*run.Documents, error) {
	if f.deployment != "" && !slices.Contains(policy.Deployments, f.deployment) {
		return nil, usage(withHint(fmt.Errorf("unknown deployment %q", cut(f.deployment, 40)), "one of "+strings.Join(policy.Deployments, ", ")))
	}
	if f.deployment == policy.MultiTenant && f.frontendOrigin == "" {
		f.frontendOrigin = "https://wandb.ai"
	}
	d := &run.Documents{FrontendOrigin: f.frontendOrigin,
		Need: policy.Need{Deployment: f.deployment, OrgID: f.orgID, Principal: f.principal, KMSKey: f.kmsKey, Account: f.account}}
	a, err := address.Parse(t.Address, t.Options)
	if err != nil {
		return d, nil
	}
	d.Provider = string(a.Provider)
	for _, flag := range documentFlags {
		name := *f.files[flag.name]
		if name == "" {
			continue
		}
		raw, err := document(name)
		if err == nil {
			err = d.Read(flag.name, raw)
		}
		if err == nil && flag.name == "cors" {
			err = d.CORSError // stands in for rules that the bucket has taken: those are never malformed
		}
		if err != nil {
			return nil, usage(fmt.Errorf("--%s %s: %w", flag.name, name, err))
		}
	}
	return d, nil
}
