package bucket_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bucketproof/bucketproof/harness/bucket"
)

// counting is a store that answers everything alike and counts.
func counting(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &n
}

func endpointOf(provider string, s *httptest.Server) string {
	if provider == "azure" {
		return s.URL + "/" + account
	}
	return s.URL
}

// viaLoopback reaches the server under any name: virtual-hosted buckets have one of their own.
func viaLoopback(s *httptest.Server) *http.Client {
	c := s.Client()
	c.Transport = rewritten{c.Transport, strings.TrimPrefix(s.URL, "http://")}
	return c
}

type rewritten struct {
	base http.RoundTripper
	host string
}

func (r rewritten) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.URL.Host = r.host
	if out.Host == "" {
		out.Host = req.URL.Host
	}
	return r.base.RoundTrip(out)
}

func TestNothingIsRetried(t *testing.T) {
	for what, answer := range map[string]http.HandlerFunc{
		"503": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(503)
		},
		"429": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) },
		"500 with a code": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			_, _ = w.Write([]byte(`<Error><Code>InternalError</Code><Message>try again</Message></Error>`))
		},
		"a redirect": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(307)
		},
	} {
		for _, p := range allProviders {
			s, n := counting(t, answer)
			b := open(t, p, endpointOf(p, s), viaLoopback(s))
			for name, call := range calls(b) {
				n.Store(0)
				err := call(t.Context())
				var e *bucket.Error
				if !errors.As(err, &e) {
					t.Errorf("%s, %s, %s: got %v, want a *bucket.Error", p, name, what, err)
					continue
				}
				if n.Load() != 1 {
					t.Errorf("%s, %s: the store saw %d requests after %s, want 1", p, name, n.Load(), what)
				}
				if definite := e.Kind.Definite(); definite != (what == "a redirect") {
					t.Errorf("%s, %s: %v is definite: %v", p, name, e, definite)
				}
			}
		}
	}
}

// TestBrokenBodyIsNotAskedForAgain: Google's and Azure's readers would send a ranged GET for the rest.
func TestBrokenBodyIsNotAskedForAgain(t *testing.T) {
	for _, p := range allProviders {
		s, n := counting(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("only this"))
		})
		_, _, err := open(t, p, endpointOf(p, s), viaLoopback(s)).Get(t.Context(), "run/key")
		var e *bucket.Error
		if !errors.As(err, &e) || e.Kind != bucket.KindReset {
			t.Errorf("%s: got %v, want kind %q", p, err, bucket.KindReset)
		}
		if n.Load() != 1 {
			t.Errorf("%s: the store saw %d requests, want 1", p, n.Load())
		}
	}
}

func TestCancelledCallsEnd(t *testing.T) {
	for _, p := range allProviders {
		s, _ := counting(t, func(http.ResponseWriter, *http.Request) {})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := open(t, p, endpointOf(p, s), viaLoopback(s)).Exists(ctx)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled", p, err)
		}
	}
}
