package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// described is what address --json prints.
type described struct {
	Valid     bool              `json:"valid"`
	Address   string            `json:"address,omitempty"` // redacted
	Provider  string            `json:"provider,omitempty"`
	Endpoint  string            `json:"endpoint,omitempty"`
	Account   string            `json:"account,omitempty"`
	Bucket    string            `json:"bucket,omitempty"`
	Path      string            `json:"path,omitempty"`
	Region    string            `json:"region,omitempty"`
	TLS       bool              `json:"tls"`
	PathStyle bool              `json:"pathStyle"`
	Objects   string            `json:"objectHost,omitempty"`
	Warnings  []address.Finding `json:"warnings,omitempty"`
	Error     *address.Finding  `json:"error,omitempty"`
}

func newAddress(s streams) *cobra.Command {
	var src source
	var asJSON bool
	var provider, edition string
	cmd := &cobra.Command{Use: "address [ADDRESS | -]", Short: "Check a storage address, and print it without its secrets", Args: cobra.MaximumNArgs(1),
		Long: `Address checks a storage address against the rules BYOB-ADDR and prints it
redacted, with what it means. Nothing is sent. The exit code is 0 for a valid
address and 1 for one that W&B would not take.`,
		Example: `  echo "$ADDRESS" | bucketproof address -
  bucketproof address s3://my-bucket/wandb`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkNames(provider, edition); err != nil {
				return err
			}
			raw, err := src.read(s.in, s.err, args)
			if err != nil {
				return err
			}
			a, err := address.Parse(raw, address.Options{Edition: edition, Provider: address.Provider(provider)})
			var ae *address.Error
			if err != nil && !errors.As(err, &ae) {
				return usage(errors.New("the address can't be read"))
			}
			if asJSON {
				if err := writeDescribed(s.out, a, ae); err != nil {
					return err
				}
			} else if a != nil {
				printAddress(s.out, a)
			}
			if ae != nil {
				if asJSON {
					return &exitError{code: exitNot}
				}
				return &exitError{exitNot, ae}
			}
			return nil
		}}
	src.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&provider, "provider", "", "the provider that is meant: "+strings.Join(catalogue.Providers, ", "))
	cmd.Flags().StringVar(&edition, "edition", "", "edition of the rules (default "+catalogue.DefaultEdition+")")
	return cmd
}

func writeDescribed(w io.Writer, a *address.Address, e *address.Error) error {
	var d described
	if e != nil {
		d.Error, d.Provider = &e.Finding, string(e.Provider)
	}
	if a != nil {
		d = described{Valid: true, Address: a.String(), Provider: string(a.Provider), Endpoint: a.Shown(a.Endpoint), Account: a.Shown(a.Account),
			Bucket: a.Shown(a.Bucket), Path: a.Shown(a.Path), Region: a.ShownRegion(), TLS: a.TLS, PathStyle: a.PathStyle, Objects: a.Shown(a.BucketHost()), Warnings: a.Warnings}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(d)
}

func printAddress(w io.Writer, a *address.Address) {
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-12s %s\n", name, value)
		}
	}
	row("address", a.String())
	row("provider", string(a.Provider))
	row("endpoint", a.Shown(a.Endpoint))
	row("account", a.Shown(a.Account))
	row("bucket", a.Shown(a.Bucket))
	row("sub-path", a.Shown(a.Path))
	if a.Region != "" {
		row("region", fmt.Sprintf("%s (from the %s)", a.ShownRegion(), a.RegionFrom))
	}
	tls := "yes"
	if !a.TLS {
		tls = "no: plain http"
	}
	row("TLS", tls)
	row("objects at", a.Shown(a.BucketHost()))
	as := "in the address (not shown)"
	if !a.HasCredentials() {
		as = "none: the provider's own chain"
	}
	row("credentials", as)
	for _, f := range a.Warnings {
		under := strings.Repeat(" ", 13)
		fmt.Fprintf(w, "\n%s\n", hang("warning      ", under, fmt.Sprintf("%s: %s (%s)", f.Part, f.Rule, f.Requirement), columns))
		if f.Fix != "" {
			fmt.Fprintln(w, hang("  fix        ", under, f.Fix, columns))
		}
	}
}
