package reports

import (
	"strconv"
	"strings"
)

// ShellWord writes a text as one word of a POSIX shell's command line. What could move a terminal's cursor, or end the line
// when it is pasted, is replaced as in all that is shown.
func ShellWord(s string) string {
	s = oneLine(s)
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=@,+%"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// reproduce is the command that checks one requirement alone, with what it stands on, as the run did; "" where the run doesn't
// say how it was made.
func (r *Result) reproduce(id string) string {
	if blank(r.Run.Command) {
		return ""
	}
	command := oneLine(r.Run.Command) + " --only " + ShellWord(id)
	if strings.HasPrefix(command, "bucketproof review ") {
		return command // nothing in it is random
	}
	return command + " --seed " + strconv.FormatInt(r.Run.Seed, 10)
}

// oneLine replaces line breaks and tabs, too: they end a command, or ask a shell to complete it.
func oneLine(s string) string {
	return strings.NewReplacer("\n", "\ufffd", "\t", "\ufffd").Replace(visible(s))
}
