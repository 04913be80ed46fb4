package reports_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/bucketproof/bucketproof/reports"
)

const shownLines = `[...document.querySelectorAll(".line")].filter(l => l.offsetParent).map(l => l.id).join(" ")`

// allPages are the pages there are to look at.
var allPages = sync.OnceValues(func() (map[string]string, error) {
	out := map[string]string{}
	var index strings.Builder
	err := reports.WriteIndex(&index, []reports.IndexEntry{{Folder: "aws", Result: told(sample())}, {Folder: "gcp", Result: certified()}, {Folder: "azure", Result: stalled()}})
	out["several"] = index.String()
	for name, r := range map[string]*reports.Result{"not certified": told(sample()), "certified": certified(), "errored": stalled(), "load": loaded(),
		"one wrong": misprovisioned(1), "three wrong": misprovisioned(3), "twelve wrong": misprovisioned(12)} {
		var b strings.Builder
		err = errors.Join(err, reports.WriteHTML(&b, r))
		out[name] = b.String()
	}
	return out, err
})

func pages(t testing.TB) map[string]string {
	t.Helper()
	all, err := allPages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// misprovisioned is a bucket on Amazon with so many faults of the kind that people make, and what fails by them, in the words of
// a run; at most twelve.
func misprovisioned(n int) *reports.Result {
	denied := func(q reports.Requirement) reports.Requirement {
		q.Observations[0].Exchanges = []reports.Exchange{{Method: "GET", URL: "https://s3.us-east-1.amazonaws.com/acme-wandb?uploads", Status: 403, Body: "AccessDenied: Access Denied"}}
		return q
	}
	of := func(q reports.Requirement, what string) reports.Requirement {
		q.Expected = what + ": otherwise"
		return q
	}
	right := func(id, name, request string) reports.Requirement {
		return denied(broken(id, "The principal holds "+name, request+": 403 AccessDenied (denied)", `in statement "WAndBAccountAccess", add "`+name+`" to Action`))
	}
	const origins = `rule 1: "AllowedOrigins": ["https://other.example.com", "https://wandb.example.com"]`
	faults := [][]reports.Requirement{
		{of(broken("BYOB-CORS-004", "The origins cover the W&B front end", `"https://other.example.com"`, origins), "allowed origins"), broken("BYOB-CORS-007", "A live preflight for each method passes", "the preflight is answered with 403", origins),
			broken("BYOB-CORS-008", "The answer itself allows the origin and exposes ETag", "the answer has no Access-Control-Expose-Headers", origins), undecided("BYOB-CORS-009", "A foreign origin is not allowed", "the positive control was not accepted: the preflight is answered with 403")},
		{right("BYOB-PERM-004", "s3:ListBucketMultipartUploads", "list multipart uploads"), denied(broken("BYOB-XFER-005", "Multipart upload by pre-signed part URLs completes", "list multipart uploads: 403 AccessDenied (denied)", "Allow the principal what multipart needs"))},
		{of(broken("BYOB-PERM-020", "Nobody reads, lists or writes without credentials", "200 OK", "aws s3api put-public-access-block --bucket acme-wandb-artifacts --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"), "to read an object without credentials"),
			of(broken("BYOB-SIGN-010", "The same URL without its query is refused", "200 OK", "aws s3api put-public-access-block"), "GET without the URL's query")},
		{of(broken("BYOB-SIGN-007", "An expired pre-signed URL is refused", "200 OK", "Take away what answers for S3 (a cache or a proxy that keeps what it has read), and look whether its clock is right."), "GET by a URL that expired a second ago")},
		{right("BYOB-PERM-005", "s3:ListBucketVersions", "list object versions")}, {right("BYOB-PERM-010", "s3:GetBucketLocation", "get bucket location")},
		{broken("BYOB-XFER-001", "A PUT with Content-MD5 and Content-Type reads back whole", "binary/octet-stream", "Let the proxy pass Content-Type.")}, {broken("BYOB-XFER-002", "A wrong MD5 is refused and leaves no object", "200 OK", "Let the proxy pass Content-MD5.")},
		{broken("BYOB-XFER-003", "Empty objects work", "411 Length Required", "Let the proxy pass a Content-Length of 0.")}, {broken("BYOB-NET-005", "The region is the bucket's", "eu-central-1", "write region=eu-central-1 into the address")},
		{should(broken("BYOB-KEEP-002", "Versioning or soft delete lets garbage collection run", "versioning: Suspended", "aws s3api put-bucket-versioning --bucket acme-wandb-artifacts --versioning-configuration Status=Enabled"))},
		{should(broken("BYOB-CORS-006", "The max age is 3000 s", "60", "Set MaxAgeSeconds to 3000."))},
	}
	var lines []reports.Requirement
	for _, f := range faults[:n] {
		lines = append(lines, f...)
	}
	return told(concluded(append(certified().Requirements, lines...)...))
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

// onFirstScreen says whether an element is seen whole without scrolling.
const onFirstScreen = `(r => r.width > 0 && r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth)(document.querySelector(%q).getBoundingClientRect())`

// Someone who has never seen the tool has the three things to do before them, without scrolling: what lets strangers in, then
// what mends most; what fails by another is part of that one.
func TestTheFirstScreenSaysWhatToDo(t *testing.T) {
	for name, want := range map[string][]string{
		"not certified": {"#BYOB-XFER-002", "#BYOB-CORS-003", "#BYOB-SIGN-008"},
		"one wrong":     {"#BYOB-CORS-004"},
		"three wrong":   {"#BYOB-PERM-020", "#BYOB-CORS-004", "#BYOB-PERM-004"},
		"twelve wrong":  {"#BYOB-PERM-020", "#BYOB-SIGN-007", "#BYOB-CORS-004"},
	} {
		p := again(t, pages(t)[name], wide, "")
		for _, s := range []screen{wide, phone} {
			p.look(s)
			is(p, s.String()+": "+name+": what to do, in its order", `[...document.querySelectorAll(".first > .do > .tasks > .task")].map(t => t.querySelector("h3 a").getAttribute("href")).join(" ")`, strings.Join(want, " "))
			seen := []string{"h1", ".why", ".subject", ".when .date"}
			for i := range want {
				seen = append(seen, fmt.Sprintf(".task:nth-child(%d) h3", i+1), fmt.Sprintf(".task:nth-child(%d) .seen-line", i+1), fmt.Sprintf(".task:nth-child(%d) dl > dd:last-child", i+1))
			}
			for _, at := range seen {
				is(p, s.String()+": "+name+": "+at+" on the first screen", fmt.Sprintf(onFirstScreen, at), true)
			}
			is(p, s.String()+": "+name+": nothing is wider than the screen", `document.documentElement.scrollWidth <= innerWidth`, true)
		}
		p.quiet()
	}
	for _, name := range []string{"several", "load", "errored"} {
		p := again(t, pages(t)[name], phone, "")
		is(p, name+": nothing is wider than a phone", `document.documentElement.scrollWidth <= innerWidth`, true)
	}
}

// intrusion is a script, a style, and requests by picture, frame and script, as somebody would put them into a page. The address is
// in the place of %s.
const intrusion = `new Promise(done => {
	const script = document.createElement("script"); script.textContent = "window.ran = 1"; document.body.append(script);
	const div = document.createElement("div"); div.innerHTML = '<p style="color: red">x</p><iframe src="%[1]s/frame"></iframe>'; document.body.append(div);
	const img = document.createElement("img"); img.src = "%[1]s/img"; document.body.append(img);
	fetch("%[1]s/fetch", {mode: "no-cors"}).then(() => {}, () => {}).finally(() => setTimeout(() => done(1), 200));
})`

// The page's policy lets nothing run, load or be styled but what the page has itself. Without it all of that comes to pass, and
// what listens for requests and errors hears it.
func TestThePolicyHoldsInABrowser(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.URL.Path] = true
	}))
	defer server.Close()
	source := pages(t)["certified"]
	p := open(t, source, wide)
	p.quiet()
	eval[int](p, fmt.Sprintf(intrusion, server.URL))
	is(p, "a script that isn't the page's has run", `"ran" in window`, false)
	got := strings.Join(eval[[]string](p, "refused"), "\n")
	for _, want := range []string{"script-src-elem inline", "style-src-attr inline", "img-src " + server.URL, "connect-src " + server.URL, "frame-src " + server.URL} {
		if !strings.Contains(got, want) {
			t.Errorf("nothing says that the policy refused %s:\n%s", want, got)
		}
	}
	mu.Lock()
	if len(asked) > 0 {
		t.Errorf("in spite of its policy the page asked for %v", asked)
	}
	mu.Unlock()

	begin := strings.Index(source, `<meta http-equiv="Content-Security-Policy"`)
	end := begin + strings.Index(source[begin:], ">") + 1
	p = open(t, source[:begin]+source[end:]+"<script>setTimeout(() => { throw new Error() })</script>", wide)
	eval[int](p, fmt.Sprintf(intrusion, server.URL))
	is(p, "without a policy the script has run", `"ran" in window`, true)
	heard := strings.Join(p.heard.drain(), "\n")
	mu.Lock()
	defer mu.Unlock()
	for _, path := range []string{"/img", "/frame", "/fetch"} {
		if !asked[path] || !strings.Contains(heard, "it asks for "+server.URL+path) {
			t.Errorf("without a policy %s: asked for: %v; heard:\n%s", path, asked[path], heard)
		}
	}
	if !strings.Contains(heard, "it throws") {
		t.Errorf("an error was not heard:\n%s", heard)
	}
}

