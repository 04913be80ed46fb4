package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// TextOptions say how the summary is set.
type TextOptions struct {
	Width int  // columns; 80 if zero, at least 40
	Color bool // ANSI colours, for a terminal that has them
}

// The most lines of one expected or actual; the report has all of it.
const mostLines = 8

// WriteText writes what a person at a terminal needs: the verdict and why, the counts, each broken and undecided
// requirement with expected and actual under each other and its remedy, the warnings, and what the run can't say. Text
// from outside can't move the cursor or colour anything.
func WriteText(w io.Writer, r *Result, o TextOptions) error {
	if o.Width == 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, 40)
	p := &printer{o: o}
	r = r.evidenced()
	p.head(r)
	p.block("FAILED", red, pick(r, "failed"))
	p.errored(r)
	p.block("UNKNOWN OUTCOME", yellow, pick(r, "unknown outcome"))
	p.warnings(pick(r, "warning"))
	p.waivers(r)
	p.throughput(r.Throughput)
	p.open(r)
	p.safety(r.Safety)
	if c := onlyEmulated(r.Subject.Store); c != "" {
		p.line("")
		p.wrapped("", "", c)
	}
	if _, err := io.WriteString(w, p.b.String()); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

func pick(r *Result, word string) []Requirement {
	var qs []Requirement
	for _, q := range r.Requirements {
		if shown(q) == word {
			qs = append(qs, q)
		}
	}
	return qs
}

const (
	bold   = "1"
	faint  = "2"
	red    = "1;31"
	green  = "1;32"
	yellow = "1;33"
)

// printer collects the summary's lines.
type printer struct {
	o TextOptions
	b strings.Builder
}

func (p *printer) paint(code, s string) string {
	if !p.o.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *printer) line(s string) { p.b.WriteString(strings.TrimRight(s, " ") + "\n") }

// wrapped writes a first line after one prefix and the rest after another of the same width.
func (p *printer) wrapped(first, rest, s string) {
	for i, l := range wrap(s, p.o.Width-text.StringWidthWithoutEscSequences(rest)) {
		if i == 0 {
			p.line(first + l)
		} else {
			p.line(rest + l)
		}
	}
}

func (p *printer) head(r *Result) {
	v := viewOf(r.Verdict)
	colour := map[string]string{"passed": green, "failed": red}[v.State]
	if colour == "" {
		colour = yellow
	}
	var about []string
	for _, s := range []string{inline(r.Profile), "edition " + inline(r.Edition)} {
		if s != "" && s != "edition " {
			about = append(about, s)
		}
	}
	p.line(p.paint(colour, strings.ToUpper(v.Word)) + "  " + strings.Join(about, ", "))
	p.wrapped("", "", inline(r.Subject.Address))
	if s := storeLine(r.Subject.Store); s != "" {
		p.wrapped("store     ", "          ", inline(s))
	}
	if s := inline(r.Subject.Identity); s != "" {
		p.wrapped("acted as  ", "          ", s)
	}
	for _, n := range r.Subject.Store.Notes {
		p.wrapped("note      ", "          ", inline(n))
	}
	p.line("")
	for _, why := range r.Why {
		p.wrapped("- ", "  ", inline(why))
	}
	p.line("")
	p.counts(tallies(r))
}

// counts writes the counts, none of them broken over two lines.
func (p *printer) counts(ts []tally) {
	line := ""
	for i, t := range ts {
		item := fmt.Sprintf("%d %s", t.Count, t.Word)
		if i < len(ts)-1 {
			item += ","
		}
		if line != "" && len(line)+1+len(item) > p.o.Width {
			p.line(line)
			line = ""
		}
		line = strings.TrimLeft(line+" "+item, " ")
	}
	p.line(line)
}

// block writes requirements in full, under a heading.
func (p *printer) block(heading, colour string, qs []Requirement) {
	if len(qs) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(colour, heading))
	for i, q := range qs {
		if i > 0 {
			p.line("")
		}
		p.title(q)
		if inline(q.Text) != inline(q.Expected) {
			p.field("rule", q.Text)
		}
		p.field("expected", q.Expected)
		p.field("actual", q.Actual)
		p.field("reason", ownReason(q))
		p.remedy(q.Remedy)
	}
}

func (p *printer) title(q Requirement) {
	id := "  " + inline(q.ID) + "  " + inline(q.Level) + "  "
	p.wrapped("  "+p.paint(bold, inline(q.ID))+"  "+inline(q.Level)+"  ", strings.Repeat(" ", text.StringWidthWithoutEscSequences(id)), inline(q.Title))
}

// field writes a named text whose lines stand under each other, cut short if it is long.
func (p *printer) field(name, s string) {
	if blank(s) {
		return
	}
	const indent = "              "
	lines := wrap(s, p.o.Width-len(indent))
	if len(lines) > mostLines {
		more := len(lines) - mostLines + 1
		lines = append(lines[:mostLines-1], fmt.Sprintf("(%d more lines, in the report)", more))
	}
	for i, l := range lines {
		if i == 0 {
			p.line("    " + p.paint(faint, fmt.Sprintf("%-10s", name)) + l)
		} else {
			p.line(indent + l)
		}
	}
}

