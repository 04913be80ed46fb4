package policy

import "slices"

// Required is the bucket policy that W&B's principal needs, as W&B's page has it (Bring your own bucket, "Provision your
// bucket", 2025-09), for the S3-compatible stores a policy of its user. who is its principal.
func Required(n Need, who string) *Document {
	s := Statement{Effect: Allow, Actions: Actions(), Resources: []string{n.bucketARN(), n.bucketARN() + "/*"}}
	d := &Document{Provider: n.Provider, Kind: Bucket, Version: "2012-10-17"}
	switch n.Provider {
	case AWS:
		d.ID, s.Sid, s.Principals = "WandBAccess", "WAndBAccountAccess", []Principal{{"AWS", who}}
	case CoreWeave:
		s.Sid, s.Principals = "AllowWandbUser", []Principal{{"CW", who}}
		s.Conditions = []Condition{{"StringLike", "wandb:OrgID", []string{n.OrgID}}}
	default:
		d.Kind = Identity
		s.Actions = minioActions()
	}
	d.Statements = []Statement{s}
	d.prepare()
	return d
}

// minioActions are the eleven as MinIO takes them: it refuses a policy with GetBucketCORS by that spelling.
func minioActions() []string {
	out := slices.Clone(Actions())
	out[0] = "s3:GetObject"
	out[slices.Index(out, "s3:GetBucketCORS")] = "s3:GetBucketCors"
	return out
}

// RequiredKey is the key policy (Bring your own bucket, "Provision the KMS Key", 2025-09). owner is the account that keeps
// full access to the key; a key policy without it locks the owner out.
func RequiredKey(n Need, who, owner string) *Document {
	resource := n.KMSKey
	if resource == "" {
		resource = "*" // in a key policy: this key
	}
	var actions []string
	for _, a := range keyActions {
		actions = append(actions, a.name)
	}
	d := &Document{Provider: AWS, Kind: Key, Version: "2012-10-17", Statements: []Statement{
		{Sid: "Internal", Effect: Allow, Principals: []Principal{{"AWS", canonical(owner)}}, Actions: []string{"kms:*"}, Resources: []string{resource}},
		{Sid: "External", Effect: Allow, Principals: []Principal{{"AWS", who}}, Actions: actions, Resources: []string{resource}},
	}}
	d.prepare()
	return d
}
