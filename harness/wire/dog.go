package wire

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// dog ends a request that takes too long: connection and handshake have limits of their own, the dog's are on all of the sending,
// on the wait for an answer, and on the answer's body. net/http's own limits are on the moments between bytes, and a byte that
// comes now and then keeps a body open for ever.
type dog struct {
	limits *Limits
	bytes  atomic.Int64 // of the answer's body so far

	mu    sync.Mutex
	bite  func() // ends the request
	leash context.CancelFunc
	timer *time.Timer
	phase phase
	since time.Time     // when it began
	whole time.Duration // that it may take, besides what bytes earn
	late  *TimeoutError
	ended bool
}

// phase is where a request is. One that is over does not come back.
type phase int

const (
	idle phase = iota
	sending
	waiting
	receiving
)

// what doesn't come in a phase.
func (p phase) what() string {
	if p == receiving {
		return "end of the answer"
	}
	return "answer"
}

// watch makes the context under which the dog ends its request.
func (d *dog) watch(ctx context.Context) context.Context {
	ctx, d.leash = context.WithCancel(ctx)
	d.bite = d.leash
	return ctx
}

// guards gives the dog another way to end the request, and reports whether it has not ended yet.
func (d *dog) guards(bite func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bite = bite
	return !d.ended
}

// earned is the time that a number of bytes may take at the slowest rate.
func (l *Limits) earned(bytes int64) time.Duration {
	return time.Duration(float64(max(bytes, 0)) / float64(l.Rate) * float64(time.Second))
}

// sending begins the request: connection, handshake, body and the beginning of an answer have limits of their own, and this is all
// of them together.
func (d *dog) sending(length int64) {
	d.enter(sending, d.limits.Dial+d.limits.Handshake+d.limits.Transfer+d.limits.earned(length)+d.limits.Answer)
}

// waiting begins when all of the request was sent.
func (d *dog) waiting() { d.enter(waiting, d.limits.Answer) }

// receiving begins the answer's body.
func (d *dog) receiving() { d.enter(receiving, d.limits.Transfer) }

// pace is how often the dog looks, at most: no phase is shorter, so that a phase needs no timer of its own. Most requests are
// over before the first look.
func (d *dog) pace() time.Duration { return min(d.limits.Answer, d.limits.Transfer) }

func (d *dog) enter(p phase, whole time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended || p <= d.phase { // an answer may come before all was sent
		return
	}
	d.phase, d.whole, d.since = p, whole, time.Now()
	if d.timer == nil {
		d.timer = time.AfterFunc(d.pace(), d.look)
	}
}

// received counts what came of an answer's body: each byte earns its time, whatever length the answer announced.
func (d *dog) received(n int64) { d.bytes.Add(n) }

// look ends the request if the time of its phase is used up, and looks again later if it is not.
func (d *dog) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	limit := d.whole + d.limits.earned(d.bytes.Load())
	left := limit - time.Since(d.since)
	switch {
	case d.ended:
	case left > 0:
		d.timer.Reset(min(left, d.pace()))
	default:
		if d.phase != waiting { // what bytes earn has many decimals
			limit = limit.Round(100 * time.Millisecond)
		}
		d.ended, d.late = true, &TimeoutError{What: d.phase.what(), Limit: limit}
		if d.bite != nil { // a connection that is being made has limits of its own
			d.bite()
		}
	}
}

// stop calls the dog off, and lets the request's context go, if it has one of its own.
func (d *dog) stop() {
	d.mu.Lock()
	d.ended = true
	if d.timer != nil { // it was let off before the request began
		d.timer.Stop()
	}
	d.mu.Unlock()
	if d.leash != nil {
		d.leash()
	}
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
