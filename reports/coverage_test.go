package reports_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

// on is a result with outcomes for some requirements, on a store.
func on(profile, store, kind string, outcomes map[string]reports.Outcome) reports.IndexEntry {
	r := &reports.Result{Profile: profile, Subject: reports.Subject{Store: reports.Store{Name: store, Kind: kind}}}
	for _, id := range []string{"A", "B", "C", "D"} {
		level := "MUST"
		if id == "D" {
			level = "SHOULD"
		}
		if o := outcomes[id]; o != "" {
			r.Requirements = append(r.Requirements, reports.Requirement{ID: id, Level: level, Title: "rule " + id, Outcome: o, Reason: "because of " + store})
		}
	}
	return reports.IndexEntry{Folder: profile, Result: r}
}

func TestARequirementIsVerifiedByTheStoresItPassedOn(t *testing.T) {
	entries := []reports.IndexEntry{
		on("aws", "versitygw", "embedded", map[string]reports.Outcome{"A": reports.Passed, "B": reports.Unverified, "C": reports.Unverified, "D": reports.Unverified}),
		on("aws", "MinIO", "container", map[string]reports.Outcome{"A": reports.Passed, "B": reports.Passed, "C": reports.NotRun, "D": reports.Unverified}),
		on("gcp", "fake-gcs-server", "embedded", map[string]reports.Outcome{"A": reports.Unverified, "B": reports.NotApplicable}),
	}
	c := reports.Cover(entries)
	var nobody []string
	for _, r := range c.Nobody() {
		nobody = append(nobody, r.Profile+" "+r.ID+": "+r.Why())
	}
	want := "aws C: unverified: because of versitygw; not run: because of MinIO\ngcp A: unverified: because of fake-gcs-server"
	if got := strings.Join(nobody, "\n"); got != want {
		t.Errorf("verified by nobody: got\n%s\nwant\n%s", got, want)
	}
	for _, r := range c.Requirements {
		if r.Profile == "aws" && r.ID == "B" && (len(r.Verified) != 1 || r.Verified[0] != "MinIO, container") {
			t.Errorf("aws B is verified by %q, want MinIO alone", r.Verified)
		}
	}
	var page bytes.Buffer
	if err := reports.WriteIndex(&page, entries); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(page.String(), `id="subjects"`)
	for _, want := range []string{"aws C", "gcp A", "because of MinIO"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first screen doesn't say %q", want)
		}
	}
	if strings.Contains(first, "aws B") {
		t.Error("the first screen names a requirement that a store verified")
	}
}
