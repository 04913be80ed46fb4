package policy

import (
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/glob"
)

// Equal reports whether two policies mean the same: however statements are split, ordered and named, whether lists are
// written as such, and whether an account is written as its ID or its root. A grant that another one covers, and an action
// on a resource that it is never done to, add nothing. What it calls equal is equal; it may miss that two policies are
// which say the same by NotAction on the one side and by lists on the other.
func Equal(a, b *Document) bool {
	return slices.Equal(atoms(a), atoms(b))
}

// atom is one principal, one action and one resource of a statement; the Not-lists stay whole.
type atom struct {
	effect                       Effect
	principal, action, resource  string
	notWho, notAction, notTarget bool
	conditions                   string
}

const separator = "\x1f"

func (a atom) String() string {
	mark := func(not bool) string {
		if not {
			return "!"
		}
		return ""
	}
	return strings.Join([]string{string(a.effect), mark(a.notWho) + a.principal, mark(a.notAction) + a.action, mark(a.notTarget) + a.resource, a.conditions}, separator)
}

func atoms(d *Document) []string {
	var all []atom
	for i := range d.Statements {
		all = append(all, d.Statements[i].atoms()...)
	}
	var out []string
	for i, a := range all {
		covered := false
		for j, b := range all {
			if i != j && b.covers(a) && (!a.covers(b) || j < i) {
				covered = true
				break
			}
		}
		if !covered {
			out = append(out, a.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// covers reports whether an atom makes another superfluous.
func (a atom) covers(b atom) bool {
	if a.effect != b.effect || a.conditions != b.conditions || a.notWho != b.notWho || a.notAction != b.notAction || a.notTarget != b.notTarget {
		return false
	}
	if a.principal != b.principal || a.notAction && a.action != b.action || a.notTarget && a.resource != b.resource {
		return false
	}
	return (a.notAction || glob.Covers(a.action, b.action)) && (a.notTarget || glob.Covers(a.resource, b.resource))
}

func (s *Statement) atoms() []atom {
	who := []string{""}
	if len(s.Principals) > 0 {
		who = nil
		for _, p := range s.Principals {
			if p.Everyone() {
				p = Principal{Value: "*"}
			}
			who = append(who, p.Kind+"="+canonical(p.Value))
		}
	}
	base := atom{effect: s.Effect, conditions: canonicalConditions(s.Conditions), notWho: s.NotPrincipal, notAction: s.NotAction, notTarget: s.NotResource}
	var out []atom
	for _, p := range listOrWhole(who, s.NotPrincipal) {
		for _, a := range listOrWhole(s.lower, s.NotAction) {
			for _, r := range listOrWhole(s.Resources, s.NotResource) {
				next := base
				next.principal, next.action, next.resource = p, a, r
				if s.NotAction || s.NotResource || applicable(a, r) {
					out = append(out, next)
				}
			}
		}
	}
	return out
}

// listOrWhole is a list, or for a Not-list its sorted whole as the only item.
func listOrWhole(list []string, not bool) []string {
	if !not {
		return list
	}
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return []string{strings.Join(slices.Compact(sorted), separator+separator)}
}

// applicable reports whether an action is ever done to a resource.
func applicable(action, resource string) bool {
	object, both := objectAction(action)
	name, isARN := strings.CutPrefix(resource, "arn:aws:s3:::")
	if both || !isARN {
		return true
	}
	if strings.Contains(name, "/") {
		return object
	}
	return !object || strings.Contains(name, "*")
}

func canonicalConditions(list []Condition) string {
	var out []string
	for _, c := range list {
		values := slices.Clone(c.Values)
		slices.Sort(values)
		out = append(out, strings.ToLower(c.Operator)+separator+strings.ToLower(c.Key)+separator+strings.Join(slices.Compact(values), separator))
	}
	slices.Sort(out)
	return strings.Join(out, separator+separator)
}
