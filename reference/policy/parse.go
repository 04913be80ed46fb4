package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

// maxStatements is more than a policy of 20 KiB holds.
const maxStatements = 1000

var (
	documentFields  = []string{"Version", "Id", "Statement"}
	statementFields = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
	principalKinds  = []string{"AWS", "CW", "Service", "Federated", "CanonicalUser"}
)

// Parse reads a document strictly: an unknown key, one that stands twice, and a value of another kind than the grammar
// has are errors (AWS IAM User Guide, "Grammar of the IAM JSON policy language"; CoreWeave's has the principal CW besides).
// What "aws s3api get-bucket-policy" and "aws kms get-key-policy" print, the policy as a string in Policy, is taken too.
func Parse(provider string, kind Kind, document []byte) (*Document, error) {
	root, err := tree.Parse(document)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	if p := root.Get("Policy"); root.Kind == tree.Object && p != nil && p.Kind == tree.String && root.Get("Statement") == nil {
		if root, err = tree.Parse([]byte(p.Text)); err != nil {
			return nil, &Error{Field: "Policy", Problem: err.Error()}
		}
	}
	if root.Kind != tree.Object {
		return nil, &Error{Problem: fmt.Sprintf("a policy is an object, and this is %s", root.Kind)}
	}
	d := &Document{Provider: provider, Kind: kind}
	for _, m := range root.Members {
		switch m.Key {
		case "Version":
			if d.Version = m.Value.Text; m.Value.Kind != tree.String || (d.Version != "2012-10-17" && d.Version != "2008-10-17") {
				return nil, &Error{Field: m.Key, Problem: fmt.Sprintf("there is no version %q of the policy language", m.Value.Text), Fix: `write "2012-10-17"`}
			}
		case "Id":
			if d.ID = m.Value.Text; m.Value.Kind != tree.String {
				return nil, &Error{Field: m.Key, Problem: fmt.Sprintf("is %s, and must be a string", m.Value.Kind)}
			}
		case "Statement":
			if err := d.statements(m.Value); err != nil {
				return nil, err
			}
		default:
			return nil, unknown(m.Key, "a policy", documentFields)
		}
	}
	if root.Get("Statement") == nil {
		return nil, &Error{Field: "Statement", Problem: "is missing"}
	}
	d.prepare()
	return d, nil
}

func unknown(key, what string, known []string) *Error {
	fix := "the keys are " + strings.Join(known, ", ")
	if near := tree.Near(key, known); near != "" {
		fix = "write " + near
	}
	return &Error{Field: key, Problem: "no key of " + what, Fix: fix}
}

func (d *Document) statements(n *tree.Node) error {
	items := n.Items
	switch n.Kind {
	case tree.Object: // one statement may stand without its list
		items = []*tree.Node{n}
	case tree.Array:
	default:
		return &Error{Field: "Statement", Problem: fmt.Sprintf("is %s, and must be a list of statements", n.Kind)}
	}
	if len(items) > maxStatements {
		return &Error{Field: "Statement", Problem: fmt.Sprintf("there are more than %d", maxStatements)}
	}
	for i, item := range items {
		s, err := d.statement(item)
		if err != nil {
			err.Statement = i + 1
			return err
		}
		d.Statements = append(d.Statements, s)
	}
	return nil
}

func (d *Document) statement(n *tree.Node) (Statement, *Error) {
	var s Statement
	if n.Kind != tree.Object {
		return s, &Error{Problem: fmt.Sprintf("is %s, and must be an object", n.Kind)}
	}
	for _, m := range n.Members {
		var err *Error
		switch m.Key {
		case "Sid":
			if s.Sid = m.Value.Text; m.Value.Kind != tree.String {
				err = &Error{Field: m.Key, Problem: fmt.Sprintf("is %s, and must be a string", m.Value.Kind)}
			}
		case "Effect":
			if s.Effect = Effect(m.Value.Text); s.Effect != Allow && s.Effect != Deny {
				err = &Error{Field: m.Key, Problem: fmt.Sprintf("is %q", m.Value.Text), Fix: `write "Allow" or "Deny"`}
			}
		case "Principal", "NotPrincipal":
			s.NotPrincipal = m.Key == "NotPrincipal"
			s.Principals, err = principals(m)
		case "Action", "NotAction":
			s.NotAction = m.Key == "NotAction"
			s.Actions, err = actionNames(m)
		case "Resource", "NotResource":
			s.NotResource = m.Key == "NotResource"
			s.Resources, err = someWords(m)
		case "Condition":
			s.Conditions, err = conditions(m)
		default:
			err = unknown(m.Key, "a statement", statementFields)
		}
		if err != nil {
			return s, err
		}
	}
	return s, d.whole(n)
}

