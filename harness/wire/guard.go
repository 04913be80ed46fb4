package wire

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Dialect is the language of a store's requests: what names a bucket and a key in them.
type Dialect string

// The three dialects. GCS means both of its APIs, JSON and XML.
const (
	S3    Dialect = "s3"
	GCS   Dialect = "gcs"
	Azure Dialect = "azure"
)

// Scope says where a run may write.
type Scope struct {
	Dialect Dialect
	// Hosts are the host[:port]s of the store's service, where the bucket (Azure: the container) is in the path.
	Hosts []string
	// BucketHost is the host[:port] on which the whole path is the key; "" when there is none.
	BucketHost string
	// PathPrefix stands before the bucket in a path on Hosts ("/account" on an Azure emulator's address), else "".
	PathPrefix string
	Bucket     string
	// Prefix is the run's own: every key that is written begins with it. It ends in a slash.
	Prefix string
	// MaxRequests and MaxBytes bound what a run may send; 0 means no bound.
	MaxRequests int
	MaxBytes    int64
}

// Guard refuses every request that would change anything but keys below the run's prefix, whoever sends it: an SDK, a
// pre-signed URL, a mistake. It also remembers every key it let through, answered or not, so that cleaning up never
// depends on an answer having arrived. A nil Guard refuses all writes.
type Guard struct {
	scope Scope

	mu       sync.Mutex
	keys     map[string]bool // key -> acknowledged
	requests int
	bytes    int64
	closed   bool
}

// NewGuard makes the Guard of one run. A scope without bucket or prefix is refused: it would guard nothing.
func NewGuard(s Scope) (*Guard, error) {
	switch {
	case s.Bucket == "":
		return nil, fmt.Errorf("guard: no bucket")
	case len(s.Hosts) == 0 && s.BucketHost == "":
		return nil, fmt.Errorf("guard: no host")
	case len(s.Prefix) < 2 || !strings.HasSuffix(s.Prefix, "/") || badKey(strings.TrimSuffix(s.Prefix, "/")) != "":
		return nil, fmt.Errorf("guard: %q is no prefix to write below", s.Prefix)
	}
	return &Guard{scope: s, keys: map[string]bool{}}, nil
}

// GuardError is a request that the guard refused. It was not sent.
type GuardError struct{ Method, Why string }

func (e *GuardError) Error() string {
	return fmt.Sprintf("guard: %s refused, nothing was sent: %s", e.Method, e.Why)
}

