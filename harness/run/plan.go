package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
)

// Plan is what a run would do to a bucket. Making it sends nothing.
type Plan struct {
	Address string `json:"address"` // redacted
	Profile string `json:"profile"`
	Prefix  string `json:"prefix"`
	Steps   []Step `json:"steps"`
	// Around is what preparing and cleaning up take; Total is the sum of all steps and of these.
	Around  []Step   `json:"around"`
	Total   Cost     `json:"total"`
	Reads   []string `json:"reads"`   // what of the bucket's configuration is read
	Effects []string `json:"effects"` // what else may happen because of the writes
	Rights  []string `json:"rights"`  // what the run's own identity needs
	Missing []string `json:"missing"` // requirements of the profile that will be not run: without a spec, or left out
}

// Step is one spec of a plan, or something around them: then Requirement is "".
type Step struct {
	Requirement string `json:"requirement,omitempty"`
	Text        string `json:"text"`
	Cost        Cost   `json:"cost"`
}

// NewPlan says what Certify would send for the same target and options.
func NewPlan(ctx context.Context, target Target, o Options) (*Plan, error) {
	c, err := newCertification(ctx, target, o)
	if err != nil {
		return nil, err
	}
	defer c.close()
	s := c.subject
	if s.Address == nil {
		return nil, &UsageError{s.AddressError}
	}
	p := &Plan{Address: s.Address.String(), Profile: s.Profile, Prefix: wire.Clean(s.Prefix, c.secrets()), Steps: []Step{}, Missing: []string{}}
	specs, problems := declare(s, o.Families)
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	selected := c.selection(specs)
	for _, spec := range specs {
		if !selected[spec.Requirement] {
			continue
		}
		p.Steps = append(p.Steps, Step{Requirement: spec.Requirement, Text: spec.Text, Cost: spec.Cost})
	}
	objects := 1
	for _, step := range p.Steps {
		objects += step.Cost.Objects
	}
	p.Around = []Step{
		{Text: "preparing: what the bucket keeps and its configuration are read, and the run's marker is written",
			Cost: Cost{Requests: prepareRequests, Objects: 1, Bytes: markerBytes}},
		// Each key is looked at and removed, the prefix is listed before and after, and the documents are read again.
		{Text: "cleaning up: what was written is removed, and the configuration is read again", Cost: Cost{Requests: 2*objects + 40}},
	}
	for _, step := range slices.Concat(p.Steps, p.Around) {
		p.Total.Requests += step.Cost.Requests
		p.Total.Objects += step.Cost.Objects
		p.Total.Bytes += step.Cost.Bytes
	}
	bound := Bound(specs)
	for _, e := range c.entries {
		if !selected[e.ID] || !slices.Contains(bound, e.ID) {
			p.Missing = append(p.Missing, e.ID)
		}
	}
	p.Effects = []string{
		"every write and removal is an event: notifications, functions and queues on the bucket will see it",
		"a bucket that replicates copies what is written, and a replica may keep it",
		"with versioning, old versions and delete markers are removed too; without the right to, they remain and are listed",
		"with soft delete, what is removed is kept for the bucket's retention time",
		"with default retention or holds nothing is written at all, unless --accept-retention is given",
		fmt.Sprintf("access logs show it: User-Agent %q, with the requirement's ID after the run's (\"; BYOB-...\") where a check sends it", c.o.Program+" (run "+c.runID+")"),
	}
	p.Reads = reads(s.Address.Provider)
	p.Rights = append(rights(s.Address.Provider), documentRights(s)...)
	return p, nil
}

// reads are what prepare and clean-up read of a bucket's configuration, and what becomes of what may not be read.
func reads(p address.Provider) []string {
	of := "policy, CORS, versioning, lifecycle, encryption, object lock, ACL, ownership controls, public access block, tagging, notification, replication"
	switch p {
	case address.GCP:
		of = "the bucket's attributes (CORS, versioning, lifecycle, encryption, ACLs, retention, soft delete, labels, logging) and its IAM policy"
	case address.Azure:
		of = "the container's properties, its stored access policies, the blob service's properties (CORS, soft delete)"
	}
	return []string{of, "before the first write and after the last, to compare; this takes no further right: what may not be read is named in the report"}
}

// documentRights are what it takes to read the documents that are no business of W&B's, and whose business it is.
func documentRights(s *Subject) []string {
	if s.Address.Provider == address.GCP || s.Address.Provider == address.Azure {
		return nil
	}
	who := "with W&B's own credentials: not needed, and what they can't read is not judged (--owner-profile, or --policy and its kin)"
	if s.OwnerBucket != nil {
		who = s.OwnerBucket.Identity
	} else if s.Owner() {
		who = "the bucket's owner"
	}
	return []string{"s3:GetBucketPolicy, s3:GetLifecycleConfiguration: " + who}
}

// rights are what the run's identity needs: W&B's own, and to remove versions where the bucket keeps them.
func rights(p address.Provider) []string {
	switch p {
	case address.GCP:
		return []string{"storage.objects.create, get, list, delete below the prefix", "storage.buckets.get",
			"storage.buckets.getIamPolicy, without which the role bindings are not judged"}
	case address.Azure:
		return []string{"the account's access key, or Storage Blob Data Contributor on the container", "to read the service's properties"}
	default:
		return []string{"s3:ListBucket, s3:GetBucketLocation, s3:GetBucketVersioning, s3:GetBucketCORS, s3:GetEncryptionConfiguration, s3:ListBucketMultipartUploads, s3:ListBucketVersions",
			"s3:GetObject, s3:GetObjectVersion, s3:GetObjectAttributes, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload below the prefix",
			"s3:DeleteObjectVersion below the prefix, only to leave no old version behind on a versioned bucket (not among W&B's eleven actions)"}
	}
}
