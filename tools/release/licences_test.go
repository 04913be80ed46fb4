package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const (
	mit = "Permission is hereby granted, free of charge, to any\nperson obtaining a copy of this"
	bsd = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted provided that"
)

func TestALicenceIsKnownByItsWords(t *testing.T) {
	for words, want := range map[string]string{
		mit: "MIT",
		bsd: "BSD-2-Clause",
		bsd + "\nNeither the name of Google Inc. nor":                                     "BSD-3-Clause",
		"                       Apache License\n   Version 2.0, January 2004":             "Apache-2.0",
		"Apache License Version 2.0\n=====\n" + mit:                                       "Apache-2.0, MIT",
		"All of SQLite has been dedicated to the public\ndomain by its authors":           "public domain",
		"GNU AFFERO GENERAL PUBLIC LICENSE\n   Version 3, 19 November 2007":               "",
		"Apache License\n Version 2.0 ... parts are under the GNU General Public License": "",
		mit + "\n\n" + bsd + "\nAll advertising materials mentioning features of this":    "",
		"All rights reserved.": "",
		"":                     "",
		"Mozilla Public License Version 2.0\n1.12. \"Secondary License\"\n means either the GNU General Public License, Version 2.0, the GNU" +
			" Lesser General\nPublic License, Version 2.1, the GNU Affero General Public License, Version 3.0, or any later versions of those licenses.": "MPL-2.0",
		"Mozilla Public License Version 2.0, and the GNU General Public License": "",
	} {
		got, err := licencesOf(words)
		if strings.Join(got, ", ") != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v; want %q", words, got, err, want)
		}
	}
}

// Everything that is linked into the program, on whatever platform, must be under a licence that lets anyone use it in
// anything, and that licence must be handed on with a release.
func TestEverythingLinkedIsUnderAPermissiveLicenceAndListed(t *testing.T) {
	root, err := home()
	if err != nil {
		t.Fatal(err)
	}
	on, err := platforms(root)
	if err != nil {
		t.Fatal(err)
	}
	all, err := union(root, program, on)
	if err != nil {
		t.Fatal(err)
	}
	var list bytes.Buffer
	if err := notices(&list, all); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, m := range all {
		found, err := texts(m)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(list.String(), "\n"+m.String()+": "+strings.Join(names(found), ", ")+"\n") {
			t.Errorf("%s isn't in the list", m)
		}
		for _, text := range found {
			if !strings.Contains(list.String(), text.words) {
				t.Errorf("%s: its %s isn't in the list", m, text.name)
			}
		}
		for _, n := range names(found) {
			counts[n]++
		}
	}
	t.Logf("%d modules on %v: %v, in %d bytes", len(all), on, counts, list.Len())
	if len(on) != 6 || len(all) < 150 || counts["MIT"] < 20 || counts["Apache-2.0"] < 20 {
		t.Errorf("too little was seen: %d modules on %v: %v", len(all), on, counts)
	}
	linux, err := linked(root, program, platform{"linux", "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	if len(linux) >= len(all)-1 { // Go's own
		t.Errorf("on Linux alone %d modules are linked, want fewer than the %d of all platforms", len(linux), len(all))
	}
	if slices.ContainsFunc(all, func(m module) bool { return m.path == "github.com/minio/minio" }) {
		t.Error("MinIO's server (AGPL) is linked")
	}
}

func TestAModuleWithoutALicenceIsRefused(t *testing.T) {
	m := module{path: "example.com/bare", version: "v1.0.0", dir: t.TempDir()}
	err := notices(new(bytes.Buffer), []module{m})
	if err == nil || !strings.Contains(err.Error(), "example.com/bare v1.0.0 has no licence") {
		t.Errorf("got %v, want that it has no licence", err)
	}
}
