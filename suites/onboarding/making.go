package onboarding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// frontend is where the instance's people open W&B: a bucket that is made for them must let it in.
const frontend = "https://wandb.example.com"

// makes is an instance on Multi-tenant whose identity may make buckets at a provider.
type makes struct {
	*scene.Stage
	provider string
	ground   *run.Ground
	spec     driver.InstanceSpec
}

// makesBucket goes through all providers for which Multi-tenant makes the bucket (BYOB-TEAM-005).
func makesBucket(ctx context.Context, t *run.T, s *run.Subject) {
	if !s.Info.Knows(s.Edition, string(availability.MultiTenant), "") {
		t.NotApplicable("the connector does not declare Multi-tenant")
	}
	tried, spoiled := 0, 0
	var without []string
	for _, p := range scene.Providers(t, s, string(availability.MultiTenant)) {
		if answer, _ := availability.CanCreate(s.Edition, availability.MultiTenant, p); answer != availability.Offered {
			continue
		}
		ground := s.Yard.Ground(p)
		m := open(ctx, t, s, p, ground)
		defer m.Close()
		t.Without(s, driver.CapCreateBucket, func() error { return m.ask("absent", "bucketproof-made", "") })
		if ground == nil {
			without = append(without, p)
			continue
		}
		tried++
		made := m.sound(ctx, t)
		m.takesOver(ctx, t, made)
		if ground.Spoil != nil {
			spoiled++
			m.spoilt(ctx, t)
		}
	}
	switch {
	case tried == 0:
		t.Unverified("no identity is known by which buckets may be made: --buckets names them as creators")
	case len(without) > 0:
		t.Unverified("no identity is known by which buckets may be made on %s: --buckets names them as creators", strings.Join(without, ", "))
	}
	elsewhere(ctx, t, s)
	if spoiled == 0 {
		t.Observe("not tried: a bucket that turns out to be useless once it is made; the stores of this machine alone can bring that about")
	}
}

// open makes the stage. Without a ground nothing can be made on it.
func open(ctx context.Context, t *run.T, s *run.Subject, p string, g *run.Ground) *makes {
	m := &makes{provider: p, ground: g}
	m.Stage = scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: s.Yard.Of(p)[0]}, Managed: true, Deployment: string(availability.MultiTenant),
		Change: func(i *driver.InstanceSpec) {
			i.Cloud, i.FrontendOrigin = p, frontend
			if g != nil && s.Info.Can(driver.CapCreateBucket) {
				i.Identities = nil
				for _, any := range s.Yard.Grounds { // so that a bucket can be made in a wrong place, too
					i.Identities = append(i.Identities, any.Identity)
				}
			}
			m.spec = *i
		}})
	return m
}

// form asks for a bucket of a name, with a sub-path.
func (m *makes) form(name, path string) *driver.TeamStorage {
	f := &driver.TeamStorage{Provider: m.provider, Bucket: name, Path: path, CreateBucket: true}
	if m.provider == "azure" {
		f.Account, f.Container, f.Bucket = "bucketproofmade", name, ""
		if m.ground != nil {
			f.Account = m.ground.Identity.Account
		}
	}
	return f
}

func (m *makes) ask(team, name, path string) error {
	_, err := m.Admin.CreateTeam(m.Ctx, m.Instance, driver.TeamSpec{Name: team, StorageType: driver.External, Storage: m.form(name, path)})
	return err
}

// name is a bucket's, which no other run asks for.
func (m *makes) name(what string) string {
	sum := sha256.Sum256([]byte(m.S.Yard.Of(m.provider)[0].Address.Path + m.Instance + what))
	return "bucketproof-made-" + hex.EncodeToString(sum[:8])
}

// expect announces a bucket that may be made, so that it is removed.
func (m *makes) expect(ctx context.Context, t *run.T, name string) (*run.Lot, func()) {
	lot, back, err := m.S.Yard.Expect(ctx, m.ground, name)
	if err != nil {
		t.Errorf("%s: no bucket can be made: %s", m.provider, err)
	}
	return lot, back
}

