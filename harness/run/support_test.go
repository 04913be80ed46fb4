package run_test

import (
	"context"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

// Requirements that fake families bind their specs to. That of a denial owes a positive control.
const (
	first  = "BYOB-ADDR-001"
	second = "BYOB-ADDR-004"
	third  = "BYOB-ADDR-005"
	denial = "BYOB-ADDR-002"
)

func load(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// conform runs fake families over a parser: no bucket, nothing is sent.
func conform(ctx context.Context, t *testing.T, o run.Options, specs ...func(*run.Subject)) *reports.Result {
	t.Helper()
	o.Catalogue = load(t)
	for _, f := range specs {
		o.Families = append(o.Families, run.Family{Name: "fake", Specs: f})
	}
	d, err := run.ConformParser(ctx, "fake", address.Reference(), o)
	if err != nil {
		t.Fatal(err)
	}
	return d.Result
}

// of is what became of a requirement.
func of(t *testing.T, r *reports.Result, id string) reports.Requirement {
	t.Helper()
	for _, l := range r.Requirements {
		if l.ID == id {
			return l
		}
	}
	t.Fatalf("%s is not in the result", id)
	return reports.Requirement{}
}

// want fails unless a requirement came to an outcome, for a reason that begins as given.
func want(t *testing.T, r *reports.Result, id string, outcome reports.Outcome, reason string) {
	t.Helper()
	l := of(t, r, id)
	if l.Outcome != outcome || len(l.Reason) < len(reason) || l.Reason[:len(reason)] != reason {
		t.Errorf("%s: got %s, %q\nwant %s, %q...", id, l.Outcome, l.Reason, outcome, reason)
	}
	if l.Outcome == reports.Passed && len(l.Observations) == 0 {
		t.Errorf("%s passed, and nothing was observed", id)
	}
}

// passing is a check that sees what it is there for.
func passing(_ context.Context, t *run.T) { t.Observe("seen") }

func failing(_ context.Context, t *run.T) { t.True("it", "holds", false, "it does not") }
