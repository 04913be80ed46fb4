package reports_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/joshdk/go-junit"
)

// parsed writes JUnit and reads it with a parser that isn't ours.
func parsed(t *testing.T, rs ...*reports.Result) ([]junit.Suite, string) {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteJUnit(&b, rs...); err != nil {
		t.Fatal(err)
	}
	return ingested(t, b.String()), b.String()
}

// ingested reads JUnit with a parser that isn't ours.
func ingested(t *testing.T, report string) []junit.Suite {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(report))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, report)
		}
	}
	suites, err := junit.Ingest([]byte(report))
	if err != nil {
		t.Fatalf("the parser refuses it: %v\n%s", err, report)
	}
	return suites
}

func find(t *testing.T, s junit.Suite, id string) junit.Test {
	t.Helper()
	for _, c := range s.Tests {
		if strings.HasPrefix(c.Name, id) {
			return c
		}
	}
	t.Fatalf("no test case %s", id)
	return junit.Test{}
}

func TestJUnitReadsBack(t *testing.T) {
	suites, text := parsed(t, sample(), certified())
	if len(suites) != 2 {
		t.Fatalf("got %d suites, want 2", len(suites))
	}
	s := suites[0]
	if s.Name != "aws "+sample().Subject.Address {
		t.Errorf("suite name: got %q", s.Name)
	}
	for name, want := range map[string]string{"verdict": "not certified", "edition": "2025-09", "profile": "aws", "run": "20261122-093012-7f3a", "store": "versitygw v1.8.0 (embedded)"} {
		if got := s.Properties[name]; got != want {
			t.Errorf("property %s: got %q, want %q", name, got, want)
		}
	}
	// failed: two broken MUSTs; errors: one errored, two unverified, one missing; skipped: not applicable, unsupported and
	// optional, waived, a broken recommendation, and two that nobody required and that were not run
	if got := s.Totals; got.Failed != 2 || got.Error != 4 || got.Skipped != 6 || got.Passed != 8 || got.Tests != 20 {
		t.Errorf("totals: got %+v", got)
	}
	if got := suites[1].Totals; got.Failed != 0 || got.Error != 0 || got.Skipped != 1 || got.Tests != got.Passed+1 {
		t.Errorf("totals of the certified run: got %+v", got)
	}
	for _, want := range []string{`id="0" hostname="localhost" tests="20" failures="2" errors="4" skipped="6" time="41.320" timestamp="2026-11-22T09:30:12"`, `id="1"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text[:400])
		}
	}

	failed := find(t, s, "BYOB-CORS-003 The CORS policy exposes ETag")
	if failed.Classname != "bucketproof.aws" || failed.Status != junit.StatusFailed || failed.Message != "no rule exposes ETag" {
		t.Errorf("a broken MUST: got %+v", failed)
	}
	for _, want := range []string{"requirement  MUST The bucket's CORS policy exposes the header ETag", "expected     ExposeHeaders: [ETag]", "actual       ExposeHeaders: []",
		"remedy       aws s3api put-bucket-cors", `"ExposeHeaders": ["ETag"]`, "source       Bring your own bucket"} {
		if !strings.Contains(failed.Error.Error(), want) {
			t.Errorf("the failure doesn't say %q:\n%s", want, failed.Error)
		}
	}
	if c := find(t, s, "BYOB-SIGN-008"); c.Status != junit.StatusError || !strings.Contains(c.Error.Error(), "connection reset by peer") {
		t.Errorf("an errored MUST: got %+v", c)
	}
	for id, want := range map[string]string{
		"BYOB-XFER-011": "not run: needs --long", "BYOB-KEEP-003": "unsupported: AWS has no soft deletion",
		"BYOB-CORS-009": "not applicable: the policy allows every origin", "BYOB-CORS-006": "warning: max age is shorter than recommended",
		"BYOB-PERM-020": "waived: an anonymous GET of /public/logo.svg was answered 200; waiver of J. Doe until 2027-03-31, which holds",
	} {
		if c := find(t, s, id); c.Status != junit.StatusSkipped || !strings.HasPrefix(c.Message, want) {
			t.Errorf("%s: got %s %q, want skipped with %q", id, c.Status, c.Message, want)
		}
	}
	for id, want := range map[string]string{"BYOB-KMS-002": "unverified: this store ignores encryption headers", "BYOB-CORS-008": "missing: it is required"} {
		if c := find(t, s, id); c.Status != junit.StatusError || !strings.HasPrefix(c.Message, want) {
			t.Errorf("%s: got %s %q, want an error with %q", id, c.Status, c.Message, want)
		}
	}
}

// hostile is text a broken or malicious store may answer with.
var hostile = []string{"]]>", "<img src=x onerror=alert(1)>", "a\x00b", "\xff\xfe", "\x1b[31mred\x1b[0m", "</script><script>alert(1)</script>", "--><!--", "&lt;&#0;", "javascript:alert(1)", "\"'`", "\u202eevil", "{{.}}"}

// infested is a sample with hostile text in every field that comes from outside.
func infested(h string) *reports.Result {
	r := sample()
	for i := range r.Requirements {
		q := &r.Requirements[i]
		q.Title, q.Text, q.Source, q.Reason, q.Expected, q.Actual, q.Remedy, q.Evidence = q.Title+h, h, h, h, h, h, h, h
		q.Observations = append(q.Observations, reports.Observation{What: h, Expected: h, Actual: h, Exchanges: []reports.Exchange{
			{Method: h, URL: h, Sent: []string{h}, Status: 403, Received: []string{h}, Body: h}, {Method: "GET", URL: "https://x.example/" + h, Failure: h}}})
	}
	r.Subject.Address, r.Subject.Identity, r.Subject.Store.Name = h, h, h
	r.Subject.Store.Notes = []string{h}
	r.Subject.Store.Fidelity = []reports.Fidelity{{What: h, Enforced: h, Seen: h}}
	r.Safety.Announced, r.Safety.Prefix, r.Safety.CleanUp = []string{h}, h, h
	r.Safety.Kept = []reports.Kept{{Key: h, Version: h, Why: h}}
	r.Edition, r.Profile, r.Run.ID, r.Run.Program, r.Run.Filter, r.Run.Command = h, h, h, h, h, h
	r.Conclude(r.Required)
	return r
}

func TestJUnitIsValidForAnyBytes(t *testing.T) {
	for _, h := range hostile {
		suites, text := parsed(t, infested(h))
		if strings.Contains(text, "<img") || strings.Contains(text, "<script") || strings.ContainsAny(text, "\x00\x1b") {
			t.Errorf("%q went through unescaped", h)
		}
		c := find(t, suites[0], "BYOB-CORS-003")
		want := strings.ToValidUTF8(h, "\ufffd")
		want = strings.NewReplacer("\x00", "\ufffd", "\x1b", "\ufffd").Replace(want)
		if h != "\xff\xfe" && !strings.Contains(c.Error.Error(), want) {
			t.Errorf("%q is lost: %s", h, c.Error)
		}
	}
}

// libxml2 refuses a text of ten million characters, and with it whoever reads JUnit by it.
func TestEndlessMessagesAreCutForMachines(t *testing.T) {
	r := sample()
	q := &r.Requirements[6] // one that failed
	q.Reason, q.Actual, q.Remedy = strings.Repeat("é]]>\n", 1<<18), strings.Repeat("\x1b", 1<<18), strings.Repeat("<", 1<<18)
	suites, text := parsed(t, r)
	c := find(t, suites[0], q.ID)
	if c.Status != junit.StatusFailed || !strings.HasPrefix(c.Message, "é]]>") || !strings.HasSuffix(c.Message, "(...)") || !strings.Contains(c.Error.Error(), "expected ") {
		t.Errorf("got %s, %.100q", c.Status, c.Message)
	}
	if len(text) > 1<<20 {
		t.Errorf("JUnit of %d bytes", len(text))
	}
	var b bytes.Buffer
	if err := reports.WriteCTRF(&b, r); err != nil || b.Len() > 1<<20 {
		t.Errorf("CTRF of %d bytes, error %v", b.Len(), err)
	}
}

func TestJUnitIsNeverGreenWithoutACertificate(t *testing.T) {
	for _, c := range []struct {
		name          string
		change        func(*reports.Result)
		failed, error int
	}{
		{"an object left behind", func(r *reports.Result) { r.Safety.CleanUp = "incomplete: 1 object" }, 0, 1},
		{"a changed configuration", func(r *reports.Result) { r.Safety.ConfigurationUnchanged = "no" }, 1, 0},
		{"a pass without an observation", func(r *reports.Result) { r.Requirements[0].Observations = nil }, 0, 1},
		{"an unknown outcome", func(r *reports.Result) { r.Requirements[0].Outcome = "ok" }, 0, 1},
	} {
		r := certified()
		c.change(r)
		r.Conclude(r.Required)
		suites, _ := parsed(t, r)
		if got := suites[0].Totals; got.Failed != c.failed || got.Error != c.error {
			t.Errorf("%s: got %d failed and %d errors, want %d and %d", c.name, got.Failed, got.Error, c.failed, c.error)
		}
	}
	if suites, _ := parsed(t); len(suites) != 1 || suites[0].Totals.Error != 1 {
		t.Errorf("no result at all: got %+v", suites)
	}
	r := certified()
	r.Verdict = ""
	if suites, _ := parsed(t, r); suites[0].Totals.Error != 1 {
		t.Errorf("a result without verdict: got %+v", suites[0].Totals)
	}
}
