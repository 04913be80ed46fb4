// Package encryption proves the rules on encryption at rest and its key (BYOB-KMS): on documents, what the key policy and
// the key's description say; on a bucket, what its default encryption is, and that an object written as W&B's clients write
// shows it. A key's policy and state are no part of a bucket: they are judged from documents alone.
package encryption

import (
	"context"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/suites/urls"
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

func bucketSpecs(s *run.Subject) {
	switch {
	case s.Is(policy.AWS):
		given := func(id, text string) {
			run.It(s, id, text, func(_ context.Context, t *run.T) { t.Findings(s.Documents.AccessFindings(), id) })
		}
		given("BYOB-KMS-001", "the key's policy, which was given, lets W&B's principal use it")
		run.It(s, "BYOB-KMS-002", "the bucket encrypts with the key, and an object shows it", func(ctx context.Context, t *run.T) { usesKey(ctx, t, s) },
			run.Needs(append(urls.Preflight(), "BYOB-PERM-002")...), run.Costs(3, 1, 1<<10))
		given("BYOB-KMS-004", "the key, whose description was given, is enabled and stays")
	case s.Is(policy.GCP):
		run.It(s, "BYOB-KMS-003", "the bucket's default encryption is Google's own", func(ctx context.Context, t *run.T) {
			if s.Bucket == nil {
				t.Errorf("the bucket could not be opened")
			}
			t.Findings(t.Known(ctx, s, bucket.DocumentVersioning).RetentionFindings(), "BYOB-KMS-003")
		}, run.Needs(urls.Preflight()[:7]...), run.Costs(1, 0, 0))
	}
}
