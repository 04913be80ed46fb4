package signing_test

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// cases is how many random cases each property is tried on.
const cases = 1200

// dice draws the random parts of a request; its seed is printed.
type dice struct{ *rand.Rand }

func newDice(t testing.TB, seed uint64) dice {
	t.Logf("seed %d", seed)
	return dice{rand.New(rand.NewPCG(seed, 20130524))}
}

func (d dice) of(list ...string) string { return list[d.IntN(len(list))] }

// key draws an object's key with everything that encodings get wrong.
func (d dice) key() string {
	pieces := []string{"a", "Z9", "_", "-", ".", "~", " ", "+", "%", "%2F", "%25", "/", "//", "/./", "/../", "é", "日本", "🪣", "==", "#", "?", "&", ":", "@", "$", ",", ";", "!", "'", "(", ")", "*", "[", "]", "|", "\"", "<", ">", "^", "`", "{", "}", "\x7f"}
	var b strings.Builder
	for range 1 + d.IntN(12) {
		b.WriteString(d.of(pieces...))
	}
	return b.String()
}

func (d dice) text() string {
	var b strings.Builder
	for range d.IntN(10) {
		b.WriteString(d.of("x", "Y", "7", " ", "  ", "/", "+", "%", "=", "&", ";", "é", "~", "-", "_", ".", ":"))
	}
	return b.String()
}

func (d dice) time() time.Time {
	return time.Unix(1_000_000_000+d.Int64N(1_500_000_000), 0).UTC()
}

func (d dice) lifetime() time.Duration { return time.Duration(1+d.IntN(604800)) * time.Second }

func (d dice) secret() string {
	b := make([]byte, 20+d.IntN(40))
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+"[d.IntN(64)]
	}
	return string(b)
}

func (d dice) method() string { return d.of("GET", "HEAD", "PUT", "DELETE") }

func (d dice) header() http.Header {
	h := http.Header{}
	for range d.IntN(3) {
		h.Set(d.of("Content-Type", "Content-Md5", "Cache-Control", "Range"), "v"+d.text())
	}
	if d.IntN(4) == 0 {
		h["Content-Language"] = []string{" de", "en  GB ", "v" + d.text()}[:1+d.IntN(3)]
	}
	return h
}

func (d dice) query(names ...string) url.Values {
	q := url.Values{}
	for range d.IntN(3) {
		q.Set(d.of(names...), d.text())
	}
	return q
}

// sent is what a client sends for a minted URL, through net/http's own reading of it.
func sent(t *testing.T, method, rawURL string, header http.Header, at time.Time) signing.Input {
	t.Helper()
	req, err := http.NewRequest(method, rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		if !strings.EqualFold(name, "host") {
			req.Header[name] = values
		}
	}
	in := signing.Received(req, at)
	in.TLS = req.URL.Scheme == "https"
	return in
}

// signature cuts the signature off a URL.
func signature(t *testing.T, rawURL, name string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}
