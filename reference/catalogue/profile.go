package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// Selection says what a run is about: the subject's profile, the edition, and what was asked for besides.
type Selection struct {
	Profile string // one of Profiles
	Edition string // one of Editions; "" is DefaultEdition

	// Provider narrows the documents profile to the documents of one provider's bucket; without it, that profile holds
	// every provider's rules. With a provider's profile it may be left out; the connector profile takes none.
	Provider string

	KMSKey bool // a KMS key is named in the run's configuration (contradiction 4)

	Throughput bool // with the throughput run
	Browser    bool // with a real browser
	Long       bool // with the long transfer run
}

// Entry is a requirement with its level resolved for a selection. Entry.Level shadows Requirement.Level.
type Entry struct {
	Requirement
	Level Level
}

// Profile returns what a run must meet, in catalogue order. A profile, edition or provider that the catalogue does not
// know, and one that does not go with the others, is an error that names the known ones.
func (c *Catalogue) Profile(s Selection) ([]Entry, error) {
	s, err := c.resolve(s)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, r := range c.requirements {
		if s.holds(r) {
			entries = append(entries, Entry{Requirement: r.clone(), Level: s.level(r)})
		}
	}
	return entries, nil
}

// resolve fills the selection's defaults in and refuses what does not go together.
func (c *Catalogue) resolve(s Selection) (Selection, error) {
	var names, editions []string
	var profile, provider Profile
	for _, p := range c.profiles {
		names = append(names, p.Name)
		if p.Name == s.Profile {
			profile = p
		}
		if p.Name == s.Provider && p.Kind == Bucket {
			provider = p
		}
	}
	for _, e := range c.editions {
		editions = append(editions, e.ID)
	}
	if profile.Name == "" {
		return s, fmt.Errorf("unknown profile %q: known are %s", s.Profile, strings.Join(names, ", "))
	}
	if s.Edition == "" {
		s.Edition = DefaultEdition
	}
	if !slices.Contains(editions, s.Edition) {
		return s, fmt.Errorf("unknown edition %q: known are %s", s.Edition, strings.Join(editions, ", "))
	}
	if s.Provider != "" && provider.Name == "" {
		return s, fmt.Errorf("unknown provider %q: known are %s", s.Provider, strings.Join(Providers, ", "))
	}
	switch profile.Kind {
	case Bucket:
		if s.Provider != "" && s.Provider != s.Profile {
			return s, fmt.Errorf("profile %q does not go with provider %q", s.Profile, s.Provider)
		}
		s.Provider, provider = s.Profile, profile
	case Connector:
		if s.Provider != "" {
			return s, fmt.Errorf("profile %q takes no provider, but %q is given", s.Profile, s.Provider)
		}
	}
	if provider.Name != "" && !slices.Contains(provider.Editions, s.Edition) {
		return s, fmt.Errorf("edition %q does not know provider %q: the editions that do are %s",
			s.Edition, s.Provider, strings.Join(provider.Editions, ", "))
	}
	return s, nil
}

// holds tells whether a run of this selection must meet the requirement.
func (s Selection) holds(r Requirement) bool {
	if !slices.Contains(r.Profiles, s.Profile) || !slices.Contains(r.Editions, s.Edition) {
		return false
	}
	if s.Provider != "" && !slices.Contains(r.Profiles, s.Provider) {
		return false
	}
	switch r.OnRequest {
	case OnThroughput:
		return s.Throughput
	case OnBrowser:
		return s.Browser
	case OnLong:
		return s.Long
	}
	return true
}

// level is the requirement's level here: that of the first rule that matches, else its own.
func (s Selection) level(r Requirement) Level {
	for _, rule := range r.Levels {
		if len(rule.Providers) > 0 && !slices.Contains(rule.Providers, s.Provider) {
			continue
		}
		if len(rule.Editions) > 0 && !slices.Contains(rule.Editions, s.Edition) {
			continue
		}
		if rule.When == WhenKMSKey && !s.KMSKey {
			continue
		}
		return rule.Level
	}
	return r.Level
}
