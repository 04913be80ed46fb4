package reports

import (
	"fmt"
	"io"
	"strings"
)

const (
	// mostAnnotations is what GitHub shows of one kind and step. Where there are more, the last one counts and names the rest.
	mostAnnotations = 10
	// mostRest is how many of the rest are named.
	mostRest = 50
	// longestAnnotation is how much of a text an annotation carries, in characters. The reports have all of it.
	longestAnnotation = 2000
)

// WriteGitHub writes GitHub's workflow commands for the results of one step: an error for each requirement that is broken or
// undecided and each waiver that doesn't hold, a warning for a broken recommendation, a notice for each waiver that holds, and
// before them the verdict of each result, which is an error unless that is certified. Of what GitHub would not show the IDs are
// said. Text from outside is escaped as GitHub's own toolkit does it, so that it stays inside its command.
func WriteGitHub(w io.Writer, rs ...*Result) error {
	var a annotations
	if len(rs) == 0 {
		rs = []*Result{nil}
	}
	shown := make([]*Result, len(rs))
	for i, r := range rs {
		r = r.evidenced()
		shown[i] = r
		kind := &a.errors
		if r.Verdict == Certified {
			kind = &a.notices
		}
		about := "edition " + inline(r.Edition)
		if r.Catalogue != "" {
			about += ", catalogue " + inline(r.Catalogue)
		}
		a.add(kind, "the verdict on "+inline(r.Subject.Address), "Bucketproof: "+string(r.Verdict), strings.Join(append([]string{r.Subject.Address, about}, r.Why...), "\n"))
	}
	for _, r := range shown {
		a.lines(r)
	}
	var b strings.Builder
	for _, k := range []struct {
		kind string
		of   []annotation
	}{{"error", a.errors}, {"warning", a.warnings}, {"notice", a.notices}} {
		for _, x := range shortened(k.of) {
			fmt.Fprintf(&b, "::%s title=%s::%s\n", k.kind, property(cut(x.title, longestAnnotation)), data(cut(x.text, longestAnnotation)))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing annotations: %w", err)
	}
	return nil
}

// annotation is one line on a job's page; of is what it is about, for a list of those that find no room.
type annotation struct{ of, title, text string }

// annotations are kept by kind, since GitHub counts them so.
type annotations struct{ errors, warnings, notices []annotation }

func (a *annotations) add(kind *[]annotation, of, title, text string) {
	*kind = append(*kind, annotation{of, title, text})
}

// lines adds what a result says of its requirements, the most important first: GitHub shows those to begin with.
func (a *annotations) lines(r *Result) {
	stands := r.standings()
	for _, q := range byImportance(r) {
		s := stands(q)
		text := message(r, q, s)
		if !blank(q.Remedy) {
			text += "\n" + firstLine(q.Remedy)
		}
		switch s {
		case standsBroken, standsUndecided:
			a.add(&a.errors, q.ID, q.ID+" "+q.Title, text)
		case standsWarned:
			a.add(&a.warnings, q.ID, q.ID+" "+q.Title, text)
		}
	}
	for _, q := range lacking(r) {
		kind := &a.errors
		if q.Level == Should {
			kind = &a.warnings
		}
		a.add(kind, q.ID, q.ID, missingLine)
	}
	for _, x := range r.Waivers {
		if x.State == Holds {
			a.add(&a.notices, x.ID, x.ID+" is waived", x.words())
		} else {
			a.add(&a.errors, x.ID, x.ID+": a waiver that doesn't hold", x.words())
		}
	}
}

// shortened makes one annotation of all that GitHub would not show.
func shortened(all []annotation) []annotation {
	if len(all) <= mostAnnotations {
		return all
	}
	rest := all[mostAnnotations-1:]
	var ids []string
	for _, x := range rest[:min(len(rest), mostRest)] {
		ids = append(ids, x.of)
	}
	text := strings.Join(ids, ", ")
	if more := len(rest) - len(ids); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return append(all[:mostAnnotations-1:mostAnnotations-1], annotation{title: fmt.Sprintf("%d more", len(rest)), text: text + "\nThe report has them all."})
}

// cut is text with at most so many characters; what is left out is marked.
func cut(s string, most int) string {
	if len(s) <= most { // bytes: never fewer than characters
		return s
	}
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + " (...)"
		}
		n++
	}
	return s
}

// data escapes a command's text, and property one of its properties (actions/toolkit, command.ts).
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(visible(s))
}

func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(visible(s))
}

// GitHubText passes text on to a log that GitHub reads for commands, and takes the force from what would be one: a
// server's answer must not be able to give orders to the job.
type GitHubText struct{ W io.Writer }

// Write passes whole lines; what is written must end in one.
func (g GitHubText) Write(p []byte) (int, error) {
	lines := strings.SplitAfter(string(p), "\n")
	for i, l := range lines {
		trimmed := strings.TrimLeft(l, " \t\r\v\f\u00a0\u0085\u2028\u2029\ufeff")
		if strings.HasPrefix(trimmed, "::") || strings.Contains(trimmed, "##[") {
			lines[i] = "| " + strings.ReplaceAll(l, "##[", "## [")
		}
	}
	if _, err := io.WriteString(g.W, strings.Join(lines, "")); err != nil {
		return 0, err
	}
	return len(p), nil
}
