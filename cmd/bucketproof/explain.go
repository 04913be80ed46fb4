package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/fixtures/misprovisioned"
	"github.com/bucketproof/bucketproof/harness/faults"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

func newExplain(s streams) *cobra.Command {
	var u urlFlags
	cmd := &cobra.Command{Use: "explain ID | -", Short: "Explain a requirement, or a pre-signed URL from standard input", Args: cobra.ExactArgs(1),
		Long: `Explain prints a requirement: what it asks for, where that comes from, what
mends it, and which faults prove that it is checked.

With - it reads a pre-signed URL of Amazon S3 (or what speaks its language),
Google Cloud Storage or Azure, and says what it grants, to whom, until when, and
why it is refused. Nothing is sent, and secrets and signatures are shortened.
The exit code is 1 when the URL is refused, and 4 when that can't be decided:
without the key the signature itself can't be compared.`,
		Example: `  bucketproof explain BYOB-NET-005
  bucketproof explain xfer-002
  echo "$URL" | bucketproof explain - --method PUT --key-file secret.txt`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			cat, err := catalogue.Load()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			var ids []string
			for _, r := range cat.All() {
				ids = append(ids, r.ID+"\t"+r.Title)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == "-" {
				return u.explainURL(s)
			}
			cat, err := catalogue.Load()
			if err != nil {
				return &exitError{exitErrored, err}
			}
			id := strings.ToUpper(args[0])
			if !strings.HasPrefix(id, "BYOB-") {
				id = "BYOB-" + id
			}
			r, ok := cat.Get(id)
			if !ok {
				return usage(unknownRequirement(cat, args[0], id))
			}
			explain(s.out, cat, r)
			return nil
		}}
	f := cmd.Flags()
	f.StringVar(&u.method, "method", "GET", "the method that the URL is used with")
	f.StringArrayVar(&u.headers, "header", nil, "a `header` that is sent with it, as \"Name: value\" (repeatable)")
	f.StringVar(&u.at, "at", "", "judge at this `time`, such as 2026-11-22T10:30:00Z (default: now)")
	f.StringVar(&u.keyFile, "key-file", "", "`file` with the key: a secret access key, a PEM private key, an Azure account key, or a whole storage address")
	f.StringVar(&u.region, "region", "", "the bucket's own `region` (S3; default: any)")
	f.StringArrayVar(&u.known.Hosts, "known-host", nil, "another `host` of the store that the URL may have been signed for (repeatable)")
	f.StringArrayVar(&u.known.Buckets, "known-bucket", nil, "another `bucket` that it may have been minted for (repeatable)")
	f.StringArrayVar(&u.known.Keys, "known-key", nil, "another `key` that it may have been minted for (repeatable)")
	f.StringArrayVar(&u.known.Values, "known-value", nil, "a `value` that a parameter or header may have had (repeatable)")
	return cmd
}

// unknownRequirement names the requirements of the family that was meant, if one was.
func unknownRequirement(cat *catalogue.Catalogue, said, id string) error {
	family := id
	if i := strings.LastIndex(id, "-"); i > len("BYOB") {
		family = id[:i]
	}
	var near []string
	for _, r := range cat.All() {
		if strings.HasPrefix(r.ID, family+"-") {
			near = append(near, r.ID)
		}
	}
	err := fmt.Errorf("there is no requirement %q", cut(said, 40))
	switch {
	case id == "BYOB-" || len(near) == 0 || len(near) == len(cat.All()):
		return withHint(err, `an ID looks like BYOB-NET-005; "bucketproof list" shows all; "explain -" reads a pre-signed URL`)
	case len(near) == 1:
		return withHint(err, near[0]+" exists")
	}
	return withHint(err, fmt.Sprintf("%s to %s exist", near[0], near[len(near)-1]))
}

func explain(w io.Writer, cat *catalogue.Catalogue, r catalogue.Requirement) {
	fmt.Fprintf(w, "%s  %s  %s\n\n%s\n", r.ID, r.Level, r.Title, indent(r.Text, 2))
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-10s %s\n", name, strings.TrimLeft(indent(value, 11), " "))
		}
	}
	fmt.Fprintln(w)
	for _, l := range r.Levels {
		var when []string
		if len(l.Providers) > 0 {
			when = append(when, "on "+strings.Join(l.Providers, ", "))
		}
		if len(l.Editions) > 0 {
			when = append(when, "in edition "+strings.Join(l.Editions, ", "))
		}
		if l.When != "" {
			when = append(when, "with --"+l.When)
		}
		row("level", fmt.Sprintf("%s %s", l.Level, strings.Join(when, " ")))
	}
	row("profiles", strings.Join(r.Profiles, ", "))
	row("editions", strings.Join(r.Editions, ", "))
	for _, src := range r.Source {
		row("source", src.String())
	}
	if r.OnRequest != "" {
		row("asked for", "only with --"+r.OnRequest)
	}
	if why := cat.Pending()[r.ID]; why != "" {
		row("spec", why)
	} else {
		row("faults", strings.Join(faultsOf(r.ID), ", "))
	}
	any := "any provider"
	if len(r.Remedy) > 1 {
		any = "any other provider"
	}
	for _, p := range append(slices.Clone(catalogue.Providers), "any") {
		if remedy := r.Remedy[p]; remedy != "" {
			fmt.Fprintf(w, "\nRemedy, %s\n", strings.Replace(p, "any", any, 1))
			for _, line := range reports.RemedyLines(remedy, columns-2) {
				fmt.Fprintf(w, "  %s\n", line)
			}
		}
	}
}

// faultsOf names the faults that break a requirement.
func faultsOf(id string) []string {
	var names []string
	for _, f := range faults.Buckets() {
		if slices.Contains(f.Breaks, id) {
			names = append(names, f.Name)
		}
	}
	for _, f := range faults.ParserFaults() {
		if slices.Contains(f.Breaks, id) {
			names = append(names, f.Name)
		}
	}
	for _, f := range faults.EvaluatorFaults() {
		if slices.Contains(f.Breaks, id) {
			names = append(names, f.Name)
		}
	}
	for _, f := range faults.ConnectorFaults() {
		if slices.Contains(f.Breaks, id) {
			names = append(names, f.Name)
		}
	}
	cases, err := misprovisioned.Load()
	if err != nil {
		return append(names, "the misprovisioned buckets can't be read: "+err.Error())
	}
	for _, c := range cases {
		if slices.Contains(c.Expected, id) {
			names = append(names, faults.DocumentName(c))
		}
	}
	return names
}

// checkNames refuses a provider or an edition that nobody knows; "" is none given.
func checkNames(provider, edition string) error {
	if provider != "" && !known(provider) {
		return usage(unknownProvider(provider))
	}
	if edition == "" {
		return nil
	}
	if editions := editionNames(); !slices.Contains(editions, edition) {
		return usage(withHint(fmt.Errorf("unknown edition %q", cut(edition, 40)), "one of "+strings.Join(editions, ", ")))
	}
	return nil
}

func unknownProvider(name string) error {
	return withHint(fmt.Errorf("unknown provider %q", cut(name, 40)), "one of "+strings.Join(catalogue.Providers, ", "))
}
