package reports_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
	"golang.org/x/net/html"
)

func asHTML(t *testing.T, r *reports.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func asIndex(t *testing.T, entries ...reports.IndexEntry) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteIndex(&b, entries); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// textOf is what a page says, without its markup.
func textOf(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

// walk visits every element of a page as a browser would parse it.
func walk(t *testing.T, page string, visit func(n *html.Node, attr map[string]string)) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			attr := map[string]string{}
			for _, a := range n.Attr {
				attr[a.Key] = a.Val
			}
			visit(n, attr)
		}
	}
}

func TestHTMLSaysEverything(t *testing.T) {
	source := asHTML(t, sample())
	page := html.UnescapeString(source) + textOf(t, source)
	r := sample()
	wants := []string{"<h1>Not certified</h1>", r.Subject.Address, r.Subject.Identity, r.Edition, r.Run.ID, "2026-11-22 09:30:12 UTC", "versitygw v1.8.0 (embedded)",
		"The front before this store is ours", "What to do now", "What this run can't say", "BYOB-CORS-008", "Tried with an emulator only",
		"lock-probe", "positive control", `href="evidence/BYOB-CORS-003.har"`, r.Safety.Prefix, "PUT with aws:kms was taken"}
	wants = append(wants, r.Why...)
	wants = append(wants, r.Safety.Announced...)
	for _, q := range r.Requirements {
		wants = append(wants, q.ID, q.Title, q.Text, q.Source, q.Reason, q.Expected, q.Actual)
		if q.Outcome != reports.Passed && q.Outcome != reports.NotApplicable {
			wants = append(wants, q.Remedy)
		}
		for _, o := range q.Observations {
			wants = append(wants, o.What, o.Expected, o.Actual)
		}
	}
	for _, want := range wants {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if at, table := strings.Index(page, `href="#BYOB-CORS-003"`), strings.Index(page, `id="requirements"`); at < 0 || at > table {
		t.Error("a failure doesn't come before the table")
	}
	if strings.Contains(asHTML(t, certified()), "emulator") {
		t.Error("a run against a real store says it was an emulator")
	}
}

func TestHTMLGathersOneCause(t *testing.T) {
	page := asHTML(t, stalled())
	if n := strings.Count(page, `<li class="task `); n != 3 {
		t.Errorf("got %d things to do, want 3: the failure, the waiver that nobody could judge, the requirement that is missing", n)
	}
	if !strings.Contains(textOf(t, page), "16 more can't be decided before this") {
		t.Error("what stands on a failure isn't counted with it")
	}
}

func TestHTMLAsksTheNetworkForNothing(t *testing.T) {
	for name, page := range map[string]string{"report": asHTML(t, sample()), "index": asIndex(t, reports.IndexEntry{Folder: "aws", Result: sample()})} {
		walk(t, page, func(n *html.Node, attr map[string]string) {
			for _, a := range []string{"src", "srcset", "action", "poster", "background", "data", "formaction"} {
				if v, ok := attr[a]; ok {
					t.Errorf("%s: <%s %s=%q> loads something", name, n.Data, a, v)
				}
			}
			if n.Data == "link" && attr["href"] != "data:," {
				t.Errorf("%s: <link href=%q>", name, attr["href"])
			}
			if attr["style"] != "" {
				t.Errorf("%s: <%s> has a style of its own, which the policy forbids", name, n.Data)
			}
		})
		if strings.Contains(page, "@import") || strings.Contains(page, "url(") || regexp.MustCompile(`fetch\(|XMLHttpRequest|import\(`).MatchString(page) {
			t.Errorf("%s: style or script loads something", name)
		}
	}
}

func TestHTMLPolicyAdmitsJustItsOwnStyleAndScript(t *testing.T) {
	for name, c := range map[string]struct {
		page    string
		scripts int
	}{"report": {asHTML(t, infested("x")), 1}, "index": {asIndex(t, reports.IndexEntry{Folder: "aws", Result: sample()}), 0}} {
		policy, scripts := "", 0
		walk(t, c.page, func(n *html.Node, attr map[string]string) {
			switch {
			case n.Data == "meta" && attr["http-equiv"] == "Content-Security-Policy":
				policy = attr["content"]
			case n.Data == "style" || n.Data == "script":
				sum := sha256.Sum256([]byte(n.FirstChild.Data))
				want := n.Data + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
				if !strings.Contains(policy, want) {
					t.Errorf("%s: the policy %q lacks %q", name, policy, want)
				}
				if n.Data == "script" {
					scripts++
				}
			}
		})
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || scripts != c.scripts {
			t.Errorf("%s: %d scripts under the policy %q", name, scripts, policy)
		}
	}
}

func TestHTMLIsSafeForAnyText(t *testing.T) {
	elements := func(page string) map[string]int {
		n := map[string]int{}
		walk(t, page, func(node *html.Node, attr map[string]string) {
			for k := range attr {
				if strings.HasPrefix(k, "on") {
					t.Errorf("<%s %s> is a handler", node.Data, k)
				}
			}
			if href, ok := attr["href"]; ok && strings.Contains(strings.ToLower(href), "javascript:") {
				t.Errorf("<%s href=%q>", node.Data, href)
			}
			n[node.Data]++
		})
		return n
	}
	want := elements(asHTML(t, infested("plain")))
	for _, h := range append(hostile, "../../etc/passwd", "//evil.example/x", "https://evil.example/") {
		got := elements(asHTML(t, infested(h)))
		for _, tag := range []string{"script", "style", "img", "article", "table", "section", "svg", "iframe", "base", "meta"} {
			if got[tag] != want[tag] {
				t.Errorf("%q changes the page: %d <%s>, want %d", h, got[tag], tag, want[tag])
			}
		}
		if strings.Contains(h, "evil") || strings.Contains(h, "..") {
			walk(t, asHTML(t, infested(h)), func(n *html.Node, attr map[string]string) {
				if href := attr["href"]; n.Data == "a" && !strings.HasPrefix(href, "#") {
					t.Errorf("%q became the link %q", h, href)
				}
			})
		}
	}
}

func TestHTMLIsAccessible(t *testing.T) {
	for name, page := range map[string]string{"report": asHTML(t, sample()), "index": asIndex(t, reports.IndexEntry{Folder: "aws", Result: sample()})} {
		ids, targets, h1 := map[string]bool{}, []string{}, 0
		walk(t, page, func(n *html.Node, attr map[string]string) {
			if id := attr["id"]; id != "" {
				if ids[id] {
					t.Errorf("%s: the id %q is there twice", name, id)
				}
				ids[id] = true
			}
			switch n.Data {
			case "html":
				if attr["lang"] != "en" {
					t.Errorf("%s: the page has no language", name)
				}
			case "h1":
				h1++
			case "svg":
				if attr["aria-hidden"] != "true" && (attr["role"] != "img" || attr["aria-label"] == "") {
					t.Errorf("%s: a drawing is neither hidden nor named", name)
				}
			case "a", "use":
				if h := attr["href"]; strings.HasPrefix(h, "#") {
					targets = append(targets, h[1:])
				}
			}
		})
		for _, target := range targets {
			if !ids[target] {
				t.Errorf("%s: nothing has the id %q", name, target)
			}
		}
		if h1 != 1 {
			t.Errorf("%s: %d first headings", name, h1)
		}
	}
}

func TestIndexLinksEverySubjectAndShowsTheGravest(t *testing.T) {
	incomplete := certified()
	incomplete.Profile = "gcp"
	incomplete.Required = append(incomplete.Required, reports.Required{ID: "BYOB-NET-002", Level: "MUST"})
	incomplete.Conclude(incomplete.Required)
	page := asIndex(t, reports.IndexEntry{Folder: "aws", Result: certified()}, reports.IndexEntry{Folder: "gcp", Result: incomplete})
	for _, want := range []string{"<h1>Incomplete</h1>", "2 subjects: 1 incomplete, 1 certified.", `href="aws/report.html"`, `href="gcp/result.json"`, `href="gcp/junit.xml"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the index lacks %q", want)
		}
	}
	if page := asIndex(t); !strings.Contains(page, "<h1>No verdict</h1>") {
		t.Error("an empty index has a verdict")
	}
}
