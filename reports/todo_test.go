package reports_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/bucketproof/bucketproof/reference/catalogue"
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

// broken is a line that fails a MUST, by answers of these statuses.
func broken(id, title, actual, remedy string, statuses ...int) reports.Requirement {
	o := reports.Observation{What: actual}
	for _, s := range statuses {
		o.Exchanges = append(o.Exchanges, reports.Exchange{Method: "GET", URL: "https://b.example/", Status: s})
	}
	return reports.Requirement{ID: id, Level: "MUST", Title: title, Outcome: reports.Failed, Expected: "otherwise", Actual: actual, Remedy: remedy,
		Observations: []reports.Observation{o}}
}

func undecided(id, title, reason string) reports.Requirement {
	return reports.Requirement{ID: id, Level: "MUST", Title: title, Outcome: reports.Errored, Reason: reason}
}

func should(q reports.Requirement) reports.Requirement {
	q.Level = "SHOULD"
	return q
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
		{"what lets somebody in comes before what merely doesn't work, however much that is",
			[]reports.Requirement{broken("BYOB-NET-007", "The credentials are accepted", "403", "y"), waits, broken("BYOB-PERM-020", "Nobody reads without credentials", "200", "z")},
			[]string{"Nobody reads without credentials", "The credentials are accepted"}},
		{"what fails by something else is no task of its own",
			[]reports.Requirement{broken("BYOB-XFER-005", "Multipart completes", "403", "v", http.StatusForbidden), broken("BYOB-CORS-007", "A preflight passes", "403", "w"), broken("BYOB-CORS-001", "Rules exist", "none", "x"),
				broken("BYOB-PERM-004", "The principal lists uploads", "403", "y", http.StatusForbidden), undecided("BYOB-CORS-009", "A stranger is kept out", "no positive control")},
			[]string{"Rules exist", "The principal lists uploads"}},
		{"what was not refused doesn't fail by a right that is lacking",
			[]reports.Requirement{broken("BYOB-XFER-005", "Multipart completes", "other bytes", "v", http.StatusOK), broken("BYOB-PERM-004", "The principal lists uploads", "403", "y", http.StatusForbidden)},
			[]string{"Multipart completes", "The principal lists uploads"}},
		{"a MUST doesn't hide behind a SHOULD", []reports.Requirement{broken("BYOB-CORS-007", "A preflight passes", "403", "w"), should(broken("BYOB-CORS-001", "Rules exist", "none", "x"))},
			[]string{"A preflight passes", "Rules exist"}},
		{"the same words with another remedy are another cause", []reports.Requirement{broken("BYOB-SIGN-006", "a", "200 OK", "x"), broken("BYOB-SIGN-007", "b", "200 OK", "y")}, []string{"a", "b"}},
		{"rights that are added in one place are one thing to do",
			[]reports.Requirement{broken("BYOB-PERM-003", "The principal holds s3:ListBucket", "list: 403", `in statement "A", add "s3:ListBucket" to Action`),
				broken("BYOB-PERM-005", "The principal holds s3:ListBucketVersions", "versions: 403", `in statement "A", add "s3:ListBucketVersions" to Action`),
				broken("BYOB-PERM-008", "The principal holds s3:PutObject", "put: 403", `in statement "B", add "s3:PutObject" to Action`)},
			[]string{"2 rights are missing: s3:ListBucket and s3:ListBucketVersions", "The principal holds s3:PutObject"}},
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

// Whatever the outcome, level and store: each thing to do says what to do.
func TestEveryThingToDoSaysWhatToDo(t *testing.T) {
	n := 0
	for _, kind := range []string{"bucket", "connector"} {
		for _, store := range []string{"embedded", "process", "container", "remote", "documents"} {
			for _, outcome := range []reports.Outcome{reports.Passed, reports.Failed, reports.Errored, reports.NotApplicable, reports.Unsupported, reports.Unverified, reports.Waived, reports.NotRun, "fine"} {
				for _, reason := range []string{"", "no spec yet: the suite brings it", "not given: the policy: --policy FILE", "left out by --only-failed", "the store was not there"} {
					for _, level := range []string{"MUST", "SHOULD"} {
						r := concluded(reports.Requirement{ID: "BYOB-CORS-003", Level: level, Title: "ETag is exposed", Outcome: outcome, Reason: reason})
						r.Subject.Kind, r.Subject.Store.Kind = kind, store
						for _, w := range reports.FirstThings(r) {
							n++
							if _, do, ok := strings.Cut(w, ". Do: "); !ok || len(strings.Fields(strings.TrimSuffix(do, " (BYOB-CORS-003)"))) < 3 {
								t.Errorf("%s, %s, %s, %q, %s: %q says nothing to do", kind, store, outcome, reason, level, w)
							}
						}
					}
				}
			}
		}
	}
	if n < 300 {
		t.Errorf("%d things to do were looked at: too few", n)
	}
	for reason, want := range map[string]string{"not given: the policy: --policy FILE": "Run again and give it: the policy: --policy FILE.", "left out by --only-failed": "Run again without --only-failed.", "no spec yet: x": "can't check it"} {
		if _, words := firstScreen(t, concluded(reports.Requirement{ID: "BYOB-CORS-003", Level: "MUST", Title: "t", Outcome: reports.NotRun, Reason: reason})); len(words) != 1 || !strings.Contains(words[0], want) {
			t.Errorf("%q: got %q, want %q", reason, words, want)
		}
	}
}

// What kept many from being decided is not mended by what mends a breach of one of them.
func TestAnInterruptionIsNotMendedByRemedies(t *testing.T) {
	a, b := undecided("BYOB-NET-004", "The clock is right", "the run was broken off"), undecided("BYOB-CORS-001", "Rules exist", "the run was broken off")
	a.Remedy, b.Remedy = "Set the clock", "Set the rules"
	_, words := firstScreen(t, concluded(a, b))
	if len(words) != 1 || strings.Contains(words[0], "Set the") || !strings.Contains(words[0], "then run again") {
		t.Errorf("got %q", words)
	}
}

// The tables of causes and of what must keep people out name requirements that there are, and rights are told by their titles.
func TestCausesAreInTheCatalogue(t *testing.T) {
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	rights := 0
	for _, q := range cat.All() {
		if strings.HasPrefix(q.Title, "The principal holds s3:") {
			rights++
		}
		if must := q.Denial && (q.Family == "ISO" || q.Family == "SIGN" || q.ID == "BYOB-CORS-009" || q.ID == "BYOB-PERM-020"); must && !reports.Exposing(q.ID) {
			t.Errorf("%s keeps somebody out, and doesn't come first", q.ID)
		}
	}
	if rights != 11 {
		t.Errorf("%d titles name a right, want W&B's eleven", rights)
	}
	named := reports.CausesNamed()
	if len(named) < 20 {
		t.Errorf("only %d requirements are named: %v", len(named), named)
	}
	for _, id := range named {
		if _, ok := cat.Get(id); !ok {
			t.Errorf("%s is in no catalogue", id)
		}
	}
}

// A CI shows what the report's first screen does: in the failure's own text, too, in the same words.
func TestAFailuresTextSaysWhatToDoInTheSameWords(t *testing.T) {
	r := concluded(broken("BYOB-CORS-003", "ETag is exposed", "nothing", "Expose it:\n  aws s3api put-bucket-cors"), broken("BYOB-PERM-020", "Nobody reads without credentials", "200 OK", "close it"),
		broken("BYOB-SIGN-010", "A URL without its query is refused", "200 OK", "close it as well"), undecided("BYOB-NET-002", "The port answers", "no answer within 10 s"))
	var b bytes.Buffer
	if err := reports.WriteJUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Cases []struct {
			Name    string `xml:"name,attr"`
			Failure string `xml:"failure"`
			Error   string `xml:"error"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(b.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, c := range read.Cases {
		id, _, _ := strings.Cut(c.Name, " ")
		texts[id] = c.Failure + c.Error
	}
	_, words := firstScreen(t, r)
	for i, c := range []struct {
		ids   []string
		parts []string // on the page, and in the text
	}{
		{[]string{"BYOB-PERM-020", "BYOB-SIGN-010"}, []string{"Nobody reads without credentials", "200 OK", "close it"}},
		{[]string{"BYOB-CORS-003"}, []string{"ETag is exposed", "nothing", "Expose it:"}},
		{[]string{"BYOB-NET-002"}, []string{"The port answers", "no answer within 10 s", "Clear what kept it from being decided, then run again."}},
	} {
		if i >= len(words) {
			t.Fatalf("the page has %d things to do, want 3: %q", len(words), words)
		}
		for _, part := range c.parts {
			if !strings.Contains(words[i], part) {
				t.Errorf("thing %d on the page, %q, lacks %q", i+1, words[i], part)
			}
			for _, id := range c.ids {
				_, line, _ := strings.Cut(texts[id], "to do")
				line, _, _ = strings.Cut(line, "\n")
				if !strings.Contains(line, part) || !strings.HasPrefix(strings.TrimSpace(line), fmt.Sprintf("%d. ", i+1)) {
					t.Errorf("%s says %q, want %q as number %d", id, line, part, i+1)
				}
			}
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