// whole refuses a statement that lacks a part, or says one twice over.
func (d *Document) whole(n *tree.Node) *Error {
	if n.Get("Effect") == nil {
		return &Error{Field: "Effect", Problem: "is missing", Fix: `write "Effect": "Allow"`}
	}
	for _, pair := range [][2]string{{"Principal", "NotPrincipal"}, {"Action", "NotAction"}, {"Resource", "NotResource"}} {
		first, second := n.Get(pair[0]) != nil, n.Get(pair[1]) != nil
		needed := pair[0] != "Principal" || d.Kind != Identity && d.Provider != S3Compatible
		switch {
		case first && second:
			return &Error{Field: pair[0], Problem: "stands beside " + pair[1], Fix: "a statement has one of the two"}
		case !first && !second && needed:
			return &Error{Field: pair[0], Problem: fmt.Sprintf("is missing, and a %s needs it", d.Kind)}
		case (first || second) && pair[0] == "Principal" && d.Kind == Identity:
			return &Error{Field: pair[0], Problem: "a policy of a user names none", Fix: "leave it out"}
		}
	}
	return nil
}

func someWords(m tree.Member) ([]string, *Error) {
	words, err := m.Value.Strings()
	if err != nil {
		return nil, &Error{Field: m.Key, Problem: err.Error()}
	}
	if len(words) == 0 {
		return nil, &Error{Field: m.Key, Problem: "is empty"}
	}
	return words, nil
}

func actionNames(m tree.Member) ([]string, *Error) {
	names, err := someWords(m)
	if err != nil {
		return nil, err
	}
	for _, a := range names {
		if service, name, ok := strings.Cut(a, ":"); a != "*" && (!ok || service == "" || name == "") {
			return nil, &Error{Field: m.Key, Problem: fmt.Sprintf("%q is no action", a), Fix: `write it as service:name, such as "s3:GetObject"`}
		}
	}
	return names, nil
}

func principals(m tree.Member) ([]Principal, *Error) {
	switch m.Value.Kind {
	case tree.String:
		if m.Value.Text != "*" {
			return nil, &Error{Field: m.Key, Problem: fmt.Sprintf("%q stands alone", m.Value.Text), Fix: `only "*" may; write {"AWS": "..."}`}
		}
		return []Principal{{Value: "*"}}, nil
	case tree.Array: // CoreWeave's documentation has ["*"]
		if len(m.Value.Items) == 1 && m.Value.Items[0].Text == "*" {
			return []Principal{{Value: "*"}}, nil
		}
		return nil, &Error{Field: m.Key, Problem: "is a list", Fix: `write {"AWS": [...]}`}
	case tree.Object:
	default:
		return nil, &Error{Field: m.Key, Problem: fmt.Sprintf("is %s", m.Value.Kind), Fix: `write {"AWS": "..."}`}
	}
	var out []Principal
	for _, k := range m.Value.Members {
		if !slices.Contains(principalKinds, k.Key) {
			e := unknown(k.Key, "a principal", principalKinds)
			e.Field = m.Key + "." + k.Key
			return nil, e
		}
		values, err := someWords(k)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			out = append(out, Principal{k.Key, v})
		}
	}
	if len(out) == 0 {
		return nil, &Error{Field: m.Key, Problem: "names nobody"}
	}
	return out, nil
}

func conditions(m tree.Member) ([]Condition, *Error) {
	if m.Value.Kind != tree.Object {
		return nil, &Error{Field: m.Key, Problem: fmt.Sprintf("is %s, and must be an object", m.Value.Kind)}
	}
	var out []Condition
	for _, operator := range m.Value.Members {
		if operator.Value.Kind != tree.Object {
			return nil, &Error{Field: m.Key + "." + operator.Key, Problem: fmt.Sprintf("is %s, and must be an object of keys", operator.Value.Kind)}
		}
		for _, key := range operator.Value.Members {
			values, err := scalars(key.Value)
			if err != nil {
				return nil, &Error{Field: m.Key + "." + operator.Key + "." + key.Key, Problem: err.Error()}
			}
			out = append(out, Condition{operator.Key, key.Key, values})
		}
	}
	return out, nil
}

// scalars reads the values of a condition, which may be numbers and booleans without quotes.
func scalars(n *tree.Node) ([]string, error) {
	items := []*tree.Node{n}
	if n.Kind == tree.Array {
		items = n.Items
	}
	var out []string
	for _, item := range items {
		switch item.Kind {
		case tree.String, tree.Number, tree.Bool:
			out = append(out, item.Text)
		default:
			return nil, fmt.Errorf("there is %s where a value belongs", item.Kind)
		}
	}
	return out, nil
}
