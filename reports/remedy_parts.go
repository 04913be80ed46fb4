package reports

import (
	"regexp"
	"strings"
)

// remedyPart is some lines of a remedy: words for a person, or what is there to be copied as it stands.
type remedyPart struct {
	Code bool
	Text string
}

// program is how a line begins that a shell runs, set in or not; document how the lines of a document begin.
var (
	program  = regexp.MustCompile(`^(?:aws|az|gcloud|gsutil|mc|curl|openssl|dig|bucketproof|jq|terraform|kubectl|[A-Z][A-Z0-9_]{3,}=\S) ?`)
	document = regexp.MustCompile(`^[\[\]{}]`)
)

// remedyParts tells the words of a remedy from its commands and documents, which are set in, or begin with a program's name
// or a bracket. What is inside quotation marks goes on with its command.
func remedyParts(remedy string) (parts []remedyPart) {
	open := false // inside the quotation marks of a command
	for _, line := range strings.Split(strings.Trim(visible(strings.ReplaceAll(remedy, "\t", "    ")), "\n "), "\n") {
		if blank(line) && !open {
			continue
		}
		code := open || strings.HasPrefix(line, "  ") || program.MatchString(line) || document.MatchString(line)
		if code {
			open = open != (strings.Count(line, "'")%2 == 1)
		}
		if n := len(parts); n > 0 && parts[n-1].Code == code {
			parts[n-1].Text += "\n" + line
		} else {
			parts = append(parts, remedyPart{code, line})
		}
	}
	for i, p := range parts {
		if p.Code {
			parts[i].Text = dedent(p.Text)
		}
	}
	return parts
}

// dedent takes away what all lines are set in by.
func dedent(s string) string {
	lines, least := strings.Split(s, "\n"), -1
	for _, l := range lines {
		if n := len(l) - len(strings.TrimLeft(l, " ")); !blank(l) && (least < 0 || n < least) {
			least = n
		}
	}
	for i, l := range lines {
		lines[i] = l[min(max(least, 0), len(l)):]
	}
	return strings.Join(lines, "\n")
}

// span is a piece of a sentence, set as code or not.
type span struct {
	Code bool
	Text string
}

// spans splits a sentence at its backquotes; one that is left open is a character like any other.
func spans(s string) (out []span) {
	for {
		before, rest, begun := strings.Cut(s, "`")
		inside, after, ended := strings.Cut(rest, "`")
		if !begun || !ended || inside == "" {
			if s != "" {
				out = append(out, span{Text: s})
			}
			return out
		}
		if before != "" {
			out = append(out, span{Text: before})
		}
		out, s = append(out, span{true, inside}), after
	}
}

// mention is a piece of a sentence: words, or the ID of a requirement, which Here says whether the result has.
type mention struct {
	Text     string
	ID, Here bool
}

var idForm = regexp.MustCompile(`[A-Z]+(?:-[A-Z]+)+-[0-9]+`)

// mentions splits the sentences that explain a verdict, so that the requirements they name can be followed.
func mentions(r *Result) (out [][]mention) {
	here := map[string]bool{}
	for _, q := range r.Requirements {
		here[q.ID] = true
	}
	for _, why := range r.Why {
		var line []mention
		at := 0
		for _, m := range idForm.FindAllStringIndex(why, -1) {
			line = append(line, mention{Text: why[at:m[0]]}, mention{Text: why[m[0]:m[1]], ID: true, Here: here[why[m[0]:m[1]]]})
			at = m[1]
		}
		out = append(out, append(line, mention{Text: why[at:]}))
	}
	return out
}
