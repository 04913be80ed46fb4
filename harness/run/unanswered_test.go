package run_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// impatient are limits for a store on this machine.
var impatient = wire.Limits{Dial: time.Second, Handshake: time.Second, Answer: 300 * time.Millisecond, Transfer: time.Second}

// A store that stops answering ends the run where it does: what comes after is told why, and waits for nothing.
func TestARunEndsWhereTheStoreStopsAnswering(t *testing.T) {
	for name, tt := range map[string]struct {
		back   bool // it answers again after the one request
		after  reports.Outcome
		reason string
	}{
		"for good":             {false, reports.Errored, "the run was broken off before this spec: the store stopped answering at " + writes + " ("},
		"for a single request": {true, reports.Passed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(t)
			var silent atomic.Bool
			m.before = func(_ http.ResponseWriter, r *http.Request) bool {
				if !isPut(r, "/one") && !silent.Load() {
					return false
				}
				silent.Store(!tt.back)
				_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the client is gone
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			}
			d := m.certify(t.Context(), t, m.target(), run.Options{Limits: impatient}, func(s *run.Subject) {
				run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5))
				run.It(s, again, "it writes more", put(s, "two"), run.Costs(2, 1, 5))
			})
			want(t, d.Result, writes, reports.Errored, "no answer that decides it: put object: "+m.url+": no answer within 300ms")
			want(t, d.Result, again, tt.after, tt.reason)
			if r := of(t, d.Result, writes).Remedy; !strings.Contains(r, "run it again") {
				t.Errorf("the remedy of what got no answer: %q", r)
			}
			if s := d.Result.Safety; strings.HasPrefix(s.CleanUp, "incomplete: ") == tt.back {
				t.Errorf("clean-up: %q", s.CleanUp)
			}
		})
	}
}

// That the port is closed is for one requirement alone to say: whoever stands on it has learned nothing.
func TestARefusedConnectionFailsOnlyWhoeverAsksForIt(t *testing.T) {
	m := newMemory(t)
	refused := &bucket.Error{Op: "get object", Kind: bucket.KindRefused, Message: "connection refused"}
	check := func(_ context.Context, t *run.T) { t.OK("an answer", refused) }
	d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) {
		run.It(s, "BYOB-NET-001", "nothing asks for the port", check)
		run.It(s, "BYOB-NET-002", "the port answers", passing, run.Settles(bucket.KindRefused))
		run.It(s, reads, "it reads", check, run.Needs("BYOB-NET-002"))
		run.It(s, writes, "it writes", check, run.Needs(reads))
		run.It(s, again, "it stands on the port, and on nothing else", func(_ context.Context, t *run.T) {
			t.OK("an answer", &bucket.Error{Op: "get object", Status: http.StatusForbidden, Kind: bucket.KindDenied})
		}, run.Needs("BYOB-NET-002"))
	})
	want(t, d.Result, "BYOB-NET-001", reports.Failed, "")
	want(t, d.Result, reads, reports.Errored, "no answer that decides it: get object: connection refused (refused)")
	want(t, d.Result, writes, reports.Errored, "it stands on "+reads)
	want(t, d.Result, again, reports.Failed, "")
}

// Requests are dated, and what expires does so by the clock: a machine whose clock is set in the middle decides nothing more.
func TestAClockThatIsSetDecidesNothing(t *testing.T) {
	for name, by := range map[string]time.Duration{"forward": 20 * time.Minute, "back": -20 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			r := conform(t.Context(), t, run.Options{}, func(s *run.Subject) {
				run.It(s, first, "before", passing)
				run.It(s, second, "during", func(_ context.Context, t *run.T) {
					t.Observe("seen")
					s.Now = func() time.Time { return time.Now().Add(by) }
				})
				run.It(s, third, "after", passing)
			})
			says := "this machine's clock was set by " + by.String() + " while the run was on"
			want(t, r, first, reports.Passed, "")
			want(t, r, second, reports.Errored, "the check was broken off: "+says)
			want(t, r, third, reports.Errored, "the run was broken off before this spec: "+says)
		})
	}
}

// A run that is over its time says so in the words of its flag.
func TestARunThatIsOverItsTimeSaysSo(t *testing.T) {
	const says = "its time was over, 50ms for all checks; run it again with a longer --timeout"
	r := conform(t.Context(), t, run.Options{Limit: 50 * time.Millisecond}, func(s *run.Subject) {
		run.It(s, first, "during", func(ctx context.Context, _ *run.T) { <-ctx.Done() })
		run.It(s, second, "after", passing)
	})
	want(t, r, first, reports.Errored, "the check was broken off: "+says)
	want(t, r, second, reports.Errored, "the run was broken off before this spec: "+says)
}
