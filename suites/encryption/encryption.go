// Package encryption proves the rules on encryption at rest and its key (BYOB-KMS): on documents, what the key policy and
// the key's description say.
package encryption

import (
	"context"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// Specs declares the family.
func Specs(s *run.Subject) {
	if s.Kind == run.KindDocuments {
		documentSpecs(s)
	}
}

func documentSpecs(s *run.Subject) {
	if s.Concerns(policy.AWS) {
		run.It(s, "BYOB-KMS-001", "the key is to encrypt with, and its policy lets W&B's principal",
			func(_ context.Context, t *run.T) { t.Findings(s.Documents.AccessFindings(), "BYOB-KMS-001") })
	}
	if s.Concerns(policy.GCP) {
		run.It(s, "BYOB-KMS-003", "the bucket is encrypted with Google's own keys",
			func(_ context.Context, t *run.T) { t.Findings(s.Documents.RetentionFindings(), "BYOB-KMS-003") })
	}
	if s.Concerns(policy.AWS) {
		run.It(s, "BYOB-KMS-004", "the key is enabled and stays",
			func(_ context.Context, t *run.T) { t.Findings(s.Documents.AccessFindings(), "BYOB-KMS-004") })
	}
}
