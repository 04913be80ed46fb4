package reports_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
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
		"| BYOB-PERM-020 | holds | J. Doe | 2027-03-31 | public read of /public/ is agreed with security | https&#58;//issues.example.com/SEC-4411 |",
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

func TestMarkdownTakesNoMarkupFromOutside(t *testing.T) {
	cell := regexp.MustCompile(`^\| (.*) \|$`)
	for _, h := range append(hostile, "![x](https://evil.example/x.png)", "[click](javascript:alert(1))", "a|b|c", "# heading", "@octocat #1", "```\ncode", "**bold**", "$$x$$", "https://evil.example", "www.evil.example", "- [ ] task") {
		text := markdown(t, infested(h))
		for _, l := range strings.Split(text, "\n") {
			if m := cell.FindStringSubmatch(l); m != nil && !strings.Contains(l, " --- ") {
				body := strings.ReplaceAll(m[1], " | ", "")
				if strings.ContainsAny(regexp.MustCompile(`&#\d+;`).ReplaceAllString(body, ""), "<>[]`*|@#&$\\") || strings.Contains(body, "www.") || strings.Contains(body, "://") {
					t.Errorf("%q: markup in a cell: %s", h, l)
				}
			}
		}
		outside := regexp.MustCompile("(?m)^`.*$").ReplaceAllString(text, "") // the line of code spans, in which nothing is markup
		if strings.ContainsAny(outside, "<>") {
			t.Errorf("%q went through: %s", h, outside)
		}
	}
}

func TestMarkdownStaysWithinAStepsLimit(t *testing.T) {
	r := sample()
	for i := range 10000 {
		q := r.Requirements[5]
		q.ID += string(rune('a'+i%26)) + strings.Repeat("x", i%7)
		r.Requirements = append(r.Requirements, q)
		r.Required = append(r.Required, reports.Required{ID: q.ID, Level: "MUST"})
	}
	r.Requirements[5].Outcome = reports.Errored
	r.Conclude(r.Required)
	if n := len(markdown(t, r)); n > 1<<20 {
		t.Errorf("%d bytes, want at most 1 MiB", n)
	}
}

func TestAnnotationsStayInsideTheirCommands(t *testing.T) {
	for _, h := range append(hostile, "\n::error::injected", "a%0A::stop-commands::x", "x,file=/etc/passwd::y", "\r\n::set-env name=A::b") {
		var b bytes.Buffer
		if err := reports.WriteGitHub(&b, infested(h)); err != nil {
			t.Fatal(err)
		}
		for _, l := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
			if !regexp.MustCompile(`^::(error|warning|notice) title=[^:,\r]*::[^\r]*$`).MatchString(l) {
				t.Errorf("%q: a line that is no command of ours: %q", h, l)
			}
		}
	}
	var b bytes.Buffer
	if err := reports.WriteGitHub(&b, sample()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"::error title=Bucketproof%3A not certified::", "::error title=BYOB-CORS-003 ", "::error title=BYOB-SIGN-008 ", "::warning title=BYOB-CORS-006 ", "::notice title=BYOB-PERM-020 is waived::"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := reports.WriteGitHub(&b, certified()); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.HasPrefix(text, "::notice title=Bucketproof%3A certified::") || strings.Count(text, "\n") != 1 {
		t.Errorf("a certified run: got %q", text)
	}
}

func TestTextForGitHubGivesNoOrders(t *testing.T) {
	var b bytes.Buffer
	in := "fine\n::error::x\n  \t::stop-commands::y\nan ##[error] inside\n\u00a0::set-output name=a::b\n"
	n, err := reports.GitHubText{W: &b}.Write([]byte(in))
	if err != nil || n != len(in) {
		t.Fatalf("got %d, %v", n, err)
	}
	for _, l := range strings.Split(b.String(), "\n") {
		if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") {
			t.Errorf("an order: %q", l)
		}
	}
	if !strings.HasPrefix(b.String(), "fine\n") {
		t.Errorf("what is no order was changed: %q", b.String())
	}
}
