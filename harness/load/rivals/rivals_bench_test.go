package rivals_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/load"
	"github.com/bucketproof/bucketproof/harness/load/rivals"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
)

const (
	atOnce = 8
	seed   = 1 // of data, order and bootstrap
	prefix = "rivals/"
	rounds = 8
	length = 2 * time.Second // of a slice that wrk is in
)

func hostOf(a *address.Address) string {
	u, err := url.Parse(a.ServiceURL())
	if err != nil {
		return ""
	}
	return u.Host
}

// BenchmarkRivals holds the client, with guard, recording and verifying, against wrk and ab, which verify nothing: the same
// requests on the same keys of an embedded store in a process of its own, eight at once, in the same rounds, in an order drawn
// anew. wrk and the client read 16 objects in turn, 4 of 64 MiB; ab, which knows one URL, reads and writes one. All open their
// connections anew each time, TLS handshakes included. What counts is the median of the rounds' ratios, with its 95 % interval by
// bootstrap. All URLs were minted before. It writes less than 1 GiB in all, into a folder that is removed, and therefore no
// objects of 64 MiB beside ab.
func BenchmarkRivals(b *testing.B) {
	for _, program := range []string{"wrk", "ab"} {
		if _, err := exec.LookPath(program); err != nil {
			fmt.Fprintf(os.Stderr, "SKIPPED: %s: there is no %s (%s)\n", b.Name(), program, rivals.Install) // go test shows no benchmark's reason
			b.SkipNow()
		}
	}
	for _, c := range []struct {
		name   string
		size   int64
		keys   int // that are read in turn
		writes int // in a slice
	}{{"16KiB", 16 << 10, 16, 200}, {"1MiB", 1 << 20, 16, 30}, {"64MiB", 64 << 20, 4, 0}} {
		b.Run(c.name, func(b *testing.B) {
			f := newField(b, c.size, c.keys)
			r := rand.New(rand.NewPCG(seed, 1))
			b.Run("GET", func(b *testing.B) {
				most := int(min(1<<14, 16<<30/c.size))                                                            // which no slice comes to
				reads := int(f.ours(b, load.Get, c.keys, most, time.Second).MBps(c.size) * 1e6 / float64(c.size)) // in about a second
				f.compare(b, r, map[string]func() rivals.Rate{
					"ours":          func() rivals.Rate { return f.ours(b, load.Get, c.keys, most, length) },
					"wrk":           func() rivals.Rate { return f.wrk(b, length) },
					"ours, one key": func() rivals.Rate { return f.ours(b, load.Get, 1, max(reads, atOnce), time.Minute) },
					"ab":            func() rivals.Rate { return f.ab(b, "", max(reads, atOnce)) },
				}, [2]string{"ours", "wrk"}, [2]string{"ours, one key", "ab"})
			})
			if c.writes == 0 {
				return
			}
			b.Run("PUT", func(b *testing.B) {
				f.compare(b, r, map[string]func() rivals.Rate{
					"ours": func() rivals.Rate { return f.ours(b, load.Put, 1, c.writes, time.Minute) },
					"ab":   func() rivals.Rate { return f.ab(b, f.body, c.writes) },
				}, [2]string{"ours", "ab"})
			})
		})
	}
}

// field is a store with the objects on it that all ask for.
type field struct {
	size int64
	wire *wire.Transport
	data *load.Data
	urls given
	gets []string
	put  string
	body string // the file that ab writes
	dir  string
}

// given hands out URLs that were minted before. It implements load.Minter.
type given map[string]load.URL

func (g given) Mint(_ context.Context, method, key string, _ url.Values) (load.URL, error) {
	u, ok := g[method+" "+key]
	if !ok {
		return u, fmt.Errorf("no URL was minted to %s", method)
	}
	return u, nil
}

func key(n int) string { return fmt.Sprintf("%skey-%02d", prefix, n) }

func newField(b *testing.B, size int64, keys int) *field {
	b.Helper()
	it, roots := start(b)
	a, err := address.Parse(it.Address, address.Options{})
	if err != nil {
		b.Fatal("the store's address can't be read")
	}
	guard, err := wire.NewGuard(wire.Scope{Dialect: wire.S3, Hosts: []string{hostOf(a)}, Bucket: a.Bucket, Prefix: prefix, MaxBytes: 1 << 29})
	if err != nil {
		b.Fatal(err)
	}
	guard.Begin()
	f := &field{size: size, data: load.NewData(seed), urls: given{}, dir: b.TempDir(), wire: wire.New(wire.Options{Network: wire.Network{Closed: true, RootCAs: roots}, Guard: guard,
		MinTLS: tls.VersionTLS12, RunID: "rivals", Secrets: it.Secrets})}
	b.Cleanup(f.wire.CloseIdle)
	s, err := bucket.Open(b.Context(), a, bucket.Options{HTTP: f.wire.Client()})
	if err != nil {
		b.Fatal(err)
	}
	for n := range keys {
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			p, err := s.Presign(b.Context(), bucket.PresignRequest{Method: method, Key: key(n), Lifetime: 15 * time.Minute})
			if err != nil {
				b.Fatal(bucket.Classify("presign", err))
			}
			if len(p.Header) > 0 {
				b.Fatalf("a pre-signed URL wants %d headers, which ab would not send", len(p.Header))
			}
			f.urls[method+" "+key(n)] = load.URL{URL: p.URL}
			if method == http.MethodGet {
				f.gets = append(f.gets, p.URL)
			} else if n == 0 {
				f.put = p.URL
			}
		}
	}
	f.ours(b, load.Put, keys, keys, time.Minute)
	f.body = filepath.Join(f.dir, "body")
	f.save(b)
	return f
}

