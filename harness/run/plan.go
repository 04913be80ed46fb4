package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/address"
)

// Plan is what a run would do to a bucket. Making it sends nothing.
type Plan struct {
	Address string // redacted
	Profile string
	Prefix  string
	Steps   []Step
	Total   Cost
	Effects []string // what else may happen because of the writes
	Rights  []string // what the run's own identity needs
	Missing []string // requirements of the profile that will be not run: without a spec, or left out
}

// Step is one spec of a plan.
type Step struct {
	Requirement, Text string
	Cost              Cost
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
	p := &Plan{Address: s.Address.String(), Profile: s.Profile, Prefix: s.Prefix, Total: Cost{Requests: prepareRequests, Objects: 1, Bytes: markerBytes}}
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
		p.Total.Requests += spec.Cost.Requests
		p.Total.Objects += spec.Cost.Objects
		p.Total.Bytes += spec.Cost.Bytes
	}
	// Removing: each key is looked at and removed, and the prefix is listed before and after.
	p.Total.Requests += 2*p.Total.Objects + 20
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
		fmt.Sprintf("access logs show it: User-Agent %q", c.o.Program+" (run "+c.runID+"; BYOB-...)"),
	}
	p.Rights = rights(s.Address.Provider)
	return p, nil
}

// rights are what the run's identity needs: W&B's own, and to remove versions where the bucket keeps them.
func rights(p address.Provider) []string {
	switch p {
	case address.GCP:
		return []string{"storage.objects.create, get, list, delete below the prefix", "storage.buckets.get"}
	case address.Azure:
		return []string{"the account's access key, or Storage Blob Data Contributor on the container", "to read the service's properties"}
	default:
		return []string{"s3:ListBucket, s3:GetBucketLocation, s3:GetBucketVersioning, s3:GetBucketCORS, s3:ListBucketMultipartUploads, s3:ListBucketVersions",
			"s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload below the prefix",
			"s3:DeleteObjectVersion below the prefix, only to leave no old version behind on a versioned bucket (not among W&B's eleven actions)"}
	}
}
