package run_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reports"
)

func TestOnlyWhatWasRedIsRunAgain(t *testing.T) {
	mended := false
	specs := func(s *run.Subject) {
		run.It(s, first, "below", passing)
		run.It(s, second, "fails until it is mended", func(ctx context.Context, t *run.T) {
			if mended {
				passing(ctx, t)
			} else {
				failing(ctx, t)
			}
		}, run.Needs(first))
		run.It(s, third, "besides", passing)
		run.It(s, denial, "breaks off", func(context.Context, *run.T) { panic("no answer") })
	}
	before := conform(t.Context(), t, run.Options{}, specs)
	want(t, before, second, reports.Failed, "")
	want(t, before, denial, reports.Errored, "")
	// Everything without a spec is red in this result, too: what is run again is kept to what can be told apart.
	for i, q := range before.Requirements {
		if q.ID != second && q.ID != denial && q.ID != first && q.ID != third {
			before.Requirements[i].Outcome = reports.NotRun
		}
	}
	before.Conclude(before.Required)

	mended = true
	r := conform(t.Context(), t, run.Options{Again: before}, specs)
	want(t, r, first, reports.Passed, "") // what it stands on
	want(t, r, second, reports.Passed, "")
	want(t, r, denial, reports.Errored, "")
	want(t, r, third, reports.NotRun, "left out by --only-failed")
	if r.Verdict == reports.Certified || !strings.Contains(r.Run.Filter, before.Run.ID) || !strings.Contains(r.Run.Filter, second) || strings.Contains(r.Run.Filter, third) {
		t.Errorf("got %s with filter %q, want it not certified, and the run and what was red there named", r.Verdict, r.Run.Filter)
	}

	for _, c := range []struct {
		name   string
		change func(*reports.Result)
		only   []string
		want   string
	}{
		{"another kind of subject", func(r *reports.Result) { r.Subject.Kind = "bucket" }, nil, `another kind of subject, "bucket"`},
		{"another profile", func(r *reports.Result) { r.Profile = "aws" }, nil, `another profile, "aws"`},
		{"another edition", func(r *reports.Result) { r.Edition = "2026-08" }, nil, `another edition, "2026-08"`},
		{"another bucket", func(r *reports.Result) { r.Subject.Canonical = "s3://other" }, nil, `another address, "s3://other"`},
		{"another subject without an address of its own", func(r *reports.Result) { r.Subject.Address = "http://127.0.0.1:1" }, nil, "http://127.0.0.1:1"},
		{"a result in which nothing is red", func(r *reports.Result) {
			for i := range r.Requirements {
				r.Requirements[i].Outcome = reports.NotRun
			}
		}, nil, "nothing to run again"},
		{"a choice besides", func(*reports.Result) {}, []string{first}, "leave out --only"},
		{"a requirement that is none of the profile's", func(r *reports.Result) {
			r.Requirements[0].ID, r.Requirements[0].Outcome = "BYOB-NET-001", reports.Failed
		}, nil, "BYOB-NET-001"},
	} {
		other := *before
		other.Requirements = append([]reports.Requirement{}, before.Requirements...)
		c.change(&other)
		_, err := run.ConformParser(t.Context(), "fake", address.Reference(), run.Options{Catalogue: load(t), Again: &other, Only: c.only})
		if u := (*run.UsageError)(nil); !errors.As(err, &u) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it refused with %q", c.name, err, c.want)
		}
	}
}