// save keeps the object of the first key, which is what the client writes, for ab.
func (f *field) save(b *testing.B) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, f.gets[0], nil)
	if err != nil {
		b.Fatal("a pre-signed URL can't be read")
	}
	resp, err := f.wire.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || int64(len(body)) != f.size {
		b.Fatalf("read an object back: got %d bytes, %s, %v", len(body), resp.Status, err)
	}
	if err := os.WriteFile(f.body, body, 0o600); err != nil {
		b.Fatal(err)
	}
}

// turns is the client on the first so many keys in turn. It implements load.Mover.
type turns struct {
	*load.Client
	kind load.Kind
	keys int
	next atomic.Int64
}

func (t *turns) Move(ctx context.Context, j *load.Job, s *load.Sheet) load.Operation {
	n := int(t.next.Add(1)-1) % t.keys
	return t.Client.Move(ctx, &load.Job{Case: j.Case, Kind: t.kind, Key: key(n), Number: n}, s)
}

func (*turns) Remove(context.Context, []string, *load.Sheet) {}

// ours is the load's client, for a time or a number of requests, whichever ends first.
func (f *field) ours(b *testing.B, kind load.Kind, of, most int, length time.Duration) rivals.Rate {
	b.Helper()
	lane := f.wire.Lane(atOnce)
	defer lane.CloseIdle()
	rec := wire.NewSparseRecorder("rivals", 1)
	defer rec.Seal()
	t := &turns{Client: &load.Client{Send: lane, Mint: f.urls, Data: f.data, Late: true}, kind: kind, keys: of}
	m, err := load.Measure(rec.With(b.Context()), t, &budgets.Budget{Slice: budgets.Duration(length), Cases: []budgets.Case{{Name: "rivals", Does: budgets.Put,
		Size: budgets.Size(f.size), Concurrency: atOnce, Bytes: budgets.Size(f.size * int64(most))}}}, load.Options{Prefix: prefix, Rounds: 1})
	if err != nil {
		b.Fatal(err)
	}
	if words, _ := m.Log.Failures(); len(words) > 0 {
		b.Fatal(strings.Join(words, "; "))
	}
	s := m.Slices[0][0]
	return rivals.Rate{Requests: s.Moved, Took: time.Duration(s.End - s.Start)}
}

func (f *field) wrk(b *testing.B, length time.Duration) rivals.Rate {
	b.Helper()
	r, err := rivals.Wrk(b.Context(), f.dir, f.gets, f.size, atOnce, length)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// ab reads the first key, or writes a file to it.
func (f *field) ab(b *testing.B, file string, n int) rivals.Rate {
	b.Helper()
	at := f.gets[0]
	if file != "" {
		at = f.put
	}
	r, err := rivals.Ab(b.Context(), at, file, f.size, atOnce, n)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// compare runs all ways in each round, and reports pairs of them.
func (f *field) compare(b *testing.B, r *rand.Rand, ways map[string]func() rivals.Rate, pairs ...[2]string) {
	b.Helper()
	got := map[string][]float64{}
	var names []string
	for _, p := range pairs {
		names = append(names, p[:]...)
	}
	for b.Loop() {
		for range rounds {
			for _, i := range r.Perm(len(names)) {
				got[names[i]] = append(got[names[i]], ways[names[i]]().MBps(f.size))
			}
		}
	}
	for _, p := range pairs {
		ratios := make([]float64, len(got[p[0]]))
		for i := range ratios {
			ratios[i] = got[p[0]][i] / got[p[1]][i]
		}
		median, low, high := load.MedianWithin(ratios, seed)
		b.ReportMetric(median, "ours/"+p[1])
		b.ReportMetric(low, "ours/"+p[1]+"-low")
		b.ReportMetric(high, "ours/"+p[1]+"-high")
		median, _, _ = load.MedianWithin(got[p[1]], seed)
		b.ReportMetric(median, p[1]+"-MB/s")
		median, _, _ = load.MedianWithin(got[p[0]], seed)
		b.ReportMetric(median, "ours-to-"+p[1]+"-MB/s")
	}
	b.ReportMetric(0, "ns/op")
}
