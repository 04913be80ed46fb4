package run_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/extensions/globals"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reports"
)

// What stands around specs in Ginkgo's tree can only take a pass away.
func TestAroundSpecs(t *testing.T) {
	type expect map[string]reports.Outcome
	count := 0
	for name, tt := range map[string]struct {
		specs func(*run.Subject)
		want  expect
	}{
		"BeforeAll fails": {func(s *run.Subject) {
			ginkgo.BeforeAll(func() { ginkgo.Fail("no") })
			run.It(s, first, "one", passing)
			run.It(s, second, "two", passing)
		}, expect{first: reports.Errored, second: reports.Errored}},
		"BeforeAll skips": {func(s *run.Subject) {
			ginkgo.BeforeAll(func() { ginkgo.Skip("no") })
			run.It(s, first, "one", passing)
			run.It(s, second, "two", passing)
		}, expect{first: reports.Errored, second: reports.Errored}},
		"BeforeEach fails": {func(s *run.Subject) {
			ginkgo.BeforeEach(func() { ginkgo.Fail("no") })
			run.It(s, first, "one", passing)
		}, expect{first: reports.Errored}},
		"BeforeEach panics once": {func(s *run.Subject) {
			once := sync.OnceFunc(func() { panic("no") })
			ginkgo.BeforeEach(func() { once() })
			run.It(s, first, "one", passing)
			run.It(s, second, "two", passing)
		}, expect{first: reports.Errored}},
		"AfterEach fails": {func(s *run.Subject) {
			ginkgo.AfterEach(func() { ginkgo.Fail("no") })
			run.It(s, first, "one", passing)
			run.It(s, second, "two", failing)
		}, expect{first: reports.Errored, second: reports.Failed}},
		"AfterAll fails": {func(s *run.Subject) {
			ginkgo.AfterAll(func() { ginkgo.Fail("no") })
			run.It(s, first, "one", passing)
			run.It(s, second, "two", passing)
		}, expect{first: reports.Passed, second: reports.Errored}},
		"ReportAfterEach fails": {func(s *run.Subject) {
			ginkgo.ReportAfterEach(func(ginkgo.SpecReport) { ginkgo.Fail("no") })
			run.It(s, first, "one", passing)
		}, expect{first: reports.Errored}},
		"the suite is aborted": {func(s *run.Subject) {
			run.It(s, first, "one", func(context.Context, *run.T) { ginkgo.AbortSuite("no") })
			run.It(s, second, "two", passing)
		}, expect{first: reports.Errored, second: reports.Errored}},
		"a group is pending": {func(s *run.Subject) {
			ginkgo.Describe("pending", ginkgo.Pending, func() { run.It(s, first, "one", passing) })
			run.It(s, second, "two", passing)
		}, expect{first: reports.Errored, second: reports.Passed}},
		"a group is focused": {func(s *run.Subject) {
			run.It(s, first, "one", passing)
			ginkgo.Describe("focused", ginkgo.Focus, func() { run.It(s, second, "two", passing) })
			run.It(s, second, "not focused", passing)
			ginkgo.Describe("focused, too", ginkgo.Focus, func() { run.It(s, third, "three", passing, run.Needs(first)) })
		}, expect{first: reports.NotRun, second: reports.NotRun, third: reports.NotRun}},
		"everything is focused": {func(s *run.Subject) {
			ginkgo.Describe("focused", ginkgo.Focus, func() { run.It(s, first, "one", passing) })
		}, expect{first: reports.Passed, second: reports.Errored}},
		"a group is repeated until it passes": {func(s *run.Subject) {
			ginkgo.Describe("flaky", ginkgo.FlakeAttempts(3), func() {
				run.It(s, first, "one", func(ctx context.Context, t *run.T) {
					if count++; count < 2 {
						failing(ctx, t)
					}
					passing(ctx, t)
				})
			})
			run.It(s, second, "two", passing)
		}, expect{first: reports.Errored, second: reports.Errored}},
		"a family panics": {func(s *run.Subject) {
			run.It(s, first, "one", passing)
			panic("a secret")
		}, expect{first: reports.Errored, second: reports.Errored}},
		"a group in a family panics": {func(s *run.Subject) {
			ginkgo.Describe("group", func() { panic("a secret") })
			run.It(s, first, "one", passing)
		}, expect{first: reports.Errored, second: reports.Errored}},
		"a family fails while it declares": {func(s *run.Subject) {
			run.It(s, first, "one", passing)
			ginkgo.Fail("no")
		}, expect{first: reports.Errored}},
		"a family meddles with the suite": {func(s *run.Subject) {
			run.It(s, first, "one", passing)
			ginkgo.AfterSuite(func() {})
		}, expect{first: reports.Errored}},
		"a spec without a check":          {func(s *run.Subject) { run.It(s, first, "one", nil); run.It(s, second, "two", passing) }, expect{first: reports.Errored, second: reports.Errored}},
		"a spec for no requirement":       {func(s *run.Subject) { run.It(s, "a/b", "one", passing); run.It(s, second, "two", passing) }, expect{second: reports.Errored}},
		"a spec for one that isn't there": {func(s *run.Subject) { run.It(s, "BYOB-ADDR-999", "one", passing); run.It(s, second, "two", passing) }, expect{second: reports.Errored}},
		"a spec on one that isn't there":  {func(s *run.Subject) { run.It(s, second, "two", passing, run.Needs("BYOB-NET-999")) }, expect{second: reports.Errored}},
		"a spec for another profile": {func(s *run.Subject) {
			run.It(s, "BYOB-NET-001", "not the connector's", failing)
			run.It(s, second, "two", passing)
		}, expect{second: reports.Passed}},
		"a family that declares nothing": {func(*run.Subject) {}, expect{first: reports.Errored}},
		"no function":                    {nil, expect{first: reports.Errored}},
	} {
		t.Run(name, func(t *testing.T) {
			count = 0
			r := conform(t.Context(), t, run.Options{}, tt.specs)
			for id, outcome := range tt.want {
				want(t, r, id, outcome, "")
			}
			if strings.HasPrefix(name, "a family panics") { // also what it did not come to declare
				want(t, r, second, reports.Errored, `the run was broken off before any spec: "fake" can't declare its specs`)
			}
			for _, l := range r.Requirements {
				if strings.Contains(l.Reason, "secret") {
					t.Errorf("%s shows what was panicked with: %q", l.ID, l.Reason)
				}
			}
			if r.Verdict == reports.Certified {
				t.Error("certified")
			}
		})
	}
	t.Run("no family at all", func(t *testing.T) {
		r := conform(t.Context(), t, run.Options{})
		want(t, r, first, reports.Errored, "no spec is bound to this requirement")
		want(t, r, "BYOB-PLACE-001", reports.NotRun, "a reader of addresses alone")
		if r.Verdict != reports.Undecided {
			t.Errorf("verdict: got %s, want %s", r.Verdict, reports.Undecided)
		}
	})
}

