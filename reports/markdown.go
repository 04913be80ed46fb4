package reports

import (
	"fmt"
	"io"
	"strings"
)

// The most rows of one table in a summary; the report has all of them. GitHub takes 1 MiB a step.
const mostRows = 100

// WriteMarkdown writes a summary for a CI's job page: the verdict and why, what to do first, what is broken, undecided or a warning with
// what mends it, and every waiver. Text from outside can become neither markup nor a link, an image or a mention.
func WriteMarkdown(w io.Writer, rs ...*Result) error {
	var b strings.Builder
	if len(rs) == 0 {
		b.WriteString("## Bucketproof: no verdict\n\nThere is no result: nothing was tested.\n")
	}
	for i, r := range rs {
		if i > 0 {
			b.WriteString("\n")
		}
		markdownOf(&b, r.evidenced())
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

func markdownOf(b *strings.Builder, r *Result) {
	v := viewOf(r.Verdict)
	fmt.Fprintf(b, "## Bucketproof: %s\n\n", strings.ToLower(v.Word))
	fmt.Fprintf(b, "%s, profile %s, edition %s, run %s\n\n", code(r.Subject.Address), code(r.Profile), code(r.Edition), code(r.Run.ID))
	for _, why := range r.Why {
		fmt.Fprintf(b, "- %s\n", plain(why))
	}
	var counts []string
	for _, t := range tallies(r) {
		counts = append(counts, fmt.Sprintf("%d %s", t.Count, t.Word))
	}
	if len(counts) > 0 {
		fmt.Fprintf(b, "\n%s.\n", strings.Join(counts, ", "))
	}
	for i, line := range firstThings(r) {
		if i == 0 {
			b.WriteString("\n### What to do now\n\n")
		}
		fmt.Fprintf(b, "%d. %s\n", i+1, plain(line))
	}
	stands := r.standings()
	for _, s := range []struct {
		title    string
		standing standing
	}{{"Broken", standsBroken}, {"Undecided", standsUndecided}, {"Warnings", standsWarned}} {
		var rows [][]string
		for _, q := range byImportance(r) {
			if stands(q) == s.standing {
				rows = append(rows, []string{plain(q.ID), plain(q.Title), plain(message(r, q, s.standing)), plain(firstLine(q.Remedy))})
			}
		}
		if s.standing == standsUndecided {
			for _, q := range lacking(r) {
				rows = append(rows, []string{plain(q.ID), "", missingLine, ""})
			}
		}
		table(b, s.title, []string{"Requirement", "", "What was seen", "What mends it"}, rows)
	}
	var rows [][]string
	for _, x := range r.Waivers {
		rows = append(rows, []string{plain(x.ID), plain(string(x.State)), plain(x.Owner), plain(x.Expires), plain(x.Reason), plain(x.Issue)})
	}
	table(b, "Waivers", []string{"Requirement", "State", "Owner", "Until", "Reason", "Issue"}, rows)
	if c := onlyEmulated(r.Subject.Store); c != "" {
		fmt.Fprintf(b, "\n%s\n", c)
	}
}

func table(b *strings.Builder, title string, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s\n\n| %s |\n|%s\n", title, strings.Join(head, " | "), strings.Repeat(" --- |", len(head)))
	for i, row := range rows {
		if i == mostRows {
			fmt.Fprintf(b, "\n%d more, in the report.\n", len(rows)-mostRows)
			break
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
}

// firstLine is what fits into a table; the report has the whole remedy.
func firstLine(s string) string {
	line, rest, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if !blank(rest) {
		line += " (...)"
	}
	return line
}

// plain makes text of any origin plain in Markdown, inside a table too: every character that could be markup, begin an
// entity, a mention or an issue's number, or make a bare URL a link, is written as an entity.
func plain(s string) string {
	var b strings.Builder
	for _, r := range inline(s) {
		if strings.ContainsRune("\\`*_{}[]<>()#+!|~&@$:=\"'", r) {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return strings.ReplaceAll(b.String(), "www.", "www&#46;")
}

// code is text in a code span, where entities are not read.
func code(s string) string {
	s = inline(s)
	if s == "" {
		return "(none)"
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + " " + s + " " + fence
}
