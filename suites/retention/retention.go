// Package retention proves the rules on versioning, deletion and expiry (BYOB-KEEP): on documents, what lifecycle rules and
// the bucket's state say; on a connector, what garbage collection removes and what it leaves.
package retention

import (
	"context"

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
