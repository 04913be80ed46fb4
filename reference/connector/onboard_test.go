package connector_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bucketproof/bucketproof/reference/connector"
	"github.com/bucketproof/bucketproof/reference/placement"
)

// onboardingWorld has an instance that a team may bring the bucket "own" of the store to.
func onboardingWorld(t *testing.T, o connector.Options) (*world, object) {
	t.Helper()
	w := newWorld(t, o, nil)
	own := w.store.address("own", "sub")
	w.populate(object{"supportedFileStores": own})
	return w, object{"name": "omega", "storageType": "external", "storage": object{"provider": "s3-compatible", "address": own}}
}

func TestABucketThatFailsLeavesNoTeam(t *testing.T) {
	for _, tc := range []struct {
		name   string
		refuse func(r *http.Request) int
		want   string
	}{
		{"it refuses to store", func(r *http.Request) int { return on(r, http.MethodPut, 403) }, "refused to store an object: 403 AccessDenied"},
		{"it refuses to read", func(r *http.Request) int { return on(r, http.MethodGet, 403) }, "refused to return an object: 403 AccessDenied"},
		{"it refuses to list", func(r *http.Request) int {
			if r.URL.Query().Has("list-type") {
				return 403
			}
			return 0
		}, "refused to list its objects: 403 AccessDenied"},
		{"it fails to store", func(r *http.Request) int { return on(r, http.MethodPut, 500) }, "refused to store an object: 500"},
		{"it redirects", func(r *http.Request) int { return on(r, http.MethodPut, 307) }, "refused to store an object: 307"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, form := onboardingWorld(t, connector.Options{})
			w.store.setRefuse(tc.refuse)
			r := w.do(w.admin, "POST", w.in+"/teams", form)
			if r.status != 422 || r.kind != "storage-unreachable" || r.body["requirement"] != "BYOB-TEAM-003" || !strings.Contains(r.body["detail"].(string), tc.want) {
				t.Errorf("got %d %s, want 422 storage-unreachable with %q", r.status, r.text, tc.want)
			}
			if got := w.store.keys(); len(got) != 0 {
				t.Errorf("objects: got %q, want none", got)
			}
			if teams := w.must(200, w.admin, "GET", w.in+"/teams", nil)["teams"].([]any); len(teams) != 0 {
				t.Errorf("teams: got %v, want none", teams)
			}
			w.store.setRefuse(nil)
			w.must(201, w.admin, "POST", w.in+"/teams", form) // the control: the same request with a sound bucket
			if got := w.store.keys(); len(got) != 0 {
				t.Errorf("objects after the team's creation: got %q, want none", got)
			}
		})
	}
}

func on(r *http.Request, method string, status int) int {
	if r.Method == method {
		return status
	}
	return 0
}

func TestAProbeThatStaysIsSweptAtTheNextStart(t *testing.T) {
	o := connector.Options{Database: "sqlite://" + filepath.Join(t.TempDir(), "c.db")}
	w, form := onboardingWorld(t, o)
	w.store.setRefuse(func(r *http.Request) int { return on(r, http.MethodDelete, 500) })
	if r := w.do(w.admin, "POST", w.in+"/teams", form); r.status != 422 {
		t.Fatalf("got %d %s, want 422", r.status, r.text)
	}
	if got := w.store.keys(); len(got) != 1 || !strings.HasPrefix(got[0], "own/sub/teams.byob/") {
		t.Fatalf("objects: got %q, want the probe below the sub-path", got)
	}
	w.stop()
	w.store.setRefuse(nil)
	next := start(t, o)
	if got := w.store.keys(); len(got) != 0 {
		t.Errorf("objects after the next start: got %q, want none", got)
	}
	if teams := next.must(200, w.admin, "GET", w.in+"/teams", nil)["teams"].([]any); len(teams) != 0 {
		t.Errorf("teams: got %v, want none", teams)
	}
}

func TestOfTeamsCreatedAtOnceOneWins(t *testing.T) {
	w, form := onboardingWorld(t, connector.Options{})
	const tries = 12
	statuses := make([]int, tries)
	var group sync.WaitGroup
	for i := range tries {
		group.Go(func() {
			r, err := w.try(w.admin, "POST", w.in+"/teams", form)
			if err == nil {
				statuses[i] = r.status
			}
		})
	}
	group.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	if count[201] != 1 || count[409] != tries-1 {
		t.Errorf("statuses: got %v, want one 201 and %d 409", count, tries-1)
	}
	if teams := w.must(200, w.admin, "GET", w.in+"/teams", nil)["teams"].([]any); len(teams) != 1 {
		t.Errorf("teams: got %v, want one", teams)
	}
	if got := w.store.keys(); len(got) != 0 {
		t.Errorf("objects: got %q, want no probe left", got)
	}
}

