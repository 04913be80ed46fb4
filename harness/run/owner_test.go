package run_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
)

// ownerSecret is the canary of the second identity.
const ownerSecret = "0wnerS3cretKeyOfTheMemoryStore99"

// rules is a requirement that is judged by the lifecycle rules.
const rules = "BYOB-KEEP-001"

func (m *memory) owner() *run.Owner {
	return &run.Owner{Address: strings.NewReplacer("BUCKETPROOFTEST00001", "BUCKETPROOFOWNER0001", secret, ownerSecret).Replace(m.target().Address)}
}

// byOwner reports whether a request is signed with the owner's key.
func byOwner(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Authorization"), "Credential=BUCKETPROOFOWNER0001/")
}

const expires = `<LifecycleConfiguration><Rule><ID>tidy</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>`

func TestDocumentsAreTheBucketsOwnBeforeThoseThatWereGiven(t *testing.T) {
	denied := func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusForbidden, "AccessDenied") }
	said := func(status int, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body)
		}
	}
	toOwner := func(answer func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			if byOwner(r) {
				answer(w, r)
				return
			}
			denied(w, r)
		}
	}
	none := said(http.StatusNotFound, `<Error><Code>NoSuchLifecycleConfiguration</Code></Error>`)
	for name, tt := range map[string]struct {
		answer  func(http.ResponseWriter, *http.Request)
		owner   bool
		given   string
		outcome reports.Outcome
		reason  string
		seen    string // in an observation
	}{
		"W&B's own may not, and nobody else is there": {denied, false, "", reports.NotRun, "not given: the lifecycle rules: --lifecycle FILE", "W&B's own credentials may not read the bucket's lifecycle"},
		"W&B's own may not, and a document was given": {denied, false, "{}", reports.Passed, "", "--lifecycle was given, and is judged in its place"},
		"W&B's own may": {said(http.StatusOK, expires), false, "", reports.Failed, "", "was read from it, as W&B's own credentials"},
		"the owner may": {toOwner(said(http.StatusOK, expires)), true, "", reports.Failed, "", "was read from it, as the bucket's owner"},
		"the bucket says it, and a document says otherwise":     {toOwner(said(http.StatusOK, expires)), true, "{}", reports.Failed, "", "was read from it, as the bucket's owner"},
		"the owner may not either":                              {denied, true, "", reports.NotRun, "not given: the lifecycle rules: --lifecycle FILE", "the bucket's owner may not read"},
		"there are none":                                        {toOwner(none), true, "", reports.Passed, "", "the bucket has no lifecycle"},
		"the store has no such thing":                           {said(http.StatusNotImplemented, `<Error><Code>NotImplemented</Code></Error>`), false, "", reports.Unverified, "this store answers that it has no lifecycle: MinIO shows it", ""},
		"the store has no such thing, and a document was given": {said(http.StatusNotImplemented, `<Error><Code>NotImplemented</Code></Error>`), false, "{}", reports.Passed, "", "is judged in its place"},
		"the store breaks off":                                  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, "{}", reports.Errored, "no answer that decides", ""},
		"the store stumbles":                                    {said(http.StatusInternalServerError, ""), true, "{}", reports.Errored, "no answer that decides", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemory(t)
			m.before = func(w http.ResponseWriter, r *http.Request) bool {
				if !r.URL.Query().Has("lifecycle") {
					return false
				}
				tt.answer(w, r)
				return true
			}
			target := m.target()
			if tt.owner {
				target.Owner = m.owner()
			}
			target.Documents = &run.Documents{Need: policy.Need{Provider: policy.S3Compatible}}
			if tt.given != "" {
				if err := target.Documents.Read("lifecycle", []byte(tt.given)); err != nil {
					t.Fatal(err)
				}
			}
			d := m.certify(t.Context(), t, target, run.Options{}, func(s *run.Subject) {
				run.It(s, rules, "the rules delete nothing", func(ctx context.Context, t *run.T) {
					t.Findings(t.Known(ctx, s, bucket.DocumentLifecycle).RetentionFindings(), rules)
				}, run.Costs(1, 0, 0))
			})
			want(t, d.Result, rules, tt.outcome, tt.reason)
			if q := requirement(d.Result, rules); !strings.Contains(fmt.Sprint(q.Observations), tt.seen) {
				t.Errorf("observations: got %v, want one with %q", q.Observations, tt.seen)
			}
			if shown := fmt.Sprint(d.Result); strings.Contains(shown, ownerSecret) || strings.Contains(shown, secret) {
				t.Error("the result shows a secret")
			}
		})
	}
}

func requirement(r *reports.Result, id string) reports.Requirement {
	for _, q := range r.Requirements {
		if q.ID == id {
			return q
		}
	}
	return reports.Requirement{}
}

