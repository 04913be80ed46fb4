package policy_test

import (
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/policy"
)

// The documents of W&B's page, edition 2025-09 ("Provision your bucket"), with their placeholders.
const (
	pageAWS = `{"Version": "2012-10-17", "Id": "WandBAccess", "Statement": [{"Sid": "WAndBAccountAccess", "Effect": "Allow",
		"Principal": {"AWS": "<aws_principal_and_role_arn>"},
		"Action": ["s3:GetObject*", "s3:GetEncryptionConfiguration", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions",
			"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject", "s3:GetBucketCORS", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
		"Resource": ["arn:aws:s3:::<wandb_bucket>", "arn:aws:s3:::<wandb_bucket>/*"]}]}`
	pageCoreWeave = `{"Version": "2012-10-17", "Statement": [{"Sid": "AllowWandbUser",
		"Action": ["s3:GetObject*", "s3:GetEncryptionConfiguration", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions",
			"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject", "s3:GetBucketCORS", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
		"Effect": "Allow", "Resource": ["arn:aws:s3:::<cw-bucket>/*", "arn:aws:s3:::<cw-bucket>"],
		"Principal": {"CW": "arn:aws:iam::wandb:static/<wb-cw-principal>"},
		"Condition": {"StringLike": {"wandb:OrgID": ["<wb-org-id>"]}}},
		{"Sid": "AllowUsersInOrg", "Action": "s3:*", "Effect": "Allow", "Resource": ["arn:aws:s3:::<cw-bucket>", "arn:aws:s3:::<cw-bucket>/*"],
		"Principal": {"CW": "arn:aws:iam::<cw-storage-org-id>:*"}}]}`
	pageKey = `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Internal", "Effect": "Allow", "Principal": {"AWS": "<Your_Account_Id>"}, "Action": "kms:*", "Resource": "<aws_kms_key.key.arn>"},
		{"Sid": "External", "Effect": "Allow", "Principal": {"AWS": "<aws_principal_and_role_arn>"},
		"Action": ["kms:Decrypt", "kms:Describe*", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"], "Resource": "<aws_kms_key.key.arn>"}]}`
)

