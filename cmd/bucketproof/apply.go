package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/prescribe"
)

// applyFlags are what prescribe is asked for with a bucket.
type applyFlags struct {
	source
	target
	apply, diff, yes bool
	only             []string
}

func (f *applyFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.diff, "diff", false, "read the bucket, print what is missing on it, and write nothing")
	fl.BoolVar(&f.apply, "apply", false, "print what is missing, ask, and put it on the bucket")
	fl.BoolVar(&f.yes, "yes", false, "with --apply: don't ask")
	fl.StringSliceVar(&f.only, "only", nil, "with --apply, --diff: cors or policy alone")
	f.source.flags(cmd)
	fl.StringArrayVar(&f.endpoints, "endpoint", nil, "`URL` of the store's service, or NAME=HOST:PORT, as in certify")
	fl.StringVar(&f.caFile, "ca-file", "", "PEM `file` with CA certificates to trust besides the system's")
	fl.StringVar(&f.awsProfile, "aws-profile", "", "profile of the shared AWS configuration, for an address without credentials")
	cmd.MarkFlagsMutuallyExclusive("apply", "diff")
	for _, name := range []string{"as", "json"} {
		cmd.MarkFlagsMutuallyExclusive("apply", name)
		cmd.MarkFlagsMutuallyExclusive("diff", name)
	}
}

// asked reports whether a bucket is to be looked at.
func (f *applyFlags) asked() bool { return f.apply || f.diff }

// run shows what is missing on a bucket and, when that is agreed to, puts it there.
func (f *applyFlags) run(ctx context.Context, s streams, n needFlags, args []string) error {
	if f.apply && !f.yes && !terminal(s.in) {
		return usage(withHint(errors.New("--apply asks before it writes, and there is no terminal to ask on; nothing was read or written"),
			"look at --diff first; --yes writes without asking"))
	}
	raw, err := f.read(s.in, s.err, args)
	if err != nil {
		return err
	}
	need, err := n.of(raw)
	if err != nil {
		return err
	}
	f.provider, f.edition = n.provider, n.edition
	t, err := f.resolve(raw)
	if err != nil {
		return err
	}
	a, err := run.NewApplication(ctx, t, run.ApplyNeed{Need: need.Need, FrontendOrigin: need.FrontendOrigin, Only: f.only, Program: program()})
	if err != nil {
		return notApplied(err)
	}
	defer a.Close()
	printDifference(s.out, a)
	switch {
	case !a.Missing():
		return nil
	case f.diff:
		return &exitError{code: exitNot}
	}
	if !f.yes {
		yes, err := confirmed(s.in, s.err)
		if err != nil || !yes {
			return &exitError{exitNot, errors.Join(errors.New("not agreed to: nothing was written"), err)}
		}
	}
	return printApplied(s.out, a.Write(ctx))
}

// of are the needs of the bucket of an address. What flags say otherwise is a mistake in one of the two.
func (n needFlags) of(raw string) (prescribe.Need, error) {
	o := address.Options{Provider: address.Provider(n.provider), Edition: n.edition}
	a, err := address.Parse(raw, o)
	if err != nil {
		return prescribe.Need{}, usage(err)
	}
	for _, x := range []struct{ flag, given, in string }{{"provider", n.provider, string(a.Provider)}, {"bucket", n.bucket, a.Bucket}, {"path", strings.Trim(n.path, "/"), a.Path}} {
		if x.given != "" && x.given != x.in {
			return prescribe.Need{}, usage(withHint(fmt.Errorf("--%s says %q, and the address another one", x.flag, cut(x.given, 60)), "leave it out: the address says it"))
		}
	}
	n.provider, n.bucket, n.path = string(a.Provider), a.Bucket, a.Path
	if a.Provider == address.Azure {
		if n.account != "" && n.account != a.Account {
			return prescribe.Need{}, usage(withHint(fmt.Errorf("--account says %q, and the address another one", cut(n.account, 60)), "leave it out: the address says it"))
		}
		n.account = a.Account
	}
	need, err := n.checked()
	if err != nil {
		return prescribe.Need{}, err
	}
	out := prescribe.Need{Need: need, FrontendOrigin: n.frontendOrigin}
	if _, err := prescribe.Make(out); err != nil { // refuses what is missing or of another form
		return out, prescribeError(err)
	}
	return out, nil
}

// terminal reports whether somebody sits at the other end.
func terminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// confirmed asks; only a whole "yes" is one.
func confirmed(in io.Reader, ask io.Writer) (bool, error) {
	fmt.Fprint(ask, "Put this on the bucket? (yes/no) ")
	line, err := bufio.NewReader(io.LimitReader(in, 100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	return strings.EqualFold(strings.TrimSpace(line), "yes"), nil
}

// notApplied is why nothing is written: 3 where the store did not answer, 1 where its answer stands in the way.
func notApplied(err error) error {
	e := (*run.ApplyError)(nil)
	if !errors.As(err, &e) {
		return usage(err)
	}
	code := exitNot
	if e.NoAnswer {
		code = exitErrored
	}
	return &exitError{code, withHint(fmt.Errorf("%w; nothing was written", e), e.Hint)}
}

func printDifference(w io.Writer, a *run.Application) {
	fmt.Fprintln(w, hang("", "  ", fmt.Sprintf("%s, as %s", a.Bucket, a.Identity), columns))
	for _, p := range a.Planned {
		fmt.Fprintln(w)
		if p.Adds == "" {
			fmt.Fprintln(w, hang("", "  ", p.Name+": nothing is missing; "+p.Stays, columns))
		} else {
			fmt.Fprintln(w, hang("", "  ", p.Name+": "+p.Stays, columns))
			fmt.Fprintln(w, hang("+ ", "+   ", p.Adds, columns))
			if p.Reach != "" {
				fmt.Fprintln(w, hang("  note: ", "        ", p.Reach, columns))
			}
		}
		for _, f := range p.Remains {
			fmt.Fprintln(w, hang("  not mended by this: ", "      ", fmt.Sprintf("%s: %s: %s", f.Requirement, f.What, f.Actual), columns))
			for line := range strings.SplitSeq(f.Fix, "\n") {
				if line != "" {
					fmt.Fprintln(w, hang("      by hand: ", "        ", line, columns))
				}
			}
		}
	}
	if len(a.Notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, n := range a.Notes {
		fmt.Fprintln(w, hang("note: ", "      ", n, columns))
	}
	fmt.Fprintln(w)
}

// printApplied says what became of each document; the exit code is the gravest.
func printApplied(w io.Writer, applied []run.Applied) error {
	code := exitOK
	for _, x := range applied {
		switch x.State {
		case run.AppliedSound:
			fmt.Fprintf(w, "%s: nothing was missing\n", x.Name)
			continue
		case run.AppliedWritten:
			fmt.Fprintf(w, "%s: written, and read back the same\n", x.Name)
			continue
		case run.AppliedUnknown:
			if code == exitOK {
				code = exitErrored
			}
		default:
			code = exitNot
		}
		fmt.Fprintln(w, hang(x.Name+": ", "  ", strings.ToUpper(x.State)+": "+x.Why, columns))
		if x.Hint != "" {
			fmt.Fprintln(w, hang("  hint: ", "        ", x.Hint, columns))
		}
		if x.Previous != "" {
			fmt.Fprintf(w, "  before this it was:\n%s\n", x.Previous)
		}
	}
	if code != exitOK {
		return &exitError{code: code}
	}
	return nil
}
