package reports

import "fmt"

// The two levels. A result that names another can't be certified.
const (
	Must   = "MUST"
	Should = "SHOULD"
)

// Required is one line of what a run must meet: a requirement of the profile with its level resolved for the run's
// provider and edition.
type Required struct {
	ID       string `json:"id"`
	Level    string `json:"level"`
	Optional bool   `json:"optional,omitempty"` // unsupported is met
	Denial   bool   `json:"denial,omitempty"`   // passing takes the positive control besides
}

// Conclude makes a result final: it keeps the required list with it, fills the counts, says what became of the
// waivers, and sets the verdict and the sentences that explain it. It is called after the last requirement and the
// clean-up, and by Waive once more.
func (r *Result) Conclude(required []Required) {
	r.APIVersion, r.Kind = APIVersion, Kind
	r.Required = append([]Required{}, required...)
	r.Count()
	for i, state := range r.waiverStates() {
		r.Waivers[i].State = state
	}
	r.Verdict, r.Why = Decide(r.Required, r)
}

// Count fills Counts: how many requirements ended in each outcome, every known outcome being named.
func (r *Result) Count() {
	r.Counts = count(r)
}

func count(r *Result) map[Outcome]int {
	counts := map[Outcome]int{}
	for _, o := range outcomes() {
		counts[o] = 0
	}
	for _, q := range r.Requirements {
		counts[q.Outcome]++
	}
	return counts
}

// outcomes lists the eight outcomes, gravest first: the order reports show them in.
func outcomes() []Outcome {
	return []Outcome{Failed, Errored, NotRun, Unverified, Unsupported, Waived, NotApplicable, Passed}
}

func knownOutcome(o Outcome) bool {
	for _, known := range outcomes() {
		if o == known {
			return true
		}
	}
	return false
}

// Decide is the one verdict function (design: outcomes and verdict). It is pure and fails closed: a run is certified
// only if every MUST of the required list is in the result exactly once and met, at least one of them by passing, the run
// cleaned up after itself, and the bucket's configuration is as it was. A broken MUST outweighs an undecided one, and that an open one. What makes
// no sense (an unknown word, an ID twice, a pass that nothing was observed for) is undecided, never met. SHOULD never
// decides; broken ones are named as warnings. A waived line is met by a waiver that holds, and broken without; a waiver
// that expired, expects another message or isn't needed is as grave as a broken MUST. The sentences say what decided, for a reader who knows no code.
func Decide(required []Required, r *Result) (Verdict, []string) {
	if r == nil {
		return Undecided, []string{"There is no result to decide on."}
	}
	var f findings
	musts := f.list(required)
	f.lines(required, musts, r)
	f.musts(required, musts, r)
	f.safety(r)
	f.waivers(r)
	verdict, why := f.verdict(len(musts))
	if verdict == Certified && !anyPassed(musts, r) {
		return Undecided, []string{"Of all that is required nothing was seen to hold: what doesn't apply, or is waived, proves nothing by itself."}
	}
	return verdict, why
}

// anyPassed says whether any required MUST passed.
func anyPassed(musts map[string]Required, r *Result) bool {
	for _, q := range r.Requirements {
		if _, must := musts[q.ID]; must && q.Outcome == Passed {
			return true
		}
	}
	return false
}

// list judges the required list itself and returns the IDs of level MUST, with how they have to be met.
func (f *findings) list(required []Required) map[string]Required {
	musts := map[string]Required{}
	seen := map[string]bool{}
	for _, q := range required {
		switch {
		case q.ID == "":
			f.add(requiredWithoutID, "(no ID)")
		case seen[q.ID]:
			f.add(requiredTwice, q.ID)
		case q.Level != Must && q.Level != Should:
			f.add(requiredLevelUnknown, q.ID)
		}
		if q.ID != "" && q.Level == Must {
			musts[q.ID] = q
		}
		seen[q.ID] = true
	}
	switch {
	case len(required) == 0:
		f.say(Undecided, "The list of required requirements is empty: nothing was asked, so nothing is proved.")
	case len(musts) == 0:
		f.say(Undecided, "The list of required requirements has none of level MUST: nothing binding was asked.")
	}
	return musts
}

// lines judges what every line of the result must be, whether it is required or not.
func (f *findings) lines(required []Required, musts map[string]Required, r *Result) {
	levels := map[string]string{}
	for _, q := range required {
		levels[q.ID] = q.Level
	}
	seen, held := map[string]bool{}, r.held()
	for _, q := range r.Requirements {
		_, must := musts[q.ID]
		if q.ID == "" {
			f.add(lineWithoutID, fmt.Sprintf("%q", q.Title))
		} else if seen[q.ID] {
			f.add(lineTwice, q.ID)
		}
		seen[q.ID] = true
		if q.Outcome == Waived && !held[q.ID] {
			f.add(waivedByNothing, q.ID)
		}
		if !knownOutcome(q.Outcome) {
			f.add(outcomeUnknown, q.ID)
		}
		if level, ok := levels[q.ID]; q.Level != Must && q.Level != Should {
			f.add(levelUnknown, q.ID)
		} else if ok && level != q.Level {
			f.add(levelDiffers, q.ID)
		}
		switch {
		case must: // judged as required
		case q.Outcome == Failed && q.Level == Must:
			f.add(brokenBesides, q.ID)
		case q.Outcome == Failed && q.Level == Should:
			f.add(warning, q.ID)
		case q.Outcome == Errored && q.Level == Should:
			f.add(warningErrored, q.ID)
		}
	}
}

