package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// listed is one line of list --json.
type listed struct {
	ID        string   `json:"id"`
	Level     string   `json:"level"`
	Title     string   `json:"title"`
	Text      string   `json:"text"`
	Subject   string   `json:"subject"`
	Profiles  []string `json:"profiles"`
	Editions  []string `json:"editions"`
	OnRequest string   `json:"onRequest,omitempty"`
	Pending   string   `json:"pending,omitempty"` // why it has no spec yet
}

func newList(s streams) *cobra.Command {
	var profile, edition string
	var pending, asJSON, editions, profiles, contradictions, matrix bool
	cmd := &cobra.Command{Use: "list", Short: "List requirements", Args: cobra.NoArgs,
		Long: `List prints the requirements: all of them, or those that a profile holds in an
edition. With --matrix it prints which storage W&B offers where in an edition:
the table as W&B's page has it, and what it says of every provider.`,
		Example: `  bucketproof list --profile s3-compatible
  bucketproof list --pending
  bucketproof list --contradictions
  bucketproof list --matrix --edition 2024-byob`,
		RunE: func(*cobra.Command, []string) error {
			cat, err := catalogue.Load()
			if err != nil {
				return &exitError{exitErrored, err}
			}
			switch {
			case matrix:
				if err := listMatrix(s.out, edition, asJSON); err != nil {
					return usage(err)
				}
				return nil
			case editions:
				for _, e := range cat.Editions() {
					fmt.Fprintf(s.out, "%s\n%s\n\n", e.ID, indent(e.Different, 2))
				}
				return nil
			case profiles:
				for _, p := range cat.Profiles() {
					fmt.Fprintln(s.out, hang(fmt.Sprintf("%-14s ", p.Name), strings.Repeat(" ", 15), p.For, columns))
				}
				return nil
			case contradictions:
				for i, c := range cat.Contradictions() {
					fmt.Fprintf(s.out, "%d. %s\n%s\n   Resolution:\n%s\n\n", i+1, c.About, indent(c.Says, 5), indent(c.Resolution, 5))
				}
				return nil
			}
			lines, err := listLines(cat, profile, edition, pending)
			if err != nil {
				return usage(err)
			}
			if asJSON {
				enc := json.NewEncoder(s.out)
				enc.SetIndent("", "  ")
				return enc.Encode(lines)
			}
			printLines(s.out, lines, pending)
			return nil
		}}
	f := cmd.Flags()
	f.StringVar(&profile, "profile", "", "only what this profile holds")
	f.StringVar(&edition, "edition", "", "edition of the rules (default "+catalogue.DefaultEdition+")")
	f.BoolVar(&pending, "pending", false, "only what has no spec yet, with the reason")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&editions, "editions", false, "list the editions of the rules")
	f.BoolVar(&profiles, "profiles", false, "list the profiles")
	f.BoolVar(&contradictions, "contradictions", false, "list where the sources contradict one another, and how that is resolved")
	f.BoolVar(&matrix, "matrix", false, "print which storage W&B offers where in the edition")
	cmd.MarkFlagsMutuallyExclusive("editions", "profiles", "contradictions", "matrix")
	cmd.MarkFlagsMutuallyExclusive("matrix", "profile")
	cmd.MarkFlagsMutuallyExclusive("matrix", "pending")
	return cmd
}

// listLines are the requirements asked for. Without a profile the level is the general one.
func listLines(cat *catalogue.Catalogue, profile, edition string, pending bool) ([]listed, error) {
	var out []listed
	add := func(r catalogue.Requirement, level catalogue.Level) {
		why := cat.PendingIn(profile)[r.ID]
		if pending && why == "" && profile == "" {
			why = pendingSomewhere(cat, r)
		}
		if pending && why == "" {
			return
		}
		out = append(out, listed{ID: r.ID, Level: string(level), Title: r.Title, Text: r.Text, Subject: r.Subject, Profiles: r.Profiles,
			Editions: r.Editions, OnRequest: r.OnRequest, Pending: why})
	}
	if profile == "" && edition == "" {
		for _, r := range cat.All() {
			add(r, r.Level)
		}
		return out, nil
	}
	if profile == "" {
		return nil, fmt.Errorf("--edition needs --profile")
	}
	entries, err := cat.Profile(catalogue.Selection{Profile: profile, Edition: edition, Throughput: true, Browser: true, Long: true})
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		add(e.Requirement, e.Level)
	}
	return out, nil
}

// printLines prints a line a requirement: whole for another program, wrapped on a terminal; and below it the reason why it
// has no spec, where that was asked for.
// pendingSomewhere is why a requirement has no spec in some of its profiles, with which these are.
func pendingSomewhere(cat *catalogue.Catalogue, r catalogue.Requirement) string {
	var in []string
	why := ""
	for _, p := range r.Profiles {
		if w := cat.PendingIn(p)[r.ID]; w != "" {
			why, in = w, append(in, p)
		}
	}
	if why == "" {
		return ""
	}
	return why + " (" + strings.Join(in, ", ") + ")"
}

func printLines(w io.Writer, lines []listed, reasons bool) {
	width, tty := onTerminal(w)
	if !tty {
		width = math.MaxInt
	}
	must, pending := 0, 0
	for _, l := range lines {
		mark := " "
		if l.Pending != "" {
			mark, pending = "·", pending+1
		}
		if l.Level == "MUST" {
			must++
		}
		title := l.Title
		if l.OnRequest != "" {
			title += " (on request)"
		}
		lead := fmt.Sprintf("%s %-15s %-6s  ", mark, l.ID, l.Level)
		fmt.Fprintln(w, hang(lead, strings.Repeat(" ", 26), title, width))
		if reasons {
			fmt.Fprintln(w, hang(strings.Repeat(" ", 26), strings.Repeat(" ", 26), l.Pending, width))
		}
	}
	fmt.Fprintf(w, "\n%s, %d MUST", plural(len(lines), "requirement", "requirements"), must)
	if pending > 0 {
		fmt.Fprintf(w, "; %d marked · without a spec yet", pending)
	}
	fmt.Fprintln(w)
}
