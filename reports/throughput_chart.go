package reports

import (
	"fmt"
	"math"
	"strings"
)

// The charts' plane, in the units of their viewBox.
const (
	chartWidth, chartHeight = 320.0, 124.0
	chartLeft, chartRight   = 40.0, 8.0
	chartTop, chartBottom   = 14.0, 20.0
)

// throughputView is what the throughput template is given.
type throughputView struct {
	T        *Throughput
	Lead     string
	Against  bool // a baseline was named
	Cases    []throughputCaseView
	Failures []ThroughputFault
}

// throughputCaseView is one case as the page shows it.
type throughputCaseView struct {
	C                           ThroughputCase
	State, Word                 string
	What                        string
	Rate, PerSecond, Least      string
	RateIn, PerSecondIn         string // the intervals
	P50, P99, First, Most       string
	Client, CPU, Ratio, RatioOf string
	RatioIn                     string
	Over, Latency               chart
}

// chart is one drawing: a line or bars, the budget's lines, and the labels of its axes.
type chart struct {
	Title  string // for who can't see it
	Line   string // points of a polyline
	Dots   []chartDot
	Bars   []chartBar
	Limits []chartLimit
	Marks  []chartMark
	Width  float64
	Height float64
}

type (
	chartDot   struct{ X, Y float64 }
	chartBar   struct{ X, Y, Width, Height float64 }
	chartLimit struct {
		X1, Y1, X2, Y2 float64
		TextX, TextY   float64
		Anchor, Text   string
	}
	chartMark struct {
		X, Y         float64
		Anchor, Text string
	}
)

// Left, Right and Floor are where the axis is drawn.
func (chart) Left() float64  { return chartLeft }
func (chart) Right() float64 { return chartWidth - chartRight }
func (chart) Floor() float64 { return chartHeight - chartBottom }

func newThroughputView(t *Throughput) *throughputView {
	if t == nil {
		return nil
	}
	v := &throughputView{T: t, Failures: t.Failures}
	v.Lead = fmt.Sprintf("%s, %s. %d rounds in %s: %s written and %s read in %d requests, of which %d failed. Announced before it began: at most %s written, %s read and %d requests.",
		reached(t.Cases), t.Budget, t.Rounds, secondsOf(t.Seconds), size(t.Written), size(t.Read), t.Requests, t.Failed, size(t.Bound.Written), size(t.Bound.Read), t.Bound.Requests)
	for i, c := range t.Cases {
		w := throughputCaseView{C: c, Word: c.Verdict, State: map[string]string{"reached": "passed", "missed": "failed"}[c.Verdict], What: throughputWords(c),
			Rate: number(c.MBps.Median), RateIn: intervalOf(c.MBps.Low, c.MBps.High), PerSecond: number(c.PerSecond.Median), PerSecondIn: intervalOf(c.PerSecond.Low, c.PerSecond.High), P50: number(c.Latency.P50), P99: number(c.Latency.P99), First: number(c.FirstByte.P99),
			Least: least(c.Budget), Most: most(c.Budget), Client: number(c.ClientMBps), CPU: fmt.Sprintf("%.0f %%", 100*c.CPU), Over: overChart(t, i), Latency: latencyChart(c)}
		if w.State == "" {
			w.State = "errored"
		}
		if c.ClientMBps == 0 {
			w.Client = "not known"
		}
		if r := c.Ratio; r != nil {
			v.Against = true
			w.Ratio, w.RatioIn, w.RatioOf = number(r.Value), intervalOf(r.Low, r.High), r.Verdict
		}
		v.Cases = append(v.Cases, w)
	}
	return v
}

func secondsOf(s float64) string { return number(s) + " s" }

