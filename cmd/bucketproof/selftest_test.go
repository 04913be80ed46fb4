package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/faults"
)

// A selftest is green when faults were caught and nothing was wrong: not when nothing was tried, or the sound subject alone.
func TestFalseGreenASelftestThatCaughtNothing(t *testing.T) {
	sound := faults.Row{Profile: "aws"}
	caught := faults.Row{Profile: "aws", Fault: "put-lost", Breaks: []string{"BYOB-XFER-001"}, Failed: []string{"BYOB-XFER-001"}}
	missed := faults.Row{Profile: "aws", Fault: "put-lost", Breaks: []string{"BYOB-XFER-001"}, Wrong: []string{"not caught"}}
	harmless := faults.Row{Profile: "aws", Fault: "none"}
	untried := faults.Row{Profile: "azure", NotRun: "no store"}
	for _, c := range []struct {
		name string
		rows []faults.Row
		code int
	}{
		{"a fault is caught", []faults.Row{sound, caught, harmless}, exitOK},
		{"a fault is missed", []faults.Row{sound, caught, missed}, exitNot},
		{"a profile was not tried", []faults.Row{sound, caught, untried}, exitIncomplete},
		{"one is missed, and one was not tried", []faults.Row{missed, untried}, exitNot},
		{"nothing was tried", nil, exitNot},
		{"the sound subject alone", []faults.Row{sound}, exitNot},
		{"a harmless one alone", []faults.Row{sound, harmless}, exitNot},
	} {
		for _, asJSON := range []bool{false, true} {
			var out bytes.Buffer
			err := concludeSelftest(streams{in: strings.NewReader(""), out: &out, err: &out}, matrixResult{Rows: c.rows}, asJSON)
			code := exitOK
			if e := (*exitError)(nil); errors.As(err, &e) {
				code = e.code
			} else if err != nil {
				t.Fatal(err)
			}
			if code != c.code {
				t.Errorf("%s: exit code %d, want %d\n%s", c.name, code, c.code, out.String())
			}
		}
	}
}