func TestAFilterOfGinkgosIsNoRun(t *testing.T) {
	focus := func(on ...string) { // as the flag -ginkgo.focus would
		suite, reporter := ginkgo.GinkgoConfiguration()
		suite.FocusStrings = on
		globals.Reset()
		ginkgo.PreviewSpecs("nothing", suite, reporter)
	}
	focus("kept")
	defer focus()
	r := conform(t.Context(), t, run.Options{}, func(s *run.Subject) {
		run.It(s, first, "left out", passing)
		run.It(s, second, "kept", passing)
		run.It(s, third, "kept, on what was left out", passing, run.Needs(first))
	})
	want(t, r, first, reports.NotRun, "left out by a filter")
	want(t, r, second, reports.Passed, "")
	want(t, r, third, reports.NotRun, "it stands on "+first+", which was not run")
	r = conform(t.Context(), t, run.Options{}, func(s *run.Subject) {
		ginkgo.BeforeAll(func() { ginkgo.Fail("no") })
		run.It(s, first, "left out", passing)
		run.It(s, second, "kept", passing)
		run.It(s, third, "kept, too", passing)
	})
	want(t, r, first, reports.NotRun, "left out by a filter")
	want(t, r, second, reports.Errored, "")
	want(t, r, third, reports.Errored, "the spec never ran")
}

func TestOnly(t *testing.T) {
	specs := func(s *run.Subject) {
		run.It(s, first, "below", passing)
		run.It(s, second, "on it", passing, run.Needs(first))
		run.It(s, third, "besides", passing)
	}
	t.Run("runs what it stands on, and never certifies", func(t *testing.T) {
		r := conform(t.Context(), t, run.Options{Only: []string{second}}, specs)
		want(t, r, first, reports.Passed, "")
		want(t, r, second, reports.Passed, "")
		want(t, r, third, reports.NotRun, "left out by --only")
		if r.Verdict != reports.Incomplete || r.Run.Filter != second {
			t.Errorf("got %s with filter %q, want %s with %q", r.Verdict, r.Run.Filter, reports.Incomplete, second)
		}
	})
	t.Run("errs over what has no spec", func(t *testing.T) {
		want(t, conform(t.Context(), t, run.Options{Only: []string{"BYOB-ADDR-010"}}, specs), "BYOB-ADDR-010", reports.Errored, "no spec is bound")
	})
	for name, only := range map[string][]string{"nothing": {""}, "what isn't there": {first, "BYOB-ADDR-999"}, "another profile's": {"BYOB-NET-001"}} {
		t.Run("refuses "+name, func(t *testing.T) {
			_, err := run.ConformParser(t.Context(), "fake", address.Reference(), run.Options{Catalogue: load(t), Only: only})
			if u := (*run.UsageError)(nil); !errors.As(err, &u) {
				t.Errorf("got %v, want a usage error", err)
			}
		})
	}
	t.Run("refuses to stand for a whole run", func(t *testing.T) {
		var all []string
		for _, l := range conform(t.Context(), t, run.Options{}).Requirements {
			if l.Level == reports.Must {
				all = append(all, l.ID)
			}
		}
		_, err := run.ConformParser(t.Context(), "fake", address.Reference(), run.Options{Catalogue: load(t), Only: all})
		if u := (*run.UsageError)(nil); !errors.As(err, &u) {
			t.Errorf("got %v, want a usage error", err)
		}
	})
}

