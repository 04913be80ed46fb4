package retention_test

import (
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/retention"
)

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name, provider, edition, path string
		lifecycle, state              string
		broken, open                  string
	}{
		{"no rule, and versioning", "aws", "2025-09", "", `{}`, `{"Status": "Enabled"}`, "", ""},
		{"expiry of everything", "aws", "2025-09", "", `{"Rules": [{"ID": "all", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 30}}]}`, `{"Status": "Enabled"}`, "KEEP-001", ""},
		{"expiry of everything, turned off", "aws", "2025-09", "", `{"Rules": [{"ID": "all", "Status": "Disabled", "Filter": {}, "Expiration": {"Days": 30}}]}`, `{"Status": "Enabled"}`, "", ""},
		{"expiry below the path", "aws", "2025-09", "team", `{"Rules": [{"Status": "Enabled", "Filter": {"Prefix": "team/runs/"}, "Expiration": {"Days": 30}}]}`, `{"Status": "Enabled"}`, "KEEP-001", ""},
		{"expiry above the path", "aws", "2025-09", "team/a", `{"Rules": [{"Status": "Enabled", "Prefix": "team", "Expiration": {"Date": "2027-01-01"}}]}`, `{"Status": "Enabled"}`, "KEEP-001", ""},
		{"expiry beside the path", "aws", "2025-09", "team", `{"Rules": [{"Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}}]}`, `{"Status": "Enabled"}`, "", ""},
		{"expiry of what has a tag", "aws", "2025-09", "", `{"Rules": [{"Status": "Enabled", "Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Expiration": {"Days": 30}}]}`, `{"Status": "Enabled"}`, "", "KEEP-001"},
		{"expiry of what isn't current", "aws", "2026-08", "", `{"Rules": [{"Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}]}`, `{"Status": "Enabled"}`, "", ""},
		{"versions for ever", "coreweave", "2026-08", "", `{}`, `{"Status": "Enabled"}`, "KEEP-001", ""},
		{"versioning suspended", "aws", "2025-09", "", `{}`, `{"Status": "Suspended"}`, "KEEP-002", ""},
		{"versioning never enabled", "aws", "2025-09", "", `{}`, ``, "KEEP-002", ""},
		{"MinIO", "s3-compatible", "2025-09", "", `{}`, `{"Op": "info", "status": "success", "url": "x/b", "versioning": {"status": "Enabled", "MFADelete": ""}}`, "", ""},
		{"Google, sound", "gcp", "2026-08", "", `{"rule": [{"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 30, "isLive": false}}]}`, `{"name": "b", "versioning_enabled": true, "soft_delete_policy": {"retentionDurationSeconds": "604800"}}`, "", ""},
		{"Google, expiry by age", "gcp", "2025-09", "", `{"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]}}`, `{"name": "b", "versioning": {"enabled": true}}`, "KEEP-001", ""},
		{"Google, a colder class by age", "gcp", "2025-09", "", `{"rule": [{"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 30}}]}`, `{"name": "b", "versioning": {"enabled": true}}`, "", ""},
		{"Google, soft deletion off", "gcp", "2026-08", "", `{"rule": [{"action": {"type": "Delete"}, "condition": {"isLive": false}}]}`, `{"name": "b", "versioning": {"enabled": true}, "softDeletePolicy": {"retentionDurationSeconds": "0"}}`, "KEEP-003", ""},
		{"Google, soft deletion off where nobody asks for it", "gcp", "2025-09", "", `{}`, `{"name": "b", "versioning": {"enabled": true}}`, "", ""},
		{"Google, a customer's key", "gcp", "2025-09", "", `{}`, `{"name": "b", "versioning_enabled": true, "default_kms_key": "projects/p/locations/us/keyRings/r/cryptoKeys/k"}`, "KMS-003", ""},
		{"Azure, sound", "azure", "2025-09", "", `{"policy": {"rules": []}}`, `{"deleteRetentionPolicy": {"enabled": true, "days": 7}}`, "", ""},
		{"Azure, soft delete off", "azure", "2025-09", "", `{}`, `{"deleteRetentionPolicy": {"enabled": false}}`, "KEEP-002", ""},
		{"Azure, expiry in the container", "azure", "2025-09", "team", `{"policy": {"rules": [{"enabled": true, "name": "old", "definition": {"actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 30}}}, "filters": {"prefixMatch": ["b/team"]}}}]}}`, `{"deleteRetentionPolicy": {"enabled": true}}`, "KEEP-001", ""},
		{"Azure, expiry in another container", "azure", "2025-09", "", `{"policy": {"rules": [{"enabled": true, "name": "old", "definition": {"actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 30}}}, "filters": {"prefixMatch": ["other/"]}}}]}}`, `{"deleteRetentionPolicy": {"enabled": true}}`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := retention.ParseLifecycle(c.provider, []byte(c.lifecycle))
			if err != nil {
				t.Fatal(err)
			}
			s, err := retention.ParseState(c.provider, []byte(c.state))
			if err != nil {
				t.Fatal(err)
			}
			findings := retention.Judge(retention.Documents{Lifecycle: l, State: s}, retention.Need{Provider: c.provider, Edition: c.edition, Bucket: "b", Path: c.path})
			var broken, open []string
			for _, id := range finding.Requirements(findings) {
				switch finding.Worst(findings, id) {
				case finding.Broken:
					broken = append(broken, strings.TrimPrefix(id, "BYOB-"))
				case finding.Open:
					open = append(open, strings.TrimPrefix(id, "BYOB-"))
				case finding.Holds:
				default:
					t.Errorf("%s is %s", id, finding.Worst(findings, id))
				}
			}
			if got := strings.Join(broken, " "); got != c.broken {
				t.Errorf("broken: got %q, want %q", got, c.broken)
			}
			if got := strings.Join(open, " "); got != c.open {
				t.Errorf("open: got %q, want %q", got, c.open)
			}
			for _, f := range findings {
				if f.State == finding.Broken && (f.Fix == "" || f.Actual == "") {
					t.Errorf("a finding says too little: %+v", f)
				}
			}
		})
	}
}

func TestWhatIsNoSuchDocumentIsRefused(t *testing.T) {
	for _, c := range []struct{ provider, state, lifecycle string }{
		{"aws", `{"versioning_enabled": true}`, `{"rule": []}`}, {"aws", `{"Status": "On"}`, `[]`}, {"gcp", `{}`, `{"Rules": []}`},
		{"azure", `{}`, `{"policy": {"Rules": []}}`}, {"azure", ``, ``},
	} {
		if _, err := retention.ParseState(c.provider, []byte(c.state)); err == nil {
			t.Errorf("%s: the state %s was taken", c.provider, c.state)
		}
		if _, err := retention.ParseLifecycle(c.provider, []byte(c.lifecycle)); err == nil {
			t.Errorf("%s: the lifecycle %s was taken", c.provider, c.lifecycle)
		}
	}
	for id, f := range map[string]string{"BYOB-KEEP-001": "--lifecycle", "BYOB-KEEP-002": "--versioning", "BYOB-KMS-003": "--versioning"} {
		got := finding.Of(retention.Judge(retention.Documents{}, retention.Need{Provider: "gcp", Edition: "2025-09"}), id)
		if len(got) != 1 || got[0].State != finding.NotGiven || !strings.Contains(got[0].Missing, f) {
			t.Errorf("%s without a document: got %+v", id, got)
		}
	}
}
