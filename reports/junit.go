package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// The JUnit schema that CI systems read (Jenkins' junit-10.xsd and the properties all of them take besides).
type junitRoot struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Classname string      `xml:"classname,attr"`
	Name      string      `xml:"name,attr"`
	Time      string      `xml:"time,attr"`
	Failure   *junitText  `xml:"failure"`
	Error     *junitText  `xml:"error"`
	Skipped   *junitText  `xml:"skipped"`
	SystemOut *junitPlain `xml:"system-out"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

type junitPlain struct {
	Text string `xml:",chardata"`
}

// WriteJUnit writes one test suite a result and one test case a requirement. A broken MUST is a failure, an errored
// one an error, a pass passes, and everything else is skipped with its reason; a broken SHOULD passes with a warning.
// What was required and is missing appears as skipped. A suite whose verdict is "not certified" or "errored" for a
// reason that no test case shows (an object left behind, say) gets a case "verdict" that does, and so does a file
// without any result: a CI system never sees green where there is no certificate for another reason than skipped
// cases. The suite's properties name verdict, edition, profile and run.
func WriteJUnit(w io.Writer, rs ...*Result) error {
	root := junitRoot{Name: "bucketproof"}
	var total time.Duration
	for _, r := range rs {
		s := junitOf(r)
		root.Suites = append(root.Suites, s)
		total += r.Run.Finished.Sub(r.Run.Started)
	}
	if len(rs) == 0 {
		s := junitSuite{Name: "bucketproof", Time: "0.000"}
		s.add(junitCase{Classname: "bucketproof", Name: "verdict", Time: "0.000",
			Error: &junitText{Message: "there is no result", Type: "errored", Text: "There is no result: nothing was tested."}})
		root.Suites = append(root.Suites, s)
	}
	for _, s := range root.Suites {
		root.Tests += s.Tests
		root.Failures += s.Failures
		root.Errors += s.Errors
		root.Skipped += s.Skipped
	}
	root.Time = seconds(total)
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

func junitOf(r *Result) junitSuite {
	class := "bucketproof." + r.Profile
	s := junitSuite{Name: strings.TrimSpace(r.Profile + " " + r.Subject.Address), Time: seconds(r.Run.Finished.Sub(r.Run.Started))}
	if !r.Run.Started.IsZero() {
		s.Timestamp = r.Run.Started.UTC().Format("2006-01-02T15:04:05")
	}
	for _, p := range [][2]string{
		{"verdict", string(r.Verdict)}, {"why", strings.Join(r.Why, " ")}, {"edition", r.Edition}, {"profile", r.Profile},
		{"provider", r.Subject.Provider}, {"subject", r.Subject.Address}, {"identity", r.Subject.Identity},
		{"store", storeLine(r.Subject.Store)}, {"run", r.Run.ID}, {"program", r.Run.Program},
		{"seed", strconv.FormatInt(r.Run.Seed, 10)}, {"filter", r.Run.Filter},
	} {
		if p[1] != "" {
			s.Properties = append(s.Properties, junitProperty{p[0], p[1]})
		}
	}
	for _, q := range r.Requirements {
		s.add(junitCaseOf(class, q))
	}
	for _, q := range lacking(r) {
		s.add(junitCase{Classname: class, Name: q.ID, Time: "0.000",
			Skipped: &junitText{Message: "missing: it is required, and the run says nothing about it"}})
	}
	if s.Failures == 0 && s.Errors == 0 && r.Verdict != Certified && r.Verdict != Incomplete {
		why := &junitText{Message: strings.Join(append([]string{string(r.Verdict)}, r.Why...), ": "), Type: string(r.Verdict), Text: strings.Join(r.Why, "\n")}
		c := junitCase{Classname: class, Name: "verdict", Time: "0.000"}
		if r.Verdict == NotCertified {
			c.Failure = why
		} else {
			c.Error = why
		}
		s.add(c)
	}
	return s
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

func junitCaseOf(class string, q Requirement) junitCase {
	c := junitCase{Classname: class, Name: strings.TrimSpace(q.ID + " " + q.Title), Time: seconds(time.Duration(q.Milliseconds) * time.Millisecond)}
	message := q.Reason
	if blank(message) {
		message = string(q.Outcome)
	}
	text := &junitText{Message: message, Type: string(q.Outcome), Text: junitStory(q)}
	should := q.Level == Should
	switch {
	case q.Outcome == Passed:
	case q.Outcome == Failed && should:
		c.SystemOut = &junitPlain{"warning: " + message + "\n" + text.Text}
	case q.Outcome == Failed:
		c.Failure = text
	case q.Outcome == Errored && !should:
		c.Error = text
	case !knownOutcome(q.Outcome):
		text.Message = fmt.Sprintf("unknown outcome %q", q.Outcome)
		c.Error = text
	default:
		message = string(q.Outcome)
		if !blank(q.Reason) {
			message += ": " + q.Reason
		}
		c.Skipped = &junitText{Message: message}
		if q.Outcome == Waived || q.Outcome == Errored {
			c.Skipped.Text = text.Text
		}
	}
	return c
}

// junitStory is all a reader needs who sees nothing but the failure: the rule, both sides, what was seen, the remedy.
func junitStory(q Requirement) string {
	var b strings.Builder
	part := func(label, text string) {
		if !blank(text) {
			fmt.Fprintf(&b, "%-13s%s\n", label, strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n             "))
		}
	}
	b.WriteString("\n")
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
