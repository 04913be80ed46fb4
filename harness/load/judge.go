package load

import (
	"fmt"
	"math"
	"strconv"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/reports"
)

// What a case comes to by its budget.
const (
	Reached   = "reached"
	Missed    = "missed"
	Undecided = "undecided"
)

// judge holds a case against its budget. A rate is reached, or missed, when all of the interval in which its median lies is on
// that side: in between the run was too noisy to decide. A latency is reached when no larger share of all transfers than the
// quantile leaves is beyond it, and missed when that can't be by chance. What is missed while the client was the bottleneck is
// undecided: the store may do more.
func (m *Measurement) judge(out *reports.ThroughputCase, c *budgets.Case, l latencies) {
	missed, unsure := m.held(c, l, out)
	switch {
	case out.Transfers == 0 && out.Failed == 0:
		out.Verdict, out.Missed = Undecided, []string{"nothing was measured"}
	case len(missed) > 0 && out.Bound:
		out.Verdict = Undecided
		for _, w := range missed {
			out.Missed = append(out.Missed, w+", while the client was the bottleneck")
		}
	case len(missed) > 0:
		out.Verdict, out.Missed = Missed, missed
	case len(unsure) > 0:
		out.Verdict, out.Missed = Undecided, unsure
	default:
		out.Verdict = Reached
	}
}

// held says which demands are missed, and which can't be decided.
func (m *Measurement) held(c *budgets.Case, l latencies, out *reports.ThroughputCase) (missed, unsure []string) {
	mbps, perSecond := m.rates(outIndex(m.Budget, c))
	for _, d := range []struct {
		least  float64
		rounds []float64
		unit   string
	}{{c.Least.MBps, mbps, "MB/s"}, {c.Least.RequestsPerSecond, perSecond, "requests/s"}} {
		if d.least == 0 {
			continue
		}
		in := medianOf(d.rounds, m.Seed)
		said := fmt.Sprintf("%.3g %s (%.3g to %.3g), and the least is %s", in.value, d.unit, in.low, in.high, strconv.FormatFloat(d.least, 'f', -1, 64))
		switch {
		case in.low >= d.least:
		case in.high < d.least:
			missed = append(missed, said)
		default:
			unsure = append(unsure, said)
		}
	}
	for _, d := range []struct {
		most   budgets.Duration
		rounds [][]float64
		p      float64
		got    float64
		what   string
	}{
		{c.Most.P50, l.rounds, 0.50, out.Latency.P50, "p50"}, {c.Most.P99, l.rounds, 0.99, out.Latency.P99, "p99"},
		{c.Most.FirstByteP50, l.firsts, 0.50, out.FirstByte.P50, "p50 of the first byte"},
		{c.Most.FirstByteP99, l.firsts, 0.99, out.FirstByte.P99, "p99 of the first byte"},
	} {
		if d.most == 0 {
			continue
		}
		beyond, of := exceeding(d.rounds, float64(d.most)/1e6)
		in := shareOf(beyond, of, m.Seed)
		said := fmt.Sprintf("%s %.3g ms, and %s is the most: %.2g %% of all took longer, and %.2g %% may", d.what, d.got, d.most, 100*in.value, 100*(1-d.p))
		switch {
		case in.value <= 1-d.p:
		case in.low > 1-d.p:
			missed = append(missed, said)
		default: // also where nothing was measured
			unsure = append(unsure, said)
		}
	}
	return missed, unsure
}

func outIndex(b *budgets.Budget, c *budgets.Case) int {
	for i := range b.Cases {
		if &b.Cases[i] == c {
			return i
		}
	}
	return 0
}

// exceeding counts, by round, what took longer than a limit in milliseconds.
func exceeding(rounds [][]float64, limit float64) (beyond, of []int) {
	for _, r := range rounds {
		n := 0
		for _, v := range r {
			if v > limit {
				n++
			}
		}
		beyond, of = append(beyond, n), append(of, len(r))
	}
	return beyond, of
}

// What a case comes to by its baseline.
const (
	AsFast = "as fast"
	Slower = "slower"
)

// same finds the case of a baseline that did the same.
func same(baseline *reports.Throughput, c *reports.ThroughputCase) *reports.ThroughputCase {
	for i := range baseline.Cases {
		b := &baseline.Cases[i]
		if b.Name == c.Name && b.Does == c.Does && b.Size == c.Size && b.Concurrency == c.Concurrency && b.PartSize == c.PartSize && b.Parts == c.Parts {
			return b
		}
	}
	return nil
}

// against compares a case with its baseline's: slower when all of the interval in which the ratio lies is beyond the tolerance,
// as fast when none of it is, and undecided in between: a difference inside the noise is no regression, and no proof of the
// contrary. So do fewer rounds than a budget may have. A client that has become slower by itself leaves it undecided, too.
func (m *Measurement) against(out *reports.ThroughputCase, baseline *reports.Throughput) {
	before := same(baseline, out)
	if before == nil || len(before.MBps.Rounds) == 0 {
		return
	}
	mbps, _ := m.rates(caseNamed(m.Budget, out.Name))
	in := ratioOf(before.MBps.Rounds, mbps, m.Seed)
	least := 1 - m.Budget.Tolerance/100
	out.Ratio = &reports.ThroughputRatio{Before: before.MBps.Median, Value: round3(in.value), Low: round3(in.low), High: round3(in.high), Verdict: Undecided}
	client := before.ClientMBps > 0 && out.ClientMBps > 0 && out.Bound && out.ClientMBps < least*before.ClientMBps
	switch {
	case math.IsNaN(in.value):
	case min(len(before.MBps.Rounds), len(mbps)) < budgets.LeastRounds: // of one that ended early: its interval says nothing
	case in.low >= least:
		out.Ratio.Verdict = AsFast
	case in.high < least && !client:
		out.Ratio.Verdict = Slower
	}
}

func caseNamed(b *budgets.Budget, name string) int {
	for i := range b.Cases {
		if b.Cases[i].Name == name {
			return i
		}
	}
	return 0
}

// Decided reports whether no figure is left undecided that more rounds could decide. What is missed while the client was the
// bottleneck they can't; what is too close to tell they can, whoever the bottleneck was.
func (m *Measurement) Decided(f Facts) bool {
	all := m.times()
	for i := range m.Budget.Cases {
		c := m.verdicts(i, all[i], f)
		missed, _ := m.held(&m.Budget.Cases[i], all[i], &c)
		if (c.Verdict == Undecided && len(missed) == 0) || (c.Ratio != nil && c.Ratio.Verdict == Undecided) {
			return false
		}
	}
	return true
}
