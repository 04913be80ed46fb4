package reports_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

// runs are runs of one bucket whose first check took so many milliseconds, and whose load reached so many MB/s in its rounds.
func runs(name string, milliseconds []int64, rates ...float64) (out []*reports.Result) {
	for i, ms := range milliseconds {
		r := certified()
		r.Requirements = append([]reports.Requirement{}, r.Requirements...)
		r.Run.ID = fmt.Sprintf("%s-%d", name, i)
		r.Requirements[0].Milliseconds = ms
		if i == 0 && len(rates) > 0 {
			r.Throughput = &reports.Throughput{Tolerance: 10, Cases: []reports.ThroughputCase{{Name: "put-16MiB", Does: "PUT", Size: 16 << 20, Concurrency: 4, MBps: reports.ThroughputFigure{Rounds: rates}}}}
		}
		out = append(out, r)
	}
	return out
}

func times(n int, ms ...int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = ms[i%len(ms)]
	}
	return out
}

func TestSlowerIsWhatIsBeyondTheNoise(t *testing.T) {
	for _, c := range []struct {
		name         string
		older, newer []*reports.Result
		slower       int
		says         string
	}{
		{"one timing a run says nothing, however long it took", runs("a", []int64{10}), runs("b", []int64{60000}), 0, "one timing a run can't be told from noise"},
		{"too few rounds say nothing", runs("a", times(2, 10)), runs("b", times(2, 60000)), 0, "times not judged: 2 older and 2 newer rounds"},
		{"all rounds slower", runs("a", times(8, 100, 120)), runs("b", times(8, 300, 320)), 1, "times judged by"},
		{"one round as fast as before", runs("a", times(8, 100, 310)), runs("b", times(8, 300, 320)), 0, "times judged by"},
		{"slower by what nobody notices", runs("a", times(8, 10, 12)), runs("b", times(8, 30, 32)), 0, "times judged by"},
		{"slower by less than a quarter", runs("a", times(8, 1000)), runs("b", times(8, 1100)), 0, "times judged by"},
		{"faster", runs("a", times(8, 300)), runs("b", times(8, 100)), 0, "times judged by"},
		{"a load that is slower in all rounds", runs("a", []int64{10}, 100, 101, 99, 100), runs("b", []int64{10}, 50, 51, 49, 50), 1, "rates judged by"},
		{"a load that is slower in the median alone", runs("a", []int64{10}, 100, 101, 45, 100), runs("b", []int64{10}, 50, 51, 49, 50), 0, "rates judged by"},
		{"a load within the tolerance", runs("a", []int64{10}, 100, 101, 99, 100), runs("b", []int64{10}, 95, 96, 94, 95), 0, "rates judged by"},
		{"a load of too few rounds", runs("a", []int64{10}, 100, 101), runs("b", []int64{10}, 50, 51), 0, "rates not judged"},
		{"no load on one side", runs("a", []int64{10}), runs("b", []int64{10}, 50, 51, 49, 50), 0, "no loads were measured on both sides"},
	} {
		x, err := reports.Compare(c.older[0], c.newer[0], false)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Time(c.older, c.newer, false); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var text, markdown, asJSON bytes.Buffer
		if err := errors.Join(x.WriteText(&text, reports.TextOptions{Width: 200}), x.WriteMarkdown(&markdown), x.WriteJSON(&asJSON)); err != nil {
			t.Fatal(err)
		}
		if got := len(x.Times.Slower) + len(x.Rates.Slower); got != c.slower || !strings.Contains(text.String(), c.says) || strings.Contains(asJSON.String(), "null") {
			t.Errorf("%s: got %d slower, want %d and %q\n%s", c.name, got, c.slower, c.says, text.String())
		}
		if shown := strings.Contains(text.String(), "SLOWER BEYOND NOISE") && strings.Contains(markdown.String(), "### Slower beyond noise"); shown != (c.slower > 0) {
			t.Errorf("%s: shown %t in words and Markdown, want %t\n%s", c.name, shown, c.slower > 0, markdown.String())
		}
		if x.ExitCode() != 0 {
			t.Errorf("%s: speed decides: exit code %d", c.name, x.ExitCode())
		}
	}
}

func TestARoundIsARunOfItsOwn(t *testing.T) {
	older, newer := runs("a", times(3, 100)), runs("b", times(3, 100))
	for _, c := range []struct {
		name         string
		older, newer []*reports.Result
		want         string
	}{
		{"no run", nil, newer, "no run"},
		{"a run twice", append(older, older[1]), newer, "given twice"},
		{"a run on both sides", older, append(newer, older[0]), "given twice"},
		{"another bucket's run", append(older, func() *reports.Result { r := runs("c", times(1, 1))[0]; r.Subject.Canonical = "s3://other"; return r }()), newer, "s3://other"},
		{"a run by another edition", append(older, func() *reports.Result { r := runs("c", times(1, 1))[0]; r.Edition = "2026-08"; return r }()), newer, "other rules"},
		{"an edited run", append(older, func() *reports.Result { r := runs("c", times(1, 1))[0]; r.Verdict = reports.Incomplete; return r }()), newer, "makes it"},
	} {
		x, err := reports.Compare(older[0], newer[0], false)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Time(c.older, c.newer, false); !errors.Is(err, reports.ErrNotComparable) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it refused with %q", c.name, err, c.want)
		}
	}
}
