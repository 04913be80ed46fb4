package availability

import (
	"slices"
	"strings"
)

// Page is an edition's matrix as its page prints it: its own column heads, names of deployments and marks ("X", "✓",
// "Not Applicable", or nothing), with the additional information in our words.
type Page struct {
	Edition   string     `json:"edition"`
	Document  string     `json:"document"`
	Section   string     `json:"section"`
	Columns   []string   `json:"columns"`
	Rows      []Row      `json:"rows"`
	Footnotes []Footnote `json:"footnotes,omitempty"`
	Notes     []Footnote `json:"notes,omitempty"` // Mark is the requirement that a note of the page has become
}

// Row is one deployment.
type Row struct {
	Deployment  Deployment `json:"deployment"`
	Name        string     `json:"name"`
	Instance    string     `json:"instance"`
	Team        string     `json:"team"`
	Information string     `json:"information"`
}

// Footnote is a text below the table.
type Footnote struct {
	Mark string `json:"mark"`
	Text string `json:"text"`
}

// Table returns the table of an edition, its rows in the page's order. "" is DefaultEdition; an unknown edition is an
// error that wraps ErrUnknown.
func Table(edition string) (*Page, error) {
	p, err := find(edition)
	if err != nil {
		return nil, err
	}
	t := &Page{Edition: p.ID, Document: p.Document, Section: p.Section, Columns: slices.Clone(p.Columns)}
	for _, r := range p.Rows {
		t.Rows = append(t.Rows, Row{Deployment: r.Deployment, Name: r.Name, Instance: r.Instance.mark(), Team: r.Team.mark(), Information: r.Information})
	}
	for mark, text := range p.Footnotes {
		t.Footnotes = append(t.Footnotes, Footnote{Mark: superscript(mark), Text: text})
	}
	slices.SortFunc(t.Footnotes, func(a, b Footnote) int { return strings.Compare(a.Mark, b.Mark) })
	for _, n := range p.Notes {
		t.Notes = append(t.Notes, Footnote{Mark: n.Rule, Text: n.Text})
	}
	return t, nil
}

// Markdown prints the table in the form the pages have it in, one row a line, without footnotes and notes.
func (t *Page) Markdown() string {
	var b strings.Builder
	line := func(cells ...string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(t.Columns...)
	line("---", "---", "---", "---")
	for _, r := range t.Rows {
		line(r.Name, r.Instance, r.Team, r.Information)
	}
	return b.String()
}

func (s scope) mark() string { return s.Mark + superscript(s.Footnote) }

// superscript prints the number of a footnote.
func superscript(digits string) string {
	return strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(digits)
}
