package connector_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/connector"
)

// benchClients is how many clients ask at the same time.
const benchClients = 16

// BenchmarkUploadURLs asks a connector on SQLite over HTTP for upload URLs of new files, one a request, by 16 clients that
// share the machine with it. It prints requests a second, the 99th percentile of their durations, and how much the heap
// grew after 100,000 files compared with the first 10,000 (with -benchtime 100000x or more).
func BenchmarkUploadURLs(b *testing.B) {
	b.Run("S3", func(b *testing.B) {
		benchUploads(b, connector.Options{Database: "sqlite://" + b.TempDir() + "/c.db"}, "", nil)
	})
	b.Run("GCS", func(b *testing.B) {
		raw, identity := gcsIdentity(b)
		benchUploads(b, connector.Options{Database: "sqlite://" + b.TempDir() + "/c.db"}, raw, identity)
	})
}

// BenchmarkUploadURLsDurable is the same with every commit waiting for the disk.
func BenchmarkUploadURLsDurable(b *testing.B) {
	benchUploads(b, connector.Options{Database: "sqlite://" + b.TempDir() + "/c.db", Durable: true}, "", nil)
}

func gcsIdentity(tb testing.TB) (string, object) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return "gs://bench-bucket", object{"provider": "gcp", "id": "bench@bench.iam.gserviceaccount.com", "secret": string(text)}
}

func benchUploads(b *testing.B, o connector.Options, address string, identity object) {
	spec := object{}
	if address != "" {
		spec["managedStorage"], spec["identities"] = object{"address": address}, []object{identity}
	}
	w := newWorld(b, o, spec)
	ann := w.user("ann", w.org, "member")
	team := w.team("bench", nil, "ann")
	run := w.in + "/runs/" + w.must(201, ann, "POST", team+"/runs", object{"project": "p", "name": "r"})["id"].(string)
	target, err := url.Parse(w.server.URL + "/v1" + run + "/files")
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients}}
	defer client.CloseIdleConnections()
	durations := make([]time.Duration, b.N)
	var next atomic.Int64
	var early, late runtime.MemStats
	failed := make(chan error, benchClients)
	var group sync.WaitGroup
	spent := processorTime()
	b.ResetTimer()
	for range benchClients {
		group.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= b.N {
					return
				}
				if n == 10_000 {
					runtime.GC()
					runtime.ReadMemStats(&early)
				}
				body := fmt.Appendf(nil, `{"files":[{"name":"media/file-%d.bin","kind":"media-file","size":1024,"md5":"1B2M2Y8AsgTpgAmY7PhCfg=="}]}`, n)
				begun := time.Now()
				r := &http.Request{Method: http.MethodPost, URL: target, Header: http.Header{"Authorization": {"Bearer " + ann}}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}
				resp, err := client.Do(r)
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
					if err == nil && resp.StatusCode != http.StatusCreated {
						err = fmt.Errorf("status %d", resp.StatusCode)
					}
				}
				if err != nil {
					failed <- err
					return
				}
				durations[n] = time.Since(begun)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	spent = processorTime() - spent
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
	slices.Sort(durations)
	b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "cpu-µs/request")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(durations[b.N*99/100].Microseconds())/1000, "p99-ms")
	if b.N >= 20_000 {
		runtime.GC()
		runtime.ReadMemStats(&late)
		b.ReportMetric(float64(int64(late.HeapAlloc)-int64(early.HeapAlloc))/(1<<20), "heap-growth-MiB")
	}
}
