package reports

import (
	"bytes"
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

// ReadJSON reads a result.json. It refuses another kind or version, unknown and repeated names, anything after the
// result, a result of nothing, a requirement missing, added or repeated, counts that aren't those of its requirements,
// and a verdict or a waiver's state that doesn't follow from them: a result can't be made certified by editing one word.
func ReadJSON(r io.Reader) (*Result, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	if err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	if len(data) > maxJSON {
		return nil, fmt.Errorf("reading the result: larger than %s", size(maxJSON))
	}
	var header struct{ APIVersion, Kind string }
	if err := json.Unmarshal(data, &header); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	if header.APIVersion != APIVersion || header.Kind != Kind {
		return nil, fmt.Errorf("reading the result: it is apiVersion %q, kind %q, not %q, %q", header.APIVersion, header.Kind, APIVersion, Kind)
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
	for _, q := range r.Requirements {
		if q.ID == "" || lines[q.ID] {
			return fmt.Errorf("the line %q is without ID, or there twice", q.ID)
		}
		lines[q.ID] = true
	}
	for _, q := range r.Required {
		if q.ID == "" || required[q.ID] {
			return fmt.Errorf("the requirement %q is without ID, or required twice", q.ID)
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

// check says whether what is computed in a result follows from the rest of it.
func (r *Result) check() error {
	switch r.Verdict {
	case Certified, NotCertified, Incomplete, Undecided:
	default:
		return fmt.Errorf("unknown verdict %q", r.Verdict)
	}
	for _, q := range r.Requirements {
		if !knownOutcome(q.Outcome) {
			return fmt.Errorf("%s: unknown outcome %q", q.ID, q.Outcome)
		}
	}
	if want := count(r); !reflect.DeepEqual(r.Counts, want) {
		return fmt.Errorf("its counts %v are not those of its requirements, %v", r.Counts, want)
	}
	for _, w := range r.Waivers {
		if want := w.stateIn(r); w.State != want {
			return fmt.Errorf("its waiver for %q is said to be %q, but what it says makes it %q", w.ID, w.State, want)
		}
	}
	if verdict, why := Decide(r.Required, r); verdict != r.Verdict {
		return fmt.Errorf("its verdict is %q, but what it says makes it %q: %s", r.Verdict, verdict, strings.Join(why, " "))
	}
	return nil
}

// DecodeStrict decodes one JSON document and refuses what encoding/json lets pass: unknown names, names that are there
// twice, in whatever case, and anything after the document.
func DecodeStrict(data []byte, v any) error {
	if err := uniqueNames(json.NewDecoder(bytes.NewReader(data))); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// uniqueNames walks one JSON document and refuses an object that has a name twice, upper and lower case being one
// since encoding/json takes them for one, and anything after the document.
func uniqueNames(d *json.Decoder) error {
	if err := uniqueNamesOf(d); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}

func uniqueNamesOf(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	names := map[string]bool{}
	for d.More() {
		if delim == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			folded := strings.ToLower(strings.ToUpper(name.(string))) // always a string: Token has checked it
			if names[folded] {
				return fmt.Errorf("the name %q is there twice", name)
			}
			names[folded] = true
		}
		if err := uniqueNamesOf(d); err != nil {
			return err
		}
	}
	_, err = d.Token() // the closing bracket
	return err
}
