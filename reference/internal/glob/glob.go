// Package glob matches words by patterns with wildcards, as the clouds' documents have them: * stands for any letters, none
// included, and ? for exactly one, where the document's language has it. Letters are bytes and compared as they are: whoever
// compares without regard to case lowers both sides first.
package glob

import "strings"

// Match reports whether a pattern with any number of * stands for a word. Other characters, ? among them, are themselves:
// the patterns of CORS rules and messages.
func Match(pattern, word string) bool { return match(pattern, word, false) }

// Covers reports whether a pattern with * and ? stands for every word that the target stands for. The target may be a
// pattern too: its * is then taken for a letter that only a * of the pattern covers, which is sound, and exact as long
// as no pattern spells out a whole alphabet.
func Covers(pattern, target string) bool { return match(pattern, target, true) }

// match is both: with single, ? in the pattern is one letter, but for a * of the target.
func match(pattern, word string, single bool) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(word) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == word[j] || single && pattern[i] == '?' && word[j] != '*'):
			i++
			j++
		case star >= 0:
			i, mark = star+1, mark+1
			j = mark
		default:
			return false
		}
	}
	for i < len(pattern) && pattern[i] == '*' {
		i++
	}
	return i == len(pattern)
}

// Literal reports whether a pattern stands for itself alone.
func Literal(s string) bool { return !strings.ContainsAny(s, "*?") }

// Overlaps reports whether some word matches both patterns.
func Overlaps(a, b string) bool {
	switch {
	case Literal(b):
		return Covers(a, b)
	case Literal(a):
		return Covers(b, a)
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] && a[0] != '*' {
		a, b = a[1:], b[1:]
	}
	if len(a) > 0 && len(b) > 0 && plain(a[0]) && plain(b[0]) {
		return false
	}
	// row[j] says whether a[:i] and b[:j] have a word in common.
	row := make([]bool, len(b)+1)
	row[0] = true
	for j := range len(b) {
		row[j+1] = row[j] && b[j] == '*'
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = row[0] && a[i] == '*'
		for j := range len(b) {
			above := row[j+1]
			switch {
			case a[i] == '*':
				row[j+1] = above || row[j]
			case b[j] == '*':
				row[j+1] = row[j] || above
			default:
				row[j+1] = diagonal && (a[i] == b[j] || a[i] == '?' || b[j] == '?')
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func plain(c byte) bool { return c != '*' && c != '?' }
