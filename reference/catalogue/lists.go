package catalogue

import (
	"fmt"
	"slices"
)

// checkLists returns what is wrong with the editions, the profiles, the contradictions, the pending and the retired.
func (f *files) checkLists(c *Catalogue) []string {
	var problems []string
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	editions, defaults := map[string]bool{}, 0
	for _, e := range c.editions {
		if editions[e.ID] {
			say("editions.yaml: %s: stands twice", e.ID)
		}
		editions[e.ID] = true
		if e.Default {
			defaults++
			if e.ID != DefaultEdition {
				say("editions.yaml: %s: is marked as the default, want %s", e.ID, DefaultEdition)
			}
		}
		if e.ID == "" || e.Source.Document == "" || e.Different == "" {
			say("editions.yaml: %s: lacks its ID, source or what is different", e.ID)
		}
	}
	if defaults != 1 {
		say("editions.yaml: %d editions are marked as the default, want 1", defaults)
	}
	var names []string
	for _, p := range c.profiles {
		names = append(names, p.Name)
		if p.Kind != Bucket && p.Kind != Connector && p.Kind != "documents" {
			say("profiles.yaml: %s: unknown kind %q: known are bucket, connector, documents", p.Name, p.Kind)
		}
		if p.For == "" {
			say("profiles.yaml: %s: does not say what it is for", p.Name)
		}
		each(p.Editions, "edition", editions, func(format string, args ...any) {
			say("profiles.yaml: %s: "+format, append([]any{p.Name}, args...)...)
		})
	}
	if want := append(slices.Clone(Providers), "connector", "documents"); !slices.Equal(names, want) {
		say("profiles.yaml: the profiles are %q, want %q", names, want)
	}
	for i, x := range c.contradictions {
		if x.ID != i+1 {
			say("contradictions.yaml: %d: stands at place %d", x.ID, i+1)
		}
		if x.About == "" || x.Says == "" || x.Resolution == "" || len(x.Requirements) == 0 {
			say("contradictions.yaml: %d: lacks what it is about, what the sources say, the resolution or the requirements", x.ID)
		}
		for _, id := range x.Requirements {
			if _, ok := c.index[id]; !ok {
				say("contradictions.yaml: %d: unknown requirement %q", x.ID, id)
			}
		}
	}
	listed := map[string]string{}
	for _, suite := range f.pending.Pending {
		if suite.Suite == "" || suite.Reason == "" {
			say("pending.yaml: %s: lacks its suite or reason", suite.Suite)
		}
		for _, id := range suite.Requirements {
			i, ok := c.index[id]
			if !ok {
				say("pending.yaml: %s: unknown requirement %q", suite.Suite, id)
			}
			for _, p := range suite.Profiles {
				if ok && !slices.Contains(c.requirements[i].Profiles, p) {
					say("pending.yaml: %s: %s does not belong to profile %q", suite.Suite, id, p)
				}
			}
			if before, ok := listed[id]; ok {
				say("pending.yaml: %s: %s is pending already, in %s", suite.Suite, id, before)
			}
			listed[id] = suite.Suite
		}
	}
	retired := map[string]bool{}
	for _, r := range f.retired.Retired {
		if !idForm.MatchString(r.ID) || r.Why == "" {
			say("retired.yaml: %q: lacks a well-formed ID or the reason", r.ID)
		}
		if retired[r.ID] {
			say("retired.yaml: %s: stands twice", r.ID)
		}
		retired[r.ID] = true
	}
	return problems
}
