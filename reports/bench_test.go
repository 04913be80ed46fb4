package reports_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

// large is a result of n requirements with evidence: one in ten fails, one in twenty could not be decided.
func large(n int) *reports.Result {
	r := certified()
	r.Run.Command = "bucketproof certify - --frontend-origin https://wandb.example.com"
	r.Requirements, r.Required = nil, nil
	families := []string{"NET", "ADDR", "XFER", "SIGN", "CORS", "PERM", "KMS", "KEEP"}
	for i := range n {
		q := reports.Requirement{ID: fmt.Sprintf("BYOB-%s-%03d", families[i*len(families)/n], i), Level: "MUST", Title: "An expired pre-signed URL is refused and leaves no object behind",
			Text:   "A pre-signed URL is refused after its expiry (`X-Amz-Expires` after `X-Amz-Date`), for PUT and for GET, and no object is there afterwards.",
			Source: "Bring your own bucket (BYOB), How W&B uses pre-signed URLs (2025-09); Amazon S3 API Reference, Authenticating Requests: Using Query Parameters", Outcome: reports.Passed, Milliseconds: int64(i%90 + 1),
			Evidence: fmt.Sprintf("evidence/BYOB-%03d.har", i)}
		switch {
		case i%10 == 0:
			q.Outcome, q.Expected, q.Actual = reports.Failed, "403 AccessDenied, Request has expired", fmt.Sprintf("200 OK, with %d bytes", i)
			q.Remedy = "Set the store's clock by NTP, and take caches out of the way:\n  timedatectl set-ntp true\n  chronyc tracking"
		case i%20 == 1:
			q.Outcome, q.Reason = reports.Errored, "no answer within 10 s: the connection was reset"
		}
		for k := range 4 {
			x := reports.Exchange{Method: "PUT", URL: fmt.Sprintf("https://s3.us-east-1.amazonaws.com/acme-wandb-artifacts/team-omega/bucketproof-run-20261122t093012z-7f3a/%s/object-%d.bin?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=[redacted]&X-Amz-Date=20261122T093012Z&X-Amz-Expires=3600&X-Amz-Signature=[redacted]&X-Amz-SignedHeaders=host", q.ID, k), Status: 403, Milliseconds: 12.5}
			if q.Outcome != reports.Passed {
				x.Sent = []string{"Content-Length: 65536", "Content-Md5: 1B2M2Y8AsgTpgAmY7PhCfg==", "Content-Type: application/octet-stream"}
				x.Received, x.Body = []string{"Content-Type: application/xml", "X-Amz-Request-Id: 4442587FB7D0A2F9"}, "AccessDenied: Request has expired"
			}
			q.Observations = append(q.Observations, reports.Observation{What: "PUT by its URL, after its expiry", Expected: "403 Forbidden", Actual: "403 Forbidden (AccessDenied)", Control: k == 0, Requests: []int{k}, Exchanges: []reports.Exchange{x}})
		}
		r.Requirements = append(r.Requirements, q)
		r.Required = append(r.Required, reports.Required{ID: q.ID, Level: q.Level})
	}
	r.Conclude(r.Required)
	return r
}

// BenchmarkHTML renders reports with evidence. Wanted: 300 requirements within 1 s and 1.5 MB, 10,000 within 5 s.
func BenchmarkHTML(b *testing.B) {
	for _, n := range []int{300, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := large(n)
			var size int
			for b.Loop() {
				var w bytes.Buffer
				if err := reports.WriteHTML(&w, r); err != nil {
					b.Fatal(err)
				}
				size = w.Len()
			}
			b.ReportMetric(float64(size)/1e6, "MB")
		})
	}
}

// BenchmarkJUnit writes 10,000 requirements for a CI.
func BenchmarkJUnit(b *testing.B) {
	r := large(10_000)
	for b.Loop() {
		if err := reports.WriteJUnit(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstView opens a report of 300 requirements in Chromium. Wanted: something is seen within 1 s.
func BenchmarkFirstView(b *testing.B) {
	var w strings.Builder
	if err := reports.WriteHTML(&w, large(300)); err != nil {
		b.Fatal(err)
	}
	var seen, views float64
	for b.Loop() {
		p := open(b, w.String(), wide)
		seen += eval[float64](p, `new Promise(done => new PerformanceObserver(l => done(l.getEntries()[0].startTime)).observe({type: "paint", buffered: true}))`)
		views++
		p.close()
	}
	b.ReportMetric(seen/views, "ms-to-first-paint")
}
