package permissions_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/faults"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

// The remedy is computed from what was read: with the policy at hand the one change that it needs, without it the statement, and
// where the policy grants what is refused, who refuses it.
func TestTheRemedyOfARightThatIsMissing(t *testing.T) {
	host := suitetest.Host(t)
	for name, tt := range map[string]struct {
		provider, fault, requirement string
		blind                        bool // nobody reads the policy
		says, never                  string
	}{
		"the policy is read":              {"aws", "no-getbucketlocation", "BYOB-PERM-010", false, `"s3:GetBucketLocation"`, "<principal>"},
		"nobody reads the policy":         {"aws", "no-getbucketlocation", "BYOB-PERM-010", true, `"Action": "s3:GetBucketLocation"`, "access policy"},
		"a statement denies it":           {"aws", "delete-denied", "BYOB-PERM-007", false, "Forbidden", "access policy"},
		"the policy grants it":            {"coreweave", "access-policy-refuses", "BYOB-PERM-019", false, "the bucket policy grants it: the organisation's access policy, which is judged first", "<principal>"},
		"the first object is refused":     {"coreweave", "access-policy-refuses", "BYOB-PERM-008", false, "the organisation's access policy", "<principal>"},
		"another organisation's":          {"coreweave", "another-organisation", "BYOB-PERM-013", false, "someone-elses", "<org-id>"},
		"a user's policy, read by nobody": {"s3-compatible", "no-deleteobject", "BYOB-PERM-007", false, `"s3:DeleteObject"`, "Principal"},
	} {
		t.Run(name, func(t *testing.T) {
			all := faults.Buckets()
			f := all[slices.IndexFunc(all, func(f faults.Fault) bool { return f.Name == tt.fault })]
			setup := stores.Setup{}
			if f.Setup != nil {
				setup = f.Setup(tt.provider)
			}
			b, err := host.Provision(t.Context(), tt.provider, setup.Sound())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = b.Close() }()
			target := suitetest.Target(b)
			if f.Given != nil {
				if err := f.Given(target.Documents); err != nil {
					t.Fatal(err)
				}
			}
			if tt.blind {
				target.Owner, target.Documents = nil, nil
			}
			done, err := run.Certify(t.Context(), target, run.Options{Catalogue: suitetest.Catalogue(t), Families: []run.Family{suites.Permissions}, Only: []string{tt.requirement},
				Seed: 1, Program: "bucketproof-suites/test"})
			if err != nil {
				t.Fatal(err)
			}
			seen := false
			for _, q := range done.Result.Requirements {
				if q.ID != tt.requirement {
					continue
				}
				seen = true
				if q.Outcome != reports.Failed || !strings.Contains(q.Remedy, tt.says) || strings.Contains(q.Remedy, tt.never) {
					t.Errorf("got %s (%s), remedy %q; want failed, with %q and without %q", q.Outcome, q.Reason, q.Remedy, tt.says, tt.never)
				}
			}
			if !seen {
				t.Errorf("the result has no line %s", tt.requirement)
			}
		})
	}
}
