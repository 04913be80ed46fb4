package isolation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// confusable are sub-paths of one bucket: each begins another, holds another, or is another in other letters.
var confusable = []string{"team", "team2", "team/a", "Team", "te"}

// escaping are names of files by which one might leave one's own place; a connector refuses them, or keeps them inside.
var escaping = []string{"../team2/x", "a/../../team2/x", "..%2Fteam2%2Fx", "%2e%2e/team2/x", "..%252Fteam2%252Fx", "%2Fteam2%2Fx", "a%2Fb", `..\team2\x`, "a b+c%20d.bin", "ü/é.bin"}

func neighbours(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range teamsOn(t, s) {
		lots := s.Yard.Of(p)
		var places []scene.Place
		for _, path := range confusable {
			places = append(places, scene.Place{Lot: lots[len(lots)-1], Path: path})
		}
		st := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: places})
		defer st.Close()
		before := scene.Inventory(ctx, t, places[0].Lot)
		var teams []things
		for i := range places {
			teams = append(teams, belongings(st.Team(strings.ReplaceAll(fmt.Sprintf("%s-%d", confusable[i], i), "/", "-"), &places[i])))
		}
		for i, b := range teams {
			next := teams[(i+1)%len(teams)]
			where := fmt.Sprintf("%s: %q beside %q in one bucket", p, places[i].Path, places[(i+1)%len(teams)].Path)
			closed(t, where, next.tm.Member, "the neighbour", b, b.all(ctx, st), b.kept(ctx, st))
			inside(ctx, t, st, where, b)
		}
		for i, b := range teams {
			t.Equal(fmt.Sprintf("%s: the file of %q, after all that", p, places[i].Path), "", b.kept(ctx, st)())
		}
		outside(ctx, t, p, before, places)
	}
}

// inside stores files by names that lead elsewhere, if they are read in one way too many. What is taken must come back
// as it was, and lie in the team's own place.
func inside(ctx context.Context, t *run.T, st *scene.Stage, where string, b things) {
	prefix := b.tm.Place.Address().Path + "/"
	for _, name := range escaping {
		t.DeniedBy(fmt.Sprintf("%s: a file called %q outside of %q", where, name, prefix), "refused, or kept below the team's own sub-path",
			func() (string, bool) { return "the neighbour of it is stored", b.file.Kept() == "" },
			func() (string, bool) {
				body := []byte("by " + name + " of " + b.tm.ID)
				files, err := b.tm.Member.DeclareFiles(ctx, st.Instance, b.tm.Run, scene.Describe(driver.RunFile, name, body))
				if err != nil {
					a := run.AnswerOf(err)
					return a.String(), a.Status == 422 || a.Status == 400
				}
				if len(files) != 1 || files[0].Upload == nil {
					return "no upload", false
				}
				lot, key := st.S.Yard.Find(files[0].Upload.URL)
				if lot != b.tm.Place.Lot || !strings.HasPrefix(key, prefix) || climbs(key) {
					return "a URL to another place", false
				}
				if why := wire.Folds(key); why != "" && !st.S.Yard.Own {
					return "a URL to its own place, which is not used in a bucket of somebody's: the key has " + why, true
				}
				a, err := st.Try(files[0].Upload.Method, files[0].Upload.URL, files[0].Upload.Headers, body)
				if err != nil || a.Status/100 != 2 {
					return "a URL to its own place, which the store does not take: " + a.String(), true
				}
				if err := b.tm.Member.Uploaded(ctx, st.Instance, files[0].ID); err != nil {
					return "stored, and not found again: " + run.AnswerOf(err).String(), false
				}
				get, err := b.tm.Member.Download(ctx, st.Instance, files[0].ID)
				if err != nil {
					return "stored, and can't be read again: " + run.AnswerOf(err).String(), false
				}
				back := st.Send(get.Method, get.URL, get.Headers, nil)
				_ = b.tm.Member.DeleteFile(ctx, st.Instance, files[0].ID)
				return "stored in its own place, and read again: " + back.String(), string(back.Body) == string(body)
			})
	}
}

// climbs reports a key with a segment that some servers fold.
func climbs(key string) bool {
	for seg := range strings.SplitSeq(key, "/") {
		if seg == ".." || seg == "." || seg == "" {
			return true
		}
	}
	return false
}

// outside looks for objects that lie in nobody's place.
func outside(ctx context.Context, t *run.T, provider string, before map[string]string, places []scene.Place) {
	strays := 0
	for _, key := range scene.Added(before, scene.Inventory(ctx, t, places[0].Lot)) {
		mine := false
		for _, p := range places {
			mine = mine || strings.HasPrefix(key, p.Address().Path+"/")
		}
		if !mine {
			strays++
		}
	}
	t.Equal(provider+": objects in nobody's sub-path", 0, strays)
}

