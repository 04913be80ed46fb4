package reports

// standing is what one line of a result comes to by itself, in the terms that CI systems have.
type standing int

// The standings. The zero value is not a good one, and only one of them looks green.
const (
	standsUndecided standing = iota // required, and nobody knows whether it holds
	standsBroken
	standsMet
	standsAside  // counts as met without having been seen to hold: not applicable, unsupported where optional, waived
	standsWarned // a broken recommendation
	standsOpen   // nobody knows whether it holds, and nobody required it
)

// standings judges lines of a result as Decide does.
func (r *Result) standings() func(Requirement) standing {
	required, held := map[string]Required{}, r.held()
	for _, q := range r.Required {
		if old, there := required[q.ID]; !there || old.Level != Must {
			required[q.ID] = q
		}
	}
	return func(line Requirement) standing {
		rule, asked := required[line.ID]
		must := asked && rule.Level == Must
		switch {
		case line.Outcome == Waived && !held[line.ID]:
			return standsBroken
		case must:
			k, isMet := judge(rule, line)
			v, _, _ := k.bearing()
			switch {
			case isMet && line.Outcome == Passed:
				return standsMet
			case isMet:
				return standsAside
			case v == NotCertified:
				return standsBroken
			}
			return standsUndecided
		case line.Level != Must && line.Level != Should, !knownOutcome(line.Outcome):
			return standsUndecided
		case line.Outcome == Failed && line.Level == Must:
			return standsBroken
		case line.Outcome == Failed:
			return standsWarned
		case line.Outcome == Passed:
			return standsMet
		case line.Outcome == NotApplicable, line.Outcome == Waived, line.Outcome == Unsupported && line.Optional:
			return standsAside
		}
		return standsOpen
	}
}
