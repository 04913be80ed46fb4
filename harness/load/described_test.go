package load_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/load"
)

// taker takes uploads and keeps what described them.
type taker struct {
	mu   sync.Mutex
	puts []upload
}

type upload struct{ query, digest, computed, kind string }

func (s *taker) RoundTrip(r *http.Request) (*http.Response, error) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	sum := md5.Sum(content)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts = append(s.puts, upload{r.URL.RawQuery, r.Header.Get("Content-Md5"), base64.StdEncoding.EncodeToString(sum[:]), r.Header.Get("Content-Type")})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"x"`}}, Body: http.NoBody, Request: r}, nil
}

type minter struct{}

func (minter) Mint(_ context.Context, _, key string, query url.Values) (load.URL, error) {
	return load.URL{URL: "https://store.example/" + key + "?" + query.Encode()}, nil
}

type uploads struct{ bucket.Multipart }

func (uploads) Create(context.Context, string) (string, error) { return "u", nil }
func (uploads) Complete(context.Context, string, string, []bucket.Part) (bucket.Info, error) {
	return bucket.Info{}, nil
}

// An upload is described as W&B's client describes it: by the MD5 of what is sent, whole or in parts, and not at all to Azure.
func TestUploadsCarryTheirDigest(t *testing.T) {
	b, err := budgets.Parse([]byte(`{apiVersion: bucketproof/v1, kind: Budget, reasoning: a test, rounds: {least: 5, most: 5}, slice: 50ms, tolerance: 15, cases: [
		{name: put, does: put, size: 3KiB, concurrency: 1, bytes: 3KiB, least: {MBps: 1}},
		{name: parts, does: multipart, size: 12MiB, partSize: 5MiB, parts: 3, concurrency: 1, bytes: 12MiB, least: {MBps: 1}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, azure := range map[string]bool{"to S3 and Google Cloud Storage": false, "to Azure": true} {
		t.Run(name, func(t *testing.T) {
			store := &taker{}
			client := &load.Client{Send: store, Mint: minter{}, Data: load.NewData(5)}
			if !azure {
				client.Multipart = uploads{}
			}
			m, err := load.Measure(t.Context(), client, b, load.Options{Prefix: "p/", Rounds: 1})
			if err != nil {
				t.Fatal(err)
			}
			if why, _ := m.Log.Failures(); len(why) > 0 {
				t.Fatal(strings.Join(why, "; "))
			}
			want := 1 + 3
			if azure {
				want++ // the list of blocks
			}
			if len(store.puts) != want {
				t.Fatalf("got %d uploads, want %d", len(store.puts), want)
			}
			for _, u := range store.puts {
				digest, kind := u.computed, "application/octet-stream"
				if azure {
					digest, kind = "", ""
				}
				if u.digest != digest || u.kind != kind {
					t.Errorf("%q: got Content-MD5 %q and Content-Type %q, want %q and %q", u.query, u.digest, u.kind, digest, kind)
				}
			}
		})
	}
}
