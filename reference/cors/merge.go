package cors

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/finding"
)

// MergeError says why nothing can be added to the rules that are there without changing what they decide for others.
type MergeError struct{ Problem, Fix string }

// Error is the problem alone.
func (e *MergeError) Error() string { return e.Problem }

// Merge adds one rule for W&B's front end to the rules that are there, which all stay, in their order: what they let other
// origins do they let them do afterwards. The rule goes last, where it decides only what none before it decides; where an
// earlier one decides for the front end and lacks something, it goes first, for that origin alone, and shares what the
// earlier ones shared with it. at is its place, 1 the first; 0 means that nothing is missing. Mend, in contrast, makes the
// smallest change. A *MergeError says that there is no such place, an *Error that the provider would not take the rules.
func Merge(p *Policy, n Need) (merged *Policy, at int, err error) {
	if p == nil {
		p = &Policy{Provider: n.Provider}
	}
	added := Required(p.Provider, n.Edition, n.FrontendOrigin).Rules[0]
	everyone := slices.ContainsFunc(p.Rules, func(r Rule) bool { return slices.Contains(r.Origins, "*") })
	switch {
	case len(p.Rules) == 0:
		merged, at = placed(p, 1, added)
	case met(p, n):
		return p.Clone(), 0, nil
	case n.FrontendOrigin == "" && !everyone:
		return nil, 0, &MergeError{"the rules that are there name origins, and which of them is W&B's front end nobody has said: a rule for every origin would open them", "--frontend-origin names it"}
	default:
		merged, at = placed(p, len(p.Rules)+1, added)
		if !met(merged, n) && n.FrontendOrigin != "" {
			for i := range p.Rules {
				if r := &p.Rules[i]; r.origin(p.Provider, n.FrontendOrigin) != "" {
					added.Headers, added.Expose = joined(added.Headers, r.Headers), joined(added.Expose, r.Expose)
				}
			}
			merged, at = placed(p, 1, added)
		}
		if !met(merged, n) {
			return nil, 0, &MergeError{"a rule that is there decides for every origin (*), and one before it would take from other origins what it gives them", "--frontend-origin names W&B's front end, for which alone a rule can be put first; or change the rule by hand: bucketproof review --cors FILE prints how"}
		}
	}
	if _, err := Read(p.Provider, merged.Document()); err != nil {
		return nil, 0, fmt.Errorf("with one rule more: %w", err)
	}
	return merged, at, nil
}

func placed(p *Policy, at int, r Rule) (*Policy, int) {
	out := p.Clone()
	out.Rules = slices.Insert(out.Rules, at-1, r.clone())
	return out, at
}

// joined is a rule's list with what another one has besides; * stands for all.
func joined(a, b []string) []string {
	if slices.Contains(a, "*") {
		return a
	}
	return union(a, b)
}

// met reports whether rules lack nothing that a rule could add.
func met(p *Policy, n Need) bool {
	findings := Judge(p, n)
	for _, id := range judged[:6] {
		if s := finding.Worst(findings, id); s != finding.Holds && s != finding.Inapplicable {
			return false
		}
	}
	return true
}

// Same reports whether two policies have the same rules in the same order. Header names hold in any case, lists are sets,
// and a name that the store has given to a rule without one counts for nothing.
func Same(a, b *Policy) bool { return slices.EqualFunc(a.Rules, b.Rules, sameRule) }

func sameRule(a, b Rule) bool {
	age := func(r Rule) int {
		if r.MaxAge == nil {
			return -1
		}
		return *r.MaxAge
	}
	return (a.ID == b.ID || a.ID == "" || b.ID == "") && age(a) == age(b) && a.Service == b.Service && sameSet(a.Origins, b.Origins) && sameSet(a.Methods, b.Methods) &&
		sameSet(names(a.Headers), names(b.Headers)) && sameSet(names(a.Expose), names(b.Expose))
}

func sameSet(a, b []string) bool {
	set := func(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
	return slices.Equal(set(a), set(b))
}

// Within reports whether a policy has no rule that is in none of the others: nobody else has added one.
func Within(p *Policy, others ...*Policy) bool {
	for _, r := range p.Rules {
		if !slices.ContainsFunc(others, func(o *Policy) bool { return slices.ContainsFunc(o.Rules, func(x Rule) bool { return sameRule(r, x) }) }) {
			return false
		}
	}
	return true
}

// RuleText is one rule in the provider's own JSON, on one line.
func (p *Policy) RuleText(number int) string { return inline(p.Rules[number-1].document(p.Provider)) }

// ParseRules is Read for what stands on a bucket: a document that its provider would not have taken is an error that says
// so, and so is a field that it has dropped.
func ParseRules(provider string, document []byte) (*Policy, error) {
	p, err := Parse(provider, document)
	if e := (*Error)(nil); errors.As(err, &e) {
		return nil, fmt.Errorf("the rules that are there can't be read: %s", strings.TrimSpace(e.Error()))
	}
	return p, err
}
