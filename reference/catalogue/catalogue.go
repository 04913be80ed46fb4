// Package catalogue holds every requirement that a bucket or a connector must meet for W&B's "Bring your own bucket",
// with its level, editions, profiles, sources and remedies, as data: YAML files embedded in the package, one a family.
// Load reads them strictly, so a catalogue that loads has passed every rule of check.go; what it returns is read-only
// and the same for the whole life of a process. The package is pure: no network, no clock, nothing of ours imported.
//
// Remedies hold placeholders in angle brackets, the same words everywhere: <bucket>, <path>, <region>, <origin> (the W&B
// front end's), <principal> (W&B's, or the operator's own), <org-id>, <key-arn>, <user>, <service-account>, <account>,
// <container>, <resource-group>, <endpoint> (host[:port] of an S3-compatible store) and <alias> (the mc command's name
// for that store).
package catalogue

import (
	"maps"
	"slices"
)

// Level is how binding a requirement is: a broken MUST decides the verdict, a broken SHOULD is shown as a warning.
type Level string

// The two levels.
const (
	Must   Level = "MUST"
	Should Level = "SHOULD"
)

// DefaultEdition is the edition of the rules a run goes by when it names none.
const DefaultEdition = "2025-09"

// Providers are the storage providers, in the order used everywhere. Each is also the name of a bucket's profile.
var Providers = []string{"aws", "coreweave", "gcp", "azure", "s3-compatible"}

// The words Requirement.Subject, LevelRule.When and Requirement.OnRequest may hold.
const (
	Bucket    = "bucket"    // a subject: a bucket, certified before any W&B server exists
	Connector = "connector" // a subject: an implementation that routes files to buckets and mints pre-signed URLs

	WhenKMSKey = "kms-key" // a condition: a KMS key is named in the run's configuration

	OnThroughput = "throughput" // on request: the throughput run
	OnBrowser    = "browser"    // on request: the run with a real browser
	OnLong       = "long"       // on request: the long transfer run
)

// Requirement is one rule with a stable ID. It is read-only: its slices and maps are copies of the catalogue's.
type Requirement struct {
	ID     string // BYOB-CORS-003: never renumbered, never reused
	Family string // CORS
	Title  string // at most 60 characters, for tables
	Text   string // the whole normative sentence

	Level     Level             // where no rule of Levels matches
	Levels    []LevelRule       // exceptions, the first match wins
	Subject   string            // Bucket or Connector
	Profiles  []string          // the profiles it belongs to, in the order of Catalogue.Profiles
	Editions  []string          // the editions it holds in; never empty, all of them where the data name none
	OnRequest string            // required only when asked for: OnThroughput, OnBrowser, OnLong; else ""
	Denial    bool              // the rule is a refusal, nothing else: its spec owes a positive control
	Optional  bool              // the outcome unsupported counts as met
	Source    []Source          // where the rule is published, the most important first
	Remedy    map[string]string // by provider, or "any": what an owner does about it; see RemedyFor
}

// LevelRule is an exception to a requirement's level. An empty list of providers or editions means all of them, an empty
// When means always; all that is given must match.
type LevelRule struct {
	Providers []string
	Editions  []string
	When      string // "" or WhenKMSKey
	Level     Level
}

// Source is where a rule is published: a document or a public repository, the section or file in it, and the edition of
// W&B's rules it belongs to ("" for a provider's documentation, standards and source code).
type Source struct {
	Document string
	Section  string
	Edition  string
}

// String prints a source in one line, such as "Bring your own bucket (BYOB), Bucket scopes (2025-09)".
func (s Source) String() string {
	line := s.Document
	if s.Section != "" {
		line += ", " + s.Section
	}
	if s.Edition != "" {
		line += " (" + s.Edition + ")"
	}
	return line
}

// RemedyFor returns what an owner of the provider's bucket does when the requirement is broken, in the provider's own
// syntax where there is one: the remedy for that provider, else the one for any, else "".
func (r Requirement) RemedyFor(provider string) string {
	if remedy, ok := r.Remedy[provider]; ok {
		return remedy
	}
	return r.Remedy["any"]
}

