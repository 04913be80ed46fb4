package run

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// T is what a check reports to. Everything it is told before the spec ends counts; afterwards it takes nothing more, so
// that a check that outlived its limit can't speak for the next one.
type T struct {
	rec  *wire.Recorder
	hide *wire.Hider
	// settled are the kinds of error that a requirement which this check stands on has judged.
	settled map[bucket.Kind]string

	mu           sync.Mutex
	closed       bool
	decided      reports.Outcome // "" until something other than passing was decided
	reason       string
	standsOn     string // the requirement that kept it from being decided
	expected     string
	actual       string
	remedy       string
	mends        bool // the catalogue's remedy is also for what keeps the check from deciding
	unknown      bool // the last answer was that the store doesn't implement what was asked
	observations []reports.Observation
	requests     int // how many requests earlier observations account for
	denials      int // denials that were seen with their control
	controls     int

	throughput *reports.Throughput
	operations Operations
}

// Operations are all that a load sent, a row each.
type Operations interface {
	// WriteCSV writes them as CSV, compressed by gzip.
	WriteCSV(w io.Writer) error
}

// Measure hands over what a load came to, for the result. What a user wrote in it is cleaned of secrets.
func (t *T) Measure(m *reports.Throughput, o Operations) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	c := *m
	c.Budget = t.clean(c.Budget)
	c.Failures = slices.Clone(c.Failures)
	for i := range c.Failures {
		c.Failures[i].What = t.clean(c.Failures[i].What)
	}
	t.throughput, t.operations = &c, o
}

// Observe records something that was seen, with the requests since the last observation.
func (t *T) Observe(format string, a ...any) {
	t.add(reports.Observation{What: fmt.Sprintf(format, a...)})
}

// Equal records what was seen, and fails when it is not what had to be. Values are compared as they are written, bytes
// as they are.
func (t *T) Equal(what string, expected, actual any) {
	e, a := words(expected), words(actual)
	t.add(reports.Observation{What: what, Expected: e, Actual: a})
	eb, ok1 := expected.([]byte)
	ab, ok2 := actual.([]byte)
	if ok1 != ok2 || e != a || !bytes.Equal(eb, ab) {
		t.Fail(what+": "+e, a)
	}
}

// True records what was seen, and fails when it does not hold.
func (t *T) True(what, expected string, holds bool, actual string) {
	t.add(reports.Observation{What: what, Expected: expected, Actual: actual})
	if !holds {
		t.Fail(what+": "+expected, actual)
	}
}

// Fail ends the check: the requirement was seen not to hold.
func (t *T) Fail(expected, actual string) {
	t.decide(reports.Failed, "", expected, actual)
}

// Advise says what would mend this very bucket, in the place of the catalogue's general remedy.
func (t *T) Advise(format string, a ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.remedy = t.clean(fmt.Sprintf(format, a...))
	}
}

// AdviseRemedy says that the catalogue's remedy mends also what keeps this check from deciding. Without it a check that
// could not be decided is told no remedy: one that mends a breach would lead astray.
func (t *T) AdviseRemedy() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.mends = true
	}
}

// answered remembers whether the store's last answer was that it doesn't implement what was asked.
func (t *T) answered(unknown bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.unknown = unknown
	}
}

// Errorf ends the check: the requirement could not be decided.
func (t *T) Errorf(format string, a ...any) {
	t.decide(reports.Errored, fmt.Sprintf(format, a...), "", "")
}

// NotApplicable ends the check: the requirement's precondition was read, and is false.
func (t *T) NotApplicable(format string, a ...any) {
	t.Observe(format, a...)
	t.decide(reports.NotApplicable, fmt.Sprintf(format, a...), "", "")
}

// Unverified ends the check: this store doesn't enforce the rule, so nothing could be seen.
func (t *T) Unverified(format string, a ...any) {
	t.decide(reports.Unverified, fmt.Sprintf(format, a...), "", "")
}

// Unsupported ends the check: the subject has no such thing, declared it, and was seen not to have it.
func (t *T) Unsupported(format string, a ...any) {
	t.Observe(format, a...)
	t.decide(reports.Unsupported, fmt.Sprintf(format, a...), "", "")
}

// OK ends the check unless err is nil. A definite answer of the store fails the requirement; no answer leaves it
// undecided (design: outcomes and verdict).
func (t *T) OK(expected string, err error) {
	if err == nil {
		t.answered(false)
		return
	}
	e, said := bucket.Classify("", err), words(err)
	t.answered(e.Kind == bucket.KindNotImplemented)
	switch g := (*wire.GuardError)(nil); {
	case errors.As(err, &g):
		t.Errorf("%s", g)
	case t.Decides(e):
		t.add(reports.Observation{What: "the store answered", Expected: expected, Actual: said})
		t.Fail(expected, said)
	default:
		t.unanswered(e)
		t.Errorf("no answer that decides it: %s", said)
	}
}

// Decides reports whether an error is an answer that decides something for this check. That the store can't be reached is one
// only for whoever asks just that: after it was reached, it says nothing about the bucket.
func (t *T) Decides(e *bucket.Error) bool {
	_, gone := t.settled[e.Kind]
	return e.Kind.Definite() && (e.Status != 0 || !gone)
}

