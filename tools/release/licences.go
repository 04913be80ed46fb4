package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licences are those a linked module may be under, each by words of its text that no other one has. The names are those of
// SPDX, except where spdx is false.
var licences = []struct {
	name, words string
	spdx        bool
}{
	{"Apache-2.0", "Apache License Version 2.0", true},
	{"MPL-2.0", "Mozilla Public License Version 2.0", true},
	{"MIT", "Permission is hereby granted free of charge to any person obtaining a copy", true},
	{"BSD", "Redistribution and use in source and binary forms with or without modification are permitted", true}, // BSD-2-Clause or BSD-3-Clause
	{"public domain", "dedicated to the public domain", false},
	{"ISC", "Permission to use copy modify and/or distribute this software for any purpose with or without fee is hereby granted", true},
}

// foreign are words by which a licence that asks for more is known, whatever else stands beside them.
var foreign = []string{"GNU Affero General Public License", "GNU General Public License", "GNU Lesser General Public License",
	"Server Side Public License", "Business Source License", "All advertising materials mentioning features"}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)(\.(md|txt|rst)|[-.][a-z0-9_-]+(\.(md|txt))?)?$`)
	noticeFile  = regexp.MustCompile(`(?i)^notice(\.(md|txt))?$`)
	otherFile   = regexp.MustCompile(`(?i)(\.docs|-LOGO|\.go)$`) // the licence of a text or a picture, which isn't linked

	// MPL-2.0 names the GNU licences as those that may be chosen besides, which asks for nothing.
	secondary = regexp.MustCompile(`(?i)"?secondary licenses?"? means either the GNU General Public License.{0,200}?those licenses`)
	endorse   = regexp.MustCompile(`(?i)neither the names? of|nor the names of|may not be used to endorse`)
)

// text is a file that has to be handed on with what is linked.
type text struct {
	name, words string
	licences    []string // of a licence; none of a notice
}

// licencesOf says which licences a text holds, or what is wrong with it.
func licencesOf(words string) ([]string, error) {
	plain := func(s string) string {
		s = strings.ReplaceAll(strings.ReplaceAll(s, ",", ""), "and distribute this", "and/or distribute this")
		return strings.ToLower(strings.Join(strings.Fields(s), " "))
	}
	all := plain(words)
	for _, f := range foreign {
		if strings.Contains(secondary.ReplaceAllString(all, ""), plain(f)) {
			return nil, fmt.Errorf("it is under the %s", f)
		}
	}
	var found []string
	for _, l := range licences {
		if !strings.Contains(all, plain(l.words)) {
			continue
		}
		switch {
		case l.name != "BSD":
			found = append(found, l.name)
		case endorse.MatchString(all):
			found = append(found, "BSD-3-Clause")
		default:
			found = append(found, "BSD-2-Clause")
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no licence that is known here")
	}
	return found, nil
}

// texts reads the licences and notices of a module, its own and those beside and above its linked packages.
func texts(m module) ([]text, error) {
	dirs := map[string]bool{m.dir: true}
	for _, d := range m.packages {
		for ; d != m.dir && strings.HasPrefix(d, m.dir+string(filepath.Separator)); d = filepath.Dir(d) {
			dirs[d] = true
		}
	}
	var all []text
	for d := range dirs {
		entries, err := os.ReadDir(d)
		if err != nil {
			return nil, fmt.Errorf("read the licences of %s: %w", m, err)
		}
		for _, e := range entries {
			licence, notice := licenceFile.MatchString(e.Name()), noticeFile.MatchString(e.Name())
			if e.IsDir() || otherFile.MatchString(e.Name()) || !licence && !notice {
				continue
			}
			words, err := os.ReadFile(filepath.Join(d, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("read the licences of %s: %w", m, err)
			}
			name, err := filepath.Rel(m.dir, filepath.Join(d, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("read the licences of %s: %w", m, err)
			}
			t := text{name: filepath.ToSlash(name), words: strings.TrimSpace(strings.ReplaceAll(string(words), "\r\n", "\n"))}
			if licence {
				if t.licences, err = licencesOf(t.words); err != nil {
					return nil, fmt.Errorf("%s, %s: %w", m, t.name, err)
				}
			}
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b text) int { return strings.Compare(a.name, b.name) })
	if len(names(all)) == 0 {
		return nil, fmt.Errorf("%s has no licence", m)
	}
	return all, nil
}

// names are the licences of texts, each once, sorted.
func names(texts []text) []string {
	var all []string
	for _, t := range texts {
		all = append(all, t.licences...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// standard is Go's own library and runtime, which every binary links.
func standard(goroot, version string) (module, error) {
	if goroot == "" || version == "" {
		return module{}, fmt.Errorf("go says neither where it is nor its version: got %q and %q", goroot, version)
	}
	return module{path: "std", version: version, dir: goroot}, nil
}
