package glob_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/internal/glob"
)

func TestPatternsOfTwoLanguages(t *testing.T) {
	for _, c := range []struct {
		pattern, word string
		match, covers bool
	}{
		{"*", "", true, true},
		{"", "a", false, false},
		{"https://*.example.com", "https://a.example.com", true, true},
		{"https://*.example.com", "https://example.com", false, false},
		{"s3:Get*ion*", "s3:GetEncryptionConfiguration", true, true},
		{"a**b", "ab", true, true},
		{"a?c", "abc", false, true}, // ? is a letter like others where the language has none such
		{"a?c", "a?c", true, true},
		{"a?c", "a*c", false, false}, // a * of the target stands for more than one letter
		{"a*", "ab*", true, true},
		{"ab", "AB", false, false},
		{"*a*b", "xaxbxab", true, true},
	} {
		if got := glob.Match(c.pattern, c.word); got != c.match {
			t.Errorf("Match(%q, %q): got %t, want %t", c.pattern, c.word, got, c.match)
		}
		if got := glob.Covers(c.pattern, c.word); got != c.covers {
			t.Errorf("Covers(%q, %q): got %t, want %t", c.pattern, c.word, got, c.covers)
		}
	}
}

func TestPatternsThatHaveAWordInCommon(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"s3:*", "*Object", true}, {"s3:Get*", "s3:Put*", false}, {"a?", "?b", true}, {"a?", "b?", false}, {"ab", "a*", true}, {"*", "", true}, {"a*c", "ab", false},
	} {
		if glob.Overlaps(c.a, c.b) != c.want || glob.Overlaps(c.b, c.a) != c.want {
			t.Errorf("Overlaps(%q, %q): got %t and %t, want %t", c.a, c.b, glob.Overlaps(c.a, c.b), glob.Overlaps(c.b, c.a), c.want)
		}
	}
}

// expression is a pattern as a regular expression: the other opinion.
func expression(pattern string, single bool) *regexp.Regexp {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
	if single {
		quoted = strings.ReplaceAll(quoted, `\?`, `.`)
	}
	return regexp.MustCompile(`(?s)^` + quoted + `$`)
}

func FuzzWordsAsRegularExpressionsSee(f *testing.F) {
	for _, s := range [][2]string{{"a*b?c", "axxbyc"}, {"*", ""}, {"**", "x"}, {"?", "\n"}, {"a*a*a", "aaaa"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, word string) {
		if len(pattern) > 40 || strings.ContainsFunc(pattern+word, func(r rune) bool { return r >= 0x80 }) {
			return
		}
		if got, want := glob.Match(pattern, word), expression(pattern, false).MatchString(word); got != want {
			t.Errorf("Match(%q, %q): got %t, want %t", pattern, word, got, want)
		}
		if strings.Contains(word, "*") {
			return // then the word is a pattern, too
		}
		if got, want := glob.Covers(pattern, word), expression(pattern, true).MatchString(word); got != want {
			t.Errorf("Covers(%q, %q): got %t, want %t", pattern, word, got, want)
		}
	})
}
