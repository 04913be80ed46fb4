package faults

import (
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// answerFaults are what a store, or what stands before it, does to requests and answers when it is in distress.
func answerFaults() []Fault {
	one := []string{"s3-compatible"}
	some := []string{"gcp", "azure", "s3-compatible"}
	late := wire.Limits{Answer: time.Second, Transfer: time.Second}
	return []Fault{
		{Name: "first-byte-after-300-ms", Does: "an object's first byte comes after 300 ms", Profiles: one, outages: onAnswers(answers(http.MethodGet), 0, late300)},
		{Name: "first-byte-never", Does: "the answers to the first two downloads never begin", Profiles: one, Limits: late, Undecides: []string{"BYOB-XFER-001"},
			outages: onAnswers(answers(http.MethodGet), 2, never)},
		{Name: "answer-reset-midway", Does: "an object's bytes are reset in the middle", Profiles: some, Undecides: []string{"BYOB-XFER-001", "BYOB-XFER-008"},
			outages: onAnswers(answers(http.MethodGet), 0, resetMidway)},
		{Name: "answer-cut-after-headers", Does: "an object's answer ends after its headers", Profiles: one, Undecides: []string{"BYOB-XFER-001", "BYOB-XFER-008"},
			outages: onAnswers(answers(http.MethodGet), 0, cutAfter(func(int) int { return 0 }))},
		{Name: "answer-shorter-than-its-length", Does: "an object's answer ends a byte before its Content-Length", Profiles: one, Undecides: []string{"BYOB-XFER-001", "BYOB-XFER-008"},
			outages: onAnswers(answers(http.MethodGet), 0, cutAfter(func(n int) int { return n - 1 }))},
		{Name: "chunks-without-an-end", Does: "two downloads come in chunks, and never end", Profiles: one, Limits: late, Undecides: []string{"BYOB-XFER-001"},
			outages: onAnswers(answers(http.MethodGet), 2, endless)},
		{Name: "upload-reset-midway", Does: "an upload is reset when half of it was read", Profiles: some, Undecides: []string{"BYOB-XFER-001", "BYOB-XFER-008"},
			outages: onAnswers(uploads, 0, resetUpload)},
		{Name: "slow-down", Does: "every upload by URL is answered 503: slow down", Profiles: all, Undecides: []string{"BYOB-XFER-001", "BYOB-XFER-008", "BYOB-SIGN-001"},
			outages: onAnswers(answers(http.MethodPut), 0, busy)},
		{Name: "error-500-once", Does: "the first upload by URL is answered 500, and no other", Profiles: all, Undecides: []string{"BYOB-XFER-001"},
			outages: onAnswers(answers(http.MethodPut), 1, broken)},
		{Name: "deletes-slowed-down", Does: "every DELETE is answered 503: slow down", Profiles: []string{"s3-compatible", "azure"}, Leaves: true, Undecides: []string{"BYOB-XFER-010"},
			outages: onAnswers(func(r *http.Request) bool { return r.Method == http.MethodDelete }, 0, busy)},
		{Name: "slow-down-for-good", Does: "from the first upload by URL on everything is answered 503: slow down", Profiles: []string{"gcp", "s3-compatible"}, Leaves: true,
			Undecides: []string{"BYOB-XFER-001"}, outages: busyForGood},
	}
}

// ill is what becomes of one request. It reports whether it did any harm: an answer without a body can't be cut short.
type ill func(profile string, next http.Handler, w http.ResponseWriter, r *http.Request) (harmed bool)

// onAnswers does something to the requests that are meant: the first so many of them, or with 0 all.
func onAnswers(meant func(*http.Request) bool, times int64, do ill) outages {
	return func(profile string) *outage {
		return newOutage(func(o *outage, next http.Handler) http.Handler {
			var n atomic.Int64
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !meant(r) || (times > 0 && n.Add(1) > times) {
					next.ServeHTTP(w, r)
					return
				}
				defer func() {
					if v := recover(); v != nil {
						o.meets(r)
						panic(v)
					}
				}()
				if do(profile, next, w, r) {
					o.meets(r)
				}
			})
		})
	}
}

