package reports

import "fmt"

// kind is one way in which something bears on the verdict.
type kind int

// The order is that of the sentences: what is broken, what is undecided, what is open, what is only to be known.
const (
	broken kind = iota + 1
	brokenBesides
	waivedByNothing
	waiverExpired
	waiverUnmatched
	waiverUnneeded
	waiverForeign
	waiverInvalid
	errored
	passedUnseen
	passedByControlOnly
	deniedWithoutControl
	inapplicableUnseen
	unsupportedUnseen
	waiverNotApplied
	notRunSilently
	outcomeUnknown
	levelUnknown
	levelDiffers
	lineTwice
	lineWithoutID
	requiredTwice
	requiredLevelUnknown
	requiredWithoutID
	keptUnannounced
	waiverUntested
	missing
	notRun
	unverified
	unsupported
	waived
	warning
	warningErrored
	kinds
)

// bearing says what a kind makes of the verdict, and how it is told of one and of several.
func (k kind) bearing() (v Verdict, one, many string) {
	switch k {
	case broken:
		return NotCertified, "is broken", "are broken"
	case brokenBesides:
		return NotCertified, "requirement of level MUST is broken that this profile doesn't even ask for",
			"requirements of level MUST are broken that this profile doesn't even ask for"
	case errored:
		return Undecided, "could not be decided because of an error", "could not be decided because of errors"
	case passedUnseen:
		return Undecided, "is said to have passed, but nothing was observed", "are said to have passed, but nothing was observed"
	case passedByControlOnly:
		return Undecided, "is said to have passed, but only the positive control was observed",
			"are said to have passed, but only their positive controls were observed"
	case deniedWithoutControl:
		return Undecided, "is a refusal that was seen without its positive control: everything may be refused",
			"are refusals that were seen without their positive controls: everything may be refused"
	case inapplicableUnseen:
		return Undecided, "is said not to apply, but nothing was observed", "are said not to apply, but nothing was observed"
	case unsupportedUnseen:
		return Undecided, "is said to be unsupported, but nothing was observed that proves it",
			"are said to be unsupported, but nothing was observed that proves it"
	case waivedByNothing:
		return NotCertified, "requirement is waived, but no waiver that holds says so: it is broken",
			"requirements are waived, but no waivers that hold say so: they are broken"
	case waiverExpired:
		return NotCertified, "waiver had expired when the run ended", "waivers had expired when the run ended"
	case waiverUnmatched:
		return NotCertified, "waiver expects another message than the requirement fails with",
			"waivers expect other messages than the requirements fail with"
	case waiverUnneeded:
		return NotCertified, "waiver is not needed, since the requirement is met: remove it",
			"waivers are not needed, since the requirements are met: remove them"
	case waiverForeign:
		return NotCertified, "waiver is for a requirement that isn't in this run: remove it",
			"waivers are for requirements that aren't in this run: remove them"
	case waiverInvalid:
		return NotCertified, "waiver doesn't say all it must, or stands there twice",
			"waivers don't say all they must, or stand there twice"
	case waiverNotApplied:
		return Undecided, "waiver was not applied", "waivers were not applied"
	case waiverUntested:
		return Incomplete, "waiver is for a requirement that could not be decided", "waivers are for requirements that could not be decided"
	case notRunSilently:
		return Undecided, "was not run, and nothing says why", "were not run, and nothing says why"
	case outcomeUnknown:
		return Undecided, "line of the result has an unknown outcome", "lines of the result have unknown outcomes"
	case levelUnknown:
		return Undecided, "line of the result has an unknown level", "lines of the result have unknown levels"
	case levelDiffers:
		return Undecided, "line of the result has another level than the profile gives it",
			"lines of the result have other levels than the profile gives them"
	case lineTwice:
		return Undecided, "line of the result repeats an ID", "lines of the result repeat an ID"
	case lineWithoutID:
		return Undecided, "line of the result has no ID", "lines of the result have no ID"
	case requiredTwice:
		return Undecided, "line of the required list repeats an ID", "lines of the required list repeat an ID"
	case requiredLevelUnknown:
		return Undecided, "line of the required list has an unknown level", "lines of the required list have unknown levels"
	case requiredWithoutID:
		return Undecided, "line of the required list has no ID", "lines of the required list have no ID"
	case keptUnannounced:
		return Undecided, "object of the run was kept although that was not announced",
			"objects of the run were kept although that was not announced"
	case missing:
		return Incomplete, "is missing from the result", "are missing from the result"
	case notRun:
		return Incomplete, "was not run", "were not run"
	case unverified:
		return Incomplete, "could not be verified on this store", "could not be verified on this store"
	case unsupported:
		return Incomplete, "is not supported, and the profile doesn't make it optional",
			"are not supported, and the profile doesn't make them optional"
	case waived:
		return Certified, "is waived", "are waived"
	case warning:
		return Certified, "recommendation (SHOULD) is not met, which is a warning and decides nothing",
			"recommendations (SHOULD) are not met, which are warnings and decide nothing"
	case warningErrored:
		return Certified, "recommendation (SHOULD) could not be decided, which decides nothing",
			"recommendations (SHOULD) could not be decided, which decides nothing"
	}
	return Undecided, "finding is of an unknown kind", "findings are of an unknown kind"
}

