package faults

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// keyOwner is the account of the key: another than W&B's, which its root would let in.
const keyOwner = "444455556666"

// The key that the sound subject's documents on Amazon are about, and another.
const (
	soundKeyARN = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	otherKeyARN = "arn:aws:kms:us-east-1:444455556666:key/9999ffff-12ab-34cd-56ef-1234567890ab"
)

// soundKey gives a key of KMS as W&B's instructions have it: no embedded store has one.
func soundKey(d *run.Documents) error {
	if err := d.Read("key-policy", policy.RequiredKey(d.Need, d.Principal, keyOwner).JSON()); err != nil {
		return err
	}
	return d.Read("describe-key", describedKey("ENCRYPT_DECRYPT", "Enabled", ""))
}

// describedKey is what "aws kms describe-key" prints.
func describedKey(usage, state, deletion string) []byte {
	return fmt.Appendf(nil, `{"KeyMetadata": {"Arn": %q, "KeyUsage": %q, "KeyState": %q, "Enabled": %t, "DeletionDate": %q}}`, soundKeyARN, usage, state,
		state == "Enabled", deletion)
}

// policyFaults are about what the bucket's policy says, as its owner reads it: W&B's own credentials, tried live, may all the
// same. The bucket's own documents are as ever; it is W&B that is another than they name, where nothing else is said.
func policyFaults() []Fault {
	return []Fault{
		{Name: "another-principal", Does: "the bucket policy names another principal than W&B's, and so does the key policy", Profiles: []string{"aws"}, Breaks: []string{"BYOB-PERM-012", "BYOB-KMS-001"},
			Blocks: notThere, Given: func(d *run.Documents) error {
				d.Deployment, d.Principal = policy.Dedicated, ""
				return nil
			}},
		{Name: "another-deployment", Does: "the bucket policy names W&B's principal on another deployment", Profiles: []string{"coreweave"},
			Breaks: []string{"BYOB-PERM-012"}, Blocks: append([]string{"BYOB-PERM-013"}, notThere...), Given: func(d *run.Documents) error {
				d.Deployment = policy.Dedicated
				return nil
			}},
		{Name: "another-organisation", Does: "wandb:OrgID in the bucket policy is another organisation's", Profiles: []string{"coreweave"},
			Breaks: []string{"BYOB-PERM-013"}, Blocks: notThere, Given: func(d *run.Documents) error {
				d.OrgID = "someone-elses"
				return nil
			}},
		{Name: "policy-may-be-changed", Does: "the bucket policy grants s3:PutBucketPolicy", Profiles: []string{"aws"}, Breaks: []string{"BYOB-PERM-016"},
			Setup: func(string) stores.Setup { return stores.Setup{MoreActions: []string{"s3:PutBucketPolicy"}} }},
		{Name: "wildcard-spelt-out", Does: "the bucket policy grants s3:GetObject, GetObjectVersion and GetObjectAttributes, and not s3:GetObject*", Profiles: []string{"aws"},
			Breaks: []string{"BYOB-PERM-018"}, Setup: func(string) stores.Setup {
				return stores.Setup{Without: []string{"s3:GetObject*"}, MoreActions: []string{"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes"}}
			}},
		{Name: "key-policy-without-decrypt", Does: "the key policy does not grant kms:Decrypt", Profiles: []string{"aws"}, Breaks: []string{"BYOB-KMS-001"},
			Given: func(d *run.Documents) error {
				document := string(policy.RequiredKey(d.Need, d.Principal, keyOwner).JSON())
				return d.Read("key-policy", []byte(strings.Replace(document, `"kms:Decrypt"`, `"kms:ListGrants"`, 1)))
			}},
		{Name: "key-to-sign-with", Does: "the key's usage is SIGN_VERIFY", Profiles: []string{"aws"}, Breaks: []string{"BYOB-KMS-001"},
			Given: func(d *run.Documents) error {
				return d.Read("describe-key", describedKey("SIGN_VERIFY", "Enabled", ""))
			}},
		{Name: "key-to-be-deleted", Does: "the key is scheduled for deletion", Profiles: []string{"aws"}, Breaks: []string{"BYOB-KMS-004"},
			Given: func(d *run.Documents) error {
				return d.Read("describe-key", describedKey("ENCRYPT_DECRYPT", "PendingDeletion", "2026-12-01T00:00:00Z"))
			}},
		{Name: "sse-s3-where-a-key-is-named", Does: "the configuration names a KMS key, and the bucket's default encryption is AES256", Profiles: []string{"aws"},
			Breaks: []string{"BYOB-KMS-002"}, Shows: []string{"BYOB-PERM-002"}, Given: namesKey, Setup: encrypting("AES256", "")},
		{Name: "another-key", Does: "the configuration names a KMS key, and the bucket's default encryption another", Profiles: []string{"aws"},
			Breaks: []string{"BYOB-KMS-002"}, Shows: []string{"BYOB-PERM-002"}, Given: namesKey, Setup: encrypting("aws:kms", otherKeyARN)},
		{Name: "encryption-not-applied", Does: "the default encryption names the KMS key, and objects are stored without", Profiles: []string{"aws"},
			Breaks: []string{"BYOB-KMS-002"}, Shows: []string{"BYOB-PERM-002"}, Given: namesKey, Setup: encrypting("aws:kms", soundKeyARN)},
	}
}

// notThere is what a policy that doesn't speak of W&B leaves open.
var notThere = []string{"BYOB-PERM-016", "BYOB-PERM-018"}

func namesKey(d *run.Documents) error {
	d.KMSKey = soundKeyARN
	return nil
}

// encrypting is a front that answers with a default encryption, which the gateway hasn't got.
func encrypting(algorithm, key string) func(string) stores.Setup {
	if key != "" {
		key = "<KMSMasterKeyID>" + key + "</KMSMasterKeyID>"
	}
	document := `<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault>` +
		`<SSEAlgorithm>` + algorithm + `</SSEAlgorithm>` + key + `</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`
	return front(func(_ string, next http.Handler) http.Handler { return instead(next, "encryption", document) })
}
