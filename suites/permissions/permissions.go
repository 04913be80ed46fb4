// Package permissions proves what W&B's principal may do, and that nobody else may (BYOB-PERM): on documents, what policies
// and roles say; on a bucket whose address holds credentials, by doing one harmless thing an action; on a bucket that is
// certified as its owner, by the policy that is read from it. What is written lies below the run's prefix and is the run's
// own; nothing else of the bucket is read but its configuration, and the names of what the run itself has written.
package permissions

import (
	"context"
	"fmt"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// Specs declares the family.
func Specs(s *run.Subject) {
	switch s.Kind {
	case run.KindDocuments:
		documentSpecs(s)
	case run.KindBucket:
		bucketSpecs(s)
	}
}

var (
	s3family = []string{policy.AWS, policy.CoreWeave, policy.S3Compatible}
	named    = []string{policy.AWS, policy.CoreWeave} // whose policies name principals
)

// documentSpecs judge the policy or the roles. While nobody knows whom a policy speaks of, it decides nothing about what
// W&B's principal may do.
func documentSpecs(s *run.Subject) {
	judge := func(id, text string, providers []string, needs ...string) {
		if !s.Concerns(providers...) {
			return
		}
		run.It(s, id, text, func(_ context.Context, t *run.T) { t.Findings(s.Documents.AccessFindings(), id) }, run.Needs(needs...))
	}
	judge("BYOB-PERM-012", "the policy names the deployment's principal", named)
	judge("BYOB-PERM-013", "the condition wandb:OrgID lets this organisation in", []string{policy.CoreWeave}, "BYOB-PERM-012")
	for i, action := range policy.Actions() {
		judge(fmt.Sprintf("BYOB-PERM-%03d", i+1), "the policy grants "+action+" where W&B stores", s3family, "BYOB-PERM-012", "BYOB-PERM-013")
	}
	judge("BYOB-PERM-014", "the bindings give the service account storage.admin", []string{policy.GCP})
	judge("BYOB-PERM-015", "the account's key or the managed identity may do what W&B does", []string{policy.Azure})
	judge("BYOB-PERM-016", "the policy grants nothing that changes the bucket", s3family, "BYOB-PERM-012")
	judge("BYOB-PERM-018", "the policy grants the documented wildcards themselves", named, "BYOB-PERM-012", "BYOB-PERM-013")
	judge("BYOB-PERM-020", "no document lets anybody in without credentials", []string{policy.AWS, policy.CoreWeave, policy.GCP, policy.Azure, policy.S3Compatible})
}
