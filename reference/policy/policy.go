// Package policy reads and evaluates the documents that say who may use a bucket: bucket policies of Amazon S3 and
// CoreWeave, policies of a user on S3-compatible stores, KMS key policies and, as far as W&B's "Bring your own bucket"
// needs them, Google's role bindings and Azure's role assignments. It judges them by the requirements BYOB-PERM, BYOB-KMS-001
// and 004, and says what is missing in the provider's own syntax. It is pure. What a document doesn't decide, because a
// condition hangs on something it doesn't know, is Depends and names the condition; it is never guessed. Only the
// bucket's side is judged: that W&B's own account lets its principal use what is granted is assumed, since no document of
// the owner's shows it (AWS IAM User Guide, "Cross-account policy evaluation logic").
package policy

import (
	"fmt"
	"slices"
	"strings"
)

// The providers, in the words used everywhere.
const (
	AWS          = "aws"
	CoreWeave    = "coreweave"
	GCP          = "gcp"
	Azure        = "azure"
	S3Compatible = "s3-compatible"
)

// Kind is what a document is attached to, which decides what its statements have to name.
type Kind string

// The kinds.
const (
	Bucket   Kind = "bucket policy"
	Key      Kind = "key policy"
	Identity Kind = "policy of a user" // without principals: it speaks of whomever it is attached to
)

// Effect is what a statement does.
type Effect string

// The effects of a statement.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Document is one policy. Make one with Parse: it prepares what Evaluate reads.
type Document struct {
	Provider   string
	Kind       Kind
	Version    string
	ID         string
	Statements []Statement
}

// Statement is one statement. NotPrincipal, NotAction and NotResource turn the list beside them into what is left out.
type Statement struct {
	Sid          string
	Effect       Effect
	Principals   []Principal
	NotPrincipal bool
	Actions      []string
	NotAction    bool
	Resources    []string
	NotResource  bool
	Conditions   []Condition

	lower []string // the actions in small letters: they are compared without regard to case
}

// Principal is who a statement speaks of. Kind is AWS, CW (CoreWeave), Service, Federated or CanonicalUser, and "" for the
// bare "*".
type Principal struct{ Kind, Value string }

// Everyone reports whether a principal stands for the whole world, anonymous requests included.
func (p Principal) Everyone() bool {
	return p.Value == "*" && (p.Kind == "" || p.Kind == "AWS" || p.Kind == "CW")
}

// String is the principal as a document writes it.
func (p Principal) String() string {
	if p.Kind == "" {
		return fmt.Sprintf("%q", p.Value)
	}
	return fmt.Sprintf("{%q: %q}", p.Kind, p.Value)
}

// Condition is one test of a statement: an operator, a key, and values of which one suffices.
type Condition struct {
	Operator string
	Key      string
	Values   []string
}

// String is the condition as a document writes it.
func (c Condition) String() string {
	if len(c.Values) == 1 {
		return fmt.Sprintf("%s %s %q", c.Operator, c.Key, c.Values[0])
	}
	return fmt.Sprintf("%s %s %q", c.Operator, c.Key, c.Values)
}

// Error says why a document is no policy.
type Error struct {
	Statement int // 1 is the first; 0 the document as a whole
	Field     string
	Problem   string
	Fix       string
}

// Error is one line: where, what is wrong, what to write.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Statement > 0 {
		fmt.Fprintf(&b, "statement %d: ", e.Statement)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, "%s: ", e.Field)
	}
	b.WriteString(e.Problem)
	if e.Fix != "" {
		b.WriteString("; " + e.Fix)
	}
	return b.String()
}

// label names a statement: by its Sid, or by its place.
func (d *Document) label(i int) string {
	if sid := d.Statements[i].Sid; sid != "" {
		return fmt.Sprintf("statement %q", sid)
	}
	return fmt.Sprintf("statement %d", i+1)
}

// Clone is a deep copy.
func (d *Document) Clone() *Document {
	out := *d
	out.Statements = slices.Clone(d.Statements)
	for i, s := range out.Statements {
		s.Principals, s.Actions, s.Resources = slices.Clone(s.Principals), slices.Clone(s.Actions), slices.Clone(s.Resources)
		s.Conditions = slices.Clone(s.Conditions)
		for j, c := range s.Conditions {
			s.Conditions[j].Values = slices.Clone(c.Values)
		}
		out.Statements[i] = s
	}
	out.prepare()
	return &out
}

// prepare readies the statements for Evaluate.
func (d *Document) prepare() {
	for i := range d.Statements {
		s := &d.Statements[i]
		s.lower = make([]string, len(s.Actions))
		for j, a := range s.Actions {
			s.lower[j] = strings.ToLower(a)
		}
	}
}
