package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// ours are the files and folders of a report.
var ours = append([]string{"result.json", "junit.xml", "report.html", "index.html", "certificate.json", evidenceFolder}, catalogue.Providers...)

// claim makes sure, before a run begins, that a folder is free for its report, and takes an earlier report out of it: if
// this run comes to nothing, no other one's result must stand there for it. A folder with anything else in it is refused.
func claim(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writable(dir)
	case err != nil:
		return usage(fmt.Errorf("--out: %w", err))
	}
	for _, e := range entries {
		if !slices.Contains(ours, e.Name()) {
			return usage(withHint(fmt.Errorf("--out %s holds other things, such as %q", dir, e.Name()), "name a new or empty folder"))
		}
	}
	if len(entries) > 0 && !reported(dir) {
		return usage(withHint(fmt.Errorf("--out %s holds files that no run of bucketproof wrote", dir), "name a new or empty folder"))
	}
	for _, folder := range append([]string{"."}, catalogue.Providers...) {
		for _, name := range []string{"result.json", "junit.xml", "report.html", "index.html", "certificate.json"} {
			if err := os.Remove(filepath.Join(dir, folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return usage(fmt.Errorf("--out: an earlier report can't be removed: %w", err))
			}
		}
	}
	return writable(dir)
}

// writable makes the folder and tries it: a run whose reports can't be written must not touch a bucket first.
func writable(dir string) error {
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(dir, ".writable-*"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
	}
	if err != nil {
		return usage(withHint(fmt.Errorf("--out: the reports could not be written there: %w", err), "name a folder that you may write to"))
	}
	return nil
}

// reported reports whether a folder holds a report, or what is left of one: results, or nothing but evidence.
func reported(dir string) bool {
	for _, pattern := range []string{"result.json", "*/result.json", evidenceFolder + "/*.har", "*/" + evidenceFolder + "/*.har"} {
		if found, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}