func TestOrderAndSeed(t *testing.T) {
	ids := []string{third, first, second, "BYOB-ADDR-006", "BYOB-ADDR-007", "BYOB-ADDR-008"}
	for _, seed := range []int64{1, 2, 3, 1 << 60} {
		var ran []string
		var events []run.Event
		var seen int64
		r := conform(t.Context(), t, run.Options{Seed: seed, Notify: func(e run.Event) { events = append(events, e) }}, func(s *run.Subject) {
			for _, id := range ids {
				run.It(s, id, "one", func(ctx context.Context, t *run.T) { ran, seen = append(ran, id), s.Seed; passing(ctx, t) })
			}
		})
		if !slices.Equal(ran, ids) {
			t.Errorf("seed %d: ran %v\nwant %v", seed, ran, ids)
		}
		if seen != seed || r.Run.Seed != seed {
			t.Errorf("seed: specs saw %d, the result says %d, want %d", seen, r.Run.Seed, seed)
		}
		if n := len(events); n != 2*len(ids) || events[n-1].Done != len(ids) || events[n-1].Total != len(ids) || events[n-1].Outcome != reports.Passed {
			t.Errorf("events: %d, the last %+v", n, events[n-1])
		}
	}
}

// Ctrl-C and a run's limit leave everything undecided that was not decided before.
func TestInterruption(t *testing.T) {
	specs := func(during func(ctx context.Context)) func(*run.Subject) {
		return func(s *run.Subject) {
			run.It(s, first, "before", passing)
			run.It(s, second, "during", func(ctx context.Context, t *run.T) {
				t.Observe("seen")
				during(ctx)
			})
			run.It(s, third, "after", passing)
		}
	}
	t.Run("in the middle of a check", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := conform(ctx, t, run.Options{}, specs(func(ctx context.Context) { cancel(); <-ctx.Done() }))
		want(t, r, first, reports.Passed, "")
		want(t, r, second, reports.Errored, "the check was broken off: the run was interrupted")
		want(t, r, third, reports.Errored, "the run was broken off before this spec: the run was interrupted")
		if r.Verdict != reports.Undecided {
			t.Errorf("verdict: got %s, want %s", r.Verdict, reports.Undecided)
		}
	})
	t.Run("in a check that takes no notice", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		r := conform(ctx, t, run.Options{}, specs(func(context.Context) { cancel(); select {} }))
		want(t, r, second, reports.Errored, "the check was broken off")
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the run went on for %s", took)
		}
	})
	t.Run("before anything", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := conform(ctx, t, run.Options{}, specs(func(context.Context) { t.Error("the check ran") }))
		want(t, r, first, reports.Errored, "the run was broken off before this spec")
	})
	t.Run("by the run's limit", func(t *testing.T) {
		r := conform(t.Context(), t, run.Options{Limit: 200 * time.Millisecond}, specs(func(ctx context.Context) { <-ctx.Done() }))
		want(t, r, first, reports.Passed, "")
		want(t, r, second, reports.Errored, "the check was broken off: its time was over, 200ms for all checks")
		want(t, r, third, reports.Errored, "the run was broken off before this spec: its time was over, 200ms for all checks")
	})
}

func TestRunsSideBySideDoNotMix(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			check, outcome := passing, reports.Passed
			if i%2 == 0 {
				check, outcome = failing, reports.Failed
			}
			r := conform(t.Context(), t, run.Options{}, func(s *run.Subject) { run.It(s, first, "one", check) })
			want(t, r, first, outcome, "")
		})
	}
	wg.Wait()
}

func TestDeclared(t *testing.T) {
	family := run.Family{Name: "fake", Specs: func(s *run.Subject) {
		run.It(s, "BYOB-NET-001", "for all", passing, run.Costs(3, 2, 1))
		if s.Is("aws") {
			run.It(s, "BYOB-NET-002", "for Amazon", passing)
		}
	}}
	for profile, wanted := range map[string][]string{"aws": {"BYOB-NET-001", "BYOB-NET-002"}, "gcp": {"BYOB-NET-001"}} {
		specs, err := run.Declared(profile, []run.Family{family})
		if err != nil || !slices.Equal(run.Bound(specs), wanted) {
			t.Errorf("%s: got %v, %v, want %v", profile, run.Bound(specs), err, wanted)
		}
	}
	if specs, err := run.Declared("aws", []run.Family{{Name: "broken", Specs: func(*run.Subject) { panic("no") }}}); err == nil {
		t.Errorf("a broken family declared %v", specs)
	}
	defer func() {
		if recover() == nil {
			t.Error("run.It outside of a run was taken")
		}
	}()
	run.It(&run.Subject{}, first, "nowhere", passing)
}
