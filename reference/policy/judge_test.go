package policy_test

import (
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// in lists the requirements in a state, shortened: "PERM-001 KMS-001".
func in(state finding.State, findings []finding.Finding) string {
	var ids []string
	for _, id := range finding.Requirements(findings) {
		if finding.Worst(findings, id) == state {
			ids = append(ids, strings.TrimPrefix(id, "BYOB-"))
		}
	}
	return strings.Join(ids, " ")
}

const elevenIDs = "PERM-001 PERM-002 PERM-003 PERM-004 PERM-005 PERM-006 PERM-007 PERM-008 PERM-009 PERM-010 PERM-011"

func TestJudgeBucketPolicies(t *testing.T) {
	mt := policy.Need{Provider: policy.AWS, Deployment: policy.MultiTenant, Bucket: "b"}
	dedicated := policy.Need{Provider: policy.AWS, Deployment: policy.Dedicated, Bucket: "b"}
	own := policy.Need{Provider: policy.AWS, Deployment: policy.SelfManaged, Bucket: "b", Principal: "arn:aws:iam::444455556666:role/wandb"}
	cw := policy.Need{Provider: policy.CoreWeave, Deployment: policy.MultiTenant, Bucket: "b", OrgID: "org1"}
	path := mt
	path.Path = "team/wandb"
	plain := mt
	plain.PlainHTTP = true
	page := awsPage(role)
	cwPage := coreweavePage(cwPublic)
	with := func(statement string) string { return strings.TrimSuffix(page, "]}") + ", " + statement + "]}" }
	tlsOnly := `{"Sid": "DenyHTTPRequests", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`
	for _, c := range []struct {
		name     string
		need     policy.Need
		document string
		broken   string
		open     string
		mends    bool // what is missing can be added; what denies can't be taken away
	}{
		{"W&B's page, Multi-tenant", mt, page, "", "", true},
		{"W&B's page, Dedicated", dedicated, awsPage(root), "", "", true},
		{"W&B's page, Dedicated, by the account's ID", dedicated, awsPage("830241207209"), "", "", true},
		{"W&B's page, Self-managed", own, awsPage("arn:aws:iam::444455556666:role/wandb"), "", "", true},
		{"the Terraform module's, with a statement for the owner", mt, with(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/admin"}, "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}`), "", "", true},
		{"the Terraform module's, TLS only", mt, with(tlsOnly), "", "", true},
		{"TLS only, and an address without TLS", plain, with(tlsOnly), elevenIDs + " PERM-018", "", false},
		{"the other deployment's principal", mt, awsPage(root), elevenIDs + " PERM-012 PERM-018", "", true},
		{"a role in the place of Dedicated's account", dedicated, awsPage("arn:aws:iam::830241207209:role/some"), elevenIDs + " PERM-012 PERM-018", "", true},
		{"the placeholder of the principal", mt, fill(pageAWS, "<wandb_bucket>", "b"), elevenIDs + " PERM-012 PERM-018", "", true},
		{"the placeholder of the bucket", mt, fill(pageAWS, "<aws_principal_and_role_arn>", role), elevenIDs + " PERM-018", "", true},
		{"a doubled ARN", cw, coreweavePage("arn:aws:iam::wandb:static/" + cwPublic), elevenIDs + " PERM-012 PERM-013 PERM-018", "", true},
		{"another bucket's ARN", mt, strings.ReplaceAll(page, ":::b", ":::other"), elevenIDs + " PERM-018", "", true},
		{"the bucket alone", mt, fill(page, `, "arn:aws:s3:::b/*"`, ""), "PERM-001 PERM-006 PERM-007 PERM-008 PERM-018", "", true},
		{"objects alone", mt, fill(page, `"arn:aws:s3:::b", `, ""), "PERM-002 PERM-003 PERM-004 PERM-005 PERM-009 PERM-010 PERM-011", "", true},
		{"a path too narrow", path, fill(page, "b/*", "b/team/wandb/a/*"), "PERM-001 PERM-006 PERM-007 PERM-008 PERM-018", "", true},
		{"the path itself", path, fill(page, "b/*", "b/team/wandb/*"), "", "", true},
		{"a neighbour's path", path, fill(page, "b/*", "b/team/wandb2/*"), "PERM-001 PERM-006 PERM-007 PERM-008 PERM-018", "", true},
		{"no DeleteObject", mt, fill(page, `"s3:DeleteObject", `, ""), "PERM-007", "", true},
		{"GetObject without its *", mt, fill(page, "GetObject*", "GetObject"), "PERM-001 PERM-018", "", true},
		{"all that is needed of GetObject*, by name", mt, fill(page, `"s3:GetObject*"`, `"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes"`), "PERM-018", "", true},
		{"a denial that wins", mt, with(`{"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::b/*"}`), "PERM-007", "", false},
		{"a denial by NotAction", mt, with(`{"Effect": "Deny", "Principal": "*", "NotAction": ["s3:Get*", "s3:List*", "s3:Put*"], "Resource": "*"}`), "PERM-006 PERM-007", "", false},
		{"a denial by source address", mt, with(`{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}`), "", elevenIDs + " PERM-018", false},
		{"uploads only with encryption", mt, with(`{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*", "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}`), "", "PERM-008", false},
		{"everything", mt, fill(page, `"s3:GetObject*"`, `"s3:*"`), "PERM-016", "", true},
		{"PutObjectAcl besides", mt, fill(page, `"s3:PutObject"`, `"s3:PutObject", "s3:PutObjectAcl"`), "PERM-016", "", true},
		{"reads besides", mt, fill(page, `"s3:PutObject"`, `"s3:PutObject", "s3:ListMultipartUploadParts", "s3:GetLifecycleConfiguration"`), "", "", true},
		{"a public bucket", mt, with(`{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}`), "PERM-020", "", true},
		{"public by referer, which anyone can send", mt, with(`{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": {"StringLike": {"aws:Referer": "https://example.com/*"}}}`), "PERM-020", "", true},
		{"everyone of an organisation, which is not public", mt, with(`{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}`), "", "", true},
		{"everyone behind an endpoint", mt, with(`{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}`), "", "PERM-020", false},
		{"a misplaced action in another statement, which Amazon refuses the policy for", mt, with(`{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b/*"}`), "PERM-003", "", false},
		{"a * within a principal, which Amazon refuses", mt, with(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}`), "PERM-012", "", false},
		{"CoreWeave's principal on Amazon", mt, fill(page, `"AWS"`, `"CW"`), "PERM-012", "", false},
		{"CoreWeave, W&B's page", cw, cwPage, "", "", true},
		{"CoreWeave, under the key AWS", cw, fill(cwPage, `"CW": "arn:aws:iam::wandb`, `"AWS": "arn:aws:iam::wandb`), "", "", true},
		{"CoreWeave, StringEquals and two organisations", cw, fill(cwPage, "StringLike", "StringEquals", `["org1"]`, `["org0", "org1"]`), "", "", true},
		{"CoreWeave, another organisation", cw, fill(cwPage, `["org1"]`, `["org2"]`), elevenIDs + " PERM-013 PERM-018", "", true},
		{"CoreWeave, no organisation", cw, fill(cwPage, `"Condition": {"StringLike": {"wandb:OrgID": ["org1"]}}`, `"Condition": {}`), "PERM-013", "", true},
		{"CoreWeave, every organisation", cw, fill(cwPage, `["org1"]`, `["*"]`), "PERM-016", "", true},
		{"CoreWeave, organisations that begin so", cw, fill(cwPage, `["org1"]`, `["org*"]`), "PERM-016", "", true},
		{"CoreWeave, the other deployment's principal", cw, coreweavePage("arn:aws:iam::wandb:static/wandb-integration"), elevenIDs + " PERM-012 PERM-013 PERM-018", "", true},
		{"CoreWeave, a public bucket", cw, fill(cwPage, `{"CW": "arn:aws:iam::ab1cd2:*"}`, `{"CW": "*"}`, `"Action": "s3:*"`, `"Action": "s3:GetObject"`), "PERM-020", "", true},
		{"CoreWeave, everyone of the owner's organisation", cw, fill(cwPage, `"Principal": {"CW": "arn:aws:iam::ab1cd2:*"}`, `"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"cw:PrincipalOrgID": "ab1cd2"}}`), "", "PERM-016", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parse(t, c.need.Provider, policy.Bucket, c.document)
			findings := policy.Judge(policy.Documents{Bucket: d}, c.need)
			if got := in(finding.Broken, findings); got != c.broken {
				t.Errorf("broken: got  %q\nwant %q", got, c.broken)
			}
			if got := in(finding.Open, findings); got != c.open {
				t.Errorf("open: got  %q\nwant %q", got, c.open)
			}
			for _, f := range findings {
				if f.State == finding.Broken && (f.Expected == "" || f.Actual == "" || f.Fix == "") || f.State == finding.Open && f.Condition == "" {
					t.Errorf("a finding says too little: %+v", f)
				}
			}
			mended, changes := policy.Mend(d, c.need)
			if c.mends && (len(changes) > 0) != (c.broken != "") {
				t.Errorf("got changes %v, want some exactly when something is broken", changes)
			}
			if got := in(finding.Broken, policy.Judge(policy.Documents{Bucket: mended}, c.need)); c.mends && got != "" {
				t.Errorf("mended by %v, still broken: %s\n%s", changes, got, mended.JSON())
			}
		})
	}
}

func TestJudgeUsersPoliciesOnS3CompatibleStores(t *testing.T) {
	n := policy.Need{Provider: policy.S3Compatible, Bucket: "b"}
	d := policy.Required(n, "user")
	if got := in(finding.Broken, policy.Judge(policy.Documents{Bucket: d}, n)); got != "" {
		t.Errorf("the required policy: got broken %q", got)
	}
	readwrite := parse(t, policy.S3Compatible, policy.Identity, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}]}`)
	if got := in(finding.Broken, policy.Judge(policy.Documents{Bucket: readwrite}, n)); got != "PERM-016" {
		t.Errorf("MinIO's readwrite: got broken %q, want PERM-016", got)
	}
	bucket := parse(t, policy.S3Compatible, policy.Bucket, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}]}`)
	if got := in(finding.Broken, policy.Judge(policy.Documents{Bucket: bucket}, n)); !strings.Contains(got, "PERM-020") {
		t.Errorf("a public bucket: got broken %q, want PERM-020 among them", got)
	}
}