// sound has a bucket made, and looks into it: by its own API as the documents are judged, by preflights, and with bytes.
func (m *makes) sound(ctx context.Context, t *run.T) *run.Lot {
	name := m.name("omega")
	lot, back := m.expect(ctx, t, name)
	defer back()
	created, err := m.Admin.CreateTeam(ctx, m.Instance, driver.TeamSpec{Name: "omega", StorageType: driver.External, Storage: m.form(name, lot.Address.Path)})
	t.Did(m.provider+": a team whose bucket is made for it", err)
	b, err := m.ground.Open(ctx, lot)
	if err != nil {
		t.Errorf("%s: the bucket's API can't be used: %s", m.provider, err)
	}
	there, err := run.Stands(ctx, b)
	switch e := bucket.Classify("head bucket", err); {
	case err != nil && e.Kind == bucket.KindDenied:
		t.Fail(m.provider+": a bucket there that is its maker's", e.Error())
	case err != nil:
		t.Errorf("%s: nobody can tell whether the bucket was made: %s", m.provider, err)
	}
	t.True(m.provider+": the bucket that the team has", "there, at its provider", there, standing(there))
	m.judge(ctx, t, b)
	omega := m.Joined("omega", created.ID, scene.Place{Lot: lot})
	f := omega.Store(driver.RunFile, "file.bin", []byte("in a bucket that was made for "+omega.ID))
	t.Equal(m.provider+": where its file is", lot.String(), f.Lot.String())
	t.Equal(m.provider+": its file there", scene.Sum(f.Body), content(scene.Inventory(ctx, t, lot), f.Key))
	t.Equal(m.provider+": its file, read by its URL", f.Body, f.Read(omega.Member).Body)
	m.preflights(t, omega)
	if err := omega.Member.DeleteFile(ctx, m.Instance, f.ID); err != nil {
		t.Observe("%s: the file could not be deleted by the connector: %s", m.provider, run.AnswerOf(err))
	}
	return lot
}

func standing(there bool) string {
	if there {
		return "it is there"
	}
	return "it is not there"
}

// content is an object's hash in an inventory, whatever its version.
func content(inventory map[string]string, key string) string {
	for k, sum := range inventory {
		if name, _, _ := strings.Cut(k, "@"); name == key {
			return sum
		}
	}
	return ""
}

// takesOver proves that no bucket is taken over that is there already: neither the one just made, nor a stranger's. The stranger is
// one on this machine alone: a connector that takes over would set its policy and its rules on a bucket that somebody has named.
func (m *makes) takesOver(ctx context.Context, t *run.T, made *run.Lot) {
	names := map[string]string{"a bucket that it has made for another team": made.Address.Bucket}
	switch {
	case !m.S.Yard.Own:
		t.Observe("%s: not tried: to take over a bucket of somebody else's, since what --buckets names is not risked", m.provider)
	case m.provider != "azure": // whose accounts have containers of their own
		names["a bucket of somebody else's"] = m.S.Yard.Of(m.provider)[0].Address.Bucket
	}
	for _, what := range []string{"a bucket that it has made for another team", "a bucket of somebody else's"} {
		name, known := names[what]
		if !known {
			continue
		}
		foreign := m.S.Yard.Of(m.provider)[0]
		before := scene.Inventory(ctx, t, foreign)
		t.Denied(run.Denial{What: m.provider + ": a team takes over " + what, Expected: "refused; what is there is not touched",
			Control: func() run.Answer { _, err := m.Admin.Teams(ctx, m.Instance); return run.AnswerOf(err) },
			Attempt: func() run.Answer { return run.AnswerOf(m.ask("second", name, made.Address.Path)) },
			Refused: scene.Refused,
			Untouched: func() string {
				if b, err := m.ground.Open(ctx, made); err != nil {
					return "the bucket that was made can't be asked any more"
				} else if there, err := run.Stands(ctx, b); err != nil || !there {
					return "the bucket that was made is gone"
				}
				return without(ctx, t, m.Stage, "second", foreign, before)
			}})
	}
}

