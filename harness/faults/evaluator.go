package faults

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/connector"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// evaluation is the rule on evaluators.
var evaluation = []string{"BYOB-PERM-017"}

// EvaluatorFaults returns all of them, and one that harms nothing.
func EvaluatorFaults() []EvaluatorFault {
	list := []EvaluatorFault{
		{"policy-deny-ignored", "a statement that denies is passed over", evaluation, rereading(func(d *policy.Document, _ policy.Question) {
			d.Statements = slices.DeleteFunc(d.Statements, func(s policy.Statement) bool { return s.Effect == policy.Deny })
		})},
		{"policy-first-statement-decides", "the first statement that speaks of a request decides, so that a Deny after it comes too late", evaluation, firstDecides},
		{"policy-not-action-read-as-action", "NotAction is read as if it said Action", evaluation, everyStatement(func(s *policy.Statement) { s.NotAction = false })},
		{"policy-not-resource-read-as-resource", "NotResource is read as if it said Resource", evaluation, everyStatement(func(s *policy.Statement) { s.NotResource = false })},
		{"policy-not-principal-read-as-principal", "NotPrincipal is read as if it said Principal", evaluation, everyStatement(func(s *policy.Statement) { s.NotPrincipal = false })},
		{"policy-actions-in-their-case", "actions are compared with regard to case", evaluation, rereading(func(d *policy.Document, q policy.Question) {
			for i := range d.Statements {
				for j, a := range d.Statements[i].Actions {
					if ok, _ := path.Match(a, q.Action); !ok {
						if folded, _ := path.Match(strings.ToLower(a), strings.ToLower(q.Action)); folded {
							d.Statements[i].Actions[j] = nothing
						}
					}
				}
			}
		})},
		{"policy-wildcard-only-at-the-end", "a wildcard is one only at the end of a word", evaluation, everyStatement(func(s *policy.Statement) {
			for _, list := range [][]string{s.Actions, s.Resources} {
				for i, w := range list {
					if strings.Contains(strings.TrimSuffix(w, "*"), "*") {
						list[i] = nothing
					}
				}
			}
		})},
		{"policy-question-mark-literal", "a question mark stands for itself", evaluation, everyStatement(func(s *policy.Statement) {
			for i, w := range s.Actions {
				if strings.Contains(w, "?") {
					s.Actions[i] = nothing
				}
			}
		})},
		{"policy-unknown-condition-met", "a condition on what nobody knows is taken for met", evaluation, deciding(policy.Allowed)},
		{"policy-unknown-condition-refuses", "a condition on what nobody knows is taken for a refusal", evaluation, deciding(policy.NotGranted)},
		{"policy-condition-unnamed", "what an answer hangs on is not said", evaluation, func(sound policy.Implementation) policy.Implementation {
			return func(q policy.Question) (policy.Decision, error) {
				d, err := sound(q)
				d.Conditions = nil
				return d, err
			}
		}},
		{"policy-conditions-ignored", "statements are read without their conditions", evaluation, everyStatement(func(s *policy.Statement) { s.Conditions = nil })},
		{"policy-split-statement-rejected", "a policy that names a principal in two grants is refused", evaluation, func(sound policy.Implementation) policy.Implementation {
			return func(q policy.Question) (policy.Decision, error) {
				if d, err := policy.Parse(q.Provider, q.Kind, []byte(q.Policy)); err == nil && granting(d) > 1 {
					return policy.Decision{}, errors.New("a principal stands in two statements")
				}
				return sound(q)
			}
		}},
		{"policy-account-is-not-its-root", "an account's ID is not taken for its root", evaluation, principals(func(p policy.Principal) bool { return len(p.Value) == 12 })},
		{"policy-coreweave-principal-dropped", "principals of CoreWeave's kind are dropped without a word", evaluation, principals(func(p policy.Principal) bool { return p.Kind == "CW" })},
		{"policy-one-object-asked-for-all", "for all objects of a folder one of them is asked about", evaluation, func(sound policy.Implementation) policy.Implementation {
			return func(q policy.Question) (policy.Decision, error) {
				q.Resource = strings.TrimSuffix(q.Resource, "*")
				return sound(q)
			}
		}},
		{"policy-written-anew", "a policy is read, written down in another order and read again, which harms nothing", nil, rereading(func(d *policy.Document, _ policy.Question) {
			slices.Reverse(d.Statements)
		})},
	}
	return list
}

// connectorPolicies concern a connector's own evaluator, asked as any other of its operations.
func connectorPolicies() []ConnectorFault {
	wrap := rereading(func(d *policy.Document, _ policy.Question) {
		d.Statements = slices.DeleteFunc(d.Statements, func(s policy.Statement) bool { return s.Effect == policy.Deny })
	})
	return []ConnectorFault{
		{Name: "connector-deny-ignored", Does: "the connector passes over statements that deny", Breaks: evaluation,
			Build: func(r *connector.Rules) { r.EvaluatePolicy = wrap(r.EvaluatePolicy) }},
	}
}

// nothing stands in the place of a word that is not to match any more.
const nothing = "none:none"

// rereading changes the document before it is judged.
func rereading(change func(*policy.Document, policy.Question)) func(policy.Implementation) policy.Implementation {
	return func(sound policy.Implementation) policy.Implementation {
		return func(q policy.Question) (policy.Decision, error) {
			d, err := policy.Parse(q.Provider, q.Kind, []byte(q.Policy))
			if err != nil {
				return policy.Decision{}, err
			}
			change(d, q)
			q.Policy = string(d.JSON())
			return sound(q)
		}
	}
}

func everyStatement(change func(*policy.Statement)) func(policy.Implementation) policy.Implementation {
	return rereading(func(d *policy.Document, _ policy.Question) {
		for i := range d.Statements {
			change(&d.Statements[i])
		}
	})
}

// principals makes nobody of some.
func principals(gone func(policy.Principal) bool) func(policy.Implementation) policy.Implementation {
	return everyStatement(func(s *policy.Statement) {
		for i, p := range s.Principals {
			if gone(p) {
				s.Principals[i] = policy.Principal{Kind: "AWS", Value: nothing}
			}
		}
	})
}

// deciding gives one answer where none can be given.
func deciding(always policy.Answer) func(policy.Implementation) policy.Implementation {
	return func(sound policy.Implementation) policy.Implementation {
		return func(q policy.Question) (policy.Decision, error) {
			d, err := sound(q)
			if d.Answer == policy.Depends {
				d.Answer = always
			}
			return d, err
		}
	}
}

// granting counts the statements that grant.
func granting(d *policy.Document) (n int) {
	for _, s := range d.Statements {
		if s.Effect == policy.Allow {
			n++
		}
	}
	return n
}

// firstDecides asks about one statement after the other.
func firstDecides(sound policy.Implementation) policy.Implementation {
	return func(q policy.Question) (policy.Decision, error) {
		d, err := policy.Parse(q.Provider, q.Kind, []byte(q.Policy))
		if err != nil {
			return policy.Decision{}, err
		}
		for i := range d.Statements {
			alone := *d
			alone.Statements = d.Statements[i : i+1]
			q.Policy = string(alone.JSON())
			if got, err := sound(q); err != nil || got.Answer != policy.NotGranted {
				return got, err
			}
		}
		return policy.Decision{Answer: policy.NotGranted, Statement: -1}, nil
	}
}