const describe = `{"KeyMetadata": {"Arn": "` + keyARN + `", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled", "Enabled": true}}`

func TestJudgeKeys(t *testing.T) {
	n := policy.Need{Provider: policy.AWS, Deployment: policy.Dedicated, Bucket: "b", KMSKey: keyARN}
	page := keyPage(root)
	for _, c := range []struct{ name, document, state, broken string }{
		{"W&B's page", page, describe, ""},
		{"the Terraform module's, with * for the resource", strings.ReplaceAll(page, `"`+keyARN+`"`, `"*"`), describe, ""},
		{"no GenerateDataKey", fill(page, `, "kms:GenerateDataKey*"`, ""), describe, "KMS-001 PERM-018"},
		{"no Decrypt", fill(page, `"kms:Decrypt", `, ""), describe, "KMS-001"},
		{"what is needed today, without wildcards", fill(page, `"kms:Describe*"`, `"kms:DescribeKey"`, `"kms:ReEncrypt*"`, `"kms:ReEncryptFrom", "kms:ReEncryptTo"`, `"kms:GenerateDataKey*"`, `"kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"`), describe, "PERM-018"},
		{"the other deployment's principal", keyPage(role), describe, "KMS-001 PERM-018"},
		{"the placeholder of the principal", fill(pageKey, "<Your_Account_Id>", "111122223333", "<aws_kms_key.key.arn>", keyARN), describe, "KMS-001 PERM-018"},
		{"another key", strings.ReplaceAll(page, keyARN, strings.Replace(keyARN, "1234abcd", "9999abcd", 1)), describe, "KMS-001 PERM-018"},
		{"a key to sign with", page, fill(describe, "ENCRYPT_DECRYPT", "SIGN_VERIFY"), "KMS-001"},
		{"a disabled key", page, fill(describe, `"Enabled", "Enabled": true`, `"Disabled", "Enabled": false`), "KMS-004"},
		{"a key that is to be deleted", page, fill(describe, `"Enabled", "Enabled": true`, `"PendingDeletion", "Enabled": false, "DeletionDate": "2026-12-01T00:00:00Z"`), "KMS-004"},
		{"a denial", fill(page, `{"Sid": "External"`, `{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"}, {"Sid": "External"`), describe, "KMS-001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			state, err := policy.ParseKeyState([]byte(c.state))
			if err != nil {
				t.Fatal(err)
			}
			docs := policy.Documents{Bucket: parse(t, policy.AWS, policy.Bucket, awsPage(root)), Key: parse(t, policy.AWS, policy.Key, c.document), KeyState: state}
			findings := policy.Judge(docs, n)
			if got := in(finding.Broken, findings); got != c.broken {
				t.Errorf("broken: got %q, want %q", got, c.broken)
			}
			if got := in(finding.Open, findings); got != "" {
				t.Errorf("open: got %q, want none", got)
			}
		})
	}
	if got := in(finding.Broken, policy.Judge(policy.Documents{Key: policy.RequiredKey(n, root, "111122223333")}, n)); got != "" {
		t.Errorf("the required key policy: got broken %q", got)
	}
}

