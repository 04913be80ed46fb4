package policy

import (
	"bytes"
	"encoding/json"
	"strings"
)

type writtenDocument struct {
	Version   string `json:"Version,omitempty"`
	ID        string `json:"Id,omitempty"`
	Statement []writtenStatement
}

type writtenStatement struct {
	Sid          string `json:"Sid,omitempty"`
	Effect       Effect
	Principal    any                       `json:"Principal,omitempty"`
	NotPrincipal any                       `json:"NotPrincipal,omitempty"`
	Action       any                       `json:"Action,omitempty"`
	NotAction    any                       `json:"NotAction,omitempty"`
	Resource     any                       `json:"Resource,omitempty"`
	NotResource  any                       `json:"NotResource,omitempty"`
	Condition    map[string]map[string]any `json:"Condition,omitempty"`
}

// JSON is the document as it is set and printed: what Parse reads again.
func (d *Document) JSON() []byte {
	w := writtenDocument{Version: d.Version, ID: d.ID, Statement: []writtenStatement{}}
	for _, s := range d.Statements {
		w.Statement = append(w.Statement, s.written())
	}
	return encode(w, "  ")
}

// JSON is one statement on one line.
func (s Statement) JSON() string {
	b := strings.TrimSpace(string(encode(s.written(), "")))
	return strings.NewReplacer(`":`, `": `, `","`, `", "`, `],"`, `], "`, `},"`, `}, "`).Replace(b)
}

func encode(v any, indent string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		panic(err) // strings alone
	}
	return b.Bytes()
}

func (s Statement) written() writtenStatement {
	w := writtenStatement{Sid: s.Sid, Effect: s.Effect}
	put := func(to, not *any, v any, negated bool) {
		if negated {
			*not = v
		} else {
			*to = v
		}
	}
	if len(s.Principals) > 0 {
		put(&w.Principal, &w.NotPrincipal, writtenPrincipals(s.Principals), s.NotPrincipal)
	}
	if len(s.Actions) > 0 {
		put(&w.Action, &w.NotAction, oneOrMany(s.Actions), s.NotAction)
	}
	if len(s.Resources) > 0 {
		put(&w.Resource, &w.NotResource, oneOrMany(s.Resources), s.NotResource)
	}
	for _, c := range s.Conditions {
		if w.Condition == nil {
			w.Condition = map[string]map[string]any{}
		}
		if w.Condition[c.Operator] == nil {
			w.Condition[c.Operator] = map[string]any{}
		}
		w.Condition[c.Operator][c.Key] = oneOrMany(c.Values)
	}
	return w
}

func oneOrMany(words []string) any {
	if len(words) == 1 {
		return words[0]
	}
	return words
}

func writtenPrincipals(list []Principal) any {
	kinds := map[string][]string{}
	for _, p := range list {
		if p.Kind == "" {
			return "*"
		}
		kinds[p.Kind] = append(kinds[p.Kind], p.Value)
	}
	out := map[string]any{}
	for kind, values := range kinds {
		out[kind] = oneOrMany(values)
	}
	return out
}
