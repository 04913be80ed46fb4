package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/bucketproof/bucketproof/reports"
)

// printUnseen closes a run over several stores: what must hold and no store verified, and why.
func printUnseen(w io.Writer, results []*reports.Result) error {
	entries := make([]reports.IndexEntry, len(results))
	for i, r := range results {
		entries[i] = reports.IndexEntry{Result: r}
	}
	nobody := reports.Cover(entries).NobodyByReason()
	lines := []string{"", "VERIFIED BY NO STORE"}
	if len(nobody) == 0 {
		lines = append(lines, "  none: each MUST was verified on a store, or doesn't apply")
	}
	for _, r := range nobody {
		if len(r.Lines) == 1 {
			lines = append(lines, hang(fmt.Sprintf("  %-14s %-14s ", r.Profile, r.IDs()), strings.Repeat(" ", 32), r.Why, columns))
			continue
		}
		first := fmt.Sprintf("  %-14s ", r.Profile)
		lines = append(lines, hang(first, strings.Repeat(" ", len(first)), r.Why, columns),
			hang(strings.Repeat(" ", len(first)), strings.Repeat(" ", len(first)), r.IDs(), columns))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
