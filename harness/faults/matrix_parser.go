package faults

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
)

// ParserProfile is the profile in which faults of the parser are tried.
const ParserProfile = "connector"

// Parsers tries the sound parser, and then every fault of it, or those that are named.
func (m *Matrix) Parsers(ctx context.Context, only []string) ([]Row, error) {
	o := m.Options
	o.Families = m.Parser
	sound, err := run.ConformParser(ctx, "reference", address.Reference(), o)
	if err != nil {
		return nil, err
	}
	row := newRow(ParserProfile, "", "", nil)
	row.compare(Fault{}, nil, sound.Result)
	rows := m.add(nil, row)
	if !row.Good() {
		return rows, nil
	}
	for _, f := range ParserFaults() {
		if len(only) > 0 && !slices.Contains(only, f.Name) {
			continue
		}
		began := time.Now()
		d, err := run.ConformParser(ctx, "reference", f.Wrap(address.Reference()), o)
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
