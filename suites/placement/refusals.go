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

// words stand in names of people, projects and the like, and nowhere else.
const (
	wordTeam, wordUser, wordProject   = "zebra-team", "yak-user", "xerus-project"
	wordRun, wordArtifact, wordReport = "wombat-run", "vole-artifact", "urial-report"
)

func inDatabase(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		instance, own := two(s, p)
		st := scene.Open(ctx, t, s, scene.Plan{Instance: instance, Teams: []scene.Place{own}})
		defer st.Close()
		tm := st.Team(wordTeam, &own)
		tm.Member = st.Person(wordUser, driver.RoleMember)
		tm.Admit(tm.Member)
		id, err := tm.Member.CreateRun(ctx, st.Instance, tm.ID, wordProject, wordRun)
		t.Need("a run", err)
		tm.Run = id
		var file *scene.File
		t.DeniedBy(p+": metadata in the names of objects", "no object's name has a word of user, team, project, run or artifact in it",
			func() (string, bool) {
				file = tm.Store(driver.RunFile, "folder/file.bin", body("control", tm.ID))
				tm.Artifact(wordArtifact, map[string][]byte{"weights.bin": body("artifact", tm.ID)})
				return "files are in the bucket", scene.Inventory(ctx, t, file.Lot)[file.Key] == scene.Sum(file.Body)
			}, func() (string, bool) { return named(ctx, t, own.Lot, instance.Lot) })
		if !s.Info.Can(driver.CapRecords) {
			continue
		}
		before := [2]map[string]string{scene.Inventory(ctx, t, own.Lot), scene.Inventory(ctx, t, instance.Lot)}
		for _, kind := range []string{driver.ConsoleLog, driver.ExperimentLog, driver.SystemMetrics, driver.History, driver.SystemEvents, "report"} {
			t.DeniedBy(p+": "+kind+" in a bucket", "in the database, and no object more in any bucket",
				func() (string, bool) { return taken(ctx, st, tm, kind) },
				func() (string, bool) {
					own, there := scene.Added(before[0], scene.Inventory(ctx, t, own.Lot)), scene.Added(before[1], scene.Inventory(ctx, t, instance.Lot))
					if len(own)+len(there) > 0 {
						return fmt.Sprintf("%d objects more in the team's bucket, %d in the instance's", len(own), len(there)), false
					}
					return kept(ctx, t, st, tm, kind)
				})
		}
		t.Equal(p+": the file, after all that", "", file.Kept())
	}
	t.Without(s, driver.CapRecords, func() error { _, err := s.Connector.Reports(ctx, "none", "none"); return err })
}

// named looks for the words in the names of all objects.
func named(ctx context.Context, t *run.T, lots ...*run.Lot) (string, bool) {
	for _, l := range lots {
		for key := range scene.Inventory(ctx, t, l) {
			for _, word := range []string{wordTeam, wordUser, wordProject, wordRun, wordArtifact, wordReport} {
				if strings.Contains(strings.ToLower(key), word) {
					return "an object whose name has " + word + " in it", false
				}
			}
		}
	}
	return "none has", true
}

// mark stands in rows and reports.
const mark = "a line that comes back"

// taken stores one row, or one report.
func taken(ctx context.Context, st *scene.Stage, tm *scene.Team, kind string) (string, bool) {
	var err error
	if kind == "report" {
		_, err = tm.Member.CreateReport(ctx, st.Instance, tm.ID, driver.Report{Title: wordReport, Body: mark})
	} else {
		err = tm.Member.AddRecords(ctx, st.Instance, tm.Run, kind, []map[string]any{{"line": mark}})
	}
	return "stored: " + run.AnswerOf(err).String(), err == nil
}

// kept reads the row, or the report, again.
func kept(ctx context.Context, t *run.T, st *scene.Stage, tm *scene.Team, kind string) (string, bool) {
	if kind == "report" {
		all, err := tm.Member.Reports(ctx, st.Instance, tm.ID)
		t.Did("the reports are read", err)
		return fmt.Sprintf("no object more, and %d reports", len(all)), len(all) == 1 && all[0].Body == mark
	}
	rows, err := tm.Member.Records(ctx, st.Instance, tm.Run, kind)
	t.Did("rows of "+kind+" are read", err)
	return fmt.Sprintf("no object more, and %d rows", len(rows)), len(rows) == 1 && rows[0]["line"] == mark
}

func unchanged(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		instance, own := two(s, p)
		st := scene.Open(ctx, t, s, scene.Plan{Instance: instance, Teams: []scene.Place{own, instance}})
		defer st.Close()
		omega, kappa := st.Team("omega", &own), st.Team("kappa", nil)
		was := map[*scene.Team]*run.Lot{}
		for _, tm := range []*scene.Team{omega, kappa} {
			was[tm] = tm.Store(driver.RunFile, "before.bin", body("before", tm.ID)).Lot
		}
		made := 0
		for _, change := range []struct {
			what string
			tm   *scene.Team
			to   *scene.Place
		}{
			{"External storage for a team with Internal", kappa, &own},
			{"Internal storage for a team with External", omega, nil},
			{"another bucket for a team with External", omega, &instance},
		} {
			spec := scene.Spec(st.Deployment, "new", change.to)
			t.Denied(run.Denial{What: p + ": " + change.what, Expected: "409 under BYOB-PLACE-008",
				Control: func() run.Answer { // the very same storage, where it may be chosen
					made++
					spec.Name = fmt.Sprintf("new-%d", made)
					_, err := st.Admin.CreateTeam(ctx, st.Instance, spec)
					return run.AnswerOf(err)
				},
				Attempt: func() run.Answer {
					return succeeded(st.Admin.ChangeStorage(ctx, st.Instance, change.tm.ID, spec.StorageType, spec.Storage))
				},
				Refused: func(a run.Answer) bool { return a.Status == http.StatusConflict && a.Code == "BYOB-PLACE-008" },
				Untouched: func() string {
					f := change.tm.Store(driver.RunFile, fmt.Sprintf("after-%d.bin", made), body("after", change.tm.ID))
					if f.Lot != was[change.tm] {
						return "the next file of " + change.tm.Name + " went to another bucket"
					}
					return f.Kept()
				}})
		}
	}
}