// spoilt proves that a bucket which turns out to be useless leaves neither team nor bucket.
func (m *makes) spoilt(ctx context.Context, t *run.T) {
	name := m.name("spoilt")
	lot, back := m.expect(ctx, t, name)
	defer back()
	b, err := m.ground.Open(ctx, lot)
	if err != nil {
		t.Errorf("%s: the bucket's API can't be used: %s", m.provider, err)
	}
	t.Denied(run.Denial{What: m.provider + ": a team whose bucket can be made, and not be used", Expected: "refused; neither team nor bucket is left",
		Control: func() run.Answer {
			control := m.name("control")
			_, back := m.expect(ctx, t, control)
			defer back()
			return run.AnswerOf(m.ask("control", control, lot.Address.Path))
		},
		Attempt: func() run.Answer {
			m.ground.Spoil(true)
			defer m.ground.Spoil(false)
			return unreachable(m.ask("spoilt", name, lot.Address.Path))
		},
		Refused: scene.Refused,
		Untouched: func() string {
			if there, err := run.Stands(ctx, b); err != nil || there {
				return "the bucket was left behind"
			}
			return without(ctx, t, m.Stage, "spoilt", nil, nil)
		}})
}

// elsewhere proves that no bucket is made where W&B makes none: on other deployments, and of providers and in editions that
// aren't on offer.
func elsewhere(ctx context.Context, t *run.T, s *run.Subject) {
	for _, edition := range s.Info.Editions {
		for _, d := range availability.Deployments {
			for _, p := range s.Yard.Providers() {
				answer, _ := availability.CanCreate(edition, d, p)
				ground := s.Yard.Ground(p)
				if answer != availability.Refused || !s.Info.Knows(edition, string(d), p) || edition != s.Edition && d != availability.MultiTenant {
					continue
				}
				spec := scene.Plan{Instance: scene.Place{Lot: s.Yard.Of(p)[0]}, Managed: true, Deployment: string(d)}.Spec(s, "elsewhere")
				spec.Edition, spec.Cloud = edition, ""
				if ground != nil {
					spec.Identities = []driver.Identity{ground.Identity}
				}
				refusedMaking(ctx, t, s, spec, p, ground)
			}
		}
	}
}

// refusedMaking asks an instance for a bucket that it may not make.
func refusedMaking(ctx context.Context, t *run.T, s *run.Subject, spec driver.InstanceSpec, p string, g *run.Ground) {
	made, err := s.Connector.CreateInstance(ctx, spec)
	t.Need(fmt.Sprintf("an instance (%s, %s)", spec.Deployment, spec.Edition), err)
	defer func() { _ = s.Connector.DeleteInstance(ctx, made.ID) }()
	org, err := s.Connector.CreateOrganization(ctx, made.ID, "acme")
	t.Need("an organisation", err)
	u, err := s.Connector.CreateUser(ctx, made.ID, driver.UserSpec{Name: "admin", Organization: org, Role: driver.RoleAdmin})
	t.Need("an administrator", err)
	m := &makes{Stage: &scene.Stage{Ctx: ctx, T: t, S: s, Instance: made.ID, Admin: &scene.Person{Client: s.Connector.As(u.Token)}}, provider: p, ground: g}
	name := m.name("elsewhere")
	var there func() bool
	if g != nil {
		lot, back := m.expect(ctx, t, name)
		defer back()
		b, err := g.Open(ctx, lot)
		if err != nil {
			t.Errorf("%s: the bucket's API can't be used: %s", p, err)
		}
		there = func() bool { is, err := run.Stands(ctx, b); return err != nil || is }
	}
	t.Denied(run.Denial{What: fmt.Sprintf("%s, %s: a bucket is made on %s", spec.Edition, spec.Deployment, p), Expected: "refused as not offered, naming its rule",
		Control: func() run.Answer { _, err := m.Admin.Teams(ctx, made.ID); return run.AnswerOf(err) },
		Attempt: func() run.Answer { return run.AnswerOf(m.ask("omega", name, "made")) },
		Refused: func(a run.Answer) bool {
			return string(a.Kind) == string(driver.NotOffered) && scene.RefusedBy("BYOB-TEAM-005", "BYOB-AVAIL-001")(a)
		},
		Untouched: func() string {
			if there != nil && there() {
				return "a bucket was made"
			}
			return without(ctx, t, m.Stage, "omega", nil, nil)
		}})
}