// busyForGood answers 503 to everything from the first upload by URL on.
func busyForGood(profile string) *outage {
	return newOutage(func(o *outage, next http.Handler) http.Handler {
		var begun atomic.Bool
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if object(r, http.MethodPut) && o.begin() {
				begun.Store(true)
			}
			if !begun.Load() {
				next.ServeHTTP(w, r)
				return
			}
			o.meets(r)
			busy(profile, next, w, r)
		})
	})
}

// answers are requests by pre-signed URL for an object's bytes.
func answers(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return object(r, method) }
}

// uploads are uploads by pre-signed URL that have a body: of objects and of parts.
func uploads(r *http.Request) bool {
	return presigned(r) && r.Method == http.MethodPut && r.ContentLength > 1
}

func late300(_ string, next http.Handler, w http.ResponseWriter, r *http.Request) bool {
	time.Sleep(300 * time.Millisecond)
	next.ServeHTTP(w, r)
	return false
}

func never(_ string, _ http.Handler, _ http.ResponseWriter, r *http.Request) bool {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// cutAfter answers with the right headers, some of the bytes, and the end of the connection.
func cutAfter(bytes func(length int) int) ill {
	return func(_ string, next http.Handler, w http.ResponseWriter, r *http.Request) bool {
		a := ask(next, r)
		if a.body.Len() == 0 {
			a.send(w, r)
			return false
		}
		a.part(w, bytes(a.body.Len()))
		panic(http.ErrAbortHandler)
	}
}

func resetMidway(_ string, next http.Handler, w http.ResponseWriter, r *http.Request) bool {
	a := ask(next, r)
	if a.body.Len() == 0 {
		a.send(w, r)
		return false
	}
	a.part(w, a.body.Len()/2)
	breakOff(w)
	return true
}

func endless(_ string, next http.Handler, w http.ResponseWriter, r *http.Request) bool {
	a := ask(next, r)
	a.header.Del("Content-Length")
	a.header.Set("Transfer-Encoding", "chunked")
	a.begin(w)
	_, _ = w.Write(a.body.Bytes())
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func resetUpload(_ string, _ http.Handler, w http.ResponseWriter, r *http.Request) bool {
	_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
	breakOff(w)
	return true
}

// begin sends the answer's status and headers.
func (a *answer) begin(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.status)
}

// part sends the answer with the length of all of it, and only its first bytes.
func (a *answer) part(w http.ResponseWriter, n int) {
	a.header.Del("Transfer-Encoding")
	a.header.Set("Content-Length", strconv.Itoa(a.body.Len()))
	a.begin(w)
	_, _ = w.Write(a.body.Bytes()[:n])
	_ = http.NewResponseController(w).Flush()
}

// busy is each provider's way to say that it has too much to do (Amazon S3 API reference, "Error responses"; Cloud Storage,
// "HTTP status and error codes"; Azure Storage, "Blob service error codes").
func busy(profile string, _ http.Handler, w http.ResponseWriter, r *http.Request) bool {
	_, _ = io.Copy(io.Discard, r.Body)
	switch profile {
	case "gcp":
		refusal(w, r, profile, http.StatusServiceUnavailable, "backendError", "We encountered an internal error. Please try again.", "")
	case "azure":
		refusal(w, r, profile, http.StatusServiceUnavailable, "ServerBusy", "The server is currently unable to receive requests. Please retry your request.", "")
	default:
		refusal(w, r, profile, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.", "")
	}
	return true
}

// broken is a store's own mistake.
func broken(profile string, _ http.Handler, w http.ResponseWriter, r *http.Request) bool {
	_, _ = io.Copy(io.Discard, r.Body)
	code := map[string]string{"gcp": "internalError"}[profile]
	if code == "" {
		code = "InternalError"
	}
	refusal(w, r, profile, http.StatusInternalServerError, code, "We encountered an internal error. Please try again.", "")
	return true
}
