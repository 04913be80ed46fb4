package retention_test

import (
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/retention"
)

// The rules that are printed hold, keep whatever else the rules that were there do, and keep rules that are none of W&B's.
func TestThePrintedRulesHold(t *testing.T) {
	const tagged = `{"ID": "tagged", "Status": "Enabled", "Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Expiration": {"Days": 3}}`
	for _, c := range []struct {
		name, provider, edition, path, lifecycle string
		keeps, drops                             []string
		command                                  string
	}{
		{"an expiry beside another action", "aws", "2025-09", "team", `{"Rules": [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "team/"}, "Expiration": {"Days": 9}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}, {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 8}}]}`,
			[]string{`"old"`, "AbortIncompleteMultipartUpload", `"logs"`, `"Days": 8`}, []string{`"Days": 9`}, "aws s3api put-bucket-lifecycle-configuration --bucket b"},
		{"an expiry alone", "coreweave", "2025-09", "", `{"Rules": [{"ID": "old", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 9}}]}`, nil, nil, "aws s3api delete-bucket-lifecycle --bucket b --endpoint-url https://cwobject.com"},
		{"old versions kept for ever", "aws", "2026-08", "team", `{}`, []string{`"Prefix": "team/"`, `"NoncurrentDays": 30`}, nil, "put-bucket-lifecycle-configuration"},
		{"both", "aws", "2026-08", "", `{"Rules": [{"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 9}}]}`, []string{`"NoncurrentDays": 30`}, []string{`"Days": 9`}, "put-bucket-lifecycle-configuration"},
		{"a tagged one beside, which stays", "aws", "2025-09", "", `{"Rules": [` + tagged + `, {"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 9}}]}`, []string{`"tagged"`, `"Days": 3`}, []string{`"Days": 9`}, "put-bucket-lifecycle-configuration"},
		{"Google, as described", "gcp", "2026-08", "team", `{"lifecycle_config": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}, {"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 31}}]}, "storage_url": "gs://b/"}`,
			[]string{`"NEARLINE"`, `"daysSinceNoncurrentTime": 30`, `"team/"`}, []string{`"age": 30`}, "gcloud storage buckets update gs://b --lifecycle-file=lifecycle.json"},
		{"Azure", "azure", "2025-09", "", `{"policy": {"rules": [{"enabled": true, "name": "old", "definition": {"actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 90}, "tierToCool": {"daysAfterModificationGreaterThan": 5}}}}}]}}`,
			[]string{"tierToCool"}, []string{`"delete"`}, "az storage account management-policy create"},
		{"MinIO", "s3-compatible", "2025-09", "", `{"Rules": [{"Status": "Enabled", "Expiration": {"Days": 9}}]}`, nil, nil, "mc ilm rule remove --all --force <alias>/b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := retention.Need{Provider: c.provider, Edition: c.edition, Bucket: "b", Path: c.path}
			state := map[string]string{"gcp": `{"name": "b", "versioning_enabled": true, "soft_delete_policy": {"retentionDurationSeconds": "604800"}}`, "azure": `{"deleteRetentionPolicy": {"enabled": true}}`}[c.provider]
			if state == "" {
				state = `{"Status": "Enabled"}`
			}
			judge := func(lifecycle string) []finding.Finding {
				l, err := retention.ParseLifecycle(c.provider, []byte(lifecycle))
				if err != nil {
					t.Fatal(err)
				}
				s, err := retention.ParseState(c.provider, []byte(state))
				if err != nil {
					t.Fatal(err)
				}
				return finding.Of(retention.Judge(retention.Documents{Lifecycle: l, State: s}, n), "BYOB-KEEP-001")
			}
			fix := ""
			for _, f := range judge(c.lifecycle) {
				if f.State == finding.Broken {
					fix = f.Fix
				}
			}
			if !strings.Contains(fix, c.command) {
				t.Fatalf("got\n%s\nwant the command %s", fix, c.command)
			}
			for _, want := range c.keeps {
				if !strings.Contains(fix, want) {
					t.Errorf("got\n%s\nwant in it %s", fix, want)
				}
			}
			for _, gone := range c.drops {
				if strings.Contains(fix, gone) {
					t.Errorf("got\n%s\nwant not in it %s", fix, gone)
				}
			}
			_, after, found := strings.Cut(fix, "END'\n")
			printed, _, _ := strings.Cut(after, "END\n")
			if !found {
				printed = "{}"
			}
			for _, f := range judge(printed) {
				if f.State == finding.Broken {
					t.Errorf("the printed rules are broken: %s: %s\n%s", f.What, f.Actual, printed)
				}
			}
		})
	}
}
