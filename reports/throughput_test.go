package reports_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketproof/bucketproof/reports"
)

// loaded is the sample with what a load came to.
func loaded() *reports.Result {
	r := sample()
	times := reports.ThroughputTimes{P50: 41.2, P90: 80, P99: 1204.5, Max: 2011}
	r.Throughput = &reports.Throughput{Budget: "<b>budget</b>.yaml", Tolerance: 15, Rounds: 5, Requests: 4000, Failed: 3, Written: 3 << 30, Read: 1 << 30, Seconds: 93.2, Cores: 2, CPU: 61,
		Bound:    reports.ThroughputBound{Requests: 9000, Objects: 900, Written: 5 << 30, Read: 5 << 30, Seconds: 200},
		Failures: []reports.ThroughputFault{{What: "put: 503 SlowDown <script>alert(1)</script>", Times: 3}}, Notes: []string{"the client's machine was the bottleneck"},
		Cases: []reports.ThroughputCase{
			{Name: "put-1MiB", Does: "put", Size: 1 << 20, Concurrency: 8, Verdict: "missed", Missed: []string{"20.1 MB/s (19 to 22), and 25 are the least"}, Transfers: 900, Failed: 3,
				MBps: reports.ThroughputFigure{Median: 20.1, Low: 19, High: 22, Spread: 4, Rounds: []float64{20, 21, 19, 22, 20.1}}, PerSecond: reports.ThroughputFigure{Median: 19.2, Low: 18, High: 21},
				Latency: times, FirstByte: times, Budget: reports.ThroughputDemand{MBps: 25, P50: 100, P99: 2000}, ClientMBps: 2210, CPU: 0.31,
				Ratio:     &reports.ThroughputRatio{Before: 40, Value: 0.5, Low: 0.45, High: 0.55, Verdict: "slower"},
				Histogram: []reports.ThroughputBucket{{UpTo: 40, Count: 300}, {UpTo: 50, Count: 500}, {UpTo: 62.5}, {UpTo: 2100, Count: 100}}},
			{Name: "a-name-of-24-letters-yes", Does: "ranges", Size: 64 << 20, PartSize: 16 << 20, Parts: 4, Concurrency: 1, Verdict: "undecided",
				MBps: reports.ThroughputFigure{Median: 12345.6, Low: 11111, High: 13333}, PerSecond: reports.ThroughputFigure{Median: 7777.7}, Latency: reports.ThroughputTimes{P50: 12345, P99: 45678},
				ClientMBps: 12000, Bound: true}},
		Over: []reports.ThroughputPoint{{Case: 0, Seconds: 1, MBps: 20}, {Case: 1, Seconds: 2, MBps: 12000}, {Case: 0, Round: 1, Seconds: 4, MBps: 21}}}
	r.Conclude([]reports.Required{{ID: "BYOB-XFER-002", Level: "MUST"}})
	return r
}

func TestALoadOnATerminal(t *testing.T) {
	var b bytes.Buffer
	if err := reports.WriteText(&b, loaded(), reports.TextOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	for _, want := range []string{"THROUGHPUT", "20.1 (19-22)", "missed", "undecided", "12000*", "0.5 of the baseline (0.45 to 0.55): slower", "4000 requests, 3 failed"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	for line := range strings.Lines(out[strings.Index(out, "THROUGHPUT"):]) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}

// The charts have each round, each latency and the budget's lines in them, and nothing from outside is markup.
func TestALoadOnThePage(t *testing.T) {
	var b bytes.Buffer
	if err := reports.WriteHTML(&b, loaded()); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	begin := strings.Index(out, `<section aria-labelledby="throughput">`)
	if begin < 0 {
		t.Fatal("no section on throughput")
	}
	section := out[begin : begin+strings.Index(out[begin:], "</section>")]
	for _, never := range []string{"<script", "<b>", " style="} {
		if strings.Contains(section, never) {
			t.Errorf("%q is in the section", never)
		}
	}
	for _, want := range []string{"operations.csv.gz", "at least 25", "p50 100 ms", "p99 2000 ms", "503 SlowDown", "slower", "the bottleneck", "0 of 2 loads reached the budget and 1 missed it"} {
		if !strings.Contains(section, want) {
			t.Errorf("%q is not in the section", want)
		}
	}
	if n := strings.Count(section, "<svg viewBox"); n != 3 {
		t.Errorf("got %d charts, want two for the first case, and one for that without a histogram", n)
	}
	chart := section[strings.Index(section, "<svg viewBox"):]
	chart = chart[:strings.Index(chart, "</svg>")+len("</svg>")]
	if n := strings.Count(chart, "<circle"); n != 2 {
		t.Errorf("got %d points in the first chart, want one a round", n)
	}
	if strings.Count(chart, `<line class="limit"`) != 1 {
		t.Error("the first chart lacks the budget's line, or has more than one")
	}
	for d := xml.NewDecoder(strings.NewReader(chart)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the chart is no XML: %v", err)
		}
	}
	var plain bytes.Buffer
	if err := reports.WriteHTML(&plain, sample()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), `aria-labelledby="throughput"`) {
		t.Error("a run without a load has a section on it")
	}
}
