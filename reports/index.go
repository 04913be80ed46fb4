package reports

import (
	"fmt"
	"io"
	"slices"
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
	Store               string
	First               *task // what to do first, nil where nothing is
	Counts              []tally
	Bar                 bar
	Report, JSON, JUnit string
}

type indexPage struct {
	Frame   frame
	Verdict verdictView
	Lead    string
	Tiles   []tile
	Rows    []matrixRow
	Legend  []string
	Caveat  string
	// Nobody are the requirements that must hold and that no store verified.
	Nobody []UnseenGroup
}

// matrixRow is a requirement with what became of it for each subject, "" where the profile doesn't have it.
type matrixRow struct {
	ID, Title string
	Words     []string
	Seen      string // how many subjects saw it hold or broken; "" where nobody did
}

// matrix is what was seen where: without it nobody would know of a requirement that no store of a run could verify.
func matrix(entries []IndexEntry) (rows []matrixRow, legend []string) {
	at, met, words := map[string]int{}, map[string]int{}, map[string]bool{}
	for i, e := range entries {
		for _, q := range e.Result.Requirements {
			k, there := at[q.ID]
			if !there {
				k = len(rows)
				at[q.ID] = k
				rows = append(rows, matrixRow{ID: q.ID, Title: q.Title, Words: make([]string, len(entries))})
			}
			rows[k].Words[i] = shown(q)
			words[shown(q)] = true
			if q.Outcome == Passed || q.Outcome == Failed {
				met[q.ID]++
			}
		}
	}
	for k := range rows {
		asked, aside := 0, 0
		for _, w := range rows[k].Words {
			if w != "" {
				asked++
			}
			if w == string(NotApplicable) {
				aside++
			}
		}
		switch n := met[rows[k].ID]; {
		case n > 0:
			rows[k].Seen = fmt.Sprintf("%d of %d", n, asked)
		case aside == asked:
			rows[k].Seen = "applies to none"
		}
	}
	for _, w := range shownWords() {
		if words[w] {
			legend = append(legend, w)
		}
	}
	families := map[string]int{}
	for k, row := range rows {
		if _, there := families[family(row.ID)]; !there {
			families[family(row.ID)] = k
		}
	}
	slices.SortStableFunc(rows, func(a, b matrixRow) int { // a profile that lacks a requirement would else put it at another's end
		if d := families[family(a.ID)] - families[family(b.ID)]; d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	return rows, legend
}

// WriteIndex writes index.html: a card for each subject with its verdict, linked to its report. The page's own verdict
// is the gravest of them; without any entry there is none.
func WriteIndex(w io.Writer, entries []IndexEntry) error {
	f, err := newFrame(false)
	if err != nil {
		return err
	}
	p := indexPage{Frame: f, Verdict: viewOf(""), Lead: "There is no subject, so nothing was tested."}
	counts, emulated := map[string]int{}, 0
	for i, e := range entries {
		if e.Result == nil {
			return fmt.Errorf("writing the index: entry %q has no result", e.Folder)
		}
		e.Result = e.Result.evidenced()
		t := newTile(e)
		p.Tiles = append(p.Tiles, t)
		counts[t.Verdict.Word]++
		if i == 0 || gravity(ExitCode(e.Result.Verdict)) > gravityOf(p.Verdict) {
			p.Verdict = t.Verdict
		}
		if c := onlyEmulated(e.Result.Subject.Store); c != "" {
			emulated++
		}
	}
	switch {
	case emulated > 0 && emulated == len(entries):
		p.Caveat = "All of this was tried with emulators: nothing here is about a bucket of yours."
	case emulated > 0:
		p.Caveat = "Some of these were tried with emulators only; the cards name the stores."
	}
	p.Rows, p.Legend = matrix(entries)
	if len(entries) > 0 {
		p.Lead = plural(len(entries), "subject", "subjects") + ": " + leadOf(counts) + "."
	}
	p.Nobody = Cover(entries).NobodyByReason()
	return render(w, "index", p)
}

func newTile(e IndexEntry) tile {
	t := tile{R: e.Result, Verdict: viewOf(e.Result.Verdict), Store: storeLine(e.Result.Subject.Store), Counts: tallies(e.Result)}
	t.Bar = newBar(t.Counts)
	if ts := todo(e.Result); len(ts) > 0 {
		t.First = &ts[0]
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
