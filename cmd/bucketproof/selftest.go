package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/fixtures/misprovisioned"
	"github.com/bucketproof/bucketproof/harness/faults"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/suites"
)

// matrixResult is what selftest --json prints.
type matrixResult struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Program    string       `json:"program"`
	Seed       int64        `json:"seed"`
	Caught     int          `json:"caught"`
	Wrong      int          `json:"wrong"`
	NotTried   int          `json:"notTried"`
	Rows       []faults.Row `json:"rows"`
}

func newSelftest(s streams) *cobra.Command {
	var profiles, only []string
	var asJSON, list bool
	var seed int64
	cmd := &cobra.Command{Use: "selftest", Short: "Run the suite against deliberate faults, and print what it caught", Args: cobra.NoArgs,
		Long: `Selftest runs the suite against a sound subject first: everything must pass.
Then against each fault: exactly what the fault breaks must fail, and nothing
else may change but what it says it blocks. Then against one that harms nothing:
nothing may change. A fault of the network breaks no rule: what meets it must be
errored, nothing may fail or pass by it, nothing may be sent twice, and what the
run could not remove then is swept. What is checked only on request is tried by
itself, sound and with its faults; a browser's need one that is installed.
Before and after each run the bucket's decoys and its configuration are
compared, past the fault. Faults are built into embedded stores: no container,
and no bucket of yours, is tried.

The exit code is 0 when every fault was caught and nothing else, 1 when not,
4 when a profile could not be tried.`,
		Example: "  bucketproof selftest\n  bucketproof selftest --profile s3-compatible --fault put-lost",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				return listFaults(s.out)
			}
			if seed == 0 {
				seed = newSeed()
			}
			return selftest(cmd.Context(), s, profiles, only, seed, asJSON)
		}}
	f := cmd.Flags()
	f.StringSliceVar(&profiles, "profile", nil, "only these profiles (connector: also faults of the\nparser and the evaluator; documents: misprovisioned\nbuckets)")
	f.StringSliceVar(&only, "fault", nil, "only these faults")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&list, "list", false, "list the faults: name, what it does, what it breaks; run nothing")
	cmd.MarkFlagsMutuallyExclusive("list", "json")
	complete(cmd, "profile", selftestProfiles)
	complete(cmd, "fault", faultNames)
	f.Int64Var(&seed, "seed", 0, "seed of everything random (default: a new one, printed)")
	return cmd
}

func selftest(ctx context.Context, s streams, profiles, only []string, seed int64, asJSON bool) (err error) {
	known := selftestProfiles()
	if len(profiles) == 0 {
		profiles = known
	}
	for _, p := range profiles {
		if !slices.Contains(known, p) {
			return usage(withHint(fmt.Errorf("unknown profile %q", cut(p, 40)), "one of "+strings.Join(known, ", ")))
		}
	}
	if err := checkFaults(only); err != nil {
		return usage(err)
	}
	cat, err := catalogue.Load()
	if err != nil {
		return &exitError{exitErrored, err}
	}
	host, err := stores.NewHost(ctx, stores.HostOptions{Progress: func(line string) { fmt.Fprintln(s.err, hang("", "  ", line, columns)) }})
	if err != nil {
		return &exitError{exitErrored, err}
	}
	defer func() {
		if cerr := host.Close(); cerr != nil && err == nil {
			err = &exitError{exitErrored, fmt.Errorf("end the stores: %w", cerr)}
		}
	}()
	fmt.Fprintf(s.err, "seed: %d\n", seed)
	out := s.out
	if asJSON {
		out = s.err
	}
	m := &faults.Matrix{Host: host, Families: suites.Bucket(), Parser: suites.Parser(), Connector: suites.Connector(),
		Evaluator: suites.Policies(), Documents: suites.Documents(), Notify: func(r faults.Row) { printRow(out, r) },
		Options: run.Options{Catalogue: cat, Seed: seed, Program: program()}}
	result := matrixResult{APIVersion: "bucketproof/v1", Kind: "FaultMatrix", Program: program(), Seed: seed, Rows: []faults.Row{}}
	for _, p := range profiles {
		var rows []faults.Row
		switch p {
		case faults.ParserProfile:
			for _, try := range []func(context.Context, []string) ([]faults.Row, error){m.Parsers, m.Evaluators, m.Connectors} {
				var more []faults.Row
				if more, err = try(ctx, only); err == nil || len(more) > 0 {
					rows = append(rows, more...)
				}
				if err != nil {
					break
				}
			}
		case faults.DocumentsProfile:
			rows, err = m.Documented(ctx, only)
		default:
			rows, err = m.Bucket(ctx, p, only)
		}
		result.Rows = append(result.Rows, rows...)
		if err != nil {
			return &exitError{exitErrored, err}
		}
	}
	return concludeSelftest(s, result, asJSON)
}

// faultNames are all faults there are.
func faultNames() (names []string) {
	for _, f := range faults.Buckets() {
		names = append(names, f.Name)
	}
	for _, f := range faults.ParserFaults() {
		names = append(names, f.Name)
	}
	for _, f := range faults.EvaluatorFaults() {
		names = append(names, f.Name)
	}
	for _, f := range faults.ConnectorFaults() {
		names = append(names, f.Name)
	}
	cases, err := misprovisioned.Load()
	if err != nil {
		return names // the corpus is part of the program: a test reads it
	}
	for _, c := range cases {
		names = append(names, faults.DocumentName(c))
	}
	return names
}

