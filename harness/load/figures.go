package load

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/reports"
)

// latencies are those of one case, in milliseconds.
type latencies struct {
	whole, first   []float64 // in any order
	rounds, firsts [][]float64
}

// times collects the latencies of all cases in one pass over the log.
func (m *Measurement) times() []latencies {
	out := make([]latencies, len(m.Slices))
	for i := range out {
		out[i].rounds, out[i].firsts = make([][]float64, len(m.Slices[i])), make([][]float64, len(m.Slices[i]))
	}
	m.Log.Each(func(op *Operation) {
		at, round := int(op.Case), int(op.Round)
		if !op.Kind.Transfer() || op.Outcome != Done || round >= len(m.Slices[at]) || !m.Slices[at][round].counts(op) {
			return
		}
		l := &out[at]
		took, first := float64(op.End-op.Start)/1e6, float64(op.First-op.Start)/1e6
		l.whole, l.first = append(l.whole, took), append(l.first, first)
		l.rounds[round], l.firsts[round] = append(l.rounds[round], took), append(l.firsts[round], first)
	})
	return out
}

// Facts are what figures are judged beside.
type Facts struct {
	Name     string             // of the budget
	Client   map[string]float64 // MB/s of the client by itself, by case
	Baseline *reports.Throughput
	Run      string // ID of the run that the baseline is of
	Bound    Bound
	// Together says that the store runs in this process: its processor time is counted with the client's.
	Together bool
}

// Figures makes the report's figures and judges them.
func (m *Measurement) Figures(f Facts) *reports.Throughput {
	b := m.Budget
	out := &reports.Throughput{Budget: f.Name, Tolerance: b.Tolerance, Rounds: m.Rounds(), Bound: f.Bound.report(), Seconds: round3(m.Took.Seconds()),
		Cores: m.Cores, CPU: round3(m.CPU.Seconds()), Cases: []reports.ThroughputCase{}, Over: []reports.ThroughputPoint{}}
	if f.Baseline != nil {
		out.Baseline = f.Run
	}
	m.Log.Each(func(op *Operation) {
		if !op.Kind.Request() {
			return
		}
		out.Requests++
		if op.Outcome != Done {
			out.Failed++
		}
		switch op.Kind {
		case Put, Part, Seed:
			out.Written += op.Bytes
		case Get, Range, Check:
			out.Read += op.Bytes
		}
	})
	said, times := m.Log.Failures()
	for i := range said {
		out.Failures = append(out.Failures, reports.ThroughputFault{What: said[i], Times: times[i]})
	}
	all := m.times()
	for i := range b.Cases {
		out.Cases = append(out.Cases, m.figures(i, all[i], f))
		for _, s := range m.Slices[i] {
			out.Over = append(out.Over, reports.ThroughputPoint{Case: i, Round: s.Round, Seconds: round3(float64(s.Start+s.End) / 2e9), MBps: round3(s.MBps())})
		}
	}
	slices.SortFunc(out.Over, func(a, b reports.ThroughputPoint) int { return int(math.Copysign(1, a.Seconds-b.Seconds)) })
	out.Notes = m.notes(out, f)
	return out
}

// rates are a case's rates by round.
func (m *Measurement) rates(at int) (mbps, perSecond []float64) {
	for i := range m.Slices[at] {
		mbps, perSecond = append(mbps, m.Slices[at][i].MBps()), append(perSecond, m.Slices[at][i].PerSecond())
	}
	return mbps, perSecond
}

func (m *Measurement) figures(at int, l latencies, f Facts) reports.ThroughputCase {
	c := &m.Budget.Cases[at]
	mbps, perSecond := m.rates(at)
	out := m.verdicts(at, l, f)
	out.MBps, out.PerSecond = figure(mbps, m.Seed), figure(perSecond, m.Seed)
	out.Budget, out.Histogram = demand(c), histogram(l.whole)
	return out
}

// verdicts are a case's figures as far as they are judged, and what they come to.
func (m *Measurement) verdicts(at int, l latencies, f Facts) reports.ThroughputCase {
	c := &m.Budget.Cases[at]
	mbps, _ := m.rates(at)
	out := reports.ThroughputCase{Name: c.Name, Does: c.Does, Size: int64(c.Size), Concurrency: c.Concurrency, PartSize: int64(c.PartSize), Parts: c.Parts,
		Latency: quantiles(l.whole), FirstByte: quantiles(l.first), ClientMBps: round3(f.Client[c.Name])}
	if len(mbps) > 0 {
		out.MBps.Median = median(mbps)
	}
	var cpu, wall time.Duration
	for _, s := range m.Slices[at] {
		out.Transfers += s.Moved
		out.Failed += s.Failed
		cpu += s.CPU
		wall += time.Duration(s.End - s.Start)
	}
	if wall > 0 && m.Cores > 0 {
		out.CPU = round3(cpu.Seconds() / wall.Seconds() / float64(m.Cores))
	}
	out.Bound = clientBound(out)
	m.judge(&out, c, l)
	if f.Baseline != nil {
		m.against(&out, f.Baseline)
	}
	return out
}

