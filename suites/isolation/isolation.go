// Package isolation proves that teams don't reach each other's files (BYOB-ISO), by the scenario of Omega and Kappa on
// real buckets of every provider: first Kappa on the instance's bucket, then with a bucket of its own, then all in one
// bucket under names made to be confused. Every refusal stands beside the same thing done rightly, and files are looked at
// afterwards; URLs are edited towards the neighbour and must fail at the store itself.
package isolation

import (
	"context"
	"fmt"
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
		run.It(s, id, text, func(ctx context.Context, t *run.T) { f(ctx, t, s) }, run.Within(2*time.Minute), scene.Costs(id))
	}
	check("BYOB-ISO-001", "Kappa on the instance's bucket neither reads, lists, overwrites nor deletes Omega's files", kappaOnInstance)
	check("BYOB-ISO-002", "Omega's members read and list Kappa's files in the instance's bucket, and no more", omegaReads)
	check("BYOB-ISO-003", "with a bucket each, neither team reaches the other's files", apart)
	check("BYOB-ISO-004", "teams in one bucket under names made to be confused don't reach each other", neighbours)
	check("BYOB-ISO-005", "a URL that is edited towards the neighbour is refused by the store", edited)
	check("BYOB-ISO-006", "a stranger to the organisation reaches nothing, and learns nothing", strangers)
	check("BYOB-ISO-007", "a member of two teams gets URLs to the bucket of the team that owns the file", both)
}

// things are what a team has that others might want.
type things struct {
	tm       *scene.Team
	file     *scene.File
	artifact *scene.Artifact
}

func belongings(tm *scene.Team) things {
	return things{tm: tm, file: tm.Store(driver.RunFile, "secret.bin", []byte("of "+tm.Name+" "+tm.ID)),
		artifact: tm.Artifact("model", map[string][]byte{"weights.bin": []byte("weights of " + tm.Name + " " + tm.ID)})}
}

// deed is something done to a team's files.
type deed struct {
	what string
	do   func(*scene.Person) error
}

// reads and writes are what can be done to what a team has. Deeds that remove something remove what doing does, each time
// something made for it, so that the control can do it, too.
func (b things) reads(ctx context.Context, st *scene.Stage) []deed {
	return []deed{
		{"reads a file", func(p *scene.Person) error { _, err := p.Download(ctx, st.Instance, b.file.ID); return err }},
		{"lists the files", func(p *scene.Person) error { _, err := p.Files(ctx, st.Instance, b.tm.Run, ""); return err }},
		{"reads an artifact", func(p *scene.Person) error { _, err := p.Artifact(ctx, st.Instance, b.artifact.ID); return err }},
		{"reads an artifact's file", func(p *scene.Person) error {
			_, err := p.Download(ctx, st.Instance, b.artifact.Files[0].ID)
			return err
		}},
	}
}

func (b things) writes(ctx context.Context, st *scene.Stage) []deed {
	spec, own := scene.Describe(driver.RunFile, "secret.bin", []byte("overwritten")), scene.Describe(driver.RunFile, "spare.bin", []byte("own"))
	artifact := scene.Describe("", "weights.bin", []byte("overwritten"))
	return []deed{
		{"overwrites a file", func(p *scene.Person) error {
			if p == b.tm.Member {
				_, err := p.DeclareFiles(ctx, st.Instance, b.tm.Run, own)
				return err
			}
			_, err := p.DeclareFiles(ctx, st.Instance, b.tm.Run, spec)
			return err
		}},
		{"begins a run", func(p *scene.Person) error {
			_, err := p.CreateRun(ctx, st.Instance, b.tm.ID, "project", "theirs")
			return err
		}},
		{"begins an artifact", func(p *scene.Person) error {
			_, err := p.CreateArtifact(ctx, st.Instance, b.tm.ID, "project", "model", artifact)
			return err
		}},
		{"reports an upload", func(p *scene.Person) error { return p.Uploaded(ctx, st.Instance, b.file.ID) }},
	}
}

func (b things) removals(ctx context.Context, st *scene.Stage) []deed {
	return []deed{
		{"deletes a file", func(p *scene.Person) error {
			id := b.file.ID
			if p == b.tm.Member {
				id = b.tm.Store(driver.RunFile, "spare.bin", []byte("spare")).ID
			}
			return p.DeleteFile(ctx, st.Instance, id)
		}},
		{"deletes an artifact", func(p *scene.Person) error {
			id := b.artifact.ID
			if p == b.tm.Member {
				id = b.tm.Artifact("spare", map[string][]byte{"spare.bin": []byte("spare of " + b.tm.ID)}).ID
			}
			return p.DeleteArtifact(ctx, st.Instance, id)
		}},
	}
}

func (b things) all(ctx context.Context, st *scene.Stage) []deed {
	return append(append(b.reads(ctx, st), b.writes(ctx, st)...), b.removals(ctx, st)...)
}

