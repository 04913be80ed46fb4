package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// MergeBindings gives W&B's account its role on a bucket of Google Cloud Storage. document is the bucket's IAM policy as the
// JSON API hands it out; all that is in it stays, conditions, unknown fields and the etag too. added is false when the account
// holds the role already, without a condition.
func MergeBindings(document []byte, n Need) (merged []byte, added bool, err error) {
	who, missing := n.Who()
	if missing != "" {
		return nil, false, fmt.Errorf("not known: %s", missing)
	}
	b, err := ParseBindings(document)
	if err != nil {
		return nil, false, err
	}
	member := memberOf(who)
	for _, x := range b.List {
		if x.Role == storageAdmin && x.Condition == "" && slices.ContainsFunc(x.Members, func(m string) bool { return strings.EqualFold(m, member) }) {
			return document, false, nil
		}
	}
	item, err := json.Marshal(map[string]any{"role": storageAdmin, "members": []string{member}})
	if err != nil {
		return nil, false, err
	}
	// Two bindings of one role are its members together (Cloud Storage documentation, "IAM policies"): none has to be changed.
	merged, err = appended(document, "bindings", item)
	return merged, err == nil, err
}

func memberOf(who string) string {
	return "serviceAccount:" + strings.TrimPrefix(who, "serviceAccount:")
}

// AddedBinding is what MergeBindings adds, in words.
func AddedBinding(n Need) string {
	who, _ := n.Who()
	return fmt.Sprintf(`{"role": %q, "members": [%q]}`, storageAdmin, memberOf(who))
}

// grants are the single grants of bindings: role, condition, member.
func (b *Bindings) grants() []string {
	var out []string
	for _, x := range b.List {
		for _, m := range x.Members {
			out = append(out, strings.Join([]string{x.Role, x.Condition, m}, separator))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// SameBindings reports whether two policies give the same roles to the same members on the same conditions.
func SameBindings(a, b *Bindings) bool { return slices.Equal(a.grants(), b.grants()) }

// WithinBindings reports whether a policy grants nothing that none of the others grants: nobody else has added to it.
func WithinBindings(b *Bindings, others ...*Bindings) bool {
	var known []string
	for _, o := range others {
		known = append(known, o.grants()...)
	}
	return !slices.ContainsFunc(b.grants(), func(g string) bool { return !slices.Contains(known, g) })
}

// WithEtag is an IAM policy with another etag: the store writes it only while it has that one.
func WithEtag(document []byte, etag string) ([]byte, error) {
	fields, order, err := members(document)
	if err != nil {
		return nil, err
	}
	if _, ok := fields["etag"]; !ok {
		order = append(order, "etag")
	}
	if fields["etag"], err = json.Marshal(etag); err != nil {
		return nil, err
	}
	return written(fields, order), nil
}

// Etag is what an IAM policy calls its state, "" without one.
func Etag(document []byte) string {
	var p struct{ Etag string }
	if json.Unmarshal(document, &p) != nil {
		return ""
	}
	return p.Etag
}
