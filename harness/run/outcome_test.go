package run_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

func accepted() (string, bool) { return "accepted", true }
func refused() (string, bool)  { return "refused", true }

func answer(status int) func() run.Answer {
	return func() run.Answer { return run.Answer{Status: status} }
}

func is403(a run.Answer) bool { return a.Status == 403 }
func noTrace() string         { return "" }

// nothing is what a check must not be able to turn into anything.
func swallow(f func()) {
	defer func() { _ = recover() }()
	f()
}

// A check earns its outcome: whatever ends it otherwise leaves the requirement undecided.
func TestACheckComesTo(t *testing.T) {
	if testing.Short() {
		t.Log("two of the checks outlive their limit, for a second each")
	}
	for name, tt := range map[string]struct {
		requirement string
		check       func(context.Context, *run.T)
		limit       time.Duration
		outcome     reports.Outcome
		reason      string
	}{
		"passed, having seen something": {first, passing, 0, reports.Passed, ""},
		"passed, comparing bytes":       {first, func(_ context.Context, t *run.T) { t.Equal("bytes", []byte("abc"), []byte("abc")) }, 0, reports.Passed, ""},
		"failed, by bytes of the same length": {first, func(_ context.Context, t *run.T) { t.Equal("bytes", []byte("abc"), []byte("abd")) }, 0,
			reports.Failed, "bytes: 3 bytes"},
		"failed, by bytes that are written like a word": {first, func(_ context.Context, t *run.T) {
			t.Equal("bytes", []byte{}, "0 bytes (SHA-256 e3b0c442...)")
		}, 0, reports.Failed, ""},
		"failed, not seen to hold": {first, failing, 0, reports.Failed, "it: holds, but it does not"},
		"failed, decided in a goroutine of its own": {first, func(_ context.Context, t *run.T) {
			done := make(chan bool)
			go func() {
				defer close(done)
				t.Fail("this", "that")
			}()
			<-done
			t.Observe("seen")
		}, 0, reports.Failed, "this, but that"},
		"not applicable, with what was read": {first, func(_ context.Context, t *run.T) { t.NotApplicable("its precondition is false") }, 0,
			reports.NotApplicable, "its precondition is false"},
		"unverified":                   {first, func(_ context.Context, t *run.T) { t.Unverified("the store looks at nothing") }, 0, reports.Unverified, "the store"},
		"errored by its own word":      {first, func(_ context.Context, t *run.T) { t.Errorf("no answer") }, 0, reports.Errored, "no answer"},
		"errored without an answer":    {first, func(_ context.Context, t *run.T) { t.OK("an answer", io.ErrUnexpectedEOF) }, 0, reports.Errored, "no answer"},
		"errored, having seen nothing": {first, func(context.Context, *run.T) {}, 0, reports.Errored, "the spec made no observation"},
		"errored, having returned before it saw anything": {first, func(_ context.Context, t *run.T) { t.OK("nothing", nil) }, 0, reports.Errored,
			"the spec made no observation"},
		"errored, with an observation that says nothing": {first, func(_ context.Context, t *run.T) { t.Observe(" ") }, 0, reports.Errored, "the spec made no observation"},
		"errored by a panic":                             {first, func(_ context.Context, t *run.T) { t.Observe("seen"); panic("a secret") }, 0, reports.Errored, "the check panicked"},
		"errored by a nil pointer": {first, func(_ context.Context, t *run.T) {
			t.Observe("seen")
			var p *run.T
			p.Observe("nothing")
		}, 0, reports.Errored, "the check panicked"},
		"errored by a goroutine that was ended": {first, func(_ context.Context, t *run.T) { t.Observe("seen"); runtime.Goexit() }, 0, reports.Errored,
			"the check ended before its end"},
		"errored by ginkgo.Fail": {first, func(_ context.Context, t *run.T) { t.Observe("seen"); ginkgo.Fail("no") }, 0, reports.Errored, "the check panicked"},
		"errored by a ginkgo.Fail that was swallowed": {first, func(_ context.Context, t *run.T) {
			t.Observe("seen")
			swallow(func() { ginkgo.Fail("no") })
		}, 0, reports.Errored, "the spec was passed, and then something around it was failed"},
		"errored by ginkgo.Skip": {first, func(_ context.Context, t *run.T) { t.Observe("seen"); ginkgo.Skip("no") }, 0, reports.Errored, "the check panicked"},
		"errored by a ginkgo.Skip that was swallowed": {first, func(_ context.Context, t *run.T) {
			t.Observe("seen")
			swallow(func() { ginkgo.Skip("no") })
		}, 0, reports.Errored, "the spec was passed, and then something around it was skipped"},
		"errored by an assertion of Gomega's": {first, func(_ context.Context, t *run.T) { t.Observe("seen"); gomega.Expect(1).To(gomega.Equal(2)) }, 0,
			reports.Errored, "the check panicked"},
		"errored by a failed clean-up of Ginkgo's": {first, func(_ context.Context, t *run.T) {
			t.Observe("seen")
			ginkgo.DeferCleanup(func() error { return errors.New("no") })
		}, 0, reports.Errored, "the spec was passed, and then something around it was failed"},
		"errored by a node of Ginkgo's that is made inside it": {first, func(_ context.Context, t *run.T) {
			t.Observe("seen")
			ginkgo.It("a spec inside a spec", func() {})
		}, 0, reports.Errored, "the check panicked"},
		"errored by its limit": {first, func(ctx context.Context, t *run.T) { t.Observe("seen"); <-ctx.Done() }, 20 * time.Millisecond, reports.Errored,
			"the check did not end within 20ms"},
		"errored by its limit, although it failed at it": {first, func(ctx context.Context, t *run.T) { <-ctx.Done(); t.Fail("this", "that") }, 20 * time.Millisecond,
			reports.Errored, "the check did not end within 20ms"},
		"errored by its limit, of which it takes no notice": {first, func(_ context.Context, t *run.T) { t.Observe("seen"); select {} }, 20 * time.Millisecond,
			reports.Errored, "the check did not end within 20ms"},

		"a denial that is passed":      {denial, func(_ context.Context, t *run.T) { t.DeniedBy("it", "refused", accepted, refused) }, 0, reports.Passed, ""},
		"a denial without its control": {denial, passing, 0, reports.Errored, "a denial without its positive control"},
		"a denial whose control fails": {denial, func(_ context.Context, t *run.T) {
			t.DeniedBy("it", "refused", func() (string, bool) { return "refused", false }, refused)
		}, 0, reports.Errored, `the positive control of "it" was not accepted`},
		"a denial that is not refused": {denial, func(_ context.Context, t *run.T) {
			t.DeniedBy("it", "refused", accepted, func() (string, bool) { return "accepted", false })
		}, 0, reports.Failed, ""},
		"a denial by a store": {denial, func(_ context.Context, t *run.T) {
			t.Denied(run.Denial{What: "it", Expected: "403", Control: answer(200), Attempt: answer(403), Refused: is403, Untouched: noTrace})
		}, 0, reports.Passed, ""},
		"a denial by a store that refuses everything": {denial, func(_ context.Context, t *run.T) {
			t.Denied(run.Denial{What: "it", Expected: "403", Control: answer(403), Attempt: answer(403), Refused: is403, Untouched: noTrace})
		}, 0, reports.Errored, `the positive control of "it" did not succeed`},
		"a denial by a store that refuses nothing": {denial, func(_ context.Context, t *run.T) {
			t.Denied(run.Denial{What: "it", Expected: "403", Control: answer(200), Attempt: answer(200), Refused: is403, Untouched: noTrace})
		}, 0, reports.Failed, ""},
		"a denial by a store that has broken down": {denial, func(_ context.Context, t *run.T) {
			t.Denied(run.Denial{What: "it", Expected: "403", Control: answer(200), Attempt: answer(503), Refused: is403, Untouched: noTrace})
		}, 0, reports.Errored, "no answer that decides whether it is refused"},
		"a denial by a store that refuses, and does it": {denial, func(_ context.Context, t *run.T) {
			t.Denied(run.Denial{What: "it", Expected: "403", Control: answer(200), Attempt: answer(403), Refused: is403, Untouched: func() string { return "it exists" }})
		}, 0, reports.Failed, ""},
		"a denial that nobody looks behind": {denial, func(_ context.Context, t *run.T) {
			t.Denied(run.Denial{What: "it", Expected: "403", Control: answer(200), Attempt: answer(403), Refused: is403})
		}, 0, reports.Errored, "the denial of it has no positive control, or doesn't look for side effects"},
		"a denial of which only the control was seen": {denial, func(_ context.Context, t *run.T) {
			swallow(func() { t.DeniedBy("it", "refused", accepted, func() (string, bool) { panic("no") }) })
		}, 0, reports.Errored, "a denial without its positive control"},
	} {
		t.Run(name, func(t *testing.T) {
			r := conform(t.Context(), t, run.Options{}, func(s *run.Subject) {
				run.It(s, tt.requirement, "the check", tt.check, run.Within(tt.limit))
				run.It(s, third, "the one after it", passing)
			})
			want(t, r, tt.requirement, tt.outcome, tt.reason)
			want(t, r, third, reports.Passed, "")
			if l := of(t, r, tt.requirement); strings.Contains(l.Reason, "secret") {
				t.Errorf("the reason shows what was panicked with: %q", l.Reason)
			}
			if r.Verdict == reports.Certified {
				t.Error("certified, with two specs")
			}
		})
	}
}

