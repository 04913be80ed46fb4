package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/finding"
)

// Documents are what a bucket's owner can show. A nil one was not given.
type Documents struct {
	Bucket      *Document // the bucket policy; on S3-compatible stores the user's
	Key         *Document
	KeyState    *KeyState
	Bindings    *Bindings    // gcp
	Assignments *Assignments // azure
	Federated   *Federated   // azure
	Account     *Account     // azure
}

// Judge says what documents are worth for W&B, requirement by requirement: PERM, KMS-001 and KMS-004, as far as the
// provider has them.
func Judge(docs Documents, n Need) []finding.Finding {
	j := &judge{docs: docs, n: n}
	switch n.Provider {
	case AWS, CoreWeave, S3Compatible:
		j.bucketPolicy()
		if n.Provider == AWS {
			j.keyPolicy()
			j.keyState()
		}
	case GCP:
		j.bindings()
	case Azure:
		j.assignments()
		j.account()
	}
	return j.findings
}

// Refused says what a document is worth that is none of its kind.
func Refused(kind Kind, err error, n Need) []finding.Finding {
	ids := []string{"BYOB-PERM-012"}
	switch {
	case kind == Key:
		ids = []string{"BYOB-KMS-001"}
	case n.Provider == S3Compatible:
		ids = nil
		for _, a := range eleven {
			ids = append(ids, a.requirement)
		}
	}
	var out []finding.Finding
	for _, id := range ids {
		out = append(out, finding.Finding{Requirement: id, State: finding.Broken, What: "the " + string(kind), Expected: "a document that the provider takes",
			Actual: err.Error(), Fix: "mend the document: " + err.Error()})
	}
	return out
}

type judge struct {
	docs     Documents
	n        Need
	who      string
	changes  []Change
	findings []finding.Finding
}

func (j *judge) add(f finding.Finding) { j.findings = append(j.findings, f) }

func (j *judge) notGiven(missing string, ids ...string) {
	for _, id := range ids {
		j.add(finding.Finding{Requirement: id, State: finding.NotGiven, What: "what the documents say", Missing: missing})
	}
}

// fix is what of the smallest change concerns a requirement, else what is said in general.
func (j *judge) fix(id, general string) string {
	var lines []string
	for _, c := range j.changes {
		if c.Requirement == id {
			lines = append(lines, c.Text)
		}
	}
	if len(lines) == 0 {
		return general
	}
	return strings.Join(lines, "\n")
}

func ids(list []action) (out []string) {
	for _, a := range list {
		out = append(out, a.requirement)
	}
	return out
}

// bucketPolicy judges PERM-001 to 013, 016, 018 and 020.
func (j *judge) bucketPolicy() {
	all := append(ids(eleven), "BYOB-PERM-016", "BYOB-PERM-020")
	switch j.n.Provider {
	case AWS:
		all = append(all, "BYOB-PERM-012", "BYOB-PERM-018")
	case CoreWeave:
		all = append(all, "BYOB-PERM-012", "BYOB-PERM-013", "BYOB-PERM-018")
	}
	if j.docs.Bucket == nil {
		j.notGiven("the bucket policy: --policy FILE", all...)
		return
	}
	if j.n.Bucket == "" {
		j.notGiven("the bucket's name: --bucket NAME", all...)
		return
	}
	j.nobody()
	var missing string
	if j.who, missing = j.n.Who(); missing != "" {
		for _, id := range all {
			if id != "BYOB-PERM-020" {
				j.notGiven(missing, id)
			}
		}
		return
	}
	_, j.changes = Mend(j.docs.Bucket, j.n)
	if j.n.Provider != S3Compatible {
		j.principal()
	}
	if j.n.Provider == CoreWeave {
		j.organisation()
	}
	for _, a := range eleven {
		j.action(a)
	}
	j.refusedByAmazon()
	j.excess()
	if j.n.Provider != S3Compatible {
		j.wildcard(j.docs.Bucket, "s3:GetObject*", j.n.objectsARN())
	}
}

func (j *judge) ask(d *Document, name, resource string) Decision {
	return d.Evaluate(Request{Principal: j.who, Action: name, Resource: resource, Context: j.n.context(j.who)})
}

