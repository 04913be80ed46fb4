package load_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/load"
)

// BenchmarkMemory moves objects of 64 MiB, 64 at once, and reports the most memory in use besides what the loopback takes. The
// budget is 300 MiB.
func BenchmarkMemory(b *testing.B) {
	for _, get := range []bool{true, false} {
		b.Run(map[bool]string{true: "GET", false: "PUT"}[get], func(b *testing.B) {
			d := load.NewData(1)
			l, err := load.NewLoopback(d, true)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			client, t, err := l.Client(d, 64)
			if err != nil {
				b.Fatal(err)
			}
			defer t.CloseIdle()
			client.Late = true
			c := budgets.Case{Name: "bench", Does: budgets.Put, Size: 64 << 20, Concurrency: 64, Bytes: 8 << 30}
			var peak uint64
			for b.Loop() {
				ctx, stop := context.WithCancel(b.Context())
				go func() {
					var s runtime.MemStats
					for ctx.Err() == nil {
						runtime.ReadMemStats(&s)
						peak = max(peak, s.Sys-s.HeapReleased)
						time.Sleep(20 * time.Millisecond)
					}
				}()
				if _, err := load.Measure(ctx, load.Fixed(client, get, int64(c.Size)), &budgets.Budget{Slice: budgets.Duration(2 * time.Second), Cases: []budgets.Case{c}},
					load.Options{Prefix: "bucketproof-calibration/", Rounds: 1}); err != nil {
					b.Fatal(err)
				}
				stop()
			}
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		})
	}
}

// BenchmarkSummary makes the figures of a million operations. The budget is 200 MiB and 2 s.
func BenchmarkSummary(b *testing.B) {
	const rows, rounds = 1_000_000, 5
	bg, err := budgets.Default("aws")
	if err != nil {
		b.Fatal(err)
	}
	m := &load.Measurement{Budget: bg, Slices: make([][]load.Slice, len(bg.Cases)), Cores: 2, Seed: 1}
	for i := range m.Slices {
		for r := range rounds {
			m.Slices[i] = append(m.Slices[i], load.Slice{Case: i, Round: r, End: 1e9, To: 1e9, Bytes: 1e8 + float64(r)*1e6, Requests: 1000})
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	load.Filled(m, rows, func(i int) load.Operation {
		return load.Operation{Start: int64(i), First: int64(i) + 1e6 + int64(i%977)*1e4, End: int64(i) + 2e6 + int64(i%4999)*1e4, Bytes: 1 << 20, Case: uint16(i % len(bg.Cases)),
			Round: uint16(i / 8 % rounds), Status: 200}
	})
	runtime.ReadMemStats(&after)
	log := after.HeapAlloc - before.HeapAlloc
	for b.Loop() {
		if t := m.Figures(load.Facts{Name: "bench"}); t.Requests != rows {
			b.Fatalf("got %d operations, want %d", t.Requests, rows)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(log)/(1<<20), "log-MiB")
	b.ReportMetric(float64(after.Sys)/(1<<20), "process-MiB")
}