// A check that outlives its limit speaks for nobody any more.
func TestALateCheckDoesNotReachTheNextSpec(t *testing.T) {
	late, spoken := make(chan bool), make(chan bool)
	r := conform(t.Context(), t, run.Options{}, func(s *run.Subject) {
		run.It(s, first, "it outlives its limit", func(_ context.Context, t *run.T) {
			defer close(spoken)
			<-late
			t.Observe("seen too late")
			t.Advise("advised too late")
			gomega.Expect(1).To(gomega.Equal(2)) // would be the failure of whatever runs now
		}, run.Within(10*time.Millisecond))
		run.It(s, second, "the next", func(_ context.Context, t *run.T) {
			close(late)
			<-spoken
			t.Observe("seen in time")
		})
	})
	want(t, r, first, reports.Errored, "the check did not end within 10ms")
	want(t, r, second, reports.Passed, "")
	if l := of(t, r, first); len(l.Observations) != 0 || l.Remedy == "advised too late" {
		t.Errorf("the late check still spoke: %+v, %q", l.Observations, l.Remedy)
	}
	if l := of(t, r, second); len(l.Observations) != 1 {
		t.Errorf("the next spec saw %+v, want one observation", l.Observations)
	}
}

func TestTheGravestOfTwoSpecsDecides(t *testing.T) {
	outcomes := map[string]func(context.Context, *run.T){
		"passed": passing, "failed": failing,
		"errored":        func(_ context.Context, t *run.T) { t.Errorf("no answer") },
		"unverified":     func(_ context.Context, t *run.T) { t.Unverified("nobody looks") },
		"not applicable": func(_ context.Context, t *run.T) { t.NotApplicable("false") },
	}
	for _, tt := range []struct {
		one, two string
		want     reports.Outcome
	}{
		{"passed", "failed", reports.Failed}, {"passed", "errored", reports.Errored}, {"passed", "unverified", reports.Unverified},
		{"passed", "not applicable", reports.Passed}, {"errored", "failed", reports.Failed}, {"unverified", "errored", reports.Errored},
		{"not applicable", "unverified", reports.Unverified}, {"not applicable", "not applicable", reports.NotApplicable},
	} {
		for _, order := range [][2]string{{tt.one, tt.two}, {tt.two, tt.one}} {
			t.Run(order[0]+" and "+order[1], func(t *testing.T) {
				r := conform(t.Context(), t, run.Options{}, func(s *run.Subject) {
					run.It(s, first, "the same text", outcomes[order[0]])
					run.It(s, first, "the same text", outcomes[order[1]])
				})
				want(t, r, first, tt.want, "")
			})
		}
	}
}

