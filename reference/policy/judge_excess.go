package policy

import (
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/reference/finding"
)

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
		if d == j.docs.Key {
			f.Fix = j.keyFix(pattern)
		}
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
