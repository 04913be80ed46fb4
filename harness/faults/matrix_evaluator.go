package faults

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// Evaluators tries the sound evaluator of policies, and then every fault of it, or those that are named.
func (m *Matrix) Evaluators(ctx context.Context, only []string) ([]Row, error) {
	o := m.Options
	o.Families = m.Evaluator
	sound, err := run.ConformEvaluator(ctx, "reference", policy.Reference(), o)
	if err != nil {
		return nil, err
	}
	row := newRow(ParserProfile, "", "", nil)
	row.compare(Fault{}, nil, sound.Result)
	rows := m.add(nil, row)
	if !row.Good() {
		return rows, nil
	}
	for _, f := range EvaluatorFaults() {
		if len(only) > 0 && !slices.Contains(only, f.Name) {
			continue
		}
		began := time.Now()
		d, err := run.ConformEvaluator(ctx, "reference", f.Wrap(policy.Reference()), o)
		if err != nil {
			return rows, fmt.Errorf("fault %q: %w", f.Name, err)
		}
		row := newRow(ParserProfile, f.Name, f.Does, f.Breaks)
		row.compare(Fault{Breaks: f.Breaks}, sound.Result, d.Result)
		row.Milliseconds = time.Since(began).Milliseconds()
		rows = m.add(rows, row)
	}
	return rows, nil
}
