package reports_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/bucketproof/bucketproof/reports"
)

// tabLimit is how long one test may take in its tab.
const tabLimit = time.Minute

// closeBrowser ends the one browser that all tests share; nil as long as none was started.
var closeBrowser func()

func TestMain(m *testing.M) {
	code := m.Run()
	if closeBrowser != nil {
		closeBrowser()
	}
	os.Exit(code)
}

// shared starts the one browser of all tests.
var shared = sync.OnceValues(func() (context.Context, error) {
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("disable-component-update", true))
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, end := chromedp.NewContext(allocator)
	closeBrowser = func() { end(); stop() }
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		return nil, fmt.Errorf("start a Chromium or Chrome: %w", err)
	}
	return ctx, nil
})

// browserOrSkip is the shared browser; where none is installed, the test is skipped.
func browserOrSkip(t testing.TB) context.Context {
	t.Helper()
	ctx, err := shared()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// screen is how a page is looked at.
type screen struct {
	width, height int64
	dark          bool
}

var (
	wide  = screen{1280, 800, false}
	phone = screen{390, 844, false}
)

func (s screen) String() string {
	shade := "light"
	if s.dark {
		shade = "dark"
	}
	return fmt.Sprintf("%dx%d %s", s.width, s.height, shade)
}

// tab is a page in the shared browser. What it must not do is collected and told when the test ends: ask the network for
// anything, break its own policy, open a dialog, throw.
type tab struct {
	testing.TB
	ctx   context.Context
	close func()
	mu    sync.Mutex
	bad   []string
}

// watch is run before a page's own script, and keeps what the policy refused.
const watch = `window.refused = []; document.addEventListener("securitypolicyviolation", e => refused.push(e.violatedDirective + " " + e.blockedURI));`

// open opens a page from disk as a person would.
func open(t testing.TB, source string, s screen) *tab {
	t.Helper()
	parent := browserOrSkip(t)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	inner, end := chromedp.NewContext(parent)
	t.Cleanup(end)                                                               // a second time does nothing
	if err := chromedp.Do(inner, chromedp.Navigate("about:blank")); err != nil { // a limit on the first action would end the tab with it
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(inner, tabLimit)
	t.Cleanup(cancel)
	at := (&url.URL{Scheme: "file", Path: file}).String()
	p := &tab{TB: t, ctx: ctx, close: end}
	if err := chromedp.Listen(inner, func(ev any) {
		switch e := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u, _, _ := strings.Cut(e.Request.URL, "#"); u != at && u != "about:blank" && !strings.HasPrefix(u, "data:,") {
				p.note("it asks for %s", e.Request.URL)
			}
		case *page.EventJavascriptDialogOpening:
			p.note("it opens a dialog: %s", e.Message)
		case *runtime.EventExceptionThrown:
			p.note("it throws: %s", e.ExceptionDetails.Text)
		}
	}); err != nil {
		t.Fatal(err)
	}
	p.look(s)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	if err := chromedp.Do(ctx, chromedp.Navigate(at)); err != nil {
		t.Fatal(err)
	}
	return p
}

// look turns the page to another screen.
func (p *tab) look(s screen) {
	p.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: s.width, Height: s.height, DeviceScaleFactor: 1, Mobile: s.width < 600})
	shade := map[bool]string{true: "dark", false: "light"}[s.dark]
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: shade}}})
}

func (p *tab) note(format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bad = append(p.bad, fmt.Sprintf(format, a...))
}

