package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
)

// tinyBudget is one that any store reaches: its load takes half a second.
const tinyBudget = `{apiVersion: bucketproof/v1, kind: Budget, reasoning: a test, rounds: {least: 5, most: 5}, slice: 50ms, tolerance: 50, cases: [
	{name: small, does: put, size: 4KiB, concurrency: 2, bytes: 32KiB, least: {requestsPerSecond: 0.1}},
	{name: read, does: get, size: 64KiB, concurrency: 2, bytes: 1MiB, least: {MBps: 0.001}, most: {p50: 1m}}]}`

var rateIDs = []string{"BYOB-RATE-001", "BYOB-RATE-002", "BYOB-RATE-003"}

// loaded certifies a bucket by its RATE requirements alone, and what they stand on.
func loaded(t *testing.T, b *stores.Bucket, reach []string, budget string, flags ...string) (called, *reports.Result, string) {
	t.Helper()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "budget.yaml"), filepath.Join(dir, "report")
	if err := os.WriteFile(file, []byte(budget), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"certify", "-", "--throughput", "--budget", file, "--only", strings.Join(rateIDs, ","), "--seed", "7", "--out", out}, reach...)
	got := call(t, b.Address, append(args, flags...)...)
	return got, result(t, out), out
}

// A load is announced by its bound, comes to figures, and every request of it is in the file beside the report.
func TestALoadIsAnnouncedAndRecorded(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, "s3-compatible", stores.Setup{})
	got, r, dir := loaded(t, b, flagsFor(t, h, b), tinyBudget)
	if got.code != exitIncomplete {
		t.Errorf("exit code: got %d, want %d (all else was left out); stderr:\n%s", got.code, exitIncomplete, got.err)
	}
	bound := strings.Index(got.err, "throughput: at most ")
	if judged := strings.Index(got.err, "BYOB-RATE-001"); bound < 0 || judged < bound {
		t.Errorf("the bound is at %d, and what the load came to at %d: want the bound first in\n%s", bound, judged, got.err)
	}
	want := map[string]reports.Outcome{"BYOB-RATE-001": reports.Passed, "BYOB-RATE-002": reports.Passed, "BYOB-RATE-003": reports.NotApplicable}
	for id, w := range want {
		q := line(t, r, id)
		if q.Outcome != w || len(q.Observations) == 0 {
			t.Errorf("%s: got %s with %d observations, want %s with some", id, q.Outcome, len(q.Observations), w)
		}
	}
	if q := line(t, r, "BYOB-RATE-003"); !strings.Contains(q.Reason, "--baseline") {
		t.Errorf("without a baseline: got the reason %q, want one that names --baseline", q.Reason)
	}
	for _, what := range []string{"THROUGHPUT", "small", "read", "budget.yaml", "not compared with an earlier run"} {
		if !strings.Contains(strings.Join(strings.Fields(got.out), " "), what) {
			t.Errorf("%q is not in what was printed:\n%s", what, got.out)
		}
	}
	for _, l := range strings.Split(got.out+got.err, "\n") {
		if n := len([]rune(l)); n > columns {
			t.Errorf("a line of %d columns, want at most %d: %q", n, columns, l)
		}
	}
	requests := 0
	for _, row := range operationsIn(t, dir) {
		if row[9] != "done" {
			t.Errorf("an operation came to %q: %v", row[9], row)
		}
		requests++
	}
	if requests != r.Throughput.Requests || requests == 0 {
		t.Errorf("operations.csv.gz has %d requests, the result %d", requests, r.Throughput.Requests)
	}
	if m := r.Throughput; m.Written > m.Bound.Written || m.Read > m.Bound.Read || m.Requests > m.Bound.Requests {
		t.Errorf("%d bytes written, %d read, %d requests go beyond the bound %+v", m.Written, m.Read, m.Requests, m.Bound)
	}
}

// operationsIn are the rows of a report's CSV, without the first.
func operationsIn(t *testing.T, dir string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "operations.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(zip).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	return rows[1:]
}

// slowed makes a store take a time for each request of a load.
func slowed(each time.Duration) stores.Setup {
	return stores.Setup{Hooks: stores.Hooks{Front: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "BYOB-RATE-") {
				time.Sleep(each)
			}
			next.ServeHTTP(w, r)
		})
	}}}
}

// A budget that is missed, and a baseline that is not reached, fail by their own requirement and on the exit code, and are printed.
// The baselines are a run's own, made a hundred times as fast, or a hundredth: what no mood of the machine comes to.
func TestALoadThatIsTooSlowIsRed(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, "s3-compatible", slowed(50*time.Millisecond))
	reach := flagsFor(t, h, b)
	const one = `{apiVersion: bucketproof/v1, kind: Budget, reasoning: a test, rounds: {least: 5, most: 5}, slice: 100ms, tolerance: 50, cases: [
	{name: read, does: get, size: 64KiB, concurrency: 2, bytes: 1MiB, least: {MBps: 0.001}}]}`
	_, first, _ := loaded(t, b, reach, one)
	if q := line(t, first, "BYOB-RATE-001"); q.Outcome != reports.Passed {
		t.Fatalf("before: got %s: %s", q.Outcome, q.Reason)
	}
	for _, test := range []struct {
		name, budget string
		before       float64 // by which the baseline's rates are multiplied; 0 for no baseline
		code         int
		want         [3]reports.Outcome
		says         string
	}{
		{"as fast as before", one, 0.01, exitIncomplete, [3]reports.Outcome{reports.Passed, reports.Passed, reports.Passed}, "of the baseline ("},
		{"a hundredth as fast as before", one, 100, exitNot, [3]reports.Outcome{reports.Passed, reports.Passed, reports.Failed}, "): slower"},
		{"below the budget", strings.Replace(one, "MBps: 0.001", "MBps: 5000", 1), 0, exitNot, [3]reports.Outcome{reports.Failed, reports.Passed, reports.NotApplicable}, "missed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var flags []string
			if test.before > 0 {
				flags = []string{"--baseline", baseline(t, first, test.before)}
			}
			got, r, _ := loaded(t, b, reach, test.budget, flags...)
			if got.code != test.code || !strings.Contains(got.out, test.says) {
				t.Errorf("got exit code %d, want %d and %q in\n%s%s", got.code, test.code, test.says, got.out, got.err)
			}
			for i, id := range rateIDs {
				if q := line(t, r, id); q.Outcome != test.want[i] {
					t.Errorf("%s: got %s (%s %s), want %s", id, q.Outcome, q.Reason, q.Actual, test.want[i])
				}
			}
		})
	}
}

// baseline is a file with a run's result whose load was so many times as fast.
func baseline(t *testing.T, r *reports.Result, times float64) string {
	t.Helper()
	changed, load := *r, *r.Throughput
	changed.Throughput, load.Cases = &load, slices.Clone(load.Cases)
	for i := range load.Cases {
		m := &load.Cases[i].MBps
		m.Rounds, m.Median, m.Low, m.High = slices.Clone(m.Rounds), times*m.Median, times*m.Low, times*m.High
		for k := range m.Rounds {
			m.Rounds[k] *= times
		}
	}
	file := filepath.Join(t.TempDir(), "before.json")
	raw, err := json.Marshal(changed)
	if err == nil {
		err = os.WriteFile(file, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}
