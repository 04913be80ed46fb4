package wire_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// silence is what is said of it; how long was waited for is measured, and a busy machine waits longer.
var silence = regexp.MustCompile(`did not answer about store\.test within ([1-9]00ms|[1-9][0-9.]*s)$`)

// A name server that says nothing is named, with the name that it was asked about and how long; a closed network asks none but
// the run's own, and goes nowhere but to this machine.
func TestASilentNameServerIsNamed(t *testing.T) {
	silent := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		t.Cleanup(func() { _ = there.Close() })
		go func() {
			b := make([]byte, 512)
			for {
				if _, err := there.Read(b); err != nil {
					return
				}
			}
		}()
		return here, nil
	}}
	w := wire.New(wire.Options{Network: wire.Network{Closed: true, Resolver: silent}, Limits: wire.Limits{Dial: 100 * time.Millisecond}})
	_, resolved := w.Resolve(t.Context(), &url.URL{Scheme: "https", Host: "store.test:9000"})
	_, requested := w.Client().Get("https://store.test:9000/")
	for what, err := range map[string]error{"a lookup": resolved, "a request": requested} {
		var s *wire.SilentResolverError
		if !errors.As(err, &s) {
			t.Errorf("%s: got %v, want a silent name server", what, err)
			continue
		}
		if s.Name != "store.test" || !silence.MatchString(err.Error()) {
			t.Errorf("%s: got %q", what, err)
		}
	}
	w = wire.New(wire.Options{Network: wire.Network{Closed: true}})
	if _, err := w.Resolve(t.Context(), &url.URL{Scheme: "https", Host: "store.test"}); err == nil || errors.As(err, new(*wire.SilentResolverError)) {
		t.Errorf("a closed network without a resolver: got %v, want no such host", err)
	}
}

// What goes wrong on the way to a host, or in the middle of its answer, names the host, in the same words for every connection.
func TestABrokenAnswerNamesItsHost(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	_ = l.Close()
	w := wire.New(wire.Options{Network: wire.Network{Closed: true}})
	_, err = w.RoundTrip(&http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "http", Host: host, Path: "/"}, Header: http.Header{}})
	var at *wire.HostError
	if !errors.As(err, &at) || err.Error() != host+": connection refused" || at.Timeout() {
		t.Errorf("a closed port: got %v, want %q", err, host+": connection refused")
	}
}
