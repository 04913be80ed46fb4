package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/bucketproof/bucketproof/harness/run"
)

// printPlan says what a run would send.
func printPlan(w io.Writer, p *run.Plan, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(p)
	}
	fmt.Fprintf(w, "%s\n\n", hang("", "  ", fmt.Sprintf("Plan for %s, profile %s. Nothing has been sent.", p.Address, p.Profile), columns))
	fmt.Fprintln(w, hang("All writes below  ", strings.Repeat(" ", 18), p.Prefix, columns))
	fmt.Fprintf(w, "At the most       %s, %s, %s in writes\n\n", plural(p.Total.Requests, "request", "requests"), plural(p.Total.Objects, "object", "objects"), bytesOf(p.Total.Bytes))
	const form = "%-13s %8s %7s %8s  "
	row := func(name string, c run.Cost, what string) {
		lead := fmt.Sprintf(form, name, fmt.Sprint(c.Requests), fmt.Sprint(c.Objects), bytesOf(c.Bytes))
		fmt.Fprintln(w, hang(lead, strings.Repeat(" ", 41), what, columns))
	}
	fmt.Fprintf(w, form+"%s\n", "requirement", "requests", "objects", "bytes", "what is shown")
	for _, s := range p.Steps {
		row(s.Requirement, s.Cost, s.Text)
	}
	for _, s := range p.Around {
		row("around them", s.Cost, s.Text)
	}
	bound := "what goes beyond it is refused, but for cleaning up"
	if p.Profile == "connector" {
		bound = "clients that go beyond it at a bucket are refused"
	}
	row("in all", p.Total, bound)
	list := func(title string, lines []string) {
		fmt.Fprintf(w, "\n%s\n", title)
		for _, l := range lines {
			listItem(w, l)
		}
	}
	list("Read of the bucket's configuration, and never written", p.Reads)
	list("Side effects", p.Effects)
	list("Rights that the run's identity needs", p.Rights)
	if n := len(p.Missing); n > 0 {
		fmt.Fprintf(w, "\n%s\n", hang("", "", plural(n, "requirement", "requirements")+` of the profile will be "not run": no spec yet, or left out.`, columns))
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
