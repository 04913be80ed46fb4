package cors

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Difference is one change of a policy: a field of a rule gets another value, or a rule is added.
type Difference struct {
	Requirement string
	Rule        int // 1 is the first; 0 a new rule
	Field       string
	Values      []string // what the field has to hold
	Added       *Rule    // the new rule
	provider    string
}

// String is the change in the provider's own syntax.
func (d Difference) String() string {
	if d.Added != nil {
		return "add the rule " + inline(d.Added.document(d.provider))
	}
	switch {
	case d.provider == Azure:
		return fmt.Sprintf("rule %d: %s %s", d.Rule, d.Field, strings.Join(d.Values, ","))
	case strings.EqualFold(d.Field, "maxAgeSeconds"):
		return fmt.Sprintf("rule %d: %q: %s", d.Rule, d.Field, d.Values[0])
	}
	return fmt.Sprintf("rule %d: %q: %s", d.Rule, d.Field, inline(d.Values))
}

// Missing is the smallest change that gives a policy what it lacks; none when it lacks nothing that can be told.
func Missing(p *Policy, n Need) []Difference {
	_, differences := Mend(p, n)
	return differences
}

// Mend returns the policy with what it lacks, and how it differs. What was there before stays, but for origins that match
// no browser and patterns that let strangers in. A nil policy is one without rules.
func Mend(p *Policy, n Need) (*Policy, []Difference) {
	if p == nil {
		p = &Policy{Provider: n.Provider}
	}
	m := &mender{p: p.Clone(), origin: n.FrontendOrigin}
	if len(m.p.Rules) == 0 {
		added := Required(m.p.Provider, n.Edition, n.FrontendOrigin).Rules[0]
		m.p.Rules = []Rule{added}
		return m.p, []Difference{{Requirement: "BYOB-CORS-001", Added: &added, provider: m.p.Provider}}
	}
	if m.origin == "" {
		m.meant()
		m.origin = probe(m.p, "")
	} else {
		m.origins()
	}
	for _, method := range Methods {
		m.method(method)
	}
	return m.p, m.differences
}

type mender struct {
	p           *Policy
	origin      string
	differences []Difference
}

func (m *mender) note(requirement string, rule int, field string, values []string) {
	field = fieldName(m.p.Provider, field)
	for i, d := range m.differences {
		if d.Rule == rule && d.Field == field && d.Requirement == requirement {
			m.differences[i].Values = slices.Clone(values)
			return
		}
	}
	m.differences = append(m.differences, Difference{Requirement: requirement, Rule: rule, Field: field, Values: slices.Clone(values), provider: m.p.Provider})
}

// fieldName is the provider's word for a field.
func fieldName(provider, field string) string {
	i := slices.Index([]string{"origins", "methods", "headers", "expose", "age"}, field)
	switch provider {
	case GCP:
		return []string{"origin", "method", "responseHeader", "responseHeader", "maxAgeSeconds"}[i]
	case Azure:
		return azureFields[i]
	}
	return []string{"AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders", "MaxAgeSeconds"}[i]
}

// meant writes origins that match no browser as they were meant.
func (m *mender) meant() {
	for i := range m.p.Rules {
		r := &m.p.Rules[i]
		for j, o := range r.Origins {
			if meant, problem := CheckOrigin(o); problem != "" && meant != "" && !strings.Contains(o, "*") {
				r.Origins[j] = meant
				m.note("BYOB-CORS-004", i+1, "origins", r.Origins)
			}
		}
	}
}

