package main

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
)

// TestTheBucketIsAsItWas certifies buckets of every kind and compares content and documents, past the front.
func TestTheBucketIsAsItWas(t *testing.T) {
	h := newHost(t)
	for _, c := range []struct {
		name     string
		provider string
		setup    stores.Setup
		flags    []string
		code     int
		keeps    bool   // old versions stay, announced
		says     string // before the first write
		xfer     reports.Outcome
	}{
		{name: "plain", provider: "s3-compatible", code: exitOK, xfer: reports.Passed},
		{name: "with a sub-path", provider: "aws", setup: stores.Setup{Path: "a/b"}, code: exitIncomplete, xfer: reports.Passed},
		{name: "versioned, and versions may be removed", provider: "coreweave", setup: stores.Setup{Versioning: true, MoreActions: []string{"s3:DeleteObjectVersion"}},
			code: exitIncomplete, says: "versioning is on", xfer: reports.Passed},
		{name: "versioned, and versions may not be removed", provider: "s3-compatible", setup: stores.Setup{Versioning: true}, code: exitOK, keeps: true,
			says: "versioning is on", xfer: reports.Passed},
		{name: "under default retention", provider: "s3-compatible", setup: stores.Setup{Retention: true, MoreActions: []string{"s3:GetBucketObjectLockConfiguration"}},
			code: exitIncomplete, says: "GOVERNANCE", xfer: reports.NotRun},
		{name: "under default retention that was accepted", provider: "s3-compatible",
			setup: stores.Setup{Retention: true, MoreActions: []string{"s3:GetBucketObjectLockConfiguration", "s3:DeleteObjectVersion"}},
			flags: []string{"--accept-retention"}, code: exitOK, keeps: true, says: "GOVERNANCE", xfer: reports.Passed},
		{name: "azure", provider: "azure", code: exitOK, xfer: reports.Passed},
		{name: "gcp", provider: "gcp", code: exitOK, xfer: reports.Passed},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := hostOf(t, h, c.provider)
			b := provision(t, h, c.provider, c.setup)
			before := decoys(t, b)
			documents, err := b.Configuration(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "report")
			args := append([]string{"certify", "-", "--out", dir}, append(flagsFor(t, h, b), c.flags...)...)
			got := call(t, b.Address, args...)
			if got.code != c.code {
				t.Errorf("exit code: got %d, want %d\n%s", got.code, c.code, got.out)
			}
			r := result(t, dir)
			if q := line(t, r, "BYOB-XFER-001"); q.Outcome != c.xfer {
				t.Errorf("BYOB-XFER-001: got %s (%s), want %s", q.Outcome, q.Reason, c.xfer)
			}
			if !strings.Contains(got.err, c.says) || !strings.Contains(strings.Join(r.Safety.Announced, "\n"), c.says) {
				t.Errorf("%q was not said before the first write:\n%s", c.says, got.err)
			}
			if i, j := strings.Index(got.err, c.says), strings.Index(got.err, "BYOB-XFER-001"); c.says != "" && i > j {
				t.Errorf("%q was said after the first transfer", c.says)
			}
			after := inventory(t, b)
			for key, sum := range before {
				if after[key] != sum {
					t.Errorf("changed or removed, and not ours: %s", key)
				}
			}
			for key := range after {
				if _, ok := before[key]; !ok && !c.keeps {
					t.Errorf("left behind: %s", key)
				}
			}
			if c.keeps {
				keptIsListed(t, r, before, after)
			} else if len(r.Safety.Kept) > 0 {
				t.Errorf("the result lists as kept: %v", r.Safety.Kept)
			}
			now, err := b.Configuration(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(documents, now) {
				t.Error("the bucket's documents are not what they were")
			}
			if r.Safety.ConfigurationUnchanged == "no" {
				t.Error("the result says that the configuration was changed")
			}
		})
	}
}

// keptIsListed holds what is in the bucket against what the result says was kept: nothing may be hidden.
func keptIsListed(t *testing.T, r *reports.Result, before, after map[string]string) {
	t.Helper()
	listed := map[string]bool{}
	for _, k := range r.Safety.Kept {
		if !k.Announced || k.Why == "" {
			t.Errorf("kept without announcement or reason: %+v", k)
		}
		listed[k.Key+"@"+k.Version] = true
	}
	if len(listed) == 0 {
		t.Error("nothing is listed as kept")
	}
	for key := range after {
		if _, ok := before[key]; !ok && !listed[key] {
			t.Errorf("kept and not listed: %s", key)
		}
	}
}
