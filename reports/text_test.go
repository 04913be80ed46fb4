package reports_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func asText(t *testing.T, r *reports.Result, o reports.TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteText(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// stalled is a run in which one cause kept many requirements from being decided.
func stalled() *reports.Result {
	r := sample()
	for i := range r.Requirements[3:] {
		q := &r.Requirements[3+i]
		q.Outcome, q.Reason, q.Expected, q.Actual, q.Observations = reports.Errored, "stands on BYOB-NET-001, which failed", "", "", nil
		q.StandsOn = "BYOB-NET-001"
	}
	q := &r.Requirements[0]
	q.Outcome, q.Reason, q.Expected, q.Actual = reports.Failed, "no such host", "an address", "lookup s3.us-east-1.amazonaws.com: no such host"
	q.Remedy = "Check the host in the address. Its name is not known to the resolver of this machine."
	r.Safety = reports.Safety{CleanUp: "nothing written", ConfigurationUnchanged: "not readable"}
	r.Conclude(r.Required)
	return r
}

func TestTextSummaries(t *testing.T) {
	for name, r := range map[string]*reports.Result{"not-certified": sample(), "certified": certified(), "stalled": stalled()} {
		got := asText(t, r, reports.TextOptions{Width: 80})
		golden := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for i, l := range strings.Split(got, "\n") {
			one := !strings.Contains(strings.TrimSpace(l), " ") // an address stays whole, to be copied
			if utf8.RuneCountInString(l) > 80 && !one || strings.TrimRight(l, " ") != l {
				t.Errorf("%s:%d is wider than 80 columns or ends in a space: %q", name, i+1, l)
			}
		}
	}
}

func TestTextLinesExpectedUpWithActual(t *testing.T) {
	text := asText(t, sample(), reports.TextOptions{})
	if !strings.Contains(text, "    expected  ExposeHeaders: [ETag]\n    actual    ExposeHeaders: []\n") {
		t.Errorf("expected and actual don't stand under each other:\n%s", text)
	}
}

func TestTextColoursOnlyWhenAsked(t *testing.T) {
	plain, coloured := asText(t, sample(), reports.TextOptions{}), asText(t, sample(), reports.TextOptions{Color: true})
	if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b[1;31mNOT CERTIFIED\x1b[0m") {
		t.Error("colours are not where they should be")
	}
	uncoloured := coloured
	for _, code := range []string{"0", "1", "2", "1;31", "1;32", "1;33"} {
		uncoloured = strings.ReplaceAll(uncoloured, "\x1b["+code+"m", "")
	}
	if diff := cmp.Diff(plain, uncoloured); diff != "" {
		t.Errorf("colour changes the words (-plain +coloured):\n%s", diff)
	}
}

func TestTextIsSafeOnATerminal(t *testing.T) {
	for _, h := range append(hostile, "\x1b]0;title\a", "\r\x1b[2K", "\u009b31m", strings.Repeat("long line\n", 200)) {
		text := asText(t, infested(h), reports.TextOptions{Width: 72})
		for _, r := range text {
			if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e) {
				t.Errorf("%.20q let %q through", h, r)
				break
			}
		}
		if !utf8.ValidString(text) {
			t.Errorf("%.20q left invalid UTF-8", h)
		}
	}
	text := asText(t, infested(strings.Repeat("line\n", 300)), reports.TextOptions{})
	if !strings.Contains(text, "more lines, in the report)") {
		t.Error("a long answer is not cut short")
	}
}

func TestTextSaysNothingTwice(t *testing.T) {
	r := sample()
	for i, reason := range []string{"400 BadDigest, and 404 on a GET afterwards, but 200 OK, and the object is there with 18 bytes", "200 OK, and the object is there with 18 bytes"} {
		for j := range r.Requirements {
			if r.Requirements[j].ID == "BYOB-XFER-002" {
				r.Requirements[j].Reason = reason
			}
		}
		r.Conclude(r.Required)
		said := strings.Join(strings.Fields(asText(t, r, reports.TextOptions{})), " ")
		if n := strings.Count(said, "200 OK, and the object is there with 18 bytes"); n != 1 {
			t.Errorf("reason %d: the text says what was seen %d times, want once:\n%s", i, n, said)
		}
		if page := asHTML(t, r); strings.Contains(page, `<p class="cause">`+reason) {
			t.Errorf("reason %d: the page says what was seen twice", i)
		}
	}
}

func TestSafetySaysWhatBecameOfEverything(t *testing.T) {
	for name, c := range map[string]struct {
		safety reports.Safety
		says   string
	}{
		"all removed at the end": {reports.Safety{ObjectsWritten: 3, Removed: 3, CleanUp: "complete", ConfigurationUnchanged: "yes"}, "3 removed at the end\n"},
		"some removed before":    {reports.Safety{ObjectsWritten: 33, Removed: 30, CleanUp: "complete", ConfigurationUnchanged: "yes"}, "the other 3 were removed by the checks"},
		"old versions besides":   {reports.Safety{ObjectsWritten: 3, Removed: 7, CleanUp: "complete", ConfigurationUnchanged: "yes"}, "old versions"},
		"a configuration that was read in part": {reports.Safety{ObjectsWritten: 1, Removed: 1, CleanUp: "complete",
			ConfigurationUnchanged: reports.UnchangedAsRead, ConfigurationUnread: []string{"policy (denied)", "acl (denied)"}},
			"yes, as far as it could be read; not read: policy (denied), acl (denied)"},
	} {
		r := certified()
		r.Safety = c.safety
		r.Conclude(r.Required)
		if text := asText(t, r, reports.TextOptions{Width: 200}); !strings.Contains(text, c.says) || r.Verdict != reports.Certified {
			t.Errorf("%s: verdict %s, and the text lacks %q:\n%s", name, r.Verdict, c.says, text)
		}
	}
}
