// Package onboarding proves how storage is set up (BYOB-TEAM): by whom, with which fields, and that a bucket that doesn't
// work is reported and leaves nothing behind.
package onboarding

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// Specs declares the family; buckets have none of it.
func Specs(s *run.Subject) {
	if s.Kind != run.KindConnector {
		return
	}
	check := func(id, text string, f func(context.Context, *run.T, *run.Subject)) {
		run.It(s, id, text, func(ctx context.Context, t *run.T) { f(ctx, t, s) }, run.Within(time.Minute), scene.Costs(id))
	}
	check("BYOB-TEAM-001", "who is no administrator sets no storage up", adminsOnly)
	check("BYOB-TEAM-002", "the fields of each provider and deployment are asked for, and no others taken", fields)
	check("BYOB-TEAM-003", "a bucket that doesn't work is refused, what is wrong is named, and nothing is left", broken)
	check("BYOB-TEAM-004", "Internal storage is the instance's, External the team's own", internalExternal)
	check("BYOB-TEAM-005", "Multi-tenant makes the bucket itself", makesBucket)
	check("BYOB-TEAM-006", "a bucket that is in use can be chosen from the list", chosen)
}

// stage is an instance on a provider's first bucket, whose last one a team may have.
func stage(ctx context.Context, t *run.T, s *run.Subject, provider string) (*scene.Stage, scene.Place) {
	lots := s.Yard.Of(provider)
	own := scene.Place{Lot: lots[len(lots)-1]}
	return scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: []scene.Place{own}}), own
}

// without looks whether a team is not there, in the list and in the bucket.
func without(ctx context.Context, t *run.T, st *scene.Stage, name string, lot *run.Lot, before map[string]string) string {
	teams, err := st.Admin.Teams(ctx, st.Instance)
	t.Need("the list of teams", err)
	if slices.ContainsFunc(teams, func(tm driver.Team) bool { return tm.Name == name }) {
		return "the team is there"
	}
	if lot == nil {
		return ""
	}
	if n := len(scene.Added(before, scene.Inventory(ctx, t, lot))); n > 0 {
		return fmt.Sprintf("%d objects were left in the bucket", n)
	}
	return ""
}

func adminsOnly(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		st, own := stage(ctx, t, s, p)
		defer st.Close()
		omega := st.Team("omega", &own)
		made := 0
		for _, who := range []struct {
			called string
			p      *scene.Person
		}{
			{"a member of the organisation", st.Person("member", driver.RoleMember)},
			{"a guest", st.Person("guest", driver.RoleGuest)},
			{"a member of a team", omega.Member},
			{"an administrator of another organisation", st.PersonOf(st.NewOrg("other"), "stranger", driver.RoleAdmin)},
		} {
			before := scene.Inventory(ctx, t, own.Lot)
			made++
			name := fmt.Sprintf("by-%d", made)
			spec := scene.Spec(st.Deployment, name, &own)
			if made < 4 { // whoever administers another organisation may, there
				t.Denied(run.Denial{What: fmt.Sprintf("%s: %s makes a team with External storage", p, who.called), Expected: "403 under BYOB-TEAM-001",
					Control: func() run.Answer {
						right := spec
						right.Name = name + "-admin"
						_, err := st.Admin.CreateTeam(ctx, st.Instance, right)
						return run.AnswerOf(err)
					},
					Attempt:   func() run.Answer { _, err := who.p.CreateTeam(ctx, st.Instance, spec); return run.AnswerOf(err) },
					Refused:   scene.RefusedBy("BYOB-TEAM-001"),
					Untouched: func() string { return without(ctx, t, st, name, own.Lot, before) }})
			}
			t.Denied(run.Denial{What: fmt.Sprintf("%s: %s changes a team's storage", p, who.called), Expected: "401, 403 or 404",
				Control: func() run.Answer { _, err := st.Admin.Team(ctx, st.Instance, omega.ID); return run.AnswerOf(err) },
				Attempt: func() run.Answer {
					return run.AnswerOf(who.p.ChangeStorage(ctx, st.Instance, omega.ID, driver.Internal, nil))
				},
				Refused: scene.Closed,
				Untouched: func() string {
					tm, err := st.Admin.Team(ctx, st.Instance, omega.ID)
					if err != nil || tm.StorageType != driver.External {
						return "the team's storage is not what it was"
					}
					return ""
				}})
		}
	}
}

func internalExternal(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		st, own := stage(ctx, t, s, p)
		defer st.Close()
		for _, tm := range []struct {
			team *scene.Team
			kind string
		}{{st.Team("omega", &own), driver.External}, {st.Team("kappa", nil), driver.Internal}} {
			f := tm.team.Store(driver.RunFile, "file.bin", []byte("of "+tm.team.ID))
			t.Equal(p+": the bucket of a team with storage "+tm.kind, tm.team.Place.Lot.String(), f.Lot.String())
			t.Equal(p+": its file there", scene.Sum(f.Body), scene.Inventory(ctx, t, tm.team.Place.Lot)[f.Key])
			seen, err := tm.team.Member.Team(ctx, st.Instance, tm.team.ID)
			t.Did(p+": what the team's member sees of it", err)
			t.Equal(p+": its type of storage", tm.kind, seen.StorageType)
		}
	}
}

func chosen(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		st, own := stage(ctx, t, s, p)
		defer st.Close()
		omega := st.Team("omega", &own)
		t.Without(s, driver.CapStorageList, func() error { _, err := st.Admin.Storages(ctx, st.Instance); return err })
		list, err := st.Admin.Storages(ctx, st.Instance)
		t.Did(p+": the list of buckets in use", err)
		i := slices.IndexFunc(list, func(v driver.StorageView) bool { return slices.Contains(v.Teams, omega.ID) })
		t.True(p+": the bucket of a team", "in the list", i >= 0, fmt.Sprintf("%d buckets in the list", len(list)))
		t.Equal(p+": its provider", p, list[i].Provider)
		made, err := st.Admin.CreateTeam(ctx, st.Instance, driver.TeamSpec{Name: "second", StorageType: driver.External,
			Storage: &driver.TeamStorage{Existing: list[i].ID}})
		t.Did(p+": a team with a bucket of the list", err)
		second := st.Joined("second", made.ID, own)
		f, g := omega.Store(driver.RunFile, "file.bin", []byte("of "+omega.ID)), second.Store(driver.RunFile, "file.bin", []byte("of "+second.ID))
		t.Equal(p+": the bucket of the second team", f.Lot.String(), g.Lot.String())
		t.Equal(p+": the second team's file", g.Body, g.Read(second.Member).Body)
		t.Equal(p+": the first team's file", f.Body, f.Read(omega.Member).Body)
		t.True(p+": the keys of both", "different", f.Key != g.Key, "the same")
	}
}