// origins replaces patterns that let strangers in, and makes the front end's origin one that is named.
func (m *mender) origins() {
	everyone := slices.ContainsFunc(m.p.Rules, func(r Rule) bool { return slices.Contains(r.Origins, "*") })
	for i := range m.p.Rules {
		r := &m.p.Rules[i]
		for j, o := range r.Origins {
			if !everyone && tooWide(m.p.Provider, o) != "" {
				r.Origins[j] = m.origin
				m.note("BYOB-CORS-009", i+1, "origins", r.Origins)
			}
		}
		r.Origins = slices.Compact(r.Origins)
	}
	for i := range m.p.Rules {
		if m.p.Rules[i].origin(m.p.Provider, m.origin) != "" {
			return
		}
	}
	target, most := 0, -1
	for i := range m.p.Rules {
		r := &m.p.Rules[i]
		for j, o := range r.Origins {
			if meant, problem := CheckOrigin(o); problem != "" && meant == m.origin {
				r.Origins[j] = m.origin
				m.note("BYOB-CORS-004", i+1, "origins", r.Origins)
				return
			}
		}
		held := 0
		for _, method := range Methods {
			if slices.Contains(r.Methods, method) {
				held++
			}
		}
		if held > most {
			target, most = i, held
		}
	}
	r := &m.p.Rules[target]
	r.Origins = append(r.Origins, m.origin)
	m.note("BYOB-CORS-004", target+1, "origins", r.Origins)
}

// method gives one method what it lacks, in the rules that decide on it.
func (m *mender) method(method string) {
	q := Request{Origin: m.origin, Method: method, Headers: Headers(m.p.Provider, method)}
	first := m.p.Actual(Request{Origin: m.origin, Method: method}).Rule
	if first == 0 {
		for i := range m.p.Rules {
			if first == 0 && m.p.Rules[i].origin(m.p.Provider, m.origin) != "" {
				first = i + 1
			}
		}
		if first == 0 {
			return // Mend was not told the origin, and no rule names one that a browser sends
		}
		r := &m.p.Rules[first-1]
		r.Methods = append(r.Methods, method)
		m.note("BYOB-CORS-002", first, "methods", r.Methods)
	}
	if ok, _ := m.p.Preflight(q).Passes(q); !ok {
		r := &m.p.Rules[first-1]
		for _, h := range r.refuses(q.Headers) {
			r.Headers = append(r.Headers, spelled(h))
		}
		if m.p.Provider == GCP {
			r.Expose = slices.Clone(r.Headers)
		}
		m.note("BYOB-CORS-005", first, "headers", r.Headers)
	}
	if !m.p.Actual(q).Exposes("ETag") {
		at := first
		if r := m.p.Actual(q).Rule; r > 0 {
			at = r
		}
		m.expose(at)
	}
	if bare := (Request{Origin: m.origin, Method: method}); !m.p.Actual(bare).Exposes("ETag") {
		m.expose(m.p.Actual(bare).Rule)
	}
	decides := m.p.Preflight(q)
	if age, _ := ageOf(decides); age < maxAge && decides.Rule > 0 {
		want := maxAge
		m.p.Rules[decides.Rule-1].MaxAge = &want
		m.note("BYOB-CORS-006", decides.Rule, "age", []string{strconv.Itoa(maxAge)})
	}
}

func (m *mender) expose(rule int) {
	r := &m.p.Rules[rule-1]
	r.Expose = append(r.Expose, "ETag")
	values := r.Expose
	if m.p.Provider == GCP {
		values = union(r.Headers, r.Expose)
		r.Headers, r.Expose = slices.Clone(values), slices.Clone(values)
	}
	m.note("BYOB-CORS-003", rule, "expose", values)
}

// spelled is a header as people write it.
func spelled(h string) string {
	known := []string{"Content-MD5", "Content-Type", "Range", "ETag"}
	for _, k := range known {
		if strings.EqualFold(k, h) {
			return k
		}
	}
	return h
}

// ageOf is a preflight's Access-Control-Max-Age in seconds; browsers take a missing one for five.
func ageOf(a Answer) (seconds int, said bool) {
	n, err := strconv.Atoi(a.Header.Get("Access-Control-Max-Age"))
	if err != nil {
		return 5, false
	}
	return n, true
}

// probe is the origin by which everything but the origins is judged: the front end's if a rule names it, else one that a
// rule does name.
func probe(p *Policy, frontEnd string) string {
	for i := range p.Rules {
		if frontEnd != "" && p.Rules[i].origin(p.Provider, frontEnd) != "" {
			return frontEnd
		}
	}
	for _, r := range p.Rules {
		for _, o := range r.Origins {
			if wrongOrigin(p.Provider, o) == "" {
				return concrete(p.Provider, o)
			}
		}
	}
	for _, r := range p.Rules {
		for _, o := range r.Origins {
			return concrete(p.Provider, o)
		}
	}
	return ""
}
