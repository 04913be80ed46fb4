// Package cors proves the rules of cross-origin access (BYOB-CORS): on documents, what a bucket's CORS rules say.
package cors

import (
	"context"

	"github.com/bucketproof/bucketproof/harness/run"
)

// Specs declares the family.
func Specs(s *run.Subject) {
	if s.Kind == run.KindDocuments {
		documentSpecs(s)
	}
}

// documentSpecs judge the rules. Without any, the rest stands on nothing.
func documentSpecs(s *run.Subject) {
	for _, spec := range []struct{ id, text string }{
		{"BYOB-CORS-001", "the document holds CORS rules that the provider takes"},
		{"BYOB-CORS-002", "the rules allow GET, HEAD and PUT"},
		{"BYOB-CORS-003", "the rules expose ETag with each of these methods"},
		{"BYOB-CORS-004", "the rules name the front end's origin, or every one"},
		{"BYOB-CORS-005", "the rules allow the headers that a browser sends"},
		{"BYOB-CORS-006", "the rules let a browser remember a preflight for 3000 s"},
		{"BYOB-CORS-009", "rules that name origins let no foreign one in"},
	} {
		options := []run.Option{run.Needs("BYOB-CORS-001")}
		if spec.id == "BYOB-CORS-001" {
			options = nil
		}
		run.It(s, spec.id, spec.text, func(_ context.Context, t *run.T) { t.Findings(s.Documents.CORSFindings(), spec.id) }, options...)
	}
}
