// Package scene sets the stage for specs of a connector: an instance on one bucket of the yard, an organisation with
// people in it, teams with storage of their own or without, and files that go to the buckets by the URLs handed out.
// Whatever it can't set up leaves the requirement undecided; what is to be proved is left to the spec. It reaches the
// connector by its driver and the buckets by plain HTTP, and nothing else.
package scene

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
)

// Versions that every rule is content with (BYOB-AVAIL-005).
const (
	ServerVersion = "v0.80.0"
	ChartVersion  = "v0.40.0"
)

// Place is storage in a lot: the whole of it, or what lies below a sub-path.
type Place struct {
	Lot  *run.Lot
	Path string
}

// String names the place without secrets.
func (p Place) String() string {
	if p.Path == "" {
		return p.Lot.String()
	}
	return p.Lot.String() + "/" + p.Path
}

// Address is the place's address with credentials.
func (p Place) Address() *address.Address { return p.Lot.At(p.Path) }

// Plan says what a stage is to be like.
type Plan struct {
	// Instance is the instance's bucket. Managed gives it as W&B's own, which availability has no say in.
	Instance Place
	Managed  bool
	// Teams are the places that teams may choose: they stand in the supported file stores.
	Teams []Place
	// Deployment is self-managed unless said otherwise.
	Deployment string
	// Change has the last word on what is asked for.
	Change func(*driver.InstanceSpec)
}

// Stage is one instance with one organisation.
type Stage struct {
	Ctx        context.Context
	T          *run.T
	S          *run.Subject
	Operator   *driver.Client
	Instance   string
	Org        string
	Deployment string
	Admin      *Person
	plan       Plan
	people     int
	files      map[string]*Person // what is to be removed at the end
}

// Person is a user with a client of their own.
type Person struct {
	Name, ID, Role string
	*driver.Client
}

