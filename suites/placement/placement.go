// Package placement proves what a connector stores where (BYOB-PLACE): it moves real files, by plain HTTP, to buckets of
// every provider that could be had, and compares the owners' inventories before and after.
package placement

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

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
	check := func(id, text string, f func(context.Context, *run.T, *run.Subject), options ...run.Option) {
		run.It(s, id, text, func(ctx context.Context, t *run.T) { f(ctx, t, s) }, append(options, scene.Costs(id))...)
	}
	check("BYOB-PLACE-001", "files of every kind, artifacts and exports lie in the team's bucket", inBucket)
	check("BYOB-PLACE-002", "records, reports and metadata come into no bucket, neither as objects nor in their names", inDatabase)
	check("BYOB-PLACE-003", "files of a team without its own storage lie in the instance's bucket", inInstance)
	check("BYOB-PLACE-004", "files of a team with its own storage lie there, and the instance's bucket stays as it was", inOwn)
	check("BYOB-PLACE-005", "the instance and several teams store their files in one bucket", shared)
	check("BYOB-PLACE-006", "with a sub-path every key of whatever kind lies below it", below)
	check("BYOB-PLACE-007", "teams of one instance store their files at every provider at once", everywhere)
	check("BYOB-PLACE-008", "a team's storage stays what it was when the team was made", unchanged)
	check("BYOB-PLACE-009", "while a team's bucket is cut off, its files go nowhere", failsClosed)
	check("BYOB-PLACE-010", "on Dedicated and Multi-tenant nothing of a team with its own bucket comes into W&B's", notCopied)
}

// kinds are the kinds of files that clients upload to a run.
var kinds = []string{driver.ExperimentFile, driver.MediaFile, driver.RunFile}

// body is content that no other call makes.
func body(parts ...string) []byte { return []byte(strings.Join(parts, " / ")) }

// two are the places of instance and team: a provider's first bucket and its second.
func two(s *run.Subject, provider string) (instance, team scene.Place) {
	lots := s.Yard.Of(provider)
	return scene.Place{Lot: lots[0]}, scene.Place{Lot: lots[len(lots)-1]}
}

// everyKind stores a file of every kind that there is, exports included where the connector has them.
func everyKind(ctx context.Context, t *run.T, s *run.Subject, st *scene.Stage, tm *scene.Team) (files []*scene.File) {
	for _, kind := range kinds {
		files = append(files, tm.Store(kind, "folder/"+kind+".bin", body(kind, tm.ID)))
	}
	files = append(files, tm.Artifact("model", map[string][]byte{"weights.bin": body("artifact", tm.ID)}).Files...)
	if len(files) != len(kinds)+1 {
		t.Fail("an upload for the file of a new artifact", "none")
	}
	if s.Info.Can(driver.CapExport) && s.Info.Can(driver.CapRecords) {
		exported(ctx, t, st, tm)
	}
	return files
}

// exported has history and system events exported, and reads them back as Parquet.
func exported(ctx context.Context, t *run.T, st *scene.Stage, tm *scene.Team) int {
	for _, kind := range []string{driver.History, driver.SystemEvents} {
		rows := []map[string]any{{"_step": 0, "value": 0.5}, {"_step": 1, "value": 0.25}}
		t.Need("rows of "+kind, tm.Member.AddRecords(ctx, st.Instance, tm.Run, kind, rows))
	}
	files, err := tm.Member.Export(ctx, st.Instance, tm.Run)
	t.Did("the export of history and system events", err)
	var got []string
	for _, f := range files {
		got = append(got, f.Kind)
		get, err := tm.Member.Download(ctx, st.Instance, f.ID)
		t.Did("a URL to read the export by", err)
		a := st.Send(get.Method, get.URL, get.Headers, nil)
		parquet := len(a.Body) > 8 && string(a.Body[:4]) == "PAR1" && string(a.Body[len(a.Body)-4:]) == "PAR1"
		t.True(f.Kind+" of "+tm.Name, "200 OK, and Parquet", a.Status == http.StatusOK && parquet, fmt.Sprintf("%s, %d bytes", a, len(a.Body)))
	}
	for _, kind := range []string{driver.HistoryExport, driver.SystemEventsExport} {
		t.True("the export", "has "+kind, slices.Contains(got, kind), strings.Join(got, ", "))
	}
	return len(files)
}

