package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/glob"
)

// Change is one change of a policy, in words and in its own syntax.
type Change struct {
	Requirement string
	Text        string
}

// Missing is the smallest change that gives a bucket policy what it lacks and takes what it has too much; none when there is
// nothing to change, or when who is meant isn't known. What denies is never changed: it was written for a reason.
func Missing(d *Document, n Need) []Change {
	_, changes := Mend(d, n)
	return changes
}

// Mend returns the policy with these changes made. A nil document is one without statements.
func Mend(d *Document, n Need) (*Document, []Change) {
	who, missing := n.Who()
	if missing != "" || n.Bucket == "" {
		return d, nil
	}
	if d == nil || len(d.Statements) == 0 {
		required := Required(n, who)
		return required, []Change{{"BYOB-PERM-012", "add the statement " + required.Statements[0].JSON()}}
	}
	m := &mender{d: d.Clone(), n: n, who: who}
	m.public()
	at := m.statement()
	if n.Provider == CoreWeave && n.OrgID != "" {
		m.organisations()
	}
	m.excess()
	for _, a := range eleven {
		m.action(a, at)
	}
	if n.Provider != S3Compatible {
		m.wildcard(at)
	}
	m.d.prepare()
	return m.d, m.changes
}

type mender struct {
	d       *Document
	n       Need
	who     string
	changes []Change
}

func (m *mender) note(requirement, format string, a ...any) {
	m.changes = append(m.changes, Change{requirement, fmt.Sprintf(format, a...)})
}

// public removes statements that let everyone in.
func (m *mender) public() {
	for i := len(m.d.Statements) - 1; i >= 0; i-- {
		s := &m.d.Statements[i]
		if s.Effect != Allow || !slices.ContainsFunc(s.Principals, Principal.Everyone) && !s.NotPrincipal {
			continue
		}
		alone := &Document{Provider: m.d.Provider, Kind: m.d.Kind, Statements: []Statement{*s}}
		alone.prepare()
		for _, call := range publicCalls {
			resource := m.n.bucketARN()
			if call.object {
				resource += "/*"
			}
			if alone.Evaluate(Request{Action: call.name, Resource: resource, Some: true, Context: nobody()}).Answer == Allowed {
				m.note("BYOB-PERM-020", "remove %s", m.d.label(i))
				m.d.Statements = slices.Delete(m.d.Statements, i, i+1)
				break
			}
		}
	}
}

// statement is the place of W&B's statement. If none speaks of its principal, one that was meant to is mended, else one is
// added.
func (m *mender) statement() int {
	best, most := -1, -1
	for i := range m.d.Statements {
		s := &m.d.Statements[i]
		if s.Effect != Allow || s.NotAction || s.NotResource || (m.who != anyUser || len(s.Principals) > 0) && !m.d.forWandB(s, m.who) {
			continue
		}
		if h := m.holds(s); h > most {
			best, most = i, h
		}
	}
	if best >= 0 {
		return best
	}
	for i := range m.d.Statements {
		s := &m.d.Statements[i]
		if s.Effect != Allow || s.NotPrincipal || s.NotAction || m.holds(s) < 3 || !slices.ContainsFunc(s.Principals, m.meant) {
			continue
		}
		s.Principals = []Principal{{m.n.principalKind(), m.who}}
		m.note("BYOB-PERM-012", `in %s, write "Principal": %s`, m.d.label(i), s.Principals[0])
		return i
	}
	required := Required(m.n, m.who).Statements[0]
	m.d.Statements = append(m.d.Statements, required)
	m.d.prepare()
	m.note("BYOB-PERM-012", "add the statement %s", required.JSON())
	return len(m.d.Statements) - 1
}

// holds counts how many of the eleven a statement names.
func (m *mender) holds(s *Statement) int {
	count := 0
	for _, a := range eleven {
		if touches(s.lower, s.NotAction, strings.ToLower(a.needs(m.n.Provider)[0]), false) {
			count++
		}
	}
	return count
}

// meant reports whether a principal was likely meant for W&B's.
func (m *mender) meant(p Principal) bool {
	if oddity(p.Value) != "" {
		return true
	}
	for _, known := range deploymentPrincipals[m.n.Provider] {
		if value := canonical(p.Value); value == known || accountOf(value) == accountOf(known) && accountOf(value) != "" {
			return true
		}
	}
	return false
}

