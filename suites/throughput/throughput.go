// Package throughput proves that transfers by pre-signed URL are fast enough (BYOB-RATE): one load is put on the bucket, by the
// first of its specs, and all three judge what it came to: by the budget, by what failed, and by a baseline. How much is sent at
// the most is said before the first byte. The client is measured by itself before, so that a figure of its own is not taken for
// the store's.
package throughput

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/load"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// evidenceKept is how many requests of a load are kept whole, besides those that fail.
const evidenceKept = 20

// Specs declares the family.
func Specs(s *run.Subject) {
	if s.Kind != run.KindBucket || s.Load == nil {
		return
	}
	l := &live{s: s, bound: load.BoundOf(s.Load.Budget)}
	reached := run.Needs(urls.Preflight()...)
	run.It(s, "BYOB-RATE-001", "uploads and downloads by URL reach the budget at each size and concurrency", l.fast, reached, run.Slow(), run.Sparse(evidenceKept),
		run.Costs(l.bound.Requests, l.bound.Objects, l.bound.Written), run.Within(l.bound.Time+ending))
	run.It(s, "BYOB-RATE-002", "no request of the load fails, and no byte is another one", l.whole, reached, run.Slow(), run.After("BYOB-RATE-001"))
	run.It(s, "BYOB-RATE-003", "uploads and downloads are no slower than the baseline", l.steady, reached, run.Slow(), run.After("BYOB-RATE-001"))
}

// ending is how long a load that has run out of time may take to end.
const ending = 20 * time.Second

// live is one load, and what came of it.
type live struct {
	s     *run.Subject
	bound load.Bound
	came  *reports.Throughput // nil until something was measured
	early error               // why it ended early
}

// fast puts the load on the bucket, and holds it against the budget.
func (l *live) fast(ctx context.Context, t *run.T) {
	if l.s.Bucket == nil {
		t.Errorf("the bucket could not be opened")
	}
	l.s.Say("throughput: " + l.bound.String())
	l.measure(ctx, t)
	if l.early != nil {
		t.Errorf("the load ended early: %s", l.early)
	}
	var missed, undecided []string
	for _, c := range l.came.Cases {
		t.Observe("%s: %s: %s", c.Name, load.Describe(c), shown(c))
		for _, m := range c.Missed {
			if c.Verdict == load.Missed {
				missed = append(missed, c.Name+": "+m)
			} else {
				undecided = append(undecided, c.Name+": "+m)
			}
		}
	}
	switch {
	case len(missed) > 0:
		t.Fail("all figures within the budget ("+l.came.Budget+")", strings.Join(missed, "; "))
	case len(undecided) > 0:
		t.Errorf("too close, or too noisy, to decide after %d rounds: %s. Run it again from a machine that does nothing else, with more rounds or longer slices in the budget; where the client was the bottleneck, from a larger one", l.came.Rounds, strings.Join(undecided, "; "))
	}
}

// measure puts the load on, once.
func (l *live) measure(ctx context.Context, t *run.T) {
	ctx, cancel := context.WithTimeout(ctx, l.bound.Time)
	defer cancel()
	s := l.s
	facts := load.Facts{Name: s.Load.Name, Baseline: s.Load.Baseline, Run: s.Load.Before, Bound: l.bound, Together: s.Store.Kind == "embedded" || s.Store.Kind == "process"}
	if s.Load.Unfit != "" {
		facts.Baseline = nil
	}
	data := load.NewData(s.Seed)
	var err error
	if facts.Client, err = load.Calibrate(ctx, data, s.Load.Budget, s.Service.Scheme == "https"); err != nil {
		t.Errorf("the client could not be measured by itself: %s", err)
	}
	t.Observe("the client was measured by itself against a loopback of this machine, with the same sizes and concurrency")
	lane := s.Wire.Lane(connections(s))
	defer lane.CloseIdle()
	client := &load.Client{Send: lane, Mint: load.SDK{Presigner: s.Bucket}, Data: data, Multipart: s.Bucket.Multipart, Delete: s.Bucket.Delete, Gone: s.Wire.Gone}
	m, err := load.Measure(ctx, client, s.Load.Budget, load.Options{Prefix: s.Key("BYOB-RATE-001") + "/", Seed: s.Seed, CPU: load.CPU, Check: true,
		Enough: func(m *load.Measurement) bool { return m.Decided(facts) }})
	if err != nil {
		l.early = bucket.Classify("load", err)
	}
	l.came = m.Figures(facts)
	t.Measure(l.came, m)
}