func TestExistingStorageIsShared(t *testing.T) {
	w, form := onboardingWorld(t, connector.Options{})
	w.must(201, w.admin, "POST", w.in+"/teams", form)
	list := w.must(200, w.admin, "GET", w.in+"/storages", nil)["storages"].([]any)
	if len(list) != 1 {
		t.Fatalf("storages: got %v, want one", list)
	}
	id := list[0].(object)["id"].(string)
	second := w.must(201, w.admin, "POST", w.in+"/teams", object{"name": "second", "storageType": "external", "storage": object{"existing": id}})
	form["name"] = "third"
	third := w.must(201, w.admin, "POST", w.in+"/teams", form)
	for _, team := range []object{second, third} {
		if got := team["storage"].(object)["id"]; got != id {
			t.Errorf("the storage of %v: got %v, want %v", team["name"], got, id)
		}
	}
	if got := w.must(200, w.admin, "GET", w.in+"/storages", nil)["storages"].([]any)[0].(object)["teams"].([]any); len(got) != 3 {
		t.Errorf("teams of the storage: got %v, want three", got)
	}
}

func TestWhileABucketGivesNoAnswerFilesGoNowhereElse(t *testing.T) {
	w, form := onboardingWorld(t, connector.Options{})
	ann := w.user("ann", w.org, "member")
	team := w.in + "/teams/" + w.must(201, w.admin, "POST", w.in+"/teams", form)["id"].(string)
	w.must(204, w.admin, "PUT", team+"/members/"+w.people["ann"], nil)
	run := w.in + "/runs/" + w.must(201, ann, "POST", team+"/runs", object{"project": "p", "name": "r"})["id"].(string)
	file := w.must(201, ann, "POST", run+"/files", object{"files": []object{{"name": "a", "kind": "run-file", "size": 1}}})["files"].([]any)[0].(object)
	w.must(204, ann, "POST", run+"/records", object{"kind": "history", "rows": []object{{"_step": 1}}})
	before := w.store.stored()
	w.store.setRefuse(func(r *http.Request) int {
		if strings.HasPrefix(r.URL.Path, "/own/") {
			panic(http.ErrAbortHandler)
		}
		return 0
	})
	for _, tc := range []struct{ name, method, path string }{
		{"uploaded", "POST", w.in + "/files/" + file["id"].(string) + "/uploaded"},
		{"export", "POST", run + "/export"},
		{"delete", "DELETE", w.in + "/files/" + file["id"].(string)},
	} {
		r := w.do(ann, tc.method, tc.path, nil)
		if r.status != 503 || r.kind != "storage-unreachable" || r.body["requirement"] != "BYOB-PLACE-009" {
			t.Errorf("%s: got %d %s, want 503 storage-unreachable under BYOB-PLACE-009", tc.name, r.status, r.text)
		}
		if strings.Contains(r.text, "Signature") {
			t.Errorf("%s: the problem holds a URL: %s", tc.name, r.text)
		}
	}
	if got := w.store.stored(); got != before {
		t.Errorf("objects stored meanwhile: got %d, want none", got-before)
	}
	if files := w.must(200, ann, "GET", run+"/files", nil)["files"].([]any); len(files) != 1 {
		t.Errorf("files: got %v, want the one that was there", files)
	}
	w.store.setRefuse(nil)
	w.must(201, ann, "POST", run+"/export", nil)
}

// TestFaultsHaveTheLastWord breaks one rule and sees that the service goes by it.
func TestFaultsHaveTheLastWord(t *testing.T) {
	w, form := onboardingWorld(t, connector.Options{Faults: func(r *connector.Rules) {
		r.Probe = func(context.Context, *placement.Storage, string) error { return nil }
		r.CreateTeam = func(try, insert func() error) error { return errors.Join(insert(), try()) }
	}})
	w.store.setRefuse(func(*http.Request) int { return 403 })
	w.must(201, w.admin, "POST", w.in+"/teams", form)
}
