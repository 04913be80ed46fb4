package reports

import (
	"fmt"
	"io"
	"strings"
)

// mostAnnotations is what GitHub shows of one kind and step; what is more is said in one line.
const mostAnnotations = 10

// WriteGitHub writes GitHub's workflow commands for a result: an error for each requirement that is broken or undecided, a
// warning for a broken recommendation, a notice for each waiver that holds and an
// error for one that doesn't, and always the verdict. Text from outside is
// escaped as GitHub's own toolkit does it, so that it stays inside its command.
func WriteGitHub(w io.Writer, r *Result) error {
	var b strings.Builder
	command := func(kind, title, text string) {
		fmt.Fprintf(&b, "::%s title=%s::%s\n", kind, property(title), data(text))
	}
	kind := "error"
	if r.Verdict == Certified {
		kind = "notice"
	}
	command(kind, "Bucketproof: "+string(r.Verdict), strings.Join(append([]string{r.Subject.Address}, r.Why...), "\n"))
	stands, errs, warnings := r.standings(), 0, 0
	for _, q := range byImportance(r) { // of the many, those that GitHub shows are the ones to begin with
		s := stands(q)
		text := message(r, q, s)
		if !blank(q.Remedy) {
			text += "\n" + firstLine(q.Remedy)
		}
		switch s {
		case standsBroken, standsUndecided:
			if errs++; errs < mostAnnotations { // the verdict is one of them
				command("error", q.ID+" "+q.Title, text)
			}
		case standsWarned:
			if warnings++; warnings <= mostAnnotations {
				command("warning", q.ID+" "+q.Title, text)
			}
		}
	}
	for _, x := range r.Waivers {
		if x.State == Holds {
			command("notice", x.ID+" is waived", x.words())
		} else {
			command("error", x.ID+": a waiver that doesn't hold", x.words())
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing annotations: %w", err)
	}
	return nil
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
