package reports

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

//go:embed page
var page embed.FS

// WriteHTML writes report.html: one file that asks the network for nothing, reads without JavaScript, on a phone, in
// the dark and on paper. Its content security policy admits its own style and script by their hashes and nothing else.
func WriteHTML(w io.Writer, r *Result) error {
	p, err := newReportPage(r.evidenced())
	if err != nil {
		return err
	}
	return render(w, "report", p)
}

// frame is what every page has around its content.
type frame struct {
	Policy        string
	Style, Script template.HTML
}

// newFrame puts style and script into a page, with the policy that admits just them. Their text is ours, from the
// embedded files, which is why it may go in as it is.
func newFrame(script bool) (frame, error) {
	css, err := page.ReadFile("page/style.css")
	if err != nil {
		return frame{}, fmt.Errorf("reading the style sheet: %w", err)
	}
	f := frame{Style: template.HTML("<style>" + string(css) + "</style>")}
	policy := []string{"default-src 'none'", "style-src " + hash(css), "img-src data:", "base-uri 'none'", "form-action 'none'"}
	if script {
		js, err := page.ReadFile("page/script.js")
		if err != nil {
			return frame{}, fmt.Errorf("reading the script: %w", err)
		}
		f.Script = template.HTML("<script>" + string(js) + "</script>")
		policy = append(policy, "script-src "+hash(js))
	}
	f.Policy = strings.Join(policy, "; ")
	return f, nil
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// templates are parsed once: escaping them takes longer than filling them in.
var templates = sync.OnceValues(func() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{
		"shown": shown, "reason": func(l lineView) string { return ownReason(l.Requirement) }, "state": state, "icon": icon, "href": localHref,
		"ms":       func(n int64) string { return took(time.Duration(n) * time.Millisecond) },
		"millis":   func(n float64) string { return fmt.Sprintf("%.3g ms", n) },
		"requests": requestsOf, "pieces": pieces, "spans": spans, "parts": remedyParts, "short": short, "lower": strings.ToLower,
		"met":    func(l lineView) bool { return l.Outcome == Passed || l.Outcome == NotApplicable },
		"status": statusOf,
	}).ParseFS(page, "page/*.tmpl")
})

// pieces splits an address where a line may best be broken: a browser would do it at any hyphen of a region.
func pieces(address string) (out []string) {
	for address != "" {
		i := strings.IndexAny(address, "/@?&")
		for i >= 0 && i+1 < len(address) && address[i+1] == '/' {
			i++
		}
		if i < 0 || i+1 == len(address) {
			return append(out, address)
		}
		out, address = append(out, address[:i+1]), address[i+1:]
	}
	return out
}

// short is the beginning of a remedy: its first words, and the first of what is to be copied.
func short(remedy string) []remedyPart {
	const lines = 3
	var out []remedyPart
	for i, p := range remedyParts(remedy) {
		if i == 2 || i == 1 && p.Code == out[0].Code {
			break
		}
		if all := strings.Split(p.Text, "\n"); len(all) > lines {
			p.Text = strings.Join(all[:lines], "\n") + " …"
		}
		out = append(out, p)
	}
	return out
}

// statusOf says an answer's status in words.
func statusOf(x Exchange) string {
	switch {
	case x.Status != 0:
		return strings.TrimSpace(fmt.Sprintf("%d %s", x.Status, http.StatusText(x.Status)))
	case x.Failure != "":
		return "no answer"
	}
	return "no answer yet"
}

func render(w io.Writer, name string, data any) error {
	t, err := templates()
	if err != nil {
		return fmt.Errorf("parsing the pages: %w", err)
	}
	if err := t.ExecuteTemplate(w, name, data); err != nil {
		return fmt.Errorf("writing the page %q: %w", name, err)
	}
	return nil
}

// state is the colour class of a word shown for an outcome. A colour never stands without its word and its icon.
func state(word string) string {
	switch word {
	case "passed", "failed", "errored", "warning":
		return word
	case "unknown outcome":
		return "errored"
	case "unverified", "not run":
		return "open"
	case "waived":
		return "warning"
	}
	return "idle"
}

func icon(word string) string {
	if word == "waived" {
		return word
	}
	return state(word)
}

// localHref is a link to a file below the report, or "" for anything else: plain names only, so that it can be no
// other scheme, host or folder.
func localHref(path string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./"
	if !filepath.IsLocal(path) || strings.ContainsFunc(path, func(r rune) bool { return !strings.ContainsRune(plain, r) }) {
		return ""
	}
	return path
}

func requestsOf(indices []int) string {
	words := make([]string, len(indices))
	for i, n := range indices {
		words[i] = fmt.Sprint(n)
	}
	if len(words) == 1 {
		return "request " + words[0]
	}
	return "requests " + strings.Join(words, ", ")
}

// verdictView is a verdict as a page shows it.
type verdictView struct {
	Word, Gloss, State, Icon string
}

func viewOf(v Verdict) verdictView {
	switch v {
	case Certified:
		return verdictView{"Certified", "Everything that is required was seen to hold.", "passed", "passed"}
	case NotCertified:
		return verdictView{"Not certified", "Something that is required was seen not to hold.", "failed", "failed"}
	case Incomplete:
		return verdictView{"Incomplete", "Nothing required was seen to be broken, but not all of it was seen.", "open", "incomplete"}
	case Undecided:
		return verdictView{"Errored", "Something that is required could not be decided. No answer is not a yes.", "errored", "errored"}
	}
	return verdictView{"No verdict", "This result was never concluded, so it says nothing.", "errored", "errored"}
}

// bar is a stacked bar, 1000 wide.
type bar struct {
	Label string
	Parts []barPart
}

type barPart struct {
	State    string
	X, Width float64
}

// newBar gives every part at least as much as can be seen.
func newBar(ts []tally) bar {
	const least, whole, gap = 12.0, 1000.0, 2.0
	var b bar
	var total float64
	var words []string
	for _, t := range ts {
		total += float64(t.Count)
		words = append(words, fmt.Sprintf("%d %s", t.Count, t.Word))
	}
	b.Label = strings.Join(words, ", ")
	room := whole - least*float64(len(ts))
	x := 0.0
	for _, t := range ts {
		width := least + room*float64(t.Count)/total
		b.Parts = append(b.Parts, barPart{state(t.Word), x, width - gap})
		x += width
	}
	if n := len(b.Parts); n > 0 {
		b.Parts[n-1].Width += gap
	}
	return b
}

// onlyEmulated says why results of an emulator are not the last word.
func onlyEmulated(s Store) string {
	switch s.Kind {
	case "embedded", "process":
		return "Tried with an emulator only: what the provider's own service does, and this store doesn't, nobody has seen here."
	}
	return ""
}
