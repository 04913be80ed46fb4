package scene

import (
	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/reference/address"
)

// Made-up IDs of Azure's, which Azurite knows nothing of.
const (
	tenant   = "11111111-2222-3333-4444-555555555555"
	identity = "66666666-7777-8888-9999-aaaaaaaaaaaa"
)

// Team is a team with a member.
type Team struct {
	ID, Name string
	Place    Place // of its files: its own, or the instance's
	Member   *Person
	Run      string
	st       *Stage
}

// Form is the form of External storage at a place (BYOB-TEAM-002).
func Form(deployment string, p Place) *driver.TeamStorage {
	a := p.Address()
	f := &driver.TeamStorage{Provider: p.Lot.Provider}
	switch a.Provider {
	case address.CoreWeave:
		f.Bucket, f.Path = a.Bucket, a.Path
	case address.Azure:
		f.Account, f.Container, f.Path = a.Account, a.Bucket, a.Path
		if deployment != "multi-tenant" {
			f.TenantID, f.ManagedIdentityClientID = tenant, identity
		}
	default:
		f.Address = a.Reveal()
	}
	return f
}

// Spec is a team with storage at a place, or without its own.
func Spec(deployment, name string, own *Place) driver.TeamSpec {
	if own == nil {
		return driver.TeamSpec{Name: name, StorageType: driver.Internal}
	}
	return driver.TeamSpec{Name: name, StorageType: driver.External, Storage: Form(deployment, *own)}
}

// Team makes a team, with one member and a run of theirs; own is nil for Internal storage.
func (st *Stage) Team(name string, own *Place) *Team {
	where := st.plan.Instance
	what := "team " + name + " with Internal storage on " + where.String()
	if own != nil {
		where, what = *own, "team "+name+" with External storage on "+own.String()
	}
	made, err := st.Admin.CreateTeam(st.Ctx, st.Instance, Spec(st.Deployment, name, own))
	st.T.Need(what, err)
	return st.Joined(name, made.ID, where)
}

// Admit lets somebody into the team.
func (tm *Team) Admit(who *Person) {
	tm.st.T.Need("a member of "+tm.Name, tm.st.Admin.AddMember(tm.st.Ctx, tm.st.Instance, tm.ID, who.ID))
}

// NewRun begins a run of the team's member.
func (tm *Team) NewRun(name string) string {
	id, err := tm.Member.CreateRun(tm.st.Ctx, tm.st.Instance, tm.ID, "project", name)
	tm.st.T.Need("a run of "+tm.Name, err)
	return id
}

// Joined is a team that a spec has made itself: it gets a member and a run.
func (st *Stage) Joined(name, id string, where Place) *Team {
	tm := &Team{ID: id, Name: name, Place: where, st: st}
	tm.Member = st.Person(name+"-member", driver.RoleMember)
	tm.Admit(tm.Member)
	tm.Run = tm.NewRun("run")
	return tm
}
