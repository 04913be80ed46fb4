package throughput_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"maps"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

// tiny is a budget that any store reaches: what is tested here is that a load is put on and removed again, not how fast the
// machine is.
const tiny = `{apiVersion: bucketproof/v1, kind: Budget, reasoning: a test, rounds: {least: 5, most: 5}, slice: 50ms, tolerance: 90, cases: [
	{name: small, does: put, size: 4KiB, concurrency: 4, bytes: 32KiB, least: {requestsPerSecond: 0.1}},
	{name: read, does: get, size: 64KiB, concurrency: 2, bytes: 256KiB, least: {MBps: 0.01}, most: {p50: 1m}},
	{name: split, does: multipart, size: 6MiB, partSize: 5MiB, parts: 2, concurrency: 1, bytes: 6MiB, least: {MBps: 0.01}},
	{name: ranged, does: ranges, size: 1MiB, partSize: 256KiB, parts: 4, concurrency: 1, bytes: 2MiB, least: {MBps: 0.01}},
	{name: both, does: mixed, size: 64KiB, concurrency: 2, bytes: 512KiB, least: {MBps: 0.01}}]}`

// Every way of moving an object works on each kind of store, costs no more than the plan says, and leaves nothing behind.
func TestALoadIsPutOnAndRemoved(t *testing.T) {
	b, err := budgets.Parse([]byte(tiny))
	if err != nil {
		t.Fatal(err)
	}
	host := suitetest.Host(t)
	for _, provider := range []string{"s3-compatible", "gcp", "azure"} {
		t.Run(provider, func(t *testing.T) {
			bucket := suitetest.Provision(t, host, provider)
			before, err := bucket.Inventory(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			o := run.Options{Catalogue: suitetest.Catalogue(t), Families: suites.Bucket(), Seed: 7, Program: "bucketproof-suites/test",
				Only: []string{"BYOB-RATE-002", "BYOB-RATE-003"}, Throughput: &run.Throughput{Budget: b, Name: "tiny"}, Announce: func(line string) { said = append(said, line) }}
			target := suitetest.Target(bucket)
			plan, err := run.NewPlan(t.Context(), target, o)
			if err != nil {
				t.Fatal(err)
			}
			d, err := run.Certify(t.Context(), target, o)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]reports.Outcome{"BYOB-RATE-001": reports.Passed, "BYOB-RATE-002": reports.Passed, "BYOB-RATE-003": reports.NotApplicable}
			for _, l := range d.Result.Requirements {
				if w, mine := want[l.ID]; mine && l.Outcome != w {
					t.Errorf("%s: got %s (%s %s), want %s", l.ID, l.Outcome, l.Reason, l.Actual, w)
				}
			}
			if !strings.Contains(strings.Join(said, "\n"), "throughput: at most ") {
				t.Errorf("the bound was not said before: got %q", said)
			}
			s, m := d.Result.Safety, d.Result.Throughput
			if s.Requests > plan.Total.Requests || s.ObjectsWritten > plan.Total.Objects || s.BytesWritten > plan.Total.Bytes {
				t.Errorf("sent %d requests, %d objects, %d bytes; the plan is %+v", s.Requests, s.ObjectsWritten, s.BytesWritten, plan.Total)
			}
			if m.Requests > m.Bound.Requests || m.Written > m.Bound.Written || m.Read > m.Bound.Read || m.Failed != 0 || m.Rounds != 5 || len(m.Cases) != 5 {
				t.Errorf("got %d requests, %d written, %d read, %d failed, %d rounds, %d cases within %+v", m.Requests, m.Written, m.Read, m.Failed, m.Rounds, len(m.Cases), m.Bound)
			}
			if n := d.Evidence["evidence/BYOB-RATE-001.har"].Len(); n == 0 || n > 40 {
				t.Errorf("%d requests are kept as evidence, want some and not all of %d", n, m.Requests)
			}
			after, err := bucket.Inventory(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.CleanUp != reports.Complete || !maps.Equal(before, after) {
				t.Errorf("clean-up %s; the bucket has %d keys, and had %d", s.CleanUp, len(after), len(before))
			}
			rows := operations(t, d.Operations)
			kinds := map[string]int{}
			for _, r := range rows[1:] {
				kinds[r[3]]++
				if r[9] != "done" {
					t.Errorf("an operation came to %q: %v", r[9], r)
				}
			}
			for _, kind := range []string{"put", "get", "multipart", "part", "ranges", "range", "commit", "seed", "check", "remove"} {
				if kinds[kind] == 0 {
					t.Errorf("no row of kind %s: got %v", kind, kinds)
				}
			}
		})
	}
}

// operations are the rows of the CSV.
func operations(t *testing.T, o run.Operations) [][]string {
	t.Helper()
	var b bytes.Buffer
	if err := o.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(zip).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	return rows
}

// A baseline that says nothing about this bucket decides nothing.
func TestABaselineHasToFit(t *testing.T) {
	b, err := budgets.Parse([]byte(strings.Split(tiny, "\t{name: read")[0] + "]}"))
	if err != nil {
		t.Fatal(err)
	}
	bucket := suitetest.Provision(t, suitetest.Host(t), "s3-compatible")
	store := reports.Subject{Store: reports.Store{Kind: "embedded"}}
	for name, baseline := range map[string]*reports.Result{
		"without figures":   {Profile: "s3-compatible", Subject: store},
		"of another budget": {Profile: "s3-compatible", Subject: store, Throughput: &reports.Throughput{Cases: []reports.ThroughputCase{{Name: "small", Does: "put", Size: 1}}}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := run.Certify(t.Context(), suitetest.Target(bucket), run.Options{Catalogue: suitetest.Catalogue(t), Families: suites.Bucket(), Seed: 7,
				Program: "bucketproof-suites/test", Only: []string{"BYOB-RATE-003"}, Throughput: &run.Throughput{Budget: b, Name: "tiny", Baseline: baseline}})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range d.Result.Requirements {
				if l.ID == "BYOB-RATE-003" && l.Outcome != reports.Errored {
					t.Errorf("got %s, want errored", l.Outcome)
				}
			}
		})
	}
}
