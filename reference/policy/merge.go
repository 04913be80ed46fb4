package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// policyBytes is the longest bucket policy (Amazon S3 User Guide, "Bucket policies").
const policyBytes = 20 << 10

// Merge adds the statement that W&B's principal needs to a bucket policy, if something is missing that a statement can give.
// Every statement that is there stays byte by byte, those that deny too. document is what the store hands out, nil for none.
// added is the new statement, nil when nothing is missing: what a Deny takes away, or what hangs on a condition, no statement
// more can give. The error says that the policy can't be read, or that it has no room.
func Merge(document []byte, n Need) (merged []byte, added *Statement, err error) {
	who, missing := n.Who()
	if missing != "" {
		return nil, nil, fmt.Errorf("not known: %s", missing)
	}
	required := Required(n, who)
	if document == nil {
		return required.JSON(), &required.Statements[0], nil
	}
	d, err := Parse(n.Provider, required.Kind, document)
	if err != nil {
		return nil, nil, err
	}
	if !lacks(d, n, who) {
		return document, nil, nil
	}
	s := required.Statements[0]
	for i, base := 2, s.Sid; slices.ContainsFunc(d.Statements, func(o Statement) bool { return o.Sid == s.Sid }); i++ {
		s.Sid = fmt.Sprint(base, i)
	}
	if merged, err = appended(document, "Statement", []byte(s.JSON())); err != nil {
		return nil, nil, err
	}
	after, err := Parse(n.Provider, required.Kind, merged)
	if err != nil {
		return nil, nil, fmt.Errorf("with one statement more: %w", err)
	}
	for i := range d.Statements {
		if after.Statements[i].JSON() != d.Statements[i].JSON() {
			return nil, nil, fmt.Errorf("%s could not be kept as it is", d.label(i))
		}
	}
	if len(merged) > policyBytes {
		return nil, nil, fmt.Errorf("with one statement more the policy has %d bytes, and %d is the most: shorten it first", len(merged), policyBytes)
	}
	return merged, &s, nil
}

// lacks reports whether something is not granted that a statement could grant.
func lacks(d *Document, n Need, who string) bool {
	ask := func(name, resource string) bool {
		return d.Evaluate(Request{Principal: who, Action: name, Resource: resource, Context: n.context(who)}).Answer == NotGranted
	}
	for _, a := range eleven {
		for _, call := range a.needs(n.Provider) {
			if ask(call, a.resource(n)) {
				return true
			}
		}
	}
	return n.Provider != S3Compatible && ask("s3:GetObject*", n.objectsARN())
}

// appended adds an item to a list of an object, or to one that stands there without its list, and leaves every other byte of
// its members as it is.
func appended(document []byte, key string, item []byte) ([]byte, error) {
	fields, order, err := members(document)
	if err != nil {
		return nil, err
	}
	have := bytes.TrimSpace(fields[key])
	switch {
	case len(have) == 0:
		order, have = append(order, key), []byte("[]")
	case have[0] == '{':
		have = slices.Concat([]byte("["), have, []byte("]"))
	}
	inner := bytes.TrimSpace(have[1 : len(have)-1])
	if len(inner) > 0 {
		inner = slices.Concat(inner, []byte(", "))
	}
	fields[key] = slices.Concat([]byte("["), inner, item, []byte("]"))
	return written(fields, order), nil
}

// members are the members of an object as they are written, and their order.
func members(document []byte) (map[string]json.RawMessage, []string, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(document, &fields); err != nil {
		return nil, nil, fmt.Errorf("this is no JSON object: %w", err)
	}
	dec, order := json.NewDecoder(bytes.NewReader(document)), []string{}
	_, _ = dec.Token() // the object's beginning: it was read above
	for dec.More() {
		key, _ := dec.Token()
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, nil, fmt.Errorf("this is no JSON object: %w", err)
		}
		order = append(order, fmt.Sprint(key))
	}
	return fields, order, nil
}

func written(fields map[string]json.RawMessage, order []string) []byte {
	var parts []string
	for _, key := range order {
		name, _ := json.Marshal(key) // a string alone
		parts = append(parts, string(name)+": "+string(fields[key]))
	}
	return []byte("{" + strings.Join(parts, ", ") + "}")
}

// Within reports whether a policy has no statement that is in none of the others: nobody else has added one. Single grants
// and denials are compared, however the store has put them into statements.
func Within(d *Document, others ...*Document) bool {
	var known []string
	for _, o := range others {
		for i := range o.Statements {
			for _, a := range o.Statements[i].atoms() {
				known = append(known, a.String())
			}
		}
	}
	for i := range d.Statements {
		for _, a := range d.Statements[i].atoms() {
			if !slices.Contains(known, a.String()) {
				return false
			}
		}
	}
	return true
}

// Labels name a policy's statements: by their Sid, or by their place.
func (d *Document) Labels() []string {
	var out []string
	for i := range d.Statements {
		out = append(out, d.label(i))
	}
	return out
}