func both(ctx context.Context, t *run.T, s *run.Subject) {
	providers := teamsOn(t, s)
	for i, p := range providers {
		q := providers[(i+1)%len(providers)]
		lots, others := s.Yard.Of(p), s.Yard.Of(q)
		omegaAt, lambdaAt := scene.Place{Lot: lots[len(lots)-1]}, scene.Place{Lot: others[min(1, len(others)-1)]}
		st := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: []scene.Place{omegaAt, lambdaAt}})
		defer st.Close()
		teams := []*scene.Team{st.Team("omega", &omegaAt), st.Team("lambda", &lambdaAt), st.Team("kappa", nil)}
		for _, both := range []*scene.Person{st.Person("both", driver.RoleMember), st.Admin} {
			for _, tm := range teams {
				tm.Admit(both)
				tm.Member = both
			}
			for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}} {
				for _, i := range order {
					tm := teams[i]
					name, body := fmt.Sprintf("file-%s-%d.bin", both.Role, order[0]), []byte("of "+tm.ID)
					d := tm.Declare(driver.RunFile, name, body)
					to, _ := s.Yard.Find(d.Upload.URL)
					t.True(p+": the bucket of a file that "+tm.Name+" owns", tm.Place.Lot.String(), to == tm.Place.Lot, fmt.Sprint(to))
					f := tm.Upload(d, driver.RunFile, name, body)
					t.Equal(p+": what is read of it", f.Body, f.Read(both).Body)
					get, err := both.Download(ctx, st.Instance, f.ID)
					t.Did(p+": a URL to read it by", err)
					lot, _ := s.Yard.Find(get.URL)
					t.True(p+": the bucket it is read from", tm.Place.Lot.String(), lot == tm.Place.Lot, fmt.Sprint(lot))
				}
			}
		}
	}
}

// tokenLife is the shortest life of a token, and tokenWait how long its end may be waited for.
const (
	tokenLife = time.Second
	tokenWait = 5 * time.Second
)

// expired is a member of a team whose token has run out.
func expired(ctx context.Context, t *run.T, st *scene.Stage, tm *scene.Team) *scene.Person {
	u, err := st.Operator.CreateUser(ctx, st.Instance, driver.UserSpec{Name: "late", Organization: st.Org, Role: driver.RoleMember, TokenLifetimeSeconds: int(tokenLife / time.Second)})
	t.Need("a user with a token for a second", err)
	late := &scene.Person{ID: u.ID, Role: driver.RoleMember, Client: st.Operator.As(u.Token)}
	tm.Admit(late)
	ends := time.Until(u.Expires) + 100*time.Millisecond
	if ends > tokenWait {
		t.Fail("a token that ends after the second that was asked for", "one that lives "+ends.Round(time.Second).String())
	}
	select {
	case <-ctx.Done():
	case <-time.After(ends):
	}
	return late
}

func strangers(ctx context.Context, t *run.T, s *run.Subject) {
	for i, p := range teamsOn(t, s) {
		lots := s.Yard.Of(p)
		own := scene.Place{Lot: lots[len(lots)-1]}
		plan := scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: []scene.Place{own}}
		st := scene.Open(ctx, t, s, plan)
		defer st.Close()
		omega, kappa := belongings(st.Team("omega", &own)), belongings(st.Team("kappa", nil))
		elsewhere := scene.Open(ctx, t, s, plan)
		defer elsewhere.Close()
		if i == 0 { // a second is waited for, once
			closed(t, p, expired(ctx, t, st, omega.tm), "a member of the team whose token has run out", omega, omega.all(ctx, st), omega.kept(ctx, st))
		}
		nobody := &scene.Person{Client: s.Connector.As("bucketproof-nobody")}
		other := st.NewOrg("other")
		for _, who := range []struct {
			called string
			p      *scene.Person
		}{
			{"an administrator of another organisation", st.PersonOf(other, "stranger", driver.RoleAdmin)},
			{"a member of another organisation", st.PersonOf(other, "stranger", driver.RoleMember)},
			{"an administrator of another instance", elsewhere.Admin},
			{"somebody with a token that nobody has", nobody},
		} {
			for _, b := range []things{omega, kappa} {
				closed(t, p, who.p, who.called, b, b.all(ctx, st), b.kept(ctx, st))
				silent(ctx, t, st, p+": what "+who.called+" is told of "+b.tm.Name, who.p, b)
			}
		}
	}
}

// silent compares what a stranger is told of a thing that is there with one that isn't.
func silent(ctx context.Context, t *run.T, st *scene.Stage, what string, who *scene.Person, b things) {
	t.DeniedBy(what, "the same as of a team that isn't there",
		func() (string, bool) {
			a := run.AnswerOf(func() error { _, err := b.tm.Member.Team(ctx, st.Instance, b.tm.ID); return err }())
			return a.String(), a.Status == 200
		},
		func() (string, bool) {
			_, there := who.Team(ctx, st.Instance, b.tm.ID)
			_, not := who.Team(ctx, st.Instance, "no-such-team")
			is, isNot := run.AnswerOf(there), run.AnswerOf(not)
			return fmt.Sprintf("%s, and %s", is, isNot), scene.Closed(is) && is.Status == isNot.Status
		})
	if who.ID != "" {
		t.Denied(run.Denial{What: what + ", who lets themselves in", Expected: "401, 403 or 404",
			Control: func() run.Answer {
				return run.AnswerOf(st.Admin.AddMember(ctx, st.Instance, b.tm.ID, st.Person("new", driver.RoleMember).ID))
			},
			Attempt: func() run.Answer { return run.AnswerOf(who.AddMember(ctx, st.Instance, b.tm.ID, who.ID)) },
			Refused: scene.Closed,
			Untouched: func() string {
				if _, err := who.Files(ctx, st.Instance, b.tm.Run, ""); err == nil {
					return "they are in"
				}
				return ""
			}})
	}
}