// connections is how many requests are on their way at once at the most.
func connections(s *run.Subject) (most int) {
	for _, c := range s.Load.Budget.Cases {
		most = max(most, c.Concurrency*max(c.Parts, 1))
	}
	return most
}

// shown is a case's figures in one line.
func shown(c reports.ThroughputCase) string {
	out := fmt.Sprintf("%.3g MB/s (%.3g to %.3g), %.3g requests/s, p50 %.3g ms, p99 %.3g ms, first byte p99 %.3g ms; %s", c.MBps.Median, c.MBps.Low, c.MBps.High,
		c.PerSecond.Median, c.Latency.P50, c.Latency.P99, c.FirstByte.P99, c.Verdict)
	if c.ClientMBps > 0 {
		out += fmt.Sprintf("; the client by itself does %.3g MB/s", c.ClientMBps)
	}
	if c.Bound {
		out += ", and was the bottleneck"
	}
	return out
}

// whole holds all requests of the load against their answers.
func (l *live) whole(_ context.Context, t *run.T) {
	l.needed(t)
	expected := fmt.Sprintf("none of %d fails, and every byte is as it was written", l.came.Requests)
	var ways []string
	for _, f := range l.came.Failures {
		ways = append(ways, fmt.Sprintf("%s (%d times)", f.What, f.Times))
	}
	if l.came.Failed > 0 || len(ways) > 0 {
		t.True("requests of the load", expected, false, fmt.Sprintf("%d failed: %s", l.came.Failed, strings.Join(ways, "; ")))
	}
	if l.early != nil {
		t.Errorf("nothing failed until the load ended early: %s", l.early)
	}
	t.True("requests of the load", expected, true, "none failed")
}

// steady holds the figures against the baseline's.
func (l *live) steady(_ context.Context, t *run.T) {
	switch {
	case l.s.Load.Unfit != "":
		t.Errorf("%s", l.s.Load.Unfit)
	case l.s.Load.Baseline == nil:
		t.NotApplicable("no baseline was named: --baseline takes the result.json of an earlier run with --throughput, and this run's can be one")
	}
	l.needed(t)
	if l.early != nil {
		t.Errorf("the load ended early: %s", l.early)
	}
	var slower, undecided []string
	least := 1 - l.came.Tolerance/100
	for _, c := range l.came.Cases {
		if c.Ratio == nil {
			undecided = append(undecided, c.Name+" is not in the baseline")
			continue
		}
		said := fmt.Sprintf("%s: %.3g of what it was (%.3g to %.3g)", c.Name, c.Ratio.Value, c.Ratio.Low, c.Ratio.High)
		t.Observe("%s: %s", said, c.Ratio.Verdict)
		switch c.Ratio.Verdict {
		case load.Slower:
			slower = append(slower, said)
		case load.Undecided:
			undecided = append(undecided, said)
		}
	}
	switch {
	case len(slower) > 0:
		t.Fail(fmt.Sprintf("at least %.3g of the MB/s of run %s", least, l.came.Baseline), strings.Join(slower, "; "))
	case len(undecided) > 0:
		t.Errorf("whether it is slower than %.3g of run %s can't be decided after %d rounds: %s. Make both runs with the same budget, from the same machine while it does nothing else, or with more rounds", least, l.came.Baseline, l.came.Rounds, strings.Join(undecided, "; "))
	}
}

// needed ends a check for which nothing was measured.
func (l *live) needed(t *run.T) {
	if l.came == nil || l.came.Requests == 0 {
		t.Errorf("nothing was measured: see BYOB-RATE-001")
	}
}
