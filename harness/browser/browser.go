// Package browser has an installed Chromium send requests from a page on another origin, as W&B's front end does. The page
// is served on 127.0.0.1 and answers to whatever origin it is to have: the browser is told to find that name there, and to
// trust the certificate made for it. Names that a run maps are found where the run finds them; in a closed network nothing
// else is found at all. What the page was refused comes in the browser's own words. No error holds a URL: it may be signed.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// ErrNone says that no Chromium is installed where one is looked for.
var ErrNone = errors.New("no Chromium or Chrome is installed")

// Limits of a browser.
const (
	startLimit  = 30 * time.Second       // until the page is open
	answerLimit = 20 * time.Second       // of one request with its preflight
	reasonLimit = 500 * time.Millisecond // until the browser has said why a request failed
)

// Find is the Chromium that is used: the first of these that is installed.
func Find() (path string, err error) {
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell", "headless_shell", "chrome"}
	switch runtime.GOOS {
	case "darwin":
		names = append(names, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")
	case "windows":
		names = append(names, `C:\Program Files\Google\Chrome\Application\chrome.exe`, `C:\Program Files (x86)\Google\Chrome\Application\chrome.exe`)
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNone
}

// Options say what the browser sees of the world.
type Options struct {
	Origin  string // the page's: scheme and host
	Network wire.Network
	// Keys are those of certificates that are trusted beside the browser's own roots, as wire.Handshake has them.
	Keys []string
}

// Page is a page in a browser. Its methods are not for concurrent use.
type Page struct {
	ctx    context.Context
	close  []func()
	failed chan *network.EventLoadingFailed
}

// Open starts a browser and opens the page. ErrNone says that there is none.
func Open(ctx context.Context, o Options) (_ *Page, err error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	origin, err := url.Parse(o.Origin)
	if err != nil || origin.Host == "" {
		return nil, errors.New("the page's origin is none")
	}
	p := &Page{failed: make(chan *network.EventLoadingFailed, 64)}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	served, err := serve(origin)
	if err != nil {
		return nil, err
	}
	p.close = append(p.close, served.close)
	flags := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path),
		chromedp.Flag("host-resolver-rules", rules(o.Network, origin, served.addr)),
		chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(append(slices.Clone(o.Keys), served.key...), ",")),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-domain-reliability", true))
	if o.Network.Closed {
		flags = append(flags, chromedp.Flag("no-proxy-server", true))
	} else if bypass := mapped(o.Network, origin); len(bypass) > 0 {
		flags = append(flags, chromedp.Flag("proxy-bypass-list", strings.Join(bypass, ";")))
	}
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox) // Chromium refuses to start as root with its sandbox
	}
	allocator, stop := chromedp.NewExecAllocator(ctx, flags...)
	p.close = append(p.close, stop)
	quiet := func(string, ...any) {} // what the driver logs may hold a URL
	tab, end := chromedp.NewContext(allocator, chromedp.WithLogf(quiet), chromedp.WithErrorf(quiet))
	p.ctx, p.close = tab, append(p.close, end)
	began := time.AfterFunc(startLimit, end)
	defer began.Stop()
	if _, err := chromedp.Run(tab, chromedp.Navigate(o.Origin+"/")); err != nil {
		return nil, fmt.Errorf("the browser did not open a page within %s", startLimit)
	}
	at, err := chromedp.Run(tab, chromedp.Evaluate[string]("location.origin + ' ' + document.title"))
	if err != nil || at != o.Origin+" "+title {
		return nil, errors.New("the browser opened another page than the one that was served")
	}
	if err := chromedp.Listen(tab, func(ev any) {
		if e, ok := ev.(*network.EventLoadingFailed); ok {
			select {
			case p.failed <- e:
			default: // more than were ever asked for
			}
		}
	}); err != nil {
		return nil, errors.New("the browser can't be listened to")
	}
	return p, nil
}

// Close ends the browser and all that was started for it.
func (p *Page) Close() {
	for _, end := range slices.Backward(p.close) {
		end()
	}
	p.close = nil
}

// Request is what the page fetches.
type Request struct {
	Method, URL string
	Header      map[string]string
	Body        string
}

// Answer is what the page was let see. One of Status, Refused and Failure is set.
type Answer struct {
	Status int
	ETag   string // "" where it may not be read
	Body   string
	// Refused is why the browser kept the answer from the page, or did not send the request: by CORS, or as mixed content.
	Refused string
	// Failure is why there was no answer at all.
	Failure string
}

// fetches is what the page runs.
const fetches = `(async (q) => {
  const init = {method: q.Method, headers: q.Header || {}, cache: "no-store"};
  if (q.Method === "PUT") init.body = q.Body;
  try {
    const r = await fetch(q.URL, init);
    return {Status: r.status, ETag: r.headers.get("etag") || "", Body: await r.text()};
  } catch (e) { return {Status: 0, ETag: "", Body: ""}; }
})(%s)`

// Fetch has the page send a request. The error is for a browser that doesn't answer.
func (p *Page) Fetch(ctx context.Context, r Request) (Answer, error) {
	for len(p.failed) > 0 {
		<-p.failed
	}
	q, err := json.Marshal(r)
	if err != nil {
		return Answer{}, errors.New("the request can't be written")
	}
	limited, cancel := context.WithTimeout(p.ctx, answerLimit)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	a, err := chromedp.Run(limited, chromedp.Evaluate[Answer](fmt.Sprintf(fetches, q), chromedp.EvalAwaitPromise))
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("the browser has not answered within %s", answerLimit)
	case a.Status == 0:
		a.Refused, a.Failure = p.why()
	}
	return a, nil
}

// why is what the browser says of a request that failed. A preflight and its request each have their say.
func (p *Page) why() (refused, failure string) {
	for late := time.After(reasonLimit); ; {
		select {
		case e := <-p.failed:
			switch {
			case e.CorsErrorStatus != nil:
				refused = "CORS: " + string(e.CorsErrorStatus.CorsError)
				if of := e.CorsErrorStatus.FailedParameter; of != "" {
					refused += " (" + of + ")"
				}
				return refused, ""
			case e.BlockedReason != "":
				return "blocked: " + string(e.BlockedReason), ""
			}
			failure = e.ErrorText
		case <-late:
			if failure == "" {
				failure = "no reason given"
			}
			return "", failure
		}
	}
}

// mapped are the names that are found elsewhere than the world has them, as Chromium writes patterns, the longest first.
func mapped(n wire.Network, origin *url.URL) []string {
	out := []string{origin.Hostname()}
	for name := range n.Hosts {
		if strings.HasPrefix(name, ".") {
			name = "*" + name
		}
		out = append(out, name)
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

// rules are Chromium's --host-resolver-rules: the first that fits decides.
func rules(n wire.Network, origin *url.URL, page string) string {
	var out []string
	for _, name := range mapped(n, origin) {
		to := page
		if name != origin.Hostname() {
			to = n.Hosts[strings.TrimPrefix(name, "*")]
			if to == "" {
				to = n.Hosts[name]
			}
		}
		out = append(out, "MAP "+name+" "+to)
	}
	if n.Closed {
		out = append(out, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1")
	}
	return strings.Join(out, ", ")
}

// listen opens a port on this machine alone.
func listen(ctx context.Context) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
}