const (
	role     = "arn:aws:iam::725579432336:role/WandbIntegration"
	root     = "arn:aws:iam::830241207209:root"
	cwPublic = "arn:aws:iam::wandb:static/wandb-integration-public"
	keyARN   = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

func fill(page string, words ...string) string { return strings.NewReplacer(words...).Replace(page) }

func awsPage(principal string) string {
	return fill(pageAWS, "<aws_principal_and_role_arn>", principal, "<wandb_bucket>", "b")
}

func coreweavePage(principal string) string {
	return fill(pageCoreWeave, "arn:aws:iam::wandb:static/<wb-cw-principal>", principal, "<cw-bucket>", "b", "<wb-org-id>", "org1", "<cw-storage-org-id>", "ab1cd2")
}

func keyPage(principal string) string {
	return fill(pageKey, "<aws_principal_and_role_arn>", principal, "<Your_Account_Id>", "111122223333", "<aws_kms_key.key.arn>", keyARN)
}

func parse(t testing.TB, provider string, kind policy.Kind, document string) *policy.Document {
	t.Helper()
	d, err := policy.Parse(provider, kind, []byte(document))
	if err != nil {
		t.Fatalf("parse: %v\n%s", err, document)
	}
	return d
}

func TestParseNamesStatementKeyAndFix(t *testing.T) {
	statement := func(change ...string) string {
		return fill(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": "*"}]}`, change...)
	}
	for _, c := range []struct {
		name     string
		kind     policy.Kind
		document string
		want     string
	}{
		{"a plural", policy.Bucket, statement(`"Action"`, `"Actions"`), `statement 1: Actions: no key of a statement; write Action`},
		{"small letters", policy.Bucket, statement(`"Effect"`, `"effect"`), "write Effect"},
		{"another version", policy.Bucket, statement("2012-10-17", "2012-10-18"), `there is no version "2012-10-18"`},
		{"no effect", policy.Bucket, statement(`"Effect": "Allow", `, ""), "Effect: is missing"},
		{"an effect in capitals", policy.Bucket, statement(`"Allow"`, `"ALLOW"`), `is "ALLOW"`},
		{"no principal in a bucket policy", policy.Bucket, statement(`"Principal": {"AWS": "*"}, `, ""), "Principal: is missing, and a bucket policy needs it"},
		{"a principal in a user's policy", policy.Identity, statement(), "a policy of a user names none"},
		{"a principal that stands alone", policy.Bucket, statement(`{"AWS": "*"}`, `"arn:aws:iam::1:root"`), `only "*" may`},
		{"a kind of principal that is none", policy.Bucket, statement(`"AWS"`, `"Aws"`), "Principal.Aws: no key of a principal; write AWS"},
		{"an action that is none", policy.Bucket, statement(`"s3:*"`, `"GetObject"`), `"GetObject" is no action`},
		{"Action beside NotAction", policy.Bucket, statement(`"Action": "s3:*"`, `"Action": "s3:*", "NotAction": "s3:*"`), "stands beside NotAction"},
		{"a number for a resource", policy.Bucket, statement(`"Resource": "*"`, `"Resource": 1`), "Resource: line 1: there is a number"},
		{"a condition without keys", policy.Bucket, statement(`"Resource": "*"`, `"Resource": "*", "Condition": {"Bool": "x"}`), "Condition.Bool: is a string"},
		{"no statement", policy.Bucket, `{"Version": "2012-10-17"}`, "Statement: is missing"},
		{"a key twice", policy.Bucket, statement(`"Effect": "Allow"`, `"Effect": "Allow", "Effect": "Deny"`), `"Effect" stands twice`},
		{"a list", policy.Bucket, `[]`, "a policy is an object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := policy.Parse(policy.AWS, c.kind, []byte(c.document)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestParseTakesWhatTheToolsPrint(t *testing.T) {
	want := parse(t, policy.AWS, policy.Bucket, awsPage(role))
	wrapped := `{"Policy": ` + quote(awsPage(role)) + `}`
	if got := parse(t, policy.AWS, policy.Bucket, wrapped); !policy.Equal(got, want) {
		t.Errorf("get-bucket-policy's answer reads otherwise:\n%s", got.JSON())
	}
	if again := parse(t, policy.AWS, policy.Bucket, string(want.JSON())); !policy.Equal(again, want) || string(again.JSON()) != string(want.JSON()) {
		t.Errorf("what is written reads otherwise:\n%s", again.JSON())
	}
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

func TestEvaluate(t *testing.T) {
	statement := func(rest string) string { return `{"Version": "2012-10-17", "Statement": [` + rest + `]}` }
	allow := `{"Effect": "Allow", "Principal": {"AWS": "` + role + `"}, "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}`
	get := policy.Request{Principal: role, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/team/*", Context: policy.Context{"aws:securetransport": {"true"}}}
	anyone := policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*", Some: true, Context: policy.Context{"aws:principalorgid": nil}}
	for _, c := range []struct {
		name, document string
		request        policy.Request
		want           policy.Answer
		on             string // what Depends hangs on
	}{
		{"no statement", statement(""), get, policy.NotGranted, ""},
		{"a statement for it", statement(allow), get, policy.Allowed, ""},
		{"actions in another case", statement(fill(allow, `"s3:*"`, `"S3:getOBJECT"`)), get, policy.Allowed, ""},
		{"a ? in an action", statement(fill(allow, `"s3:*"`, `"s3:GetObjec?"`)), get, policy.Allowed, ""},
		{"resources in another case", statement(fill(allow, ":::b/", ":::B/")), get, policy.NotGranted, ""},
		{"another account", statement(fill(allow, role, "999999999999")), get, policy.NotGranted, ""},
		{"its account by ID", statement(fill(allow, role, "725579432336")), get, policy.Allowed, ""},
		{"its account by root", statement(fill(allow, role, "arn:aws:iam::725579432336:root")), get, policy.Allowed, ""},
		{"everyone", statement(fill(allow, `{"AWS": "`+role+`"}`, `"*"`)), get, policy.Allowed, ""},
		{"a narrower path", statement(fill(allow, "b/*", "b/team/sub/*")), get, policy.NotGranted, ""},
		{"a wider path", statement(fill(allow, "b/*", "b/te*")), get, policy.Allowed, ""},
		{"keys of one ending alone", statement(fill(allow, "b/*", "b/*.bin")), get, policy.NotGranted, ""},
		{"a denial of everything", statement(allow + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}`), get, policy.Denied, ""},
		{"a denial before the grant", statement(`{"Effect": "Deny", "Principal": "*", "Action": "s3:Get*", "Resource": "*"}, ` + allow), get, policy.Denied, ""},
		{"a denial of a part", statement(allow + `, {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*/secret/*"}`), get, policy.Denied, ""},
		{"a denial elsewhere", statement(allow + `, {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/other/*"}`), get, policy.Allowed, ""},
		{"a denial of others by NotPrincipal with the account", statement(allow + `, {"Effect": "Deny", "NotPrincipal": {"AWS": ["` + role + `", "725579432336"]}, "Action": "*", "Resource": "*"}`), get, policy.Allowed, ""},
		{"a denial of others by NotPrincipal without the account", statement(allow + `, {"Effect": "Deny", "NotPrincipal": {"AWS": "` + role + `"}, "Action": "*", "Resource": "*"}`), get, policy.Depends, "who exactly acts"},
		{"a denial of all but another", statement(allow + `, {"Effect": "Deny", "NotPrincipal": {"AWS": "999999999999"}, "Action": "*", "Resource": "*"}`), get, policy.Denied, ""},
		{"a grant of all but deleting", statement(fill(allow, `"Action": "s3:*"`, `"NotAction": "s3:Delete*"`)), get, policy.Allowed, ""},
		{"a grant of all but this", statement(fill(allow, `"Action": "s3:*"`, `"NotAction": "s3:Get*"`)), get, policy.NotGranted, ""},
		{"a denial of all but reading", statement(allow + `, {"Effect": "Deny", "Principal": "*", "NotAction": ["s3:Get*", "s3:List*"], "Resource": "*"}`), get, policy.Allowed, ""},
		{"a denial of all but writing", statement(allow + `, {"Effect": "Deny", "Principal": "*", "NotAction": "s3:Put*", "Resource": "*"}`), get, policy.Denied, ""},
		{"a grant of all but another folder", statement(fill(allow, `"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]`, `"NotResource": "arn:aws:s3:::b/other/*"`)), get, policy.Allowed, ""},
		{"a grant of all but a part of it", statement(fill(allow, `"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]`, `"NotResource": "arn:aws:s3:::b/team/x/*"`)), get, policy.NotGranted, ""},
		{"a denial of all but this folder", statement(allow + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::b/team/*"}`), get, policy.Allowed, ""},
		{"a denial of all but a part of it", statement(allow + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::b/team/x/*"}`), get, policy.Denied, ""},
		{"TLS only, and TLS", statement(allow + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`), get, policy.Allowed, ""},
		{"TLS only, by a boolean without quotes", statement(allow + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Bool": {"AWS:securetransport": false}}}`), get, policy.Allowed, ""},
		{"an allowance by TLS", statement(fill(allow, `"Resource"`, `"Condition": {"Bool": {"aws:SecureTransport": "true"}}, "Resource"`)), get, policy.Allowed, ""},
		{"an allowance by address", statement(fill(allow, `"Resource"`, `"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "Resource"`)), get, policy.Depends, `IpAddress aws:SourceIp "10.0.0.0/8"`},
		{"an allowance by any address", statement(fill(allow, `"Resource"`, `"Condition": {"IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "::/0"]}}, "Resource"`)), get, policy.Allowed, ""},
		{"a denial by endpoint", statement(allow + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}`), get, policy.Depends, `StringNotEquals aws:SourceVpce "vpce-1"`},
		{"a denial by endpoint of what nothing grants", statement(`{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}`), get, policy.NotGranted, ""},
		{"a conditional grant beside a plain one", statement(fill(allow, `"Resource"`, `"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "Resource"`) + ", " + allow), get, policy.Allowed, ""},
		{"an operator that nobody knows", statement(fill(allow, `"Resource"`, `"Condition": {"StringMaybe": {"aws:SecureTransport": "true"}}, "Resource"`)), get, policy.Depends, "StringMaybe"},
		{"a key that is absent, IfExists", statement(fill(allow, `"Resource"`, `"Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, "Resource"`, `{"AWS": "`+role+`"}`, `"*"`)), anyone, policy.Allowed, ""},
		{"a key that is absent", statement(fill(allow, `"Resource"`, `"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "Resource"`, `{"AWS": "`+role+`"}`, `"*"`)), anyone, policy.NotGranted, ""},
		{"a policy variable", statement(fill(allow, "b/*", "b/*", `"s3:*"`, `"s3:*"`, `"arn:aws:s3:::b"`, `"arn:aws:s3:::${aws:username}"`)), get, policy.Depends, "a policy variable"},
		{"anyone, by a grant to a role", statement(allow), anyone, policy.NotGranted, ""},
		{"anyone, by a grant to all but one", statement(fill(allow, `"Principal"`, `"NotPrincipal"`)), anyone, policy.Allowed, ""},
		{"anyone, to a part", statement(fill(allow, `{"AWS": "`+role+`"}`, `{"AWS": "*"}`, "b/*", "b/public/*")), anyone, policy.Allowed, ""},
		{"anyone, denied in a part", statement(fill(allow, `{"AWS": "`+role+`"}`, `"*"`) + `, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::b/private/*"}`), anyone, policy.Allowed, ""},
		{"anyone, denied everywhere", statement(fill(allow, `{"AWS": "`+role+`"}`, `"*"`) + `, {"Effect": "Deny", "Principal": "*", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}`), anyone, policy.Denied, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := parse(t, policy.AWS, policy.Bucket, c.document).Evaluate(c.request)
			if got.Answer != c.want {
				t.Errorf("got %s %v, want %s", got.Answer, got.Conditions, c.want)
			}
			if on := strings.Join(got.Conditions, "; "); !strings.Contains(on, c.on) || (on == "") != (c.on == "") {
				t.Errorf("it depends on %q, want %q", on, c.on)
			}
		})
	}
}

func TestPoliciesThatMeanTheSameAreEqual(t *testing.T) {
	page := awsPage(role)
	split := `{"Version": "2012-10-17", "Statement": [
		{"Sid": "Objects", "Effect": "Allow", "Principal": {"AWS": ["` + role + `"]}, "Action": ["s3:putobject", "s3:GetObject*", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], "Resource": "arn:aws:s3:::b/*"},
		{"Sid": "Bucket", "Effect": "Allow", "Principal": {"AWS": "` + role + `"}, "Action": ["s3:GetEncryptionConfiguration", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions", "s3:GetBucketCORS", "s3:GetBucketLocation", "s3:GetBucketVersioning"], "Resource": ["arn:aws:s3:::b"]}]}`
	for _, c := range []struct {
		name, a, b string
		want       bool
	}{
		{"split statements, as Amazon makes some people write them", page, split, true},
		{"one action less", page, fill(split, `"s3:DeleteObject", `, ""), false},
		{"another principal", page, awsPage(root), false},
		{"an account's ID and its root", awsPage("830241207209"), awsPage(root), true},
		{"a condition more", page, fill(page, `"Effect"`, `"Condition": {"Bool": {"aws:SecureTransport": "true"}}, "Effect"`), false},
		{"another effect", page, fill(page, "Allow", "Deny"), false},
		{"a wider resource", page, fill(page, "b/*", "*"), false},
	} {
		if got := policy.Equal(parse(t, policy.AWS, policy.Bucket, c.a), parse(t, policy.AWS, policy.Bucket, c.b)); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}

func TestMalformedPolicyIsExplained(t *testing.T) {
	if got := parse(t, policy.AWS, policy.Bucket, awsPage(role)).Problems("b"); len(got) > 0 {
		t.Errorf("the page's policy: got %v", got)
	}
	got := parse(t, policy.AWS, policy.Bucket, fill(awsPage(role), `"arn:aws:s3:::b", `, "")).Problems("b")
	if len(got) != 1 || !strings.Contains(got[0].What, "Action does not apply to any resource(s) in statement: s3:GetEncryptionConfiguration, s3:ListBucket") ||
		!strings.Contains(got[0].Fix, `add "arn:aws:s3:::b" to its Resource`) {
		t.Errorf("without the bucket's own ARN: got %+v", got)
	}
}

func BenchmarkElevenActions(b *testing.B) {
	var statements []string
	for i := range 19 {
		statements = append(statements, `{"Sid": "S`+strings.Repeat("x", i)+`", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::11112222333`+string(rune('0'+i%10))+`:role/Team"},
			"Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/team/*"], "Condition": {"Bool": {"aws:SecureTransport": "true"}}}`)
	}
	page := parse(b, policy.AWS, policy.Bucket, awsPage(role))
	statements = append(statements, page.Statements[0].JSON())
	d := parse(b, policy.AWS, policy.Bucket, `{"Version": "2012-10-17", "Statement": [`+strings.Join(statements, ",")+`]}`)
	if len(d.Statements) != 20 {
		b.Fatalf("%d statements, want 20", len(d.Statements))
	}
	var requests []policy.Request
	for i, a := range policy.Actions() {
		resource := "arn:aws:s3:::b"
		if i == 0 || i >= 5 && i <= 7 {
			resource += "/*"
		}
		requests = append(requests, policy.Request{Principal: role, Action: a, Resource: resource, Context: policy.Context{"aws:securetransport": {"true"}}})
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range requests {
			if d.Evaluate(r).Answer != policy.Allowed {
				b.Fatal("not allowed")
			}
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	for _, seed := range []string{awsPage(role), coreweavePage(cwPublic), keyPage(root), `{"Statement": {"Effect": "Deny", "NotPrincipal": "*", "NotAction": "a:b", "NotResource": "*", "Condition": {"Null": {"a": true}}}}`} {
		f.Add([]byte(seed), role, "s3:GetObject", "arn:aws:s3:::b/*")
	}
	f.Fuzz(func(t *testing.T, document []byte, who, action, resource string) {
		for _, provider := range []string{policy.AWS, policy.CoreWeave, policy.S3Compatible} {
			d, err := policy.Parse(provider, policy.Bucket, document)
			if err != nil {
				continue
			}
			r := policy.Request{Principal: who, Action: action, Resource: resource}
			all := d.Evaluate(r)
			r.Some = true
			some := d.Evaluate(r)
			if all.Answer == policy.Allowed && some.Answer != policy.Allowed && who != "" {
				t.Fatalf("all of it is allowed, and nothing in it: %v %v\n%s", all, some, d.JSON())
			}
			if (all.Answer == policy.Depends) != (len(all.Conditions) > 0) {
				t.Fatalf("depends without a condition, or the other way round: %+v", all)
			}
			again, err := policy.Parse(provider, policy.Bucket, d.JSON())
			if err != nil {
				t.Fatalf("what is written does not read: %v\n%s", err, d.JSON())
			}
			if got := again.Evaluate(policy.Request{Principal: who, Action: action, Resource: resource}); got.Answer != all.Answer {
				t.Fatalf("read again it is %s, was %s\n%s", got.Answer, all.Answer, d.JSON())
			}
			policy.Judge(policy.Documents{Bucket: d}, policy.Need{Provider: provider, Deployment: policy.MultiTenant, OrgID: "o", Bucket: "b"})
		}
	})
}
