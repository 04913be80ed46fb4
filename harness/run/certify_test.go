package run_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reports"
)

func two(s *run.Subject) {
	run.It(s, reads, "it reads", func(ctx context.Context, t *run.T) { t.OK("", s.Bucket.Exists(ctx)); t.Observe("there") }, run.Costs(1, 0, 0))
	run.It(s, writes, "it writes", put(s, "one"), run.Needs(reads), run.Costs(2, 1, 5))
}

func TestAPlanSendsNothing(t *testing.T) {
	m := newMemory(t)
	m.before = func(_ http.ResponseWriter, r *http.Request) bool {
		t.Errorf("%s %s was sent", r.Method, r.URL.Path)
		return false
	}
	o := run.Options{Catalogue: load(t), Families: []run.Family{{Name: "fake", Specs: two}}}
	p, err := run.NewPlan(t.Context(), m.target(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Steps) != 2 || p.Total.Requests < 3 || p.Total.Objects != 2 || strings.Contains(p.Address, secret) || !strings.HasPrefix(p.Prefix, "bucketproof-run-") {
		t.Errorf("plan: %+v", p)
	}
	var sum run.Cost
	for _, s := range slices.Concat(p.Steps, p.Around) {
		sum.Requests, sum.Objects, sum.Bytes = sum.Requests+s.Cost.Requests, sum.Objects+s.Cost.Objects, sum.Bytes+s.Cost.Bytes
	}
	if sum != p.Total || len(p.Around) != 2 {
		t.Errorf("steps and what is around them come to %+v, and the total is %+v", sum, p.Total)
	}
	if reads := strings.Join(p.Reads, " "); !strings.Contains(reads, "policy, CORS, versioning") {
		t.Errorf("the plan doesn't say what of the configuration is read: %q", reads)
	}
	if slices.Contains(p.Missing, writes) || !slices.Contains(p.Missing, again) {
		t.Errorf("missing: %v", p.Missing)
	}
	o.Families = []run.Family{{Name: "broken", Specs: func(*run.Subject) { panic("no") }}}
	if _, err := run.NewPlan(t.Context(), m.target(), o); err == nil {
		t.Error("a plan was made of a broken family")
	}
}

// An address that can't be used fails the requirement under which it is refused, and leaves the rest undecided.
func TestAnAddressThatIsRefused(t *testing.T) {
	m := newMemory(t)
	target := m.target()
	target.Address = strings.Replace(target.Address, "/bucket?", "/team/../bucket?", 1)
	d := m.certify(t.Context(), t, target, run.Options{}, func(s *run.Subject) {
		run.It(s, "BYOB-ADDR-009", "the address is read", func(_ context.Context, t *run.T) {
			t.True("the address", "is read", s.AddressError == nil, "it is refused")
		})
		run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5))
	})
	want(t, d.Result, "BYOB-ADDR-009", reports.Failed, "")
	want(t, d.Result, writes, reports.Errored, "the run could not get ready to write: the bucket could not be opened")
	if s := d.Result.Safety; s.CleanUp != reports.NothingWritten || s.Requests != 0 || len(m.writes()) != 0 {
		t.Errorf("safety: %+v", s)
	}
	if s := d.Result.Subject.Store; s.Name != "" {
		t.Errorf("the store has the name %q, and nobody knows which it is", s.Name)
	}
	if strings.Contains(d.Result.Subject.Address, secret) {
		t.Errorf("the result shows the secret: %s", d.Result.Subject.Address)
	}
}

func TestWhatIsNoRun(t *testing.T) {
	m := newMemory(t)
	for name, change := range map[string]func(*run.Target, *run.Options){
		"the profile of another kind of subject": func(t *run.Target, _ *run.Options) { t.Profile = "connector" },
		"an unknown profile":                     func(t *run.Target, _ *run.Options) { t.Profile = "none" },
		"an unknown edition":                     func(t *run.Target, _ *run.Options) { t.Options.Edition = "1999-01" },
		"no address":                             func(t *run.Target, _ *run.Options) { t.Address = "" },
		"an endpoint with credentials":           func(t *run.Target, _ *run.Options) { t.Endpoint = "https://id:" + secret + "@127.0.0.1" },
		"a filter that matches nothing":          func(_ *run.Target, o *run.Options) { o.Only = []string{"BYOB-ISO-001"} },
		"a parser that returns nothing": func(_ *run.Target, o *run.Options) {
			o.Parser = func(string, address.Options) (*address.Address, error) { return nil, nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			target, o := m.target(), run.Options{Catalogue: load(t), Families: []run.Family{{Name: "fake", Specs: two}}}
			change(&target, &o)
			d, err := run.Certify(t.Context(), target, o)
			if u := (*run.UsageError)(nil); !errors.As(err, &u) || d != nil {
				t.Fatalf("got %v, %v, want a usage error", d, err)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestASubjectThatCannotBeHad(t *testing.T) {
	d, err := run.NotRun("azure", "", "no such store here", run.Options{Catalogue: load(t)})
	if err != nil {
		t.Fatal(err)
	}
	if d.Result.Verdict != reports.Incomplete || len(d.Result.Requirements) == 0 {
		t.Errorf("verdict %s of %d requirements, want %s", d.Result.Verdict, len(d.Result.Requirements), reports.Incomplete)
	}
	for _, l := range d.Result.Requirements {
		if l.Outcome != reports.NotRun || l.Reason != "no such store here" {
			t.Errorf("%s: %s, %q", l.ID, l.Outcome, l.Reason)
		}
	}
}

// A sweep goes by markers alone.
func TestSweep(t *testing.T) {
	m := newMemory(t)
	m.before = func(w http.ResponseWriter, r *http.Request) bool { // a crash: the run removes nothing
		if r.Method == http.MethodDelete {
			refuse(w, http.StatusForbidden, "AccessDenied")
		}
		return r.Method == http.MethodDelete
	}
	d := m.certify(t.Context(), t, m.target(), run.Options{}, two)
	m.before = nil
	if keys := m.keys(); len(keys) != 3 {
		t.Fatalf("the crashed run left %q", keys)
	}
	decoy := "bucketproof-run-20200101t000000z-00000000/x"
	m.objects[decoy] = []byte("this looks like a run's, and has no marker")
	looked, err := run.Sweep(t.Context(), m.target(), run.SweepOptions{DryRun: true})
	if err != nil || len(looked) != 2 || len(m.keys()) != 4 {
		t.Fatalf("a dry run: %+v, %v, keys %q", looked, err, m.keys())
	}
	swept, err := run.Sweep(t.Context(), m.target(), run.SweepOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range swept {
		switch s.Prefix {
		case d.Result.Safety.Prefix:
			if s.Left != "" || s.Removed != 2 || len(s.Kept) != 0 {
				t.Errorf("the crashed run: %+v", s)
			}
		default:
			if s.Left == "" {
				t.Errorf("what has no marker was swept: %+v", s)
			}
		}
	}
	if keys := m.keys(); !slices.Equal(keys, []string{decoy, "here/before"}) {
		t.Errorf("the bucket has %q", keys)
	}
}
