package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// frontEnd is the W&B front end of these tests, stranger another page that the bucket's owner lets in.
const (
	frontEnd = "https://wandb.example.com"
	stranger = "https://other.example.com"
)

// ownerActions are what the owner may besides W&B.
var ownerActions = []string{"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:PutBucketCORS"}

func applyHost(t *testing.T) *stores.Host {
	t.Helper()
	h, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// theirs are the rules of somebody else's page.
func theirs(provider string) *cors.Policy {
	age := 60
	r := cors.Rule{Origins: []string{stranger}, Methods: []string{"GET"}, Headers: []string{"x-mine"}, Expose: []string{"x-theirs"}, MaxAge: &age}
	if provider == stores.GCP {
		r.Headers = r.Expose
	}
	return &cors.Policy{Provider: provider, Rules: []cors.Rule{r}}
}

func applyBucket(t *testing.T, h *stores.Host, provider string, front func(http.Handler) http.Handler) (*stores.Bucket, run.Target) {
	t.Helper()
	setup := stores.Setup{CORS: theirs(provider), Hooks: stores.Hooks{Front: front}}
	if provider != stores.GCP && provider != stores.Azure {
		setup.MoreActions = ownerActions
	}
	b, err := h.Provision(t.Context(), provider, setup)
	if errors.Is(err, stores.ErrUnavailable) {
		t.Skip("not run: " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b, run.Target{Address: b.Address, Network: b.Network, Store: b.Store, Secrets: b.Secrets}
}

func applyNeed(provider string) run.ApplyNeed {
	n := run.ApplyNeed{FrontendOrigin: frontEnd, Settle: time.Millisecond, Program: "bucketproof-run/test"}
	n.Deployment, n.Edition = policy.MultiTenant, "2025-09"
	if provider == stores.CoreWeave {
		n.OrgID = "org1"
	}
	return n
}

func planned(t *testing.T, target run.Target, n run.ApplyNeed) *run.Application {
	t.Helper()
	a, err := run.NewApplication(t.Context(), target, n)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(a.Close)
	return a
}

func configuration(t *testing.T, b *stores.Bucket) map[string]string {
	t.Helper()
	c, err := b.Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keptPolicies is a front that keeps bucket policies itself, as Amazon would: the gateway behind takes no ARN for a principal.
func keptPolicies(document string) func(http.Handler) http.Handler {
	var mu sync.Mutex
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !r.URL.Query().Has("policy") {
				next.ServeHTTP(w, r)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if r.Method == http.MethodPut {
				raw, _ := io.ReadAll(r.Body)
				document = string(raw)
				w.WriteHeader(http.StatusNoContent)
				return
			}
			_, _ = io.WriteString(w, document)
		})
	}
}

const foreignPolicy = `{"Version": "2012-10-17", "Statement": {"Sid": "TLSOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": false}}}}`

// TestApply does all of this on one set of stores: what takes long is starting them.
func TestApply(t *testing.T) {
	h := applyHost(t)
	for name, test := range map[string]func(*testing.T, *stores.Host){
		"apply adds and keeps":                   applyAddsAndKeeps,
		"apply catches what a store makes of it": applyCatchesWhatAStoreMakesOfIt,
		"apply loses no update":                  applyLosesNoUpdate,
		"apply refuses what it cannot read":      applyRefusesWhatItCannotRead,
		"no run writes configuration":            noRunWritesConfiguration,
	} {
		t.Run(name, func(t *testing.T) { test(t, h) })
	}
}

// What is prescribed gets onto a bucket of every provider, nothing that was there goes, and a second time nothing is missing.
func applyAddsAndKeeps(t *testing.T, h *stores.Host) {
	for _, p := range []string{stores.AWS, stores.CoreWeave, stores.S3Compatible, stores.GCP, stores.Azure} {
		t.Run(p, func(t *testing.T) {
			var front func(http.Handler) http.Handler
			if p == stores.AWS {
				front = keptPolicies(foreignPolicy)
			}
			b, target := applyBucket(t, h, p, front)
			before := configuration(t, b)
			a := planned(t, target, applyNeed(p))
			if !a.Missing() {
				t.Fatal("nothing is missing from a bucket that lets only a stranger in")
			}
			if got := configuration(t, b); !equalDocuments(got, before) {
				t.Errorf("planning changed the bucket: got %v, want %v", got, before)
			}
			for _, x := range a.Write(t.Context()) {
				if x.State != run.AppliedWritten {
					t.Errorf("%s: got %s: %s", x.Name, x.State, x.Why)
				}
			}
			again := planned(t, target, applyNeed(p))
			if again.Missing() {
				t.Errorf("something is missing afterwards: %+v", again.Planned[0])
			}
			for _, x := range again.Write(t.Context()) {
				if x.State != run.AppliedSound {
					t.Errorf("a second time: %s is %s", x.Name, x.State)
				}
			}
			if p == stores.AWS { // its policy is kept by the front alone
				delete(before, "policy")
			}
			kept(t, p, before, configuration(t, b))
		})
	}
}

func equalDocuments(a, b map[string]string) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// kept looks whether everything but the two documents is as it was, and whether what stood in these still does.
func kept(t *testing.T, provider string, before, after map[string]string) {
	t.Helper()
	rulesIn := map[string]string{stores.Azure: "service"}[provider]
	if rulesIn == "" {
		rulesIn = "cors"
	}
	for name, was := range before {
		switch is := after[name]; {
		case name == rulesIn:
			p, err := cors.Read(provider, []byte(is))
			if err != nil || len(p.Rules) != 2 || !cors.Same(&cors.Policy{Rules: p.Rules[:1]}, theirs(provider)) {
				t.Errorf("CORS: got %+v, %v; want the stranger's rule as it was, and one more", p, err)
			}
		case name == "policy" && provider == stores.CoreWeave:
			x, err := policy.Parse(provider, policy.Bucket, []byte(is))
			y, err2 := policy.Parse(provider, policy.Bucket, []byte(was))
			if err != nil || err2 != nil || len(x.Statements) != len(y.Statements)+1 {
				t.Fatalf("policy: got %s", is)
			}
			for i := range y.Statements {
				if x.Statements[i].JSON() != y.Statements[i].JSON() {
					t.Errorf("statement %d: got %s, want %s", i+1, x.Statements[i].JSON(), y.Statements[i].JSON())
				}
			}
		case name == "policy" && provider == stores.GCP:
			for _, member := range []string{"projectOwner:", "projectViewer:", "wandb-integration@wandb-production"} {
				if !strings.Contains(is, member) {
					t.Errorf("the IAM policy lacks %s: %s", member, is)
				}
			}
		case is != was:
			t.Errorf("%s was changed: got %s, want %s", name, is, was)
		}
	}
}

// tampered is a front that lies about one document once it was written: it counts the writes that reach it.
type tampered struct {
	query string // cors, policy
	put   func(w http.ResponseWriter, r *http.Request, next http.Handler)
	get   func(body string) string // what is handed out after a write

	mu     sync.Mutex
	writes int
}

func (f *tampered) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		switch {
		case !r.URL.Query().Has(f.query):
		case r.Method == http.MethodPut:
			f.writes++
			if f.put != nil {
				f.put(w, r, next)
				return
			}
		case r.Method == http.MethodGet && f.writes > 0 && f.get != nil:
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			w.WriteHeader(rec.Code)
			_, _ = io.WriteString(w, f.get(rec.Body.String()))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// statements hands out at most so many statements, or one more than there are.
func statements(change func([]any) []any) func(string) string {
	return func(body string) string {
		var doc map[string]any
		if json.Unmarshal([]byte(body), &doc) != nil {
			return body
		}
		list, _ := doc["Statement"].([]any)
		doc["Statement"] = change(slices.Clone(list))
		out, _ := json.Marshal(doc)
		return string(out)
	}
}

// A store that does not keep what it acknowledges is caught, and what was there before is put back where nobody else can be
// hurt by it, and printed where somebody could.
func applyCatchesWhatAStoreMakesOfIt(t *testing.T, h *stores.Host) {
	answer := func(status int, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for _, c := range []struct {
		name      string
		fault     *tampered
		state     string
		why, hint string
		previous  bool
		writes    int
		unchanged bool // the bucket's configuration is as it was
	}{
		{"acknowledged, and the old rules kept", &tampered{query: "cors", put: answer(200, "")}, run.AppliedIgnored, "still has what was there before", "", false, 1, true},
		{"a statement dropped", &tampered{query: "policy", get: statements(func(s []any) []any { return s[:min(2, len(s))] })}, run.AppliedIgnored, "still has what was there before", "", false, 1, false},
		{"an old statement dropped", &tampered{query: "policy", get: statements(func(s []any) []any {
			if len(s) > 2 {
				return s[1:]
			}
			return s
		})}, run.AppliedRestored, "was put back, and read back the same", "", false, 2, true},
		{"every statement but one dropped, for good", &tampered{query: "policy", get: statements(func(s []any) []any { return s[:min(1, len(s))] })}, run.AppliedBroken, "could not be put back", "by hand", true, 2, true},
		{"200 with nothing on reading back", &tampered{query: "policy", get: func(string) string { return "" }}, run.AppliedUnknown, "can't be read back", "by hand", true, 1, false},
		{"somebody else's statement on reading back", &tampered{query: "policy", get: statements(func(s []any) []any {
			return append(s, map[string]any{"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"})
		})}, run.AppliedChanged, "somebody else has changed it", "printed below", true, 1, false},
		{"writing forbidden", &tampered{query: "cors", put: answer(403, "<Error><Code>AccessDenied</Code></Error>")}, run.AppliedRefused, "403 AccessDenied", "s3:PutBucketCORS", false, 1, true},
		{"no answer, and nothing written", &tampered{query: "cors", put: answer(503, "")}, run.AppliedIgnored, "did not answer, and has what was there before", "run it again", false, 1, true},
		{"no answer, and written", &tampered{query: "cors", put: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			w.WriteHeader(500)
		}}, run.AppliedWritten, "", "", false, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, target := applyBucket(t, h, stores.CoreWeave, c.fault.front)
			n := applyNeed(stores.CoreWeave)
			n.Only = []string{c.fault.query}
			before := configuration(t, b)
			got := planned(t, target, n).Write(t.Context())[0]
			if got.State != c.state || !strings.Contains(got.Why, c.why) || !strings.Contains(got.Hint, c.hint) {
				t.Errorf("got  %s: %s (%s)\nwant %s: ...%s... (...%s...)", got.State, got.Why, got.Hint, c.state, c.why, c.hint)
			}
			if (got.Previous != "") != c.previous || c.previous && !strings.Contains(got.Previous, "AllowUsersInOrg") {
				t.Errorf("the previous document: got %q, want it printed: %t", got.Previous, c.previous)
			}
			if c.fault.writes != c.writes {
				t.Errorf("%d writes, want %d", c.fault.writes, c.writes)
			}
			if c.unchanged && !equalDocuments(configuration(t, b), before) {
				t.Error("the bucket is not as it was")
			}
		})
	}
}

// A change between the look and the write is never overwritten.
func applyLosesNoUpdate(t *testing.T, h *stores.Host) {
	for _, p := range []string{stores.CoreWeave, stores.GCP, stores.Azure} {
		t.Run(p, func(t *testing.T) {
			b, target := applyBucket(t, h, p, nil)
			late := planned(t, target, applyNeed(p))
			other := applyNeed(p)
			other.FrontendOrigin = "https://third.example.com"
			for _, x := range planned(t, target, other).Write(t.Context()) {
				if !x.Good() {
					t.Fatalf("%+v", x)
				}
			}
			before := configuration(t, b)
			got := late.Write(t.Context())
			if got[0].State != run.AppliedChanged || !strings.Contains(got[0].Why, "somebody else has changed it") {
				t.Errorf("got %+v, want %q", got[0], run.AppliedChanged)
			}
			if p != stores.Azure && got[1].State != run.AppliedSkipped {
				t.Errorf("the other document: got %+v, want %q", got[1], run.AppliedSkipped)
			}
			if !equalDocuments(configuration(t, b), before) {
				t.Error("something was written")
			}
		})
	}
}

// What can't be read or understood is not written to, and the right that is missing is named.
func applyRefusesWhatItCannotRead(t *testing.T, h *stores.Host) {
	reading := func(query string, status int, body string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && r.URL.Query().Has(query) {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, body)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	for _, c := range []struct {
		name       string
		front      func(http.Handler) http.Handler
		want, hint string
		noAnswer   bool
	}{
		{"a policy that may not be read", reading("policy", 403, "<Error><Code>AccessDenied</Code></Error>"), "can't be read: get bucket policy: 403", "s3:GetBucketPolicy", false},
		{"rules that may not be read", reading("cors", 403, "<Error><Code>AccessDenied</Code></Error>"), "can't be read: get bucket CORS: 403", "s3:GetBucketCORS", false},
		{"a policy with an unknown key", reading("policy", 200, `{"Statement": [], "Mine": 1}`), "the policy that is there can't be read", "mend it first", false},
		{"a policy that is none", reading("policy", 200, ``), "the answer is no policy", "", true},
		{"a store that does not answer", reading("cors", 503, ``), "can't be read", "run it again", true},
		{"a store without CORS rules", reading("cors", 501, "<Error><Code>NotImplemented</Code></Error>"), "can't be read", "--only leaves it out", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, target := applyBucket(t, h, stores.CoreWeave, c.front)
			before := configuration(t, b)
			_, err := run.NewApplication(t.Context(), target, applyNeed(stores.CoreWeave))
			e := (*run.ApplyError)(nil)
			if !errors.As(err, &e) || !strings.Contains(e.Problem, c.want) || !strings.Contains(e.Hint, c.hint) || e.NoAnswer != c.noAnswer {
				t.Errorf("got  %#v\nwant ...%s... (...%s...), no answer: %t", err, c.want, c.hint, c.noAnswer)
			}
			if !equalDocuments(configuration(t, b), before) {
				t.Error("something was written")
			}
		})
	}
	_, target := applyBucket(t, h, stores.S3Compatible, nil)
	n := applyNeed(stores.S3Compatible)
	n.Only = []string{"policy"}
	var u *run.UsageError
	if _, err := run.NewApplication(t.Context(), target, n); !errors.As(err, &u) {
		t.Errorf("a policy on a store without: got %v, want a usage error", err)
	}
}

// A run can't write a bucket's configuration, whatever its specs send: what prescribe --apply sends is refused to it.
func noRunWritesConfiguration(t *testing.T, h *stores.Host) {
	b, target := applyBucket(t, h, stores.S3Compatible, nil)
	before := configuration(t, b)
	tried := 0
	d, err := run.Certify(t.Context(), target, run.Options{Catalogue: load(t), Seed: 1, Families: []run.Family{{Name: "fake", Specs: func(s *run.Subject) {
		run.It(s, "BYOB-XFER-001", "it sets rules", func(ctx context.Context, t *run.T) {
			for _, query := range []string{"cors", "policy"} {
				tried++
				req, _ := http.NewRequestWithContext(ctx, http.MethodPut, s.Service.String()+"/"+s.Address.Bucket+"?"+query, strings.NewReader("<CORSConfiguration/>"))
				_, err := s.Wire.Client().Do(req)
				t.Observe("%v", err)
			}
		}, run.Costs(2, 1, 1000))
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	l := of(t, d.Result, "BYOB-XFER-001")
	if tried != 2 || l.Outcome != "errored" || !strings.Contains(l.Reason, "guard: PUT refused, nothing was sent") {
		t.Errorf("%d tried: got %s: %s", tried, l.Outcome, l.Reason)
	}
	if !equalDocuments(configuration(t, b), before) {
		t.Error("the configuration was written")
	}
}
