package availability

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"
	"golang.org/x/mod/semver"
)

//go:embed matrix.yaml
var embedded []byte

// Cell is one cell of the matrix.
type Cell struct {
	Edition    string     `json:"edition"`
	Deployment Deployment `json:"deployment"`
	Scope      Scope      `json:"scope"`
	Provider   string     `json:"provider"`
	Answer     Answer     `json:"answer"`
	// Requirement is the rule that gives the answer: BYOB-AVAIL-002 where a deployment has no such scope, else 001.
	Requirement string `json:"requirement"`
	// Conditions are the requirements that must hold besides, where the answer is not refused.
	Conditions []string `json:"conditions,omitempty"`
	// Note says why, in one sentence; never empty where the answer isn't "offered".
	Note string `json:"note,omitempty"`
}

// Matrix returns every cell of an edition: deployments, in each the scopes, in each the providers, in the order of the
// lists of this package. "" is DefaultEdition; an unknown edition is an error that wraps ErrUnknown.
func Matrix(edition string) ([]Cell, error) {
	p, err := find(edition)
	if err != nil {
		return nil, err
	}
	var cells []Cell
	for _, d := range Deployments {
		for _, s := range Scopes {
			for _, provider := range Providers {
				cells = append(cells, p.cell(d, s, provider))
			}
		}
	}
	return cells, nil
}

// The shapes of matrix.yaml. Keys that are not here are refused.
type (
	data struct {
		Editions []page `yaml:"editions"`
	}
	page struct {
		ID         string                `yaml:"id"`
		Document   string                `yaml:"document"`
		Section    string                `yaml:"section"`
		Columns    []string              `yaml:"columns"`
		Rows       []row                 `yaml:"rows"`
		Footnotes  map[string]string     `yaml:"footnotes"`
		Notes      []note                `yaml:"notes"`
		OtherCloud map[Deployment]Answer `yaml:"otherCloud"`
		Listed     *listed               `yaml:"listed"`
		CoreWeave  *versions             `yaml:"coreWeave"`
		Creates    creates               `yaml:"creates"`
	}
	row struct {
		Deployment  Deployment `yaml:"deployment"`
		Name        string     `yaml:"name"`
		Information string     `yaml:"information"`
		Instance    scope      `yaml:"instance"`
		Team        scope      `yaml:"team"`
	}
	scope struct {
		Mark        string            `yaml:"mark"`
		Footnote    string            `yaml:"footnote"`
		Rule        string            `yaml:"rule"`
		Offered     []string          `yaml:"offered"`
		Refused     []string          `yaml:"refused"`
		Unspecified []string          `yaml:"unspecified"`
		Notes       map[string]string `yaml:"notes"`
	}
	note struct {
		Rule string `yaml:"rule"`
		Text string `yaml:"text"`
	}
	listed struct {
		Rule        string       `yaml:"rule"`
		Variable    string       `yaml:"variable"`
		On          []Deployment `yaml:"on"`
		OnlyOnAzure bool         `yaml:"onlyOnAzure"`
	}
	versions struct {
		Server string `yaml:"server"`
		Chart  string `yaml:"chart"`
	}
)

// creates are the providers at which Multi-tenant makes a bucket by itself; the word unspecified where the page is silent.
type creates struct {
	open      bool
	providers []string
}

// UnmarshalYAML reads a list, or the word unspecified.
func (c *creates) UnmarshalYAML(text []byte) error {
	if string(bytes.TrimSpace(text)) == string(Unspecified) {
		c.open = true
		return nil
	}
	return yaml.UnmarshalWithOptions(text, &c.providers, yaml.Strict())
}

// matrix is read once in a process. The package's own tests read the same data, so a released program never panics.
var matrix = sync.OnceValue(func() *data {
	d, err := read(embedded)
	if err != nil {
		panic(fmt.Sprintf("availability matrix: %v", err))
	}
	return d
})

