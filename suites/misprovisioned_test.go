package suites_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/fixtures/misprovisioned"
	"github.com/bucketproof/bucketproof/harness/faults"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

// leastCases is how many misprovisioned buckets there are at least, the sound ones aside.
const leastCases = 60

func corpus(t *testing.T) []misprovisioned.Case {
	t.Helper()
	cases, err := misprovisioned.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// documents are a case's documents, read as review reads them.
func documents(t *testing.T, c misprovisioned.Case) *run.Documents {
	t.Helper()
	d, err := faults.ReadCase(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func review(t *testing.T, d *run.Documents) *reports.Result {
	t.Helper()
	done, err := run.Review(t.Context(), d, run.Options{Catalogue: suitetest.Catalogue(t), Families: suites.Documents(), Seed: 1, Program: "bucketproof-suites/test"})
	if err != nil {
		t.Fatal(err)
	}
	return done.Result
}

// with lists the requirements of a result with an outcome.
func with(r *reports.Result, o reports.Outcome) (ids []string) {
	for _, q := range r.Requirements {
		if q.Outcome == o {
			ids = append(ids, q.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func sorted(ids []string) []string { return slices.Sorted(slices.Values(ids)) }

// Every misprovisioned bucket gets exactly the findings and the verdict that its file states, and the printed cure mends it.
func TestMisprovisionedBuckets(t *testing.T) {
	cases, wrong := corpus(t), 0
	for _, c := range cases {
		if len(c.Expected) > 0 {
			wrong++
		}
		t.Run(c.Name, func(t *testing.T) {
			d := documents(t, c)
			r := review(t, d)
			if got := with(r, reports.Failed); !slices.Equal(got, sorted(c.Expected)) {
				t.Errorf("failed: got  %v\n        want %v", got, sorted(c.Expected))
			}
			if got := with(r, reports.Unverified); !slices.Equal(got, sorted(c.Unverified)) {
				t.Errorf("unverified: got %v, want %v", got, sorted(c.Unverified))
			}
			if got := with(r, reports.NotRun); !slices.Equal(got, sorted(c.NotRun)) {
				t.Errorf("not run: got  %v\n         want %v", got, sorted(c.NotRun))
			}
			for _, id := range c.Absent {
				if slices.Contains(with(r, reports.Failed), id) {
					t.Errorf("%s fails, and must not", id)
				}
			}
			if string(r.Verdict) != c.Verdict {
				t.Errorf("verdict: got %q, want %q", r.Verdict, c.Verdict)
			}
			for _, q := range r.Requirements {
				switch {
				case q.Outcome == reports.Failed && (q.Remedy == "" || q.Expected == "" || q.Actual == ""):
					t.Errorf("%s fails without remedy, expected or actual: %+v", q.ID, q)
				case q.Outcome == reports.Errored && !strings.HasPrefix(q.Reason, "it stands on "):
					t.Errorf("%s is errored: %s", q.ID, q.Reason)
				}
			}
			if c.Incurable == "" {
				cure(t, c, r)
			} else {
				t.Logf("no cure to apply: %s", c.Incurable)
			}
		})
	}
	if wrong < leastCases {
		t.Errorf("%d misprovisioned buckets, want %d at least", wrong, leastCases)
	}
	t.Logf("%d buckets, %d of them misprovisioned", len(cases), wrong)
}