func TestJudgeGoogle(t *testing.T) {
	const account = "wandb-integration@wandb-production.iam.gserviceaccount.com"
	n := policy.Need{Provider: policy.GCP, Deployment: policy.MultiTenant, Bucket: "b"}
	binding := func(role, member, more string) string {
		return `{"bindings": [{"role": "` + role + `", "members": ["` + member + `"]` + more + `}], "etag": "x", "version": 3}`
	}
	for _, c := range []struct {
		name, document, broken, open string
	}{
		{"W&B's page", binding("roles/storage.admin", "serviceAccount:"+account, ""), "", ""},
		{"objectAdmin in the place of admin", binding("roles/storage.objectAdmin", "serviceAccount:"+account, ""), "PERM-014", ""},
		{"the other deployment's account", binding("roles/storage.admin", "serviceAccount:deploy@wandb-production.iam.gserviceaccount.com", ""), "PERM-014", ""},
		{"a user of that name", binding("roles/storage.admin", "user:"+account, ""), "PERM-014", ""},
		{"an account that was deleted", binding("roles/storage.admin", "deleted:serviceAccount:"+account+"?uid=1", ""), "PERM-014", ""},
		{"on a condition", binding("roles/storage.admin", "serviceAccount:"+account, `, "condition": {"title": "t", "expression": "request.time < timestamp('2027-01-01T00:00:00Z')"}`), "", "PERM-014"},
		{"a role of the owner's own", binding("projects/p/roles/wandb", "serviceAccount:"+account, ""), "", "PERM-014"},
		{"a public bucket", `{"bindings": [{"role": "roles/storage.admin", "members": ["serviceAccount:` + account + `"]}, {"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}`, "PERM-020", ""},
		{"no binding", `{"etag": "x"}`, "PERM-014", ""},
	} {
		b, err := policy.ParseBindings([]byte(c.document))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		findings := policy.Judge(policy.Documents{Bindings: b}, n)
		if broken, open := in(finding.Broken, findings), in(finding.Open, findings); broken != c.broken || open != c.open {
			t.Errorf("%s: got broken %q and open %q, want %q and %q", c.name, broken, open, c.broken, c.open)
		}
	}
}

