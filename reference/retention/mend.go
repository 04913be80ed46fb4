package retention

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

// noncurrentDays is how long versions that are no longer current are kept by the rule that is added: W&B's page names no
// number, and a month is time to notice that something was deleted by mistake.
const noncurrentDays = 30

// readRule is how a provider's rules are read, and under which key they stand.
func readRule(provider string) (read func(*tree.Node) (Rule, bool), key string, wrappers []string) {
	switch provider {
	case gcp:
		return googleRule, "rule", []string{"lifecycle_config", "lifecycle"}
	case azure:
		return azureRule, "rules", []string{"policy"}
	}
	return s3Rule, "Rules", nil
}

// mend is what has to be typed so that no rule deletes what is current below the path and, if that is asked for, so that
// versions which are no longer current are deleted: the rules as they have to be, whole, and the command that sets them.
func (j *judge) mend(noncurrent bool) string {
	read, key, wrappers := readRule(j.n.Provider)
	var document map[string]any
	dec := json.NewDecoder(bytes.NewReader(j.docs.Lifecycle.document))
	dec.UseNumber()
	if dec.Decode(&document) != nil {
		return "" // it was read before
	}
	for _, w := range wrappers {
		if inner, ok := document[w].(map[string]any); ok {
			document = inner
		}
	}
	rules, _ := document[key].([]any)
	kept, out := []any{}, []string{}
	for i, item := range rules {
		rule, _ := item.(map[string]any)
		raw, err := json.Marshal(item)
		n, err2 := tree.Parse(raw)
		if rule == nil || err != nil || err2 != nil {
			return ""
		}
		r, on := read(n)
		if r.Name == "" {
			r.Name = fmt.Sprint(i + 1)
		}
		if on && r.Current && r.Only == "" && j.reaches(r) {
			out = append(out, r.Name)
			if rule = j.without(rule); rule == nil {
				continue
			}
		}
		kept = append(kept, rule)
	}
	var does []string
	if len(out) > 0 {
		does = append(does, "take the deletion of current objects out of rule "+strings.Join(out, ", ")+" (or bind it to a prefix outside of "+j.where()+")")
	}
	if noncurrent {
		kept = append(kept, j.noncurrentRule())
		does = append(does, fmt.Sprintf("add a rule that deletes noncurrent versions below %s after %d days", j.where(), noncurrentDays))
	}
	return strings.Join(does, ", and ") + ":\n" + j.setRules(key, kept)
}

// without is a rule that no longer deletes what is current, nil if nothing is left of it.
func (j *judge) without(rule map[string]any) map[string]any {
	switch j.n.Provider {
	case gcp:
		return nil // a rule has one action
	case azure:
		definition, _ := rule["definition"].(map[string]any)
		actions, _ := definition["actions"].(map[string]any)
		blob, _ := actions["baseBlob"].(map[string]any)
		delete(blob, "delete")
		if len(blob) == 0 {
			delete(actions, "baseBlob")
		}
		if len(actions) == 0 {
			return nil
		}
		return rule
	}
	delete(rule, "Expiration")
	for _, action := range []string{"Transition", "Transitions", "NoncurrentVersionExpiration", "NoncurrentVersionTransition", "NoncurrentVersionTransitions", "AbortIncompleteMultipartUpload"} {
		if rule[action] != nil {
			return rule
		}
	}
	return nil
}

// noncurrentRule deletes versions that are no longer current, below the path alone.
func (j *judge) noncurrentRule() map[string]any {
	prefix := ""
	if j.n.Path != "" {
		prefix = j.n.Path + "/"
	}
	if j.n.Provider == gcp {
		condition := map[string]any{"daysSinceNoncurrentTime": noncurrentDays}
		if prefix != "" {
			condition["matchesPrefix"] = []string{prefix}
		}
		return map[string]any{"action": map[string]any{"type": "Delete"}, "condition": condition}
	}
	return map[string]any{"ID": "wandb-noncurrent", "Status": "Enabled", "Filter": map[string]any{"Prefix": prefix},
		"NoncurrentVersionExpiration": map[string]any{"NoncurrentDays": noncurrentDays}}
}

// setRules are the commands that put rules on the bucket in the place of those that are there.
func (j *judge) setRules(key string, rules []any) string {
	bucket, endpoint := j.n.Bucket, ""
	if bucket == "" {
		bucket = "<bucket>"
	}
	if j.n.Provider == coreweave {
		endpoint = " --endpoint-url https://cwobject.com"
	}
	if len(rules) == 0 {
		return map[string]string{
			aws:          "aws s3api delete-bucket-lifecycle --bucket " + bucket,
			coreweave:    "aws s3api delete-bucket-lifecycle --bucket " + bucket + endpoint,
			gcp:          "gcloud storage buckets update gs://" + bucket + " --clear-lifecycle",
			azure:        "az storage account management-policy delete --resource-group <resource-group> --account-name <account>",
			s3compatible: "mc ilm rule remove --all --force <alias>/" + bucket,
		}[j.n.Provider]
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(map[string]any{key: rules}); err != nil {
		return "" // it was read from JSON
	}
	command := map[string]string{
		aws:          "aws s3api put-bucket-lifecycle-configuration --bucket " + bucket + " --lifecycle-configuration file://lifecycle.json",
		coreweave:    "aws s3api put-bucket-lifecycle-configuration --bucket " + bucket + endpoint + " --lifecycle-configuration file://lifecycle.json",
		gcp:          "gcloud storage buckets update gs://" + bucket + " --lifecycle-file=lifecycle.json",
		azure:        "az storage account management-policy create --resource-group <resource-group> --account-name <account> --policy @lifecycle.json",
		s3compatible: "mc ilm import <alias>/" + bucket + " <lifecycle.json",
	}[j.n.Provider]
	return "cat >lifecycle.json <<'END'\n" + text.String() + "END\n" + command
}
