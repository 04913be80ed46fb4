package reports

import (
	"fmt"
	"math"
	"slices"
)

// Speed is what a comparison can say of how fast the two sides were, by rounds: what looks slow once may be a neighbour's load.
type Speed struct {
	Compared int      `json:"compared"` // what was measured on both sides
	Judged   int      `json:"judged"`   // with rounds enough to tell a change from noise
	Why      string   `json:"why"`      // what the judgement stands on, or why there is none
	Slower   []Slower `json:"slower"`
}

// Slower is what became slower beyond the noise, with the rounds of both sides.
type Slower struct {
	Name      string    `json:"name"` // a requirement's ID, or a load's name
	Title     string    `json:"title"`
	Unit      string    `json:"unit"` // ms or MB/s
	OldMedian float64   `json:"oldMedian"`
	NewMedian float64   `json:"newMedian"`
	Old       []float64 `json:"old"`
	New       []float64 `json:"new"`
}

// Something is slower when every round of the newer side was slower than every round of the older one, which for all that is
// compared together must come by chance with a probability of at most chanceOf (the exact permutation test of two samples,
// Bonferroni's bound), and when the medians differ by what anyone would notice: a check's by a factor and a time, a load's by
// more than the tolerance of its budget.
const (
	chanceOf     = 0.05
	slowerFactor = 1.25
	slowerLeast  = 50 // milliseconds
)

// Time judges speed over more runs than the two that were compared, which stand first. Further ones must be comparable with
// them, by the same rules, and be runs of their own.
func (c *Comparison) Time(older, newer []*Result, anySubject bool) error {
	if len(older) == 0 || len(newer) == 0 {
		return fmt.Errorf("%w: a side has no run", ErrNotComparable)
	}
	seen := map[string]bool{}
	for _, side := range [][]*Result{older, newer} {
		for i, r := range side {
			if i > 0 {
				if _, err := Compare(side[0], r, anySubject); err != nil {
					return err
				}
				if r.Edition != side[0].Edition || r.Catalogue != side[0].Catalogue {
					return fmt.Errorf("%w: run %s is by other rules than run %s, and no round of the same", ErrNotComparable, r.Run.ID, side[0].Run.ID)
				}
			}
			if seen[r.Run.ID] && len(older)+len(newer) > 2 {
				return fmt.Errorf("%w: run %s is given twice: that is one round", ErrNotComparable, r.Run.ID)
			}
			seen[r.Run.ID] = true
		}
	}
	c.speeds(older, newer)
	return nil
}

func (c *Comparison) speeds(older, newer []*Result) {
	c.Times = speedOf("checks", checkTimes(older, newer))
	c.Rates = speedOf("loads", loadRates(older, newer))
}

// series is one thing that was measured in rounds on both sides.
type series struct {
	Slower
	slower func(older, newer float64) bool // of two medians: noticeably
}

// checkTimes are the times of what passed in every run of both sides, a round a run.
func checkTimes(older, newer []*Result) (out []series) {
	times := func(side []*Result, id string) (of []float64) {
		for _, r := range side {
			for _, q := range r.Requirements {
				if q.ID == id && q.Outcome == Passed {
					of = append(of, float64(q.Milliseconds))
				}
			}
		}
		return of
	}
	for _, q := range newer[0].Requirements {
		s := series{Slower: Slower{Name: q.ID, Title: q.Title, Unit: "ms", Old: times(older, q.ID), New: times(newer, q.ID)},
			slower: func(a, b float64) bool { return b >= slowerFactor*a && b-a >= slowerLeast }}
		if len(s.Old) == len(older) && len(s.New) == len(newer) {
			out = append(out, s)
		}
	}
	return out
}

// loadRates are the rates of loads that both sides put on the store in the same way, in the rounds that each run recorded.
func loadRates(older, newer []*Result) (out []series) {
	rates := func(side []*Result, like ThroughputCase) (of []float64) {
		for _, r := range side {
			if r.Throughput == nil {
				continue
			}
			for _, c := range r.Throughput.Cases {
				if c.Name == like.Name && c.Size == like.Size && c.Concurrency == like.Concurrency && c.PartSize == like.PartSize && c.Parts == like.Parts {
					of = append(of, c.MBps.Rounds...)
				}
			}
		}
		return of
	}
	if newer[0].Throughput == nil {
		return nil
	}
	least := 1 - newer[0].Throughput.Tolerance/100
	for _, k := range newer[0].Throughput.Cases {
		s := series{Slower: Slower{Name: k.Name, Title: k.Does, Unit: "MB/s", Old: rates(older, k), New: rates(newer, k)},
			slower: func(a, b float64) bool { return b < least*a }}
		if len(s.Old) > 0 && len(s.New) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// speedOf finds what became slower.
func speedOf(what string, of []series) Speed {
	out := Speed{Compared: len(of), Slower: []Slower{}}
	if len(of) == 0 {
		out.Why = fmt.Sprintf("no %s were measured on both sides", what)
		return out
	}
	chance := 0.0
	for _, s := range of {
		p := 1 / binomial(len(s.Old)+len(s.New), len(s.Old)) // that all new rounds are slower by chance
		if p*float64(len(of)) > chanceOf {
			continue
		}
		out.Judged++
		chance += p
		s.OldMedian, s.NewMedian = median(s.Old), median(s.New)
		apart := slices.Min(s.New) > slices.Max(s.Old)
		if s.Unit != "ms" { // a rate: less is slower
			apart = slices.Max(s.New) < slices.Min(s.Old)
		}
		if apart && s.slower(s.OldMedian, s.NewMedian) {
			out.Slower = append(out.Slower, s.Slower)
		}
	}
	if out.Judged == 0 {
		out.Why = fmt.Sprintf("%d older and %d newer rounds of %d %s can't be told from noise: %d a side can", len(of[0].Old), len(of[0].New), len(of), what, roundsFor(len(of)))
		if len(of[0].Old) == 1 && len(of[0].New) == 1 {
			out.Why = fmt.Sprintf("one timing a run can't be told from noise: of %d %s, %d rounds a side can", len(of), what, roundsFor(len(of)))
		}
		return out
	}
	out.Why = fmt.Sprintf("the rounds of %d of %d %s: that one looks slower by chance has a probability of %.2g at most", out.Judged, len(of), what, chance)
	return out
}

// roundsFor is how many rounds a side can show that one of n became slower.
func roundsFor(n int) int {
	k := 1
	for float64(n)/binomial(2*k, k) > chanceOf {
		k++
	}
	return k
}

// binomial is in how many ways k of n can be chosen.
func binomial(n, k int) float64 {
	out := 1.0
	for i := 1; i <= k; i++ {
		out = out * float64(n-k+i) / float64(i)
	}
	return math.Round(out)
}

func median(of []float64) float64 {
	s := slices.Sorted(slices.Values(of))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// words say both sides of what is slower.
func (s Slower) words() string {
	return fmt.Sprintf("%.4g %s, now %.4g (medians of %d and %d rounds)", s.OldMedian, s.Unit, s.NewMedian, len(s.Old), len(s.New))
}

// slower is all that became slower.
func (c *Comparison) slower() []Slower { return slices.Concat(c.Times.Slower, c.Rates.Slower) }

// speedWords say what the two judgements stand on.
func (c *Comparison) speedWords() []string {
	var out []string
	for _, s := range []struct {
		name string
		Speed
	}{{"times", c.Times}, {"rates", c.Rates}} {
		word := "judged by "
		if s.Judged == 0 {
			word = "not judged: "
		}
		out = append(out, s.name+" "+word+s.Why)
	}
	return out
}
