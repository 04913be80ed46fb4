package browser_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/browser"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// A page sees of another origin's answers what the browser lets it, and a refusal is told from the want of an answer.
func TestWhatAPageIsLetSee(t *testing.T) {
	const origin = "https://wandb.example.com"
	store := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("ETag", `"1"`)
		switch r.URL.Path {
		case "/shared":
			h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			h.Set("Access-Control-Allow-Methods", "PUT")
			h.Set("Access-Control-Allow-Headers", "content-md5")
			h.Set("Access-Control-Expose-Headers", "ETag")
		case "/hidden":
			h.Set("Access-Control-Allow-Origin", "*")
		}
		if r.Method != http.MethodOptions {
			_, _ = io.WriteString(w, r.Header.Get("Origin"))
		}
	}))
	defer store.Close()
	at, err := url.Parse(store.URL)
	if err != nil {
		t.Fatal(err)
	}
	page, err := browser.Open(t.Context(), browser.Options{Origin: origin, Keys: []string{wire.KeyOf(store.Certificate())},
		Network: wire.Network{Closed: true, Hosts: map[string]string{".store.example.net": at.Host}}})
	if errors.Is(err, browser.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	for _, tt := range []struct {
		name, method, url string
		want              browser.Answer
	}{
		{"an answer that is shared", "GET", "https://b.store.example.net/shared", browser.Answer{Status: 200, ETag: `"1"`, Body: origin}},
		{"a header that is not", "GET", "https://b.store.example.net/hidden", browser.Answer{Status: 200, Body: origin}},
		{"an answer that is not", "GET", "https://b.store.example.net/private", browser.Answer{Refused: "CORS: MissingAllowOriginHeader"}},
		{"a preflight that passes", "PUT", "https://b.store.example.net/shared", browser.Answer{Status: 200, ETag: `"1"`, Body: origin}},
		{"a preflight that doesn't", "PUT", "https://b.store.example.net/hidden", browser.Answer{Refused: "CORS: MethodDisallowedByPreflightResponse"}},
		{"mixed content", "GET", "http://b.store.example.net/shared", browser.Answer{Refused: "blocked: mixed-content"}},
		{"a name that nobody mapped", "GET", "https://elsewhere.example.net/", browser.Answer{Failure: "net::ERR_NAME_NOT_RESOLVED"}},
	} {
		r := browser.Request{Method: tt.method, URL: tt.url}
		if tt.method == http.MethodPut {
			r.Body, r.Header = "x", map[string]string{"Content-MD5": "nd8g=="}
		}
		got, err := page.Fetch(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got.Status != tt.want.Status || got.ETag != tt.want.ETag || got.Body != tt.want.Body || !strings.HasPrefix(got.Refused, tt.want.Refused) ||
			(got.Refused == "") != (tt.want.Refused == "") || got.Failure != tt.want.Failure {
			t.Errorf("%s:\ngot  %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
}

func TestAPageNeedsAnOrigin(t *testing.T) {
	if _, err := browser.Find(); err != nil {
		t.Skip(err)
	}
	if _, err := browser.Open(t.Context(), browser.Options{Origin: "nowhere"}); err == nil {
		t.Error("a page without an origin was opened")
	}
}

// Where no browser is installed that is said, and nothing else is tried.
func TestNoBrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if path, err := browser.Find(); !errors.Is(err, browser.ErrNone) && !strings.Contains(path, "/Applications/") && !strings.Contains(path, "Program Files") {
		t.Fatalf("got %q, %v", path, err)
	} else if err == nil {
		t.Skip("a browser that is not found by the path is installed")
	}
	if _, err := browser.Open(t.Context(), browser.Options{Origin: "https://wandb.example.com"}); !errors.Is(err, browser.ErrNone) {
		t.Errorf("got %v, want %v", err, browser.ErrNone)
	}
}
