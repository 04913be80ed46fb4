package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The reports of one subject. A folder above several has IndexFile, CoverageFile and a joint JUnitFile.
const (
	ResultFile  = "result.json"
	JUnitFile   = "junit.xml"
	HTMLFile    = "report.html"
	CTRFFile    = "ctrf.json"
	SummaryFile = "summary.md"
	IndexFile   = "index.html"
	// CoverageFile says, above several reports, which store verified what.
	CoverageFile = "coverage.json"
)

// Files are the names of all reports.
func Files() []string {
	return []string{ResultFile, JUnitFile, HTMLFile, CTRFFile, SummaryFile, IndexFile, CoverageFile}
}

// WriteDir writes result.json, junit.xml, report.html, ctrf.json and summary.md into a directory, which is made if need
// be. A result whose verdict doesn't follow from what it says, or that is certified by other lines than those required, is
// refused. All files are written under temporary names first and then renamed, so that a reader never sees half a file, nor a
// new report beside an old result because one of them could not be written. Files of these names are replaced, a link too, and
// everything else in the directory is left alone.
func WriteDir(dir string, r *Result) error {
	if r == nil {
		return fmt.Errorf("writing reports to %q: there is no result", dir)
	}
	if err := r.stand(); err != nil {
		return fmt.Errorf("writing reports to %q: the result can't stand: %w", dir, err)
	}
	return writeFiles(dir, []file{
		{ResultFile, r.WriteJSON},
		{JUnitFile, func(w io.Writer) error { return WriteJUnit(w, r) }},
		{CTRFFile, func(w io.Writer) error { return WriteCTRF(w, r) }},
		{SummaryFile, func(w io.Writer) error { return WriteMarkdown(w, r) }},
		{HTMLFile, func(w io.Writer) error { return WriteHTML(w, r) }},
	})
}

// WriteAll writes a folder for each result, as Folders names them, and above them an index.html, a joint junit.xml and
// coverage.json: which store verified what.
func WriteAll(dir string, rs []*Result) error {
	folders, err := Folders(rs)
	if err != nil {
		return fmt.Errorf("writing reports to %q: %w", dir, err)
	}
	entries := make([]IndexEntry, len(rs))
	for i, r := range rs {
		entries[i] = IndexEntry{Folder: folders[i], Result: r}
	}
	for _, e := range entries {
		if err := e.Result.stand(); err != nil {
			return fmt.Errorf("writing reports to %q: the result of %q can't stand: %w", dir, e.Folder, err)
		}
	}
	for _, e := range entries {
		if err := WriteDir(filepath.Join(dir, e.Folder), e.Result); err != nil {
			return err
		}
	}
	return writeFiles(dir, []file{
		{JUnitFile, func(w io.Writer) error { return WriteJUnit(w, rs...) }},
		{CoverageFile, Cover(entries).WriteJSON},
		{IndexFile, func(w io.Writer) error { return WriteIndex(w, entries) }},
	})
}

// Folders are the names of the folders of several results: their profiles; that of a second one of a profile has its store's kind
// besides ("aws-container"), and then a number ("aws-container-2"). Profiles are words of small letters, digits and hyphens.
func Folders(rs []*Result) ([]string, error) {
	taken := map[string]bool{}
	out := make([]string, len(rs))
	for i, r := range rs {
		if r == nil {
			return nil, errors.New("a result is missing")
		}
		folder := r.Profile
		if taken[folder] && r.Subject.Store.Kind != "" {
			folder += "-" + r.Subject.Store.Kind
		}
		if r.Profile == "" || strings.Trim(folder, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return nil, fmt.Errorf("the profile %q can't name a folder", r.Profile)
		}
		out[i] = folder
		for n := 2; taken[out[i]]; n++ {
			out[i] = fmt.Sprintf("%s-%d", folder, n)
		}
		taken[out[i]] = true
	}
	return out, nil
}

// WriteFile writes one more file into a report's directory, whole or not at all.
func WriteFile(dir, name string, text []byte) error {
	return writeFiles(dir, []file{{name, func(w io.Writer) error { _, err := w.Write(text); return err }}})
}

// file is a report and how it is written.
type file struct {
	name  string
	write func(io.Writer) error
}

func writeFiles(dir string, files []file) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the report directory: %w", err)
	}
	var temps []string
	defer func() {
		for _, t := range temps {
			if e := os.Remove(t); e != nil && !errors.Is(e, os.ErrNotExist) {
				err = errors.Join(err, fmt.Errorf("removing a temporary report: %w", e))
			}
		}
	}()
	for _, f := range files {
		t, err := writeTemp(dir, f)
		if t != "" {
			temps = append(temps, t)
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", f.name, err)
		}
	}
	for i, f := range files {
		if err := os.Rename(temps[i], filepath.Join(dir, f.name)); err != nil {
			return fmt.Errorf("writing %s: %w", f.name, err)
		}
	}
	return nil
}

// writeTemp writes a file under a temporary name, which it returns as soon as the file exists.
func writeTemp(dir string, f file) (name string, err error) {
	t, err := os.CreateTemp(dir, "."+f.name+".*.tmp")
	if err != nil {
		return "", err
	}
	defer func() {
		if e := t.Close(); err == nil {
			err = e
		}
	}()
	if err := f.write(t); err != nil {
		return t.Name(), err
	}
	if err := t.Chmod(0o644); err != nil {
		return t.Name(), err
	}
	return t.Name(), t.Sync()
}
