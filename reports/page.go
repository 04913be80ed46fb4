package reports

import (
	"fmt"
	"strings"
)

// fact is a name and its value in a list of facts.
type fact struct {
	Name, Value string
	Wide        bool
}

// reportPage is what the report's template is given.
type reportPage struct {
	Frame       frame
	R           *Result
	Verdict     verdictView
	Why         [][]mention
	When        string
	Lead        string
	Facts       []fact
	About       []fact
	First, Then []task // what there is to do: what has room on the first screen, and what comes after it
	Counts      []tally
	Bar         bar
	Families    []familyView
	Open        []reasonGroup
	Lacking     []Required
	Waivers     []waiverRow
	SafetyLead  string
	SafetyState string
	SafetyFacts []fact
	Caveat      string
	Throughput  *throughputView // nil without a load
}

// commandWidth is where a command is continued on another line, in characters.
const commandWidth = 100

// Command is what runs the same again.
func (p *reportPage) Command() string {
	if blank(p.R.Run.Command) {
		return ""
	}
	return strings.Join(continued(oneLine(p.R.Run.Command), commandWidth), "\n")
}

// firstScreen is how many things to do are read within a minute, and fit on a phone.
const firstScreen = 3

// Decided is what decided the verdict, and DecidedBy the requirements it names.
func (p *reportPage) Decided() []mention {
	line, _ := p.decided()
	return line
}

// DecidedBy are the requirements that Decided is about; none where it names none at its end.
func (p *reportPage) DecidedBy() []mention {
	_, by := p.decided()
	return by
}

// decided parts the verdict's first sentence where it begins to name requirements: a phone has no room for those.
func (p *reportPage) decided() (line, by []mention) {
	line = p.Why[0]
	if len(line) < 2 || !strings.HasSuffix(line[0].Text, ": ") {
		return line, nil
	}
	return []mention{{Text: strings.TrimSuffix(line[0].Text, ": ")}}, line[1:]
}

// Besides is what else explains the verdict, after what decided it.
func (p *reportPage) Besides() [][]mention {
	if len(p.Why) < 2 {
		return nil
	}
	return p.Why[1:]
}

// After is the number that the list after the first screen begins with.
func (p *reportPage) After() int { return len(p.First) + 1 }

func newReportPage(r *Result) (*reportPage, error) {
	f, err := newFrame(true)
	if err != nil {
		return nil, err
	}
	p := &reportPage{Frame: f, R: r, Verdict: viewOf(r.Verdict), When: clock(r.Run.Started), Facts: runFacts(r), About: aboutFacts(r),
		Counts: tallies(r), Open: byReason(r, open), Lacking: lacking(r), Caveat: onlyEmulated(r.Subject.Store)}
	p.Why, p.Throughput = mentions(r), newThroughputView(r.Throughput)
	p.First = todo(r)
	if n := len(p.First); n > firstScreen {
		p.First, p.Then = p.First[:firstScreen], p.First[firstScreen:]
	}
	p.Lead = todoLead(p.First)
	for _, g := range families(r) {
		p.Families = append(p.Families, newFamilyView(r, g))
	}
	p.Bar = newBar(p.Counts)
	p.SafetyLead, p.SafetyState = safetyLead(r.Safety)
	p.SafetyFacts = safetyFacts(r.Safety)
	for _, w := range r.Waivers {
		row := waiverRow{Waiver: w, Word: "waived"}
		if w.State != Holds {
			row.Word = "failed"
		}
		p.Waivers = append(p.Waivers, row)
	}
	return p, nil
}

// familyView is a family in the report.
type familyView struct {
	Code, Name string
	Counts     []tally
	Lines      []lineView
}

// lineView is a requirement in the report, with what the report says besides.
type lineView struct {
	Requirement
	Word      string
	Where     string // who answered
	Reproduce string
	Sources   []string
}

func newFamilyView(r *Result, g familyGroup) familyView {
	v := familyView{Code: g.Code, Name: g.Name, Counts: tallies(&Result{Requirements: g.Requirements})}
	for _, q := range g.Requirements {
		l := lineView{Requirement: q, Word: shown(q), Where: whereSeen(r, q)}
		for s := range strings.SplitSeq(q.Source, "; ") {
			if !blank(s) {
				l.Sources = append(l.Sources, s)
			}
		}
		if l.Word != string(Passed) && l.Word != string(NotApplicable) {
			l.Reproduce = strings.Join(continued(r.reproduce(q.ID), commandWidth), "\n")
		}
		v.Lines = append(v.Lines, l)
	}
	return v
}

// whereSeen names what a requirement was seen on, "" where nothing was seen.
func whereSeen(r *Result, q Requirement) string {
	switch {
	case len(q.Observations) == 0:
		return ""
	case r.Subject.Store.Kind == "documents":
		return "the documents that were given"
	}
	return storeLine(r.Subject.Store)
}

