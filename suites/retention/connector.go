package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// connectorSpecs judge garbage collection by the inventory of the bucket's owner.
func connectorSpecs(s *run.Subject) {
	run.It(s, "BYOB-KEEP-004", "what no artifact refers to any more leaves the bucket, and what one still does stays",
		func(ctx context.Context, t *run.T) { collected(ctx, t, s) }, run.Within(time.Minute), scene.Costs("BYOB-KEEP-004"))
}

func collected(ctx context.Context, t *run.T, s *run.Subject) {
	t.Without(s, driver.CapGarbageCollection, func() error { _, err := s.Connector.CollectGarbage(ctx, "none"); return err })
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		lots := s.Yard.Of(p)
		own := scene.Place{Lot: lots[len(lots)-1]}
		st := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: []scene.Place{own}})
		defer st.Close()
		for _, tm := range []*scene.Team{st.Team("omega", &own), st.Team("kappa", nil)} {
			round(ctx, t, st, p, tm)
		}
	}
}

// round lets one team make and delete artifacts that share content, with its own files and another team's beside them.
func round(ctx context.Context, t *run.T, st *scene.Stage, p string, tm *scene.Team) {
	one, two, both := []byte("one of "+tm.ID), []byte("two of "+tm.ID), []byte("both of "+tm.ID)
	where := fmt.Sprintf("%s, %s", p, tm.Name)
	file := tm.Store(driver.RunFile, "file.bin", one) // the same content as an artifact's, and no artifact
	first := tm.Artifact("first", map[string][]byte{"only.bin": one, "shared.bin": both})
	second := tm.Artifact("second", map[string][]byte{"only.bin": two, "shared.bin": both})
	twin := tm.Artifact("first", map[string][]byte{"renamed.bin": both})
	inBucket := func() map[string]int {
		n := map[string]int{}
		for _, sum := range scene.Inventory(ctx, t, file.Lot) {
			n[sum]++
		}
		return n
	}
	collect := func(what string) {
		_, err := st.Admin.CollectGarbage(ctx, st.Instance)
		t.Did(where+": garbage is collected "+what, err)
	}
	collect("while nothing is deleted")
	t.True(where+": what nobody deleted", "all in the bucket", inBucket()[scene.Sum(one)] == 2 && inBucket()[scene.Sum(two)] == 1 && inBucket()[scene.Sum(both)] >= 1, fmt.Sprint(len(inBucket())))
	t.Did(where+": the first artifact is deleted", tm.Member.DeleteArtifact(ctx, st.Instance, first.ID))
	collect("after the first artifact was deleted")
	after := inBucket()
	t.Equal(where+": objects with what only the first artifact had, and a run's file still has", 1, after[scene.Sum(one)])
	t.True(where+": what the second artifact still has", "in the bucket", after[scene.Sum(two)] == 1 && after[scene.Sum(both)] >= 1, fmt.Sprint(after[scene.Sum(two)], after[scene.Sum(both)]))
	readable(ctx, t, st, where, tm, second, 2)
	readable(ctx, t, st, where, tm, twin, 1)
	t.Equal(where+": a run's file with the same content as what was collected", "", file.Kept())
	for _, a := range []*scene.Artifact{second, twin} {
		t.Did(where+": the others are deleted", tm.Member.DeleteArtifact(ctx, st.Instance, a.ID))
	}
	collect("after all were deleted")
	after = inBucket()
	t.Equal(where+": objects of deleted artifacts that are left", 0, after[scene.Sum(two)]+after[scene.Sum(both)])
	t.Equal(where+": the run's file, after all that", "", file.Kept())
}

// readable reads all files of an artifact by URL.
func readable(ctx context.Context, t *run.T, st *scene.Stage, where string, tm *scene.Team, a *scene.Artifact, want int) {
	seen, err := tm.Member.Artifact(ctx, st.Instance, a.ID)
	t.Did(where+": an artifact that was not deleted", err)
	t.Equal(where+": its files", want, len(seen.Files))
	for _, f := range seen.Files {
		get, err := tm.Member.Download(ctx, st.Instance, f.ID)
		t.Did(where+": a URL for a file that another artifact referred to, too", err)
		a := st.Send(get.Method, get.URL, get.Headers, nil)
		t.Equal(where+": what is read by it", "200 OK", a.String())
	}
}
