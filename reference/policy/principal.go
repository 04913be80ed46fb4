package policy

import (
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/glob"
)

// truth is a statement's answer to a question that may hang on what no document says.
type truth int8

const (
	no truth = iota
	maybe
	yes
)

// canonical writes an account's ID as the account's root, which is what it stands for (AWS IAM User Guide, "AWS JSON policy
// elements: Principal").
func canonical(value string) string {
	if len(value) == 12 && strings.Trim(value, "0123456789") == "" {
		return "arn:aws:iam::" + value + ":root"
	}
	return value
}

// accountOf is the account in an ARN, "" if it has none.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return ""
	}
	return parts[4]
}

// isRoot reports whether an ARN stands for a whole account.
func isRoot(arn string) bool { return strings.HasSuffix(arn, ":root") }

// names says whether a principal of a statement stands for who: an ARN, or "" for an anonymous request.
func (d *Document) names(p Principal, who string, e Effect) truth {
	if p.Everyone() {
		return yes
	}
	if who == "" || (p.Kind != "AWS" && p.Kind != "CW") {
		return no
	}
	value := canonical(p.Value)
	switch {
	case value == who:
		return yes
	case isRoot(value) && accountOf(value) != "" && accountOf(value) == accountOf(who):
		return yes // the account hands on what it is granted; a denial hits all of it
	case d.Provider == CoreWeave && glob.Covers(value, who):
		return yes // CoreWeave's own documents have arn:aws:iam::<org>:*
	case isRoot(who) && e == Deny && accountOf(value) == accountOf(who) && accountOf(who) != "":
		return maybe // it may be the very one that acts for the account
	}
	return no
}

// whom says whether a statement speaks of who.
func (d *Document) whom(s *Statement, who string) truth {
	if len(s.Principals) == 0 { // a policy of a user
		if who == "" {
			return no
		}
		return yes
	}
	best := no
	for _, p := range s.Principals {
		best = max(best, d.names(p, who, s.Effect))
	}
	if !s.NotPrincipal {
		return best
	}
	if best == no {
		return yes
	}
	if s.Effect == Deny && !isRoot(who) && who != "" && !d.excepts(s, who) {
		return maybe // excepting a role and not its account may deny the role's sessions (AWS IAM User Guide, "NotPrincipal with Deny")
	}
	return no
}

// excepts reports whether a NotPrincipal names the whole account of who, or everyone.
func (d *Document) excepts(s *Statement, who string) bool {
	for _, p := range s.Principals {
		if value := canonical(p.Value); p.Everyone() || isRoot(value) && accountOf(value) == accountOf(who) || d.Provider == CoreWeave && glob.Covers(value, who) {
			return true
		}
	}
	return false
}
