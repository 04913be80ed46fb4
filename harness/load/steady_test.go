package load

import (
	"io"
	"time"
)

// Drain is for bare loops that look at nothing: with the client's own buffers, since where they lie in memory makes a difference.
func Drain(r io.Reader) error {
	_, err := drain(r)
	return err
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
