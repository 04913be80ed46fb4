package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
)

// Exit codes (design: outcomes and verdict).
const (
	exitOK         = 0
	exitNot        = 1
	exitUsage      = 2
	exitErrored    = 3
	exitIncomplete = 4
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exitError ends the program with a code; its error, if it has one, has not been printed yet.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }

// hintError is an error and what to do about it.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

func withHint(err error, hint string) error { return &hintError{err, hint} }

// execute runs the program and returns its exit code: the one place that decides it.
func execute(ctx context.Context, s streams, args []string) int {
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := exitUsage
	if e := (*exitError)(nil); errors.As(err, &e) {
		code = e.code
		if e.err == nil {
			return code
		}
	}
	complain(s.err, err)
	return code
}

// complain writes an error as a user reads it: what went wrong, then what to do.
func complain(w io.Writer, err error) {
	var hint string
	if h := (*hintError)(nil); errors.As(err, &h) {
		hint = h.hint
	}
	if a := (*address.Error)(nil); errors.As(err, &a) {
		fmt.Fprintf(w, "bucketproof: the address can't be used: %s\n", a.Part)
		fmt.Fprintln(w, hang("  rule  ", "        ", fmt.Sprintf("%s (%s)", a.Rule, a.Requirement), columns))
		if a.Fix != "" {
			fmt.Fprintln(w, hang("  fix   ", "        ", a.Fix, columns))
		}
		return
	}
	fmt.Fprintln(w, hang("bucketproof: ", "  ", unshown(err.Error()), columns))
	if hint != "" {
		fmt.Fprintln(w, hang("  hint: ", "        ", hint, columns))
	}
}

// addresses are what may hold keys, wherever they were written by mistake; credentials are those of one whose scheme was left
// out.
var (
	addresses   = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*)://[^\s"]+`)
	plainBucket = regexp.MustCompile(`^(?:s3|cw|gs|az)://[a-z0-9][a-z0-9.-]*(?:/[a-z0-9._/-]*)?$`) // an address that holds nothing but names
	credentials = regexp.MustCompile(`[^\s"]*:[^\s"@]+@[^\s"]*`)
)

// unshown is an error's text without what may hold keys.
func unshown(s string) string {
	s = addresses.ReplaceAllStringFunc(s, func(a string) string {
		if plainBucket.MatchString(a) {
			return a
		}
		scheme, _, _ := strings.Cut(a, "://")
		return scheme + "://[not shown]"
	})
	return credentials.ReplaceAllString(s, "[not shown]")
}

// drive is what a path on Windows begins with.
var drive = regexp.MustCompile(`^[A-Za-z]:[\\/]`)

// holdsKeys reports whether the name of a file or folder is an address, or may be one without its scheme.
func holdsKeys(name string) bool {
	return addresses.MatchString(name) || credentials.MatchString(drive.ReplaceAllString(name, ""))
}

// usage says that the error is a mistake in how the program was called.
func usage(err error) error {
	if u := (*run.UsageError)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return &exitError{exitUsage, err}
}

const rootHelp = `Bucketproof proves that a bucket does what W&B's "Bring your own bucket" needs,
before any W&B server exists, and says what mends it.

  echo "$ADDRESS" | bucketproof certify -   certify one bucket
  bucketproof certify --embedded            see it work, on this machine
  bucketproof conform                       prove a connector
  bucketproof prescribe --provider aws ...  what a bucket needs
  bucketproof review --provider aws ...     judge a bucket's documents alone
  bucketproof explain BYOB-XFER-005         what a requirement asks for

An address with keys is read from standard input (-), from a file
(--address-file) or from BUCKETPROOF_ADDRESS, never from an argument.

Exit codes: 0 certified, 1 not certified, 2 usage, 3 errored, 4 incomplete.`

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use: "bucketproof", Short: "Certify buckets for W&B's Bring your own bucket", Long: rootHelp,
		SilenceErrors: true, SilenceUsage: true, Args: onlyCommands, Version: version(),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("bucketproof {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if args := c.Flags().Args(); c == root && len(args) > 0 { // the mistake is the command's name, before its flag
			return onlyCommands(c, args)
		}
		return usage(withHint(err, "bucketproof "+strings.TrimPrefix(c.CommandPath(), "bucketproof ")+" --help lists the flags"))
	})
	root.AddCommand(newCertify(s), newConform(s), newList(s), newExplain(s), newAddress(s), newPrescribe(s), newReview(s), newSweep(s),
		newStores(s), newSelftest(s), newKeygen(s), newVerify(s), newCompare(s), newVersion(s))
	root.InitDefaultCompletionCmd()
	fit(root)
	return root
}

// onlyCommands refuses a command that isn't there, and names those that may have been meant.
func onlyCommands(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	hint := "the commands are " + strings.Join(names, ", ")
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "perhaps " + strings.Join(near, " or ")
	}
	return usage(withHint(fmt.Errorf("unknown command %q for %q", cut(args[0], 40), c.CommandPath()), hint+`; "`+c.CommandPath()+` --help" says more`))
}

// onTerminal reports whether w is a terminal, and how wide it is.
func onTerminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(interface{ Fd() uintptr })
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return columns, false
	}
	if n, _, err := term.GetSize(int(f.Fd())); err == nil && n >= 40 {
		return n, true
	}
	return columns, true
}

// colored reports whether a stream takes colour: a terminal, and no NO_COLOR (no-color.org).
func colored(w io.Writer) bool {
	_, tty := onTerminal(w)
	return tty && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