// When the client, and not the store, is what a figure shows.
const (
	busyShare = 0.85 // of the processors
	ownShare  = 0.70 // of what the client does by itself
)

// clientBound reports whether the client was the bottleneck of a case.
func clientBound(c reports.ThroughputCase) bool {
	return c.CPU >= busyShare || (c.ClientMBps > 0 && c.MBps.Median >= ownShare*c.ClientMBps)
}

func demand(c *budgets.Case) reports.ThroughputDemand {
	ms := func(d budgets.Duration) float64 { return float64(d) / 1e6 }
	return reports.ThroughputDemand{MBps: c.Least.MBps, PerSecond: c.Least.RequestsPerSecond, P50: ms(c.Most.P50), P99: ms(c.Most.P99),
		FirstByteP50: ms(c.Most.FirstByteP50), FirstByteP99: ms(c.Most.FirstByteP99)}
}

func figure(rounds []float64, seed int64) reports.ThroughputFigure {
	if len(rounds) == 0 {
		return reports.ThroughputFigure{Rounds: []float64{}}
	}
	in := medianOf(rounds, seed)
	out := reports.ThroughputFigure{Median: round3(in.value), Low: round3(in.low), High: round3(in.high)}
	sorted := slices.Sorted(slices.Values(rounds))
	if in.value > 0 {
		out.Spread = round3(100 * (stat.Quantile(0.75, stat.LinInterp, sorted, nil) - stat.Quantile(0.25, stat.LinInterp, sorted, nil)) / in.value)
	}
	for _, r := range rounds {
		out.Rounds = append(out.Rounds, round3(r))
	}
	return out
}

func quantiles(values []float64) reports.ThroughputTimes {
	if len(values) == 0 {
		return reports.ThroughputTimes{}
	}
	slices.Sort(values)
	return reports.ThroughputTimes{P50: round3(quantile(0.5, values)), P90: round3(quantile(0.9, values)), P99: round3(quantile(0.99, values)), Max: round3(values[len(values)-1])}
}

// histogram counts sorted values in buckets that grow by a quarter: as fine at one millisecond as at one second.
func histogram(sorted []float64) []reports.ThroughputBucket {
	const grow, most = 1.25, 80
	var out []reports.ThroughputBucket
	if len(sorted) == 0 {
		return nil
	}
	up := math.Pow(grow, math.Ceil(math.Log(max(sorted[0], 0.001))/math.Log(grow)))
	for i := 0; i < len(sorted) && len(out) < most; up *= grow {
		n := i
		for i < len(sorted) && (sorted[i] <= up || len(out) == most-1) {
			i++
		}
		out = append(out, reports.ThroughputBucket{UpTo: round3(up), Count: i - n})
	}
	return out
}

// notes say what a reader must know about the figures.
func (m *Measurement) notes(t *reports.Throughput, f Facts) (out []string) {
	var bound, short []string
	for i, c := range t.Cases {
		if c.Bound {
			bound = append(bound, c.Name)
		}
		for _, s := range m.Slices[i] {
			if !s.Cut {
				short = append(short, c.Name)
				break
			}
		}
	}
	if len(bound) > 0 {
		out = append(out, "the client's machine was the bottleneck, so the store may do more: "+words(bound))
	}
	if len(short) > 0 {
		out = append(out, "some rounds were too short to cut off their beginning and end, which makes them look slower: "+words(short))
	}
	if f.Together {
		out = append(out, "the store runs in this process or on this machine: both share the processors, and these figures are of the two together")
	}
	if m.CPU == 0 {
		out = append(out, "how much processor time the client took is not known on this system")
	}
	return out
}

func round3(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	if abs := math.Abs(v); abs >= 1000 {
		return math.Round(v*10) / 10
	}
	return math.Round(v*1000) / 1000
}

// Describe says a case in words: "256KiB written, 4 at once".
func Describe(c reports.ThroughputCase) string {
	size := budgets.Size(c.Size).String()
	switch c.Does {
	case budgets.Put:
		return fmt.Sprintf("%s written, %d at once", size, c.Concurrency)
	case budgets.Get:
		return fmt.Sprintf("%s read, %d at once", size, c.Concurrency)
	case budgets.Mixed:
		return fmt.Sprintf("%s written and read, %d at once", size, c.Concurrency)
	case budgets.Multipart:
		return fmt.Sprintf("%s written in parts of %s, %d at once", size, budgets.Size(c.PartSize), c.Concurrency*c.Parts)
	}
	return fmt.Sprintf("%s read in ranges of %s, %d at once", size, budgets.Size(c.PartSize), c.Concurrency*c.Parts)
}
