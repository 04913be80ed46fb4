package connector_test

import (
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/connector"
)

func TestFilesGoToTheBucketOfTheirTeam(t *testing.T) {
	w := newWorld(t, connector.Options{}, nil)
	own := w.store.address("own", "sub/path")
	w.populate(object{"supportedFileStores": own})
	ann := w.user("ann", w.org, "member")
	for _, tc := range []struct {
		name    string
		storage object
		prefix  string
	}{
		{"Internal storage is the instance's bucket", nil, "managed/teams.byob/"},
		{"External storage is the team's own, below its sub-path", object{"provider": "s3-compatible", "address": own}, "own/sub/path/teams.byob/"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			team := w.team(tc.name, tc.storage, "ann")
			run := w.in + "/runs/" + w.must(201, ann, "POST", team+"/runs", object{"project": "p", "name": "r"})["id"].(string)
			content := []byte("hello")
			before := w.store.keys()
			files := w.must(201, ann, "POST", run+"/files", object{"files": []object{
				{"name": "media/a b.txt", "kind": "media-file", "size": len(content), "md5": md5Of(content), "contentType": "text/plain"}}})["files"].([]any)
			f := files[0].(object)
			path := w.in + "/files/" + f["id"].(string)
			if r := w.do(ann, "POST", path+"/uploaded", nil); r.status != 409 || r.kind != "conflict" {
				t.Errorf("uploaded before the upload: got %d %s, want 409 conflict", r.status, r.kind)
			}
			if status, body := use(t, f["upload"], content); status != 200 {
				t.Fatalf("upload: got %d %s, want 200", status, body)
			}
			w.must(204, ann, "POST", path+"/uploaded", nil)
			var added []string
			for _, k := range w.store.keys() {
				if !strings.Contains(strings.Join(before, "\n")+"\n", k+"\n") {
					added = append(added, k)
				}
			}
			if len(added) != 1 || !strings.HasPrefix(added[0], tc.prefix) {
				t.Errorf("objects: got %q, want one below %q", added, tc.prefix)
			}
			if status, body := use(t, w.must(200, ann, "GET", path+"/download", nil), nil); status != 200 || string(body) != "hello" {
				t.Errorf("download: got %d %q, want 200 %q", status, body, "hello")
			}
			listed := w.must(200, ann, "GET", run+"/files?kind=media-file", nil)["files"].([]any)
			if len(listed) != 1 || listed[0].(object)["uploaded"] != true {
				t.Errorf("listing: got %v, want the one file, uploaded", listed)
			}
			w.must(204, ann, "DELETE", path, nil)
			if got := w.store.keys(); len(got) != len(before) {
				t.Errorf("after the deletion: got %q, want %q", got, before)
			}
			w.must(404, ann, "GET", path+"/download", nil)
		})
	}
}

func TestMembershipHoldsFromOneRequestToTheNext(t *testing.T) {
	w := newWorld(t, connector.Options{}, nil)
	ann := w.user("ann", w.org, "member")
	team := w.team("kappa", nil, "ann")
	run := w.in + "/runs/" + w.must(201, ann, "POST", team+"/runs", object{"project": "p", "name": "r"})["id"].(string)
	files := object{"files": []object{{"name": "a", "kind": "run-file", "size": 1}}}
	for range 3 {
		w.must(201, ann, "POST", run+"/files", files)
		w.must(204, w.admin, "DELETE", team+"/members/"+w.people["ann"], nil)
		w.must(403, ann, "POST", run+"/files", files)
		w.must(204, w.admin, "PUT", team+"/members/"+w.people["ann"], nil)
	}
	w.must(204, operatorToken, "DELETE", w.in, nil)
	w.must(401, ann, "POST", run+"/files", files)
	w.must(404, operatorToken, "GET", w.in, nil)
}
