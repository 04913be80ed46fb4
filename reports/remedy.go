package reports

import (
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// command is how a line of a remedy begins that is given to a shell: set in, by a program's name; or by one that a remedy
// names without setting it in.
var command = regexp.MustCompile(`^(?: +[a-z][a-z0-9_.-]* |(?:aws|az|gcloud|mc|curl|openssl|dig) )`)

// RemedyLines sets a remedy into lines of at most width columns. Its own line breaks and indents stay. A shell command is
// continued by a backslash, and never broken inside quotation marks: it is there to be copied. A word that is longer than
// a line stays whole.
func RemedyLines(s string, width int) []string {
	var lines []string
	for _, l := range strings.Split(strings.TrimRight(visible(strings.ReplaceAll(s, "\t", "    ")), "\n "), "\n") {
		switch {
		case text.StringWidthWithoutEscSequences(l) <= width:
			lines = append(lines, l)
		case command.MatchString(l):
			lines = append(lines, continued(l, width)...)
		default:
			lines = append(lines, wrap(l, width)...)
		}
	}
	return lines
}

// continued breaks a command where a shell would see a space between two words. One whose last word goes on in the next line
// of the remedy, inside quotation marks, can be broken before it as well.
func continued(l string, width int) []string {
	indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
	var words []string
	for _, word := range shellWords(l) {
		n := len(words) - 1
		if n > 0 && option(words[n]) && !strings.HasPrefix(word, "-") && len(indent)+len(words[n])+len(word)+len("   \\") < width {
			words[n] += " " + word // an option and its value
		} else {
			words = append(words, word)
		}
	}
	var lines []string
	line, empty := indent, true
	for _, word := range words {
		if !empty && text.StringWidthWithoutEscSequences(line)+1+text.StringWidthWithoutEscSequences(word)+2 > width {
			lines = append(lines, line+` \`)
			line, empty = indent+"  ", true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return append(lines, line)
}

// option reports whether a word is an option that may have a value after it.
func option(word string) bool {
	return strings.HasPrefix(word, "--") && !strings.ContainsAny(word, "= ")
}

// shellWords splits at spaces outside of quotation marks.
func shellWords(l string) []string {
	var words []string
	var word strings.Builder
	var inside rune
	for _, r := range l {
		switch {
		case inside == 0 && r == ' ':
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		case inside == 0 && (r == '\'' || r == '"'):
			inside = r
		case r == inside:
			inside = 0
		}
		word.WriteRune(r)
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}
