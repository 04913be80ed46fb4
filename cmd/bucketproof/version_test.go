package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionSaysHowTheProgramWasBuilt(t *testing.T) {
	const revision, at = "5d08df6fa33b324c45525f1ee88133c8e73e87f9", "2026-11-22T10:44:17Z"
	clone := func(main, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: main}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: revision}, {Key: "vcs.time", Value: at}, {Key: "vcs.modified", Value: modified}}}
	}
	for name, c := range map[string]struct {
		info             *debug.BuildInfo
		release, version string
		commit           string
		modified         bool
	}{
		"go install of a version": {&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "", "1.2.3", "", false},
		"go build in a clone":     {clone("v0.0.0-20261122104417-5d08df6fa33b", "false"), "", "0.0.0-20261122104417-5d08df6fa33b", revision, false},
		"go build in a clone with changes": {clone("v1.2.4-0.20261122104417-5d08df6fa33b+dirty", "true"), "",
			"1.2.4-0.20261122104417-5d08df6fa33b+dirty", revision, true},
		"go build in a clone at a tag":       {clone("v1.2.3", "false"), "", "1.2.3", revision, false},
		"go build without version control":   {&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "", "devel", "", false},
		"a release":                          {clone("v1.2.3", "false"), "1.2.3", "1.2.3", revision, false},
		"a snapshot of a release":            {clone("v0.0.0-20261122104417-5d08df6fa33b", "false"), "0.0.1-snapshot+5d08df6", "0.0.1-snapshot+5d08df6", revision, false},
		"a release's flags and nothing else": {nil, "1.2.3", "1.2.3", "", false},
		"a build without build information":  {nil, "", "devel", "", false},
	} {
		b := buildOf(c.info, c.release)
		if b.Version != c.version || b.Commit != c.commit || b.Modified != c.modified {
			t.Errorf("%s: got version %q, commit %q, modified %v; want %q, %q, %v", name, b.Version, b.Commit, b.Modified, c.version, c.commit, c.modified)
		}
		text := b.text()
		if !strings.HasPrefix(text, "bucketproof "+c.version+" go1") || !strings.Contains(text, "\nedition    2025-09") {
			t.Errorf("%s: got %q", name, text)
		}
		if got := strings.Contains(text, revision) && strings.Contains(text, at); got != (c.commit != "") {
			t.Errorf("%s: the text has the commit: got %v, want %v: %q", name, got, c.commit != "", text)
		}
		if got := strings.Contains(text, "no commit"); got != c.modified {
			t.Errorf("%s: the text speaks of changes: got %v, want %v: %q", name, got, c.modified, text)
		}
	}
}
