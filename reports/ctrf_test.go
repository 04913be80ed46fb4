package reports_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

// ctrf is the schema (ctrf-io/ctrf, schema/ctrf.schema.json) as a reader sees it: what isn't here is refused by the decoder.
type ctrf struct {
	ReportFormat string
	SpecVersion  string
	Timestamp    string
	GeneratedBy  string
	Extra        map[string]any
	Results      struct {
		Tool    struct{ Name, Version string }
		Summary map[string]int64
		Tests   []struct {
			Name, Status, Message, Trace, RawStatus string
			Duration                                *int64
			Suite, Tags                             []string
		}
	}
}

func ctrfOf(t *testing.T, r *reports.Result) ctrf {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteCTRF(&b, r); err != nil {
		t.Fatal(err)
	}
	return readCTRF(t, b.Bytes())
}

func readCTRF(t *testing.T, report []byte) ctrf {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(report))
	d.DisallowUnknownFields()
	var c ctrf
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCTRFIsValidForAnyBytes(t *testing.T) {
	rs := []*reports.Result{sample(), certified(), {}}
	for _, h := range hostile {
		rs = append(rs, infested(h))
	}
	for _, r := range rs {
		c := ctrfOf(t, r)
		if c.ReportFormat != "CTRF" || !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(c.SpecVersion) || c.Results.Tool.Name == "" {
			t.Errorf("head: %+v", c)
		}
		counted := map[string]int64{}
		for _, x := range c.Results.Tests {
			if x.Name == "" || x.Duration == nil || *x.Duration < 0 || !slices.Contains([]string{"passed", "failed", "skipped", "pending", "other"}, x.Status) {
				t.Errorf("test %+v", x)
			}
			counted[x.Status]++
			counted["tests"]++
		}
		for _, name := range []string{"tests", "passed", "failed", "skipped", "pending", "other", "start", "stop"} {
			n, there := c.Results.Summary[name]
			if !there || (name != "start" && name != "stop" && n != counted[name]) {
				t.Errorf("summary %s: got %d (%v), counted %d", name, n, there, counted[name])
			}
		}
		if len(c.Results.Summary) != 8 {
			t.Errorf("summary: %v", c.Results.Summary)
		}
	}
}

func TestCTRFCallsNothingUndecidedPassed(t *testing.T) {
	c := ctrfOf(t, sample())
	got := map[string]string{}
	for _, x := range c.Results.Tests {
		id, _, _ := strings.Cut(x.Name, " ")
		got[id] = x.Status + " " + x.RawStatus
	}
	for id, want := range map[string]string{
		"BYOB-NET-001": "passed passed", "BYOB-CORS-003": "failed failed", "BYOB-SIGN-008": "failed errored", "BYOB-KMS-002": "failed unverified",
		"BYOB-CORS-008": "failed missing", "BYOB-CORS-006": "other failed", "BYOB-CORS-009": "skipped not applicable",
		"BYOB-PERM-020": "skipped waived", "BYOB-KEEP-003": "skipped unsupported", "BYOB-XFER-011": "skipped not run",
	} {
		if got[id] != want {
			t.Errorf("%s: got %q, want %q", id, got[id], want)
		}
	}
	if c.Extra["verdict"] != "not certified" {
		t.Errorf("verdict: got %v", c.Extra["verdict"])
	}
	r := certified()
	r.Safety.CleanUp = "incomplete: 1 object"
	r.Conclude(r.Required)
	if c := ctrfOf(t, r); c.Results.Summary["failed"] != 1 || c.Results.Tests[len(c.Results.Tests)-1].Name != "verdict" {
		t.Errorf("an object left behind: got %+v", c.Results.Summary)
	}
}
