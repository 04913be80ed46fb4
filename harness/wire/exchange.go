package wire

import (
	"net/http"
	"strings"

	"github.com/bucketproof/bucketproof/reports"
)

// Bounds of what an exchange shows, in bytes.
const (
	shownURL  = 400
	shownBody = 1 << 10
)

// unshownHeaders say nothing about why an answer came out as it did, and would hide what does.
var unshownHeaders = setOf("accept", "accept-ranges", "amz-sdk-invocation-id", "amz-sdk-request", "connection", "date", "expect", "server", "transfer-encoding",
	"user-agent", "x-amz-content-sha256", "x-amz-date", "x-amz-id-2", "x-goog-content-sha256", "x-goog-date", "x-ms-date", "x-ms-version")

// Exchange is the request with an index and its answer, as far as they may be shown; full adds header fields and an error's
// body. ok is false for an index that is none.
func (r *Recorder) Exchange(index int, full bool) (x reports.Exchange, ok bool) {
	entries := r.all()
	if index < 0 || index >= len(entries) {
		return x, false
	}
	h := entries[index].har()
	x = reports.Exchange{Method: h.Request.Method, URL: cutTo(h.Request.URL, shownURL), Status: h.Response.Status, Failure: h.Comment, Milliseconds: h.Time}
	if full {
		x.Sent, x.Received = fieldsOf(h.Request.Headers), fieldsOf(h.Response.Headers)
		x.Body = cutTo(h.Response.Content.Text, shownBody)
	}
	return x, true
}

// fieldsOf are the header fields whose values may be shown and say something.
func fieldsOf(ps []harPair) (out []string) {
	for _, p := range ps {
		if p.Value != Redacted && !unshownHeaders[strings.ToLower(http.CanonicalHeaderKey(p.Name))] {
			out = append(out, p.Name+": "+cutTo(p.Value, shownURL))
		}
	}
	return out
}

// cutTo cuts a text between two characters, and says so by an ellipsis.
func cutTo(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
