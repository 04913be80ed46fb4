package reports

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// GitHub takes 1 MiB a step, and shows nothing of what is longer. The report has all of it.
const (
	mostRows    = 100       // of one table
	mostCell    = 300       // characters of one text
	mostSummary = 512 << 10 // bytes of a summary
)

// WriteMarkdown writes a summary for a CI's job page: the verdict and why, what to do first, what is broken, undecided or a warning with
// what mends it, and every waiver. Text from outside can become neither markup nor a link, an image or a mention. Of many
// results those that find no room get a line each with their verdict.
func WriteMarkdown(w io.Writer, rs ...*Result) error {
	var b strings.Builder
	if len(rs) == 0 {
		b.WriteString("## Bucketproof: no verdict\n\nThere is no result: nothing was tested.\n")
	}
	for i, r := range rs {
		if i > 0 {
			b.WriteString("\n")
		}
		var one strings.Builder
		r = r.evidenced()
		if markdownOf(&one, r); b.Len()+one.Len() > mostSummary {
			one.Reset()
			headline(&one, r)
			one.WriteString("There is no room for more here: the report has all of it.\n")
		}
		b.WriteString(one.String())
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

func markdownOf(b *strings.Builder, r *Result) {
	headline(b, r)
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
	stands, ordered := r.standings(), byImportance(r)
	for _, s := range []struct {
		title    string
		standing standing
	}{{"Broken", standsBroken}, {"Undecided", standsUndecided}, {"Warnings", standsWarned}} {
		var rows [][]string
		all := 0
		for _, q := range ordered {
			if stands(q) != s.standing {
				continue
			}
			if all++; all <= mostRows {
				rows = append(rows, []string{plain(q.ID), plain(q.Title), plain(message(r, q, s.standing)), plain(firstLine(q.Remedy))})
			}
		}
		if s.standing == standsUndecided {
			for _, q := range lacking(r) {
				all++
				rows = append(rows, []string{plain(q.ID), "", missingLine, ""})
			}
		}
		table(b, s.title, []string{"Requirement", "", "What was seen", "What mends it"}, rows, all)
	}
	var rows [][]string
	for _, x := range r.Waivers {
		rows = append(rows, []string{plain(x.ID), plain(string(x.State)), plain(x.Owner), plain(x.Expires), plain(x.Reason), plain(x.Issue)})
	}
	table(b, "Waivers", []string{"Requirement", "State", "Owner", "Until", "Reason", "Issue"}, rows, len(rows))
	if c := onlyEmulated(r.Subject.Store); c != "" {
		fmt.Fprintf(b, "\n%s\n", c)
	}
}

// headline is what no summary leaves out: the verdict, and what it is on.
func headline(b *strings.Builder, r *Result) {
	fmt.Fprintf(b, "## Bucketproof: %s\n\n%s, profile %s, edition %s, ", strings.ToLower(viewOf(r.Verdict).Word), code(r.Subject.Address), code(r.Profile), code(r.Edition))
	if r.Catalogue != "" {
		fmt.Fprintf(b, "catalogue %s, ", code(r.Catalogue))
	}
	fmt.Fprintf(b, "run %s\n\n", code(r.Run.ID))
}

// table writes the first rows of a table that has so many in all.
func table(b *strings.Builder, title string, head []string, rows [][]string, all int) {
	if all == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s\n\n| %s |\n|%s\n", title, strings.Join(head, " | "), strings.Repeat(" --- |", len(head)))
	rows = rows[:min(len(rows), mostRows)]
	for _, row := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
	if more := all - len(rows); more > 0 {
		fmt.Fprintf(b, "\n%d more, in the report.\n", more)
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

// plain makes text of any origin plain in Markdown, inside a table too: every character that could be markup or begin an
// entity is written as an entity. That isn't enough for what renderers look for only after entities are resolved, in the
// text of the page (cmark-gfm does so for mail addresses, GitHub for mentions and issues): an empty comment takes it apart,
// which no reader sees and no copy holds.
func plain(s string) string {
	var b strings.Builder
	for _, r := range apart.ReplaceAllString(cut(inline(s), mostCell), "$0\x00") {
		switch {
		case r == 0: // nothing else can be one: inline replaces it
			b.WriteString("<!-- -->")
		case strings.ContainsRune("\\`*_{}[]<>()#+!|~&@$:=\"'", r):
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// apart is what begins a mention, a mail address, an issue's number or a bare link.
var apart = regexp.MustCompile(`(?i)@|#|://|www`)

// code is text in a code span, where entities are not read.
func code(s string) string {
	s = cut(inline(s), mostCell)
	if s == "" {
		return "(none)"
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + " " + s + " " + fence
}
