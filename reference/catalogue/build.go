package catalogue

import (
	"slices"
	"strings"
)

// build turns what the files say into a catalogue, filling defaults in. It judges nothing: check does.
func (f *files) build() *Catalogue {
	c := &Catalogue{index: map[string]int{}, pending: map[string]string{}, pendingIn: map[string]map[string]string{}}
	var editions []string
	for _, e := range f.editions.Editions {
		editions = append(editions, e.ID)
		c.editions = append(c.editions, Edition{
			ID: e.ID, Source: Source(e.Source), Different: sentence(e.Different), Default: e.Default,
		})
	}
	for _, p := range f.profiles.Profiles {
		profile := Profile{Name: p.Name, Kind: p.Kind, For: sentence(p.For), Editions: p.Editions}
		if len(profile.Editions) == 0 {
			profile.Editions = slices.Clone(editions)
		}
		c.profiles = append(c.profiles, profile)
	}
	for _, family := range f.families {
		c.families = append(c.families, Family{ID: family.Family, About: family.About})
		for _, entry := range family.Requirements {
			r := entry.requirement(family.Family)
			if len(r.Editions) == 0 {
				r.Editions = slices.Clone(editions)
			}
			if _, ok := c.index[r.ID]; !ok {
				c.index[r.ID] = len(c.requirements)
			}
			c.requirements = append(c.requirements, r)
		}
	}
	for _, x := range f.contradictions.Contradictions {
		c.contradictions = append(c.contradictions, Contradiction{
			ID: x.ID, About: x.About, Requirements: x.Requirements,
			Says: sentence(x.Says), Resolution: sentence(x.Resolution),
		})
	}
	for _, suite := range f.pending.Pending {
		for _, id := range suite.Requirements {
			if len(suite.Profiles) == 0 {
				c.pending[id] = suite.Reason
			}
			for _, p := range suite.Profiles {
				if c.pendingIn[p] == nil {
					c.pendingIn[p] = map[string]string{}
				}
				c.pendingIn[p][id] = suite.Reason
			}
		}
	}
	for _, retired := range f.retired.Retired {
		c.retired = append(c.retired, retired.ID)
	}
	return c
}

func (e requirementEntry) requirement(family string) Requirement {
	r := Requirement{
		ID: e.ID, Family: family, Title: e.Title, Text: sentence(e.Text),
		Level: e.Level, Subject: e.Subject, Profiles: e.Profiles, Editions: e.Editions,
		OnRequest: e.OnRequest, Denial: e.Denial, Optional: e.Optional,
		Remedy: make(map[string]string, len(e.Remedy)),
	}
	for _, rule := range e.Levels {
		r.Levels = append(r.Levels, LevelRule(rule))
	}
	for _, source := range e.Sources {
		r.Source = append(r.Source, Source(source))
	}
	for provider, remedy := range e.Remedy {
		r.Remedy[provider] = strings.TrimRight(remedy, "\n")
	}
	return r
}

// sentence drops the line break that a folded block ends with.
func sentence(s string) string { return strings.TrimSpace(s) }
