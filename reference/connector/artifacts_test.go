package connector_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bucketproof/bucketproof/reference/connector"
)

// artifacts is a team with a member who makes artifacts.
type artifacts struct {
	*world
	team, ann string
}

func newArtifacts(t *testing.T, o connector.Options) *artifacts {
	t.Helper()
	w := newWorld(t, o, nil)
	ann := w.user("ann", w.org, "member")
	return &artifacts{w, w.team("kappa", nil, "ann"), ann}
}

// make announces an artifact of files with these contents.
func (a *artifacts) make(name string, contents ...string) object {
	a.t.Helper()
	var files []object
	for i, c := range contents {
		files = append(files, object{"name": fmt.Sprintf("file-%d", i), "md5": md5Of([]byte(c)), "size": len(c)})
	}
	return a.must(201, a.ann, "POST", a.team+"/artifacts", object{"project": "p", "name": name, "files": files})
}

// whole makes an artifact, uploads what it asks for, and commits it. It returns the artifact's path.
func (a *artifacts) whole(name string, contents ...string) string {
	a.t.Helper()
	made := a.make(name, contents...)
	for i, f := range made["files"].([]any) {
		if l := f.(object)["upload"]; l != nil {
			if status, body := use(a.t, l, []byte(contents[i])); status != 200 {
				a.t.Fatalf("upload: got %d %s", status, body)
			}
		}
	}
	path := a.in + "/artifacts/" + made["id"].(string)
	a.must(200, a.ann, "POST", path+"/commit", nil)
	return path
}

func (a *artifacts) collect() object {
	a.t.Helper()
	return a.must(200, a.admin, "POST", a.in+"/garbage-collection", nil)
}

func uploads(made object) (n int) {
	for _, f := range made["files"].([]any) {
		if f.(object)["upload"] != nil {
			n++
		}
	}
	return n
}

func TestContentIsSharedOnceItWasSeen(t *testing.T) {
	a := newArtifacts(t, connector.Options{})
	first := a.make("first", "same")
	if got := uploads(first); got != 1 {
		t.Fatalf("uploads of new content: got %d, want 1", got)
	}
	if got := uploads(a.make("second", "same")); got != 1 {
		t.Errorf("uploads of content that was announced and never seen: got %d, want 1", got)
	}
	path := a.in + "/artifacts/" + first["id"].(string)
	if r := a.do(a.ann, "POST", path+"/commit", nil); r.status != 409 {
		t.Errorf("commit before the upload: got %d %s, want 409", r.status, r.text)
	}
	if status, _ := use(t, first["files"].([]any)[0].(object)["upload"], []byte("same")); status != 200 {
		t.Fatalf("upload: got %d", status)
	}
	a.must(200, a.ann, "POST", path+"/commit", nil)
	if got := uploads(a.make("third", "same")); got != 0 {
		t.Errorf("uploads of content that was seen: got %d, want none", got)
	}
	other := &artifacts{a.world, a.world.team("other", nil, "ann"), a.ann}
	if got := uploads(other.make("first", "same")); got != 1 {
		t.Errorf("uploads of another team's content: got %d, want 1", got)
	}
	if got := a.make("first", "x")["version"]; got != "v1" {
		t.Errorf("version: got %v, want v1", got)
	}
	// what vanished from the bucket is asked for again
	for _, k := range a.store.keys() {
		a.store.mu.Lock()
		delete(a.store.objects, k)
		a.store.mu.Unlock()
	}
	if r := a.do(a.ann, "POST", path+"/commit", nil); r.status != 409 {
		t.Errorf("commit of what vanished: got %d %s, want 409", r.status, r.text)
	}
	if got := uploads(a.make("fourth", "same")); got != 1 {
		t.Errorf("uploads of content that vanished: got %d, want 1", got)
	}
}

func TestGarbageIsWhatNoLiveArtifactRefersTo(t *testing.T) {
	a := newArtifacts(t, connector.Options{})
	one := a.whole("one", "shared", "only one")
	two := a.whole("two", "shared", "only two")
	if got := len(a.store.keys()); got != 3 {
		t.Fatalf("objects: got %d, want 3", got)
	}
	if got := a.collect(); got["removed"] != 0.0 || got["kept"] != 3.0 {
		t.Errorf("with both alive: got %v, want none removed and 3 kept", got)
	}
	a.must(204, a.ann, "DELETE", one, nil)
	a.must(404, a.ann, "GET", one, nil)
	if got := a.collect(); got["removed"] != 1.0 || got["kept"] != 2.0 {
		t.Errorf("with one deleted: got %v, want 1 removed and 2 kept", got)
	}
	files := a.must(200, a.ann, "GET", two, nil)["files"].([]any)
	for i, want := range []string{"shared", "only two"} {
		status, got := use(t, a.must(200, a.ann, "GET", a.in+"/files/"+files[i].(object)["id"].(string)+"/download", nil), nil)
		if status != 200 || string(got) != want {
			t.Errorf("%q: got %d %q, want it still there", want, status, got)
		}
	}
	a.must(204, a.ann, "DELETE", two, nil)
	if got := a.collect(); got["removed"] != 2.0 || got["kept"] != 0.0 {
		t.Errorf("with both deleted: got %v, want 2 removed and none kept", got)
	}
	if got := a.store.keys(); len(got) != 0 {
		t.Errorf("objects: got %q, want none", got)
	}
	if got := a.collect(); got["removed"] != 0.0 {
		t.Errorf("a second time: got %v, want none removed", got)
	}
}

