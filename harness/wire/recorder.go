package wire

import (
	"context"
	"errors"
	"net/http"
	"sync"
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
	mu          sync.Mutex
	entries     []*entry
	refusals    []error
	closed      bool
}

// NewRecorder makes the Recorder of one requirement's spec.
func NewRecorder(requirement string) *Recorder { return &Recorder{requirement: requirement} }

// With returns a context whose requests are recorded by r.
func (r *Recorder) With(ctx context.Context) context.Context {
	return context.WithValue(ctx, recorderKey{}, r)
}

// Seal ends the recording.
func (r *Recorder) Seal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// Len is the number of requests recorded so far.
func (r *Recorder) Len() int {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.entries)
}

// Refusals are the requests that the guard refused: each is a mistake of ours, never of the store.
func (r *Recorder) Refusals() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]error(nil), r.refusals...)
}

func recorderOf(ctx context.Context) *Recorder {
	r, _ := ctx.Value(recorderKey{}).(*Recorder)
	return r
}

func (r *Recorder) sealed() bool {
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

func (r *Recorder) begin(req *http.Request, secrets []string) *entry {
	e := &entry{rec: r, started: time.Now(), request: harRequestOf(req, secrets), secrets: secrets}
	if r == nil {
		return e
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.entries = append(r.entries, e)
	}
	return e
}

// bodyKept is how much of an error's body is looked at for its code and message.
const bodyKept = 8 << 10

// entry is one request and its answer.
type entry struct {
	rec      *Recorder
	mu       sync.Mutex
	started  time.Time
	secrets  []string
	request  harRequest
	response harResponse
	body     []byte
	size     int64
	failure  string

	connected, secured, sent, answered, ended time.Time
}

// open reports whether the entry may still be written to.
func (e *entry) open() bool { return e.rec != nil && !e.rec.sealed() }

func (e *entry) mark(at *time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	*at = time.Now()
}

func (e *entry) fail(err error) {
	if !e.open() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failure = failureWords(err)
	e.ended = time.Now()
}

func (e *entry) answer(resp *http.Response) {
	if !e.open() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.response = harResponseOf(resp, e.secrets)
}

func (e *entry) read(p []byte, err error) {
	if !e.open() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.size += int64(len(p))
	if e.response.Status >= 300 && len(e.body) < bodyKept {
		e.body = append(e.body, p[:min(len(p), bodyKept-len(e.body))]...)
	}
	if err != nil && e.ended.IsZero() {
		e.ended = time.Now()
	}
}

func (e *entry) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended.IsZero() {
		e.ended = time.Now()
	}
}
