package load_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/load"
)

// The comparison's promise, with real runs: so many pairs of each kind, in pieces that each take some half a minute.
const (
	regressionPairs  = 20
	regressionPieces = 4
	regressionTime   = 20 * time.Millisecond // that the store takes for a request
)

// BenchmarkRegression makes 20 pairs of real runs against a store that takes 20 ms for a request, and 20 against one that is 30 %
// slower than before: how many of each are reported as what they are. The same is a test on a simulated clock, where the
// machine's own moods can't spoil it.
func BenchmarkRegression(b *testing.B) {
	for piece := range regressionPieces {
		b.Run(fmt.Sprintf("piece-%d", piece+1), func(b *testing.B) {
			same, slower, undecided := 0, 0, 0
			for b.Loop() {
				for range regressionPairs / regressionPieces {
					_, before := paired(b, regressionTime, nil)
					first, _ := paired(b, regressionTime, before)
					second, _ := paired(b, regressionTime*10/7, before)
					if first == load.AsFast {
						same++
					}
					if second == load.Slower {
						slower++
					}
					if first == load.Slower || second == load.AsFast {
						b.Errorf("the same store was called %q, and a slower one %q", first, second)
					}
					for _, v := range []string{first, second} {
						if v == load.Undecided {
							undecided++
						}
					}
				}
			}
			b.ReportMetric(float64(same), fmt.Sprintf("as-fast-of-%d", regressionPairs/regressionPieces))
			b.ReportMetric(float64(slower), fmt.Sprintf("slower-of-%d", regressionPairs/regressionPieces))
			b.ReportMetric(float64(undecided), "undecided")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// paired makes one run against a store that takes a time for each request, and says what it comes to by a baseline.
func paired(b *testing.B, each time.Duration, baseline *load.Facts) (verdict string, next *load.Facts) {
	b.Helper()
	bg, err := budgets.Parse([]byte(`{apiVersion: bucketproof/v1, kind: Budget, reasoning: a benchmark, rounds: {least: 5, most: 12}, slice: 150ms, tolerance: 15,
		cases: [{name: get, does: put, size: 16KiB, concurrency: 4, bytes: 64MiB, least: {MBps: 0.001}}]}`))
	if err != nil {
		b.Fatal(err)
	}
	d := load.NewData(1)
	l, err := load.NewSlowLoopback(d, each)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	client, t, err := l.Client(d, 4)
	if err != nil {
		b.Fatal(err)
	}
	defer t.CloseIdle()
	client.Late = true
	f := load.Facts{Name: "bench"}
	if baseline != nil {
		f = *baseline
	}
	m, err := load.Measure(b.Context(), load.Fixed(client, true, 16<<10), bg, load.Options{Prefix: "bucketproof-calibration/", CPU: load.CPU,
		Enough: func(m *load.Measurement) bool { return m.Decided(f) }})
	if err != nil {
		b.Fatal(err)
	}
	out := m.Figures(f)
	if r := out.Cases[0].Ratio; r != nil {
		verdict = r.Verdict
	}
	return verdict, &load.Facts{Name: "bench", Baseline: out, Run: "before"}
}
