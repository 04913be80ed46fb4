package reports

import (
	"fmt"
	"io"
	"strings"
)

// section is one list of a comparison, with its heading.
type section struct {
	title, colour string
	changes       []Change
}

// sections are the lists of a comparison, gravest first.
func (c *Comparison) sections() []section {
	return []section{
		{"Newly failing", red, c.NewlyFailing}, {"Newly errored", yellow, c.NewlyErrored}, {"No longer run", yellow, c.NoLongerRun},
		{"Failing for another reason", yellow, c.ChangedMessage}, {"Changed outcome", bold, c.ChangedOutcome}, {"Newly passing", green, c.NewlyPassing},
	}
}

// lead is the comparison in a sentence.
func (c *Comparison) lead() string {
	var parts []string
	for _, s := range c.sections() {
		if len(s.changes) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", len(s.changes), strings.ToLower(s.title)))
		}
	}
	if len(c.NoLongerMust) > 0 {
		parts = append(parts, fmt.Sprintf("%d no longer of level MUST", len(c.NoLongerMust)))
	}
	if len(c.WorseVerdict) > 0 {
		parts = append(parts, fmt.Sprintf("the verdict was %s and is %s", c.Old.Verdict, c.New.Verdict))
	}
	if n := len(c.slower()); n > 0 {
		parts = append(parts, fmt.Sprintf("%d slower beyond noise", n))
	}
	parts = append(parts, fmt.Sprintf("%d unchanged", c.Unchanged))
	return strings.Join(parts, ", ")
}

// outcomes says both sides of a change.
func (x Change) outcomes() string {
	word := func(o Outcome) string {
		if o == "" {
			return "not there"
		}
		return string(o)
	}
	if x.OldOutcome == x.NewOutcome {
		return word(x.NewOutcome)
	}
	return word(x.OldOutcome) + ", now " + word(x.NewOutcome)
}

// WriteText writes a comparison for a terminal.
func (c *Comparison) WriteText(w io.Writer, o TextOptions) error {
	if o.Width == 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, 40)
	p := &printer{o: o}
	p.wrapped("", "", inline(c.New.Subject+", profile "+c.New.Profile))
	for _, s := range []struct {
		name string
		side Side
	}{{"old", c.Old}, {"new", c.New}} {
		p.wrapped(s.name+"  ", "     ", inline(fmt.Sprintf("%s, edition %s, %s, run %s", strings.ToUpper(string(s.side.Verdict)), s.side.Edition, clock(s.side.Finished), s.side.Run)))
	}
	p.line("")
	p.wrapped("", "", c.lead())
	for _, d := range c.Differs {
		p.wrapped("- ", "  ", "differs: "+inline(d))
	}
	if len(c.NoLongerMust) > 0 {
		p.wrapped("- ", "  ", "no longer of level MUST: "+inline(some(c.NoLongerMust)))
	}
	for _, why := range c.WorseVerdict {
		p.wrapped("- ", "  ", "worse verdict: "+inline(why))
	}
	for _, s := range c.sections() {
		if len(s.changes) == 0 {
			continue
		}
		p.line("")
		p.line(p.paint(s.colour, strings.ToUpper(s.title)))
		for _, x := range s.changes {
			p.title(Requirement{ID: x.ID, Level: x.Level, Title: x.Title})
			p.field("outcome", x.outcomes())
			if x.OldReason != x.NewReason {
				p.field("was", x.OldReason)
			}
			p.field("is", x.NewReason)
		}
	}
	p.line("")
	if slow := c.slower(); len(slow) > 0 {
		p.line(p.paint(yellow, "SLOWER BEYOND NOISE"))
		for _, s := range slow {
			p.title(Requirement{ID: s.Name, Title: s.Title})
			p.field("time", s.words())
		}
	}
	for _, s := range c.speedWords() {
		p.wrapped("- ", "  ", s)
	}
	if _, err := io.WriteString(w, p.b.String()); err != nil {
		return fmt.Errorf("writing a comparison: %w", err)
	}
	return nil
}

// WriteMarkdown writes a comparison for a CI's job page or a pull request. Text from outside can't become markup.
func (c *Comparison) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## Bucketproof: what changed\n\n%s, profile %s\n\n", code(c.New.Subject), code(c.New.Profile))
	fmt.Fprintf(&b, "| | Verdict | Edition | Run | Finished |\n| --- | --- | --- | --- | --- |\n")
	for _, s := range []struct {
		name string
		side Side
	}{{"old", c.Old}, {"new", c.New}} {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", s.name, plain(string(s.side.Verdict)), plain(s.side.Edition), plain(s.side.Run), plain(clock(s.side.Finished)))
	}
	fmt.Fprintf(&b, "\n%s.\n", c.lead())
	if len(c.Differs)+len(c.NoLongerMust)+len(c.WorseVerdict) > 0 {
		b.WriteString("\n")
	}
	for _, d := range c.Differs {
		fmt.Fprintf(&b, "- Differs: %s\n", plain(d))
	}
	if len(c.NoLongerMust) > 0 {
		fmt.Fprintf(&b, "- No longer of level MUST: %s\n", plain(some(c.NoLongerMust)))
	}
	for _, why := range c.WorseVerdict {
		fmt.Fprintf(&b, "- Worse verdict: %s\n", plain(why))
	}
	for _, s := range c.sections() {
		var rows [][]string
		for _, x := range s.changes {
			rows = append(rows, []string{plain(x.ID), plain(x.Level), plain(x.Title), plain(x.outcomes()), plain(x.OldReason), plain(x.NewReason)})
		}
		table(&b, s.title, []string{"Requirement", "Level", "", "Outcome", "Before", "Now"}, rows, len(rows))
	}
	var slower [][]string
	for _, s := range c.slower() {
		slower = append(slower, []string{plain(s.Name), plain(s.Title), plain(s.words())})
	}
	table(&b, "Slower beyond noise", []string{"Requirement", "", "Time"}, slower, len(slower))
	b.WriteString("\n")
	for _, s := range c.speedWords() {
		fmt.Fprintf(&b, "- Speed: %s\n", plain(s))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing a comparison: %w", err)
	}
	return nil
}
