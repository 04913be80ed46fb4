package load_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/load"
	"github.com/bucketproof/bucketproof/harness/wire"
)

const (
	atOnce    = 8
	benchSeed = 1 // of data, order and bootstrap
)

// BenchmarkClient holds the client, with guard, signing of every URL, recording and verifying, against bare loops of net/http on
// the same loopback: one that looks at nothing, and one that verifies in the same way. The first is held against the client
// without verifying. What counts is the median of the rounds' ratios, with its 95 % interval by bootstrap; the budget is 0.95 of
// each. Both sides are given the same: a round is so many transfers of each way, in an order drawn anew; connections are kept
// from round to round; the rate is of the time in which all workers are at work; buffers, pools and the collector are
// those of one process. The same is said of processor time for a byte, from each slice's begin to its end, the loopback's own
// included: work beside it disturbs that less.
func BenchmarkClient(b *testing.B) {
	for _, c := range []struct {
		method            string
		size              int64
		rounds, transfers int
	}{
		{http.MethodGet, 1 << 20, 240, 160},
		{http.MethodPut, 1 << 20, 240, 160},
		{http.MethodGet, 64 << 20, 40, 32},
		{http.MethodPut, 64 << 20, 20, 32},
	} {
		b.Run(fmt.Sprintf("%s-%dMiB", c.method, c.size>>20), func(b *testing.B) {
			d := load.NewData(benchSeed)
			l, err := load.NewLoopback(d, false)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			ways := []*way{newBare(b, l, d, c.method, c.size, false), newBare(b, l, d, c.method, c.size, true), newOurs(b, l, d, c.method, c.size, true), newOurs(b, l, d, c.method, c.size, false)}
			bare, verifying, ours, blind := ways[0], ways[1], ways[2], ways[3]
			for _, w := range ways {
				w.transfer(b, 4*atOnce) // opens the connections
			}
			random := rand.New(rand.NewPCG(benchSeed, 1))
			out := 0
			for b.Loop() {
				for range c.rounds {
					if !round(b, ways, random, c.transfers) {
						out++
					}
				}
			}
			if n := len(ours.mbps); out > n/2 {
				b.Fatalf("%d rounds were too disturbed to cut off beginning and end, %d were not: the machine is too busy", out, n)
			}
			report := func(name string, of, to []float64) {
				ratios := make([]float64, len(of))
				for i := range of {
					ratios[i] = of[i] / to[i]
				}
				median, low, high := load.MedianWithin(ratios, benchSeed)
				b.ReportMetric(median, name)
				b.ReportMetric(low, name+"-low")
				b.ReportMetric(high, name+"-high")
			}
			for name, w := range map[string]*way{"MB/s": ours, "bare-MB/s": bare} {
				median, _, _ := load.MedianWithin(w.mbps, benchSeed)
				b.ReportMetric(median, name)
			}
			report("blind/bare", blind.mbps, bare.mbps)
			report("ours/verifying", ours.mbps, verifying.mbps)
			report("cpu-blind/bare", bare.cpu, blind.cpu) // less is better: the other way round
			report("cpu-ours/verifying", verifying.cpu, ours.cpu)
			b.ReportMetric(float64(out), "rounds-left-out")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// way is one of those that are compared, with what it did in each round.
type way struct {
	transfer func(b *testing.B, n int) figure
	mbps     []float64
	cpu      []float64
}

// figure is what one way did in one slice.
type figure struct {
	mbps, cpu float64 // cpu in seconds for a byte
	cut       bool    // beginning and end could be cut off
}

// round is a slice of each way. It counts, or is left out, for all of them.
func round(b *testing.B, ways []*way, random *rand.Rand, n int) bool {
	b.Helper()
	got, cut := make([]figure, len(ways)), true
	for _, i := range random.Perm(len(ways)) {
		got[i] = ways[i].transfer(b, n)
		cut = cut && got[i].cut
	}
	if cut {
		for i, w := range ways {
			w.mbps, w.cpu = append(w.mbps, got[i].mbps), append(w.cpu, got[i].cpu)
		}
	}
	return cut
}

// newBare is a loop of net/http and nothing else, on one pre-signed URL: requests and answers are the same on both sides. It notes
// two times a transfer, since beginning and end of a slice can't be cut off without.
func newBare(b *testing.B, l *load.Loopback, d *load.Data, method string, size int64, verify bool) *way {
	t := &http.Transport{MaxIdleConnsPerHost: atOnce, DisableCompression: true}
	b.Cleanup(t.CloseIdleConnections)
	client, own, err := l.Client(d, atOnce)
	if err != nil {
		b.Fatal(err)
	}
	own.CloseIdle()
	u, err := client.Mint.Mint(b.Context(), method, "bucketproof-calibration/"+strconv.FormatInt(size, 10), nil)
	if err != nil {
		b.Fatal(err)
	}
	url := u.URL
	once := func() error {
		req, err := http.NewRequestWithContext(b.Context(), method, url, nil)
		if err != nil {
			return err
		}
		if method == http.MethodPut {
			req.Body, req.ContentLength = struct{ io.ReadCloser }{d.Body(size)}, size // as any body is sent
		}
		resp, err := t.RoundTrip(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		if method == http.MethodGet && verify {
			if _, same, err := d.Receive(resp.Body, size); err != nil || !same {
				return fmt.Errorf("received otherwise: %w", err)
			}
			return nil
		}
		return load.Drain(resp.Body)
	}
	return &way{transfer: func(b *testing.B, n int) figure {
		b.Helper()
		var wg sync.WaitGroup
		var begun atomic.Int64
		rows, errs := make([][]load.Operation, atOnce), make([]error, atOnce)
		for w := range rows {
			rows[w] = make([]load.Operation, 0, n)
		}
		start, used := time.Now(), load.CPU()
		for w := range atOnce {
			wg.Go(func() {
				for errs[w] == nil && begun.Add(1) <= int64(n) {
					op := load.Operation{Start: int64(time.Since(start)), Bytes: size}
					errs[w] = once()
					op.End = int64(time.Since(start))
					rows[w] = append(rows[w], op)
				}
			})
		}
		wg.Wait()
		end := time.Now()
		used = load.CPU() - used
		if err := errors.Join(errs...); err != nil {
			b.Fatal(err)
		}
		mbps, cut := load.Steady(start, end, rows)
		return figure{mbps: mbps, cpu: used.Seconds() / float64(int64(n)*size), cut: cut}
	}}
}

// newOurs is the run's client, as the calibration has it, with one recorder for all rounds, as a run's.
func newOurs(b *testing.B, l *load.Loopback, d *load.Data, method string, size int64, verify bool) *way {
	b.Helper()
	client, t, err := l.Client(d, atOnce)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(t.CloseIdle)
	client.Late, client.Unverified = true, !verify
	mover := load.Fixed(client, method == http.MethodGet, size)
	rec := wire.NewSparseRecorder("bench", 20)
	b.Cleanup(rec.Seal)
	return &way{transfer: func(b *testing.B, n int) figure {
		b.Helper()
		return measured(rec.With(b.Context()), b, mover, size, n)
	}}
}

// measured is one slice of n transfers, which nothing but their number ends.
func measured(ctx context.Context, b *testing.B, mover load.Mover, size int64, n int) figure {
	b.Helper()
	c := budgets.Case{Name: "bench", Does: budgets.Put, Size: budgets.Size(size), Concurrency: atOnce, Bytes: budgets.Size(size * int64(n))}
	m, err := load.Measure(ctx, mover, &budgets.Budget{Slice: budgets.Duration(time.Minute), Cases: []budgets.Case{c}},
		load.Options{Prefix: "bucketproof-calibration/", Rounds: 1, CPU: load.CPU})
	if err != nil {
		b.Fatal(err)
	}
	if words, _ := m.Log.Failures(); len(words) > 0 {
		b.Fatal(strings.Join(words, "; "))
	}
	s := m.Slices[0][0]
	if s.Moved != n {
		b.Fatalf("got %d transfers, want %d", s.Moved, n)
	}
	return figure{mbps: s.MBps(), cpu: s.CPU.Seconds() / float64(int64(n)*size), cut: s.Cut}
}
