package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
)

func newSweep(s streams) *cobra.Command {
	var src source
	var t target
	var o run.SweepOptions
	var asJSON bool
	var limit time.Duration
	cmd := &cobra.Command{Use: "sweep [ADDRESS | -]", Short: "Remove what a crashed run left in a bucket", Args: cobra.MaximumNArgs(1),
		Long: `Sweep looks below the address's sub-path for prefixes of runs that did not end,
and removes everything below those that carry a marker of ours: objects, old
versions, delete markers, open uploads. Nothing else is touched. A run that may
still be going on is left alone. What can't be removed is listed.

The exit code is 0 when nothing of ours is left, 1 when something is, 2 for a
mistake in how it was called, 3 when the bucket could not be looked at whole.`,
		Example: "  echo \"$ADDRESS\" | bucketproof sweep -\n  bucketproof sweep --dry-run --address-file bucket.address",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkNames(t.provider, t.edition); err != nil {
				return err
			}
			raw, err := src.read(s.in, s.err, args)
			if err != nil {
				return err
			}
			target, err := t.resolve(raw)
			if err != nil {
				return err
			}
			o.Program = program()
			ctx, cancel := context.WithTimeout(cmd.Context(), limit)
			defer cancel()
			swept, err := run.Sweep(ctx, target, o)
			if u := (*run.UsageError)(nil); errors.As(err, &u) {
				return usage(err)
			}
			if perr := printSwept(s.out, swept, asJSON, err == nil); perr != nil {
				return &exitError{exitErrored, perr}
			}
			if err != nil {
				return &exitError{exitErrored, withHint(err, sweepHint(err))}
			}
			for _, w := range swept {
				if len(w.Kept) > 0 || (w.Left != "" && !w.Foreign) {
					return &exitError{code: exitNot}
				}
			}
			return nil
		}}
	src.flags(cmd)
	t.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.DryRun, "dry-run", false, "look, and remove nothing")
	f.BoolVar(&o.Running, "running", false, "also runs that may still be going on")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.DurationVar(&limit, "timeout", 5*time.Minute, "limit of the whole sweep")
	return cmd
}

func printSwept(w io.Writer, swept []run.Swept, asJSON, whole bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(append([]run.Swept{}, swept...))
	}
	for _, s := range swept {
		switch {
		case s.Left != "":
			fmt.Fprintln(w, hang(s.Prefix+"  ", "    ", "left alone: "+s.Left, columns))
		default:
			fmt.Fprintf(w, "%s  %d removed, %d kept\n", s.Prefix, s.Removed, len(s.Kept))
		}
		for _, k := range s.Kept {
			version := ""
			if k.Version != "" {
				version = " (" + k.Version + ")"
			}
			fmt.Fprintln(w, hang("  kept ", "    ", fmt.Sprintf("%s%s: %s", k.Key, version, k.Why), columns))
		}
	}
	if whole && !slices.ContainsFunc(swept, func(s run.Swept) bool { return len(s.Kept) > 0 || (s.Left != "" && !s.Foreign) }) {
		fmt.Fprintln(w, "nothing that carries a marker of ours is left")
	}
	return nil
}

// sweepHint says what mends a sweep that was broken off.
func sweepHint(err error) string {
	switch bucket.Classify("", err).Kind {
	case bucket.KindNoSuchHost, bucket.KindRefused:
		return "check host and port of the address, or --endpoint"
	case bucket.KindNoSuchBucket:
		return "check the bucket's name in the address, and that the endpoint is the one it was made on"
	case bucket.KindTLS:
		return "--ca-file FILE trusts the store's own certificate authority; bucketproof certify says what is wrong with the chain"
	case bucket.KindProxy:
		return "mend or unset the proxy's setting, or name the store's host in NO_PROXY"
	case bucket.KindCredentials, bucket.KindSignature, bucket.KindClock, bucket.KindRegion, bucket.KindRedirect:
		return "bucketproof certify --only BYOB-NET-007 with the same address says what is wrong with it"
	case bucket.KindDenied:
		return "the address's identity must be allowed to list the bucket, and to read and delete objects below the run's prefix"
	}
	return "run it again: what is removed stays removed"
}
