package reports

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The words Safety.CleanUp begins with when nothing of the run is left.
const (
	Complete       = "complete"
	NothingWritten = "nothing written"
)

// UnchangedAsRead is the word of Safety.ConfigurationUnchanged where some documents could not be read: nobody can say of
// those that they are as they were. Safety.ConfigurationUnread names them.
const UnchangedAsRead = "yes, as far as it could be read"

// plural puts a count before the right form of its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// some names the first few of a list and counts the rest.
func some(ids []string) string {
	const few = 5
	if len(ids) <= few+1 { // "and 1 more" is longer than the one
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:few], ", "), len(ids)-few)
}

// ownReason is a requirement's reason, "" where it only says again what expected and actual say, or one of them does.
func ownReason(q Requirement) string {
	reason := inline(q.Reason)
	for _, said := range []string{q.Expected + ", but " + q.Actual, q.Actual, q.Expected} {
		if reason == inline(said) {
			return ""
		}
	}
	return q.Reason
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// inline makes text of any origin safe on one line of a terminal: white space is folded, and what could move the
// cursor, change colours or turn the direction of writing becomes U+FFFD.
func inline(s string) string { return strings.Join(strings.Fields(visible(s)), " ") }

// Inline makes text of any origin safe on one line of a terminal.
func Inline(s string) string { return inline(s) }

// visible replaces every control character but line feed and tab, every character that turns the direction of writing,
// and what is not UTF-8. CR LF becomes line feed.
func visible(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), r == utf8.RuneError,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
			return utf8.RuneError
		}
		return r
	}, s)
}

// size says a number of bytes in binary units.
func size(n int64) string {
	units := []string{"KiB", "MiB", "GiB", "TiB"}
	if n < 1024 {
		return plural(int(n), "byte", "bytes")
	}
	f, unit := float64(n), ""
	for _, u := range units {
		if f < 1024 {
			break
		}
		f, unit = f/1024, u
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}

// took says a time span as briefly as it is useful.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "unknown"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// clock says a moment, always in UTC.
func clock(t time.Time) string {
	if t.IsZero() {
		return "not recorded"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
