package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// finish prints the results, writes the reports, and ends with the exit code of the gravest verdict. A report that can't
// be written is an error even when the bucket is sound: nobody could show it.
func (f *certifyFlags) finish(s streams, p *progress, done []*run.Done) error {
	var results []*reports.Result
	var verdicts []reports.Verdict
	for _, d := range done {
		results = append(results, d.Result)
		verdicts = append(verdicts, d.Result.Verdict)
	}
	where, err := f.write(done, results)
	if perr := f.print(s.out, results); perr != nil && err == nil {
		return &exitError{exitErrored, fmt.Errorf("print the result: %w", perr)}
	}
	if err != nil {
		return &exitError{exitErrored, fmt.Errorf("the reports could not be written: %w", err)}
	}
	p.say("report: %s", where)
	p.say("seed: %d", f.seed)
	if code := reports.ExitCode(verdicts...); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

func (f *certifyFlags) print(w io.Writer, results []*reports.Result) error {
	if f.json {
		if len(results) == 1 && !f.embedded {
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
		return printVerdicts(w, results)
	}
	return nil
}

// printVerdicts closes a run over several buckets: one line each.
func printVerdicts(w io.Writer, results []*reports.Result) error {
	lines := []string{"", "VERDICTS"}
	for _, r := range results {
		var counts []string
		for _, o := range []reports.Outcome{reports.Failed, reports.Errored, reports.NotRun, reports.Unverified, reports.Unsupported, reports.Waived,
			reports.NotApplicable, reports.Passed} {
			if n := r.Counts[o]; n > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", n, o))
			}
		}
		lines = append(lines, hang(fmt.Sprintf("  %-14s %-14s ", r.Profile, r.Verdict), strings.Repeat(" ", 32), strings.Join(counts, ", "), columns))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// write makes the report folders and returns the page to open.
func (f *certifyFlags) write(done []*run.Done, results []*reports.Result) (string, error) {
	for _, d := range done {
		dir := f.out
		if f.embedded {
			dir = filepath.Join(f.out, d.Result.Profile)
		}
		if err := writeEvidence(dir, d); err != nil {
			return "", err
		}
	}
	if f.embedded {
		return filepath.Join(f.out, "index.html"), reports.WriteAll(f.out, results)
	}
	return filepath.Join(f.out, "report.html"), reports.WriteDir(f.out, results[0])
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
