package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// maxJSON bounds a result that is read, in bytes. The largest real ones are below 1 MiB.
const maxJSON = 64 << 20

// WriteJSON writes result.json: indented, verdict first, the same bytes for the same result. Lists are never null and
// times are UTC.
func (r *Result) WriteJSON(w io.Writer) error {
	c := *r
	c.Why = append([]string{}, r.Why...)
	c.Required = append([]Required{}, r.Required...)
	c.Requirements = append([]Requirement{}, r.Requirements...)
	for i := range c.Requirements {
		if c.Requirements[i].Observations == nil {
			c.Requirements[i].Observations = []Observation{}
		}
	}
	if c.Counts == nil {
		c.Counts = map[Outcome]int{}
	}
	c.Run.Started, c.Run.Finished = r.Run.Started.UTC(), r.Run.Finished.UTC()
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // a JSON file, never part of a page
	if err := e.Encode(&c); err != nil {
		return fmt.Errorf("writing the result as JSON: %w", err)
	}
	return nil
}

// ReadJSON reads a result.json. It refuses another kind or version, whatever DecodeStrict does, a result of nothing, a
// requirement missing, added or repeated, an ID or a catalogue's digest that can't be one, counts that aren't those of its
// requirements, and a verdict or a waiver's state that doesn't follow from them: a result can't be made certified by editing
// one word.
func ReadJSON(r io.Reader) (*Result, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	if err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	if len(data) > maxJSON {
		return nil, fmt.Errorf("reading the result: larger than %s", size(maxJSON))
	}
	if err := plainText(data); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	var header struct{ APIVersion, Kind string }
	if err := json.Unmarshal(data, &header); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	if header.APIVersion != APIVersion || header.Kind != Kind {
		return nil, fmt.Errorf("reading the result: it is apiVersion %q, kind %q, not %q, %q", brief(header.APIVersion), brief(header.Kind), APIVersion, Kind)
	}
	res := new(Result)
	if err := DecodeStrict(data, res); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	if err := res.whole(); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	if err := res.check(); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	return res, nil
}

// whole says whether a result has a line for everything that was required, once, and nothing besides: every run writes
// one so, and a line that was taken out or put in later shows.
func (r *Result) whole() error {
	if len(r.Requirements) == 0 || len(r.Required) == 0 {
		return errors.New("it holds no requirement: it is a result of nothing")
	}
	lines, required := map[string]bool{}, map[string]bool{}
	if !isDigest(r.Catalogue) && r.Catalogue != "" {
		return fmt.Errorf("%q is no digest of a catalogue: 64 hexadecimal digits", brief(r.Catalogue))
	}
	for _, q := range r.Requirements {
		if !isID(q.ID) || lines[q.ID] {
			return fmt.Errorf("the line %+q is without an ID of letters, digits and hyphens, or there twice", brief(q.ID))
		}
		lines[q.ID] = true
	}
	for _, q := range r.Required {
		if !isID(q.ID) || required[q.ID] {
			return fmt.Errorf("the requirement %+q is without an ID of letters, digits and hyphens, or required twice", brief(q.ID))
		}
		required[q.ID] = true
		if !lines[q.ID] {
			return fmt.Errorf("%s is required and missing", q.ID)
		}
	}
	for _, q := range r.Requirements {
		if !required[q.ID] {
			return fmt.Errorf("%s is a line that nothing required", q.ID)
		}
	}
	return nil
}

// isID reports whether a requirement's ID can be one: letters that only look like others, and what isn't seen, can't be in it.
func isID(id string) bool {
	return id != "" && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isDigest reports whether a text can be the SHA-256 of a catalogue, in hex.
func isDigest(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

// check says whether what is computed in a result follows from the rest of it.
func (r *Result) check() error {
	switch r.Verdict {
	case Certified, NotCertified, Incomplete, Undecided:
	default:
		return fmt.Errorf("unknown verdict %q", brief(string(r.Verdict)))
	}
	for _, q := range r.Requirements {
		if !knownOutcome(q.Outcome) {
			return fmt.Errorf("%s: unknown outcome %q", q.ID, brief(string(q.Outcome)))
		}
	}
	if want := count(r); !reflect.DeepEqual(r.Counts, want) {
		return fmt.Errorf("its counts %v are not those of its requirements, %v", r.Counts, want)
	}
	states := r.waiverStates()
	for i, w := range r.Waivers {
		if w.State != states[i] {
			return fmt.Errorf("its waiver for %+q is said to be %q, but what it says makes it %q", brief(w.ID), brief(string(w.State)), states[i])
		}
	}
	if verdict, why := Decide(r.Required, r); verdict != r.Verdict {
		return fmt.Errorf("its verdict is %q, but what it says makes it %q: %s", r.Verdict, verdict, strings.Join(why, " "))
	}
	return nil
}