// action judges one of the eleven.
func (j *judge) action(a action) {
	for _, call := range a.needs(j.n.Provider) {
		d := j.docs.Bucket
		r := a.resource(j.n)
		decision := j.ask(d, call, r)
		f := finding.Finding{Requirement: a.requirement, What: call + " on " + r, Expected: "allowed to " + j.called()}
		switch decision.Answer {
		case Allowed:
			f.State, f.Actual = finding.Holds, "allowed by "+d.label(decision.Statement)
		case Depends:
			f.State, f.Condition = finding.Open, strings.Join(decision.Conditions, " and ")
			f.Actual = "depends on " + f.Condition
		case Denied:
			f.State, f.Actual = finding.Broken, "denied by "+d.label(decision.Statement)+j.tls(decision.Statement)
			f.Fix = fmt.Sprintf("take %s out of what %s denies: %s", j.called(), d.label(decision.Statement), j.exception(decision.Statement))
		default:
			f.State, f.Actual = finding.Broken, "not granted: "+j.whyNot(call, r)
			f.Fix = j.fix(a.requirement, "grant "+a.name+" on "+r)
		}
		j.add(f)
	}
}

// called is W&B's principal in words.
func (j *judge) called() string {
	if j.who == anyUser {
		return "the user"
	}
	return j.who
}

// tls says so when a denial is about plain http.
func (j *judge) tls(statement int) string {
	for _, c := range j.docs.Bucket.Statements[statement].Conditions {
		if strings.EqualFold(c.Key, "aws:SecureTransport") && j.n.PlainHTTP {
			return ", since the address turns TLS off"
		}
	}
	return ""
}

// exception says how a denial leaves W&B out.
func (j *judge) exception(statement int) string {
	if j.tls(statement) != "" {
		return "use TLS in the address (tls=true), and leave the statement as it is"
	}
	if j.n.Provider == AWS && !isRoot(j.who) {
		return `add to its Condition "ArnNotEquals": {"aws:PrincipalArn": "` + j.who + `"}`
	}
	if j.n.Provider == AWS {
		return `add to its Condition "StringNotEquals": {"aws:PrincipalAccount": "` + accountOf(j.who) + `"}`
	}
	return "remove the statement, or name those that it is meant for"
}

// whyNot says what keeps the statements that come nearest from granting a call.
func (j *judge) whyNot(call, resource string) string {
	d := j.docs.Bucket
	named := false
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != Allow || d.whom(s, j.who) == no || !touches(s.lower, s.NotAction, strings.ToLower(call), false) {
			continue
		}
		named = true
		if touches(s.Resources, s.NotResource, resource, false) {
			for _, c := range s.Conditions {
				if c.holds(j.n.context(j.who), Allow) == no {
					return fmt.Sprintf("%s has the condition %s, which a request of W&B's does not meet", d.label(i), c)
				}
			}
			continue
		}
		return fmt.Sprintf("%s has it for %s, %s", d.label(i), strings.Join(s.Resources, ", "), j.tooFew(s, resource))
	}
	if named {
		return "no statement grants all of it"
	}
	return "no statement for this principal names the action"
}

// tooFew says what is wrong with a statement's resources.
func (j *judge) tooFew(s *Statement, resource string) string {
	for _, r := range s.Resources {
		if o := oddity(r); o != "" {
			return o
		}
	}
	mine := func(r string) bool { return r == j.n.bucketARN() || strings.HasPrefix(r, j.n.bucketARN()+"/") }
	if !slices.ContainsFunc(s.Resources, mine) {
		return "which is another bucket"
	}
	switch {
	case resource == j.n.bucketARN():
		return "which are objects alone: the action is done to the bucket, " + resource
	case !slices.ContainsFunc(s.Resources, func(r string) bool { return strings.HasPrefix(r, j.n.bucketARN()+"/") }):
		return "which is the bucket alone: the action is done to objects, " + resource
	}
	return "which is not all of " + resource
}

func stateOf(holds bool) finding.State {
	if holds {
		return finding.Holds
	}
	return finding.Broken
}

func quoted(words []string) string {
	return "[\"" + strings.Join(words, `", "`) + "\"]"
}
