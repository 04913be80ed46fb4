package policy

import "strings"

// covers reports whether a pattern with * and ? stands for every word that the target stands for. The target may be a
// pattern too: its * is then taken for a letter that only a * of the pattern covers, which is sound, and exact as long
// as no pattern spells out a whole alphabet.
func covers(pattern, target string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(target) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == target[j] || pattern[i] == '?' && target[j] != '*'):
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

func literal(s string) bool { return !strings.ContainsAny(s, "*?") }

// overlaps reports whether some word matches both patterns.
func overlaps(a, b string) bool {
	switch {
	case literal(b):
		return covers(a, b)
	case literal(a):
		return covers(b, a)
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