// musts judges every required MUST by what the result says of it.
func (f *findings) musts(required []Required, musts map[string]Required, r *Result) {
	lines, held := map[string][]Requirement{}, r.held()
	for _, q := range r.Requirements {
		lines[q.ID] = append(lines[q.ID], q)
	}
	done := map[string]bool{}
	for _, q := range required {
		must, ok := musts[q.ID]
		if !ok || done[q.ID] {
			continue
		}
		done[q.ID] = true
		if len(lines[q.ID]) == 0 {
			f.add(missing, q.ID)
		}
		for _, line := range lines[q.ID] {
			if k, met := judge(must, line); !met || k == waived && held[q.ID] {
				f.add(k, q.ID)
			}
		}
	}
}

// judge says whether one line meets a required MUST and, if it doesn't, how. Unknown outcomes were found before; they
// aren't met either.
func judge(must Required, line Requirement) (k kind, met bool) {
	seen, control := observed(line)
	switch line.Outcome {
	case Failed:
		return broken, false
	case Passed:
		switch {
		case !seen && !control:
			return passedUnseen, false
		case !seen:
			return passedByControlOnly, false
		case must.Denial && !control:
			return deniedWithoutControl, false
		}
		return 0, true
	case NotApplicable:
		return inapplicableUnseen, seen || control
	case Unsupported:
		if !must.Optional {
			return unsupported, false
		}
		return unsupportedUnseen, seen || control
	case Waived:
		return waived, true // by a waiver, which was judged with the line
	case Unverified:
		return unverified, false
	case NotRun:
		if blank(line.Reason) {
			return notRunSilently, false
		}
		return notRun, false
	case Errored:
		return errored, false
	}
	return outcomeUnknown, false
}

// observed says whether a line saw its rule, and whether it saw its positive control. An observation that doesn't say
// what was seen is none.
func observed(line Requirement) (seen, control bool) {
	for _, o := range line.Observations {
		switch {
		case blank(o.What):
		case o.Control:
			control = true
		default:
			seen = true
		}
	}
	return seen, control
}

// waivers judges every waiver: one that no longer says what is the case has to go, or to be renewed.
func (f *findings) waivers(r *Result) {
	states := r.waiverStates()
	for i, w := range r.Waivers {
		id := w.ID
		if id == "" {
			id = "(no ID)"
		}
		switch states[i] {
		case Holds:
		case WaiverExpired:
			f.add(waiverExpired, id)
		case WaiverUnmatched:
			f.add(waiverUnmatched, id)
		case WaiverUnneeded:
			f.add(waiverUnneeded, id)
		case WaiverForeign:
			f.add(waiverForeign, id)
		case WaiverUntested:
			f.add(waiverUntested, id)
		case WaiverNotApplied:
			f.add(waiverNotApplied, id)
		default:
			f.add(waiverInvalid, id)
		}
	}
}

// safety judges what the run did to the bucket.
func (f *findings) safety(r *Result) {
	s := r.Safety
	switch s.ConfigurationUnchanged {
	case "no":
		f.say(NotCertified, "The run changed the bucket's configuration.")
	case "yes", UnchangedAsRead, "not readable":
	case "":
		if s.CleanUp != NothingWritten {
			f.say(Undecided, "It is not recorded whether the bucket's configuration is unchanged.")
		}
	default:
		f.say(Undecided, fmt.Sprintf("It is not known whether the bucket's configuration is unchanged: the result says %q.", s.ConfigurationUnchanged))
	}
	switch {
	case s.CleanUp == NothingWritten && (s.ObjectsWritten != 0 || len(s.Kept) != 0):
		f.say(Undecided, fmt.Sprintf("The result says that nothing was written, and yet counts %s written and %d kept.",
			plural(s.ObjectsWritten, "object", "objects"), len(s.Kept)))
	case s.CleanUp == Complete, s.CleanUp == NothingWritten:
	case s.CleanUp == "":
		f.say(Undecided, "It is not recorded whether the run removed what it wrote.")
	default:
		f.say(Undecided, fmt.Sprintf("The run did not remove everything it wrote: the clean-up is %s.", inline(s.CleanUp)))
	}
	for _, k := range s.Kept {
		if !k.Announced {
			f.add(keptUnannounced, inline(k.Key))
		}
	}
}

// ExitCode is the exit code of a run: 0 certified, 1 not certified, 3 errored, 4 incomplete. Of several verdicts the
// gravest counts, in the order 1, 3, 4, 0. No verdict at all, or an unknown one, is 3. (2 is wrong usage, which never
// gets as far as a verdict.)
func ExitCode(vs ...Verdict) int {
	codes := make([]int, 0, len(vs))
	for _, v := range vs {
		c := 3
		switch v {
		case Certified:
			c = 0
		case NotCertified:
			c = 1
		case Incomplete:
			c = 4
		}
		codes = append(codes, c)
	}
	return Gravest(codes...)
}

// Gravest is the exit code of several, each 0, 1, 3 or 4: 3 of none.
func Gravest(codes ...int) int {
	if len(codes) == 0 {
		return 3
	}
	code := 0
	for _, c := range codes {
		if gravity(c) > gravity(code) {
			code = c
		}
	}
	return code
}

func gravity(code int) int {
	switch code {
	case 0:
		return 0
	case 4:
		return 1
	case 1:
		return 3
	}
	return 2
}