// read decodes the matrix strictly and checks it; the error names every problem.
func read(text []byte) (*data, error) {
	var d data
	if err := yaml.UnmarshalWithOptions(text, &d, yaml.Strict()); err != nil {
		return nil, errors.New(yaml.FormatError(err, false, false))
	}
	var problems []error
	if len(d.Editions) == 0 {
		problems = append(problems, errors.New("there is no edition"))
	}
	seen := map[string]bool{}
	for i := range d.Editions {
		p := &d.Editions[i]
		if seen[p.ID] {
			problems = append(problems, fmt.Errorf("edition %s stands there twice", p.ID))
		}
		seen[p.ID] = true
		for _, err := range p.check() {
			problems = append(problems, fmt.Errorf("edition %s: %w", p.ID, err))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return &d, nil
}

func (p *page) check() (problems []error) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if p.ID == "" || p.Document == "" || p.Section == "" || len(p.Columns) != 4 {
		say("id, document, section and four columns are wanted")
	}
	var there []Deployment
	for _, r := range p.Rows {
		if err := known("deployment", r.Deployment, Deployments); err != nil {
			problems = append(problems, err)
		}
		if slices.Contains(there, r.Deployment) {
			say("deployment %s stands there twice", r.Deployment)
		}
		there = append(there, r.Deployment)
		if r.Name == "" || r.Information == "" {
			say("deployment %s: name and information are wanted", r.Deployment)
		}
		for _, s := range Scopes {
			for _, err := range r.scope(s).check(p.Footnotes) {
				problems = append(problems, fmt.Errorf("deployment %s, scope %s: %w", r.Deployment, s, err))
			}
		}
	}
	for _, d := range Deployments {
		if !slices.Contains(there, d) {
			say("deployment %s is missing", d)
		}
	}
	for d, a := range p.OtherCloud {
		if known("deployment", d, Deployments) != nil || a != Refused && a != Unspecified {
			say("otherCloud: %s: %s is no answer", d, a)
		}
	}
	if l := p.Listed; l != nil && (l.Rule == "" || l.Variable == "" || len(l.On) == 0 || slices.Contains(l.On, MultiTenant)) {
		say("listed: rule, variable and the deployments are wanted, Multi-tenant has no such list")
	}
	if v := p.CoreWeave; v != nil && (!semver.IsValid(v.Server) || !semver.IsValid(v.Chart)) {
		say("coreWeave: two versions are wanted")
	}
	for _, provider := range p.Creates.providers {
		if p.cell(MultiTenant, TeamScope, provider).Answer != Offered {
			say("creates: %s isn't on offer to teams on Multi-tenant", provider)
		}
	}
	if !p.Creates.open && len(p.Creates.providers) == 0 {
		say("creates: providers, or the word unspecified, are wanted")
	}
	return problems
}

func (s scope) check(footnotes map[string]string) (problems []error) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	all := slices.Concat(s.Offered, s.Refused, s.Unspecified)
	for _, provider := range Providers {
		if n := count(all, provider); n != 1 {
			say("%s stands there %d times, want once", provider, n)
		}
		if s.Notes[provider] == "" && !slices.Contains(s.Offered, provider) {
			say("%s has no note", provider)
		}
	}
	for _, provider := range all {
		if err := known("provider", provider, Providers); err != nil {
			problems = append(problems, err)
		}
	}
	for provider := range s.Notes {
		if err := known("provider", provider, Providers); err != nil {
			problems = append(problems, fmt.Errorf("note: %w", err))
		}
	}
	if s.none() == (len(s.Offered) > 0) {
		say("the mark %q doesn't go with %d providers on offer", s.Mark, len(s.Offered))
	}
	if s.none() != (s.Rule == "BYOB-AVAIL-002") {
		say("the mark %q doesn't go with the rule %q", s.Mark, s.Rule)
	}
	if s.Footnote != "" && footnotes[s.Footnote] == "" {
		say("footnote %s is missing", s.Footnote)
	}
	return problems
}

// none says that the page's mark means that the deployment doesn't have the scope.
func (s scope) none() bool { return s.Mark == "" || s.Mark == "Not Applicable" }

func count(list []string, word string) (n int) {
	for _, w := range list {
		if w == word {
			n++
		}
	}
	return n
}

func (r *row) scope(s Scope) *scope {
	if s == InstanceScope {
		return &r.Instance
	}
	return &r.Team
}

// cell makes the cell of three known words.
func (p *page) cell(d Deployment, s Scope, provider string) Cell {
	c := Cell{Edition: p.ID, Deployment: d, Scope: s, Provider: provider, Answer: Refused, Requirement: "BYOB-AVAIL-001"}
	for i := range p.Rows {
		if p.Rows[i].Deployment != d {
			continue
		}
		in := p.Rows[i].scope(s)
		switch {
		case slices.Contains(in.Offered, provider):
			c.Answer = Offered
		case slices.Contains(in.Unspecified, provider):
			c.Answer = Unspecified
		}
		if in.Rule != "" {
			c.Requirement = in.Rule
		}
		c.Note = in.Notes[provider]
	}
	if c.Answer != Refused {
		c.Conditions = p.conditions(d, s, provider)
	}
	return c
}
