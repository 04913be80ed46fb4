package reports_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	unsafe "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
)

func markdown(t *testing.T, rs ...*reports.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteMarkdown(&b, rs...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdownSaysTheVerdictAndWhatToDo(t *testing.T) {
	text := markdown(t, sample())
	for _, want := range []string{
		"## Bucketproof: not certified\n", "### Broken\n", "| BYOB-CORS-003 | The CORS policy exposes ETag | no rule exposes ETag | aws s3api put-bucket-cors",
		"### Undecided\n", "| BYOB-CORS-008 |  | missing", "### Warnings\n", "| BYOB-CORS-006 |", "### Waivers\n",
		"| BYOB-PERM-020 | holds | J. Doe | 2027-03-31 | public read of /public/ is agreed with security | https&#58;//<!-- -->issues.example.com/SEC-4411 |",
		"Tried with an emulator only",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary doesn't say %q:\n%s", want, text)
		}
	}
	if text := markdown(t, certified()); !strings.HasPrefix(text, "## Bucketproof: certified\n") || strings.Contains(text, "###") {
		t.Errorf("a certified run: got\n%s", text)
	}
	if text := markdown(t); !strings.Contains(text, "no verdict") {
		t.Errorf("no result: got\n%s", text)
	}
}

// summaryPage is a summary as a CI shows it, rendered by a Markdown library that isn't ours.
func summaryPage(t *testing.T, summary string) *html.Node {
	t.Helper()
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(unsafe.WithUnsafe())).Convert([]byte(summary), &b); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// What a summary consists of, and what a CI would make a link, a mention or an issue of when it finds it in the page's text.
var (
	summaryElements = strings.Fields("html head body h2 h3 p ul ol li code table thead tbody tr th td")
	linkedByHost    = regexp.MustCompile(`(?i)@\w|#\d|://\w|www\.`)
)

// markup says what a page has that no summary may have.
func markup(doc *html.Node) (found []string) {
	columns := 0
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.ElementNode && !slices.Contains(summaryElements, n.Data):
			found = append(found, "<"+n.Data+">")
		case n.Type == html.ElementNode && len(n.Attr) > 0:
			found = append(found, "<"+n.Data+" "+n.Attr[0].Key+">")
		case n.Type == html.TextNode && n.Parent.Data != "code" && linkedByHost.MatchString(n.Data):
			found = append(found, n.Data)
		case n.Type == html.CommentNode && strings.TrimSpace(n.Data) != "":
			found = append(found, "a comment: "+n.Data)
		case n.Data == "tr":
			cells := 0
			for c := range n.ChildNodes() {
				if c.Type == html.ElementNode {
					cells++
				}
			}
			if n.Parent.Data == "thead" {
				columns = cells
			} else if cells != columns {
				found = append(found, fmt.Sprintf("a row of %d cells below %d headings", cells, columns))
			}
		}
	}
	return found
}

// readable is what a reader sees.
func readable(doc *html.Node) string {
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func TestMarkdownTakesNoMarkupFromOutside(t *testing.T) {
	for _, h := range append(hostile, "![x](https://evil.example/x.png)", "[click](javascript:alert(1))", "a|b|c", "a\\|b", "# heading", "@octocat #1", "a@evil.example", "xmpp:a@evil.example",
		"```\ncode", "`", "**bold**", "~~gone~~", "$$x$$", "https://evil.example", "WWW.evil.example", "- [ ] task", "a\n\n# heading", "a\r\n| b | c |", "&lt;b&gt;", "[^1]", ":tada:") {
		doc := summaryPage(t, markdown(t, infested(h)))
		if found := markup(doc); len(found) > 0 {
			t.Errorf("%q became %q", h, found)
		}
		if want := strings.Join(strings.Fields(reports.Inline(h)), " "); !strings.Contains(readable(doc), want) {
			t.Errorf("%q is not to be read in the summary", h)
		}
	}
}

// A check that finds nothing wherever it looks proves nothing.
func TestTheCheckForMarkupFindsIt(t *testing.T) {
	for _, bad := range []string{"![x](https://e.example/x.png)", "[x](https://e.example)", "https://e.example", "a@e.example", "@octocat", "&#64;octocat", "see &#35;1", "<b>x</b>", "<!-- x -->",
		"- [ ] x", "**x**", "~~x~~", "> x", "| a | b |\n| --- | --- |\n| x |\n", "# x"} {
		if doc := summaryPage(t, bad); len(markup(doc)) == 0 && !strings.HasPrefix(bad, "| a") { // goldmark fills short rows
			t.Errorf("%q is not found", bad)
		}
	}
}

func TestMarkdownStaysWithinAStepsLimit(t *testing.T) {
	long := func(text string) *reports.Result {
		r := sample()
		for i := range 2000 {
			q := r.Requirements[6] // one that failed
			q.ID = fmt.Sprintf("BYOB-XFER-%05d", i)
			q.Title, q.Reason, q.Remedy = q.Title+text, q.Reason+text, q.Remedy+text
			r.Requirements = append(r.Requirements, q)
			r.Required = append(r.Required, reports.Required{ID: q.ID, Level: "MUST"})
		}
		r.Conclude(r.Required)
		return r
	}
	for name, rs := range map[string][]*reports.Result{
		"two thousand failures":           {long("")},
		"failures with endless messages":  {long(strings.Repeat("<|>", 1000))},
		"many subjects, and all of them":  slices.Repeat([]*reports.Result{long("")}, 5),
		"subjects with endless addresses": {infested(strings.Repeat("`", 100000)), infested(strings.Repeat("<", 100000))},
	} {
		text := markdown(t, rs...)
		if len(text) > 600<<10 { // a step has 1 MiB, and a comparison may come besides
			t.Errorf("%s: %d bytes", name, len(text))
		}
		if n := strings.Count(text, "## Bucketproof: not certified\n") - strings.Count(text, "### Bucketproof"); n != len(rs) {
			t.Errorf("%s: %d verdicts, want %d", name, n, len(rs))
		}
	}
}
