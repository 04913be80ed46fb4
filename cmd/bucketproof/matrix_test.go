package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bucketproof/bucketproof/reference/availability"
)

// TestTheDrawnMatrixFitsTheTerminal draws each edition's table and reads it back, column by column.
func TestTheDrawnMatrixFitsTheTerminal(t *testing.T) {
	for _, edition := range availability.Editions() {
		page, err := availability.Table(edition)
		if err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{72, 80} {
			drawn := drawTable(page, width)
			var columns [4]string // all that stands in a column, its wrapped lines joined without spaces
			for _, line := range strings.Split(strings.TrimSuffix(drawn, "\n"), "\n") {
				if n := text.StringWidth(line); n > width {
					t.Errorf("%s: got a line of %d columns, want at most %d: %s", edition, n, width, line)
				}
				if cells := strings.Split(line, "|"); len(cells) == 6 {
					for i, c := range cells[1:5] {
						columns[i] += strings.ReplaceAll(c, " ", "")
					}
				}
			}
			want := [4]string{page.Columns[0], page.Columns[1], page.Columns[2], page.Columns[3]}
			for _, r := range page.Rows {
				for i, c := range [4]string{r.Name, r.Instance, r.Team, r.Information} {
					want[i] += c
				}
			}
			for i := range want {
				if w := strings.ReplaceAll(want[i], " ", ""); columns[i] != w {
					t.Errorf("%s, column %d:\ngot  %s\nwant %s", edition, i+1, columns[i], w)
				}
			}
		}
	}
}

func TestCellsAndNotesFitTheTerminal(t *testing.T) {
	for _, edition := range availability.Editions() {
		got := call(t, "", "list", "--matrix", "--edition", edition)
		if got.code != exitOK || got.err != "" {
			t.Fatalf("%s: got exit code %d, %q", edition, got.code, got.err)
		}
		providers := 0
		for _, line := range strings.Split(got.out, "\n") {
			if strings.HasPrefix(line, "| ") { // the table, one row a line where no terminal is
				continue
			}
			if n := text.StringWidth(line); n > columns {
				t.Errorf("%s: got a line of %d columns, want at most %d: %s", edition, n, columns, line)
			}
			if strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ") {
				providers++
			}
		}
		if providers != 30 {
			t.Errorf("%s: got %d cells, want 30", edition, providers)
		}
	}
}

func TestTheMatrixAsJSONIsTheWholeMatrix(t *testing.T) {
	for _, edition := range availability.Editions() {
		got := call(t, "", "list", "--matrix", "--json", "--edition", edition)
		var read struct {
			Table availability.Page
			Cells []availability.Cell
		}
		if err := json.Unmarshal([]byte(got.out), &read); err != nil || got.code != exitOK {
			t.Fatalf("%s: got exit code %d, %v", edition, got.code, err)
		}
		want, err := availability.Matrix(edition)
		if err != nil {
			t.Fatal(err)
		}
		if len(read.Cells) != len(want) || len(read.Table.Rows) != 3 || read.Table.Edition != edition {
			t.Fatalf("%s: got %d cells and %d rows of edition %s, want %d and 3", edition, len(read.Cells), len(read.Table.Rows), read.Table.Edition, len(want))
		}
		for i := range want {
			if read.Cells[i].Provider != want[i].Provider || read.Cells[i].Answer != want[i].Answer || read.Cells[i].Requirement != want[i].Requirement {
				t.Errorf("%s, cell %d: got %+v, want %+v", edition, i, read.Cells[i], want[i])
			}
		}
	}
}
