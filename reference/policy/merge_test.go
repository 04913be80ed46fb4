package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/policy"
)

func mergeNeed(provider string) policy.Need {
	return policy.Need{Provider: provider, Edition: "2025-09", Deployment: policy.MultiTenant, Bucket: "b", OrgID: map[string]string{policy.CoreWeave: "org1"}[provider]}
}

const (
	denyPlain = `{"Sid": "TLS",   "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": {"Bool": {"aws:SecureTransport": false}}}`
	denyWandB = `{"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::725579432336:role/WandbIntegration"}, "Action": "s3:DeleteObject", "Resource": "*"}`
	sidTaken  = `{"Sid": "WAndBAccountAccess", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}`
)

// Whatever is there stays byte by byte, what denies too, and W&B's principal gets what a statement can give it.
func TestMergeKeepsEveryStatement(t *testing.T) {
	required := strings.TrimSpace(string(policy.Required(mergeNeed(policy.AWS), "arn:aws:iam::725579432336:role/WandbIntegration").JSON()))
	for _, c := range []struct {
		name, provider, document string
		keeps                    []string
		sid                      string // of the statement that is added; "" for none
		remains                  []string
		err                      string
	}{
		{"no policy", policy.AWS, "", nil, "WAndBAccountAccess", nil, ""},
		{"no policy on CoreWeave", policy.CoreWeave, "", nil, "AllowWandbUser", nil, ""},
		{"one statement without its list", policy.AWS, `{"Version": "2012-10-17", "Statement": ` + denyPlain + `}`, []string{denyPlain}, "WAndBAccountAccess", nil, ""},
		{"two, one of them with our Sid", policy.AWS, `{"Statement": [` + denyPlain + `,` + sidTaken + `], "Version": "2012-10-17"}`, []string{denyPlain, sidTaken}, "WAndBAccountAccess2", nil, ""},
		{"an empty list", policy.AWS, `{"Version": "2012-10-17", "Statement": []}`, nil, "WAndBAccountAccess", nil, ""},
		{"a Deny that takes an action away", policy.AWS, `{"Version": "2012-10-17", "Statement": [` + denyWandB + `]}`, []string{denyWandB}, "WAndBAccountAccess", []string{"BYOB-PERM-007"}, ""},
		{"sound already", policy.AWS, required, nil, "", nil, ""},
		{"sound but for a Deny", policy.AWS, strings.Replace(required, `"Statement": [`, `"Statement": [`+denyWandB+`,`, 1), []string{denyWandB}, "", []string{"BYOB-PERM-007"}, ""},
		{"an unknown key", policy.AWS, `{"Version": "2012-10-17", "Statement": [], "Mine": 1}`, nil, "", nil, "no key of a policy"},
		{"an unknown key in a statement", policy.AWS, `{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", "Conditions": {}}]}`, nil, "", nil, "no key of a statement"},
		{"a page", policy.AWS, `<html>`, nil, "", nil, "no JSON"},
		{"no room", policy.AWS, `{"Version": "2012-10-17", "Statement": [` + strings.TrimSuffix(strings.Repeat(sidTaken+",", 150), ",") + `]}`, nil, "", nil, "20480 is the most"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var document []byte
			if c.document != "" {
				document = []byte(c.document)
			}
			n := mergeNeed(c.provider)
			merged, added, err := policy.Merge(document, n)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got error %v, want ...%s...", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if sid := map[bool]string{true: "none"}[added == nil]; added != nil && added.Sid != c.sid || added == nil && c.sid != "" {
				t.Errorf("added: got %v %s, want %q", added, sid, c.sid)
			}
			for _, k := range c.keeps {
				if !strings.Contains(string(merged), k) {
					t.Errorf("a statement was changed: got\n%s\nwant in it\n%s", merged, k)
				}
			}
			d, err := policy.Parse(c.provider, policy.Bucket, merged)
			if err != nil {
				t.Fatal(err)
			}
			var broken []string
			for _, f := range policy.Judge(policy.Documents{Bucket: d}, n) {
				if f.State == finding.Broken && strings.HasPrefix(f.Requirement, "BYOB-PERM") {
					broken = append(broken, f.Requirement)
				}
			}
			if fmt.Sprint(broken) != fmt.Sprint(c.remains) {
				t.Errorf("broken afterwards: got %v, want %v", broken, c.remains)
			}
			if again, added, err := policy.Merge(merged, n); err != nil || added != nil || string(again) != string(merged) {
				t.Errorf("a second time: %v, %v, want nothing to add", added, err)
			}
		})
	}
}

func TestMergeBindingsKeepsAllThatIsThere(t *testing.T) {
	n := mergeNeed(policy.GCP)
	const wandb = "serviceAccount:wandb-integration@wandb-production.iam.gserviceaccount.com"
	conditional := `{"role":"roles/storage.admin","members":["` + wandb + `"],"condition":{"title":"t","expression":"request.time < timestamp(\"2030-01-01T00:00:00Z\")"}}`
	for _, c := range []struct {
		name, document string
		added          bool
		err            string
	}{
		{"without bindings", `{"etag": "CAE="}`, true, ""},
		{"a conditional grant", `{"bindings": [` + conditional + `], "etag": "CAE=", "version": 3}`, true, ""},
		{"held already", `{"bindings": [{"role": "roles/storage.admin", "members": ["user:a@b.c", "` + wandb + `"]}], "etag": "CAE="}`, false, ""},
		{"an unknown field", `{"bindings": [], "mine": 1}`, false, "no key of an IAM policy"},
	} {
		merged, added, err := policy.MergeBindings([]byte(c.document), n)
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) || added != c.added {
			t.Errorf("%s: got added %t, error %v", c.name, added, err)
			continue
		}
		if err != nil {
			continue
		}
		was, _ := policy.ParseBindings([]byte(c.document))
		is, err := policy.ParseBindings(merged)
		if err != nil || !policy.WithinBindings(was, is) || policy.SameBindings(was, is) == c.added {
			t.Errorf("%s: got %s, %v", c.name, merged, err)
		}
		if strings.Contains(c.document, "condition") && !strings.Contains(string(merged), conditional) {
			t.Errorf("%s: the condition was changed: %s", c.name, merged)
		}
		if got, err := policy.WithEtag(merged, "NEW="); err != nil || policy.Etag(got) != "NEW=" || policy.Etag(merged) != "CAE=" {
			t.Errorf("%s: etag: got %s, %v", c.name, got, err)
		}
	}
}