// succeeded makes an answer of an operation that has no success of its own: any status below 300 is one.
func succeeded(err error) run.Answer {
	a := run.AnswerOf(err)
	if a.Status >= 200 && a.Status < 300 {
		return run.Answer{Status: a.Status}
	}
	return a
}

// failsClosed cuts the team's bucket off, and has the connector and its clients do all that stores.
func failsClosed(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		instance, own := two(s, p)
		if own.Lot.Cut == nil {
			_, why := own.Lot.CanCut()
			t.Unverified("%s", why)
		}
		if own.Lot.Host != "" && instance.Lot.Host == own.Lot.Host { // with one both are cut off, and nothing could be seen
			i := slices.IndexFunc(s.Yard.Lots, func(l *run.Lot) bool { return l.Host != own.Lot.Host })
			if i < 0 {
				t.Unverified("all buckets are at %s: what is cut off together shows no falling back; --buckets with another endpoint or provider does", own.Lot.Host)
			}
			instance = scene.Place{Lot: s.Yard.Lots[i]}
		}
		if own.Lot == instance.Lot {
			t.Errorf("%s: one bucket is too few to see where files go instead", p)
		}
		st := scene.Open(ctx, t, s, scene.Plan{Instance: instance, Teams: []scene.Place{own}})
		defer st.Close()
		tm := st.Team("omega", &own)
		if can, why := own.Lot.CanCut(); !can { // its team's creation has tried the bucket
			t.Unverified("%s", why)
		}
		before := scene.Inventory(ctx, t, instance.Lot)
		defer own.Lot.Cut(false)
		t.DeniedBy(p+": files of a team whose bucket is cut off", "an error, or a URL to that bucket alone; nothing in the instance's",
			func() (string, bool) {
				f := tm.Store(driver.RunFile, "before.bin", body("before", tm.ID))
				if s.Info.Can(driver.CapExport) && s.Info.Can(driver.CapRecords) {
					exported(ctx, t, st, tm)
				}
				why := f.Kept()
				return "stored while it was reachable " + why, why == ""
			},
			func() (string, bool) {
				own.Lot.Cut(true)
				said, ok := whileCut(ctx, st, tm)
				own.Lot.Cut(false)
				if n := len(scene.Added(before, scene.Inventory(ctx, t, instance.Lot))); n > 0 {
					return fmt.Sprintf("%d objects more in the instance's bucket (%s)", n, said), false
				}
				return said, ok
			})
		t.Equal(p+": a file stored after the cut", "", tm.Store(driver.RunFile, "again.bin", body("again", tm.ID)).Kept())
	}
}

// whileCut stores a file, an artifact and an export.
func whileCut(ctx context.Context, st *scene.Stage, tm *scene.Team) (said string, ok bool) {
	elsewhere := func(d driver.Declared) bool {
		if d.Upload == nil {
			return false
		}
		lot, _ := st.S.Yard.Find(d.Upload.URL)
		if lot == tm.Place.Lot {
			return false
		}
		_, _ = st.Try(d.Upload.Method, d.Upload.URL, d.Upload.Headers, []byte("lost"))
		return true
	}
	var all []driver.Declared
	files, err := tm.Member.DeclareFiles(ctx, st.Instance, tm.Run, scene.Describe(driver.RunFile, "while.bin", []byte("lost")))
	said = "files: " + outcome(err)
	all = append(all, files...)
	made, err := tm.Member.CreateArtifact(ctx, st.Instance, tm.ID, "project", "while", scene.Describe("", "while.bin", []byte("lost")))
	said += ", artifact: " + outcome(err)
	if err == nil {
		all = append(all, made.Files...)
	}
	for _, d := range all {
		if elsewhere(d) {
			return said + ", with a URL to another bucket", false
		}
		if d.ID != "" {
			if err := tm.Member.Uploaded(ctx, st.Instance, d.ID); err == nil {
				return said + ", and the connector says that it was uploaded", false
			}
		}
	}
	if st.S.Info.Can(driver.CapExport) && st.S.Info.Can(driver.CapRecords) {
		_, err = tm.Member.Export(ctx, st.Instance, tm.Run)
		said += ", export: " + outcome(err)
		if err == nil {
			return said + ", although nothing can be written", false
		}
	}
	return said, true
}

func outcome(err error) string {
	if err == nil {
		return "a URL"
	}
	return run.AnswerOf(err).String()
}
