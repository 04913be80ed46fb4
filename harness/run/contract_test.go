package run_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/yard"
)

// The driver's contract is tried here and not beside it: the reference and its buckets are the whole of what a run is linked with, and
// these tests are linked with that anyway.

// contract is the document with a router over it.
func contract(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(driver.Document)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

func TestTheDocumentIsOpenAPI31(t *testing.T) {
	doc, _ := contract(t)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("got version %s, want 3.1.0", doc.OpenAPI)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "" || op.Summary == "" || op.Responses.Value("401") == nil {
				t.Errorf("%s %s: no ID, no summary, or no answer to a stranger", method, path)
			}
		}
	}
}

// judge holds every request and answer that passes against the document.
type judge struct {
	t      *testing.T
	router routers.Router
	base   string

	mu   sync.Mutex
	seen map[string]bool // "createTeam 201"
}

func (j *judge) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	if err != nil {
		return nil, err
	}
	j.check(r, body, resp, answer)
	return resp, nil
}

func (j *judge) check(r *http.Request, body []byte, resp *http.Response, answer []byte) {
	u := *r.URL
	u.Scheme, u.Host = "http", "127.0.0.1:8080"
	again, err := http.NewRequestWithContext(context.Background(), r.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		j.t.Fatal(err)
	}
	again.Header = r.Header
	route, params, err := j.router.FindRoute(again)
	if err != nil {
		if resp.StatusCode != http.StatusNotImplemented {
			j.t.Errorf("%s %s is no operation of the document, and was answered %d", r.Method, u.Path, resp.StatusCode)
		}
		return
	}
	in := &openapi3filter.RequestValidationInput{Request: again, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
	name := fmt.Sprintf("%s %d", route.Operation.OperationID, resp.StatusCode)
	if err := openapi3filter.ValidateRequest(context.Background(), in); (err == nil) != (resp.StatusCode != http.StatusBadRequest) && resp.StatusCode < 300 {
		j.t.Errorf("%s: the request is not as the document says: %v", name, err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Options: in.Options}
	out.SetBodyBytes(answer)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		j.t.Errorf("%s: the answer is not as the document says: %v", name, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen[name] = true
}

// The reference connector answers every operation, in success and in failure, as the document says.
func TestTheReferenceKeepsTheContract(t *testing.T) {
	doc, router := contract(t)
	host, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = host.Close() }()
	y, closing, err := yard.Embedded(t.Context(), host, []string{"s3-compatible"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closing() }()
	c, err := yard.Reference(t.Context(), y, nil, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	j := &judge{t: t, router: router, base: c.URL, seen: map[string]bool{}}
	client, err := driver.New(c.URL, c.Token, &http.Client{Transport: j})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := driver.Check(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	everything(t, client, y)
	everyError(t, client, doc)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status := range op.Responses.Map() {
				if status[0] == '2' && !j.seen[op.OperationID+" "+status] {
					t.Errorf("%s %s was never answered %s", method, path, status)
				}
			}
			if !j.seen[op.OperationID+" 401"] {
				t.Errorf("%s %s was never asked by a stranger", method, path)
			}
			if op.RequestBody != nil && op.Responses.Value("400") != nil && !j.seen[op.OperationID+" 400"] {
				t.Errorf("%s %s was never asked in bad words", method, path)
			}
		}
	}
	var names []string
	for name := range j.seen {
		names = append(names, name)
	}
	slices.Sort(names)
	t.Logf("%d answers of different kinds: %s", len(names), strings.Join(names, ", "))
}

// must ends the test unless an operation succeeded.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// everything makes every operation succeed once.
func everything(t *testing.T, c *driver.Client, y *run.Yard) {
	t.Helper()
	ctx := t.Context()
	raw, list := y.Lots[0].Address.Reveal(), "cw://,"+y.Lots[1].Address.Reveal()
	_, err := c.ReadAddress(ctx, driver.AddressRequest{Address: &raw})
	must(t, err)
	_, err = c.ReadAddress(ctx, driver.AddressRequest{List: &list})
	must(t, err)
	said, err := c.EvaluatePolicy(ctx, driver.PolicyQuestion{Provider: "aws", Kind: "bucket policy", Principal: "arn:aws:iam::111122223333:root", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*",
		Policy: `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.1"}}}}`})
	must(t, err)
	if said.Answer != "depends" || len(said.Conditions) != 1 {
		t.Errorf("a condition that nobody can decide: got %+v", said)
	}
	if _, err := c.EvaluatePolicy(ctx, driver.PolicyQuestion{Provider: "aws", Kind: "bucket policy", Policy: "{}", Action: "s3:*", Resource: "*"}); !driver.IsKind(err, driver.BadRequest) {
		t.Errorf("a policy that is none: got %v, want it refused as invalid", err)
	}
	made, err := c.CreateInstance(ctx, driver.InstanceSpec{Name: "contract", Edition: "2025-09", Deployment: "self-managed",
		ServerVersion: "v0.80.0", ChartVersion: "v0.40.0", Storage: &driver.Storage{Address: raw}, SupportedFileStores: &list})
	must(t, err)
	i := made.ID
	_, err = c.Instance(ctx, i)
	must(t, err)
	org, err := c.CreateOrganization(ctx, i, "acme")
	must(t, err)
	u, err := c.CreateUser(ctx, i, driver.UserSpec{Name: "admin", Organization: org, Role: driver.RoleAdmin, TokenLifetimeSeconds: 600})
	must(t, err)
	admin := c.As(u.Token)
	team, err := admin.CreateTeam(ctx, i, driver.TeamSpec{Name: "omega", StorageType: driver.External,
		Storage: &driver.TeamStorage{Provider: "s3-compatible", Address: y.Lots[1].Address.Reveal()}})
	must(t, err)
	_, err = admin.CreateTeam(ctx, i, driver.TeamSpec{Name: "omega", StorageType: driver.Internal})
	if !driver.IsKind(err, driver.Conflict) {
		t.Errorf("a second team of the same name: got %v, want a conflict", err)
	}
	if err := admin.ChangeStorage(ctx, i, team.ID, driver.Internal, nil); !driver.IsKind(err, driver.Conflict) {
		t.Errorf("a team's storage is changed: got %v, want a conflict", err)
	}
	_, err = admin.Storages(ctx, i)
	must(t, err)
	must(t, admin.AddMember(ctx, i, team.ID, u.ID))
	_, err = admin.Teams(ctx, i)
	must(t, err)
	_, err = admin.Team(ctx, i, team.ID)
	must(t, err)
	id, err := admin.CreateRun(ctx, i, team.ID, "project", "run")
	must(t, err)
	files, err := admin.DeclareFiles(ctx, i, id, driver.FileSpec{Name: "a.txt", Kind: driver.RunFile, Size: 1, MD5: "ndTkYSaMgDT1yFZOFVxnpg=="})
	must(t, err)
	sendTo(t, y, files[0].Upload, "x")
	must(t, admin.Uploaded(ctx, i, files[0].ID))
	_, err = admin.Files(ctx, i, id, driver.RunFile)
	must(t, err)
	_, err = admin.Download(ctx, i, files[0].ID)
	must(t, err)
	must(t, admin.DeleteFile(ctx, i, files[0].ID))
	for _, kind := range []string{driver.History, driver.SystemEvents} {
		must(t, admin.AddRecords(ctx, i, id, kind, []map[string]any{{"_step": 1}}))
		_, err = admin.Records(ctx, i, id, kind)
		must(t, err)
	}
	_, err = admin.Export(ctx, i, id)
	must(t, err)
	_, err = admin.CreateReport(ctx, i, team.ID, driver.Report{Title: "title", Body: "body"})
	must(t, err)
	_, err = admin.Reports(ctx, i, team.ID)
	must(t, err)
	artifact, err := admin.CreateArtifact(ctx, i, team.ID, "project", "model", driver.FileSpec{Name: "w.bin", Size: 1, MD5: "ndTkYSaMgDT1yFZOFVxnpg=="})
	must(t, err)
	sendTo(t, y, artifact.Files[0].Upload, "x")
	must(t, admin.Uploaded(ctx, i, artifact.Files[0].ID))
	must(t, admin.CommitArtifact(ctx, i, artifact.ID))
	_, err = admin.Artifact(ctx, i, artifact.ID)
	must(t, err)
	must(t, admin.DeleteArtifact(ctx, i, artifact.ID))
	_, err = admin.CollectGarbage(ctx, i)
	must(t, err)
	must(t, admin.RemoveMember(ctx, i, team.ID, u.ID))
	must(t, c.DeleteInstance(ctx, i))
}

func sendTo(t *testing.T, y *run.Yard, u *driver.Transfer, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), u.Method, u.URL, strings.NewReader(body))
	must(t, err)
	for name, value := range u.Headers {
		if name != "Host" {
			req.Header.Set(name, value)
		}
	}
	resp, err := yard.Wire(y, "test").Client().Do(req)
	must(t, err)
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("the upload was answered %d", resp.StatusCode)
	}
}

