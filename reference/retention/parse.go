package retention

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

// ParseState reads what the provider's tool prints of a bucket: stateBy. An empty document of S3 is a bucket on which
// versioning was never enabled: that is what Amazon's tool prints then.
func ParseState(provider string, document []byte) (*State, error) {
	if strings.TrimSpace(string(document)) == "" && provider != gcp && provider != azure {
		never := ""
		return &State{Versioning: &never}, nil
	}
	n, err := tree.Parse(document)
	if err != nil {
		return nil, err
	}
	if n.Kind != tree.Object {
		return nil, fmt.Errorf("this is %s, and must be what %s prints", n.Kind, stateBy[provider])
	}
	switch provider {
	case gcp:
		return googleState(n)
	case azure:
		policy := n.Get("deleteRetentionPolicy")
		if policy == nil {
			return nil, errors.New("there is no deleteRetentionPolicy: give what " + stateBy[provider] + " prints")
		}
		on := policy.Get("enabled") != nil && policy.Get("enabled").Text == "true"
		return &State{SoftDelete: &on}, nil
	}
	status := n.Get("Status")
	if inner := n.Get("versioning"); inner != nil { // mc's form
		status = inner.Get("status")
	}
	value := ""
	if status != nil {
		value = status.Text
	}
	if value != "" && value != "Enabled" && value != "Suspended" {
		return nil, fmt.Errorf("versioning has no status %q", value)
	}
	for _, m := range n.Members {
		if !slices.Contains([]string{"Status", "MFADelete", "versioning", "Op", "op", "url", "status"}, m.Key) {
			return nil, fmt.Errorf("line %d: %q is no key of a bucket's versioning: give what %s prints", m.Line, m.Key, stateBy[provider])
		}
	}
	return &State{Versioning: &value}, nil
}

// googleState reads a bucket as gcloud prints it or as the JSON API has it. A bucket that says nothing of versioning has
// none, one that says nothing of a key has Google's, and soft deletion is on only when a duration is named.
func googleState(n *tree.Node) (*State, error) {
	if n.Get("name") == nil {
		return nil, errors.New("there is no name: give what " + stateBy[gcp] + " prints")
	}
	versioning, key, soft := "", "", false
	for _, path := range [][]string{{"versioning_enabled"}, {"versioning", "enabled"}} {
		if v := at(n, path...); v != nil && v.Text == "true" {
			versioning = "Enabled"
		}
	}
	for _, path := range [][]string{{"default_kms_key"}, {"encryption", "defaultKmsKeyName"}} {
		if v := at(n, path...); v != nil && v.Kind == tree.String {
			key = v.Text
		}
	}
	for _, path := range [][]string{{"soft_delete_policy", "retentionDurationSeconds"}, {"softDeletePolicy", "retentionDurationSeconds"}} {
		if v := at(n, path...); v != nil && v.Text != "" && v.Text != "0" {
			soft = true
		}
	}
	return &State{Versioning: &versioning, SoftDelete: &soft, KMSKey: &key}, nil
}

func at(n *tree.Node, path ...string) *tree.Node {
	for _, key := range path {
		if n == nil {
			return nil
		}
		n = n.Get(key)
	}
	return n
}

// ParseLifecycle reads lifecycle rules: what "aws s3api get-bucket-lifecycle-configuration", "gcloud storage buckets describe" or
// "gsutil lifecycle get", and "az storage account management-policy show" print. {} has none.
func ParseLifecycle(provider string, document []byte) (*Lifecycle, error) {
	n, err := tree.Parse(document)
	if err != nil {
		return nil, err
	}
	if n.Kind != tree.Object {
		return nil, fmt.Errorf("lifecycle rules are an object, and this is %s", n.Kind)
	}
	read, key, wrappers := readRule(provider)
	for _, wrapper := range wrappers {
		if inner := n.Get(wrapper); inner != nil {
			n = inner
		}
	}
	list := n.Get(key)
	if list == nil {
		if len(n.Members) > 0 && n.Get("kind") == nil && n.Get("storage_url") == nil {
			return nil, fmt.Errorf("there is no %q: these are no lifecycle rules of %s", key, provider)
		}
		return &Lifecycle{document: document}, nil
	}
	if list.Kind != tree.Array {
		return nil, fmt.Errorf("line %d: %q is %s, and must be a list", list.Line, key, list.Kind)
	}
	out := &Lifecycle{document: document}
	for i, item := range list.Items {
		if item.Kind != tree.Object {
			return nil, fmt.Errorf("rule %d is %s, and must be an object", i+1, item.Kind)
		}
		r, on := read(item)
		if r.Name == "" {
			r.Name = fmt.Sprint(i + 1)
		}
		if on {
			out.Rules = append(out.Rules, r)
		}
	}
	return out, nil
}

func text(n *tree.Node, path ...string) string {
	if m := at(n, path...); m != nil {
		return m.Text
	}
	return ""
}

func s3Rule(n *tree.Node) (r Rule, on bool) {
	r.Name = text(n, "ID")
	for _, path := range [][]string{{"Prefix"}, {"Filter", "Prefix"}, {"Filter", "And", "Prefix"}} {
		if p := text(n, path...); p != "" {
			r.Prefixes = []string{p}
		}
	}
	if days := text(n, "Expiration", "Days"); days != "" {
		r.Current, r.After = true, "after "+days+" days"
	}
	if date := text(n, "Expiration", "Date"); date != "" {
		r.Current, r.After = true, "on "+date
	}
	r.Noncurrent = n.Get("NoncurrentVersionExpiration") != nil
	if at(n, "Filter", "Tag") != nil || at(n, "Filter", "And", "Tags") != nil {
		r.Only = "a tag of the object"
	}
	return r, text(n, "Status") != "Disabled"
}

func googleRule(n *tree.Node) (r Rule, on bool) {
	if text(n, "action", "type") != "Delete" {
		return r, true
	}
	c := n.Get("condition")
	if c == nil {
		c = &tree.Node{}
	}
	r.Current = true
	var words []string
	for _, m := range c.Members {
		words = append(words, m.Key)
		switch m.Key {
		case "matchesPrefix":
			r.Prefixes, _ = m.Value.Strings() // a list of another kind names no prefix: then the rule is for all
		case "isLive":
			r.Current = r.Current && m.Value.Text == "true"
			r.Noncurrent = m.Value.Text == "false"
		case "daysSinceNoncurrentTime", "noncurrentTimeBefore", "numNewerVersions":
			r.Current, r.Noncurrent = false, true
		}
	}
	r.After = "by " + strings.Join(words, ", ")
	if len(words) == 0 {
		r.After = "at once"
	}
	return r, true
}

func azureRule(n *tree.Node) (r Rule, on bool) {
	r.Name = text(n, "name")
	if p := at(n, "definition", "filters", "prefixMatch"); p != nil && p.Kind == tree.Array {
		r.Prefixes, _ = p.Strings() // a list of another kind names no prefix: then the rule is for all
	}
	if d := at(n, "definition", "actions", "baseBlob", "delete"); d != nil && d.Kind == tree.Object {
		r.Current = true
		for _, m := range d.Members {
			r.After = "by " + m.Key + " " + m.Value.Text
		}
	}
	r.Noncurrent = at(n, "definition", "actions", "version", "delete") != nil
	if at(n, "definition", "filters", "blobIndexMatch") != nil {
		r.Only = "an index tag of the blob"
	}
	return r, text(n, "enabled") != "false"
}
