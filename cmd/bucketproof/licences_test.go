package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// licences are those a linked module may be under, each by words of its text that no other one has.
var licences = []struct{ name, words string }{
	{"Apache-2.0", "Apache License Version 2.0"},
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD", "Redistribution and use in source and binary forms, with or without modification, are permitted"},
	{"public domain", "dedicated to the public domain"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
}

// foreign are words by which a licence that asks for more is known, whatever else stands beside them. MPL-2.0 names the GNU
// licences as secondary ones, and so does not count.
var foreign = []string{"GNU AFFERO GENERAL PUBLIC LICENSE", "GNU GENERAL PUBLIC LICENSE", "GNU LESSER GENERAL PUBLIC LICENSE", "Server Side Public License", "Business Source License"}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)(\.(md|txt|rst)|[-.][a-z0-9]+)?$`)

// licenceOf says under which licence a text puts its module, or what is wrong with it.
func licenceOf(text string) (name, wrong string) {
	words := strings.Join(strings.Fields(strings.ReplaceAll(text, "and distribute this", "and/or distribute this")), " ")
	found := ""
	for _, l := range licences {
		if strings.Contains(strings.ToLower(strings.ReplaceAll(words, ",", "")), strings.ToLower(strings.ReplaceAll(l.words, ",", ""))) {
			found = l.name
			break
		}
	}
	if found == "" {
		return "", "no licence that is known here"
	}
	if found != "MPL-2.0" {
		for _, f := range foreign {
			if strings.Contains(strings.ToLower(words), strings.ToLower(f)) {
				return "", f
			}
		}
	}
	return found, ""
}

// Everything that is linked into the program must be under a licence that lets anyone use it in anything.
func TestLinkedModulesAreUnderPermissiveLicences(t *testing.T) {
	list, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", ".").Output()
	if err != nil {
		t.Fatalf("list what is linked: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(list)), "\n")
	slices.Sort(lines)
	counts, modules := map[string]int{}, 0
	for _, line := range slices.Compact(lines) {
		module, dir, ok := strings.Cut(line, "\t")
		if !ok {
			continue
		}
		modules++
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, e := range entries {
			if other := filepath.Ext(e.Name()) == ".docs" || strings.HasSuffix(e.Name(), "-LOGO"); other { // not the code's
				continue
			}
			if e.IsDir() || !licenceFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			seen++
			name, wrong := licenceOf(readText(t, filepath.Join(dir, e.Name())))
			if wrong != "" {
				t.Errorf("%s, %s: %s", module, e.Name(), wrong)
			}
			counts[name]++
		}
		if seen == 0 {
			t.Errorf("%s has no licence", module)
		}
	}
	t.Logf("%d modules: %v", modules, counts)
	if modules < 100 || counts["MIT"] < 20 || counts["Apache-2.0"] < 20 {
		t.Errorf("%d modules were seen: %v", modules, counts)
	}
}

func TestALicenceThatAsksForMoreIsFound(t *testing.T) {
	for text, want := range map[string]string{
		"Permission is hereby granted, free of charge, to any\nperson obtaining a copy of this":           "MIT",
		"                    GNU AFFERO GENERAL PUBLIC LICENSE\n   Version 3, 19 November 2007":           "",
		"Apache License\n Version 2.0, January 2004\n ... parts are under the GNU General Public License": "",
		"All rights reserved.": "",
		"":                     "",
		"Mozilla Public License Version 2.0\n ... Secondary License means either the GNU General Public License": "MPL-2.0",
	} {
		if got, _ := licenceOf(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