// everyError asks every operation as a stranger, and those that take a body in bad words, too.
func everyError(t *testing.T, c *driver.Client, doc *openapi3.T) {
	t.Helper()
	raw := "s3://id:secret@127.0.0.1:9/bucket?region=us-east-1&tls=true"
	made, err := c.CreateInstance(t.Context(), driver.InstanceSpec{Name: "errors", Edition: "2025-09", Deployment: "self-managed",
		ServerVersion: "v0.80.0", ChartVersion: "v0.40.0", Storage: &driver.Storage{Address: raw}})
	must(t, err)
	org, err := c.CreateOrganization(t.Context(), made.ID, "acme")
	must(t, err)
	u, err := c.CreateUser(t.Context(), made.ID, driver.UserSpec{Name: "admin", Organization: org, Role: driver.RoleAdmin})
	must(t, err)
	admin := c.As(u.Token)
	team, err := admin.CreateTeam(t.Context(), made.ID, driver.TeamSpec{Name: "kappa", StorageType: driver.Internal})
	must(t, err)
	must(t, admin.AddMember(t.Context(), made.ID, team.ID, u.ID))
	id, err := admin.CreateRun(t.Context(), made.ID, team.ID, "project", "run")
	must(t, err)
	fill := strings.NewReplacer("{instance}", made.ID, "{team}", team.ID, "{run}", id, "{user}", u.ID, "{file}", "none", "{artifact}", "none")
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			_, _, _, err := c.As("nobody").Raw(t.Context(), method, fill.Replace(path), nil)
			must(t, err)
			if op.RequestBody == nil || op.Responses.Value("400") == nil {
				continue
			}
			who := admin
			if op.Description == "Who: operator." || strings.HasPrefix(op.Description, "Who: operator. ") {
				who = c
			}
			for _, bad := range []string{`{"no-such-field": 1}`, `{"name": `, "", strings.Repeat(" ", 1<<20) + "{}"} {
				status, _, _, err := who.Raw(t.Context(), method, fill.Replace(path), strings.NewReader(bad))
				must(t, err)
				if status != http.StatusBadRequest && status != http.StatusRequestEntityTooLarge {
					t.Errorf("%s %s with %.20q: answered %d", method, path, bad, status)
				}
			}
		}
	}
}
