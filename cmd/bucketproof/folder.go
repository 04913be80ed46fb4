package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/reports/certificate"
)

// ofOneRun are the files of a report that say what one run found.
var ofOneRun = append(reports.Files(), comparisonFile, comparisonMarkdown, operationsFile)

// certificates are the files of a certified run. An earlier run's are never lost: they are put aside.
var certificates = []string{certificate.File, certificate.SummaryFile}

// earlier matches certificates that were put aside.
var earlier = regexp.MustCompile(`^earlier-[0-9a-f]{12}-(?:certificate|verification-summary)\.json$`)

// subjectFolders are the names that reports.Folders gives the folders of a run over several stores.
func subjectFolders() (names []string) {
	for _, p := range catalogue.Providers {
		names = append(names, p, p+"-"+stores.Container, p+"-"+stores.Process)
	}
	return names
}

// ours reports whether a name is that of a file or folder of a report.
func ours(name string) bool {
	return slices.Contains(ofOneRun, name) || slices.Contains(certificates, name) || name == evidenceFolder ||
		slices.Contains(subjectFolders(), name) || earlier.MatchString(name)
}

// claim makes sure, before a run begins, that a folder is free for its report, and takes an earlier report out of it: if
// this run comes to nothing, no other one's result must stand there for it. An earlier certificate is put aside under
// another name, and say is told. A folder with anything else in it is refused.
func claim(dir string, say func(string)) error {
	if holdsKeys(dir) {
		return usage(withHint(errors.New("--out names no folder, but what may be an address with keys"), "--out FOLDER; the address is read from standard input (-)"))
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writable(dir)
	case err != nil:
		return usage(fmt.Errorf("--out: %w", err))
	}
	for _, e := range entries {
		if !ours(e.Name()) {
			return usage(withHint(fmt.Errorf("--out %s holds other things, such as %q", dir, e.Name()), "name a new or empty folder"))
		}
		if e.Name() != evidenceFolder && !slices.Contains(subjectFolders(), e.Name()) {
			continue
		}
		for _, name := range []string{e.Name(), filepath.Join(e.Name(), evidenceFolder)} {
			if info, err := os.Lstat(filepath.Join(dir, name)); err == nil && info.Mode()&fs.ModeSymlink != 0 {
				return usage(withHint(fmt.Errorf("--out %s has a link to elsewhere in it, %q, behind which files would be removed and written", dir, name), "name a new or empty folder"))
			}
		}
	}
	if len(entries) > 0 && !reported(dir) {
		return usage(withHint(fmt.Errorf("--out %s holds files that no run of bucketproof wrote", dir), "name a new or empty folder"))
	}
	for _, folder := range append([]string{"."}, subjectFolders()...) {
		for _, name := range certificates {
			if err := putAside(filepath.Join(dir, folder), name, say); err != nil {
				return usage(fmt.Errorf("--out: an earlier certificate can't be put aside: %w", err))
			}
		}
		for _, name := range ofOneRun {
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

// putAside renames an earlier run's certificate, so that it can't be taken for this run's and isn't lost.
func putAside(dir, name string, say func(string)) error {
	old := filepath.Join(dir, name)
	text, err := os.ReadFile(old)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	aside := filepath.Join(dir, fmt.Sprintf("earlier-%x-%s", sum[:6], name))
	if err := os.Rename(old, aside); err != nil {
		return err
	}
	say("an earlier run's " + name + " is kept as " + aside)
	return nil
}

// reported reports whether a folder holds a report, or what is left of one: results, or nothing but evidence.
func reported(dir string) (is bool) {
	for _, pattern := range []string{"result.json", "*/result.json", "earlier-*-" + certificate.File, certificate.File, evidenceFolder + "/*.har", "*/" + evidenceFolder + "/*.har"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) == 0 {
			continue
		}
		for _, name := range found {
			if !oursByText(name) {
				return false
			}
		}
		is = true
	}
	return is
}

// oursByText reports whether a file begins as those of a run do: by our name, or as the statement that a certificate is. Others
// have a result.json, too.
func oursByText(name string) bool {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() { // a pipe would hold the program up
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	start, err := io.ReadAll(io.LimitReader(f, 4<<10))
	return err == nil && (bytes.Contains(start, []byte("bucketproof")) || bytes.Contains(start, []byte("in-toto")))
}
