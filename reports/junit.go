package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// What one test case says at most, in characters: parsers refuse a text of some millions. result.json has all of it.
const (
	longestMessage = 4000
	longestPart    = 30000 // of a story: a policy fits (20 KiB on S3), and what has no end leaves room for the rest
	longestStory   = 100000
)

// Both published schemas of JUnit's XML are met: Jenkins' junit-10.xsd and the stricter one of Apache Ant's JUnit tasks
// (JUnit.xsd), which wants system-out and system-err, a host, and no attribute at the root.
type junitRoot struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Package    string          `xml:"package,attr"`
	ID         int             `xml:"id,attr"`
	Hostname   string          `xml:"hostname,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        string          `xml:"system-out"`
	Err        string          `xml:"system-err"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Classname string     `xml:"classname,attr"`
	Name      string     `xml:"name,attr"`
	Time      string     `xml:"time,attr"`
	Failure   *junitText `xml:"failure"`
	Error     *junitText `xml:"error"`
	Skipped   *junitText `xml:"skipped"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes one test suite a result and one test case a requirement. Nothing undecided looks green: a broken
// MUST is a failure; one that is errored, unverified, not run, missing, or passed without an observation is an error;
// what counts as met without having been seen to hold (not applicable, unsupported where optional, waived) is skipped
// with its reason, and so is a recommendation that isn't seen to be met, which decides nothing. A suite that isn't
// certified for a reason no test case shows (an object left behind, say) gets a case "verdict" that does, and so does
// a file without any result. The suite's properties name verdict, edition, profile and run; its output says what the report's first screen
// does, and names the waivers. A result that contradicts itself is shown as errored, here as in every report.
func WriteJUnit(w io.Writer, rs ...*Result) error {
	var root junitRoot
	for i, r := range rs {
		s := junitOf(r.evidenced())
		s.ID = i
		root.Suites = append(root.Suites, s)
	}
	if len(rs) == 0 {
		s := newJUnitSuite("", time.Time{})
		s.Properties = []junitProperty{{"verdict", ""}}
		s.add(junitCase{Classname: "bucketproof", Name: "verdict", Time: "0.000",
			Error: &junitText{Message: "there is no result", Type: "errored", Text: "There is no result: nothing was tested."}})
		root.Suites = append(root.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("writing JUnit: %w", err)
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(root); err != nil {
		return fmt.Errorf("writing JUnit: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("writing JUnit: %w", err)
	}
	return nil
}

// newJUnitSuite is an empty suite. The machine's own name is nobody's business.
func newJUnitSuite(name string, started time.Time) junitSuite {
	if blank(name) {
		name = "bucketproof"
	}
	return junitSuite{Name: name, Package: "bucketproof", Hostname: "localhost", Time: "0.000", Timestamp: started.UTC().Format("2006-01-02T15:04:05")}
}

func junitOf(r *Result) junitSuite {
	class := "bucketproof." + r.Profile
	s := newJUnitSuite(strings.TrimSpace(r.Profile+" "+r.Subject.Address), r.Run.Started)
	s.Time = seconds(r.Run.Finished.Sub(r.Run.Started))
	s.Properties = []junitProperty{{"verdict", string(r.Verdict)}}
	for _, p := range [][2]string{
		{"why", strings.Join(r.Why, " ")}, {"edition", r.Edition}, {"catalogue", r.Catalogue}, {"profile", r.Profile},
		{"provider", r.Subject.Provider}, {"subject", r.Subject.Address}, {"identity", r.Subject.Identity},
		{"store", storeLine(r.Subject.Store)}, {"run", r.Run.ID}, {"program", r.Run.Program},
		{"seed", strconv.FormatInt(r.Run.Seed, 10)}, {"filter", r.Run.Filter},
	} {
		if p[1] != "" {
			s.Properties = append(s.Properties, junitProperty{p[0], p[1]})
		}
	}
	stands, things := r.standings(), todoBy(r)
	for _, q := range r.Requirements {
		s.add(junitCaseOf(r, class, q, stands(q), things[q.ID]))
	}
	for _, q := range lacking(r) {
		c := junitCase{Classname: class, Name: q.ID, Time: "0.000"}
		text := &junitText{Message: missingLine, Type: "missing"}
		if q.Level == Should {
			c.Skipped = text
		} else {
			c.Error = text
		}
		s.add(c)
	}
	if s.Failures == 0 && s.Errors == 0 && r.Verdict != Certified {
		why := &junitText{Message: strings.Join(append([]string{string(r.Verdict)}, r.Why...), ": "), Type: string(r.Verdict), Text: strings.Join(r.Why, "\n")}
		c := junitCase{Classname: class, Name: "verdict", Time: "0.000"}
		if r.Verdict == NotCertified {
			c.Failure = why
		} else {
			c.Error = why
		}
		s.add(c)
	}
	s.Out = firstScreenText(r)
	for _, w := range r.Waivers {
		s.Out += w.ID + ": " + w.words() + "\n"
	}
	return s
}

// firstScreenText is what the report's first screen says, for a CI that shows a suite's output.
func firstScreenText(r *Result) string {
	if r.Verdict == "" {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n%s\nprofile %s, edition %s, %s\n", strings.ToUpper(viewOf(r.Verdict).Word), inline(r.Subject.Address), strings.Join(r.Why, "\n"),
		inline(r.Profile), inline(r.Edition), clock(r.Run.Started))
	for i, line := range firstThings(r) {
		if i == 0 {
			b.WriteString("What to do now:\n")
		}
		fmt.Fprintf(&b, "%d. %s\n", i+1, cut(line, longestMessage))
	}
	return b.String()
}

func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// junitCaseOf is a requirement's test case; thing is what there is to do about it, with its number among what there is to do.
func junitCaseOf(r *Result, class string, q Requirement, stands standing, thing string) junitCase {
	c := junitCase{Classname: class, Name: strings.TrimSpace(q.ID + " " + q.Title), Time: seconds(time.Duration(q.Milliseconds) * time.Millisecond)}
	if stands == standsMet {
		return c
	}
	text := &junitText{Message: cut(message(r, q, stands), longestMessage), Type: string(q.Outcome), Text: cut(junitStory(r, q, thing), longestStory)}
	switch stands {
	case standsBroken:
		c.Failure = text
	case standsAside, standsOpen, standsWarned:
		c.Skipped = text
	default:
		c.Error = text
	}
	return c
}

// message is one line that says what became of a requirement which isn't simply met.
func message(r *Result, q Requirement, stands standing) string {
	word, reason := string(q.Outcome), q.Reason
	switch {
	case stands == standsBroken && q.Outcome == Failed && !blank(reason):
		return reason
	case !knownOutcome(q.Outcome):
		word = fmt.Sprintf("unknown outcome %q", q.Outcome)
	case stands == standsWarned:
		word = "warning"
	case stands == standsUndecided && q.Outcome == Passed:
		word = "passed, but without the observation that would prove it"
	case q.Outcome == Waived && r.waiverOf(q.ID) == "":
		word = "waived, by no waiver"
	}
	if !blank(reason) {
		word += ": " + reason
	}
	if said := r.waiverOf(q.ID); said != "" {
		word += "; " + said
	}
	return word
}

// junitStory is all a reader needs who sees nothing but the failure: the rule, both sides, what was seen, the remedy.
func junitStory(r *Result, q Requirement, thing string) string {
	var b strings.Builder
	part := func(label, text string) {
		if !blank(text) {
			fmt.Fprintf(&b, "%-13s%s\n", label, strings.ReplaceAll(cut(strings.TrimRight(text, "\n"), longestPart), "\n", "\n             "))
		}
	}
	b.WriteString("\n")
	part("to do", thing)
	part("requirement", q.Level+" "+q.Text)
	part("expected", q.Expected)
	part("actual", q.Actual)
	part("reason", ownReason(q))
	for _, o := range q.Observations {
		label := "observed"
		if o.Control {
			label = "control"
		}
		part(label, o.What)
		part("  expected", o.Expected)
		part("  actual", o.Actual)
	}
	part("remedy", q.Remedy)
	part("again", r.reproduce(q.ID))
	part("source", q.Source)
	part("evidence", q.Evidence)
	return b.String()
}

func seconds(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 3, 64)
}

// storeLine names a store in a few words: "versitygw v1.8.0 (embedded)".
func storeLine(s Store) string {
	line := strings.TrimSpace(s.Name + " " + s.Version)
	if s.Kind != "" && line != "" {
		line += " (" + s.Kind + ")"
	}
	return line
}
