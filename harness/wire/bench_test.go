package wire_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// What guard and recorder cost, beside net/http alone, for one small PUT over loopback without TLS.
func BenchmarkRoundTrip(b *testing.B) {
	server := newStore(b, false, nil)
	server.server.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	network := server.network()
	plain := &http.Transport{DialContext: network.Dial}
	defer plain.CloseIdleConnections()
	guarded := transport(b, wire.Options{Network: network, Guard: guard(b, scopes["s3 path"]), Secrets: []string{strings.Repeat("secret", 7)}})
	for name, rt := range map[string]http.RoundTripper{"net/http": plain, "guarded": guarded} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				ctx := b.Context()
				if i%50 == 0 { // a spec's worth of requests
					ctx = wire.NewRecorder("BYOB-TEST-001").With(ctx)
				}
				req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://s3.store.test/bucket/"+prefix+"k?X-Amz-Signature=s&X-Amz-Date=d", strings.NewReader("x"))
				if err != nil {
					b.Fatal(err)
				}
				req.Header.Set("Content-Type", "text/plain")
				resp, err := rt.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}
