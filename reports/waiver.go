package reports

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"
)

// WaiversKind begins every file of waivers, after APIVersion.
const WaiversKind = "Waivers"

// The form of Waiver.Expires.
const dayForm = "2006-01-02"

// leastMessage is the fewest letters and digits of an expected message: one that fits anything would waive anything.
const leastMessage = 8

// maxWaivers bounds a file of waivers, in bytes.
const maxWaivers = 1 << 20

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

// waiversFile is the file's form. A key that is not here is refused.
type waiversFile struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Waivers    []Waiver `yaml:"waivers"`
}

// ReadWaivers reads a YAML file of waivers. It is strict: an unknown or repeated key, a second document, an ID twice, one
// that known doesn't know, and a waiver that lacks anything are errors, each naming the waiver's ID.
func ReadWaivers(r io.Reader, known func(id string) bool) ([]Waiver, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxWaivers+1))
	if err != nil {
		return nil, fmt.Errorf("reading the waivers: %w", err)
	}
	if len(data) > maxWaivers {
		return nil, fmt.Errorf("reading the waivers: larger than %s", size(maxWaivers))
	}
	d := yaml.NewDecoder(strings.NewReader(string(data)), yaml.Strict())
	var f waiversFile
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the waivers: %w", plainYAML(err))
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the waivers: a second YAML document follows")
	}
	if f.APIVersion != APIVersion || f.Kind != WaiversKind {
		return nil, fmt.Errorf("reading the waivers: the file is apiVersion %q, kind %q, not %q, %q", f.APIVersion, f.Kind, APIVersion, WaiversKind)
	}
	if len(f.Waivers) == 0 {
		return nil, errors.New("reading the waivers: the file holds none")
	}
	seen := map[string]bool{}
	for i, w := range f.Waivers {
		switch {
		case w.ID == "":
			return nil, fmt.Errorf("reading the waivers: the waiver at place %d has no id", i+1)
		case seen[w.ID]:
			return nil, fmt.Errorf("reading the waivers: %q is waived twice", w.ID)
		case !known(w.ID):
			return nil, fmt.Errorf("reading the waivers: %q is no requirement of the catalogue", w.ID)
		}
		seen[w.ID] = true
		if _, err := w.lastDay(); err != nil {
			return nil, fmt.Errorf("reading the waivers: %s: %w", w.ID, err)
		}
	}
	return f.Waivers, nil
}

// plainYAML is a YAML error without the excerpt of the file and its colours.
func plainYAML(err error) error {
	var y yaml.Error
	if !errors.As(err, &y) || y.GetToken() == nil {
		return err
	}
	p := y.GetToken().Position
	return fmt.Errorf("line %d, column %d: %s", p.Line, p.Column, y.GetMessage())
}

// lastDay checks that a waiver says all it must, and returns the moment from which it no longer holds.
func (w Waiver) lastDay() (time.Time, error) {
	for _, f := range []struct{ name, value string }{
		{"id", w.ID}, {"reason", w.Reason}, {"owner", w.Owner}, {"issue", w.Issue}, {"expires", w.Expires}, {"message", w.Message},
	} {
		if blank(f.value) {
			return time.Time{}, fmt.Errorf("a waiver must say its %s", f.name)
		}
	}
	u, err := url.Parse(w.Issue)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return time.Time{}, errors.New("the issue must be a link, https://..., without credentials")
	}
	day, err := time.Parse(dayForm, w.Expires)
	if err != nil {
		return time.Time{}, fmt.Errorf("expires must be a day such as 2027-03-31, not %q", w.Expires)
	}
	letters := 0
	for _, r := range w.Message {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
	}
	if letters < leastMessage {
		return time.Time{}, fmt.Errorf("the message %q would fit nearly anything: at least %d letters or digits of it must be said", w.Message, leastMessage)
	}
	return day.AddDate(0, 0, 1), nil
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

// stateIn says what a result makes of the waiver. It goes by the result alone, never by what was written down before.
func (w Waiver) stateIn(r *Result) WaiverState {
	end, err := w.lastDay()
	if err != nil {
		return WaiverInvalid
	}
	same := 0
	for _, other := range r.Waivers {
		if other.ID == w.ID {
			same++
		}
	}
	if same > 1 {
		return WaiverInvalid
	}
	if r.Run.Finished.IsZero() || !r.Run.Finished.Before(end) {
		return WaiverExpired
	}
	for _, q := range r.Requirements {
		if q.ID != w.ID {
			continue
		}
		switch q.Outcome {
		case Passed, NotApplicable:
			return WaiverUnneeded
		case Unsupported:
			if q.Optional {
				return WaiverUnneeded
			}
			return WaiverUntested
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
	return WaiverForeign
}

// Waive takes the waivers into a concluded result and concludes it anew: what failed as expected becomes waived. Each
// waiver stays with the result, whatever became of it.
func (r *Result) Waive(ws []Waiver) {
	r.Waivers = append([]Waiver{}, ws...)
	for _, w := range r.Waivers {
		if w.stateIn(r) != WaiverNotApplied {
			continue
		}
		for i := range r.Requirements {
			if q := &r.Requirements[i]; q.ID == w.ID && q.Outcome == Failed {
				q.Outcome = Waived
			}
		}
	}
	r.Conclude(r.Required)
}

// held names the requirements whose waiver holds.
func (r *Result) held() map[string]bool {
	ids := map[string]bool{}
	for _, w := range r.Waivers {
		if w.stateIn(r) == Holds {
			ids[w.ID] = true
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
