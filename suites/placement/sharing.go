package placement

import (
	"context"
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// subPaths says whether the subject's edition knows sub-paths (BYOB-PLACE-006: from 2025-09 on).
func subPaths(s *run.Subject) bool { return s.Edition >= "2025-09" }

func shared(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		lot := s.Yard.Of(p)[0]
		places := []scene.Place{{Lot: lot}}
		if subPaths(s) {
			places = append(places, scene.Place{Lot: lot, Path: "first"}, scene.Place{Lot: lot, Path: "second/deeper"})
		}
		st := scene.Open(ctx, t, s, scene.Plan{Instance: places[0], Teams: places})
		defer st.Close()
		teams := []*scene.Team{st.Team("kappa", nil), st.Team("lambda", nil)}
		for i := range places {
			teams = append(teams, st.Team(fmt.Sprintf("omega-%d", i), &places[i]))
		}
		var files []*scene.File
		for _, tm := range teams {
			files = append(files, tm.Store(driver.RunFile, "same-name.bin", body("shared", tm.ID)))
		}
		keys := map[string]string{}
		inventory := scene.Inventory(ctx, t, lot)
		for i, f := range files {
			t.True(p+": "+teams[i].Name, "its file is in the bucket", inventory[f.Key] == scene.Sum(f.Body), found(inventory, f))
			t.Equal(p+": what "+teams[i].Name+" reads after all have written", f.Body, f.Read(teams[i].Member).Body)
			if other, twice := keys[f.Key]; twice {
				t.Fail("a key of its own for each team", teams[i].Name+" and "+other+" have the same")
			}
			keys[f.Key] = teams[i].Name
		}
	}
}

func below(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		instance, own := two(s, p)
		instance.Path, own.Path = "wandb/instance", "wandb/omega files"
		st := scene.Open(ctx, t, s, scene.Plan{Instance: instance, Teams: []scene.Place{own}})
		defer st.Close()
		lots := []*run.Lot{instance.Lot, own.Lot}
		before := []map[string]string{scene.Inventory(ctx, t, lots[0]), scene.Inventory(ctx, t, lots[1])}
		for _, tm := range []*scene.Team{st.Team("kappa", nil), st.Team("omega", &own)} {
			everyKind(ctx, t, s, st, tm)
		}
		for i, prefix := range []string{instance.Address().Path + "/", own.Address().Path + "/"} {
			added := scene.Added(before[i], scene.Inventory(ctx, t, lots[i]))
			t.True(p+": objects that came into "+lots[i].String(), "some", len(added) > 0, fmt.Sprint(len(added)))
			outside := 0
			for _, key := range added {
				if !strings.HasPrefix(key, prefix) {
					outside++
				}
			}
			t.Equal(p+": objects outside the sub-path of "+lots[i].String(), 0, outside)
		}
	}
}

func everywhere(ctx context.Context, t *run.T, s *run.Subject) {
	var places []scene.Place
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		_, own := two(s, p)
		places = append(places, own)
	}
	if len(places) < 2 {
		if len(s.Info.Providers) == 1 {
			t.NotApplicable("the connector declares one provider alone")
		}
		t.Unverified("buckets of one provider are too few: --buckets with those of another shows it")
	}
	instance, _ := two(s, places[0].Lot.Provider)
	st := scene.Open(ctx, t, s, scene.Plan{Instance: instance, Teams: places})
	defer st.Close()
	var teams []*scene.Team
	for i := range places {
		teams = append(teams, st.Team("team-"+places[i].Lot.Provider, &places[i]))
	}
	var files []*scene.File
	for _, tm := range teams {
		files = append(files, tm.Store(driver.RunFile, "file.bin", body("everywhere", tm.ID)))
	}
	for i, f := range files {
		t.Equal("the bucket of "+teams[i].Name, places[i].Lot.String(), f.Lot.String())
		inventory := scene.Inventory(ctx, t, places[i].Lot)
		t.True("the file of "+teams[i].Name, "in its bucket", inventory[f.Key] == scene.Sum(f.Body), found(inventory, f))
		t.Equal("what "+teams[i].Name+" reads", f.Body, f.Read(teams[i].Member).Body)
	}
}
