package catalogue_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

var (
	row       = regexp.MustCompile(`^\| (BYOB-([A-Z]+)-(\d{3})(?:\.\.(\d{3}))?) \| ([^|]+) \| (.*) \|$`)
	following = regexp.MustCompile(`[;,] (0\d\d) `) // "..., 003 to the object": further requirements of a row
	mentioned = regexp.MustCompile(`\bBYOB-[A-Z]+-\d{3}\b`)
)

// The written list of requirements, where it lies beside the checkout, and the catalogue say the same.
func TestCatalogueHoldsEveryRequirementOfTheWrittenList(t *testing.T) {
	text, err := os.ReadFile("../../../shared/requirements.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the written list of requirements does not lie beside this checkout: nothing to compare with")
	}
	if err != nil {
		t.Fatal(err)
	}
	c := load(t)
	written := map[string]string{} // ID -> its level cell
	for _, line := range strings.Split(string(text), "\n") {
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		first := number(t, m[3])
		last := first
		if m[4] != "" {
			last = number(t, m[4])
		}
		for n := first; n <= last; n++ {
			written[fmt.Sprintf("BYOB-%s-%03d", m[2], n)] = m[5]
		}
		for _, f := range following.FindAllStringSubmatch(m[6], -1) {
			written[fmt.Sprintf("BYOB-%s-%s", m[2], f[1])] = m[5]
		}
	}
	t.Logf("%d requirements written, %d in the catalogue", len(written), len(c.All()))
	for id, cell := range written {
		r, ok := c.Get(id)
		if !ok {
			t.Errorf("%s: written, but not in the catalogue", id)
			continue
		}
		now, before, _ := strings.Cut(cell, ", else ")
		want := catalogue.Level(strings.Fields(now)[0])
		if got := strongest(r, "2026-08"); got != want {
			t.Errorf("%s: got level %s at its strongest, want %s (%q)", id, got, want, cell)
		}
		if before != "" && strongest(r, catalogue.DefaultEdition) != catalogue.Level(before) {
			t.Errorf("%s: got level %s before, want %s (%q)", id, strongest(r, catalogue.DefaultEdition), before, cell)
		}
		if strings.Contains(now, "(`2026-08`)") && before == "" && strings.Join(r.Editions, " ") != "2026-08" {
			t.Errorf("%s: got editions %v, want 2026-08 only (%q)", id, r.Editions, cell)
		}
	}
	for _, r := range c.All() {
		if _, ok := written[r.ID]; !ok {
			t.Errorf("%s: in the catalogue, but not written", r.ID)
		}
	}
	for _, id := range mentioned.FindAllString(string(text), -1) {
		if _, ok := c.Get(id); !ok {
			t.Errorf("%s: mentioned, but not in the catalogue", id)
		}
	}
}

// strongest is the level a requirement reaches in an edition, for any provider and whatever the configuration names.
func strongest(r catalogue.Requirement, edition string) catalogue.Level {
	level := r.Level
	for _, rule := range r.Levels {
		in := len(rule.Editions) == 0
		for _, e := range rule.Editions {
			in = in || e == edition
		}
		if in && rule.Level == catalogue.Must {
			level = catalogue.Must
		}
	}
	return level
}

func number(t *testing.T, digits string) int {
	t.Helper()
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