func TestTheOwnerOnlyReads(t *testing.T) {
	m := newMemory(t)
	var mu sync.Mutex
	var by []string
	m.before = func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if byOwner(r) {
			by = append(by, r.Method+" "+r.URL.RequestURI())
		}
		return false
	}
	target := m.target()
	target.Owner = m.owner()
	d := m.certify(t.Context(), t, target, run.Options{}, func(s *run.Subject) {
		run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5))
		run.It(s, "BYOB-KEEP-002", "versioning is on", func(ctx context.Context, t *run.T) {
			t.Findings(t.Known(ctx, s, bucket.DocumentVersioning).RetentionFindings(), "BYOB-KEEP-002")
		}, run.Costs(1, 0, 0))
	})
	want(t, d.Result, writes, reports.Passed, "")
	want(t, d.Result, "BYOB-KEEP-002", reports.Failed, "")
	if len(by) != 1 || !strings.HasPrefix(by[0], "GET ") || !strings.Contains(by[0], "versioning") {
		t.Errorf("the owner's requests: got %q, want one GET of the versioning", by)
	}
	if got := d.Result.Subject.Identity; !strings.HasSuffix(got, "; what it may not read is read as the bucket's owner") {
		t.Errorf("the result says that the run acted as %q", got)
	}
	m.left(t, d.Result)
}

// A profile of the shared AWS configuration reads what W&B's own may not, and is named.
func TestAProfileIsASecondIdentity(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte("[storage-admin]\naws_access_key_id = BUCKETPROOFOWNER0001\naws_secret_access_key = "+ownerSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	m := newMemory(t)
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !r.URL.Query().Has("lifecycle") {
			return false
		}
		if byOwner(r) {
			_, _ = fmt.Fprint(w, expires)
		} else {
			refuse(w, http.StatusForbidden, "AccessDenied")
		}
		return true
	}
	target := m.target()
	target.Owner = &run.Owner{AWSProfile: "storage-admin"}
	d := m.certify(t.Context(), t, target, run.Options{}, func(s *run.Subject) {
		run.It(s, rules, "the rules delete nothing", func(ctx context.Context, t *run.T) {
			t.Findings(t.Known(ctx, s, bucket.DocumentLifecycle).RetentionFindings(), rules)
		}, run.Costs(1, 0, 0))
	})
	want(t, d.Result, rules, reports.Failed, "")
	const who = `the bucket's owner (AWS profile "storage-admin")`
	if q := requirement(d.Result, rules); !strings.Contains(fmt.Sprint(q.Observations), who) || !strings.Contains(d.Result.Subject.Identity, who) {
		t.Errorf("%s is not named: %v, %q", who, q.Observations, d.Result.Subject.Identity)
	}
	if strings.Contains(fmt.Sprint(d.Result), ownerSecret) {
		t.Error("the result shows a secret")
	}
}

func TestASecondIdentityThatIsNone(t *testing.T) {
	m := newMemory(t)
	for name, change := range map[string]func(*run.Target){
		"of another bucket":            func(tt *run.Target) { tt.Owner.Address = strings.Replace(tt.Owner.Address, "/bucket?", "/other?", 1) },
		"without credentials":          func(tt *run.Target) { tt.Owner.Address = "s3://bucket" },
		"unreadable":                   func(tt *run.Target) { tt.Owner.Address = "s3://" + ownerSecret + "@" },
		"where the run is the owner's": func(tt *run.Target) { tt.Address = "s3://bucket" },
	} {
		t.Run(name, func(t *testing.T) {
			target := m.target()
			target.Owner = m.owner()
			change(&target)
			_, err := run.Certify(t.Context(), target, run.Options{Catalogue: load(t)})
			if err == nil || strings.Contains(err.Error(), ownerSecret) {
				t.Errorf("got %v, want an error without the secret", err)
			}
		})
	}
}

// What is refused to the run's first object is decided by that, with what mends it; whatever else writes can't be decided.
func TestARefusedMarkerDecidesTheRightToStore(t *testing.T) {
	m := newMemory(t)
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			refuse(w, http.StatusForbidden, "AccessDenied")
		}
		return r.Method == http.MethodPut
	}
	const right = "BYOB-PERM-008"
	d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) {
		run.It(s, right, "it may store", put(s, "one"), run.Costs(2, 1, 5), run.DecidedByMarker("put object", func(_ context.Context, t *run.T) { t.Advise("grant it") }))
		run.It(s, writes, "it writes", put(s, "two"), run.Costs(2, 1, 5))
		run.It(s, "BYOB-PERM-001", "it may read", put(s, "three"), run.Costs(2, 1, 5), run.DecidedByMarker("get object", nil))
	})
	want(t, d.Result, right, reports.Failed, "")
	if q := requirement(d.Result, right); q.Remedy != "grant it" || q.Expected != "put object below the run's prefix is allowed" {
		t.Errorf("got remedy %q and expected %q", q.Remedy, q.Expected)
	}
	want(t, d.Result, writes, reports.Errored, "the run could not get ready to write")
	want(t, d.Result, "BYOB-PERM-001", reports.Errored, "the run could not get ready to write")
	m.left(t, d.Result)
}
