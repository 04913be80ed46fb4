package policy

import (
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/glob"
)

// Request is what is asked of a document.
type Request struct {
	// Principal is an ARN, "" for an anonymous request. With a policy of a user any word stands for that user.
	Principal string
	// Action and Resource may be patterns: then everything that they stand for is meant, or with Some anything of it.
	Action   string
	Resource string
	Some     bool
	Context  Context
}

// Context is what is known about a request, by condition key in small letters: its values, or an empty list for a key that
// the request is known not to have. A key that is not in it is unknown.
type Context map[string][]string

// Anything is the value of a key that whoever sends the request may choose: what is allowed on it is allowed.
const Anything = "\x00anything"

// Answer is what a document says to a request.
type Answer string

// The answers.
const (
	Allowed    Answer = "allowed"
	Denied     Answer = "denied"      // by a statement
	NotGranted Answer = "not granted" // by any statement
	Depends    Answer = "depends"     // on Conditions
)

// Decision is an answer and what it stands on.
type Decision struct {
	Answer Answer
	// Statement is the one that decided, -1 if none did.
	Statement int
	// Conditions are what Depends hangs on, as the document writes them.
	Conditions []string
}

// Evaluate answers as AWS and CoreWeave do (AWS IAM User Guide, "Policy evaluation logic"): a statement that denies outweighs
// all that allow, and what no statement allows is not granted. A denial that hits a part of what is asked for denies it, unless
// the request is for Some.
func (d *Document) Evaluate(r Request) Decision {
	r.Action = strings.ToLower(r.Action)
	out := Decision{Answer: NotGranted, Statement: -1}
	var hangs []string // what denials hang on
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect == Allow && out.Answer == Allowed {
			continue
		}
		hit, on := d.applies(s, r)
		switch {
		case hit == no:
		case s.Effect == Deny && hit == yes:
			return Decision{Answer: Denied, Statement: i}
		case s.Effect == Deny:
			hangs = appendNew(hangs, on)
		case hit == yes:
			out.Answer, out.Statement, out.Conditions = Allowed, i, nil
		default:
			if out.Answer == NotGranted {
				out.Statement = i
			}
			out.Answer, out.Conditions = Depends, appendNew(out.Conditions, on)
		}
	}
	if len(hangs) > 0 && out.Answer != NotGranted {
		out.Answer, out.Conditions = Depends, appendNew(out.Conditions, hangs)
	}
	return out
}

func appendNew(to, words []string) []string {
	for _, w := range words {
		if !slices.Contains(to, w) {
			to = append(to, w)
		}
	}
	return to
}

// applies says whether a statement speaks of a request, and what that hangs on.
func (d *Document) applies(s *Statement, r Request) (truth, []string) {
	// A grant must reach all that is asked for, a denial any of it; for Some it is the other way round.
	part := (s.Effect == Deny) != r.Some
	if !touches(s.lower, s.NotAction, r.Action, part) || !touches(s.Resources, s.NotResource, r.Resource, part) {
		return no, nil
	}
	var on []string
	hit := d.whom(s, r.Principal)
	switch hit {
	case no:
		return no, nil
	case maybe:
		on = []string{"who exactly acts: the statement names principals of the same account"}
	}
	for _, list := range [][]string{s.Resources, s.Actions} {
		if slices.ContainsFunc(list, func(w string) bool { return strings.Contains(w, "${") }) {
			hit, on = maybe, appendNew(on, []string{"a policy variable (${...})"})
		}
	}
	for _, c := range s.Conditions {
		switch c.holds(r.Context, s.Effect) {
		case no:
			return no, nil
		case maybe:
			hit, on = maybe, appendNew(on, []string{c.String()})
		}
	}
	return hit, on
}

// touches says whether a list of patterns stands for the whole of a target, or with part for something in it. except turns
// the list into what is left out.
func touches(patterns []string, except bool, target string, part bool) bool {
	for _, p := range patterns {
		switch {
		case !except && (glob.Covers(p, target) || part && glob.Overlaps(p, target)):
			return true
		case except && (glob.Covers(p, target) || !part && glob.Overlaps(p, target)):
			return false
		}
	}
	return except
}
