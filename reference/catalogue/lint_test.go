package catalogue_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// fullyBound binds a spec to every requirement that is not pending, in all its profiles.
func fullyBound(c *catalogue.Catalogue) map[string][]string {
	bound, pending := map[string][]string{}, c.Pending()
	for _, r := range c.All() {
		if _, ok := pending[r.ID]; !ok {
			bound[r.ID] = slices.DeleteFunc(slices.Clone(r.Profiles), func(p string) bool { return c.PendingIn(p)[r.ID] != "" })
		}
	}
	return bound
}

func TestLintFindsWhatIsBoundWrongly(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(map[string][]string)
		want   []string
	}{
		{"all is well", func(map[string][]string) {}, nil},
		{"a requirement without a spec", func(b map[string][]string) { delete(b, "BYOB-XFER-007") },
			[]string{"BYOB-XFER-007: has no spec in azure and is not pending"}},
		{"a requirement without a spec in one profile", func(b map[string][]string) { b["BYOB-ADDR-007"] = []string{"gcp"} },
			[]string{"BYOB-ADDR-007: has no spec in connector and is not pending"}},
		{"a spec in a profile the requirement is not in", func(b map[string][]string) { b["BYOB-XFER-007"] = []string{"azure", "gcp"} },
			[]string{"BYOB-XFER-007: has a spec in gcp, a profile it does not belong to"}},
		{"a spec for nothing", func(b map[string][]string) { b["BYOB-NET-099"] = []string{"aws"} },
			[]string{"BYOB-NET-099: has a spec, but is not in the catalogue"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := load(t)
			bound := fullyBound(c)
			tt.change(bound)
			if diff := cmp.Diff(tt.want, c.Lint(bound)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLintNamesAPendingRequirementWithASpec(t *testing.T) {
	c, err := catalogue.LoadFrom(edited(t, "pending.yaml", "pending: []\n", "pending:\n  - suite: throughput\n    reason: \"no spec yet: the throughput suite brings it\"\n"+
		"    requirements: [BYOB-RATE-001]\n"))
	if err != nil {
		t.Fatal(err)
	}
	bound := fullyBound(c)
	bound["BYOB-RATE-001"] = []string{"aws"}
	want := []string{`BYOB-RATE-001: is bound in aws and yet pending ("no spec yet: the throughput suite brings it"): take it off the list`}
	if diff := cmp.Diff(want, c.Lint(bound)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestLintNamesASpecInAProfileWhereTheRequirementIsPending(t *testing.T) {
	c, err := catalogue.LoadFrom(edited(t, "pending.yaml", "pending: []\n", "pending:\n  - suite: retention\n    reason: \"no spec yet: x brings it\"\n"+
		"    profiles: [aws]\n    requirements: [BYOB-KEEP-001]\n"))
	if err != nil {
		t.Fatal(err)
	}
	bound := fullyBound(c)
	if diff := cmp.Diff([]string(nil), c.Lint(bound)); diff != "" {
		t.Errorf("problems without it (-want +got):\n%s", diff)
	}
	bound["BYOB-KEEP-001"] = append(bound["BYOB-KEEP-001"], "aws")
	if diff := cmp.Diff([]string{"BYOB-KEEP-001: is bound in aws and yet pending there: take it off the list"}, c.Lint(bound)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestLintWithoutAnySpecNamesEverythingNotPending(t *testing.T) {
	c := load(t)
	if got, want := len(c.Lint(nil)), len(c.All())-len(c.Pending()); got != want || got == 0 {
		t.Errorf("problems: got %d, want %d", got, want)
	}
}

func TestLintNamesASpecOfARetiredRequirement(t *testing.T) {
	c, err := catalogue.LoadFrom(edited(t, "retired.yaml", "retired: []", "retired: [{id: BYOB-NET-099, why: gone}]"))
	if err != nil {
		t.Fatal(err)
	}
	bound := fullyBound(c)
	bound["BYOB-NET-099"] = []string{"aws"}
	if diff := cmp.Diff([]string{"BYOB-NET-099: has a spec, but is retired"}, c.Lint(bound)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"BYOB-NET-099"}, c.Retired()); diff != "" {
		t.Errorf("retired (-want +got):\n%s", diff)
	}
}

// In this release specs exist for everything.
func TestPendingIsWhatNoSuiteBringsYet(t *testing.T) {
	c := load(t)
	pending := c.Pending()
	for _, r := range c.All() {
		const built = true // all of it
		reason, got := pending[r.ID]
		for _, p := range r.Profiles {
			if why := c.PendingIn(p)[r.ID]; why != reason {
				t.Errorf("%s in %s: got pending for %q, want %q", r.ID, p, why, reason)
			}
		}
		if got == built {
			t.Errorf("%s: pending is %v, want %v", r.ID, got, !built)
		}
		if got && (!strings.HasPrefix(reason, "no spec yet: ") || !strings.HasSuffix(reason, " brings it")) {
			t.Errorf("%s: got reason %q, want one that says what brings it", r.ID, reason)
		}
	}
}

// The counts are printed so that a change of the data shows in the log of every run.
func TestCounts(t *testing.T) {
	c := load(t)
	families, denials, remedies := map[string]int{}, 0, 0
	for _, r := range c.All() {
		families[r.Family]++
		remedies += len(r.Remedy)
		if r.Denial {
			denials++
		}
	}
	for _, f := range c.Families() {
		t.Logf("%-6s %3d  %s", f.ID, families[f.ID], f.About)
		if families[f.ID] == 0 {
			t.Errorf("%s: no requirement", f.ID)
		}
	}
	t.Logf("%d requirements, %d denials, %d remedies, %d pending, %d retired, %d contradictions",
		len(c.All()), denials, remedies, len(c.Pending()), len(c.Retired()), len(c.Contradictions()))
	if got := len(c.Contradictions()); got != 7 {
		t.Errorf("contradictions: got %d, want 7", got)
	}
	for _, e := range c.Editions() {
		for _, p := range c.Profiles() {
			if !slices.Contains(p.Editions, e.ID) {
				t.Logf("%-14s %-13s not in this edition", e.ID, p.Name)
				continue
			}
			entries, err := c.Profile(catalogue.Selection{Profile: p.Name, Edition: e.ID})
			if err != nil {
				t.Errorf("%s %s: %v", e.ID, p.Name, err)
			}
			all, err := c.Profile(catalogue.Selection{Profile: p.Name, Edition: e.ID, Throughput: true, Browser: true, Long: true})
			if err != nil || len(entries) == 0 {
				t.Errorf("%s %s: got %d requirements and error %v, want some", e.ID, p.Name, len(entries), err)
			}
			must := 0
			for _, entry := range entries {
				if entry.Level == catalogue.Must {
					must++
				}
			}
			t.Logf("%-14s %-13s %3d requirements (%d MUST), %d more on request", e.ID, p.Name, len(entries), must, len(all)-len(entries))
		}
	}
}
