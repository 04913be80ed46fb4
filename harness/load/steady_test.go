package load

import "time"

// MedianOf is for benchmarks: the median of values, and where it lies by bootstrap with 95 % confidence.
func MedianOf(values []float64, seed int64) (median, low, high float64) {
	i := medianOf(values, seed)
	return i.value, i.low, i.high
}

// Steady is for bare loops: their rate in MB/s, of the same part of the time as a Measurement's rates are. cut says that
// beginning and end could be cut off.
func Steady(start, end time.Time, workers [][]Operation) (mbps float64, cut bool) {
	sheets := make([]*Sheet, len(workers))
	for i, rows := range workers {
		sheets[i] = &Sheet{rows: [][]Operation{rows}}
	}
	s := Slice{End: int64(end.Sub(start))}
	s.measure(sheets)
	return s.MBps(), s.Cut
}