func inBucket(ctx context.Context, t *run.T, s *run.Subject) {
	var last *scene.Stage
	var team *scene.Team
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		instance, own := two(s, p)
		st := scene.Open(ctx, t, s, scene.Plan{Instance: instance, Teams: []scene.Place{own}})
		defer st.Close()
		tm := st.Team("omega", &own)
		before := scene.Inventory(ctx, t, own.Lot)
		var files []*scene.File
		for _, kind := range kinds {
			files = append(files, tm.Store(kind, kind+".bin", body(kind, tm.ID)))
		}
		files = append(files, tm.Artifact("model", map[string][]byte{"weights.bin": body("artifact", tm.ID)}).Files...)
		after := scene.Inventory(ctx, t, own.Lot)
		t.Equal(p+": objects that came into the bucket", len(kinds)+1, len(scene.Added(before, after)))
		for _, f := range files {
			t.True(p+": "+f.Kind, "in the bucket with its content", after[f.Key] == scene.Sum(f.Body), found(after, f))
			t.Equal(p+": "+f.Kind+" as it is read by URL", f.Body, f.Read(tm.Member).Body)
		}
		listed, err := tm.Member.Files(ctx, st.Instance, tm.Run, "")
		t.Did(p+": the list of the run's files", err)
		t.Equal(p+": files listed", len(kinds), len(listed))
		if s.Info.Can(driver.CapExport) && s.Info.Can(driver.CapRecords) {
			n := exported(ctx, t, st, tm)
			t.Equal(p+": objects of the export in the bucket", n, len(scene.Added(after, scene.Inventory(ctx, t, own.Lot))))
		}
		last, team = st, tm
	}
	t.Without(s, driver.CapRecords, func() error {
		return team.Member.AddRecords(ctx, last.Instance, team.Run, driver.History, []map[string]any{{"_step": 0}})
	})
	t.Without(s, driver.CapExport, func() error { _, err := team.Member.Export(ctx, last.Instance, team.Run); return err })
}

func found(inventory map[string]string, f *scene.File) string {
	switch sum, there := inventory[f.Key]; {
	case !there:
		return "not there"
	case sum != scene.Sum(f.Body):
		return "with another content"
	}
	return "there"
}

func inInstance(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range s.Yard.Providers() {
		instance, other := two(s, p)
		st := scene.Open(ctx, t, s, scene.Plan{Instance: instance, Teams: []scene.Place{other}})
		defer st.Close()
		tm := st.Team("kappa", nil)
		before, beside := scene.Inventory(ctx, t, instance.Lot), scene.Inventory(ctx, t, other.Lot)
		files := everyKind(ctx, t, s, st, tm)
		after := scene.Inventory(ctx, t, instance.Lot)
		for _, f := range files {
			t.True(p+": "+f.Kind, "in the instance's bucket with its content", after[f.Key] == scene.Sum(f.Body), found(after, f))
		}
		t.True(p+": objects in the instance's bucket", "more than before", len(after) > len(before), fmt.Sprint(len(after)-len(before)))
		if other.Lot != instance.Lot {
			t.Equal(p+": objects that came into another bucket", 0, len(scene.Added(beside, scene.Inventory(ctx, t, other.Lot))))
		}
	}
}

func inOwn(ctx context.Context, t *run.T, s *run.Subject) {
	all := s.Yard.Providers()
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		_, own := two(s, p)
		other := all[(slices.Index(all, p)+1)%len(all)]
		for _, at := range slices.Compact([]string{p, other}) {
			instance, _ := two(s, at)
			st := scene.Open(ctx, t, s, scene.Plan{Instance: instance, Teams: []scene.Place{own}})
			defer st.Close()
			before := scene.Inventory(ctx, t, instance.Lot)
			files := everyKind(ctx, t, s, st, st.Team("omega", &own))
			after := scene.Inventory(ctx, t, own.Lot)
			for _, f := range files {
				t.True(p+" beside an instance at "+at+": "+f.Kind, "in the team's bucket with its content", after[f.Key] == scene.Sum(f.Body), found(after, f))
			}
			if own.Lot != instance.Lot {
				t.Equal(p+" beside an instance at "+at+": objects that came into the instance's bucket", 0,
					len(scene.Added(before, scene.Inventory(ctx, t, instance.Lot))))
			}
		}
	}
}

func notCopied(ctx context.Context, t *run.T, s *run.Subject) {
	tried := 0
	for _, d := range []string{string(availability.Dedicated), string(availability.MultiTenant)} {
		if !s.Info.Knows(s.Edition, d, "") {
			t.Observe("%s: not declared by the connector", d)
			continue
		}
		for _, p := range scene.Providers(t, s, d) {
			managed, own := two(s, p)
			if managed.Lot == own.Lot {
				t.Errorf("%s: one bucket is too few to see what is copied", p)
			}
			st := scene.Open(ctx, t, s, scene.Plan{Instance: managed, Managed: true, Teams: []scene.Place{own}, Deployment: d,
				Change: func(i *driver.InstanceSpec) { i.Cloud = cloud(p) }})
			defer st.Close()
			before := scene.Inventory(ctx, t, managed.Lot)
			files := everyKind(ctx, t, s, st, st.Team("omega", &own))
			after := scene.Inventory(ctx, t, own.Lot)
			for _, f := range files {
				t.True(d+", "+p+": "+f.Kind, "in the team's bucket", after[f.Key] == scene.Sum(f.Body), found(after, f))
			}
			t.Equal(d+", "+p+": objects that came into managed storage", 0, len(scene.Added(before, scene.Inventory(ctx, t, managed.Lot))))
			tried++
		}
	}
	if tried == 0 {
		t.NotApplicable("the connector declares neither Dedicated nor Multi-tenant")
	}
}

// cloud is the cloud of an instance that lies beside a provider's bucket; an S3-compatible store is in none.
func cloud(provider string) string {
	if provider == "s3-compatible" {
		return ""
	}
	return provider
}
