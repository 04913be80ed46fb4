package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// noticesName is the file of the licences in an archive.
const noticesName = "THIRD_PARTY_LICENSES.txt"

const preface = `Bucketproof is under the Apache License 2.0 (LICENSE). Its binaries hold parts of
the modules below, of other authors and under their own licences, which are
repeated here. "go mod download MODULE@VERSION" fetches the source of each;
nothing of it was changed. Modules that one platform alone links are listed, too.
`

// writeNotices writes the licences and notices of all that is linked on any of the release's platforms.
func writeNotices(name string) error {
	root, err := home()
	if err != nil {
		return err
	}
	on, err := platforms(root)
	if err != nil {
		return err
	}
	all, err := union(root, program, on)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("write the licences: %w", err)
	}
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the licences: %w", err)
	}
	if err := notices(f, all); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// union lists what is linked on any of the platforms, Go's standard library first, without our own module.
func union(root, pkg string, on []platform) ([]module, error) {
	std, err := goItself()
	if err != nil {
		return nil, err
	}
	byPath := map[string]module{}
	for _, p := range on {
		list, err := linked(root, pkg, p)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			m.packages = append(m.packages, byPath[m.path].packages...)
			byPath[m.path] = m
		}
	}
	delete(byPath, ours)
	all := []module{std}
	for _, m := range byPath {
		all = append(all, m)
	}
	slices.SortFunc(all[1:], func(a, b module) int { return strings.Compare(a.path, b.path) })
	return all, nil
}

func goItself() (module, error) {
	out, err := exec.Command("go", "env", "GOROOT", "GOVERSION").Output() //nolint:noctx // ends by itself
	if err != nil {
		return module{}, fmt.Errorf("ask go for its version: %w", explained(err))
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return standard(strings.TrimSpace(root), strings.TrimSpace(version))
}

// notices writes a line for each module and then each text once, with the modules that it is of.
func notices(w io.Writer, all []module) error {
	type section struct {
		words string
		of    []string
	}
	var sections []*section
	byWords, index := map[string]*section{}, &strings.Builder{}
	for _, m := range all {
		found, err := texts(m)
		if err != nil {
			return err
		}
		fmt.Fprintf(index, "%s: %s\n", m, strings.Join(names(found), ", "))
		for _, t := range found {
			s := byWords[t.words]
			if s == nil {
				s = &section{words: t.words}
				byWords[t.words] = s
				sections = append(sections, s)
			}
			s.of = append(s.of, m.String()+", "+t.name)
		}
	}
	rule := strings.Repeat("-", 80)
	if _, err := fmt.Fprintf(w, "%s\n%s", preface, index); err != nil {
		return fmt.Errorf("write the licences: %w", err)
	}
	for _, s := range sections {
		if _, err := fmt.Fprintf(w, "\n%s\n%s\n%s\n\n%s\n", rule, strings.Join(s.of, "\n"), rule, s.words); err != nil {
			return fmt.Errorf("write the licences: %w", err)
		}
	}
	return nil
}