// TestGarbageCollectionThatStopsInTheMiddle lets the store fail, the process end, and the same content come back meanwhile.
func TestGarbageCollectionThatStopsInTheMiddle(t *testing.T) {
	o := connector.Options{Database: "sqlite://" + filepath.Join(t.TempDir(), "c.db")}
	a := newArtifacts(t, o)
	a.must(204, a.ann, "DELETE", a.whole("one", "content", "more"), nil)
	a.store.setRefuse(func(r *http.Request) int { return on(r, http.MethodDelete, 503) })
	got := a.collect()
	if failed := got["failed"].([]any); got["removed"] != 0.0 || len(failed) != 1 || !strings.Contains(failed[0].(object)["reason"].(string), "503") {
		t.Fatalf("with a store that fails: got %v, want none removed and the reason", got)
	}
	a.stop()
	a.store.setRefuse(nil)
	a.service = start(t, o)
	again := a.whole("two", "content") // doomed content must be stored anew
	if got := a.collect(); got["removed"] != 2.0 || got["kept"] != 1.0 {
		t.Errorf("after the next start: got %v, want 2 removed and 1 kept", got)
	}
	file := a.must(200, a.ann, "GET", again, nil)["files"].([]any)[0].(object)
	if status, body := use(t, a.must(200, a.ann, "GET", a.in+"/files/"+file["id"].(string)+"/download", nil), nil); status != 200 || string(body) != "content" {
		t.Errorf("the content that came back: got %d %q, want it there", status, body)
	}
	if got := a.store.keys(); len(got) != 1 {
		t.Errorf("objects: got %q, want one", got)
	}
}

// TestGarbageCollectionBesideUploads deletes, collects and makes artifacts of the same few contents at the same time: no
// artifact that was committed may ever lack a file.
func TestGarbageCollectionBesideUploads(t *testing.T) {
	a := newArtifacts(t, connector.Options{})
	const workers, rounds = 6, 12
	var group sync.WaitGroup
	kept := make([][]string, workers)
	for n := range workers {
		group.Go(func() {
			for i := range rounds {
				content := fmt.Sprintf("content %d", (n+i)%3)
				path := a.tryWhole(fmt.Sprintf("artifact-%d", n), content)
				switch {
				case path == "":
				case i%2 == 0:
					if _, err := a.try(a.ann, "DELETE", path, nil); err != nil {
						t.Error(err)
					}
				default:
					kept[n] = append(kept[n], path)
				}
				if _, err := a.try(a.admin, "POST", a.in+"/garbage-collection", nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	a.collect()
	count := 0
	for _, paths := range kept {
		for _, path := range paths {
			count++
			if r := a.do(a.ann, "POST", path+"/commit", nil); r.status != 200 {
				t.Errorf("a committed artifact lacks a file: got %d %s", r.status, r.text)
			}
		}
	}
	if count == 0 {
		t.Error("no artifact was kept, so nothing was seen")
	}
	if got := len(a.store.keys()); got > 3 {
		t.Errorf("objects: got %d, want at most one for each of 3 contents", got)
	}
}

// tryWhole is whole for goroutines other than the test's; "" if the artifact couldn't be committed.
func (a *artifacts) tryWhole(name, content string) string {
	r, err := a.try(a.ann, "POST", a.team+"/artifacts", object{"project": "p", "name": name, "files": []object{{"name": "f", "md5": md5Of([]byte(content)), "size": len(content)}}})
	if err != nil || r.status != 201 {
		a.t.Errorf("make: %d %s %v", r.status, r.text, err)
		return ""
	}
	if l, ok := r.body["files"].([]any)[0].(object)["upload"].(object); ok {
		req, err := http.NewRequest(l["method"].(string), l["url"].(string), strings.NewReader(content))
		if err != nil {
			a.t.Error("the URL can't be used")
			return ""
		}
		for k, v := range l["headers"].(object) {
			req.Header.Set(k, v.(string))
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			a.t.Error("the store gives no answer")
			return ""
		}
		_ = resp.Body.Close()
	}
	path := a.in + "/artifacts/" + r.body["id"].(string)
	if r, err = a.try(a.ann, "POST", path+"/commit", nil); err != nil || r.status != 200 {
		a.t.Errorf("commit: %d %s %v", r.status, r.text, err)
		return ""
	}
	return path
}
