package connector_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/connector"
)

// TestRefusals sends what must be refused, and wants a problem of the right kind that repeats no secret, and nothing changed.
func TestRefusals(t *testing.T) {
	w := newWorld(t, connector.Options{}, nil)
	ann := w.user("ann", w.org, "member")
	bob := w.user("bob", w.org, "member")
	guest := w.user("guest", w.org, "guest")
	eve := w.user("eve", w.organization("other"), "admin")
	team := w.team("kappa", nil, "ann")
	run := w.in + "/runs/" + w.must(201, ann, "POST", team+"/runs", object{"project": "p", "name": "r"})["id"].(string)
	f := func(name string) object {
		return object{"files": []object{{"name": name, "kind": "run-file", "size": 1}}}
	}
	file := w.in + "/files/" + w.must(201, ann, "POST", run+"/files", f("a"))["files"].([]any)[0].(object)["id"].(string)
	home := w.in
	foreign := &world{service: w.service, store: w.store, people: w.people}
	foreign.populate(nil)
	expired := w.must(201, operatorToken, "POST", home+"/users", object{"name": "old", "organization": w.org, "role": "admin", "tokenLifetimeSeconds": 1})["token"].(string)
	time.Sleep(1100 * time.Millisecond) // a token lives whole seconds

	for _, tc := range []struct {
		name, token, method, path string
		body                      any
		status                    int
		kind, requirement         string
	}{
		{"no token", "", "GET", "/connector", nil, 401, "unauthenticated", ""},
		{"an unknown token", "nobody", "GET", home + "/teams", nil, 401, "unauthenticated", ""},
		{"an expired token", expired, "GET", home + "/teams", nil, 401, "unauthenticated", ""},
		{"the token of another instance's user", foreign.admin, "GET", home + "/teams", nil, 404, "not-found", ""},
		{"the operator where a user is needed", operatorToken, "GET", home + "/teams", nil, 403, "forbidden", ""},
		{"a user where the operator is needed", w.admin, "GET", "/connector", nil, 403, "forbidden", ""},
		{"an unknown operation", "", "GET", "/nothing", nil, 501, "unsupported", ""},
		{"an unknown method of a known path", operatorToken, "PATCH", home, nil, 501, "unsupported", ""},
		{"an unknown operation below a known path", w.admin, "GET", team + "/nothing", nil, 501, "unsupported", ""},
		{"a path with a double slash", w.admin, "GET", "//connector", nil, 501, "unsupported", ""},
		{"an unknown query key", ann, "GET", run + "/files?sort=name", nil, 400, "bad-request", ""},
		{"an unknown kind in the query", ann, "GET", run + "/files?kind=nothing", nil, 400, "bad-request", ""},
		{"an unknown team", w.admin, "GET", home + "/teams/nothing", nil, 404, "not-found", ""},
		{"a team's ID with a NUL", w.admin, "GET", home + "/teams/%00", nil, 404, "not-found", ""},
		{"a run of an unknown team", ann, "POST", home + "/teams/00000000000000000000000000/runs", object{"project": "p", "name": "r"}, 404, "not-found", ""},
		{"an unknown field", ann, "POST", team + "/runs", `{"project":"p","name":"r","secret":"x"}`, 400, "bad-request", ""},
		{"a body cut in the middle of the JSON", ann, "POST", team + "/runs", `{"project":"p","na`, 400, "bad-request", ""},
		{"no body", ann, "POST", team + "/runs", "", 400, "bad-request", ""},
		{"two values", ann, "POST", team + "/runs", `{"project":"p","name":"r"}{}`, 400, "bad-request", ""},
		{"no UTF-8", ann, "POST", team + "/runs", "{\"project\":\"p\",\"name\":\"\xff\"}", 400, "bad-request", ""},
		{"the wrong type", ann, "POST", team + "/runs", `{"project":"p","name":5}`, 400, "bad-request", ""},
		{"10 MB of JSON", ann, "POST", team + "/runs", `{"project":"p","name":"` + strings.Repeat("x", 10<<20) + `"}`, 413, "too-large", ""},
		{"a name of 10,000 characters", w.admin, "POST", home + "/teams", object{"name": strings.Repeat("n", 10_000), "storageType": "internal"}, 422, "bad-request", ""},
		{"a name with a control character", w.admin, "POST", home + "/teams", object{"name": "a\x07b", "storageType": "internal"}, 422, "bad-request", ""},
		{"no name", w.admin, "POST", home + "/teams", object{"name": "", "storageType": "internal"}, 422, "bad-request", ""},
		{"a name that is taken", w.admin, "POST", home + "/teams", object{"name": "kappa", "storageType": "internal"}, 409, "conflict", ""},
		{"a team by somebody who is no admin", ann, "POST", home + "/teams", object{"name": "x", "storageType": "internal"}, 403, "forbidden", "BYOB-TEAM-001"},
		{"storage for an Internal team", w.admin, "POST", home + "/teams", object{"name": "x", "storageType": "internal", "storage": object{}}, 400, "bad-request", ""},
		{"a bucket to be created", w.admin, "POST", home + "/teams", object{"name": "x", "storageType": "external", "storage": object{"provider": "aws", "createBucket": true}}, 422, "not-offered", "BYOB-TEAM-005"},
		{"a bucket that isn't in the supported file stores", w.admin, "POST", home + "/teams", object{"name": "x", "storageType": "external", "storage": object{"provider": "s3-compatible", "address": w.store.address("own", "")}}, 422, "not-offered", "BYOB-AVAIL-006"},
		{"an address that is none", w.admin, "POST", home + "/teams", object{"name": "x", "storageType": "external", "storage": object{"provider": "aws", "address": "s4://" + secretKey}}, 422, "invalid-storage", "BYOB-ADDR-012"},
		{"storage that nobody uses", w.admin, "POST", home + "/teams", object{"name": "x", "storageType": "external", "storage": object{"existing": "00000000000000000000000000"}}, 422, "invalid-storage", "BYOB-TEAM-006"},
		{"other storage for a team", w.admin, "PUT", team + "/storage", object{}, 409, "conflict", "BYOB-PLACE-008"},
		{"other storage by somebody who is no admin", ann, "PUT", team + "/storage", object{}, 403, "forbidden", "BYOB-TEAM-001"},
		{"a member of another organisation", w.admin, "PUT", team + "/members/" + w.people["eve"], nil, 404, "not-found", ""},
		{"a member added by somebody who is no admin", ann, "PUT", team + "/members/" + w.people["bob"], nil, 403, "forbidden", ""},
		{"a file's name with a control character", ann, "POST", run + "/files", f("a\nb"), 422, "bad-request", ""},
		{"a file's name that climbs", ann, "POST", run + "/files", f("a/../../b"), 422, "bad-request", ""},
		{"a file's name that climbs when decoded", ann, "POST", run + "/files", f("a/%2e%2e/b"), 422, "bad-request", "BYOB-ISO-004"},
		{"a file's name with a leading slash", ann, "POST", run + "/files", f("/a"), 422, "bad-request", ""},
		{"a file's name of 1,025 bytes", ann, "POST", run + "/files", f(strings.Repeat("é", 512) + "x"), 422, "bad-request", ""},
		{"a file of a kind that is the database's", ann, "POST", run + "/files", object{"files": []object{{"name": "a", "kind": "console-log", "size": 1}}}, 400, "bad-request", ""},
		{"a negative size", ann, "POST", run + "/files", object{"files": []object{{"name": "a", "kind": "run-file", "size": -1}}}, 422, "bad-request", ""},
		{"an MD5 in hex", ann, "POST", run + "/files", object{"files": []object{{"name": "a", "kind": "run-file", "size": 1, "md5": "d41d8cd98f00b204e9800998ecf8427e"}}}, 422, "bad-request", ""},
		{"a content type of two lines", ann, "POST", run + "/files", object{"files": []object{{"name": "a", "kind": "run-file", "size": 1, "contentType": "a\r\nb"}}}, 422, "bad-request", ""},
		{"a file of a team that isn't one's own", bob, "POST", run + "/files", f("b"), 403, "forbidden", "BYOB-ISO-002"},
		{"a guest who lists", guest, "GET", run + "/files", nil, 403, "forbidden", "BYOB-ISO-002"},
		{"an outsider who downloads", eve, "GET", file + "/download", nil, 404, "not-found", ""},
		{"an outsider who deletes", eve, "DELETE", file, nil, 404, "not-found", ""},
		{"an outsider who looks at a team", eve, "GET", team, nil, 404, "not-found", ""},
		{"a record of an unknown kind", ann, "POST", run + "/records", object{"kind": "nothing", "rows": []object{}}, 400, "bad-request", ""},
		{"a record that is no object", ann, "POST", run + "/records", `{"kind":"history","rows":[1]}`, 400, "bad-request", ""},
		{"a colleague who reads console logs", bob, "GET", run + "/records?kind=console-log", nil, 403, "forbidden", ""},
		{"garbage collected by somebody who is no admin", ann, "POST", home + "/garbage-collection", nil, 403, "forbidden", "BYOB-KEEP-004"},
		{"an instance of an unknown edition", operatorToken, "POST", "/instances", object{"name": "x", "deployment": "dedicated", "edition": "1999-01"}, 400, "bad-request", ""},
		{"instance storage on Multi-tenant", operatorToken, "POST", "/instances", object{"name": "x", "deployment": "multi-tenant", "storage": object{"address": w.store.address("own", "")}}, 422, "not-offered", "BYOB-AVAIL-002"},
		{"storage without any credentials", operatorToken, "POST", "/instances", object{"name": "x", "deployment": "dedicated", "managedStorage": object{"address": "gs://bucket-x"}}, 422, "invalid-storage", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := w.must(200, w.admin, "GET", home+"/teams", nil)
			files := w.must(200, ann, "GET", run+"/files", nil)
			r := w.do(tc.token, tc.method, tc.path, tc.body)
			if r.status != tc.status || r.kind != tc.kind {
				t.Errorf("got %d %s (%s), want %d %s", r.status, r.kind, r.text, tc.status, tc.kind)
			}
			if got, _ := r.body["requirement"].(string); got != tc.requirement {
				t.Errorf("requirement: got %q (%s), want %q", got, r.text, tc.requirement)
			}
			if strings.Contains(r.text, secretKey) || len(r.text) > 2000 {
				t.Errorf("the problem holds a secret or is too long: %.300s", r.text)
			}
			if after := w.must(200, w.admin, "GET", home+"/teams", nil); len(after["teams"].([]any)) != len(before["teams"].([]any)) {
				t.Errorf("teams: got %v, want %v", after, before)
			}
			if after := w.must(200, ann, "GET", run+"/files", nil); len(after["files"].([]any)) != len(files["files"].([]any)) {
				t.Errorf("files: got %v, want %v", after, files)
			}
		})
	}
	if got := w.store.stored(); got != 0 {
		t.Errorf("objects stored: got %d, want none", got)
	}
}

// TestBodyCutInTheMiddle ends the connection before the body that was announced has come.
func TestBodyCutInTheMiddle(t *testing.T) {
	w := newWorld(t, connector.Options{}, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST /v1"+w.in+"/teams HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "+w.admin+"\r\nContent-Length: 100\r\n\r\n{\"name\":\"cut\",\"storageType\":\"internal\"}")
	if err == nil {
		err = conn.(*net.TCPConn).CloseWrite()
	}
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(answer); !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "urn:bucketproof:problem:bad-request") {
		t.Errorf("answer: got %q, want a problem bad-request with 400", got)
	}
	if teams := w.must(http.StatusOK, w.admin, "GET", w.in+"/teams", nil)["teams"].([]any); len(teams) != 0 {
		t.Errorf("teams: got %v, want none", teams)
	}
}
