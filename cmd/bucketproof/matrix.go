package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bucketproof/bucketproof/reference/availability"
)

// listMatrix prints which storage W&B offers where in an edition: the table as its page has it, and then every cell. A
// terminal gets the table wrapped to its width, at most 80 columns; a pipe gets it as Markdown, one row a line.
func listMatrix(w io.Writer, edition string, asJSON bool) error {
	page, err := availability.Table(edition)
	if err != nil {
		return err
	}
	cells, err := availability.Matrix(edition)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Table *availability.Page  `json:"table"`
			Cells []availability.Cell `json:"cells"`
		}{page, cells})
	}
	width, tty := onTerminal(w)
	drawn := page.Markdown()
	if tty {
		drawn = drawTable(page, min(width, columns))
	}
	fmt.Fprintf(w, "%s, %s (%s)\n\n%s\n", page.Document, page.Section, page.Edition, drawn)
	for _, n := range append(page.Footnotes, page.Notes...) {
		fmt.Fprintln(w, hang(n.Mark+" ", strings.Repeat(" ", text.StringWidth(n.Mark)+1), n.Text, columns))
	}
	if len(page.Footnotes)+len(page.Notes) > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "Every cell. \"if\" names what must hold besides; \"unspecified\" is what the page\nleaves open, so that either answer is right.\n")
	printCells(w, cells)
	return nil
}

// drawTable draws the table with its cells wrapped to at most width columns, wide characters counted as two. A cell that is
// wrapped between two wide characters may come out one column wider than asked for, so that the last column gives way.
func drawTable(page *availability.Page, width int) string {
	drawn := tableOf(page, width)
	if over := text.LongestLineLen(drawn) - width; over > 0 {
		drawn = tableOf(page, width-over)
	}
	return drawn
}

func tableOf(page *availability.Page, width int) string {
	const borders = 13
	t := table.NewWriter()
	t.SetStyle(table.StyleDefault)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options.SeparateRows = true
	head := table.Row{}
	for _, c := range page.Columns {
		head = append(head, c)
	}
	t.AppendHeader(head)
	widths := [3]int{}
	for _, r := range page.Rows {
		t.AppendRow(table.Row{r.Name, r.Instance, r.Team, r.Information})
		for i, cell := range [3]string{r.Name, r.Instance, r.Team} {
			widths[i] = max(widths[i], text.StringWidth(cell), 10)
		}
	}
	left := width - borders - widths[0] - widths[1] - widths[2]
	configs := []table.ColumnConfig{{Number: 4, WidthMax: max(left, 10), WidthMaxEnforcer: text.WrapSoft}}
	for i, n := range widths {
		configs = append(configs, table.ColumnConfig{Number: i + 1, WidthMax: n, WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(configs)
	return t.Render() + "\n"
}

// printCells prints a block for each deployment and scope, with a provider a line.
func printCells(w io.Writer, cells []availability.Cell) {
	group, note := "", ""
	for _, c := range cells {
		if g := fmt.Sprintf("%s, %s level", c.Deployment, c.Scope); g != group {
			fmt.Fprintf(w, "\n%s\n", g)
			group, note = g, ""
		}
		rule := ""
		switch {
		case c.Answer == availability.Refused:
			rule = "by " + c.Requirement
		case len(c.Conditions) > 0:
			rule = "if " + strings.Join(c.Conditions, ", ")
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %-14s %-12s %s", c.Provider, c.Answer, rule), " "))
		if c.Note != "" && c.Note != note {
			fmt.Fprintln(w, indent(c.Note, 4))
		}
		note = c.Note
	}
}
