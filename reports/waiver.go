package reports

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// WaiversKind begins every file of waivers, after APIVersion.
const WaiversKind = "Waivers"

// The form of Waiver.Expires.
const dayForm = "2006-01-02"

// leastMessage is the fewest letters and digits of an expected message, and leastPiece the fewest of what stands between two
// stars to be counted: one that fits anything, such as *e*a*t*o*i*n*s*r*, would waive anything.
const (
	leastMessage = 8
	leastPiece   = 4
)

// Waiver lets one requirement be broken, in one known way, for a time, and says who answers for it. It covers what was
// observed not to hold, and nothing else: what could not be decided stays undecided.
type Waiver struct {
	ID      string `json:"id" yaml:"id"`
	Reason  string `json:"reason" yaml:"reason"`
	Owner   string `json:"owner" yaml:"owner"`
	Issue   string `json:"issue" yaml:"issue"`     // a link
	Expires string `json:"expires" yaml:"expires"` // the last day on which it holds, in UTC, as 2027-03-31
	Message string `json:"message" yaml:"message"` // the reason the requirement is expected to fail with; * stands for any text

	State WaiverState `json:"state" yaml:"-"` // set by Conclude
}

// WaiverState is what a run makes of a waiver. Only Holds lets the requirement count as met.
type WaiverState string

// The states of a waiver.
const (
	Holds            WaiverState = "holds"
	WaiverInvalid    WaiverState = "invalid"           // it lacks something that every waiver must say, or stands there twice
	WaiverExpired    WaiverState = "expired"           // before the run ended
	WaiverUnmatched  WaiverState = "another message"   // the requirement fails in another way than was expected
	WaiverUnneeded   WaiverState = "not needed"        // the requirement is met without it
	WaiverForeign    WaiverState = "no such line"      // the run has no such requirement
	WaiverUntested   WaiverState = "undecided"         // the requirement could not be decided
	WaiverNotApplied WaiverState = "not yet taken off" // it would hold, and the requirement still counts as failed
)

// lastDay checks that a waiver says all it must, and returns the moment from which it no longer holds.
func (w Waiver) lastDay() (time.Time, error) {
	for _, f := range []struct{ name, value string }{
		{"id", w.ID}, {"reason", w.Reason}, {"owner", w.Owner}, {"issue", w.Issue}, {"expires", w.Expires}, {"message", w.Message},
	} {
		if blank(f.value) || f.name != "message" && lettersOf(f.value) == 0 {
			return time.Time{}, fmt.Errorf("a waiver must say its %s", f.name)
		}
		if visible(f.value) != f.value {
			return time.Time{}, fmt.Errorf("its %s has a control character, or one that turns the direction of writing: what is seen is not what it says", f.name)
		}
	}
	u, err := url.Parse(w.Issue)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return time.Time{}, errors.New("the issue must be a link, https://..., without credentials")
	}
	day, err := time.Parse(dayForm, w.Expires)
	if err != nil {
		return time.Time{}, fmt.Errorf("expires must be a day such as 2027-03-31, not %s", quoted(w.Expires))
	}
	letters := 0
	for _, piece := range strings.Split(w.Message, "*") {
		if n := lettersOf(piece); n >= leastPiece {
			letters += n
		}
	}
	if letters < leastMessage {
		return time.Time{}, fmt.Errorf("the message %q would fit nearly anything: at least %d letters or digits of it must be said, %d or more together",
			brief(w.Message), leastMessage, leastPiece)
	}
	return day.AddDate(0, 0, 1), nil
}

// lettersOf counts letters and digits: what has none says nothing, whatever invisible characters it is made of.
func lettersOf(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// Ends is the moment from which the waiver no longer holds; the zero time for one that never did.
func (w Waiver) Ends() time.Time {
	end, err := w.lastDay()
	if err != nil {
		return time.Time{}
	}
	return end
}

// fits says whether a requirement failed with the message that was expected: white space apart, and * for any text.
func (w Waiver) fits(reason string) bool {
	if blank(reason) {
		return false
	}
	rest := inline(reason)
	parts := strings.Split(inline(w.Message), "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return rest == first
	}
	if !strings.HasPrefix(rest, first) {
		return false
	}
	rest = rest[len(first):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return strings.HasSuffix(rest, last)
}

// waiverStates says what a result makes of each of its waivers. It goes by the result alone, never by what was written down
// before.
func (r *Result) waiverStates() []WaiverState {
	times, lines := map[string]int{}, map[string]*Requirement{}
	for _, w := range r.Waivers {
		times[w.ID]++
	}
	for i := range r.Requirements {
		if q := &r.Requirements[i]; lines[q.ID] == nil {
			lines[q.ID] = q
		}
	}
	states := make([]WaiverState, len(r.Waivers))
	for i, w := range r.Waivers {
		end, err := w.lastDay()
		switch {
		case err != nil || times[w.ID] > 1:
			states[i] = WaiverInvalid
		case r.Run.Finished.IsZero() || !r.Run.Finished.Before(end):
			states[i] = WaiverExpired
		default:
			states[i] = w.stateOn(lines[w.ID])
		}
	}
	return states
}

// stateOn says what one line makes of a waiver that is valid; nil is none.
func (w Waiver) stateOn(q *Requirement) WaiverState {
	if q == nil {
		return WaiverForeign
	}
	switch q.Outcome {
	case Passed, NotApplicable:
		return WaiverUnneeded
	case Unsupported:
		if q.Optional {
			return WaiverUnneeded
		}
	case Waived, Failed:
		switch {
		case !w.fits(q.Reason):
			return WaiverUnmatched
		case q.Outcome == Failed:
			return WaiverNotApplied
		}
		return Holds
	}
	return WaiverUntested
}

// Waive takes the waivers into a concluded result and concludes it anew: what failed as expected becomes waived. Each
// waiver stays with the result, whatever became of it.
func (r *Result) Waive(ws []Waiver) {
	r.Waivers = append([]Waiver{}, ws...)
	apply := map[string]bool{}
	for i, state := range r.waiverStates() {
		apply[r.Waivers[i].ID] = state == WaiverNotApplied
	}
	for i := range r.Requirements {
		if q := &r.Requirements[i]; apply[q.ID] && q.Outcome == Failed {
			q.Outcome = Waived
		}
	}
	r.Conclude(r.Required)
}

// held names the requirements whose waiver holds.
func (r *Result) held() map[string]bool {
	ids := map[string]bool{}
	for i, state := range r.waiverStates() {
		if state == Holds {
			ids[r.Waivers[i].ID] = true
		}
	}
	return ids
}

// words is a waiver in a sentence, as every report shows it.
func (w Waiver) words() string {
	return fmt.Sprintf("waiver of %s until %s, which %s: %s (%s)", w.Owner, w.Expires, w.State.words(), w.Reason, w.Issue)
}

func (s WaiverState) words() string {
	switch s {
	case Holds:
		return "holds"
	case WaiverExpired:
		return "had expired"
	case WaiverUnmatched:
		return "expected another message"
	case WaiverUnneeded:
		return "is not needed"
	case WaiverForeign:
		return "is for a requirement that isn't in this run"
	case WaiverUntested:
		return "is for what could not be decided"
	case WaiverNotApplied:
		return "was not applied"
	}
	return "is not a valid one"
}

// waiverOf is what the reports say of a requirement's waiver; "" without one.
func (r *Result) waiverOf(id string) string {
	for _, w := range r.Waivers {
		if w.ID == id {
			return w.words()
		}
	}
	return ""
}
