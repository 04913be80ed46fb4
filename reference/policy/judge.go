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

// excess judges whether W&B's principal may do what it never needs.
func (j *judge) excess() {
	const id = "BYOB-PERM-016"
	d := j.docs.Bucket
	var granted, conditions []string
	by := -1
	for _, e := range excess {
		resource := j.n.bucketARN()
		if e.object {
			resource = j.n.objectsARN()
		}
		r := Request{Principal: j.who, Action: e.name, Resource: resource, Context: j.n.context(j.who), Some: true}
		switch decision := d.Evaluate(r); decision.Answer {
		case Allowed:
			granted, by = append(granted, e.name), decision.Statement
		case Depends:
			conditions = appendNew(conditions, decision.Conditions)
		}
	}
	f := finding.Finding{Requirement: id, State: finding.Holds, What: "what W&B's principal may do besides", Expected: "nothing that changes the bucket or who may use it",
		Actual: "nothing"}
	switch {
	case len(granted) == 0 && len(conditions) > 0:
		f.State, f.Condition = finding.Open, strings.Join(conditions, " and ")
		f.Actual = "depends on " + f.Condition
	case len(granted) > 0:
		f.State, f.Actual = finding.Broken, fmt.Sprintf("%s, by %s", strings.Join(granted, ", "), d.label(by))
		f.Fix = j.fix(id, fmt.Sprintf(`in %s, write "Action": %s`, d.label(by), quoted(Actions())))
	}
	j.add(f)
	j.pattern()
}

// pattern judges whether wandb:OrgID lets other organisations in.
func (j *judge) pattern() {
	const id = "BYOB-PERM-016"
	if j.n.Provider != CoreWeave || j.n.OrgID == "" {
		return
	}
	d := j.docs.Bucket
	for i := range d.Statements {
		s := &d.Statements[i]
		if _, values := s.organisation(j.n); s.Effect != Allow || !d.forWandB(s, j.who) || len(values) == 0 {
			continue
		}
		stranger, _ := s.organisation(Need{OrgID: strangerID(j.n.OrgID)})
		f := finding.Finding{Requirement: id, State: finding.Holds, What: "other organisations in the condition of " + d.label(i), Expected: "not let in", Actual: "not let in"}
		if stranger {
			f.State, f.Actual = finding.Broken, "a pattern lets them in"
			f.Fix = j.fix(id, fmt.Sprintf(`in %s, write "wandb:OrgID": [%q]`, d.label(i), j.n.OrgID))
		}
		j.add(f)
	}
}

// strangerID is an organisation's ID that differs from one only as much as a pattern would let it: at its end.
func strangerID(id string) string {
	if id == "" {
		return "stranger"
	}
	return id[:len(id)-1] + string("xy"[btoi(strings.HasSuffix(id, "x"))]) + "stranger"
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wildcard judges whether one of the documented wildcards is granted as such.
func (j *judge) wildcard(d *Document, pattern, resource string) {
	const id = "BYOB-PERM-018"
	decision := j.ask(d, pattern, resource)
	f := finding.Finding{Requirement: id, What: pattern + " on " + resource, Expected: "allowed as a whole, also what is added to it", Actual: string(decision.Answer)}
	switch decision.Answer {
	case Allowed:
		f.State, f.Actual = finding.Holds, "allowed by "+d.label(decision.Statement)
	case Depends:
		f.State, f.Condition = finding.Open, strings.Join(decision.Conditions, " and ")
	case Denied:
		f.State, f.Actual = finding.Broken, "denied in part or as a whole by "+d.label(decision.Statement)
		f.Fix = fmt.Sprintf("take %s out of what %s denies", j.called(), d.label(decision.Statement))
	default:
		f.State, f.Fix = finding.Broken, j.fix(id, fmt.Sprintf("write %q as W&B's page has it", pattern))
	}
	j.add(f)
}

// publicCalls are what nobody may do without credentials.
var publicCalls = []struct {
	name   string
	object bool
}{{"s3:GetObject", true}, {"s3:ListBucket", false}, {"s3:PutObject", true}, {"s3:DeleteObject", true}, {"s3:GetObjectVersion", true},
	{"s3:ListBucketVersions", false}, {"s3:ListBucketMultipartUploads", false}, {"s3:PutBucketPolicy", false}}

// nobody judges what a request without credentials may do anywhere in the bucket. The control is a policy that lets it.
func (j *judge) nobody() {
	const id = "BYOB-PERM-020"
	d := j.docs.Bucket
	open := &Document{Provider: d.Provider, Kind: Bucket, Statements: []Statement{{Effect: Allow, Principals: []Principal{{Value: "*"}},
		Actions: []string{"s3:GetObject"}, Resources: []string{j.n.bucketARN() + "/*"}}}}
	open.prepare()
	seen := open.Evaluate(Request{Action: "s3:GetObject", Resource: j.n.bucketARN() + "/*", Some: true, Context: nobody()})
	j.add(finding.Finding{Requirement: id, State: stateOf(seen.Answer == Allowed), What: "a policy that lets everyone read, as a control", Expected: "seen to",
		Actual: string(seen.Answer), Control: true})
	for _, call := range publicCalls {
		resource := j.n.bucketARN()
		if call.object {
			resource += "/*"
		}
		decision := d.Evaluate(Request{Action: call.name, Resource: resource, Some: true, Context: nobody()})
		f := finding.Finding{Requirement: id, State: finding.Holds, What: call.name + " without credentials", Expected: "not granted", Actual: string(decision.Answer)}
		switch decision.Answer {
		case Allowed:
			f.State, f.Actual = finding.Broken, "allowed by "+d.label(decision.Statement)
			f.Fix = fmt.Sprintf("remove %s, or name whom it is meant for", d.label(decision.Statement))
		case Depends:
			f.State, f.Condition = finding.Open, strings.Join(decision.Conditions, " and ")
		}
		j.add(f)
	}
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