func TestWhatASpecStandsOn(t *testing.T) {
	for name, tt := range map[string]struct {
		check   func(context.Context, *run.T)
		outcome reports.Outcome
		reason  string
	}{
		"passed":         {passing, reports.Passed, ""},
		"failed":         {failing, reports.Errored, "it stands on " + first + ", which failed"},
		"errored":        {func(_ context.Context, t *run.T) { t.Errorf("no answer") }, reports.Errored, "it stands on " + first + ", which could not be decided"},
		"unverified":     {func(_ context.Context, t *run.T) { t.Unverified("nobody looks") }, reports.Passed, ""},
		"not applicable": {func(_ context.Context, t *run.T) { t.NotApplicable("false") }, reports.Passed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ran := false
			r := conform(t.Context(), t, run.Options{}, func(s *run.Subject) {
				run.It(s, first, "the one below", tt.check)
				run.It(s, second, "the one on it", func(ctx context.Context, t *run.T) { ran = true; passing(ctx, t) }, run.Needs(first))
				run.It(s, third, "the one on top", passing, run.Needs(second))
			})
			want(t, r, second, tt.outcome, tt.reason)
			if ran != (tt.outcome == reports.Passed) {
				t.Errorf("the check ran: %t", ran)
			}
			if tt.outcome == reports.Errored {
				want(t, r, third, reports.Errored, tt.reason) // the root, not what lies between
				if l := of(t, r, third); l.Remedy != "" {
					t.Errorf("a spec that did not run has the remedy %q", l.Remedy)
				}
			}
		})
	}
	t.Run("and comes only after it", func(t *testing.T) {
		r := conform(t.Context(), t, run.Options{}, func(s *run.Subject) {
			run.It(s, second, "the one on it", passing, run.Needs(first))
			run.It(s, first, "the one below", passing)
		})
		want(t, r, second, reports.Errored, "it stands on "+first+", which could not be decided")
	})
}
