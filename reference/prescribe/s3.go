package prescribe

import (
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// s3 writes for Amazon S3, CoreWeave and S3-compatible stores.
func (w *writer) s3() {
	bucketPolicy := policy.Required(w.Need.Need, w.who)
	w.document("cors", "cors.json", w.rules.Document())
	w.document("policy", "policy.json", bucketPolicy.JSON())
	var key *policy.Document
	if w.KMSKey != "" {
		key = policy.RequiredKey(w.Need.Need, w.who, w.Account)
		w.document("key-policy", "key-policy.json", key.JSON())
	}
	if w.Provider == policy.S3Compatible {
		w.minio(bucketPolicy)
		return
	}
	endpoint := ""
	if w.Provider == policy.CoreWeave {
		endpoint = " --endpoint-url https://cwobject.com"
	}
	w.file("cors.json", string(w.rules.CORSRules()))
	w.say("aws s3api put-bucket-cors --bucket %s%s --cors-configuration file://cors.json", w.Bucket, endpoint)
	w.file("policy.json", string(bucketPolicy.JSON()))
	w.say("aws s3api put-bucket-policy --bucket %s%s --policy file://policy.json", w.Bucket, endpoint)
	w.say("aws s3api put-bucket-versioning --bucket %s%s --versioning-configuration Status=Enabled", w.Bucket, endpoint)
	if w.Provider == policy.AWS {
		w.file("public-access.json", "{\"BlockPublicAcls\": true, \"IgnorePublicAcls\": true,\n \"BlockPublicPolicy\": true, \"RestrictPublicBuckets\": true}")
		w.say("aws s3api put-public-access-block --bucket %s --public-access-block-configuration file://public-access.json", w.Bucket)
	}
	if key != nil {
		w.file("key-policy.json", string(key.JSON()))
		w.say("aws kms put-key-policy --key-id %s --policy-name default --policy file://key-policy.json", w.KMSKey)
		w.file("encryption.json", fmt.Sprintf(`{"Rules": [{"ApplyServerSideEncryptionByDefault": {
  "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "%s"}}]}`, w.KMSKey))
		w.say("aws s3api put-bucket-encryption --bucket %s --server-side-encryption-configuration file://encryption.json", w.Bucket)
	}
	w.note("Setting a bucket policy or CORS rules replaces those that are there: add your own statements and rules to these first.")
	if w.Provider == policy.AWS && w.KMSKey == "" {
		w.note("No KMS key is named (--kms-key ARN): W&B's page asks for one, its form and Terraform module call it optional.")
	}
	if w.Provider == policy.CoreWeave {
		w.note("CoreWeave judges the organisation's access policy before the bucket's: it must let W&B's principal in, too.")
	}
	w.s3Terraform(bucketPolicy, key)
}

func (w *writer) s3Terraform(bucketPolicy, key *policy.Document) {
	t := &terraform{}
	if w.Provider == policy.CoreWeave {
		t.comment("CoreWeave speaks S3's language: the provider aws, with CoreWeave's endpoint and an API access key.")
		t.raw("provider \"aws\" {\n  region                      = var.zone\n  skip_credentials_validation = true\n  skip_region_validation      = true\n" +
			"  skip_requesting_account_id  = true\n  endpoints {\n    s3 = \"https://cwobject.com\"\n  }\n}\n")
		t.variable("zone", "the availability zone, such as US-EAST-04A")
	}
	t.corsConfiguration(w.Bucket, w.rules.Rules[0])
	t.raw(fmt.Sprintf("resource \"aws_s3_bucket_policy\" \"wandb\" {\n  bucket = %q\n  policy = jsonencode(%s)\n}\n", w.Bucket, nested(bucketPolicy.JSON())))
	t.raw(fmt.Sprintf("resource \"aws_s3_bucket_versioning\" \"wandb\" {\n  bucket = %q\n  versioning_configuration {\n    status = \"Enabled\"\n  }\n}\n", w.Bucket))
	if w.Provider == policy.AWS {
		t.raw(fmt.Sprintf("resource \"aws_s3_bucket_public_access_block\" \"wandb\" {\n  bucket                  = %q\n  block_public_acls       = true\n"+
			"  ignore_public_acls      = true\n  block_public_policy     = true\n  restrict_public_buckets = true\n}\n", w.Bucket))
	}
	if key != nil {
		t.raw(fmt.Sprintf("resource \"aws_kms_key_policy\" \"wandb\" {\n  key_id = %q\n  policy = jsonencode(%s)\n}\n", w.KMSKey, nested(key.JSON())))
		t.raw(fmt.Sprintf("resource \"aws_s3_bucket_server_side_encryption_configuration\" \"wandb\" {\n  bucket = %q\n  rule {\n"+
			"    apply_server_side_encryption_by_default {\n      sse_algorithm     = \"aws:kms\"\n      kms_master_key_id = %q\n    }\n  }\n}\n", w.Bucket, w.KMSKey))
	}
	w.out.Terraform = t.String()
}

// minio writes for MinIO, by its own command.
func (w *writer) minio(userPolicy *policy.Document) {
	w.say("# <alias> is mc's name for the store, <user> the access key's user.")
	w.file("cors.xml", string(w.rules.XML()))
	w.say("mc cors set '<alias>/%s' cors.xml", w.Bucket)
	w.file("policy.json", string(userPolicy.JSON()))
	w.say("mc admin policy create '<alias>' wandb policy.json")
	w.say("mc admin policy attach '<alias>' wandb --user '<user>'")
	w.say("mc version enable '<alias>/%s'", w.Bucket)
	w.say("mc anonymous set none '<alias>/%s'", w.Bucket)
	w.note("Open-source MinIO keeps no CORS rules of a bucket; there the server's own setting does: mc admin config set <alias> api cors_allow_origin=<origin>.")
	t := &terraform{}
	t.comment("CORS by the provider aws, pointed at the store; the policy by the provider aminueza/minio.")
	t.corsConfiguration(w.Bucket, w.rules.Rules[0])
	t.raw(fmt.Sprintf("resource \"aws_s3_bucket_versioning\" \"wandb\" {\n  bucket = %q\n  versioning_configuration {\n    status = \"Enabled\"\n  }\n}\n", w.Bucket))
	t.raw(fmt.Sprintf("resource \"minio_iam_policy\" \"wandb\" {\n  name   = \"wandb\"\n  policy = jsonencode(%s)\n}\n", nested(userPolicy.JSON())))
	t.variable("user", "the user of the access key")
	t.raw("resource \"minio_iam_user_policy_attachment\" \"wandb\" {\n  user_name   = var.user\n  policy_name = minio_iam_policy.wandb.name\n}\n")
	w.out.Terraform = t.String()
}

// terraform collects blocks.
type terraform struct{ blocks []string }

func (t *terraform) String() string { return strings.Join(t.blocks, "\n") }

func (t *terraform) raw(block string) { t.blocks = append(t.blocks, block) }

func (t *terraform) comment(s string) { t.raw("# " + s + "\n") }

func (t *terraform) variable(name, about string) {
	t.raw(fmt.Sprintf("variable %q {\n  type        = string\n  description = %q\n}\n", name, about))
}

func (t *terraform) corsConfiguration(bucket string, r cors.Rule) {
	t.raw(fmt.Sprintf("resource \"aws_s3_bucket_cors_configuration\" \"wandb\" {\n  bucket = %q\n  cors_rule {\n    allowed_headers = %s\n    allowed_methods = %s\n"+
		"    allowed_origins = %s\n    expose_headers  = %s\n    max_age_seconds = %d\n  }\n}\n", bucket, list(r.Headers), list(r.Methods), list(r.Origins), list(r.Expose), *r.MaxAge))
}

// list is a list of words in HCL. The words hold neither quotes nor ${: they are the package's own, or checked.
func list(words []string) string { return `["` + strings.Join(words, `", "`) + `"]` }

// nested sets a document in, which HCL reads as an object: JSON is its expression syntax too.
func nested(document []byte) string {
	return strings.ReplaceAll(strings.TrimSpace(string(document)), "\n", "\n  ")
}