// selftestProfiles are what faults can be tried in.
func selftestProfiles() []string {
	return append([]string{faults.ParserProfile, faults.DocumentsProfile}, catalogue.Providers...)
}

// listFaults prints what each fault does, where it can be built in, and what it breaks.
func listFaults(w io.Writer) error {
	width, _ := onTerminal(w)
	line := func(name, does string, profiles, breaks, undecides []string) error {
		what := "breaks nothing"
		switch {
		case len(breaks) > 0:
			what = "breaks " + strings.Join(breaks, " ")
		case len(undecides) > 0:
			what = "leaves undecided " + strings.Join(undecides, " ") + " and whatever else meets it"
		}
		_, err := fmt.Fprintf(w, "%s\n%s\n%s\n", name, hang("  ", "  ", does, width), hang("  ", "    ", what+"; on "+strings.Join(profiles, ", "), width))
		return err
	}
	var errs []error
	for _, f := range append(faults.Buckets(), faults.Harmless()) {
		errs = append(errs, line(f.Name, f.Does, f.Profiles, f.Breaks, f.Undecides))
	}
	for _, f := range faults.ParserFaults() {
		errs = append(errs, line(f.Name, f.Does, []string{faults.ParserProfile}, f.Breaks, nil))
	}
	for _, f := range faults.EvaluatorFaults() {
		errs = append(errs, line(f.Name, f.Does, []string{faults.ParserProfile}, f.Breaks, nil))
	}
	for _, f := range faults.ConnectorFaults() {
		errs = append(errs, line(f.Name, f.Does, []string{faults.ParserProfile}, f.Breaks, nil))
	}
	cases, err := misprovisioned.Load()
	errs = append(errs, err)
	for _, c := range cases {
		errs = append(errs, line(faults.DocumentName(c), c.Name+" ("+c.Base+")", []string{faults.DocumentsProfile}, c.Expected, nil))
	}
	return errors.Join(errs...)
}

func checkFaults(only []string) error {
	known := faultNames()
	for _, name := range only {
		if !slices.Contains(known, name) {
			return withHint(fmt.Errorf("unknown fault %q", cut(name, 40)), "bucketproof selftest --list names them all")
		}
	}
	return nil
}

// printRow prints one line of the matrix, and what is wrong below it.
func printRow(w io.Writer, r faults.Row) {
	name, verdict := r.Fault, "caught"
	switch {
	case r.NotRun != "":
		verdict = "not run"
	case len(r.Wrong) > 0:
		verdict = "WRONG"
	case r.Fault == "":
		verdict = "sound"
	case len(r.Breaks)+len(r.Undecides) == 0:
		verdict = "no change"
	}
	if name == "" {
		name = "(the sound subject)"
	}
	if r.Fault == "" && r.Long != "" {
		name = "(the sound subject, " + short([]string{r.Long})[0] + ")"
	}
	if r.Fault == "" && r.Edition != "" {
		name = "(the sound subject, " + r.Edition + ")"
	}
	what := strings.Join(short(r.Failed), " ")
	if n := len(r.Undecided); n > 0 {
		what += fmt.Sprintf(" (+%d undecided)", n)
	}
	if len(name) > 36 { // a misprovisioned bucket's: it has a line of its own
		fmt.Fprintf(w, "%-13s %s\n", r.Profile, name)
		r.Profile, name = "", ""
	}
	line := hang(fmt.Sprintf("%-13s %-36s %-9s ", r.Profile, name, verdict), strings.Repeat(" ", 61), what, columns)
	fmt.Fprintln(w, line)
	if r.NotRun != "" {
		fmt.Fprintln(w, hang("    ", "    ", r.NotRun, columns))
	}
	if r.Again != "" {
		fmt.Fprintln(w, hang("    ", "      ", "tried a second time: "+r.Again, columns))
	}
	for _, wrong := range r.Wrong {
		fmt.Fprintln(w, hang("    ", "      ", wrong, columns))
	}
}

// short takes the BYOB- off requirement IDs.
func short(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strings.TrimPrefix(id, "BYOB-")
	}
	return out
}

func concludeSelftest(s streams, m matrixResult, asJSON bool) error {
	for _, r := range m.Rows {
		switch {
		case r.NotRun != "":
			m.NotTried++
		case len(r.Wrong) > 0:
			m.Wrong++
		case r.Fault != "" && len(r.Breaks)+len(r.Undecides) > 0:
			m.Caught++
		}
	}
	if asJSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(m); err != nil {
			return &exitError{exitErrored, err}
		}
	} else {
		fmt.Fprintf(s.out, "\n%s caught, %s wrong, %d not tried\n", plural(m.Caught, "fault", "faults"), plural(m.Wrong, "row", "rows"), m.NotTried)
	}
	switch {
	case m.Wrong > 0:
		return &exitError{code: exitNot}
	case m.NotTried > 0:
		return &exitError{code: exitIncomplete}
	case m.Caught == 0:
		return &exitError{exitNot, errors.New("no fault was tried")}
	}
	return nil
}
