package load_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/load"
)

// split is a simulated store whose objects are moved in parts where their kind says so, as the client moves them.
type split struct{ simulated }

func (s *split) Move(_ context.Context, j *load.Job, sheet *load.Sheet) load.Operation {
	whole := load.Operation{Kind: j.Kind, Start: sheet.Now(), Status: 200}
	kind := map[load.Kind]load.Kind{load.Multipart: load.Part, load.Ranges: load.Range}[j.Kind]
	const part = 16 << 20
	for left := int64(j.Case.Size); left > 0; left -= part {
		op := load.Operation{Kind: kind, Start: sheet.Now(), Status: 200, Bytes: min(left, part)}
		time.Sleep(s.each)
		op.First, op.End = sheet.Now(), sheet.Now()
		whole.Bytes += op.Bytes
		if j.Kind == load.Multipart || j.Kind == load.Ranges {
			sheet.Add(op)
		}
	}
	whole.First, whole.End = sheet.Now(), sheet.Now()
	return whole
}

// What is said to have been written and read is what the rows of single requests come to, each byte once: also of objects that
// are written in parts only to be read, and of those that are read back in ranges.
func TestFiguresAndRowsAddUp(t *testing.T) {
	b, err := budgets.Parse([]byte(`{apiVersion: bucketproof/v1, kind: Budget, reasoning: a test, rounds: {least: 5, most: 5}, slice: 500ms, tolerance: 15, cases: [
		{name: ranges, does: ranges, size: 128MiB, partSize: 16MiB, parts: 4, concurrency: 2, bytes: 512MiB, least: {MBps: 1}},
		{name: parts, does: multipart, size: 128MiB, partSize: 16MiB, parts: 4, concurrency: 1, bytes: 256MiB, least: {MBps: 1}},
		{name: put, does: put, size: 1MiB, concurrency: 2, bytes: 16MiB, least: {MBps: 1}},
		{name: mixed, does: mixed, size: 1MiB, concurrency: 2, bytes: 16MiB, least: {MBps: 1}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		m, err := load.Measure(t.Context(), &split{simulated{each: 10 * time.Millisecond}}, b, load.Options{Prefix: "p/", Seed: 3, Check: true})
		if err != nil {
			t.Fatal(err)
		}
		bound := load.BoundOf(b)
		f := m.Figures(load.Facts{Name: "test", Bound: bound})
		var out bytes.Buffer
		if err := m.WriteCSV(&out); err != nil {
			t.Fatal(err)
		}
		requests, written, read := 0, int64(0), int64(0)
		transfers := map[string]int{}
		for _, row := range rows(t, &out) {
			n, err := strconv.ParseInt(row[7], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			switch row[3] {
			case "put", "part", "seed":
				written += n
			case "get", "range", "check":
				read += n
			}
			switch row[3] {
			case "put", "get", "multipart", "ranges":
				transfers[row[0]]++
			}
			if row[3] != "multipart" && row[3] != "ranges" {
				requests++
			}
		}
		if f.Requests != requests || f.Written != written || f.Read != read {
			t.Errorf("got %d requests, %d bytes written, %d read; the rows come to %d, %d, %d", f.Requests, f.Written, f.Read, requests, written, read)
		}
		for _, c := range f.Cases {
			if c.Transfers != transfers[c.Name] || c.Transfers == 0 {
				t.Errorf("%s: got %d transfers, the rows come to %d", c.Name, c.Transfers, transfers[c.Name])
			}
		}
		objects := int64(2 + 5*2) // two to be read, and at most two a round
		if most := objects*128<<20 + 5*32<<20; f.Written > most || f.Written > bound.Written || f.Read > bound.Read || f.Requests > bound.Requests {
			t.Errorf("%d bytes written, %d read, %d requests: want at most %d written, and the bound %+v", f.Written, f.Read, f.Requests, most, bound)
		}
	})
}

func rows(t *testing.T, b *bytes.Buffer) [][]string {
	t.Helper()
	zip, err := gzip.NewReader(b)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(zip).ReadAll()
	if err != nil || len(all) < 2 {
		t.Fatalf("%d rows: %v", len(all), err)
	}
	return all[1:]
}

// A baseline that ended early has an interval that says nothing, and decides nothing.
func TestABaselineOfTooFewRoundsDecidesNothing(t *testing.T) {
	before := measure(t, &simulated{each: 40 * time.Millisecond, noise: 0.1, seed: 1}, nil)
	for i := range before.Cases {
		before.Cases[i].MBps.Rounds = before.Cases[i].MBps.Rounds[:budgets.LeastRounds-1]
	}
	for name, each := range map[string]time.Duration{"as fast": 40 * time.Millisecond, "slower": 80 * time.Millisecond} {
		for _, c := range measure(t, &simulated{each: each, noise: 0.1, seed: 2}, before).Cases {
			if c.Ratio == nil || c.Ratio.Verdict != load.Undecided {
				t.Errorf("a store that is %s, %s: got %+v, want it undecided", name, c.Name, c.Ratio)
			}
		}
	}
}

// A bound is never said to be less than it is.
func TestABoundIsRoundedUp(t *testing.T) {
	for _, test := range []struct {
		bound load.Bound
		want  string
	}{
		{load.Bound{Written: 300<<10 + 1, Read: 1<<20 + 1, Requests: 7, Time: time.Minute}, "at most 301 KiB written (and removed again), 2 MiB read, 7 requests and 1m0s"},
		{load.Bound{Written: 1<<30 + 1, Read: 10<<30 + 1}, "at most 1.1 GiB written (and removed again), 11 GiB read, 0 requests and 0s"},
		{load.Bound{Written: 5 << 30, Read: 0}, "at most 5.0 GiB written (and removed again), 0 KiB read, 0 requests and 0s"},
	} {
		if got := test.bound.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
