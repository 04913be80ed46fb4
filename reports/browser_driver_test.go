package reports_test

import (
	"context"
	"crypto/sha256"
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

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// actionLimit is how long a tab may take for what it is told to do at once.
const actionLimit = time.Minute

// folder holds the pages that are opened.
var folder = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "bucketproof-pages-") })

// closeBrowser ends the one browser that all tests share; nil as long as none was started.
var closeBrowser func()

func TestMain(m *testing.M) {
	code := m.Run()
	if closeBrowser != nil {
		closeBrowser()
	}
	if dir, err := folder(); err != nil || os.RemoveAll(dir) != nil {
		fmt.Fprintln(os.Stderr, "the pages' folder stays:", dir, err)
		code = 1
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

// features are what the page's style asks of a screen.
func (s screen) features() []*emulation.MediaFeature {
	return []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: map[bool]string{true: "dark", false: "light"}[s.dark]}}
}

// tab is a page in the shared browser. What it must not do is collected and told when the test ends: ask the network for
// anything, break its own policy, open a dialog, throw.
type tab struct {
	testing.TB
	ctx   context.Context
	close func()
	at    string // the page's address
	heard *heard
}

// heard is what a tab did that it must not.
type heard struct {
	mu  sync.Mutex
	bad []string
}

func (h *heard) note(format string, a ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bad = append(h.bad, fmt.Sprintf(format, a...))
}

func (h *heard) drain() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	bad := h.bad
	h.bad = nil
	return bad
}

// watch is run before a page's own script, and keeps what the policy refused.
const watch = `window.refused = []; document.addEventListener("securitypolicyviolation", e => refused.push(e.violatedDirective + " " + e.blockedURI));`

// kept are the tabs that tests share, by the page in them.
var kept = map[string]*tab{}

// again opens a page anew in the tab that every test of it shares: a new one takes longer than most tests. at is what follows the
// file's address.
func again(t testing.TB, source string, s screen, at string) *tab {
	t.Helper()
	p := kept[source]
	if p == nil {
		p = newTab(t, source)
		kept[source] = p
	}
	p = &tab{TB: t, ctx: p.ctx, close: p.close, at: p.at, heard: p.heard}
	p.heard.drain()
	p.look(s)
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.at+at))
	return p
}

// open opens a page from disk as a person would.
func open(t testing.TB, source string, s screen) *tab {
	t.Helper()
	p := newTab(t, source)
	t.Cleanup(p.close)
	p.look(s)
	p.do(chromedp.Navigate(p.at))
	return p
}

// newTab is a tab for a page, which isn't open in it yet.
func newTab(t testing.TB, source string) *tab {
	t.Helper()
	parent := browserOrSkip(t)
	dir, err := folder()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, fmt.Sprintf("%x.html", sha256.Sum256([]byte(source))))
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	inner, end := chromedp.NewContext(parent)
	if err := chromedp.Do(inner, chromedp.Navigate("about:blank")); err != nil { // a limit on the first action would end the tab with it
		end()
		t.Fatal(err)
	}
	p := &tab{TB: t, ctx: inner, close: end, at: (&url.URL{Scheme: "file", Path: file}).String(), heard: &heard{}}
	if err := chromedp.Listen(inner, func(ev any) {
		switch e := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u, _, _ := strings.Cut(e.Request.URL, "#"); u != p.at && u != "about:blank" && !strings.HasPrefix(u, "data:,") {
				p.heard.note("it asks for %s", e.Request.URL)
			}
		case *page.EventJavascriptDialogOpening:
			p.heard.note("it opens a dialog: %s", e.Message)
		case *runtime.EventExceptionThrown:
			p.heard.note("it throws: %s", e.ExceptionDetails.Text)
		}
	}); err != nil {
		end()
		t.Fatal(err)
	}
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	return p
}

// look turns the page to another screen.
func (p *tab) look(s screen) {
	p.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: s.width, Height: s.height, DeviceScaleFactor: 1, Mobile: s.width < 600})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: s.features()})
}

// quiet says what the page did that it must not.
func (p *tab) quiet() {
	p.Helper()
	if refused := eval[[]string](p, "refused"); len(refused) > 0 {
		p.Errorf("its policy refused %q", refused)
	}
	for _, b := range p.heard.drain() {
		p.Error(b)
	}
}

// limited is the tab's context for one action.
func (p *tab) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, actionLimit)
}

func call[P, R any](p *tab, c cdp.Command[P, R], params P) R {
	p.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	r, err := chromedp.Call(ctx, c, params)
	if err != nil {
		p.Fatalf("%s: %v", c.Method, err)
	}
	return r
}

// eval is the value of an expression in the page, awaited.
func eval[T any](p *tab, js string) T {
	p.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", js, err)
	}
	return v
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
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