// number writes a figure with three digits that count.
func number(v float64) string {
	switch {
	case v == 0 || math.IsNaN(v):
		return "0"
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func intervalOf(low, high float64) string {
	return fmt.Sprintf("(%s to %s)", number(low), number(high))
}

// reached counts the loads by what became of their budgets.
func reached(cs []ThroughputCase) string {
	counts := map[string]int{}
	for _, c := range cs {
		counts[c.Verdict]++
	}
	words := fmt.Sprintf("%d of %s reached the budget", counts["reached"], plural(len(cs), "load", "loads"))
	if n := counts["missed"]; n > 0 {
		words += fmt.Sprintf(" and %d missed it", n)
	}
	return words
}

// Sentence ends what was missed with one full stop.
func (v *throughputView) Sentence(s string) string { return strings.TrimRight(inline(s), ".") + "." }

// throughputWords say what a case does.
func throughputWords(c ThroughputCase) string {
	does := map[string]string{"put": "written", "get": "read", "mixed": "written and read", "multipart": "written in parts", "ranges": "read in ranges"}[c.Does]
	if c.Parts > 0 {
		return fmt.Sprintf("%s %s of %s, %d at once", size(c.Size), does, size(c.PartSize), c.Concurrency*c.Parts)
	}
	return fmt.Sprintf("%s %s, %d at once", size(c.Size), does, c.Concurrency)
}

func least(d ThroughputDemand) string {
	var out []string
	if d.MBps > 0 {
		out = append(out, number(d.MBps)+" MB/s")
	}
	if d.PerSecond > 0 {
		out = append(out, number(d.PerSecond)+" requests/s")
	}
	return strings.Join(out, ", ")
}

func most(d ThroughputDemand) string {
	var out []string
	for _, l := range []struct {
		name string
		ms   float64
	}{{"p50", d.P50}, {"p99", d.P99}, {"first byte p50", d.FirstByteP50}, {"first byte p99", d.FirstByteP99}} {
		if l.ms > 0 {
			out = append(out, l.name+" "+number(l.ms)+" ms")
		}
	}
	return strings.Join(out, ", ")
}

// place maps a value onto the plane.
func place(v, low, high, from, to float64) float64 {
	if high <= low {
		return from
	}
	return math.Round(10*(from+(v-low)/(high-low)*(to-from))) / 10
}

// overChart draws a case's rate over time, with what the budget demands.
func overChart(t *Throughput, at int) chart {
	c := t.Cases[at]
	out := chart{Title: "MB/s of " + c.Name + " over time: median " + number(c.MBps.Median), Width: chartWidth, Height: chartHeight}
	demand, high, last := c.Budget.MBps, 0.0, 0.0
	if demand == 0 && c.Budget.PerSecond > 0 && c.PerSecond.Median > 0 && c.MBps.Median > 0 {
		demand = c.Budget.PerSecond * c.MBps.Median / c.PerSecond.Median // the same line, in the chart's unit
	}
	for _, p := range t.Over {
		if last = max(last, p.Seconds); p.Case == at {
			high = max(high, p.MBps)
		}
	}
	high = 1.1 * max(high, demand)
	x := func(s float64) float64 { return place(s, 0, last, chartLeft, chartWidth-chartRight) }
	y := func(v float64) float64 { return place(v, 0, high, chartHeight-chartBottom, chartTop) }
	var points []string
	for _, p := range t.Over {
		if p.Case == at {
			points = append(points, fmt.Sprintf("%g,%g", x(p.Seconds), y(p.MBps)))
			out.Dots = append(out.Dots, chartDot{x(p.Seconds), y(p.MBps)})
		}
	}
	out.Line = strings.Join(points, " ")
	if demand > 0 && high > 0 {
		out.Limits = append(out.Limits, chartLimit{X1: chartLeft, Y1: y(demand), X2: chartWidth - chartRight, Y2: y(demand), TextX: chartWidth - chartRight, TextY: y(demand) - 3, Anchor: "end",
			Text: "at least " + number(demand)})
	}
	out.Marks = []chartMark{{chartLeft - 4, chartTop + 4, "end", number(high)}, {chartLeft - 4, chartHeight - chartBottom, "end", "0"},
		{chartLeft, chartHeight - 5, "start", "0 s"}, {chartWidth - chartRight, chartHeight - 5, "end", secondsOf(last)}}
	return out
}

// latencyChart draws how long transfers took, on a scale in which each step is as many times the one before, with the budget's
// limits.
func latencyChart(c ThroughputCase) chart {
	out := chart{Title: fmt.Sprintf("Time of a transfer of %s: p50 %s ms, p99 %s ms", c.Name, number(c.Latency.P50), number(c.Latency.P99)), Width: chartWidth, Height: chartHeight}
	if len(c.Histogram) == 0 {
		return out
	}
	low, high, most := c.Histogram[0].UpTo/1.25, c.Histogram[len(c.Histogram)-1].UpTo, 0
	for _, b := range c.Histogram {
		most = max(most, b.Count)
	}
	limits := []struct {
		name string
		ms   float64
	}{{"p50", c.Budget.P50}, {"p99", c.Budget.P99}}
	for _, l := range limits {
		if l.ms > 0 {
			low, high = min(low, l.ms/1.1), max(high, l.ms*1.1)
		}
	}
	low = max(low, 1e-3)
	x := func(ms float64) float64 {
		return place(math.Log(max(ms, low)), math.Log(low), math.Log(max(high, 2*low)), chartLeft, chartWidth-chartRight)
	}
	from := low
	if len(c.Histogram) > 0 {
		from = c.Histogram[0].UpTo / 1.25
	}
	for _, b := range c.Histogram {
		height := place(float64(b.Count), 0, float64(most), 0, chartHeight-chartBottom-chartTop)
		if b.Count > 0 {
			height = max(height, 1)
		}
		out.Bars = append(out.Bars, chartBar{X: x(from), Y: chartHeight - chartBottom - height, Width: max(x(b.UpTo)-x(from)-0.5, 0.5), Height: height})
		from = b.UpTo
	}
	for i, l := range limits {
		if l.ms > 0 {
			at := x(l.ms)
			m := chartLimit{X1: at, Y1: chartTop - 6, X2: at, Y2: chartHeight - chartBottom, TextX: at - 3, TextY: chartTop + 3 + 13*float64(i), Anchor: "end", Text: l.name + " " + number(l.ms) + " ms"}
			if at < chartLeft+80 {
				m.TextX, m.Anchor = at+3, "start"
			}
			out.Limits = append(out.Limits, m)
		}
	}
	out.Marks = []chartMark{{chartLeft - 4, chartTop + 4, "end", fmt.Sprint(most)}, {chartLeft - 4, chartHeight - chartBottom, "end", "0"},
		{chartLeft, chartHeight - 5, "start", number(low) + " ms"}, {chartWidth - chartRight, chartHeight - 5, "end", number(max(high, 2*low)) + " ms"}}
	return out
}
