// Package retention proves the rules on versioning, deletion and expiry (BYOB-KEEP): on documents, what lifecycle rules and
// the bucket's state say; on a bucket, the same of what is read from it, as far as the run's identity may, and nothing is
// written; on a connector, what garbage collection removes and what it leaves.
package retention

import (
	"context"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// Specs declares the family.
func Specs(s *run.Subject) {
	switch s.Kind {
	case run.KindDocuments:
		documentSpecs(s)
	case run.KindConnector:
		connectorSpecs(s)
	case run.KindBucket:
		bucketSpecs(s)
	}
}

func documentSpecs(s *run.Subject) {
	judge := func(id, text string) {
		run.It(s, id, text, func(_ context.Context, t *run.T) { t.Findings(s.Documents.RetentionFindings(), id) })
	}
	judge("BYOB-KEEP-001", "no lifecycle rule deletes what is current below the path")
	judge("BYOB-KEEP-002", "versioning is enabled, or soft delete on Azure is on")
	if s.Concerns(policy.GCP) {
		judge("BYOB-KEEP-003", "soft deletion is on")
	}
}

// reached are the requirements without which nothing can be read.
var reached = []string{"BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003", "BYOB-NET-004", "BYOB-NET-005", "BYOB-NET-006", "BYOB-NET-007"}

// bucketSpecs judge what is read. W&B's own credentials may read the versioning, and on S3 not the lifecycle rules.
func bucketSpecs(s *run.Subject) {
	judge := func(id, text string, kinds []string, needs ...string) {
		run.It(s, id, text, func(ctx context.Context, t *run.T) {
			if s.Bucket == nil {
				t.Errorf("the bucket could not be opened")
			}
			t.Findings(t.Known(ctx, s, kinds...).RetentionFindings(), id)
		}, run.Needs(append(needs, reached...)...), run.Costs(len(kinds), 0, 0))
	}
	// From edition 2026-08 on, a lifecycle is judged by whether versions are kept.
	lifecycle := []string{bucket.DocumentLifecycle}
	if s.Edition == "2026-08" {
		lifecycle = append(lifecycle, bucket.DocumentVersioning)
	}
	judge("BYOB-KEEP-001", "no lifecycle rule of the bucket deletes what is current below the path", lifecycle)
	judge("BYOB-KEEP-002", "the bucket's versioning is enabled, or the account's soft delete on Azure", []string{bucket.DocumentVersioning})
	if s.Is(policy.GCP) {
		judge("BYOB-KEEP-003", "the bucket's soft deletion is on", []string{bucket.DocumentVersioning})
	}
}
