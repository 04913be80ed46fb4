package reports_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

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

// shownByGitHub is what a job's page shows of a step's annotations: the first ten of a kind.
func shownByGitHub(t *testing.T, rs ...*reports.Result) map[string][]string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteGitHub(&b, rs...); err != nil {
		t.Fatal(err)
	}
	shown := map[string][]string{}
	for _, l := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
		kind, _, _ := strings.Cut(strings.TrimPrefix(l, "::"), " ")
		if len(shown[kind]) < 10 {
			shown[kind] = append(shown[kind], l)
		} else {
			t.Errorf("nobody sees %q", l)
		}
		if len(l) > 64<<10 {
			t.Errorf("an annotation of %d bytes", len(l))
		}
	}
	return shown
}

func TestOfManyAnnotationsTheRestIsSaid(t *testing.T) {
	r := sample()
	for i := range 30 {
		for level, id := range map[string]string{"MUST": "BYOB-XFER-1%02d", "SHOULD": "BYOB-XFER-2%02d"} {
			q := r.Requirements[6] // one that failed
			q.ID, q.Level, q.Reason = fmt.Sprintf(id, i), level, strings.Repeat("\u2028%", 100000)
			r.Requirements = append(r.Requirements, q)
			r.Required = append(r.Required, reports.Required{ID: q.ID, Level: level})
		}
		r.Waivers = append(r.Waivers, reports.Waiver{ID: fmt.Sprintf("BYOB-NONE-%03d", i)})
	}
	r.Conclude(r.Required)
	for _, rs := range [][]*reports.Result{{r}, {r, whole(), certified()}} {
		shown := shownByGitHub(t, rs...)
		if !strings.Contains(shown["error"][0], "Bucketproof%3A not certified") {
			t.Errorf("the verdict isn't first: %.200s", shown["error"][0])
		}
		last := shown["error"][len(shown["error"])-1]
		for _, want := range []string{" more::", "BYOB-XFER-129", " and ", " more%0A", "The report has them all."} {
			if !strings.Contains(last, want) {
				t.Errorf("the rest doesn't say %q: %s", want, last)
			}
		}
		if warned := shown["warning"]; len(warned) != 10 || !strings.Contains(warned[9], "BYOB-XFER-229") {
			t.Errorf("warnings: %d", len(warned))
		}
	}
}

// Of several results on one page the verdict of each is said, also where one alone would fill it.
func TestEveryVerdictOfAStepIsAnnotated(t *testing.T) {
	shown := shownByGitHub(t, sample(), certified(), whole(), &reports.Result{}, nil)
	all := strings.Join(append(shown["error"], shown["notice"]...), "\n")
	for verdict, want := range map[string]int{"not certified": 2, "certified": 1, "errored": 2} {
		if got := strings.Count(all, "title=Bucketproof%3A "+verdict+"::"); got != want {
			t.Errorf("%s is said %d times, want %d:\n%s", verdict, got, want, all)
		}
	}
	if shown := shownByGitHub(t); len(shown["error"]) != 1 {
		t.Errorf("no result at all: %q", shown)
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
