// Package cors proves the rules of cross-origin access (BYOB-CORS): on documents, what a bucket's CORS rules say; on a
// bucket, what its rules say as it hands them out itself, and what a browser on the front end's origin is answered by
// pre-signed URL: preflights with the header fields that it sends, and the answers themselves. Rules and answers are judged
// apart: a proxy in front of a store may undo the best of rules. What mends them is computed from the rules that were read.
package cors

import (
	"context"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// Specs declares the family.
func Specs(s *run.Subject) {
	if s.Kind == run.KindDocuments {
		documentSpecs(s)
		return
	}
	bucketSpecs(s)
}

// judged are the requirements that rules decide.
var judged = []struct{ id, text string }{
	{"BYOB-CORS-002", "the rules allow GET, HEAD and PUT"},
	{"BYOB-CORS-003", "the rules expose ETag with each of these methods"},
	{"BYOB-CORS-004", "the rules name the front end's origin, or every one"},
	{"BYOB-CORS-005", "the rules allow the headers that a browser sends"},
	{"BYOB-CORS-006", "the rules let a browser remember a preflight for 3000 s"},
}

// documentSpecs judge the rules. Without any, the rest stands on nothing.
func documentSpecs(s *run.Subject) {
	judge := func(id, text string, needs ...string) {
		run.It(s, id, text, func(_ context.Context, t *run.T) { t.Findings(s.Documents.CORSFindings(), id) }, run.Needs(needs...))
	}
	judge("BYOB-CORS-001", "the document holds CORS rules that the provider takes")
	for _, j := range judged {
		judge(j.id, j.text, "BYOB-CORS-001")
	}
	judge("BYOB-CORS-009", "rules that name origins let no foreign one in", "BYOB-CORS-001")
}

// bucketSpecs judge the rules that the bucket hands out, and try them. A store that was seen to keep no rules for a bucket, and to
// answer every origin by itself, can't show any of it.
func bucketSpecs(s *run.Subject) {
	l := &live{s: s}
	reached := run.Needs(urls.Preflight()...)
	it := func(id, text string, check func(context.Context, *run.T), options ...run.Option) {
		run.It(s, id, text, func(ctx context.Context, t *run.T) {
			for _, f := range s.Store.Fidelity {
				if f.What == reports.FidelityCORS && f.Enforced == "no" {
					t.Unverified("this store does not enforce a bucket's CORS rules: %s", f.Seen)
				}
			}
			check(ctx, t)
		}, append([]run.Option{reached}, options...)...)
	}
	it("BYOB-CORS-001", "the bucket hands out CORS rules to this identity", func(ctx context.Context, t *run.T) { l.exists(ctx, t) }, run.Costs(1, 0, 0))
	for _, j := range judged {
		it(j.id, j.text, func(ctx context.Context, t *run.T) { t.Findings(l.findings(ctx, t), j.id) }, run.Costs(1, 0, 0))
	}
	it("BYOB-CORS-007", "a preflight from the front end's origin passes for GET, HEAD and PUT by URL",
		func(ctx context.Context, t *run.T) { l.preflights(ctx, t) }, run.Costs(4, 0, 0))
	it("BYOB-CORS-008", "the answers to GET, HEAD and PUT by URL allow the front end's origin and expose ETag",
		func(ctx context.Context, t *run.T) { l.answers(ctx, t) }, run.Costs(6, 2, 1<<10))
	it("BYOB-CORS-009", "where origins are named, a foreign one is refused, by the rules and by the store",
		func(ctx context.Context, t *run.T) { l.strangers(ctx, t) }, run.Costs(16, 1, 1<<10))
	it("BYOB-CORS-010", "a page on the front end's origin, in a real browser, puts, looks at and reads an object by URL, and reads its ETag",
		func(ctx context.Context, t *run.T) { l.browsed(ctx, t) }, run.Costs(6, 1, 1<<10), run.Within(browserLimit))
}
