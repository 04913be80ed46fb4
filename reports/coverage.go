package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Coverage says which store of a run verified each requirement: what one store doesn't enforce, another one may. A requirement
// that no store verified is nobody's word, whatever the verdicts.
type Coverage struct {
	APIVersion   string     `json:"apiVersion"`
	Kind         string     `json:"kind"`
	Stores       []Covering `json:"stores"`
	Requirements []Covered  `json:"requirements"`
}

// Covering is one subject of a run, and what its store was seen to enforce.
type Covering struct {
	Folder  string `json:"folder"` // of its report
	Profile string `json:"profile"`
	Store   Store  `json:"store"`
}

// Covered is one requirement of a profile, over all stores of that profile.
type Covered struct {
	Profile  string   `json:"profile"`
	ID       string   `json:"id"`
	Level    string   `json:"level"`
	Title    string   `json:"title"`
	Verified []string `json:"verified"` // stores that it was seen to hold on
	// Others are the stores that it was not seen to hold on, with the reason.
	Others []Unseen `json:"others,omitempty"`
}

// Unseen is a requirement's outcome on a store that didn't verify it.
type Unseen struct {
	Store   string  `json:"store"`
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"`
}

// NoStore reports whether nobody saw the requirement hold, nor that it doesn't apply.
func (c Covered) NoStore() bool {
	return len(c.Verified) == 0 && !slices.ContainsFunc(c.Others, func(u Unseen) bool { return u.Outcome == NotApplicable })
}

// StoreName names a store among those of a run: "MinIO, container".
func (s Store) StoreName() string {
	if s.Kind == "" {
		return s.Name
	}
	return s.Name + ", " + s.Kind
}

// Cover looks at all results of a run together.
func Cover(entries []IndexEntry) *Coverage {
	c := &Coverage{APIVersion: APIVersion, Kind: "Coverage", Stores: []Covering{}, Requirements: []Covered{}}
	at := map[[2]string]int{}
	for _, e := range entries {
		if e.Result == nil {
			continue
		}
		store := e.Result.Subject.Store
		c.Stores = append(c.Stores, Covering{Folder: e.Folder, Profile: e.Result.Profile, Store: store})
		for _, r := range e.Result.Requirements {
			key := [2]string{e.Result.Profile, r.ID}
			i, ok := at[key]
			if !ok {
				i = len(c.Requirements)
				at[key] = i
				c.Requirements = append(c.Requirements, Covered{Profile: e.Result.Profile, ID: r.ID, Level: r.Level, Title: r.Title, Verified: []string{}})
			}
			line := &c.Requirements[i]
			if r.Outcome == Passed {
				line.Verified = append(line.Verified, store.StoreName())
			} else {
				line.Others = append(line.Others, Unseen{store.StoreName(), r.Outcome, r.Reason})
			}
		}
	}
	return c
}

// Nobody are the requirements that must hold and that no store verified, one line each, in their order.
func (c *Coverage) Nobody() []Covered {
	var out []Covered
	for _, r := range c.Requirements {
		if r.Level == "MUST" && r.NoStore() {
			out = append(out, r)
		}
	}
	return out
}

// UnseenGroup are requirements of one profile that no store verified, for one reason.
type UnseenGroup struct {
	Profile, Why string
	Lines        []Covered
}

// IDs are those of its requirements, in their order.
func (u UnseenGroup) IDs() string {
	ids := make([]string, len(u.Lines))
	for i, l := range u.Lines {
		ids[i] = l.ID
	}
	return strings.Join(ids, ", ")
}

// NobodyByReason is Nobody with what has one reason together: a store that could not be had is said once, not for each
// requirement.
func (c *Coverage) NobodyByReason() []UnseenGroup {
	var out []UnseenGroup
	for _, r := range c.Nobody() {
		why := r.Why()
		i := slices.IndexFunc(out, func(u UnseenGroup) bool { return u.Profile == r.Profile && u.Why == why })
		if i < 0 {
			i, out = len(out), append(out, UnseenGroup{Profile: r.Profile, Why: why})
		}
		out[i].Lines = append(out[i].Lines, r)
	}
	return out
}

// Why is one sentence on why no store verified it: the reasons, each once.
func (c Covered) Why() string {
	var words []string
	for _, u := range c.Others {
		w := fmt.Sprintf("%s: %s", u.Outcome, u.Reason)
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return strings.Join(words, "; ")
}

// WriteJSON writes the coverage, indented.
func (c *Coverage) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(c)
}
