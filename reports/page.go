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

// task is one card of "What to do now": one requirement, or several that share a cause.
type task struct {
	Word, Reason string
	Requirements []Requirement
}

// Together says whether the card stands for several requirements, which keep their details in the table.
func (t task) Together() bool { return len(t.Requirements) > 1 }

// reportPage is what the report's template is given.
type reportPage struct {
	Frame       frame
	R           *Result
	Verdict     verdictView
	Facts       []fact
	Notes       []string
	Todo        []task
	TodoLead    string
	Counts      []tally
	Bar         bar
	Families    []familyGroup
	Open        []reasonGroup
	Lacking     []Required
	Waivers     []waiverRow
	SafetyLead  string
	SafetyState string
	SafetyFacts []fact
	Caveat      string
	elsewhere   map[string]bool
}

// Elsewhere says whether a requirement has its details in a card of its own, and not in the table.
func (p *reportPage) Elsewhere(id string) bool { return p.elsewhere[id] }

func newReportPage(r *Result) (*reportPage, error) {
	f, err := newFrame(true)
	if err != nil {
		return nil, err
	}
	p := &reportPage{Frame: f, R: r, Verdict: viewOf(r.Verdict), Facts: runFacts(r), Notes: r.Subject.Store.Notes,
		Todo: tasks(r), Counts: tallies(r), Families: families(r), Open: byReason(r, open), Lacking: lacking(r),
		Caveat: onlyEmulated(r.Subject.Store), elsewhere: map[string]bool{}}
	p.Bar = newBar(p.Counts)
	for _, t := range p.Todo {
		if !t.Together() {
			p.elsewhere[t.Requirements[0].ID] = true
		}
	}
	p.TodoLead = todoLead(p.Todo)
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

// waiverRow is a waiver and the word whose colour and icon it has.
type waiverRow struct {
	Waiver
	Word string
}

func runFacts(r *Result) []fact {
	var fs []fact
	add := func(name, value string, wide bool) {
		if !blank(value) {
			fs = append(fs, fact{name, value, wide})
		}
	}
	add("Profile", r.Profile, false)
	add("Edition of the rules", r.Edition, false)
	add("Provider", r.Subject.Provider, false)
	add("Store", storeLine(r.Subject.Store), false)
	add("The run acted as", r.Subject.Identity, true)
	add("Limited to", r.Run.Filter, true)
	add("Started", clock(r.Run.Started), false)
	if !r.Run.Finished.IsZero() {
		add("Took", took(r.Run.Finished.Sub(r.Run.Started)), false)
	}
	add("Run", r.Run.ID, false)
	add("Seed", fmt.Sprint(r.Run.Seed), false)
	add("Program", r.Run.Program, false)
	return fs
}

// tasks puts what is broken first, then what could not be decided, gathered by its cause, then the warnings.
func tasks(r *Result) []task {
	var ts []task
	single := func(word string) {
		for _, q := range r.Requirements {
			if shown(q) == word {
				ts = append(ts, task{word, q.Reason, []Requirement{q}})
			}
		}
	}
	single("failed")
	for _, g := range byReason(r, func(q Requirement) bool { return q.Outcome == Errored }) {
		if g.Reason != "" {
			ts = append(ts, task(g))
			continue
		}
		for _, q := range g.Requirements { // without a reason nothing says that they share a cause
			ts = append(ts, task{g.Word, "", []Requirement{q}})
		}
	}
	single("unknown outcome")
	single("warning")
	return ts
}

func todoLead(ts []task) string {
	n := map[string]int{}
	for _, t := range ts {
		n[t.Word]++
	}
	switch {
	case n["failed"] > 0:
		return "Mend what failed, then run again. What errored may mend itself with it."
	case n["errored"] > 0:
		return "Nothing is known to be broken here, but these got no answer. Clear the cause, then run again."
	}
	return "Nothing of this is required. It is worth mending all the same."
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
