package signing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/faults"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestSigning(t *testing.T) { suitetest.Run(t, suites.Signing, suites.Preflight) }

// certified runs the family over a bucket, and returns its requirements.
func certified(t *testing.T, b *stores.Bucket, edition string) map[string]reports.Requirement {
	t.Helper()
	target := suitetest.Target(b)
	target.Options = address.Options{Edition: edition}
	d, err := run.Certify(t.Context(), target, run.Options{Catalogue: suitetest.Catalogue(t),
		Families: []run.Family{suites.Preflight, suites.Signing}, Seed: 1, Program: "bucketproof-suites/test"})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]reports.Requirement{}
	for _, l := range d.Result.Requirements {
		if strings.HasPrefix(l.ID, "BYOB-SIGN-") {
			out[l.ID] = l
		}
	}
	return out
}

// A store that was seen to check no signature must not look as if it did, nor as if it broke a promise.
func TestWhatAStoreDoesNotCheckIsUnverifiedInItsOwnWords(t *testing.T) {
	b := suitetest.Provision(t, suitetest.Host(t), "s3-compatible")
	const seen = "one digit of the signature changed: 200"
	list := slices.Clone(b.Store.Fidelity)
	for i, f := range list {
		if f.What == reports.FidelitySignatures {
			list[i].Enforced, list[i].Seen = "no", seen
		}
	}
	b.Store.Fidelity = list
	got := certified(t, b, "")
	if len(got) == 0 {
		t.Fatal("no requirement of the family")
	}
	for id, l := range got {
		if id == "BYOB-SIGN-012" { // the clock's own fidelity comes first
			continue
		}
		if l.Outcome != reports.Unverified || !strings.Contains(l.Reason, seen) {
			t.Errorf("%s: got %s (%s), want unverified, with what was seen", id, l.Outcome, l.Reason)
		}
	}
}

// fake-gcs-server looks at no signature: without the front that does, nothing about Google's may look proved.
func TestGoogleWithoutAVerifierIsUnverified(t *testing.T) {
	b, err := suitetest.Host(t).Provision(t.Context(), "gcp", stores.Setup{Unverified: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("remove the bucket: %v", err)
		}
	})
	i := slices.IndexFunc(b.Store.Fidelity, func(f reports.Fidelity) bool { return f.What == reports.FidelitySignatures })
	if i < 0 || b.Store.Fidelity[i].Enforced != "no" {
		t.Fatalf("the store was seen to check signatures: %v", b.Store.Fidelity)
	}
	got := certified(t, b, "2026-08")
	if len(got) == 0 {
		t.Fatal("no requirement of the family")
	}
	for id, l := range got {
		if l.Outcome != reports.Unverified || !strings.Contains(l.Reason, "does not enforce") {
			t.Errorf("%s: got %s (%s), want unverified, with what was seen", id, l.Outcome, l.Reason)
		}
	}
}

// The requester's name is a rule of a later edition than the one that the matrix of faults runs in.
func TestTheRequesterIsBoundFromEdition202608On(t *testing.T) {
	host := suitetest.Host(t)
	const id = "BYOB-SIGN-009"
	if got := certified(t, suitetest.Provision(t, host, "s3-compatible"), "2026-08")[id]; got.Outcome != reports.Passed {
		t.Errorf("a sound store: got %s (%s %s), want passed", got.Outcome, got.Reason, got.Actual)
	}
	tried := 0
	for _, f := range faults.Buckets() {
		if !f.In("s3-compatible") || !slices.Contains(f.Breaks, id) {
			continue
		}
		tried++
		b, err := host.Provision(t.Context(), "s3-compatible", f.Setup("s3-compatible"))
		if err != nil {
			t.Fatal(err)
		}
		if got := certified(t, b, "2026-08")[id]; got.Outcome != reports.Failed {
			t.Errorf("%s: got %s (%s), want failed", f.Name, got.Outcome, got.Reason)
		}
		if err := b.Close(); err != nil {
			t.Errorf("remove the bucket: %v", err)
		}
	}
	if tried == 0 {
		t.Error("no fault breaks it")
	}
}

func TestConnector(t *testing.T) { suitetest.Connector(t, suites.Signing) }
