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

// A store that could not be had is said once, and each requirement is named all the same.
func TestWhatNobodyVerifiedForOneReasonIsSaidOnce(t *testing.T) {
	gone := on("azure", "none", "embedded", map[string]reports.Outcome{"A": reports.NotRun, "B": reports.NotRun, "C": reports.NotRun})
	seen := on("gcp", "fake-gcs-server", "embedded", map[string]reports.Outcome{"A": reports.NotRun})
	groups := reports.Cover([]reports.IndexEntry{gone, seen}).NobodyByReason()
	if len(groups) != 2 || groups[0].Profile != "azure" || groups[0].IDs() != "A, B, C" || groups[1].Profile != "gcp" || groups[1].IDs() != "A" {
		t.Fatalf("got %+v, want azure's three together and gcp's one", groups)
	}
	var page bytes.Buffer
	if err := reports.WriteIndex(&page, []reports.IndexEntry{gone, seen}); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(page.String(), `id="subjects"`)
	if n := strings.Count(first, "because of none"); n != 1 || !strings.Contains(first, "azure A, B, C") {
		t.Errorf("the first screen says the reason %d times, want once with all three:\n%s", n, first)
	}
	if !strings.Contains(first, "All of this was tried with emulators") {
		t.Error("the first screen doesn't say that no bucket of anybody's was tried")
	}
}
