package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

// columns is the width that everything a person reads is set to.
const columns = 80

// hang sets words into lines of at most width columns: the first line after one prefix, the rest after another. A word that
// is longer than a line stays whole, so that it can be copied.
func hang(first, rest, s string, width int) string {
	var lines []string
	line, empty := first, true
	for _, word := range strings.Fields(s) {
		if !empty && text.StringWidthWithoutEscSequences(line)+1+text.StringWidthWithoutEscSequences(word) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return strings.Join(append(lines, strings.TrimRight(line, " ")), "\n")
}

// indent sets a text to 80 columns, every line set in by n of them.
func indent(s string, n int) string {
	pad := strings.Repeat(" ", n)
	return hang(pad, pad, s, columns)
}

// listItem writes an item of a list.
func listItem(w io.Writer, s string) { fmt.Fprintln(w, hang("  - ", "    ", s, columns)) }

// plural puts a count before the right form of its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// usageTemplate is Cobra's own (v1.10, MIT), with flags wrapped and without what no command here has.
const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Global flags:
{{.InheritedFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

"{{.CommandPath}} [command] --help" says more about a command.{{end}}
`

// fit sets Cobra's own commands to 80 columns, too.
func fit(c *cobra.Command) {
	var lines []string
	for _, line := range strings.Split(strings.ReplaceAll(c.Long, "\t", "  "), "\n") {
		switch {
		case len(line) <= columns:
		case strings.HasPrefix(line, " "):
			line = strings.Replace(line, " > ", " > \\\n      ", 1)
		default:
			line = hang("", "", line, columns)
		}
		lines = append(lines, line)
	}
	c.Long = strings.Join(lines, "\n")
	for _, sub := range c.Commands() {
		fit(sub)
	}
}
