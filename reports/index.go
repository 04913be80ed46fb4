package reports

import (
	"fmt"
	"io"
	"strings"
)

// IndexEntry is one subject of an index: its result, and the folder its report lies in, relative to the index.
type IndexEntry struct {
	Folder string
	Result *Result
}

// tile is a subject's card in the index.
type tile struct {
	R                   *Result
	Verdict             verdictView
	Store, Why          string
	Counts              []tally
	Bar                 bar
	Report, JSON, JUnit string
}

type indexPage struct {
	Frame   frame
	Verdict verdictView
	Lead    string
	Tiles   []tile
	Caveat  string
	// Nobody are the requirements that must hold and that no store verified; Covered are all, over the stores of each profile.
	Nobody, Covered []Covered
}

// WriteIndex writes index.html: a card for each subject with its verdict, linked to its report. The page's own verdict
// is the gravest of them; without any entry there is none.
func WriteIndex(w io.Writer, entries []IndexEntry) error {
	f, err := newFrame(false)
	if err != nil {
		return err
	}
	p := indexPage{Frame: f, Verdict: viewOf(""), Lead: "There is no subject, so nothing was tested."}
	counts := map[string]int{}
	for i, e := range entries {
		if e.Result == nil {
			return fmt.Errorf("writing the index: entry %q has no result", e.Folder)
		}
		t := newTile(e)
		p.Tiles = append(p.Tiles, t)
		counts[t.Verdict.Word]++
		if i == 0 || gravity(ExitCode(e.Result.Verdict)) > gravityOf(p.Verdict) {
			p.Verdict = t.Verdict
		}
		if c := onlyEmulated(e.Result.Subject.Store); c != "" {
			p.Caveat = "Some of these were tried with emulators only; the cards name the stores."
		}
	}
	if len(entries) > 0 {
		p.Lead = plural(len(entries), "subject", "subjects") + ": " + leadOf(counts) + "."
	}
	if c := Cover(entries); len(c.Requirements) > 0 {
		p.Nobody, p.Covered = c.Nobody(), c.Requirements
	}
	return render(w, "index", p)
}

func newTile(e IndexEntry) tile {
	t := tile{R: e.Result, Verdict: viewOf(e.Result.Verdict), Store: storeLine(e.Result.Subject.Store), Counts: tallies(e.Result)}
	t.Bar = newBar(t.Counts)
	if len(e.Result.Why) > 0 {
		t.Why = e.Result.Why[0]
	}
	t.Report, t.JSON, t.JUnit = e.Folder+"/report.html", e.Folder+"/result.json", e.Folder+"/junit.xml"
	return t
}

// gravityOf is the gravity of a verdict that is already words.
func gravityOf(v verdictView) int {
	for _, known := range []Verdict{Certified, NotCertified, Incomplete, Undecided} {
		if viewOf(known) == v {
			return gravity(ExitCode(known))
		}
	}
	return gravity(ExitCode(""))
}

// leadOf counts verdicts, gravest first: "1 not certified, 4 certified".
func leadOf(counts map[string]int) string {
	var words []string
	for _, v := range []Verdict{NotCertified, Undecided, "", Incomplete, Certified} {
		if word := viewOf(v).Word; counts[word] > 0 {
			words = append(words, fmt.Sprintf("%d %s", counts[word], strings.ToLower(word)))
		}
	}
	return strings.Join(words, ", ")
}
