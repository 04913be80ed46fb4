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

// begin enters a request: as left where it is left out, and else as a new entry.
func (r *Recorder) begin(left *entry, req *http.Request, secrets *spelt) (*entry, error) {
	left.started, left.secrets = time.Now(), secrets
	if r == nil {
		left.shown = &shown{request: harRequestOf(req, secrets)}
		return left, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errSealed
	}
	if r.sparse > 0 && len(r.entries) >= r.sparse {
		left.later, left.of = req, r
		r.unkept++
		return left, nil
	}
	e := &entry{started: left.started, secrets: secrets, shown: &shown{request: harRequestOf(req, secrets)}}
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

// entry is one request and its answer. Moments are counted from its start, 0 where they didn't come.
type entry struct {
	mu      sync.Mutex
	closed  bool
	kept    bool // it went over a connection that was there
	started time.Time
	ended   time.Duration
	at      [moments]time.Duration
	secrets *spelt
	failure string
	shown   *shown // nil as long as it is left out

	later *http.Request // of an entry that is left out as long as nothing goes wrong
	of    *Recorder
}

// shown is what of a request and its answer is evidence.
type shown struct {
	request  harRequest
	response harResponse
	body     []byte
	size     int64
}

// since is the time since the request began, never 0.
func (e *entry) since() time.Duration { return max(1, time.Since(e.started)) }

// wrong takes an entry that was left out into the evidence.
func (e *entry) wrong() {
	e.mu.Lock()
	req := e.later
	e.later = nil
	if req != nil {
		e.shown = &shown{request: harRequestOf(req, e.secrets)}
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
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed && e.ended == 0 {
		e.ended = e.since()
	}
}

// got notes that it has a connection.
func (e *entry) got(kept bool) {
	e.write(func() { e.kept = e.kept || kept })
	e.mark(connected)
}

// mark notes a moment when it first comes: a further try, which is never sent, changes nothing.
func (e *entry) mark(m moment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed && e.at[m] == 0 && (m > secured || e.at[connected] == 0) {
		e.at[m] = e.since()
	}
}

func (e *entry) reached(m moment) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.at[m] != 0
}

// fail ends it without an answer.
func (e *entry) fail(err error) {
	e.broke(err)
	e.write(func() { e.ended = e.since() })
}

// broke says why it went wrong.
func (e *entry) broke(err error) {
	e.wrong()
	e.write(func() { e.failure = failureWords(err) })
}

// success reports whether a request was answered with one.
func success(resp *http.Response) bool { return resp.StatusCode/100 == 2 }

func (e *entry) answer(resp *http.Response) {
	if e.later != nil {
		if success(resp) {
			return
		}
		e.wrong()
	}
	e.write(func() { e.shown.response = harResponseOf(resp, e.secrets) })
}

func (e *entry) read(p []byte, err error) {
	if e.later != nil {
		return
	}
	e.write(func() {
		x := e.shown
		x.size += int64(len(p))
		if x.response.Status >= 300 && len(x.body) < bodyKept {
			x.body = append(x.body, p[:min(len(p), bodyKept-len(x.body))]...)
		}
		if err != nil && e.ended == 0 {
			e.ended = e.since()
		}
	})
}
