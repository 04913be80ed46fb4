package wire

import (
	"context"
	"sync"
	"time"
)

// dog ends a request whose bodies take too long. net/http's own limits are on the moments between them, and a byte that
// comes now and then keeps a body open for ever.
type dog struct {
	cancel context.CancelFunc
	limits Limits

	mu    sync.Mutex
	timer *time.Timer
	since time.Time
	bytes int64         // of the answer's body so far
	what  string        // what doesn't come
	whole time.Duration // that it may take in this phase
	late  *TimeoutError
	ended bool
}

// watchdog makes the dog of one request, and the context under which it ends the request.
func watchdog(ctx context.Context, l Limits) (*dog, context.Context) {
	limited, cancel := context.WithCancel(ctx)
	return &dog{cancel: cancel, limits: l}, limited
}

// earned is the time that a number of bytes may take at the slowest rate.
func (l Limits) earned(bytes int64) time.Duration {
	return time.Duration(float64(max(bytes, 0)) / float64(l.Rate) * float64(time.Second))
}

// sending begins the request: connection, body and the beginning of an answer have their own limits, and this is all of
// them together.
func (d *dog) sending(length int64) {
	d.begin("answer", d.limits.Dial+d.limits.Handshake+d.limits.Transfer+d.limits.earned(length)+d.limits.Answer)
}

// receiving begins the answer's body.
func (d *dog) receiving() { d.begin("end of the answer", d.limits.Transfer) }

func (d *dog) begin(what string, whole time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return
	}
	d.what, d.whole, d.since = what, whole, time.Now()
	if d.timer == nil {
		d.timer = time.AfterFunc(whole, d.check)
		return
	}
	d.timer.Reset(whole)
}

// received counts what came of an answer's body: each byte earns its time, whatever length the answer announced.
func (d *dog) received(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes += n
}

// check ends the request, or looks again when the bytes that came meanwhile have used up their time.
func (d *dog) check() {
	d.mu.Lock()
	defer d.mu.Unlock()
	limit := d.whole + d.limits.earned(d.bytes)
	left := limit - time.Since(d.since)
	switch {
	case d.ended:
	case left > 0:
		d.timer.Reset(left)
	default:
		d.ended, d.late = true, &TimeoutError{What: d.what, Limit: limit.Round(100 * time.Millisecond)}
		d.cancel()
	}
}

// stop calls the dog off, and lets the request's context go.
func (d *dog) stop() {
	d.mu.Lock()
	d.ended = true
	if d.timer != nil { // it was let off before the request began
		d.timer.Stop()
	}
	d.mu.Unlock()
	d.cancel()
}

// instead is the limit that ran out, in the place of what its end looked like to net/http.
func (d *dog) instead(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.late != nil {
		return d.late
	}
	return err
}
