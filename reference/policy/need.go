package policy

import (
	"fmt"
	"slices"
	"strings"
)

// The deployments of W&B, in the words used everywhere.
const (
	MultiTenant = "multi-tenant"
	Dedicated   = "dedicated"
	SelfManaged = "self-managed"
)

// Deployments are all of them.
var Deployments = []string{MultiTenant, Dedicated, SelfManaged}

// Need is what a bucket's documents are judged by. What isn't known is "": what hangs on it is then not given.
type Need struct {
	Provider   string
	Edition    string
	Deployment string
	Bucket     string
	Path       string // sub-path, without slashes at its ends
	OrgID      string // CoreWeave: W&B's organisation ID (Multi-tenant) or the customer namespace
	Principal  string // the operator's own, where the deployment doesn't decide it: an ARN, a service account, a client ID
	KMSKey     string // aws: the key's ARN, when one is named in the configuration
	Account    string // aws: the owner's account ID; azure: the storage account
	PlainHTTP  bool   // the address turns TLS off
}

// deploymentPrincipals are W&B's own (Bring your own bucket, "Provision your bucket", 2025-09; wandb/terraform-aws-wandb and
// wandb/terraform-google-wandb name the same).
var deploymentPrincipals = map[string]map[string]string{
	AWS:       {MultiTenant: "arn:aws:iam::725579432336:role/WandbIntegration", Dedicated: "arn:aws:iam::830241207209:root"},
	CoreWeave: {MultiTenant: coreweavePrefix + "wandb-integration-public", Dedicated: coreweavePrefix + "wandb-integration", SelfManaged: coreweavePrefix + "wandb-integration"},
	GCP: {MultiTenant: "wandb-integration@wandb-production.iam.gserviceaccount.com",
		Dedicated: "deploy@wandb-production.iam.gserviceaccount.com"},
}

// coreweavePrefix stands in W&B's policy and in the value to put there: both together name nobody (contradiction 2 of the
// sources). The whole ARN once is meant.
const coreweavePrefix = "arn:aws:iam::wandb:static/"

// anyUser stands for the user that a policy of a user is attached to.
const anyUser = "user"

// Who is W&B's principal: the deployment's own, else the operator's. missing says what gives it when it isn't known.
func (n Need) Who() (who, missing string) {
	if n.Provider == S3Compatible {
		return anyUser, ""
	}
	if fixed := deploymentPrincipals[n.Provider][n.Deployment]; fixed != "" {
		return fixed, ""
	}
	if n.Principal != "" {
		return canonical(n.Principal), ""
	}
	if n.Deployment == "" && deploymentPrincipals[n.Provider] != nil {
		return "", "W&B's deployment: --deployment " + strings.Join(Deployments, "|")
	}
	return "", "W&B's principal, the operator's own here: --principal " + map[string]string{AWS: "ARN", GCP: "EMAIL", Azure: "ID"}[n.Provider]
}

// principalKind is the key that a provider's documents name principals by.
func (n Need) principalKind() string {
	if n.Provider == CoreWeave {
		return "CW"
	}
	return "AWS"
}

// bucketARN and objectsARN are what statements name; the second stands for everything that W&B stores.
func (n Need) bucketARN() string { return "arn:aws:s3:::" + n.Bucket }

func (n Need) objectsARN() string {
	if n.Path == "" {
		return n.bucketARN() + "/*"
	}
	return n.bucketARN() + "/" + n.Path + "/*"
}

// context is what is known of a request of W&B's: who sends it, and that it comes by TLS.
func (n Need) context(who string) Context {
	ctx := Context{"aws:securetransport": {fmt.Sprint(!n.PlainHTTP)}, "aws:principalisawsservice": {"false"}, "aws:viaawsservice": {"false"},
		"s3:signatureversion": {"AWS4-HMAC-SHA256"}}
	if account := accountOf(who); account != "" {
		ctx["aws:principalaccount"], ctx["kms:calleraccount"] = []string{account}, []string{account}
	}
	if strings.HasPrefix(who, "arn:") && !isRoot(who) {
		ctx["aws:principalarn"] = []string{who}
	}
	if n.Provider == CoreWeave && n.OrgID != "" {
		ctx["wandb:orgid"] = []string{n.OrgID}
	}
	if n.Provider == AWS && n.Account != "" {
		ctx["s3:resourceaccount"], ctx["aws:resourceaccount"] = []string{n.Account}, []string{n.Account}
	}
	return ctx
}

