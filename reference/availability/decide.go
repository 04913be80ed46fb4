package availability

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/bucketproof/bucketproof/reference/address"
)

// Instance is what the rules need to know of a W&B instance.
type Instance struct {
	Edition    string // "" is DefaultEdition
	Deployment Deployment
	// Cloud is the provider in whose cloud the instance runs (aws, coreweave, gcp, azure), or OnPremises; "" is unknown.
	Cloud string
	// ServerVersion and ChartVersion are versions as W&B writes them, "v0.73.0" or "0.73.0"; "" is unknown.
	ServerVersion, ChartVersion string
	// Stores are the supported file stores; nil means that the variable isn't set.
	Stores *address.Stores
}

// Request is the storage that somebody asks for.
type Request struct {
	Scope    Scope
	Provider string
	// Address is the bucket's, as far as known; nil for one that W&B creates itself, which no list can hold. Only provider,
	// endpoint, account, bucket and path are looked at.
	Address *address.Address
	// AzureFields says that all fields of the form are given: account, container, tenant ID, managed identity client ID.
	AzureFields bool
	// SelfService says that the customer's own administrator sets the instance's bucket up, and not W&B's support.
	SelfService bool
}

// Decide says whether an instance may use the storage that is asked for (BYOB-AVAIL-001 to 006). With Refused and with
// Unspecified comes a *Refusal that names the rule, Open for Unspecified. Any other error wraps ErrUnknown: a word or a
// version that isn't known, or an address of another provider than the request's.
func Decide(i Instance, r Request) (Answer, error) {
	p, err := check(i, r)
	if err != nil {
		return "", err
	}
	c := p.cell(i.Deployment, r.Scope, r.Provider)
	if c.Answer == Refused {
		return Refused, refuseCell(c)
	}
	cloud, open := p.cloud(i, r)
	for _, refusal := range []*Refusal{cloud, p.stores(i, r), p.coreWeave(i, r)} {
		if refusal != nil {
			return Refused, refusal
		}
	}
	if c.Answer == Unspecified {
		open = &Refusal{Requirement: c.Requirement, Open: true, Rule: fmt.Sprintf("whether %s storage is on offer at %s level on %s isn't published: %s",
			r.Provider, r.Scope, i.Deployment, c.Note), Fix: "ask W&B, or use a provider that the matrix names"}
	}
	if open != nil {
		return Unspecified, open
	}
	return Offered, nil
}

// CanCreate says whether W&B makes a team's bucket itself when the team is created ("Team level BYOB, Create a new bucket";
// BYOB-TEAM-005), with errors like those of Decide.
func CanCreate(edition string, d Deployment, provider string) (Answer, error) {
	p, err := check(Instance{Edition: edition, Deployment: d}, Request{Scope: TeamScope, Provider: provider})
	if err != nil {
		return "", err
	}
	const team005 = "BYOB-TEAM-005"
	switch {
	case p.cell(d, TeamScope, provider).Answer == Refused:
		return Refused, refuseCell(p.cell(d, TeamScope, provider))
	case p.Creates.open:
		return Unspecified, &Refusal{Requirement: team005, Open: true, Rule: "the edition's page says nothing of buckets that W&B creates", Fix: "create the bucket yourself"}
	case d != MultiTenant:
		return Refused, &Refusal{Requirement: team005, Rule: "only Multi-tenant creates a bucket by itself", Fix: "create the bucket yourself, and give its address"}
	case !slices.Contains(p.Creates.providers, provider):
		return Refused, &Refusal{Requirement: team005, Rule: "W&B creates no bucket at " + provider, Fix: "create the bucket yourself, or use another provider"}
	}
	return Offered, nil
}

// check knows every word, or says which it doesn't.
func check(i Instance, r Request) (*page, error) {
	p, err := find(i.Edition)
	if err != nil {
		return nil, err
	}
	if err := known("deployment", i.Deployment, Deployments); err != nil {
		return nil, err
	}
	if err := known("scope", r.Scope, Scopes); err != nil {
		return nil, err
	}
	if err := known("provider", r.Provider, Providers); err != nil {
		return nil, err
	}
	if i.Cloud != "" {
		if err := known("cloud", i.Cloud, clouds); err != nil {
			return nil, err
		}
	}
	for _, v := range []string{i.ServerVersion, i.ChartVersion} {
		if v != "" && !semver.IsValid(version(v)) {
			return nil, fmt.Errorf("%w: version %q: want one like v0.73.0", ErrUnknown, v)
		}
	}
	if r.Address != nil && string(r.Address.Provider) != r.Provider {
		return nil, fmt.Errorf("%w: the address is one of %q, the request one of %q", ErrUnknown, r.Address.Provider, r.Provider)
	}
	return p, nil
}

func refuseCell(c Cell) *Refusal {
	if c.Requirement == "BYOB-AVAIL-002" {
		return &Refusal{Requirement: c.Requirement, Rule: "Multi-tenant has no instance scope", Fix: "give a team a bucket of its own"}
	}
	return &Refusal{Requirement: c.Requirement, Rule: fmt.Sprintf("%s storage isn't on offer at %s level on %s: %s", c.Provider, c.Scope, c.Deployment, c.Note),
		Fix: "use a provider that the matrix of edition " + c.Edition + " has there"}
}