// ofMusts says whether a kind counts the required MUSTs, so that it is told as "2 of 40 requirements".
func (k kind) ofMusts() bool {
	switch k {
	case broken, errored, passedUnseen, passedByControlOnly, deniedWithoutControl, inapplicableUnseen,
		unsupportedUnseen, notRunSilently, missing, notRun, unverified, unsupported, waived:
		return true
	}
	return false
}

// findings are collected while a verdict is being decided.
type findings struct {
	ids  [kinds][]string
	has  map[finding]bool
	said []struct {
		verdict  Verdict
		sentence string
	}
}

// finding is one that has been added, so that thousands of them are told apart in no time.
type finding struct {
	k  kind
	id string
}

func (f *findings) add(k kind, id string) {
	if f.has == nil {
		f.has = map[finding]bool{}
	}
	if x := (finding{k, id}); !f.has[x] {
		f.has[x] = true
		f.ids[k] = append(f.ids[k], id)
	}
}

func (f *findings) say(v Verdict, s string) {
	f.said = append(f.said, struct {
		verdict  Verdict
		sentence string
	}{v, s})
}

// verdict sums the findings up: the gravest decides, and the sentences come gravest first.
func (f *findings) verdict(musts int) (Verdict, []string) {
	verdict := Certified
	why := []string{}
	for _, level := range []Verdict{NotCertified, Undecided, Incomplete, Certified} {
		for k := broken; k < kinds; k++ {
			ids := f.ids[k]
			v, one, many := k.bearing()
			if len(ids) == 0 || v != level {
				continue
			}
			why = append(why, told(k, one, many, ids, musts))
			verdict = graver(verdict, v)
		}
		for _, s := range f.said {
			if s.verdict == level {
				why = append(why, s.sentence)
				verdict = graver(verdict, s.verdict)
			}
		}
	}
	if verdict == Certified {
		all := fmt.Sprintf("All %d requirements of level MUST are met.", musts)
		if musts == 1 {
			all = "The one requirement of level MUST is met."
		}
		why = append([]string{all}, why...)
	}
	return verdict, why
}

func told(k kind, one, many string, ids []string, musts int) string {
	words := many
	if len(ids) == 1 {
		words = one
	}
	if k.ofMusts() {
		return fmt.Sprintf("%d of %s of level MUST %s: %s.", len(ids), plural(musts, "requirement", "requirements"), words, some(ids))
	}
	return fmt.Sprintf("%d %s: %s.", len(ids), words, some(ids))
}

func graver(a, b Verdict) Verdict {
	if gravity(ExitCode(b)) > gravity(ExitCode(a)) {
		return b
	}
	return a
}