// nobody is what is known of a request without credentials: it has no account and no organisation, and its sender chooses
// how it comes and what it says of itself.
func nobody() Context {
	ctx := Context{"aws:securetransport": {Anything}, "aws:referer": {Anything}, "aws:useragent": {Anything}}
	for _, key := range []string{"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:userid", "aws:username",
		"aws:principaltype", "cw:principalorgid", "wandb:orgid", "s3:signatureversion", "s3:authtype", "kms:calleraccount"} {
		ctx[key] = nil
	}
	return ctx
}

// action is one of the eleven of W&B's policies.
type action struct {
	requirement string
	name        string   // as the documents have it
	calls       []string // what of it is needed, where the name is a wildcard
	object      bool     // it is done to objects, not to the bucket
}

// eleven are the actions of W&B's bucket policies (Bring your own bucket, "Provision your bucket", AWS and CoreWeave,
// 2025-09), in the order of their requirements.
var eleven = []action{
	{"BYOB-PERM-001", "s3:GetObject*", []string{"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes"}, true},
	{"BYOB-PERM-002", "s3:GetEncryptionConfiguration", nil, false},
	{"BYOB-PERM-003", "s3:ListBucket", nil, false},
	{"BYOB-PERM-004", "s3:ListBucketMultipartUploads", nil, false},
	{"BYOB-PERM-005", "s3:ListBucketVersions", nil, false},
	{"BYOB-PERM-006", "s3:AbortMultipartUpload", nil, true},
	{"BYOB-PERM-007", "s3:DeleteObject", nil, true},
	{"BYOB-PERM-008", "s3:PutObject", nil, true},
	{"BYOB-PERM-009", "s3:GetBucketCORS", nil, false},
	{"BYOB-PERM-010", "s3:GetBucketLocation", nil, false},
	{"BYOB-PERM-011", "s3:GetBucketVersioning", nil, false},
}

// needs are the calls of an action on a provider. The user of an S3-compatible store needs no versions and attributes:
// many have none.
func (a action) needs(provider string) []string {
	switch {
	case a.calls == nil:
		return []string{a.name}
	case provider == S3Compatible:
		return a.calls[:1]
	}
	return a.calls
}

func (a action) resource(n Need) string {
	if a.object {
		return n.objectsARN()
	}
	return n.bucketARN()
}

// Actions are the names of the eleven actions, as the documents have them.
func Actions() []string {
	var out []string
	for _, a := range eleven {
		out = append(out, a.name)
	}
	return out
}

// keyActions are those of W&B's key policy, and what of each is needed today.
var keyActions = []action{
	{"", "kms:Decrypt", nil, false},
	{"", "kms:Describe*", []string{"kms:DescribeKey"}, false},
	{"", "kms:Encrypt", nil, false},
	{"", "kms:ReEncrypt*", []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"}, false},
	{"", "kms:GenerateDataKey*", []string{"kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"}, false},
}

// excess are actions that W&B never needs, and that change the bucket itself or who may use it.
var excess = []struct {
	name   string
	object bool
}{
	{"s3:PutBucketPolicy", false}, {"s3:DeleteBucketPolicy", false}, {"s3:PutBucketAcl", false}, {"s3:DeleteBucket", false},
	{"s3:PutBucketCORS", false}, {"s3:PutBucketVersioning", false}, {"s3:PutEncryptionConfiguration", false},
	{"s3:PutLifecycleConfiguration", false}, {"s3:PutBucketPublicAccessBlock", false}, {"s3:PutBucketOwnershipControls", false},
	{"s3:PutReplicationConfiguration", false}, {"s3:PutObjectAcl", true}, {"s3:BypassGovernanceRetention", true},
	{"s3:PutObjectRetention", true}, {"s3:PutObjectLegalHold", true},
}

// objectAction reports whether an action is done to objects; both is true where a wildcard leaves it open (Service
// Authorization Reference, "Actions, resources, and condition keys for Amazon S3").
func objectAction(name string) (object, both bool) {
	lower := strings.ToLower(name)
	if !strings.HasPrefix(lower, "s3:") || strings.ContainsAny(lower, "*?") && !strings.HasPrefix(lower, "s3:getobject") {
		return false, true
	}
	verb := lower[len("s3:"):]
	switch {
	case strings.Contains(verb, "bucket") && verb != "replicateobject":
		return false, false
	case strings.Contains(verb, "object"), slices.Contains([]string{"abortmultipartupload", "listmultipartuploadparts", "bypassgovernanceretention",
		"replicatedelete", "replicatetags"}, verb):
		return true, false
	case slices.Contains([]string{"getencryptionconfiguration", "putencryptionconfiguration", "getlifecycleconfiguration", "putlifecycleconfiguration",
		"getreplicationconfiguration", "putreplicationconfiguration", "getaccelerateconfiguration", "putaccelerateconfiguration"}, verb):
		return false, false
	}
	return false, true
}