// cloud compares the bucket's cloud with the instance's (BYOB-AVAIL-003). S3-compatible storage is in no cloud of its own.
func (p *page) cloud(i Instance, r Request) (refused, open *Refusal) {
	answer, limited := p.OtherCloud[i.Deployment]
	if !limited || r.Provider == string(address.S3Compatible) || i.Cloud == r.Provider {
		return nil, nil
	}
	switch {
	case answer == Refused && i.Cloud == "":
		return &Refusal{Requirement: "BYOB-AVAIL-003", Rule: "a bucket must come from the instance's own cloud, and that cloud isn't known", Fix: "name the instance's cloud"}, nil
	case answer == Refused:
		return &Refusal{Requirement: "BYOB-AVAIL-003", Rule: "a bucket of " + r.Provider + " isn't in the cloud of the instance, " + i.Cloud, Fix: "use a bucket of " + i.Cloud}, nil
	case i.Cloud == "" || p.Listed != nil && p.Listed.OnlyOnAzure && r.Scope == TeamScope && i.Cloud == string(address.Azure):
		// Unknown, and nothing asks for it; or the page's own note on Azure answers it (BYOB-AVAIL-004).
		return nil, nil
	}
	return nil, &Refusal{Requirement: "BYOB-AVAIL-001", Open: true, Rule: "whether a bucket may be in another cloud than the instance isn't published",
		Fix: "use a bucket of the instance's own cloud"}
}

// stores asks for the supported file stores (BYOB-AVAIL-004, 006).
func (p *page) stores(i Instance, r Request) *Refusal {
	l := p.Listed
	if l == nil || r.Scope != TeamScope || !slices.Contains(l.On, i.Deployment) {
		return nil
	}
	azure := r.Provider == string(address.Azure)
	if l.OnlyOnAzure && (azure || i.Cloud != "" && i.Cloud != string(address.Azure)) {
		return nil
	}
	if azure && r.AzureFields || holds(i.Stores, r) {
		return nil
	}
	refusal := &Refusal{Requirement: l.Rule, Rule: "the bucket isn't in the instance's supported file stores", Fix: "add its address to " + l.Variable + ", and restart W&B"}
	switch {
	case l.OnlyOnAzure && i.Cloud == "":
		refusal.Rule = "a team bucket outside Azure must be in the supported file stores of an instance on Azure, and its cloud isn't known"
		refusal.Fix = "name the instance's cloud, or add the address to " + l.Variable
	case !l.OnlyOnAzure && r.Provider == string(address.CoreWeave):
		refusal.Rule, refusal.Fix = "the instance's supported file stores don't hold cw://", "add the exact item cw:// to "+l.Variable+", and restart W&B"
	case azure:
		refusal.Fix += "; or give account, container, tenant ID and managed identity client ID"
	}
	return refusal
}

// holds asks the list, which settles contradiction 7 (address.Stores.Holds). Without an address there is only the provider
// to ask for, and cw:// alone lists one as a whole.
func holds(s *address.Stores, r Request) bool {
	switch {
	case s == nil:
		return false
	case r.Address == nil:
		return r.Provider == string(address.CoreWeave) && s.CoreWeave
	}
	return s.Holds(r.Address)
}

// coreWeave asks for the versions, and for support at instance level (BYOB-AVAIL-005).
func (p *page) coreWeave(i Instance, r Request) *Refusal {
	need := p.CoreWeave
	if need == nil || r.Provider != string(address.CoreWeave) || i.Deployment == MultiTenant {
		return nil
	}
	const rule = "BYOB-AVAIL-005"
	if old, how := older(i.ServerVersion, need.Server); old {
		return &Refusal{Requirement: rule, Rule: "CoreWeave needs server " + need.Server + ", and the instance's " + how, Fix: "upgrade W&B"}
	}
	if old, how := older(i.ChartVersion, need.Chart); old && i.Deployment == SelfManaged {
		return &Refusal{Requirement: rule, Rule: "CoreWeave needs chart " + need.Chart + ", and the instance's " + how, Fix: "upgrade the Helm chart"}
	}
	if r.Scope == InstanceScope && r.SelfService {
		return &Refusal{Requirement: rule, Rule: "an instance's bucket on CoreWeave isn't self-service", Fix: "let W&B's support set it up"}
	}
	return nil
}

// older compares as versions, not as text: v0.9.0 is older than v0.73.0, and so is v0.73.0-rc.1.
func older(have, want string) (bool, string) {
	if have == "" {
		return true, "version isn't known"
	}
	return semver.Compare(version(have), want) < 0, "is " + version(have)
}

func version(v string) string { return "v" + strings.TrimPrefix(v, "v") }

// conditions are the requirements that Decide looks at beyond the cell.
func (p *page) conditions(d Deployment, s Scope, provider string) (ids []string) {
	if p.OtherCloud[d] == Refused && provider != string(address.S3Compatible) {
		ids = append(ids, "BYOB-AVAIL-003")
	}
	listed := ""
	if l := p.Listed; l != nil && s == TeamScope && slices.Contains(l.On, d) && (!l.OnlyOnAzure || provider != string(address.Azure)) {
		listed = l.Rule
	}
	if p.CoreWeave != nil && provider == string(address.CoreWeave) && d != MultiTenant {
		ids = append(ids, "BYOB-AVAIL-005")
	}
	if listed != "" {
		ids = append(ids, listed)
	}
	return ids
}
