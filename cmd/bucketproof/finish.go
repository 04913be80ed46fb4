package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// deliver judges the results by the waivers, prints them, writes the reports, compares, certifies, and ends with the exit
// code of the gravest verdict, or of what became worse since the baseline if that is graver. A report that can't be
// written is an error even when the bucket is sound: nobody could show it.
func (d *delivery) deliver(ctx context.Context, s streams, p *progress, done []*run.Done) error {
	if len(done) == 0 {
		return &exitError{exitErrored, errors.New("there is no result")}
	}
	d.judge(done)
	var results []*reports.Result
	codes := []int{}
	for _, x := range done {
		x.Result.Run.Command = d.again(x.Result.Profile)
		results = append(results, x.Result)
		codes = append(codes, reports.ExitCode(x.Result.Verdict))
	}
	out := s.out
	if !d.json {
		out = d.log(out)
	}
	where, err := d.write(done, results)
	if perr := d.print(out, results); perr != nil && err == nil {
		return &exitError{exitErrored, fmt.Errorf("print the result: %w", perr)}
	}
	if err != nil {
		return &exitError{exitErrored, withHint(fmt.Errorf("the reports could not be written: %w", err),
			"what is printed here is the whole result; make room, or name another folder with --out, and run it again")}
	}
	comparison, err := d.compare(results[0])
	if err != nil {
		return &exitError{exitErrored, fmt.Errorf("--baseline: %w", err)}
	}
	if comparison != nil {
		codes = append(codes, comparison.ExitCode())
		if err := d.writeComparison(out, comparison); err != nil {
			return &exitError{exitErrored, err}
		}
	}
	if err := d.annotate(s, results, comparison); err != nil {
		return &exitError{exitErrored, fmt.Errorf("--github: %w", err)}
	}
	if len(done) == 1 {
		if err := d.certify(ctx, results[0], p); err != nil {
			return &exitError{exitErrored, err}
		}
	}
	p.say("report: %s", where)
	p.say("seed: %d", results[0].Run.Seed)
	if code := reports.Gravest(codes...); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

func (d *delivery) print(w io.Writer, results []*reports.Result) error {
	if d.json {
		if !d.several {
			return results[0].WriteJSON(w)
		}
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(results)
	}
	width, _ := onTerminal(w)
	for i, r := range results {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := reports.WriteText(w, r, reports.TextOptions{Width: min(width, 100), Color: colored(w)}); err != nil {
			return err
		}
	}
	if len(results) > 1 {
		return errors.Join(printVerdicts(w, results), printUnseen(w, results))
	}
	return nil
}

// printVerdicts closes a run over several buckets: one line each.
func printVerdicts(w io.Writer, results []*reports.Result) error {
	lines := []string{"", "VERDICTS"}
	folders, err := reports.Folders(results) // of several results of a profile the name says on which store
	if err != nil {
		return err
	}
	width := 14
	for _, name := range folders {
		width = max(width, len(name))
	}
	for i, r := range results {
		var counts []string
		for _, o := range []reports.Outcome{reports.Failed, reports.Errored, reports.NotRun, reports.Unverified, reports.Unsupported, reports.Waived,
			reports.NotApplicable, reports.Passed} {
			if n := r.Counts[o]; n > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", n, o))
			}
		}
		lines = append(lines, hang(fmt.Sprintf("  %-*s %-14s ", width, folders[i], r.Verdict), strings.Repeat(" ", width+18), strings.Join(counts, ", "), columns))
	}
	if emulated(results) {
		lines = append(lines, "", "All of these were tried with emulators: nothing here is about a bucket of yours.")
	}
	_, err = fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// emulated reports whether no result is of a remote store.
func emulated(results []*reports.Result) bool {
	return !slices.ContainsFunc(results, func(r *reports.Result) bool { return r.Subject.Store.Kind == "remote" })
}

// write makes the report folders and returns the page to open.
func (d *delivery) write(done []*run.Done, results []*reports.Result) (string, error) {
	folders, err := reports.Folders(results)
	if err != nil {
		return "", err
	}
	for i, x := range done {
		dir := d.out
		if d.several {
			dir = filepath.Join(d.out, folders[i])
		}
		if err := errors.Join(writeEvidence(dir, x), writeOperations(dir, x)); err != nil {
			return "", err
		}
	}
	if d.several {
		return filepath.Join(d.out, reports.IndexFile), reports.WriteAll(d.out, results)
	}
	return filepath.Join(d.out, reports.HTMLFile), reports.WriteDir(d.out, results[0])
}

// The files of a comparison, beside the reports.
const (
	comparisonFile     = "comparison.json"
	comparisonMarkdown = "comparison.md"
)

// writeComparison writes what changed beside the reports, and prints it unless JSON was asked for, which is one document.
func (d *delivery) writeComparison(w io.Writer, c *reports.Comparison) error {
	for name, write := range map[string]func(io.Writer) error{comparisonFile: c.WriteJSON, comparisonMarkdown: c.WriteMarkdown} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		if err := reports.WriteFile(d.out, name, b.Bytes()); err != nil {
			return err
		}
	}
	if d.json {
		return nil
	}
	width, _ := onTerminal(w)
	fmt.Fprintln(w, "\nSINCE THE BASELINE")
	return c.WriteText(w, reports.TextOptions{Width: min(width, 100), Color: colored(w)})
}

// operationsFile has all that a load sent, a row each.
const operationsFile = "operations.csv.gz"

func writeOperations(dir string, d *run.Done) error {
	if d.Operations == nil {
		return nil
	}
	var b bytes.Buffer
	if err := d.Operations.WriteCSV(&b); err != nil {
		return err
	}
	return reports.WriteFile(dir, operationsFile, b.Bytes())
}

// evidenceFolder is where the HAR files of a run lie, below its report.
const evidenceFolder = "evidence"

// writeEvidence writes what was sent and answered, one HAR file a requirement, in the place of an earlier run's.
func writeEvidence(dir string, d *run.Done) error {
	folder := filepath.Join(dir, evidenceFolder)
	old, err := filepath.Glob(filepath.Join(folder, "*.har"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("remove an earlier run's evidence: %w", err)
		}
	}
	if len(d.Evidence) == 0 {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, rec := range d.Evidence {
		if filepath.Dir(name) != evidenceFolder {
			return errors.New("evidence outside its folder")
		}
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		err = rec.WriteHAR(file, d.Result.Run.Program, "run "+d.Result.Run.ID+", "+strings.TrimSuffix(filepath.Base(name), ".har"))
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("write evidence: %w", err)
		}
	}
	return nil
}
