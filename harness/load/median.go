package load

// MedianWithin is the median of values from rounds, in any order, and the two ends of its 95 % interval by bootstrap; NaN without
// any. It is for benchmarks, so that they say no more than a run's own figures do.
func MedianWithin(rounds []float64, seed int64) (median, low, high float64) {
	i := medianOf(rounds, seed)
	return i.value, i.low, i.high
}
