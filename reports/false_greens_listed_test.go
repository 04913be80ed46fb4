package reports_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every test that docs/false-greens.md names must be there, where it says.
func TestTheListedTestsAgainstFalseGreensExist(t *testing.T) {
	text, err := os.ReadFile("../docs/false-greens.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[3], "`Test") {
			continue
		}
		for _, m := range regexp.MustCompile("((?:`Test\\w+`(?:, )?)+) \\(([a-z/]+)\\)").FindAllStringSubmatch(cells[3], -1) {
			files, err := filepath.Glob(filepath.Join("..", m[2], "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			var source strings.Builder
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				source.Write(b)
			}
			for _, name := range regexp.MustCompile(`Test\w+`).FindAllString(m[1], -1) {
				named++
				if !strings.Contains(source.String(), "func "+name+"(") {
					t.Errorf("%s has no test %s", m[2], name)
				}
			}
		}
	}
	if named < 20 {
		t.Errorf("%d tests were found in the table, want all of them", named)
	}
}
