package load_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/load"
	"github.com/bucketproof/bucketproof/reports"
)

// simulated is a store on a simulated clock: an object takes a time of its own, from a distribution with a long tail, and each
// half second has a mood that all of its objects share, as on machines that others use too.
type simulated struct {
	each  time.Duration // that an object takes on average
	noise float64       // of one object, and mood of half a second: standard deviations of the logarithm
	mood  float64
	seed  int64
	fails func(n int) load.Outcome
	moved int
}

func (s *simulated) Ready(context.Context, []*load.Job, *load.Sheet) error { return nil }
func (s *simulated) Leave(context.Context, []*load.Job, *load.Sheet)       {}
func (s *simulated) Remove(context.Context, []string, *load.Sheet)         {}

func (s *simulated) Move(_ context.Context, j *load.Job, sheet *load.Sheet) load.Operation {
	op := load.Operation{Kind: j.Kind, Start: sheet.Now(), Status: 200}
	mood := rand.New(rand.NewPCG(uint64(s.seed), uint64(op.Start/int64(500*time.Millisecond)))).NormFloat64()
	own := rand.New(rand.NewPCG(uint64(s.seed)+1, uint64(op.Start)^uint64(j.Number)<<40)).NormFloat64()
	took := time.Duration(float64(s.each) * math.Exp(s.noise*own+s.mood*mood))
	time.Sleep(took / 2)
	op.First = sheet.Now()
	time.Sleep(took - took/2)
	op.End, op.Bytes = sheet.Now(), int64(j.Case.Size)
	s.moved++
	if s.fails != nil {
		op.Outcome = s.fails(s.moved)
	}
	return op
}

// budget is a small one: two cases, half a second each, 5 to 12 rounds, 15 % tolerance.
func budget(t *testing.T) *budgets.Budget {
	t.Helper()
	b, err := budgets.Parse([]byte(`{apiVersion: bucketproof/v1, kind: Budget, reasoning: a test, rounds: {least: 5, most: 12}, slice: 500ms, tolerance: 15, cases: [
		{name: put, does: put, size: 1MiB, concurrency: 4, bytes: 1GiB, least: {MBps: 50}, most: {p99: 500ms}},
		{name: get, does: get, size: 1MiB, concurrency: 4, bytes: 1GiB, least: {MBps: 50, requestsPerSecond: 50}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// measure runs the budget against a simulated store; a baseline makes it go on until the comparison decides.
func measure(t *testing.T, s *simulated, baseline *reports.Throughput) (out *reports.Throughput) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := load.Facts{Name: "test", Baseline: baseline, Run: "earlier"}
		m, err := load.Measure(t.Context(), s, budget(t), load.Options{Prefix: "p/", Seed: s.seed, Enough: func(m *load.Measurement) bool { return m.Decided(f) }})
		if err != nil {
			t.Error(err)
		}
		out = m.Figures(f)
	})
	return out
}

// The promise of the comparison, at reduced size: a second run of the same store is no regression in 20 of 20 tries, and one of a
// store that takes 30 % off its rate is one in 20 of 20, with noise of 25 % an object and of 4 % each half second for all objects.
func TestARegressionIsToldFromNoise(t *testing.T) {
	const tries = 20
	same, slower := map[string]int{}, map[string]int{}
	for try := range tries {
		seed := int64(1000 + 10*try)
		store := func(i int64, each time.Duration) *simulated {
			return &simulated{each: each, noise: 0.25, mood: 0.04, seed: seed + i}
		}
		before := measure(t, store(1, 40*time.Millisecond), nil)
		for _, c := range measure(t, store(2, 40*time.Millisecond), before).Cases {
			same[c.Ratio.Verdict]++
		}
		for _, c := range measure(t, store(3, 40*time.Millisecond*10/7), before).Cases {
			slower[c.Ratio.Verdict]++
		}
	}
	if same[load.AsFast] != 2*tries {
		t.Errorf("two runs of one store: got %v, want %d times %q", same, 2*tries, load.AsFast)
	}
	if slower[load.Slower] != 2*tries {
		t.Errorf("a store slowed by 30 %%: got %v, want %d times %q", slower, 2*tries, load.Slower)
	}
}

// What noise hides is neither a regression nor its absence.
func TestADifferenceInsideTheNoiseIsUndecided(t *testing.T) {
	got := map[string]int{}
	for try := range 10 {
		seed := int64(5000 + 10*try)
		before := measure(t, &simulated{each: 40 * time.Millisecond, noise: 0.25, mood: 0.6, seed: seed}, nil)
		after := measure(t, &simulated{each: 40 * time.Millisecond * 100 / 85, noise: 0.25, mood: 0.6, seed: seed + 1}, before)
		for _, c := range after.Cases {
			got[c.Ratio.Verdict]++
		}
	}
	if got[load.Undecided] < 12 {
		t.Errorf("moods of 60 %% around the tolerance itself: got %v, want most of 20 undecided", got)
	}
}

func TestACaseIsHeldAgainstItsBudget(t *testing.T) {
	for name, test := range map[string]struct {
		store simulated
		want  map[string]string
	}{
		"a store that is fast enough":    {simulated{each: 40 * time.Millisecond, noise: 0.1, seed: 1}, map[string]string{"put": load.Reached, "get": load.Reached}},
		"one that is too slow":           {simulated{each: 160 * time.Millisecond, noise: 0.1, seed: 2}, map[string]string{"put": load.Missed, "get": load.Missed}},
		"one that is as fast as it must": {simulated{each: 84 * time.Millisecond, noise: 0.3, mood: 0.3, seed: 3}, map[string]string{"put": load.Undecided, "get": load.Undecided}},
		"one with a long tail":           {simulated{each: 30 * time.Millisecond, noise: 1.7, seed: 4}, map[string]string{"put": load.Missed}},
		"one of which nothing comes back": {simulated{each: 40 * time.Millisecond, seed: 5, fails: func(n int) load.Outcome {
			if n > 4 {
				return load.Refused
			}
			return load.Done
		}}, map[string]string{"put": load.Missed, "get": load.Missed}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range measure(t, &test.store, nil).Cases {
				if want := test.want[c.Name]; want != "" && c.Verdict != want {
					t.Errorf("%s: got %s (%v; %v MB/s, p99 %v ms), want %s", c.Name, c.Verdict, c.Missed, c.MBps, c.Latency.P99, want)
				}
			}
		})
	}
}