func TestFilterFoldAndDeepLinkInABrowser(t *testing.T) {
	p := again(t, pages(t)["not certified"], wide, "")
	all := eval[int](p, `document.querySelectorAll(".line").length`)
	p.do(chromedp.Click(`.chip[data-word="failed"]`))
	is(p, "failed ones", shownLines, "BYOB-XFER-002 BYOB-CORS-003")
	is(p, "the count", `document.querySelector(".tools [role=status]").textContent`, fmt.Sprintf("2 of %d shown", all))
	p.do(chromedp.Click(`.chip[data-word="errored"]`))
	is(p, "failed and errored ones", shownLines, "BYOB-SIGN-008 BYOB-XFER-002 BYOB-CORS-003")
	eval[int](p, `(document.getElementById("family").value = "CORS", document.getElementById("family").dispatchEvent(new Event("change")), 1)`)
	is(p, "of a family", shownLines, "BYOB-CORS-003")
	p.do(chromedp.Click(`.chip[data-word="failed"]`), chromedp.Click(`.chip[data-word="errored"]`))
	eval[int](p, `(document.getElementById("family").value = "", document.getElementById("family").dispatchEvent(new Event("change")), 1)`)
	p.do(chromedp.SendKeys("#word", "etag  EXPOSES"))
	is(p, "of words, in any order and case", shownLines, "BYOB-CORS-003")
	is(p, "the family of what is hidden is hidden too", `document.querySelector(".family[data-family=NET]").offsetParent === null`, true)
	p.do(chromedp.SendKeys("#word", " no such word anywhere"))
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
	p = again(t, pages(t)["not certified"], wide, "#BYOB-CORS-003")
	is(p, "an address with an ID opens it, and nothing else", `[...document.querySelectorAll(".line > details[open]")].map(d => d.parentElement.id).join(" ")`, "BYOB-CORS-003")
	is(p, "and shows it", `(r => r.top >= 0 && r.top < innerHeight)(document.getElementById("BYOB-CORS-003").getBoundingClientRect())`, true)
	p.quiet()
}

func TestCopyInABrowser(t *testing.T) {
	p := again(t, pages(t)["not certified"], wide, "")
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		call(p, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{Permission: &cdpbrowser.PermissionDescriptor{Name: name}, Setting: cdpbrowser.PermissionSettingGranted})
	}
	for _, c := range []struct{ open, button, want string }{
		{"", ".task:nth-child(2) .copy", "aws s3api put-bucket-cors --bucket acme-wandb-artifacts --cors-configuration '{\n  \"CORSRules\": ["},
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
	p := again(t, pages(t)["not certified"], wide, "")
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
	p := again(t, pages(t)["not certified"], wide, "")
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
