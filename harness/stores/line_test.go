package stores_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// A line stands before each host of a bucket, does what it is told, and leaves the way past it as it was.
func TestALineIsBetweenClientsAndTheBucket(t *testing.T) {
	h := newHost(t)
	for provider, host := range map[string]string{stores.S3Compatible: "", stores.AWS: "https://s3.us-east-1.amazonaws.com/"} {
		var lines []*stores.Line
		b, err := h.Provision(t.Context(), provider, stores.Setup{Hooks: stores.Hooks{Line: func(l *stores.Line) error {
			lines = append(lines, l)
			return l.Add(stores.Toxic{Type: "latency", Attributes: map[string]int64{"latency": 1}})
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) != 1 {
			t.Errorf("%s: got %d lines, want one", provider, len(lines))
		}
		if host == "" {
			u, err := url.Parse(b.Address)
			if err != nil {
				t.Fatal(err)
			}
			host = "https://" + u.Host + "/"
		}
		ask := func(n wire.Network) error {
			w := wire.New(wire.Options{Network: n, Unguarded: func(*http.Request) bool { return true }})
			defer w.CloseIdle()
			resp, err := w.Client().Get(host)
			if err != nil {
				return err
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			return resp.Body.Close()
		}
		if err := ask(b.Network); err != nil {
			t.Errorf("%s: over the line: %v", provider, err)
		}
		if err := lines[0].Add(stores.Toxic{Type: "no such toxic"}); err == nil {
			t.Errorf("%s: a toxic that there is not was put on the line", provider)
		}
		lines[0].Cut()
		if err := ask(b.Network); err == nil {
			t.Errorf("%s: the line is cut, and the store answers", provider)
		}
		if err := ask(b.Direct); err != nil {
			t.Errorf("%s: past the line: %v", provider, err)
		}
		if err := b.Close(); err != nil {
			t.Errorf("%s: close: %v", provider, err)
		}
	}
}