// remedy writes the remedy whole, with its own line breaks and indents: it is there to be copied.
func (p *printer) remedy(s string) {
	if blank(s) {
		return
	}
	for i, l := range RemedyLines(s, p.o.Width-14) {
		if i == 0 {
			p.line("    " + p.paint(faint, "remedy    ") + l)
		} else {
			p.line("              " + l)
		}
	}
}

// errored writes what could not be decided; what shares a cause is written once.
func (p *printer) errored(r *Result) {
	groups := byReason(r, func(q Requirement) bool { return q.Outcome == Errored })
	if len(groups) == 0 {
		return
	}
	var singles []Requirement
	var together []reasonGroup
	for _, g := range groups {
		if len(g.Requirements) > 1 && g.Reason != "" {
			together = append(together, g)
		} else {
			singles = append(singles, g.Requirements...)
		}
	}
	p.block("ERRORED", yellow, singles)
	if len(together) > 0 {
		p.line("")
		p.line(p.paint(yellow, "ERRORED, SEVERAL BY ONE CAUSE"))
		p.groups(together)
	}
}

func (p *printer) warnings(qs []Requirement) {
	if len(qs) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(yellow, "WARNINGS") + " (SHOULD; they decide nothing)")
	for _, q := range qs {
		p.title(q)
		for _, s := range []string{ownReason(q), q.Actual, q.Expected} {
			if !blank(s) {
				p.wrapped("    ", "    ", inline(s))
				break
			}
		}
	}
}

// waivers writes every waiver, whatever became of it.
func (p *printer) waivers(r *Result) {
	if len(r.Waivers) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(yellow, "WAIVERS"))
	for _, w := range r.Waivers {
		p.line("  " + p.paint(bold, inline(w.ID)))
		p.wrapped("    ", "    ", inline(w.words()))
		for _, q := range r.Requirements {
			if q.ID == w.ID && q.Outcome == Waived {
				p.field("waived", q.Reason)
			}
		}
	}
}

func (p *printer) open(r *Result) {
	groups, missing := byReason(r, open), lacking(r)
	if len(groups) == 0 && len(missing) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(bold, "WHAT THIS RUN CAN'T SAY"))
	p.groups(groups)
	if len(missing) > 0 {
		ids := make([]string, len(missing))
		for i, q := range missing {
			ids[i] = q.ID
		}
		p.wrapped("  ", "    ", inline(fmt.Sprintf("%d missing: required, and the run says nothing about %s", len(ids), some(ids))))
	}
}

func (p *printer) groups(groups []reasonGroup) {
	for _, g := range groups {
		ids := make([]string, len(g.Requirements))
		for i, q := range g.Requirements {
			ids[i] = q.ID
		}
		reason := g.Reason
		if reason == "" {
			reason = "no reason is given"
		}
		p.wrapped("  ", "    ", inline(fmt.Sprintf("%d %s: %s", len(ids), g.Word, reason)))
		p.wrapped("    ", "    ", inline(some(ids)))
		if g.Word == string(Errored) {
			p.remedy(g.remedy())
		}
	}
}

// safety says what the run did to the bucket, unless nothing was written and nothing is wrong.
func (p *printer) safety(s Safety) {
	lead, state := safetyLead(s)
	if state == "passed" && s.ObjectsWritten == 0 && len(s.Kept) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(bold, "SAFETY"))
	p.wrapped("  ", "  ", lead)
	if state == "errored" && !blank(s.Prefix) {
		p.wrapped("  ", "    ", inline("it lies below "+s.Prefix))
		p.line("    echo \"$ADDRESS\" | bucketproof sweep -")
	}
	p.wrapped("  ", "    ", inline(written(s)))
	p.wrapped("  ", "    ", inline("configuration unchanged: "+unchanged(s)))
	for _, k := range s.Kept {
		word := "kept, as announced: "
		if !k.Announced {
			word = "kept, NOT announced: "
		}
		p.wrapped("  ", "    ", inline(word+k.Key+" ("+k.Why+")"))
	}
}

// wrap breaks text into lines of at most width columns, at spaces. Line breaks and indents of the text stay; a word
// that is longer than a line stays whole, so that it can be copied.
func wrap(s string, width int) []string {
	var lines []string
	for _, l := range strings.Split(strings.TrimRight(visible(strings.ReplaceAll(s, "\t", "    ")), "\n "), "\n") {
		indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
		if len(indent) > width/2 {
			indent = ""
		}
		if text.StringWidthWithoutEscSequences(l) <= width {
			lines = append(lines, l)
			continue
		}
		line := indent
		for _, word := range strings.Fields(l) {
			switch {
			case line == indent:
				line += word
			case text.StringWidthWithoutEscSequences(line)+1+text.StringWidthWithoutEscSequences(word) > width:
				lines = append(lines, line)
				line = indent + word
			default:
				line += " " + word
			}
		}
		lines = append(lines, line)
	}
	return lines
}