// Supports is the list of supported file stores for some places: a secret.
func Supports(places []Place) string {
	items := []string{"cw://"}
	for _, p := range places {
		if item := p.Address().Reveal(); !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	return strings.Join(items, ",")
}

// identities are what the deployment's own chain yields: the keys of all lots whose form takes none.
func identities(lots []*run.Lot) (out []driver.Identity) {
	for _, l := range lots {
		a := l.Address
		id := driver.Identity{Provider: l.Provider, Account: a.Account, ID: a.Credentials.ID, Secret: a.Credentials.Secret.Reveal()}
		if id.ID == "" {
			id.ID = a.Account
		}
		if l.Provider != string(address.CoreWeave) && l.Provider != string(address.Azure) {
			continue
		}
		if !slices.ContainsFunc(out, func(i driver.Identity) bool { return i.Provider == id.Provider && i.Account == id.Account }) {
			out = append(out, id)
		}
	}
	return out
}

// Spec is the instance that a plan asks for.
func (p Plan) Spec(s *run.Subject, name string) driver.InstanceSpec {
	stores := Supports(p.Teams)
	storage := &driver.Storage{Address: p.Instance.Address().Reveal()}
	spec := driver.InstanceSpec{Name: name, Edition: s.Edition, Deployment: p.Deployment, ServerVersion: ServerVersion, ChartVersion: ChartVersion,
		SupportedFileStores: &stores}
	if spec.Deployment == "" {
		spec.Deployment = string(availability.SelfManaged)
	}
	lots := []*run.Lot{p.Instance.Lot}
	for _, t := range p.Teams {
		lots = append(lots, t.Lot)
	}
	slices.Reverse(lots) // where one key stands for a provider, it is a team's: the instance's address has its own
	spec.Identities = identities(lots)
	if p.Managed || !Offered(spec, availability.InstanceScope, p.Instance) {
		spec.ManagedStorage = storage
	} else {
		spec.Storage = storage
	}
	if p.Change != nil {
		p.Change(&spec)
	}
	return spec
}

// Offered reports whether an instance has storage at a place on offer, by the rules.
func Offered(spec driver.InstanceSpec, scope availability.Scope, p Place) bool {
	answer, err := Decide(spec, scope, p)
	return err == nil && answer == availability.Offered
}

// Decide asks the rules whether an instance may have storage at a place.
func Decide(spec driver.InstanceSpec, scope availability.Scope, p Place) (availability.Answer, error) {
	i := availability.Instance{Edition: spec.Edition, Deployment: availability.Deployment(spec.Deployment), Cloud: spec.Cloud,
		ServerVersion: spec.ServerVersion, ChartVersion: spec.ChartVersion}
	if spec.SupportedFileStores != nil {
		stores, err := address.ParseStores(*spec.SupportedFileStores, address.Options{Edition: spec.Edition})
		if err != nil {
			return "", err
		}
		i.Stores = stores
	}
	return availability.Decide(i, availability.Request{Scope: scope, Provider: p.Lot.Provider, Address: p.Address(),
		SelfService: true, // the contract's instances are set up by the customer: what W&B's support does is managed storage
		AzureFields: p.Lot.Provider == string(address.Azure) && spec.Deployment != string(availability.MultiTenant)})
}

// CanTeam reports whether a team may have storage at a place on a deployment, by the rules of the subject's edition and by
// what the connector declares.
func CanTeam(s *run.Subject, deployment string, p Place) bool {
	spec := Plan{Instance: p, Teams: []Place{p}, Deployment: deployment, Managed: true}.Spec(s, "probe")
	return s.Info.Knows(s.Edition, spec.Deployment, p.Lot.Provider) && Offered(spec, availability.TeamScope, p)
}

// Providers are those whose buckets are in the yard and on offer to teams on a deployment, in the yard's order. Those that
// aren't are observed.
func Providers(t *run.T, s *run.Subject, deployment string) []string {
	var out, not []string
	for _, p := range s.Yard.Providers() {
		if CanTeam(s, deployment, Place{Lot: s.Yard.Of(p)[0]}) {
			out = append(out, p)
		} else {
			not = append(not, p)
		}
	}
	if len(not) > 0 {
		t.Observe("not tried on %s in edition %s, since not on offer or not declared: %s", deployment, s.Edition, strings.Join(not, ", "))
	}
	for _, p := range slices.Sorted(maps.Keys(s.Yard.Missing)) {
		t.Observe("not tried, since no bucket could be had: %s", p)
	}
	if len(out) == 0 {
		t.Errorf("no bucket of the yard is on offer to teams on %s in edition %s", deployment, s.Edition)
	}
	return out
}

// Open makes an instance with an organisation and its administrator.
func Open(ctx context.Context, t *run.T, s *run.Subject, p Plan) *Stage {
	st := &Stage{Ctx: ctx, T: t, S: s, Operator: s.Connector, plan: p, files: map[string]*Person{}}
	spec := p.Spec(s, "bucketproof")
	st.Deployment = spec.Deployment
	made, err := st.Operator.CreateInstance(ctx, spec)
	t.Need("an instance ("+spec.Deployment+", "+spec.Edition+") on "+p.Instance.String(), err)
	st.Instance = made.ID
	st.Org = st.NewOrg("acme")
	st.Admin = st.Person("admin", driver.RoleAdmin)
	return st
}

// NewOrg makes another organisation.
func (st *Stage) NewOrg(name string) string {
	id, err := st.Operator.CreateOrganization(st.Ctx, st.Instance, name)
	st.T.Need("an organisation", err)
	return id
}

// Person makes a user of the stage's organisation.
func (st *Stage) Person(name, role string) *Person { return st.PersonOf(st.Org, name, role) }

// PersonOf makes a user of an organisation.
func (st *Stage) PersonOf(org, name, role string) *Person {
	st.people++
	u, err := st.Operator.CreateUser(st.Ctx, st.Instance, driver.UserSpec{Name: fmt.Sprintf("%s-%d", name, st.people), Organization: org, Role: role})
	st.T.Need("a user ("+role+")", err)
	return &Person{Name: fmt.Sprintf("%s-%d", name, st.people), ID: u.ID, Role: role, Client: st.Operator.As(u.Token)}
}

// Close removes the files that were stored, and forgets the instance. It is deferred, and silent: what a spec decided
// stands, and what remains lies in buckets of the run.
func (st *Stage) Close() {
	for id, who := range st.files {
		_ = who.DeleteFile(st.Ctx, st.Instance, id)
	}
	_ = st.Operator.DeleteInstance(st.Ctx, st.Instance)
}
