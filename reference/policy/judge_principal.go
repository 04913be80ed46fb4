package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/finding"
)

// principal judges whether the policy speaks of W&B at all.
func (j *judge) principal() {
	const id = "BYOB-PERM-012"
	d := j.docs.Bucket
	var others []string
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != Allow {
			continue
		}
		for _, p := range s.Principals {
			if !s.NotPrincipal && !p.Everyone() && d.names(p, j.who, Allow) == yes {
				j.add(finding.Finding{Requirement: id, State: finding.Holds, What: "whom the policy grants to", Expected: j.who, Actual: d.label(i) + " names " + p.String()})
				return
			}
			others = appendNew(others, []string{p.String() + j.mistaken(p)})
		}
	}
	actual := "nobody"
	if len(others) > 0 {
		actual = strings.Join(others, ", ")
	}
	j.add(finding.Finding{Requirement: id, State: finding.Broken, What: "whom the policy grants to", Expected: j.who, Actual: actual,
		Fix: j.fix(id, fmt.Sprintf("write %s", Principal{j.n.principalKind(), j.who}))})
}

// mistaken says what somebody was likely mistaken about who wrote a principal.
func (j *judge) mistaken(p Principal) string {
	if o := oddity(p.Value); o != "" {
		return " (" + o + ")"
	}
	for _, deployment := range Deployments {
		if canonical(p.Value) == deploymentPrincipals[j.n.Provider][deployment] {
			return " (which is W&B's on " + deployment + ")"
		}
	}
	if p.Everyone() {
		return " (everyone)"
	}
	return ""
}

// organisation judges wandb:OrgID: without it W&B's principal is let in for every organisation that it serves.
func (j *judge) organisation() {
	const id = "BYOB-PERM-013"
	if j.n.OrgID == "" {
		j.notGiven("W&B's organisation ID, or the customer namespace: --org-id ID", id)
		return
	}
	d := j.docs.Bucket
	seen := 0
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != Allow || !d.forWandB(s, j.who) {
			continue
		}
		seen++
		met, values := s.organisation(j.n)
		f := finding.Finding{Requirement: id, State: finding.Holds, What: "the condition wandb:OrgID of " + d.label(i), Expected: j.n.OrgID, Actual: "none"}
		if len(values) > 0 {
			f.Actual = strings.Join(values, ", ")
		}
		if !met {
			f.State = finding.Broken
			f.Fix = j.fix(id, fmt.Sprintf(`write "Condition": {"StringLike": {"wandb:OrgID": [%q]}} into %s`, j.n.OrgID, d.label(i)))
		}
		j.add(f)
	}
	if seen == 0 {
		j.add(finding.Finding{Requirement: id, State: finding.Broken, What: "the condition wandb:OrgID", Expected: j.n.OrgID, Actual: "no statement speaks of W&B's principal",
			Fix: j.fix("BYOB-PERM-012", "name W&B's principal first")})
	}
}

// forWandB reports whether a statement names W&B's principal, and not just everyone.
func (d *Document) forWandB(s *Statement, who string) bool {
	return !s.NotPrincipal && slices.ContainsFunc(s.Principals, func(p Principal) bool { return !p.Everyone() && d.names(p, who, Allow) == yes })
}

// organisation says whether a statement's conditions on wandb:OrgID let the organisation in, and what they name. Without
// any, they bind nobody: that isn't met.
func (s *Statement) organisation(n Need) (met bool, values []string) {
	met = true
	for _, c := range s.Conditions {
		if strings.EqualFold(c.Key, "wandb:OrgID") {
			values = append(values, c.Values...)
			met = met && c.holds(Context{"wandb:orgid": {n.OrgID}}, Allow) == yes
		}
	}
	return met && len(values) > 0, values
}

// refusedByAmazon breaks what a policy would break that Amazon doesn't take: the action that is misplaced, else the
// principal. Nothing of such a policy is ever in force.
func (j *judge) refusedByAmazon() {
	for _, p := range j.docs.Bucket.Problems(j.n.Bucket) {
		f := finding.Finding{Requirement: "BYOB-PERM-012", State: finding.Broken, What: "what Amazon takes", Expected: "a policy that can be set",
			Actual: p.Code + ": " + p.What, Fix: p.Fix}
		ours := false
		for _, a := range eleven {
			if has(p.Actions, a.name) || a.calls != nil && slices.ContainsFunc(a.calls, func(c string) bool { return has(p.Actions, c) }) {
				ours = true
				f.Requirement = a.requirement
				j.add(f)
			}
		}
		if !ours {
			j.add(f)
		}
	}
}
