package load

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// resamples is how often the rounds are drawn anew: enough that an interval's ends vary by less than the rounds themselves.
const resamples = 4000

// confidence is that of all intervals.
const confidence = 0.95

// interval is where a figure lies by what was seen.
type interval struct{ value, low, high float64 }

// median of values in any order; NaN without any.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return medianIn(slices.Clone(values))
}

// medianIn is the median of values, which it sorts.
func medianIn(sorted []float64) float64 {
	slices.Sort(sorted)
	return (stat.Quantile(0.5, stat.Empirical, sorted, nil) + stat.Quantile(math.Nextafter(0.5, 1), stat.Empirical, sorted, nil)) / 2
}

// quantile of sorted values; NaN without any.
func quantile(p float64, sorted []float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return stat.Quantile(p, stat.Empirical, sorted, nil)
}

// draw fills into with values of from, drawn with replacement.
func draw(into, from []float64, r *rand.Rand) []float64 {
	for i := range into {
		into[i] = from[r.IntN(len(from))]
	}
	return into
}

// ends are the two ends of the middle of some values.
func ends(values []float64) (low, high float64) {
	slices.Sort(values)
	return quantile((1-confidence)/2, values), quantile(1-(1-confidence)/2, values)
}

// bootstrap draws the rounds anew and computes a figure of them each time (percentile bootstrap). Rounds are drawn whole: what
// is in one round is not independent.
func bootstrap(value float64, seed int64, figure func(*rand.Rand) float64) interval {
	r := rand.New(rand.NewPCG(uint64(seed), 11)) //nolint:gosec // seeded, so that it can be repeated
	values := make([]float64, resamples)
	for i := range values {
		values[i] = figure(r)
	}
	low, high := ends(values)
	return interval{value: value, low: low, high: high}
}

// medianOf is the median of rounds, and where it lies.
func medianOf(rounds []float64, seed int64) interval {
	if len(rounds) == 0 {
		return interval{math.NaN(), math.NaN(), math.NaN()}
	}
	again := make([]float64, len(rounds))
	return bootstrap(median(rounds), seed, func(r *rand.Rand) float64 { return medianIn(draw(again, rounds, r)) })
}

// ratioOf is how the median of some rounds compares with that of others, and where that lies.
func ratioOf(before, after []float64, seed int64) interval {
	if len(before) == 0 || len(after) == 0 || median(before) <= 0 {
		return interval{math.NaN(), math.NaN(), math.NaN()}
	}
	b, a := make([]float64, len(before)), make([]float64, len(after))
	return bootstrap(median(after)/median(before), seed, func(r *rand.Rand) float64 {
		under := medianIn(draw(b, before, r))
		if under <= 0 {
			return math.Inf(1)
		}
		return medianIn(draw(a, after, r)) / under
	})
}

// shareOf is which share of what was counted in rounds is beyond a limit, and where that lies.
func shareOf(beyond, of []int, seed int64) interval {
	share := func(pick func(i int) int) float64 {
		x, n := 0, 0
		for i := range of {
			x, n = x+beyond[pick(i)], n+of[pick(i)]
		}
		if n == 0 {
			return math.NaN()
		}
		return float64(x) / float64(n)
	}
	value := share(func(i int) int { return i })
	if len(of) == 0 || math.IsNaN(value) {
		return interval{math.NaN(), math.NaN(), math.NaN()}
	}
	return bootstrap(value, seed, func(r *rand.Rand) float64 { return share(func(int) int { return r.IntN(len(of)) }) })
}
