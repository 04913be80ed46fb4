package reports

import "strings"

// shown is the word an outcome is shown by: a broken SHOULD is a warning, everything else its outcome.
func shown(q Requirement) string {
	switch {
	case q.Outcome == Failed && q.Level == Should:
		return "warning"
	case !knownOutcome(q.Outcome):
		return "unknown outcome"
	}
	return string(q.Outcome)
}

// shownWords lists what shown can say, gravest first.
func shownWords() []string {
	return []string{"failed", "errored", "unknown outcome", "warning", "not run", "unverified", "unsupported", "waived", "not applicable", "passed"}
}

// tally counts requirements by the word they are shown by.
type tally struct {
	Word  string
	Count int
}

// tallies counts by word, gravest first, and leaves out what there is none of.
func tallies(r *Result) []tally {
	counts := map[string]int{}
	for _, q := range r.Requirements {
		counts[shown(q)]++
	}
	var ts []tally
	for _, w := range shownWords() {
		if counts[w] > 0 {
			ts = append(ts, tally{w, counts[w]})
		}
	}
	return ts
}

// missingLine is what reports say of a requirement without a line.
const missingLine = "missing: it is required, and the run says nothing about it"

// lacking is what was required and is not in the result at all.
func lacking(r *Result) []Required {
	there := map[string]bool{}
	for _, q := range r.Requirements {
		there[q.ID] = true
	}
	var ids []Required
	for _, q := range r.Required {
		if !there[q.ID] {
			there[q.ID] = true
			ids = append(ids, q)
		}
	}
	return ids
}

// family is the middle of an ID: CORS of BYOB-CORS-003.
func family(id string) string {
	parts := strings.Split(id, "-")
	if len(parts) < 3 {
		return "Other"
	}
	return strings.Join(parts[1:len(parts)-1], "-")
}

// familyName says what a family is about; "" for one that isn't in the list.
func familyName(f string) string {
	switch f {
	case "ADDR":
		return "Storage addresses"
	case "AVAIL":
		return "Which storage is on offer where"
	case "PLACE":
		return "What is stored where"
	case "ISO":
		return "Isolation between teams"
	case "TEAM":
		return "Setting storage up"
	case "SIGN":
		return "Pre-signed URLs"
	case "XFER":
		return "Moving bytes"
	case "CORS":
		return "Cross-origin rules"
	case "PERM":
		return "Permissions"
	case "KMS":
		return "Encryption keys"
	case "KEEP":
		return "Versioning and deletion"
	case "NET":
		return "Reaching the store"
	case "RATE":
		return "Throughput"
	}
	return ""
}

// familyGroup is a family of requirements.
type familyGroup struct {
	Code, Name   string
	Requirements []Requirement
}

// families groups requirements by family, in the order in which the families come.
func families(r *Result) []familyGroup {
	var groups []familyGroup
	at := map[string]int{}
	for _, q := range r.Requirements {
		code := family(q.ID)
		i, ok := at[code]
		if !ok {
			i = len(groups)
			at[code] = i
			groups = append(groups, familyGroup{Code: code, Name: familyName(code)})
		}
		groups[i].Requirements = append(groups[i].Requirements, q)
	}
	return groups
}

// reasonGroup is what shares one outcome and one reason.
type reasonGroup struct {
	Word, Reason string
	Requirements []Requirement
}

// remedy is what all of the group have in common, "" where they differ.
func (g reasonGroup) remedy() string {
	for _, q := range g.Requirements {
		if q.Remedy != g.Requirements[0].Remedy {
			return ""
		}
	}
	return g.Requirements[0].Remedy
}

// byReason groups the requirements that wanted picks by outcome and reason, in the order in which they come.
func byReason(r *Result, wanted func(Requirement) bool) []reasonGroup {
	type key struct{ word, reason string }
	var groups []reasonGroup
	at := map[key]int{}
	for _, q := range r.Requirements {
		if !wanted(q) {
			continue
		}
		k := key{shown(q), inline(q.Reason)}
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, reasonGroup{Word: k.word, Reason: k.reason})
		}
		groups[i].Requirements = append(groups[i].Requirements, q)
	}
	return groups
}

// open says whether a run can't say if a requirement holds, although nothing went wrong.
func open(q Requirement) bool {
	return q.Outcome == NotRun || q.Outcome == Unverified || q.Outcome == Unsupported && !q.Optional
}
