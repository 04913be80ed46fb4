package load_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/load"
	"github.com/bucketproof/bucketproof/harness/wire"
)

const atOnce = 8

// rounds of a benchmark are interleaved: a disturbance falls on all that is compared.
const benchRounds = 9

// BenchmarkClient holds the client, with guard, signing, recording and verifying, against bare loops of net/http on the same
// loopback in the same rounds: one that looks at nothing, and one that verifies in the same way. What counts is the median of
// the rounds' ratios; the budget is 0.95 of each. Without verifying ours is held against the first. The same is said of processor time for a byte, which
// other work on the machine disturbs less.
func BenchmarkClient(b *testing.B) {
	for _, c := range []struct {
		method string
		size   int64
	}{{http.MethodGet, 1 << 20}, {http.MethodPut, 1 << 20}, {http.MethodGet, 64 << 20}, {http.MethodPut, 64 << 20}} {
		b.Run(fmt.Sprintf("%s-%dMiB", c.method, c.size>>20), func(b *testing.B) {
			d := load.NewData(1)
			l, err := load.NewLoopback(d, false)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			length := 400 * time.Millisecond
			if c.size > 1<<20 {
				length = time.Second
			}
			ways := map[string]func() (float64, float64){
				"bare":           func() (float64, float64) { return bare(b, l, d, c.method, c.size, false, length) },
				"bare-verifying": func() (float64, float64) { return bare(b, l, d, c.method, c.size, true, length) },
				"ours":           func() (float64, float64) { return ours(b, l, d, c.method, c.size, true, length) },
				"ours-blind":     func() (float64, float64) { return ours(b, l, d, c.method, c.size, false, length) },
			}
			names := []string{"bare", "bare-verifying", "ours", "ours-blind"}
			got := map[string][]float64{}
			for b.Loop() {
				for round := range benchRounds {
					for i := range names {
						name := names[(i+round)%len(names)]
						mbps, cpu := ways[name]()
						got[name], got[name+" cpu"] = append(got[name], mbps), append(got[name+" cpu"], 1/cpu)
					}
				}
			}
			ratio := func(of, to string) float64 {
				var rs []float64
				for i := range got[of] {
					rs = append(rs, got[of][i]/got[to][i])
				}
				slices.Sort(rs)
				return rs[len(rs)/2]
			}
			middle := func(name string) float64 { return slices.Sorted(slices.Values(got[name]))[len(got[name])/2] }
			b.ReportMetric(middle("ours"), "MB/s")
			b.ReportMetric(middle("bare"), "bare-MB/s")
			b.ReportMetric(ratio("ours-blind", "bare"), "blind/bare")
			b.ReportMetric(ratio("ours", "bare"), "ours/bare")
			b.ReportMetric(ratio("ours", "bare-verifying"), "ours/verifying")
			b.ReportMetric(ratio("ours-blind cpu", "bare cpu"), "cpu-blind/bare")
			b.ReportMetric(ratio("ours cpu", "bare-verifying cpu"), "cpu-ours/verifying")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// bare is a loop of net/http and nothing else. It returns MB/s, and seconds of processor time for a byte, the loopback's included.
func bare(b *testing.B, l *load.Loopback, d *load.Data, method string, size int64, verify bool, length time.Duration) (mbps, cpu float64) {
	t := &http.Transport{MaxIdleConnsPerHost: atOnce, DisableCompression: true}
	defer t.CloseIdleConnections()
	url := l.URL + "/loopback/bucketproof-calibration/" + strconv.FormatInt(size, 10)
	return rate(b, size, length, func() error {
		req, err := http.NewRequestWithContext(b.Context(), method, url, nil)
		if err != nil {
			return err
		}
		if method == http.MethodPut {
			req.Body, req.ContentLength = d.Body(size), size
		}
		resp, err := t.RoundTrip(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if method == http.MethodGet && verify {
			if _, same, err := d.Receive(resp.Body, size); err != nil || !same {
				return fmt.Errorf("received otherwise: %w", err)
			}
			return nil
		}
		buffer := pool.Get().(*[]byte)
		defer pool.Put(buffer)
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, *buffer)
		return err
	})
}

var pool = sync.Pool{New: func() any { p := make([]byte, 128<<10); return &p }}

// rate runs something over and over, several at once.
func rate(b *testing.B, size int64, length time.Duration, once func() error) (mbps, cpu float64) {
	b.Helper()
	var wg sync.WaitGroup
	counts, errs := make([]int64, atOnce), make([]error, atOnce)
	start, used := time.Now(), load.CPU()
	for w := range atOnce {
		wg.Go(func() {
			for first := true; errs[w] == nil && (first || time.Since(start) < length); first = false {
				if errs[w] = once(); errs[w] == nil {
					counts[w]++
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(start).Seconds()
	var n int64
	for w := range atOnce {
		if errs[w] != nil {
			b.Fatal(errs[w])
		}
		n += counts[w]
	}
	return float64(n*size) / 1e6 / took, (load.CPU() - used).Seconds() / float64(n*size)
}

// ours is the run's client: guard, signing of each URL, evidence, rows, and verifying. It returns MB/s over the same time as
// bare's, beginning and end included.
func ours(b *testing.B, l *load.Loopback, d *load.Data, method string, size int64, verify bool, length time.Duration) (mbps, cpu float64) {
	b.Helper()
	client, t, err := l.Client(d, atOnce)
	if err != nil {
		b.Fatal(err)
	}
	defer t.CloseIdle()
	client.Late, client.Unverified = true, !verify
	c := budgets.Case{Name: "bench", Does: budgets.Put, Size: budgets.Size(size), Concurrency: atOnce, Bytes: budgets.Size(size * 20000)}
	rec := wire.NewSparseRecorder("bench", 20)
	defer rec.Seal()
	m, err := load.Measure(rec.With(b.Context()), load.Fixed(client, method == http.MethodGet),
		&budgets.Budget{Slice: budgets.Duration(length), Cases: []budgets.Case{c}}, load.Options{Prefix: "bucketproof-calibration/", Rounds: 1, CPU: load.CPU})
	if err != nil {
		b.Fatal(err)
	}
	if words, _ := m.Log.Failures(); len(words) > 0 {
		b.Fatal(strings.Join(words, "; "))
	}
	s := m.Slices[0][0]
	return float64(int64(s.Moved)*size) / 1e6 / time.Duration(s.End-s.Start).Seconds(), s.CPU.Seconds() / float64(int64(s.Moved)*size)
}

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
				if _, err := load.Measure(ctx, load.Fixed(client, get), &budgets.Budget{Slice: budgets.Duration(2 * time.Second), Cases: []budgets.Case{c}},
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