// Keys are all keys for which a write was let through, in order.
func (g *Guard) Keys() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]string, 0, len(g.keys))
	for k := range g.keys {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Written is how many distinct keys a write was acknowledged for, and how many bytes were sent in writes.
func (g *Guard) Written() (keys int, bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, ok := range g.keys {
		if ok {
			keys++
		}
	}
	return keys, g.bytes
}

// Allow sets how much a run may send in all: requests, and bytes in writes; 0 means no bound.
func (g *Guard) Allow(requests int, bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.scope.MaxRequests, g.scope.MaxBytes = requests, bytes
}

// Stop lets no further write through, but removals: what is running when a run ends can't write any more.
func (g *Guard) Stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// pendingWrite is a write that was let through and not yet acknowledged.
type pendingWrite struct {
	g   *Guard
	key string
}

func (p *pendingWrite) done() {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.g.keys[p.key] = true
}

// metered counts a body whose length nobody stated, and breaks the request off where the plan's bytes end.
type metered struct {
	io.ReadCloser
	g      *Guard
	method string
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.g.mu.Lock()
	defer m.g.mu.Unlock()
	m.g.bytes += int64(n)
	if m.g.scope.MaxBytes > 0 && m.g.bytes > m.g.scope.MaxBytes {
		return 0, &GuardError{Method: m.method, Why: fmt.Sprintf("more than the %d bytes that the plan allows", m.g.scope.MaxBytes)}
	}
	return n, err
}

// check decides on one request. It returns the pending write when the request creates something.
func (g *Guard) check(req *http.Request) (*pendingWrite, error) {
	refuse := func(format string, a ...any) error {
		return &GuardError{Method: req.Method, Why: fmt.Sprintf(format, a...)}
	}
	for _, h := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"} {
		if req.Header.Get(h) != "" {
			return nil, refuse("header %s would change the method", h)
		}
	}
	reads := req.Method == http.MethodGet || req.Method == http.MethodHead || req.Method == http.MethodOptions
	if g == nil {
		if reads {
			return nil, nil
		}
		return nil, refuse("this connection only reads")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.requests++
	if g.scope.MaxRequests > 0 && g.requests > g.scope.MaxRequests {
		return nil, refuse("more than the %d requests that the plan allows", g.scope.MaxRequests)
	}
	if reads {
		return nil, nil
	}
	if isIdentity(req) {
		return nil, nil
	}
	t, err := g.target(req)
	if err != nil {
		return nil, refuse("%s", err)
	}
	if t.bucket != g.scope.Bucket {
		return nil, refuse("it goes to another bucket, %q", t.bucket)
	}
	if why := badKey(t.key); why != "" {
		return nil, refuse("%s", why)
	}
	if !strings.HasPrefix(t.key, g.scope.Prefix) || t.key == g.scope.Prefix {
		return nil, refuse("key %q is not below the run's prefix %q", t.key, g.scope.Prefix)
	}
	for name := range req.Header {
		if forbiddenHeader(strings.ToLower(name)) {
			return nil, refuse("header %s", name)
		}
	}
	if req.Method == http.MethodDelete {
		return nil, nil
	}
	if g.closed {
		return nil, refuse("the run has ended")
	}
	if n := req.ContentLength; n >= 0 {
		if g.scope.MaxBytes > 0 && g.bytes+n > g.scope.MaxBytes {
			return nil, refuse("more than the %d bytes that the plan allows", g.scope.MaxBytes)
		}
		g.bytes += n
	} else {
		req.Body = &metered{ReadCloser: req.Body, g: g, method: req.Method}
	}
	if _, known := g.keys[t.key]; !known {
		g.keys[t.key] = false
	}
	return &pendingWrite{g: g, key: t.key}, nil
}

// target is what a request names.
type target struct{ bucket, key string }

// target takes bucket and key out of a request, strictly: whatever is not a known form of writing one object is refused.
func (g *Guard) target(req *http.Request) (target, error) {
	host := req.URL.Host
	if req.Host != "" && !strings.EqualFold(req.Host, host) {
		return target{}, fmt.Errorf("the Host header names %q, the URL %q", req.Host, host)
	}
	host = trimDefaultPort(req.URL.Scheme, host)
	path := req.URL.EscapedPath()
	onBucket := g.scope.BucketHost != "" && strings.EqualFold(host, trimDefaultPort(req.URL.Scheme, g.scope.BucketHost))
	onService := slices.ContainsFunc(g.scope.Hosts, func(h string) bool {
		return strings.EqualFold(host, trimDefaultPort(req.URL.Scheme, h))
	})
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return target{}, fmt.Errorf("its query can't be read")
	}
	switch {
	case onBucket:
		if err := objectQuery(g.scope.Dialect, req.Method, query); err != nil {
			return target{}, err
		}
		key, err := url.PathUnescape(strings.TrimPrefix(path, "/"))
		if err != nil {
			return target{}, fmt.Errorf("its path can't be read")
		}
		return target{bucket: g.scope.Bucket, key: key}, nil
	case !onService:
		return target{}, fmt.Errorf("%q is not a host of this bucket", host)
	}
	if g.scope.Dialect == GCS {
		if t, ok, err := jsonTarget(req, path, query); ok {
			return t, err
		}
	}
	rest, ok := strings.CutPrefix(path, g.scope.PathPrefix+"/")
	if !ok {
		return target{}, fmt.Errorf("its path is not below %q", g.scope.PathPrefix+"/")
	}
	if err := objectQuery(g.scope.Dialect, req.Method, query); err != nil {
		return target{}, err
	}
	bucket, key, _ := strings.Cut(rest, "/")
	if bucket, err = url.PathUnescape(bucket); err != nil {
		return target{}, fmt.Errorf("its path can't be read")
	}
	if key, err = url.PathUnescape(key); err != nil {
		return target{}, fmt.Errorf("its path can't be read")
	}
	return target{bucket: bucket, key: key}, nil
}

func trimDefaultPort(scheme, host string) string {
	switch scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

// badKey says what is wrong with a key for writing, "" when nothing is: some servers fold `.`, `..` and empty segments,
// and the write would land elsewhere.
func badKey(key string) string {
	if key == "" {
		return "it names no key"
	}
	for seg := range strings.SplitSeq(key, "/") {
		switch seg {
		case "", ".", "..":
			return fmt.Sprintf("key %q has a segment %q, which some servers fold away", key, seg)
		}
	}
	if strings.Contains(key, "\x00") || strings.Contains(key, `\`) {
		return fmt.Sprintf("key %q has a character that some servers fold", key)
	}
	return ""
}
