package faults

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// ParserProfile is the profile in which faults of parsers, of evaluators and of connectors are tried.
const ParserProfile = "connector"

// PureFault is a fault of what is called and sends nothing.
type PureFault[I any] struct {
	Name   string
	Does   string   // one sentence: what goes wrong
	Breaks []string // empty for the fault that harms nothing
	Wrap   func(I) I
}

// A ParserFault is in a reader of addresses, an EvaluatorFault in a judge of policies.
type (
	ParserFault    = PureFault[address.Implementation]
	EvaluatorFault = PureFault[policy.Implementation]
)

// Parsers tries the sound parser, and then every fault of it, or those that are named.
func (m *Matrix) Parsers(ctx context.Context, only []string) ([]Row, error) {
	o := m.Options
	o.Families = m.Parser
	return pure(m, only, address.Reference(), ParserFaults(), func(i address.Implementation) (*run.Done, error) { return run.ConformParser(ctx, "reference", i, o) })
}

// Evaluators tries the sound evaluator of policies, and then every fault of it, or those that are named.
func (m *Matrix) Evaluators(ctx context.Context, only []string) ([]Row, error) {
	o := m.Options
	o.Families = m.Evaluator
	return pure(m, only, policy.Reference(), EvaluatorFaults(), func(i policy.Implementation) (*run.Done, error) { return run.ConformEvaluator(ctx, "reference", i, o) })
}

// pure tries a sound implementation, and then each fault in it.
func pure[I any](m *Matrix, only []string, reference I, faults []PureFault[I], conform func(I) (*run.Done, error)) ([]Row, error) {
	sound, err := conform(reference)
	if err != nil {
		return nil, err
	}
	row := newRow(ParserProfile, "", "", nil)
	row.compare(Fault{}, nil, sound.Result)
	rows := m.add(nil, row)
	if !row.Good() {
		return rows, nil
	}
	for _, f := range faults {
		if len(only) > 0 && !slices.Contains(only, f.Name) {
			continue
		}
		began := time.Now()
		d, err := conform(f.Wrap(reference))
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