// Answer is what a store said to one request.
type Answer struct {
	Status int
	Kind   bucket.Kind
	Code   string
	Header http.Header
	Body   []byte
}

// String writes an answer in a few words.
func (a Answer) String() string {
	s := fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	if a.Code != "" {
		s += " (" + a.Code + ")"
	}
	return s
}

// Denial is a refusal to prove. Every part of it is owed.
type Denial struct {
	// What is refused, and what its answer must look like, in words.
	What, Expected string
	// Control does the same thing rightly, and must succeed: it shows that the refusal is about what it is about.
	Control func() Answer
	// Attempt does the forbidden thing.
	Attempt func() Answer
	// Refused decides on the answer to the attempt.
	Refused func(Answer) bool
	// Untouched looks whether the attempt left a trace; it returns what is wrong, or "".
	Untouched func() string
}

// Denied proves a refusal beside its positive control and with the absence of side effects.
func (t *T) Denied(d Denial) {
	if d.Control == nil || d.Attempt == nil || d.Refused == nil || d.Untouched == nil {
		t.Errorf("the denial of %s has no positive control, or doesn't look for side effects", d.What)
	}
	control := d.Control()
	t.add(reports.Observation{What: "positive control of: " + d.What, Expected: "success", Actual: control.String(), Control: true})
	if control.Status < 200 || control.Status > 299 {
		t.Errorf("the positive control of %q did not succeed: %s", d.What, control)
	}
	t.mu.Lock()
	t.controls++
	t.mu.Unlock()
	got := d.Attempt()
	t.add(reports.Observation{What: d.What, Expected: d.Expected, Actual: got.String()})
	if got.Status >= 500 || got.Status == 0 {
		t.Errorf("no answer that decides whether %s is refused: %s", d.What, got)
	}
	if !d.Refused(got) {
		t.Fail(d.What+": "+d.Expected, got.String())
	}
	trace := d.Untouched()
	t.add(reports.Observation{What: "side effects of: " + d.What, Expected: "none", Actual: orNone(trace)})
	if trace != "" {
		t.Fail(d.What+" leaves no trace", trace)
	}
	t.mu.Lock()
	t.denials++
	t.mu.Unlock()
}

// DeniedBy proves a refusal by which nothing can have changed: the control is accepted, the attempt is refused. Each says
// what came of it, and whether that is as it has to be.
func (t *T) DeniedBy(what, expected string, control, attempt func() (actual string, ok bool)) {
	actual, ok := control()
	t.add(reports.Observation{What: "positive control of: " + what, Expected: "accepted", Actual: actual, Control: true})
	if !ok {
		t.Errorf("the positive control of %q was not accepted: %s", what, actual)
	}
	actual, ok = attempt()
	t.True(what, expected, ok, actual)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.controls++
	t.denials++
}

// Do sends a request and reads the whole answer. No answer, or one that only says that the store is busy or broken, ends the
// check as errored.
func (t *T) Do(client *http.Client, req *http.Request) Answer {
	a, err := Do(client, req)
	if err != nil {
		e := bucket.Classify(strings.ToLower(req.Method), err)
		if t.Decides(e) {
			t.Fail("an answer to "+req.Method, e.Error())
		}
		t.unanswered(e)
		t.Errorf("no answer: %s", e.Error())
	}
	t.answered(a.Kind == bucket.KindNotImplemented)
	if a.Status == http.StatusTooManyRequests || (a.Status >= 500 && a.Status != http.StatusNotImplemented) {
		t.unanswered(&bucket.Error{Kind: a.Kind, Status: a.Status})
		t.Errorf("no answer that decides it: %s to %s", a, req.Method)
	}
	return a
}

func (t *T) add(o reports.Observation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	for n := t.rec.Len(); t.requests < n; t.requests++ {
		o.Requests = append(o.Requests, t.requests)
	}
	o.What, o.Expected, o.Actual = t.clean(o.What), t.clean(o.Expected), t.clean(o.Actual)
	t.observations = append(t.observations, o)
}

func (t *T) decide(o reports.Outcome, reason, expected, actual string) {
	t.settle(o, reason, expected, actual)
	runtime.Goexit() // ends the check; what it decided is read by the run
}

// settle decides without ending the goroutine. The first decision counts.
func (t *T) settle(o reports.Outcome, reason, expected, actual string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.decided == "" && !t.closed {
		t.decided, t.reason, t.expected, t.actual = o, t.clean(reason), t.clean(expected), t.clean(actual)
	}
}

// close ends the taking of observations.
func (t *T) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// clean is the last net below everything that specs say.
func (t *T) clean(s string) string { return t.hide.Clean(s) }

func words(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []byte:
		return fmt.Sprintf("%d bytes (SHA-256 %.8x...)", len(x), sha256.Sum256(x))
	case error:
		return strings.TrimPrefix(bucket.Classify("", x).Error(), ": ") // what was being done is known to whoever asks
	}
	return fmt.Sprint(v)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
