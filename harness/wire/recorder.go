package wire

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

type recorderKey struct{}

// errSealed refuses a request on behalf of a spec that has ended: after a timeout its goroutine may live on, and must
// neither reach the bucket nor write into what the next spec saw.
var errSealed = errors.New("the spec that sends this request has already ended")

// Recorder keeps the evidence of one spec. Once sealed it takes nothing more, and requests made with its context are
// refused. It is safe for concurrent use; a nil Recorder records nothing.
type Recorder struct {
	requirement string
	sparse      int // how many requests are kept whole, 0 for all; of the others only those that go wrong
	unkept      int // how many requests left no trace
	wrong       int // how many are kept because they went wrong
	mu          sync.Mutex
	entries     []*entry
	refusals    []error
	closed      bool
	agent       atomic.Pointer[agent] // the last
}

// NewRecorder makes the Recorder of one requirement's spec.
func NewRecorder(requirement string) *Recorder { return &Recorder{requirement: requirement} }

// NewSparseRecorder makes the Recorder of a load: it keeps the first requests whole, and of the others those that were not
// answered with a success. What it leaves out it counts.
func NewSparseRecorder(requirement string, first int) *Recorder {
	return &Recorder{requirement: requirement, sparse: max(first, 1)}
}

// With returns a context whose requests are recorded by r.
func (r *Recorder) With(ctx context.Context) context.Context {
	return context.WithValue(ctx, recorderKey{}, r)
}

// Seal ends the recording: what is still on the way is kept as it stands.
func (r *Recorder) Seal() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, e := range r.entries {
		e.seal()
	}
}

// Len is the number of requests recorded so far.
func (r *Recorder) Len() int { return len(r.all()) }

// Unanswered reports whether a request got no answer, or one that broke off.
func (r *Recorder) Unanswered() bool {
	for _, e := range r.all() {
		e.mu.Lock()
		failed := e.failure != ""
		e.mu.Unlock()
		if failed {
			return true
		}
	}
	return false
}

// all are the entries so far.
func (r *Recorder) all() []*entry {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*entry(nil), r.entries...)
}

// Refusals are the requests that the guard refused: each is a mistake of ours, never of the store.
func (r *Recorder) Refusals() []error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]error(nil), r.refusals...)
}

func recorderOf(ctx context.Context) *Recorder {
	r, _ := ctx.Value(recorderKey{}).(*Recorder)
	return r
}

func (r *Recorder) sealed() bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

func (r *Recorder) refused(err error) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.refusals = append(r.refusals, err)
	}
}

// entriesKept bounds the evidence of one spec: none sends nearly as much, but a listing without an end does.
const entriesKept = 2000

// wrongKept bounds how many failed requests a sparse Recorder keeps.
const wrongKept = 100

// begin enters a request.
func (r *Recorder) begin(req *http.Request, secrets *spelt) (*entry, error) {
	e := &entry{started: time.Now(), secrets: secrets}
	if r == nil {
		e.request = harRequestOf(req, secrets)
		return e, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errSealed
	}
	if r.sparse > 0 && len(r.entries) >= r.sparse {
		e.later, e.of = req, r
		r.unkept++
		return e, nil
	}
	e.request = harRequestOf(req, secrets)
	if len(r.entries) < entriesKept {
		r.entries = append(r.entries, e)
	}
	return e, nil
}

// keep takes a request into the evidence that was left out at first: something went wrong with it.
func (r *Recorder) keep(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.wrong >= wrongKept {
		return
	}
	r.wrong++
	r.unkept--
	r.entries = append(r.entries, e)
}

// Unkept is how many requests were sent, answered with a success and left out of the evidence.
func (r *Recorder) Unkept() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unkept
}

// bodyKept is how much of an error's body is looked at for its code and message.
const bodyKept = 8 << 10

// moment is a point in the course of a request.
type moment int

const (
	securing moment = iota
	secured
	connected
	sent
	answered
	moments
)

// entry is one request and its answer.
type entry struct {
	mu       sync.Mutex
	closed   bool
	kept     bool // it went over a connection that was there
	started  time.Time
	ended    time.Time
	at       [moments]time.Time
	secrets  *spelt
	request  harRequest
	response harResponse
	body     []byte
	size     int64
	failure  string

	later *http.Request // of an entry that is left out as long as nothing goes wrong
	of    *Recorder
}

// wrong takes an entry that was left out into the evidence.
func (e *entry) wrong() {
	e.mu.Lock()
	req := e.later
	e.later = nil
	if req != nil {
		e.request = harRequestOf(req, e.secrets)
	}
	e.mu.Unlock()
	if req != nil {
		e.of.keep(e)
	}
}

// write changes an entry that is still open.
func (e *entry) write(change func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		change()
	}
}

func (e *entry) seal() {
	e.end()
	e.write(func() { e.closed = true })
}

func (e *entry) end() {
	e.write(func() {
		if e.ended.IsZero() {
			e.ended = time.Now()
		}
	})
}

// mark notes a moment when it first comes: a further try, which is never sent, changes nothing.
func (e *entry) mark(m moment) {
	e.write(func() {
		if e.at[m].IsZero() && (m > secured || e.at[connected].IsZero()) {
			e.at[m] = time.Now()
		}
	})
}

func (e *entry) reached(m moment) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.at[m].IsZero()
}

func (e *entry) fail(err error) {
	e.wrong()
	e.write(func() { e.failure, e.ended = failureWords(err), time.Now() })
}

func (e *entry) answer(resp *http.Response) {
	if e.later != nil {
		if resp.StatusCode < 300 {
			return
		}
		e.wrong()
	}
	e.write(func() { e.response = harResponseOf(resp, e.secrets) })
}

func (e *entry) read(p []byte, err error) {
	if e.later != nil {
		return
	}
	e.write(func() {
		e.size += int64(len(p))
		if e.response.Status >= 300 && len(e.body) < bodyKept {
			e.body = append(e.body, p[:min(len(p), bodyKept-len(e.body))]...)
		}
		if err != nil && e.ended.IsZero() {
			e.ended = time.Now()
		}
	})
}
