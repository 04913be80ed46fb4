package reports_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/bucketproof/bucketproof/reports"
)

// firstScreen are the things to do as the page lists them: title and the words below it.
func firstScreen(t *testing.T, r *reports.Result) (titles, words []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(asHTML(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "li" || !strings.HasPrefix(attribute(n, "class"), "task ") {
			continue
		}
		title, all := "", ""
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				all += d.Data + " "
				if p := d.Parent; p.Data == "a" && p.Parent.Data == "h3" || p.Data == "h3" {
					title += d.Data
				}
			}
		}
		titles, words = append(titles, title), append(words, strings.Join(strings.Fields(all), " "))
	}
	return titles, words
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// broken is a line that fails a MUST.
func broken(id, title, actual, remedy string) reports.Requirement {
	return reports.Requirement{ID: id, Level: "MUST", Title: title, Outcome: reports.Failed, Expected: "otherwise", Actual: actual, Remedy: remedy,
		Observations: []reports.Observation{{What: actual}}}
}

func concluded(lines ...reports.Requirement) *reports.Result {
	r := certified()
	r.Requirements, r.Required = lines, nil
	for _, q := range lines {
		r.Required = append(r.Required, reports.Required{ID: q.ID, Level: q.Level})
	}
	r.Conclude(r.Required)
	return r
}

func TestWhatToDoFirst(t *testing.T) {
	waits := reports.Requirement{ID: "BYOB-XFER-001", Level: "MUST", Title: "Bytes come back", Outcome: reports.Errored, Reason: "it stands on BYOB-NET-007", StandsOn: "BYOB-NET-007"}
	warns := broken("BYOB-KEEP-002", "Versioning is on", "off", "turn it on")
	warns.Level = "SHOULD"
	notRun := reports.Requirement{ID: "BYOB-RATE-001", Level: "MUST", Title: "It is fast", Outcome: reports.NotRun, Reason: "needs --throughput"}
	noAnswer := reports.Requirement{ID: "BYOB-NET-002", Level: "MUST", Title: "The port answers", Outcome: reports.Errored, Reason: "no answer within 10 s"}
	for _, c := range []struct {
		name  string
		lines []reports.Requirement
		want  []string
	}{
		{"warnings and what nobody looked at come last", []reports.Requirement{warns, notRun, noAnswer, broken("BYOB-CORS-003", "ETag is exposed", "nothing", "x")},
			[]string{"ETag is exposed", "The port answers", "It is fast", "Versioning is on"}},
		{"what others stand on comes first", []reports.Requirement{broken("BYOB-CORS-003", "ETag is exposed", "nothing", "x"), broken("BYOB-NET-007", "The credentials are accepted", "403", "y"), waits},
			[]string{"The credentials are accepted", "ETag is exposed"}},
		{"one cause is one thing to do, and the one that mends most comes first",
			[]reports.Requirement{broken("BYOB-CORS-003", "ETag is exposed", "nothing", "x"), broken("BYOB-PERM-002", "a", "not granted: objects alone", "add the bucket"), broken("BYOB-PERM-003", "b", "not granted: objects alone", "add the bucket")},
			[]string{"Permissions: 2 requirements, one cause", "ETag is exposed"}},
		{"the same words in another family are another cause", []reports.Requirement{broken("BYOB-CORS-003", "a", "403", "x"), broken("BYOB-PERM-002", "b", "403", "y")}, []string{"a", "b"}},
		{"nothing", []reports.Requirement{{ID: "BYOB-NET-001", Level: "MUST", Title: "t", Outcome: reports.Passed, Observations: []reports.Observation{{What: "x"}}}}, nil},
	} {
		titles, _ := firstScreen(t, concluded(c.lines...))
		if !slices.Equal(titles, c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, titles, c.want)
		}
	}
}

// What isn't a requirement can keep a run from being certified, too: it is said what to do then.
func TestARunThatIsNotCertifiedAlwaysSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*reports.Result)
		want   string
	}{
		{"something left behind", func(r *reports.Result) { r.Safety.CleanUp = "incomplete: 1 object" }, "bucketproof sweep -"},
		{"an object kept unannounced", func(r *reports.Result) { r.Safety.Kept = []reports.Kept{{Key: "k", Why: "locked"}} }, "1 object of the run could not be removed"},
		{"a changed configuration", func(r *reports.Result) { r.Safety.ConfigurationUnchanged = "no" }, "Compare the bucket's policies"},
		{"a waiver that isn't needed", func(r *reports.Result) {
			r.Waivers = []reports.Waiver{{ID: r.Requirements[0].ID, Reason: "r", Owner: "o", Issue: "https://i.example/1", Expires: "2027-01-01", Message: "a long message"}}
		}, "Take it out of the file of waivers"},
		{"a pass without an observation", func(r *reports.Result) { r.Requirements[0].Observations = nil }, "without the observation that would prove it"},
		{"an outcome that nobody knows", func(r *reports.Result) { r.Requirements[0].Outcome = "fine" }, `the outcome "fine"`},
		{"a waived line without a waiver", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Waived }, "by no waiver that holds"},
		{"a missing line", func(r *reports.Result) { r.Requirements = r.Requirements[1:] }, "the run says nothing of BYOB-NET-001"},
	} {
		r := certified()
		c.change(r)
		r.Conclude(r.Required)
		if r.Verdict == reports.Certified {
			t.Errorf("%s: the run is certified", c.name)
		}
		if _, words := firstScreen(t, r); len(words) == 0 || !strings.Contains(words[0], c.want) {
			t.Errorf("%s: got %q, want %q first", c.name, words, c.want)
		}
	}
}

// A CI shows what the report's first screen does.
func TestEveryFormatSaysWhatToDoFirst(t *testing.T) {
	r := told(sample())
	titles, _ := firstScreen(t, r)
	var junit, ctrf, markdown bytes.Buffer
	for _, err := range []error{reports.WriteJUnit(&junit, r), reports.WriteCTRF(&ctrf, r), reports.WriteMarkdown(&markdown, r)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"JUnit": html.UnescapeString(junit.String()), "CTRF": ctrf.String(), "Markdown": html.UnescapeString(markdown.String())} {
		at := 0
		for i, title := range titles[:3] {
			want := fmt.Sprintf("%d. %s: ", i+1, title)
			if name == "CTRF" {
				want = `"` + title + ": "
			}
			next := strings.Index(text[at:], want)
			if next < 0 {
				t.Fatalf("%s lacks %q, or has it too early", name, want)
			}
			at += next
		}
	}
	for name, text := range map[string]string{"JUnit": junit.String(), "CTRF": ctrf.String()} {
		if !strings.Contains(text, "--only BYOB-CORS-003 --seed 8402331") {
			t.Errorf("%s doesn't say how to see a failure again", name)
		}
	}
}

func TestWordsOfAShell(t *testing.T) {
	for in, want := range map[string]string{"wandb-files": "wandb-files", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(rm -rf /)": "'$(rm -rf /)'", "a\nrm -rf /": "'a\ufffdrm -rf /'",
		"a\tb": "'a\ufffdb'", "x;y": "'x;y'", "s3://b/p": "s3://b/p", "\x1b[2J": "'\ufffd[2J'", "*": "'*'", "~": "'~'"} {
		if got := reports.ShellWord(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}