// waiverRow is a waiver and the word whose colour and icon it has.
type waiverRow struct {
	Waiver
	Word string
}

// factList collects facts, leaving out those that nothing is known of.
type factList []fact

func (fs *factList) add(name, value string, wide bool) {
	if !blank(value) {
		*fs = append(*fs, fact{name, value, wide})
	}
}

// runFacts are what the first screen says of a run beside its verdict.
func runFacts(r *Result) []fact {
	var fs factList
	fs.add("Provider", r.Subject.Provider, false)
	if !r.Run.Finished.IsZero() {
		fs.add("Took", took(r.Run.Finished.Sub(r.Run.Started)), false)
	}
	if r.Subject.Store.Kind != "documents" {
		fs.add("Store", storeLine(r.Subject.Store), true)
	}
	fs.add("Acted as", r.Subject.Identity, true)
	fs.add("Limited to", r.Run.Filter, true)
	return fs
}

// aboutFacts are what one needs to know to run it again, or to compare it.
func aboutFacts(r *Result) []fact {
	var fs factList
	fs.add("Run", r.Run.ID, false)
	fs.add("Seed", fmt.Sprint(r.Run.Seed), false)
	fs.add("Program", r.Run.Program, false)
	fs.add("Started", clock(r.Run.Started), false)
	if !r.Run.Finished.IsZero() {
		fs.add("Finished", clock(r.Run.Finished), false)
	}
	fs.add("Reached at", r.Subject.Store.Via, true)
	fs.add("Digest of the catalogue", r.Catalogue, true)
	return fs
}

func todoLead(ts []task) string {
	switch {
	case len(ts) == 0:
		return ""
	case ts[0].rank == rankWarning:
		return "None of this is required. It is worth mending all the same."
	case len(ts) > 1:
		return "The most important first."
	}
	return ""
}

func safetyLead(s Safety) (lead, state string) {
	unannounced := 0
	for _, k := range s.Kept {
		if !k.Announced {
			unannounced++
		}
	}
	switch {
	case s.ConfigurationUnchanged == "no":
		return "The run changed the bucket's configuration. That must not happen: compare it with your own records.", "failed"
	case s.CleanUp == NothingWritten && s.ObjectsWritten == 0 && len(s.Kept) == 0:
		return "Nothing was written.", "passed"
	case unannounced > 0 || s.CleanUp != Complete:
		return "Something of the run may still be in the bucket. The command sweep removes it, by the run's marker alone.", "errored"
	case len(s.Kept) > 0:
		return "All writes lay below one prefix. Everything was removed that the bucket let go; the rest was announced.", "passed"
	}
	return "All writes lay below one prefix, and everything that was made was removed again.", "passed"
}

// written says what became of what the run wrote, so that the numbers add up: a key that was written to and needed no
// removing at the end had been removed by the check itself, or the store had refused the write.
func written(s Safety) string {
	if s.ObjectsWritten == 0 {
		return "nothing written"
	}
	rest := s.ObjectsWritten - s.Removed - len(s.Kept)
	said := fmt.Sprintf("%s written (%s), %d removed at the end", plural(s.ObjectsWritten, "object", "objects"), size(s.BytesWritten), s.Removed)
	if len(s.Kept) > 0 {
		said += fmt.Sprintf(", %d kept", len(s.Kept))
	}
	switch {
	case rest > 0 && s.CleanUp != Complete:
		said += fmt.Sprintf("; what became of the other %d is not known", rest)
	case rest > 0:
		said += fmt.Sprintf("; the other %d were removed by the checks themselves, or refused by the store", rest)
	case rest < 0:
		said += "; old versions, delete markers and open uploads count as removed, too"
	}
	return said
}

// unchanged says how far the bucket's configuration is known to be as it was.
func unchanged(s Safety) string {
	if blank(s.ConfigurationUnchanged) {
		return "not recorded"
	}
	if len(s.ConfigurationUnread) == 0 {
		return s.ConfigurationUnchanged
	}
	return s.ConfigurationUnchanged + "; not read: " + strings.Join(s.ConfigurationUnread, ", ")
}

func safetyFacts(s Safety) []fact {
	known := func(s string) string {
		if blank(s) {
			return "not recorded"
		}
		return s
	}
	fs := []fact{}
	if !blank(s.Prefix) {
		fs = append(fs, fact{"Prefix of everything written", s.Prefix, true})
	}
	return append(fs,
		fact{"Requests", fmt.Sprint(s.Requests), false},
		fact{"Written and removed", written(s), true},
		fact{"Kept", fmt.Sprint(len(s.Kept)), false},
		fact{"Clean-up", known(s.CleanUp), false},
		fact{"Configuration unchanged", unchanged(s), len(s.ConfigurationUnread) > 0})
}