func (r Requirement) clone() Requirement {
	r.Levels = slices.Clone(r.Levels)
	for i, rule := range r.Levels {
		r.Levels[i].Providers = slices.Clone(rule.Providers)
		r.Levels[i].Editions = slices.Clone(rule.Editions)
	}
	r.Profiles = slices.Clone(r.Profiles)
	r.Editions = slices.Clone(r.Editions)
	r.Source = slices.Clone(r.Source)
	r.Remedy = maps.Clone(r.Remedy)
	return r
}

// Family is a group of requirements on one matter.
type Family struct {
	ID    string // CORS, as in the requirements' IDs
	About string // what the matter is, in a few words
}

// Edition is a state of W&B's published rules.
type Edition struct {
	ID        string
	Source    Source
	Different string // what sets it apart, in sentences
	Default   bool
}

// Profile is what one kind of subject must meet.
type Profile struct {
	Name     string
	Kind     string   // "bucket", "connector" or "documents"
	For      string   // one sentence: what it is for
	Editions []string // the editions that know this kind of subject; never empty
}

// Contradiction is a place where W&B's own sources disagree.
type Contradiction struct {
	ID           int
	About        string
	Requirements []string // the requirements that stand on the resolution
	Says         string   // what the sources say
	Resolution   string   // what Bucketproof makes of it
}

// Catalogue is the loaded data. Its methods return copies; it is safe for concurrent use.
type Catalogue struct {
	requirements   []Requirement
	index          map[string]int
	families       []Family
	editions       []Edition
	profiles       []Profile
	contradictions []Contradiction
	pending        map[string]string
	pendingIn      map[string]map[string]string // by profile: what is pending there and not everywhere
	retired        []string
	digest         string
}

// Get returns the requirement of that ID, and whether there is one.
func (c *Catalogue) Get(id string) (Requirement, bool) {
	i, ok := c.index[id]
	if !ok {
		return Requirement{}, false
	}
	return c.requirements[i].clone(), true
}

// All returns every requirement in catalogue order: NET, ADDR, XFER, SIGN, CORS, PERM, KMS, KEEP, RATE, then AVAIL,
// PLACE, ISO, TEAM, each by number.
func (c *Catalogue) All() []Requirement {
	all := make([]Requirement, len(c.requirements))
	for i, r := range c.requirements {
		all[i] = r.clone()
	}
	return all
}

// Families returns the families in catalogue order.
func (c *Catalogue) Families() []Family { return slices.Clone(c.families) }

// Editions returns the editions, oldest first.
func (c *Catalogue) Editions() []Edition { return slices.Clone(c.editions) }

// Profiles returns the profiles: one a provider, connector, documents.
func (c *Catalogue) Profiles() []Profile {
	profiles := slices.Clone(c.profiles)
	for i, p := range profiles {
		profiles[i].Editions = slices.Clone(p.Editions)
	}
	return profiles
}

// Contradictions returns where W&B's sources disagree, and the resolutions, in order.
func (c *Catalogue) Contradictions() []Contradiction {
	contradictions := slices.Clone(c.contradictions)
	for i, x := range contradictions {
		contradictions[i].Requirements = slices.Clone(x.Requirements)
	}
	return contradictions
}

// Pending returns the requirements no spec is bound to yet in any profile, each with the sentence a user reads as the reason of
// "not run".
func (c *Catalogue) Pending() map[string]string { return maps.Clone(c.pending) }

// PendingIn returns what is pending in one profile: everywhere, or there alone.
func (c *Catalogue) PendingIn(profile string) map[string]string {
	out := maps.Clone(c.pending)
	maps.Copy(out, c.pendingIn[profile])
	return out
}

// Retired returns the IDs that were withdrawn and must not be used again.
func (c *Catalogue) Retired() []string { return slices.Clone(c.retired) }
