package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/bucketproof/bucketproof/harness/run"
)

// printPlan says what a run would send.
func printPlan(w io.Writer, p *run.Plan, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(p)
	}
	fmt.Fprintf(w, "Plan for %s, profile %s. Nothing has been sent.\n\n", p.Address, p.Profile)
	fmt.Fprintf(w, "All writes below  %s\n", p.Prefix)
	fmt.Fprintf(w, "At the most       %d requests, %d objects, %s in writes; more is refused\n\n", p.Total.Requests, p.Total.Objects, bytesOf(p.Total.Bytes))
	fmt.Fprintf(w, "%-14s %8s %8s %10s  %s\n", "requirement", "requests", "objects", "bytes", "what is shown")
	for _, s := range p.Steps {
		fmt.Fprintf(w, "%-14s %8d %8d %10s  %s\n", s.Requirement, s.Cost.Requests, s.Cost.Objects, bytesOf(s.Cost.Bytes), s.Text)
	}
	list := func(title string, lines []string) {
		fmt.Fprintf(w, "\n%s\n", title)
		for _, l := range lines {
			fmt.Fprintf(w, "  - %s\n", l)
		}
	}
	list("Side effects", p.Effects)
	list("Rights that the run's identity needs", p.Rights)
	if n := len(p.Missing); n > 0 {
		fmt.Fprintf(w, "\n%d requirements of the profile will be \"not run\": no spec yet, or left out.\n", n)
	}
	return nil
}

func bytesOf(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