// kept looks whether all is as it was.
func (b things) kept(ctx context.Context, st *scene.Stage) func() string {
	return func() string {
		if why := b.file.Kept(); why != "" {
			return why
		}
		a, err := b.tm.Member.Artifact(ctx, st.Instance, b.artifact.ID)
		if err != nil || a.State != "committed" {
			return "the artifact is not what it was: " + run.AnswerOf(err).String()
		}
		return b.artifact.Files[0].Kept()
	}
}

// closed proves that somebody can't do what a member of the team can.
func closed(t *run.T, where string, who *scene.Person, called string, b things, deeds []deed, kept func() string) {
	for _, d := range deeds {
		t.Denied(run.Denial{What: fmt.Sprintf("%s: %s %s of %s", where, called, d.what, b.tm.Name), Expected: "401, 403 or 404",
			Control: func() run.Answer { return run.AnswerOf(d.do(b.tm.Member)) },
			Attempt: func() run.Answer { return run.AnswerOf(d.do(who)) },
			Refused: scene.Closed, Untouched: kept})
	}
}

// teamsOn are the providers on which teams can have buckets, and those on which an instance can.
func teamsOn(t *run.T, s *run.Subject) []string {
	return scene.Providers(t, s, string(availability.SelfManaged))
}

func kappaOnInstance(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range teamsOn(t, s) {
		lots := s.Yard.Of(p)
		own := scene.Place{Lot: lots[len(lots)-1]}
		for _, q := range s.Yard.Providers() {
			st := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: s.Yard.Of(q)[0]}, Teams: []scene.Place{own}})
			defer st.Close()
			omega, kappa := belongings(st.Team("omega", &own)), st.Team("kappa", nil)
			kept, where := omega.kept(ctx, st), "Omega on "+p+", Kappa on the instance's bucket on "+q
			closed(t, where, kappa.Member, "Kappa's member", omega, omega.all(ctx, st), kept)
			if p == q { // an administrator is no exception, nor is a guest: once is enough for each provider
				closed(t, where, st.Admin, "an administrator", omega, append(omega.reads(ctx, st), omega.removals(ctx, st)...), kept)
				closed(t, where, st.Person("guest", driver.RoleGuest), "a guest", omega, omega.reads(ctx, st), kept)
				past := st.Person("past", driver.RoleMember)
				omega.tm.Admit(past)
				t.Need("a member leaves Omega", st.Admin.RemoveMember(ctx, st.Instance, omega.tm.ID, past.ID))
				closed(t, where, past, "who was a member", omega, omega.reads(ctx, st), kept)
			}
		}
	}
}

func omegaReads(ctx context.Context, t *run.T, s *run.Subject) {
	for _, q := range s.Yard.Providers() {
		lots := s.Yard.Of(q)
		p := q
		if !scene.CanTeam(s, string(availability.SelfManaged), scene.Place{Lot: lots[0]}) {
			p = teamsOn(t, s)[0]
		}
		own := scene.Place{Lot: s.Yard.Of(p)[len(s.Yard.Of(p))-1]}
		st := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: []scene.Place{own}})
		defer st.Close()
		omega, kappa := st.Team("omega", &own), belongings(st.Team("kappa", nil))
		for _, d := range kappa.reads(ctx, st) {
			t.Did(q+": Omega's member "+d.what+" of Kappa", d.do(omega.Member))
		}
		t.Equal(q+": what Omega's member reads of Kappa", kappa.file.Body, kappa.file.Read(omega.Member).Body)
		kept := kappa.kept(ctx, st)
		closed(t, q, omega.Member, "Omega's member", kappa, append(kappa.writes(ctx, st), kappa.removals(ctx, st)...), kept)
		closed(t, q, st.Person("guest", driver.RoleGuest), "a guest without the permission", kappa, kappa.reads(ctx, st), kept)
	}
}

func apart(ctx context.Context, t *run.T, s *run.Subject) {
	providers := teamsOn(t, s)
	for i, p := range providers {
		lots, others := s.Yard.Of(p), s.Yard.Of(providers[(i+1)%len(providers)])
		for _, pair := range [][2]scene.Place{
			{{Lot: lots[len(lots)-1]}, {Lot: lots[min(1, len(lots)-1)]}},
			{{Lot: lots[len(lots)-1]}, {Lot: others[min(1, len(others)-1)]}},
		} {
			st := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: pair[:]})
			defer st.Close()
			omega, kappa := belongings(st.Team("omega", &pair[0])), belongings(st.Team("kappa", &pair[1]))
			where := "Omega on " + pair[0].String() + ", Kappa on " + pair[1].String()
			closed(t, where, kappa.tm.Member, "Kappa's member", omega, omega.all(ctx, st), omega.kept(ctx, st))
			closed(t, where, omega.tm.Member, "Omega's member", kappa, kappa.all(ctx, st), kappa.kept(ctx, st))
		}
	}
}