// quiet says what the page did that it must not.
func (p *tab) quiet() {
	p.Helper()
	if refused := eval[[]string](p, "refused"); len(refused) > 0 {
		p.Errorf("its policy refused %q", refused)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.bad {
		p.Error(b)
	}
}

func call[P, R any](p *tab, c cdp.Command[P, R], params P) R {
	p.Helper()
	r, err := chromedp.Call(p.ctx, c, params)
	if err != nil {
		p.Fatalf("%s: %v", c.Method, err)
	}
	return r
}

// eval is the value of an expression in the page, awaited.
func eval[T any](p *tab, js string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", js, err)
	}
	return v
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// is compares what an expression gives in the page with what it must.
func is[T comparable](p *tab, what, js string, want T) {
	p.Helper()
	if got := eval[T](p, js); got != want {
		p.Errorf("%s: got %v, want %v", what, got, want)
	}
}

const shownLines = `[...document.querySelectorAll(".line")].filter(l => l.offsetParent).map(l => l.id).join(" ")`

// pages are what there is to look at.
func pages(t testing.TB) map[string]string {
	t.Helper()
	write := func(r *reports.Result) string {
		var b strings.Builder
		if err := reports.WriteHTML(&b, r); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var index strings.Builder
	if err := reports.WriteIndex(&index, []reports.IndexEntry{{Folder: "aws", Result: told(sample())}, {Folder: "gcp", Result: certified()}, {Folder: "azure", Result: stalled()}}); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"not certified": write(told(sample())), "certified": write(certified()), "errored": write(stalled()), "several": index.String()}
}

// told is a result with requests and answers, and with the command that made it.
func told(r *reports.Result) *reports.Result {
	r.Run.Command = "bucketproof certify - --frontend-origin https://acme.wandb.io --ca-file 'the company''s.pem' --provider aws --edition 2025-09"
	for i := range r.Requirements {
		for k := range r.Requirements[i].Observations {
			r.Requirements[i].Observations[k].Exchanges = []reports.Exchange{{Method: "PUT", URL: "https://s3.us-east-1.amazonaws.com/acme/key?X-Amz-Signature=[redacted]",
				Sent: []string{"Content-Md5: 1B2M2Y8AsgTpgAmY7PhCfg=="}, Status: 403, Received: []string{"X-Amz-Request-Id: 3"}, Body: "AccessDenied: Access Denied", Milliseconds: 12.4}}
		}
	}
	return r
}

func TestPagesAreQuietInABrowser(t *testing.T) {
	for name, source := range pages(t) {
		t.Run(name, func(t *testing.T) {
			p := open(t, source, wide)
			if eval[string](p, "document.title") == "" {
				t.Error("the page was not opened")
			}
			p.quiet()
		})
	}
}

// Whatever a server, a header or a document says, it stays text.
func TestHostileTextStaysTextInABrowser(t *testing.T) {
	attacks := append([]string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</style><style>@import "http://127.0.0.1:1/x"</style>`,
		`<a href="javascript:alert(1)" autofocus onfocus=alert(1)>x</a>`, `--><svg onload=alert(1)>`, `<meta http-equiv=refresh content="0;url=http://127.0.0.1:1/">`}, hostile...)
	whole := strings.Join(attacks, " ")
	var b strings.Builder
	if err := reports.WriteHTML(&b, infested(whole)); err != nil {
		t.Fatal(err)
	}
	var index strings.Builder
	if err := reports.WriteIndex(&index, []reports.IndexEntry{{Folder: "aws", Result: infested(whole)}}); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{b.String(), index.String()} {
		p := open(t, source, wide)
		eval[int](p, `(document.querySelectorAll("details").forEach(d => d.open = true), document.querySelectorAll(".copy").forEach(b => b.click()), 1)`)
		is(p, "elements that nobody wrote", `document.querySelectorAll("img, iframe, meta[http-equiv=refresh], a[href^=javascript], [onload], [onerror], [onfocus], script + script, style + style").length`, 0)
		if !strings.Contains(eval[string](p, "document.body.textContent"), `<script>alert(1)</script>`) {
			t.Error("the text is not shown as it was said")
		}
		p.quiet()
	}
}

// Someone who has never seen the tool has the three things to do before them, without scrolling.
func TestTheFirstScreenSaysWhatToDo(t *testing.T) {
	for _, s := range []screen{wide, phone} {
		p := open(t, pages(t)["not certified"], s)
		is(p, s.String()+": things to do", `document.querySelectorAll(".first > .do > .tasks > .task").length`, 3)
		for _, at := range []string{"h1", ".why", ".subject", ".when .date", ".task:nth-child(1) .brief", ".task:nth-child(2) .brief", ".task:nth-child(3) .brief", ".task:nth-child(3) .copy"} {
			is(p, s.String()+": "+at+" on the first screen", fmt.Sprintf(`(r => r.width > 0 && r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth)(document.querySelector(%q).getBoundingClientRect())`, at), true)
		}
		is(p, s.String()+": nothing is wider than the screen", `document.documentElement.scrollWidth <= innerWidth`, true)
		is(p, "what comes first", `document.querySelector(".task h3 a").getAttribute("href")`, "#BYOB-XFER-002")
	}
}

func TestFilterFoldAndDeepLinkInABrowser(t *testing.T) {
	p := open(t, pages(t)["not certified"], wide)
	all := eval[int](p, `document.querySelectorAll(".line").length`)
	p.do(chromedp.Click(`.chip[data-word="failed"]`))
	is(p, "failed ones", shownLines, "BYOB-XFER-002 BYOB-CORS-003")
	is(p, "the count", `document.querySelector(".tools [role=status]").textContent`, fmt.Sprintf("2 of %d shown", all))
	p.do(chromedp.Click(`.chip[data-word="errored"]`))
	is(p, "failed and errored ones", shownLines, "BYOB-SIGN-008 BYOB-XFER-002 BYOB-CORS-003")
	eval[int](p, `(document.getElementById("family").value = "CORS", document.getElementById("family").dispatchEvent(new Event("change")), 1)`)
	is(p, "of a family", shownLines, "BYOB-CORS-003")
	p.do(chromedp.SendKeys("#word", "no such word anywhere"))
	is(p, "none", shownLines, "")
	is(p, "it is said that nothing fits", `!document.querySelector(".none").hidden`, true)
	p.do(chromedp.Click("#reset"))
	is(p, "all again", `document.querySelectorAll(".line.out").length`, 0)

	p.do(chromedp.Click("#all"))
	is(p, "all open", `[...document.querySelectorAll(".line > details")].every(d => d.open)`, true)
	p.do(chromedp.Click("#all"), chromedp.Click("#BYOB-NET-003 summary"))
	is(p, "one open", `[...document.querySelectorAll(".line > details")].filter(d => d.open).length`, 1)
	p.do(chromedp.Click("#BYOB-NET-003 .exchange summary"))
	is(p, "request and answer unfold", `document.querySelector("#BYOB-NET-003 .exchange pre").offsetParent !== null`, true)

	p.do(chromedp.Click(`.chip[data-word="passed"]`))
	eval[int](p, `(location.hash = "BYOB-CORS-003", new Promise(done => setTimeout(() => done(1), 50)))`)
	is(p, "a link shows what a filter had hidden, open, and in view", `(l => l.offsetParent !== null && l.firstElementChild.open && l.getBoundingClientRect().top < innerHeight && l.contains(document.activeElement))(document.getElementById("BYOB-CORS-003"))`, true)
	p.quiet()
}

func TestCopyInABrowser(t *testing.T) {
	p := open(t, pages(t)["not certified"], wide)
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		call(p, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{Permission: &cdpbrowser.PermissionDescriptor{Name: name}, Setting: cdpbrowser.PermissionSettingGranted})
	}
	for _, c := range []struct{ open, button, want string }{
		{"", ".task:nth-child(2) .copy", "aws s3api put-bucket-cors"},
		{"#BYOB-CORS-003 > details > summary", "#BYOB-CORS-003 .again .copy", `bucketproof certify - --frontend-origin https://acme.wandb.io`},
		{"#BYOB-XFER-002 > details > summary", "#BYOB-XFER-002 .remedy .copy", "Something before the store drops or ignores Content-MD5."},
	} {
		if c.open != "" {
			p.do(chromedp.Click(c.open))
		}
		p.do(chromedp.Click(c.button))
		is(p, "the button says so", fmt.Sprintf(`new Promise(done => { const b = document.querySelector(%q); const look = () => b.textContent === "Copy" ? setTimeout(look, 5) : done(b.textContent); look(); })`, c.button), "Copied")
		if got := eval[string](p, "navigator.clipboard.readText()"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s copies %q, want %q and so on", c.button, got, c.want)
		}
	}
	if got := eval[string](p, `document.querySelector("#BYOB-CORS-003 .again pre").textContent`); !strings.Contains(got, "--only BYOB-CORS-003 --seed 8402331") {
		t.Errorf("the command %q doesn't pick the requirement and the seed", got)
	}
	p.quiet()
}

func TestKeysInABrowser(t *testing.T) {
	p := open(t, pages(t)["not certified"], wide)
	const at = `(document.activeElement.closest(".line") || {id: document.activeElement.id}).id`
	key := func(k string) { p.do(chromedp.KeyEvent(k)) }
	key("j")
	is(p, "the first", at, "BYOB-NET-001")
	key("j")
	is(p, "the next", at, "BYOB-NET-003")
	key("k")
	is(p, "the one before", at, "BYOB-NET-001")
	is(p, "focus is seen", `getComputedStyle(document.activeElement).outlineStyle + parseFloat(getComputedStyle(document.activeElement).outlineWidth)`, "solid3")
	key("n")
	is(p, "the next that isn't met", at, "BYOB-SIGN-008")
	key("\r")
	is(p, "Enter opens it", `document.querySelector("#BYOB-SIGN-008 > details").open`, true)
	key("o")
	is(p, "all open", `[...document.querySelectorAll(".line > details")].every(d => d.open)`, true)
	key("/")
	is(p, "the search", at, "word")
	eval[int](p, `(document.getElementById("word").value = "", 1)`) // the driver types a character even if its key was taken
	key("j")
	is(p, "a letter in the search is a letter", `document.getElementById("word").value`, "j")
	key("\x1b")
	is(p, "Escape shows all", `document.getElementById("word").value + document.querySelectorAll(".out").length`, "0")
	eval[int](p, `(document.activeElement.blur(), 1)`)
	key("?")
	is(p, "the list of keys", `document.getElementById("keyhelp").open`, true)
	for _, k := range []string{"/", "j", "k", "n", "Enter", "c", "o", "Esc", "?"} {
		is(p, "key "+k+" is documented", fmt.Sprintf(`[...document.querySelectorAll("#keyhelp kbd")].some(k => k.textContent === %q)`, k), true)
	}
	p.do(chromedp.Click("#single"))
	key("\x1b")
	is(p, "Escape closes the list", `document.getElementById("keyhelp").open`, false)
	eval[int](p, `(document.activeElement.blur(), 1)`)
	key("j")
	is(p, "single keys are off", `document.activeElement.tagName`, "BODY")
	p.quiet()
}

func TestPrintInABrowser(t *testing.T) {
	p := open(t, pages(t)["not certified"], wide)
	p.do(chromedp.Click(`.chip[data-word="passed"]`))
	yes := true
	pdf := call(p, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes}).Data
	if n := strings.Count(string(pdf), "/Type /Page\n"); !strings.HasPrefix(string(pdf), "%PDF-") || n < 2 || n > 20 {
		t.Errorf("%d bytes of PDF have %d pages, want 2 to 20", len(pdf), n)
	}
	is(p, "nothing stays open afterwards", `document.querySelectorAll("details[open]").length`, 0)
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	eval[int](p, `(window.dispatchEvent(new Event("beforeprint")), 1)`)
	is(p, "a filter hides nothing on paper", `[...document.querySelectorAll(".line")].every(l => l.offsetParent !== null)`, true)
	is(p, "what failed is printed whole", `document.querySelector("#BYOB-CORS-003 .copied").offsetParent !== null`, true)
	is(p, "what passed is one line", `document.querySelector("#BYOB-NET-001 details").open`, false)
	is(p, "buttons are not printed", `[...document.querySelectorAll("button")].every(b => b.offsetParent === null || b.closest("dialog"))`, true)
	is(p, "paper is white", `getComputedStyle(document.body).backgroundColor`, "rgb(255, 255, 255)")
	p.quiet()
}
