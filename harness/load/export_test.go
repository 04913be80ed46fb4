package load

import (
	"io"
	"net/http"
	"time"
)

// Receive is for the bare loops that verify in the same way.
func (d *Data) Receive(r io.Reader, length int64) (int64, bool, error) {
	return d.receive(r, 0, 0, length)
}

// Body is for the bare loops that send the same bytes.
func (d *Data) Body(length int64) io.ReadCloser { return &body{d: d, left: length} }

// Fixed is the mover of the calibration.
func Fixed(c *Client, get bool, size int64) Mover {
	kind := Put
	if get {
		kind = Get
	}
	return newFixed(c, kind, size)
}

// Filled gives a measurement a log made by hand.
func Filled(m *Measurement, rows int, row func(i int) Operation) {
	m.Log = &Log{}
	const workers = 64
	for w := range workers {
		s := m.Log.sheet(w%len(m.Slices), 0, w)
		for i := w; i < rows; i += workers {
			op := row(i)
			s.at.Case, s.at.Round = op.Case, op.Round
			s.Add(op)
		}
	}
}

// NewSlowLoopback is a loopback that takes a time of its own for each request.
func NewSlowLoopback(d *Data, each time.Duration) (*Loopback, error) {
	next := loopback(d)
	return newLoopback(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(each)
		next.ServeHTTP(w, r)
	}), false)
}