// organisations binds W&B's statements to the organisation.
func (m *mender) organisations() {
	for i := range m.d.Statements {
		s := &m.d.Statements[i]
		if s.Effect != Allow || !m.d.forWandB(s, m.who) {
			continue
		}
		id := ""
		if met, _ := s.organisation(m.n); !met {
			id = "BYOB-PERM-013"
		} else if stranger, _ := s.organisation(Need{OrgID: strangerID(m.n.OrgID)}); stranger {
			id = "BYOB-PERM-016"
		}
		if id == "" {
			continue
		}
		s.Conditions = slices.DeleteFunc(s.Conditions, func(c Condition) bool { return strings.EqualFold(c.Key, "wandb:OrgID") })
		s.Conditions = append(s.Conditions, Condition{"StringLike", "wandb:OrgID", []string{m.n.OrgID}})
		m.note(id, `in %s, write "Condition": {"StringLike": {"wandb:OrgID": [%q]}}`, m.d.label(i), m.n.OrgID)
	}
}

// excess takes from W&B's statements what it never needs.
func (m *mender) excess() {
	for i := range m.d.Statements {
		s := &m.d.Statements[i]
		if s.Effect != Allow || m.who != anyUser && !m.d.forWandB(s, m.who) {
			continue
		}
		tooMuch := func(a string) bool {
			return slices.ContainsFunc(excess, func(e struct {
				name   string
				object bool
			}) bool {
				return glob.Covers(strings.ToLower(a), strings.ToLower(e.name))
			})
		}
		wide := false
		for _, e := range excess {
			wide = wide || touches(s.lower, s.NotAction, strings.ToLower(e.name), false)
		}
		if !wide {
			continue
		}
		kept := []string{}
		if !s.NotAction {
			kept = slices.DeleteFunc(slices.Clone(s.Actions), tooMuch)
		}
		s.NotAction = false
		if s.Actions = kept; len(kept) == 0 || m.holds(&Statement{lower: lowered(kept)}) < len(eleven) {
			s.Actions = Required(m.n, m.who).Statements[0].Actions
		}
		s.lower = lowered(s.Actions)
		m.note("BYOB-PERM-016", `in %s, write "Action": %s`, m.d.label(i), quoted(s.Actions))
	}
}

func lowered(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToLower(w)
	}
	return out
}

// action grants one of the eleven where nothing does. What depends or is denied is left to its owner.
func (m *mender) action(a action, at int) {
	r := a.resource(m.n)
	granted := func() bool {
		for _, call := range a.needs(m.n.Provider) {
			if m.d.Evaluate(Request{Principal: m.who, Action: call, Resource: r, Context: m.n.context(m.who)}).Answer == NotGranted {
				return false
			}
		}
		return true
	}
	if granted() {
		return
	}
	s := &m.d.Statements[at]
	names := lowered(a.needs(m.n.Provider))
	if slices.ContainsFunc(names, func(c string) bool { return !touches(s.lower, s.NotAction, c, false) }) {
		name := a.name
		if m.n.Provider == S3Compatible {
			name = minioActions()[slices.IndexFunc(eleven, func(e action) bool { return e.name == a.name })]
		}
		s.Actions = append(slices.DeleteFunc(s.Actions, func(x string) bool { return name != x && glob.Covers(name, x) }), name)
		s.lower = lowered(s.Actions)
		m.note(a.requirement, "in %s, add %q to Action", m.d.label(at), name)
	}
	if !touches(s.Resources, s.NotResource, r, false) {
		if !a.object {
			m.resource(a, s, at, r)
		} else {
			m.resource(a, s, at, m.n.bucketARN()+"/*")
		}
	}
}

// resource adds a resource to a statement, in the place of one with a placeholder.
func (m *mender) resource(a action, s *Statement, at int, r string) {
	slash := strings.HasSuffix(r, "/*")
	for i, have := range s.Resources {
		if oddity(have) != "" && strings.HasSuffix(have, "/*") == slash {
			s.Resources[i] = r
			m.note(a.requirement, "in %s, write %q in the place of %q", m.d.label(at), r, have)
			return
		}
	}
	s.Resources = append(s.Resources, r)
	m.note(a.requirement, "in %s, add %q to Resource", m.d.label(at), r)
}

// wildcard writes s3:GetObject* as W&B's page has it.
func (m *mender) wildcard(at int) {
	if m.d.Evaluate(Request{Principal: m.who, Action: "s3:GetObject*", Resource: m.n.objectsARN(), Context: m.n.context(m.who)}).Answer != NotGranted {
		return
	}
	s := &m.d.Statements[at]
	s.Actions = append(slices.DeleteFunc(s.Actions, func(x string) bool { return glob.Covers("s3:GetObject*", x) }), "s3:GetObject*")
	s.lower = lowered(s.Actions)
	m.note("BYOB-PERM-018", `in %s, write "s3:GetObject*" in the place of what is named of it`, m.d.label(at))
}
