package onboarding

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// judge reads a bucket that was made by its own API, and judges what it says as review judges documents.
func (m *makes) judge(ctx context.Context, t *run.T, b *bucket.Bucket) {
	d := &run.Documents{FrontendOrigin: frontend, Need: policy.Need{Provider: m.provider, Edition: m.spec.Edition, Deployment: m.spec.Deployment,
		Bucket: b.Address.Bucket, Path: b.Address.Path, OrgID: m.Org, Account: b.Address.Account}}
	rules, err := b.CORS(ctx)
	e := bucket.Classify("get bucket CORS", err)
	switch {
	case err == nil:
		if err := d.Read("cors", rules); err != nil {
			t.Errorf("%s: the bucket's CORS rules can't be judged: %s", m.provider, err)
		}
	case e.Kind != bucket.KindNotConfigured:
		t.Errorf("%s: the bucket's CORS rules can't be read: %s", m.provider, e)
	}
	m.holds(t, "CORS rules", d.CORSFindings(), "BYOB-CORS-001", "BYOB-CORS-002", "BYOB-CORS-003", "BYOB-CORS-004", "BYOB-CORS-005", "BYOB-CORS-009")
	m.access(ctx, t, b, d)
	kept, err := b.Retention(ctx)
	if err != nil {
		t.Errorf("%s: what the bucket keeps can't be read: %s", m.provider, err)
	}
	if m.provider == "azure" {
		t.True(m.provider+": what was removed", "kept for a while (BYOB-KEEP-002)", kept.Soft != "", fmt.Sprintf("soft deletion %q", kept.Soft))
		return
	}
	t.Equal(m.provider+": versioning (BYOB-KEEP-002)", "on", kept.Versioning)
	if m.provider == "gcp" && m.spec.Edition == "2026-08" {
		t.True("gcp: what was removed", "kept for a while (BYOB-KEEP-003)", kept.Soft != "", fmt.Sprintf("soft deletion %q", kept.Soft))
	}
}

// access judges who may do what: a bucket policy or role bindings, and that nobody else may.
func (m *makes) access(ctx context.Context, t *run.T, b *bucket.Bucket, d *run.Documents) {
	documents, err := b.Configuration(ctx)
	if err != nil {
		t.Errorf("%s: the bucket's documents can't be read: %s", m.provider, bucket.Classify("read the bucket's documents", err))
	}
	kind, must := "policy", []string{"BYOB-PERM-001", "BYOB-PERM-003", "BYOB-PERM-007", "BYOB-PERM-008", "BYOB-PERM-012", "BYOB-PERM-020"}
	switch m.provider {
	case "azure": // W&B comes by the account's key: there is no document, and nobody else may come in
		var container struct {
			PublicAccess *string `json:"publicAccess"`
		}
		if err := json.Unmarshal([]byte(documents["container"]), &container); err != nil {
			t.Errorf("azure: the container's properties can't be read")
		}
		access := "none"
		if container.PublicAccess != nil && *container.PublicAccess != "" {
			access = *container.PublicAccess
		}
		t.Equal("azure: public access to the container", "none", access)
		return
	case "gcp":
		kind, must = "roles", []string{"BYOB-PERM-014"}
	}
	text := documents["policy"]
	t.True(m.provider+": its "+kind, "there, and can be read", text != "" && !strings.HasPrefix(text, bucket.Unreadable), first(text))
	if err := d.Read(kind, []byte(text)); err != nil {
		t.Errorf("%s: the bucket's %s can't be judged: %s", m.provider, kind, err)
	}
	m.holds(t, kind, d.AccessFindings(), must...)
}

func first(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) == nil {
		return "a document"
	}
	if text == "" {
		return "there is none"
	}
	return "no document that can be read"
}

// holds fails on anything that a judge found broken, and where something that must be judged was not.
func (m *makes) holds(t *run.T, what string, found []finding.Finding, must ...string) {
	for _, f := range found {
		switch f.State {
		case finding.Broken:
			t.Advise("%s", f.Fix)
			t.Fail(fmt.Sprintf("%s: its %s as %s asks for them: %s: %s", m.provider, what, f.Requirement, f.What, f.Expected), f.Actual)
		case finding.Holds:
			t.Observe("%s: %s: %s: %s", m.provider, f.Requirement, f.What, f.Actual)
		}
	}
	for _, id := range must {
		state := finding.Worst(found, id)
		t.True(fmt.Sprintf("%s: its %s by %s", m.provider, what, id), "judged to hold", state == finding.Holds || state == finding.Inapplicable, string(state))
	}
}

// preflights asks as a browser on the front end's page would, and as one on a stranger's, who must not pass.
func (m *makes) preflights(t *run.T, omega *scene.Team) {
	d := omega.Declare(driver.RunFile, "browser.bin", []byte("from a browser"))
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		for _, origin := range []string{frontend, "https://stranger.example"} {
			q := cors.Request{Origin: origin, Method: method, Headers: cors.Headers(m.provider, method)}
			headers := map[string]string{"Origin": q.Origin, "Access-Control-Request-Method": q.Method, "Accept": "*/*"}
			if len(q.Headers) > 0 {
				headers["Access-Control-Request-Headers"] = strings.Join(slices.Sorted(slices.Values(q.Headers)), ",")
			}
			a := m.Send(http.MethodOptions, d.Upload.URL, headers, nil)
			ok, why := cors.Answer{Status: a.Status, Header: a.Header}.Passes(q)
			want := map[bool]string{true: "passes", false: "does not pass"}[origin == frontend]
			if why == "" {
				why = "it passes"
			}
			t.True(fmt.Sprintf("%s: the preflight of %s from %s", m.provider, method, origin), want, ok == (origin == frontend), why)
		}
	}
}
