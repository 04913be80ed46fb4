package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/reports"
)

const compareHelp = `Compare says what changed from an older result to a newer one: what fails newly,
what passes newly, what can't be decided any more, what is no longer run, and
what fails for another reason. Differences of edition, catalogue, program and
store are named.

What became slower beyond noise is named, and never decides. One timing a run
can't show it: --also-old and --also-new give more, seven a side or so.

Exit codes: 1 a MUST fails newly, 3 one can't be decided any more, 4 one is no
longer run, the newer verdict's own where that is graver than the older one, 0
none of these; 2 usage, such as a run and itself, and 3 for a result that
contradicts itself. 0 doesn't say that the newer run is certified: its own
verdict does.`

const compareExample = `  bucketproof compare yesterday/result.json today/result.json
  bucketproof compare mon.json today.json --also-old tue.json
  bucketproof compare old.json new.json --markdown >> "$GITHUB_STEP_SUMMARY"`

func newCompare(s streams) *cobra.Command {
	var asJSON, asMarkdown, anySubject bool
	var moreOld, moreNew []string
	cmd := &cobra.Command{Use: "compare OLD NEW", Short: "Say what changed between two results", Long: compareHelp, Example: compareExample,
		Args: cobra.ExactArgs(2), RunE: func(_ *cobra.Command, args []string) error {
			if asJSON && asMarkdown {
				return usage(errors.New("--json and --markdown: which one is meant?"))
			}
			var sides [2][]*reports.Result
			for i, names := range [][]string{append(args[:1:1], moreOld...), append(args[1:2:2], moreNew...)} {
				for _, name := range names {
					r, err := readResult(name)
					if errors.As(err, new(unreadable)) {
						return usage(err)
					}
					if err != nil {
						return &exitError{exitErrored, err}
					}
					sides[i] = append(sides[i], r)
				}
			}
			c, err := reports.Compare(sides[0][0], sides[1][0], anySubject)
			if err == nil {
				err = c.Time(sides[0], sides[1], anySubject)
			}
			if err != nil {
				return usage(withHint(err, "compare two runs of one bucket; --any-subject lets the buckets differ"))
			}
			write := c.WriteJSON
			switch {
			case asMarkdown:
				write = c.WriteMarkdown
			case !asJSON:
				return exitWith(c, writeComparisonText(s, c))
			}
			return exitWith(c, write(s.out))
		}}
	fl := cmd.Flags()
	fl.BoolVar(&asJSON, "json", false, "print JSON")
	fl.BoolVar(&asMarkdown, "markdown", false, "print Markdown")
	fl.StringArrayVar(&moreOld, "also-old", nil, "result.json of a further old `run`: a round for the timings\n(repeatable)")
	fl.StringArrayVar(&moreNew, "also-new", nil, "result.json of a further new `run`: a round for the timings\n(repeatable)")
	fl.BoolVar(&anySubject, "any-subject", false, "compare results of different buckets, too")
	return cmd
}

func writeComparisonText(s streams, c *reports.Comparison) error {
	width, _ := onTerminal(s.out)
	return c.WriteText(s.out, reports.TextOptions{Width: min(width, 100), Color: colored(s.out)})
}

// exitWith ends with a comparison's exit code, unless it could not be written.
func exitWith(c *reports.Comparison, err error) error {
	if err != nil {
		return &exitError{exitErrored, fmt.Errorf("print the comparison: %w", err)}
	}
	if code := c.ExitCode(); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}
