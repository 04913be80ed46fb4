package reports_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

// element is what a schema lets an element have: its attributes (required ones with a "!"), the forms of some of them, and
// its children as a pattern over their names, each followed by a space.
type element struct {
	attributes string
	children   string
	text       bool
}

// The two published schemas, as facts. Jenkins: xunit-plugin, types/model/xsd/junit-10.xsd. Ant: windyroad/JUnit-Schema,
// JUnit.xsd, "for the Apache Ant JUnit and JUnitReport tasks".
var junitSchemas = map[string]map[string]element{
	"jenkins": {
		"testsuites": {"name time tests failures errors", `(testsuite )*`, false},
		"testsuite": {"name! tests! failures! errors! group time skipped timestamp hostname id package file log url",
			`((testsuite|properties|testcase|system-out|system-err) )*`, false},
		"properties": {"", `(property )*`, false},
		"property":   {"name! value!", ``, false},
		"testcase":   {"name! time classname group", `((skipped|error|failure|rerunFailure|rerunError|flakyFailure|flakyError|system-out|system-err) )*`, false},
		"failure":    {"type message", ``, true},
		"error":      {"type message", ``, true},
		"skipped":    {"type message", ``, true},
		"system-out": {"", ``, true},
		"system-err": {"", ``, true},
	},
	"ant": {
		"testsuites": {"", `(testsuite )*`, false},
		"testsuite": {"package! id! name! timestamp! hostname! tests! failures! errors! skipped time!",
			`properties (testcase )*system-out system-err `, false},
		"properties": {"", `(property )*`, false},
		"property":   {"name! value!", ``, false},
		"testcase":   {"name! classname! time!", `((skipped|error|failure) )?`, false},
		"failure":    {"message type!", ``, true},
		"error":      {"message type!", ``, true},
		"skipped":    {"message type", ``, true}, // without a type in the schema: anything goes
		"system-out": {"", ``, true},
		"system-err": {"", ``, true},
	},
}

var junitForms = map[string]*regexp.Regexp{
	"tests": regexp.MustCompile(`^\d+$`), "failures": regexp.MustCompile(`^\d+$`), "errors": regexp.MustCompile(`^\d+$`),
	"skipped": regexp.MustCompile(`^\d+$`), "id": regexp.MustCompile(`^\d+$`),
	"time":      regexp.MustCompile(`^\d+\.\d+$`), // both an xs:decimal and Jenkins' SUREFIRE_TIME
	"timestamp": regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$`),
	"hostname":  regexp.MustCompile(`\S`), "package": regexp.MustCompile(`\S`), "name": regexp.MustCompile(`\S`),
}

// invalid says what a document has that a schema doesn't let it have.
func invalid(schema map[string]element, doc []byte) error {
	type open struct {
		name     string
		children string
	}
	d := xml.NewDecoder(bytes.NewReader(doc))
	stack := []open{{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		switch x := token.(type) {
		case xml.StartElement:
			name := x.Name.Local
			rule, known := schema[name]
			if !known {
				return fmt.Errorf("an element <%s>", name)
			}
			stack[len(stack)-1].children += name + " "
			allowed := strings.Fields(strings.ReplaceAll(rule.attributes, "!", ""))
			had := map[string]bool{}
			for _, a := range x.Attr {
				if !slices.Contains(allowed, a.Name.Local) {
					return fmt.Errorf("<%s> has an attribute %s", name, a.Name.Local)
				}
				if form := junitForms[a.Name.Local]; form != nil && name != "property" && !form.MatchString(a.Value) {
					return fmt.Errorf("<%s %s=%q>", name, a.Name.Local, a.Value)
				}
				had[a.Name.Local] = true
			}
			for _, a := range strings.Fields(rule.attributes) {
				if must, ok := strings.CutSuffix(a, "!"); ok && !had[must] {
					return fmt.Errorf("<%s> lacks %s", name, must)
				}
			}
			stack = append(stack, open{name: name})
		case xml.EndElement:
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if !regexp.MustCompile("^(?:" + schema[last.name].children + ")$").MatchString(last.children) {
				return fmt.Errorf("<%s> has the children %q", last.name, last.children)
			}
		case xml.CharData:
			if top := stack[len(stack)-1].name; strings.TrimSpace(string(x)) != "" && !schema[top].text {
				return fmt.Errorf("<%s> has text", top)
			}
		}
	}
	if stack[0].children != "testsuites " && stack[0].children != "testsuite " {
		return fmt.Errorf("the root is %q", stack[0].children)
	}
	return nil
}

func TestJUnitIsValidAgainstBothPublishedSchemas(t *testing.T) {
	rs := map[string][]*reports.Result{"nothing": nil, "a sample": {sample()}, "several": {sample(), certified(), whole()}, "an empty one": {{}}}
	for _, h := range hostile {
		rs[h] = []*reports.Result{infested(h)}
	}
	for name, schema := range junitSchemas {
		for what, of := range rs {
			var b bytes.Buffer
			if err := reports.WriteJUnit(&b, of...); err != nil {
				t.Fatal(err)
			}
			if err := invalid(schema, b.Bytes()); err != nil {
				t.Errorf("%s: %q: %v", name, what, err)
			}
		}
	}
}

// A schema check that can't fail proves nothing.
func TestTheSchemaCheckRefuses(t *testing.T) {
	var b bytes.Buffer
	if err := reports.WriteJUnit(&b, sample()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, schema string }{
		{"an unknown element", "<system-err>", "<stderr></stderr><system-err>", "jenkins"},
		{"an attribute at the root", "<testsuites>", `<testsuites skipped="1">`, "jenkins"},
		{"any attribute at the root", "<testsuites>", `<testsuites name="x">`, "ant"},
		{"no host", `hostname="localhost" `, "", "ant"},
		{"a time with a unit", `time="41.320"`, `time="41 s"`, "jenkins"},
		{"a time zone", `timestamp="2026-11-22T09:30:12"`, `timestamp="2026-11-22T09:30:12Z"`, "ant"},
		{"output in a test case", "</testcase>", "<system-out></system-out></testcase>", "ant"},
		{"text in a test case", "</testcase>", "x</testcase>", "jenkins"},
		{"a failure without a type", `type="failed"`, "", "ant"},
		{"another root", "testsuites>", "suites>", "jenkins"},
	} {
		doc := strings.ReplaceAll(b.String(), c.old, c.new)
		if doc == b.String() {
			t.Errorf("%s: the sample has no %q", c.name, c.old)
		}
		if err := invalid(junitSchemas[c.schema], []byte(doc)); err == nil {
			t.Errorf("%s is not refused by %s", c.name, c.schema)
		}
	}
}