func TestJudgeAzure(t *testing.T) {
	const scope = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acct"
	role := func(name, at string) string {
		return `{"roleDefinitionName": "` + name + `", "principalId": "p1", "principalName": "c1", "scope": "` + at + `"}`
	}
	federated := `[{"name": "wandb-app", "issuer": "https://oidc.example.com/", "subject": "system:serviceaccount:default:wandb-app", "audiences": ["api://AzureADTokenExchange"]}]`
	for _, c := range []struct {
		name, edition, roles, federated, broken string
	}{
		{"the Terraform module's", "2025-09", "[" + role("Storage Account Contributor", scope) + "," + role("Storage Blob Data Owner", scope) + "]", federated, ""},
		{"roles on the resource group", "2025-09", "[" + role("Contributor", "/subscriptions/s/resourceGroups/g") + "," + role("Storage Blob Data Owner", scope) + "]", federated, ""},
		{"the newer pair too early", "2025-09", "[" + role("Reader", scope) + "," + role("Storage Blob Data Contributor", scope) + "]", federated, "PERM-015"},
		{"the newer pair", "2026-08", "[" + role("Reader", scope) + "," + role("Storage Blob Data Contributor", scope) + "]", federated, ""},
		{"one role only", "2025-09", "[" + role("Storage Blob Data Owner", scope) + "]", federated, "PERM-015"},
		{"another account", "2025-09", "[" + role("Storage Account Contributor", scope) + "," + role("Storage Blob Data Owner", strings.Replace(scope, "acct", "other", 1)) + "]", federated, "PERM-015"},
		{"one container alone", "2025-09", "[" + role("Storage Account Contributor", scope) + "," + role("Storage Blob Data Owner", scope+"/blobServices/default/containers/c") + "]", federated, "PERM-015"},
		{"an issuer without its slash", "2025-09", "[" + role("Storage Account Contributor", scope) + "," + role("Storage Blob Data Owner", scope) + "]", strings.Replace(federated, ".com/", ".com", 1), "PERM-015"},
		{"no federation", "2025-09", "[" + role("Storage Account Contributor", scope) + "," + role("Storage Blob Data Owner", scope) + "]", "[]", "PERM-015"},
	} {
		roles, err := policy.ParseAssignments([]byte(c.roles))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		credentials, err := policy.ParseFederated([]byte(c.federated))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		n := policy.Need{Provider: policy.Azure, Edition: c.edition, Deployment: policy.Dedicated, Account: "acct", Principal: "c1"}
		if got := in(finding.Broken, policy.Judge(policy.Documents{Assignments: roles, Federated: credentials}, n)); got != c.broken {
			t.Errorf("%s: got broken %q, want %q", c.name, got, c.broken)
		}
	}
	account, err := policy.ParseAccount([]byte(`{"allowSharedKeyAccess": false, "allowBlobPublicAccess": true}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := in(finding.Broken, policy.Judge(policy.Documents{Account: account}, policy.Need{Provider: policy.Azure})); got != "PERM-015 PERM-020" {
		t.Errorf("an open account without its key: got %q", got)
	}
}

func TestWhatIsNotGivenIsNamedWithItsFlag(t *testing.T) {
	d := parse(t, policy.AWS, policy.Bucket, awsPage(role))
	for _, c := range []struct {
		name string
		docs policy.Documents
		need policy.Need
		id   string
		want string
	}{
		{"no policy", policy.Documents{}, policy.Need{Provider: policy.AWS, Deployment: policy.MultiTenant, Bucket: "b"}, "BYOB-PERM-001", "--policy"},
		{"no bucket", policy.Documents{Bucket: d}, policy.Need{Provider: policy.AWS, Deployment: policy.MultiTenant}, "BYOB-PERM-001", "--bucket"},
		{"no deployment", policy.Documents{Bucket: d}, policy.Need{Provider: policy.AWS, Bucket: "b"}, "BYOB-PERM-012", "--deployment"},
		{"Self-managed, and no principal", policy.Documents{Bucket: d}, policy.Need{Provider: policy.AWS, Deployment: policy.SelfManaged, Bucket: "b"}, "BYOB-PERM-012", "--principal"},
		{"no organisation", policy.Documents{Bucket: parse(t, policy.CoreWeave, policy.Bucket, coreweavePage(cwPublic))}, policy.Need{Provider: policy.CoreWeave, Deployment: policy.MultiTenant, Bucket: "b"}, "BYOB-PERM-013", "--org-id"},
		{"no key policy", policy.Documents{}, policy.Need{Provider: policy.AWS, Deployment: policy.MultiTenant}, "BYOB-KMS-001", "--key-policy"},
		{"no key", policy.Documents{}, policy.Need{Provider: policy.AWS, Deployment: policy.MultiTenant}, "BYOB-KMS-004", "--describe-key"},
		{"no roles", policy.Documents{}, policy.Need{Provider: policy.GCP, Deployment: policy.MultiTenant}, "BYOB-PERM-014", "--roles"},
		{"no account", policy.Documents{}, policy.Need{Provider: policy.Azure}, "BYOB-PERM-020", "--account-properties"},
	} {
		findings := finding.Of(policy.Judge(c.docs, c.need), c.id)
		said := ""
		for _, f := range findings {
			said += f.Missing
		}
		if got := finding.Worst(findings, c.id); got != finding.NotGiven || !strings.Contains(said, c.want) {
			t.Errorf("%s: %s is %q, missing %q; want not given, with %s", c.name, c.id, got, said, c.want)
		}
	}
}
