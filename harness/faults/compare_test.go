package faults

import (
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

// ran is a result with the outcomes of a few requirements, as "NET-001 passed".
func ran(lines ...string) *reports.Result {
	r := &reports.Result{}
	for _, l := range lines {
		id, outcome, _ := strings.Cut(l, " ")
		r.Requirements = append(r.Requirements, reports.Requirement{ID: "BYOB-" + id, Level: reports.Must, Outcome: reports.Outcome(outcome)})
	}
	return r
}

// A fault that brings the run down is not caught by it, one that changes nothing must change nothing, and what is not in the
// result any more was not seen to stay as it was.
func TestFalseGreenAFaultThatCrashesIsNotCaught(t *testing.T) {
	sound := ran("NET-001 passed", "XFER-001 passed", "XFER-002 passed", "KMS-002 unverified")
	put := Fault{Name: "put-lost", Breaks: []string{"BYOB-XFER-001"}, Blocks: []string{"BYOB-XFER-002"}}
	both := Fault{Name: "put-lost-twice", Breaks: []string{"BYOB-XFER-001", "BYOB-XFER-002"}}
	for _, c := range []struct {
		name  string
		fault Fault
		sound *reports.Result
		got   *reports.Result
		wrong string // "" where the row is good
	}{
		{"caught", put, sound, ran("NET-001 passed", "XFER-001 failed", "XFER-002 passed", "KMS-002 unverified"), ""},
		{"caught, and what it blocks is undecided", put, sound, ran("NET-001 passed", "XFER-001 failed", "XFER-002 errored", "KMS-002 unverified"), ""},
		{"not caught", put, sound, sound, "BYOB-XFER-001 should fail, and is passed"},
		{"the run came down", put, sound, ran("NET-001 errored", "XFER-001 errored", "XFER-002 errored", "KMS-002 errored"), "BYOB-XFER-001 should fail, and is errored"},
		{"the fault was never built in", put, sound, ran("NET-001 passed", "XFER-001 unsupported", "XFER-002 passed", "KMS-002 unverified"), "should fail"},
		{"caught, and something else failed", put, sound, ran("NET-001 failed", "XFER-001 failed", "XFER-002 passed", "KMS-002 unverified"), "BYOB-NET-001 was passed, and is failed"},
		{"caught, and what it blocks failed", put, sound, ran("NET-001 passed", "XFER-001 failed", "XFER-002 failed", "KMS-002 unverified"), "BYOB-XFER-002 was passed, and is failed"},
		{"caught, and something got better", put, sound, ran("NET-001 passed", "XFER-001 failed", "XFER-002 passed", "KMS-002 passed"), "BYOB-KMS-002 was unverified, and is passed"},
		{"one of two caught", both, sound, ran("NET-001 passed", "XFER-001 failed", "XFER-002 passed", "KMS-002 unverified"), "BYOB-XFER-002 should fail"},
		{"one of two caught, the other is gone", both, sound, ran("NET-001 passed", "XFER-001 failed", "KMS-002 unverified"), "BYOB-XFER-002 was passed, and is gone"},
		{"caught, and another requirement is gone", put, sound, ran("XFER-001 failed", "XFER-002 passed", "KMS-002 unverified"), "BYOB-NET-001 was passed, and is gone"},
		{"nothing is left", put, sound, ran(), "not caught"},
		{"a harmless one changes nothing", Harmless(), sound, sound, ""},
		{"a harmless one is caught", Harmless(), sound, ran("NET-001 failed", "XFER-001 passed", "XFER-002 passed", "KMS-002 unverified"), "BYOB-NET-001 was passed, and is failed"},
		{"a harmless one leaves nothing", Harmless(), sound, ran(), "is gone"},
		{"the sound subject", Fault{}, nil, sound, ""},
		{"the sound subject fails", Fault{}, nil, ran("NET-001 passed", "XFER-001 failed"), "the sound subject: BYOB-XFER-001 failed"},
		{"the sound subject errs", Fault{}, nil, ran("NET-001 passed", "XFER-001 errored"), "the sound subject: BYOB-XFER-001 errored"},
		{"of the sound subject nothing passes", Fault{}, nil, ran("KMS-002 unverified"), "nothing passed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := newRow("s3-compatible", c.fault.Name, "", c.fault.Breaks)
			row.compare(c.fault, c.sound, c.got)
			wrong := strings.Join(row.Wrong, "\n")
			if (c.wrong == "") != row.Good() || !strings.Contains(wrong, c.wrong) {
				t.Errorf("got %q, want %q", wrong, c.wrong)
			}
		})
	}
}
