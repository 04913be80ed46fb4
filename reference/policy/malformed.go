package policy

import (
	"fmt"
	"strings"
)

// Problem is why Amazon refuses a policy that is written well.
type Problem struct {
	Statement int // 1 is the first
	Code      string
	What      string
	Fix       string
	Actions   []string // those that are misplaced, if it is about actions
}

// Problems says what Amazon refuses a bucket policy for, when it is set, beyond its grammar. The best known is
// "MalformedPolicy: Action does not apply to any resource(s) in statement" (wandb/terraform-aws-wandb#156). Other providers
// publish no such rules, and have none here.
func (d *Document) Problems(bucket string) []Problem {
	if d.Provider != AWS || d.Kind != Bucket {
		return nil
	}
	var out []Problem
	for i := range d.Statements {
		s := &d.Statements[i]
		say := func(what, fix string, actions ...string) {
			out = append(out, Problem{Statement: i + 1, Code: "MalformedPolicy", What: d.label(i) + ": " + what, Fix: fix, Actions: actions})
		}
		for _, p := range s.Principals {
			switch {
			case p.Kind == "CW":
				say(`the principal CW is CoreWeave's`, `write {"AWS": ...}`)
			case p.Kind == "AWS" && strings.Contains(p.Value, "*") && p.Value != "*":
				say(fmt.Sprintf("Amazon takes no * within the principal %q", p.Value), "name the principal, or the account")
			case p.Kind == "AWS" && p.Value != "*" && !wellFormed(p.Value):
				say(fmt.Sprintf("%q is no principal (%s)", p.Value, oddity(p.Value)), "name an ARN, or an account by its twelve digits")
			}
		}
		d.inapplicable(s, bucket, say)
	}
	return out
}

// inapplicable finds actions that none of a statement's resources takes.
func (d *Document) inapplicable(s *Statement, bucket string, say func(what, fix string, actions ...string)) {
	if s.NotAction || s.NotResource {
		return
	}
	objects, buckets := false, false
	for _, r := range s.Resources {
		name, isARN := strings.CutPrefix(r, "arn:aws:s3:::")
		switch {
		case r == "*" || !isARN:
			objects, buckets = true, true
		case strings.Contains(name, "/"):
			objects = true
		case strings.Contains(name, "*"):
			objects, buckets = true, true
		default:
			buckets = true
		}
	}
	var lost []string
	object := false
	for _, a := range s.Actions {
		o, both := objectAction(a)
		if !both && (o && !objects || !o && !buckets) {
			lost, object = append(lost, a), o
		}
	}
	if len(lost) == 0 {
		return
	}
	kind, add := "the bucket", "arn:aws:s3:::"+bucket
	if object {
		kind, add = "objects", "arn:aws:s3:::"+bucket+"/*"
	}
	say(fmt.Sprintf("Action does not apply to any resource(s) in statement: %s is done to %s, and no resource of the statement is such", strings.Join(lost, ", "), kind),
		fmt.Sprintf("add %q to its Resource, or move these actions to a statement of their own", add), lost...)
}

// wellFormed reports whether Amazon could take a value for a principal.
func wellFormed(value string) bool {
	return value != "" && oddity(value) == "" && (canonical(value) != value || strings.HasPrefix(value, "arn:") || strings.HasPrefix(value, "AIDA") || strings.HasPrefix(value, "AROA"))
}

// oddity says what is wrong with a principal's name or a resource's that was put together by hand.
func oddity(value string) string {
	switch {
	case strings.Count(value, "arn:") > 1:
		return "one ARN stands in another: W&B's page has the prefix in its policy and in the value to put there"
	case strings.ContainsAny(value, "<>"):
		return "a placeholder was left in"
	case strings.TrimSpace(value) != value:
		return "it begins or ends with a space"
	}
	return ""
}
