package wire

import (
	"fmt"
	"io"
	"net/http"
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
// depends on an answer having arrived. A nil Guard refuses all writes. Tokens may be asked for under every Guard.
type Guard struct {
	scope Scope

	mu       sync.Mutex
	keys     map[string]bool // key -> acknowledged
	gone     map[string]bool // keys that were seen to be removed again
	requests int
	bytes    int64
	closed   string // why no write is let through; "" when they are

	documents map[Configuration]int // of NewConfigurationGuard: those that may be written, and how often yet; nil in all others
}

// NewGuard makes the Guard of one run. A scope that leaves open what it guards is refused.
func NewGuard(s Scope) (*Guard, error) {
	if err := s.sound(); err != nil {
		return nil, err
	}
	if len(s.Prefix) < 2 || !strings.HasSuffix(s.Prefix, "/") || badKey(strings.TrimSuffix(s.Prefix, "/")) != "" {
		return nil, fmt.Errorf("guard: %q is no prefix to write below", s.Prefix)
	}
	s.Hosts = slices.Clone(s.Hosts)
	return &Guard{scope: s, keys: map[string]bool{}, gone: map[string]bool{}}, nil
}

// sound refuses a scope that leaves open what it guards.
func (s *Scope) sound() error {
	onBoth := func(h string) bool { return h == "" || strings.EqualFold(h, s.BucketHost) }
	switch {
	case s.Dialect != S3 && s.Dialect != GCS && s.Dialect != Azure:
		return fmt.Errorf("guard: %q is no dialect", s.Dialect)
	case s.Bucket == "" || strings.ContainsAny(s.Bucket, `/\%?#`):
		return fmt.Errorf("guard: %q is no bucket", s.Bucket)
	case len(s.Hosts) == 0 && s.BucketHost == "":
		return fmt.Errorf("guard: no host")
	case slices.ContainsFunc(s.Hosts, onBoth):
		return fmt.Errorf("guard: a host must have a name, and can't be the service's and the bucket's own at once")
	case s.PathPrefix != "" && (s.PathPrefix[0] != '/' || badKey(s.PathPrefix[1:]) != ""):
		return fmt.Errorf("guard: %q is no path before a bucket", s.PathPrefix)
	}
	return nil
}

// GuardError is a request that the guard refused. It was not sent, or broken off where the plan's bytes ended.
type GuardError struct {
	Method, Why string
	cut         bool // part of it was sent
}

func (e *GuardError) Error() string {
	if e.cut {
		return fmt.Sprintf("guard: %s broken off: %s", e.Method, e.Why)
	}
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

// Gone says that a key's object was removed, and that the store said so: a clean-up that can list need not look for it.
func (g *Guard) Gone(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.keys[key]; known {
		g.gone[key] = true
	}
}

// Left are the keys for which a write was let through and that were not seen to be removed since, in order.
func (g *Guard) Left() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]string, 0, len(g.keys)-len(g.gone))
	for k := range g.keys {
		if !g.gone[k] {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// Count is how many keys a write was let through for.
func (g *Guard) Count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.keys)
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

// ended is why nothing is written any more.
const ended = "the run has ended"

// Hold lets no write through until Begin: what has to be known before the first write is not known yet.
func (g *Guard) Hold() { g.shut("the run is not ready to write") }

// Begin lets writes through.
func (g *Guard) Begin() { g.shut("") }

// Stop lets no further write through, for good, but removals: what is running when a run ends can't write any more.
func (g *Guard) Stop() { g.shut(ended) }

func (g *Guard) shut(why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != ended { // for good
		g.closed = why
	}
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

// metered counts a body whose length nobody stated, and breaks the request off where the plan's bytes end, or where the
// run does.
type metered struct {
	io.ReadCloser
	g      *Guard
	method string
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.g.mu.Lock()
	defer m.g.mu.Unlock()
	if m.g.closed != "" {
		return 0, &GuardError{Method: m.method, Why: m.g.closed, cut: true}
	}
	if most := m.g.scope.MaxBytes; most > 0 && m.g.bytes+int64(n) > most {
		return 0, &GuardError{Method: m.method, Why: fmt.Sprintf("more than the %d bytes that the plan allows", most), cut: true}
	}
	m.g.bytes += int64(n)
	return n, err
}

// check decides on one request, which it may put into one spelling. It returns the pending write when the request creates
// something.
func (g *Guard) check(req *http.Request) (*pendingWrite, error) {
	refuse := func(format string, a ...any) error {
		return &GuardError{Method: req.Method, Why: fmt.Sprintf(format, a...)}
	}
	if err := undisguised(req); err != nil {
		return nil, refuse("%s", err)
	}
	free := reads(req.Method) || ((g == nil || g.scope.style(req) == elsewhere) && isTokenRequest(req))
	if g == nil {
		if !free {
			return nil, refuse("this connection only reads")
		}
		return nil, nil
	}
	if !free && g.documents != nil {
		if err := g.configures(req); err != nil {
			return nil, refuse("%s", err)
		}
		return nil, nil
	}
	key, discard := "", false
	if !free {
		var err error
		if key, err = g.scope.writes(req); err != nil {
			return nil, refuse("%s", err)
		}
		discard = discards(g.scope.Dialect, req)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.scope.MaxRequests > 0 && g.requests >= g.scope.MaxRequests {
		return nil, refuse("more than the %d requests that the plan allows", g.scope.MaxRequests)
	}
	if free || req.Method == http.MethodDelete {
		g.requests++
		return nil, nil
	}
	if g.closed != "" && (g.closed != ended || !discard) {
		return nil, refuse("%s", g.closed)
	}
	n := bodyLength(req)
	if most := g.scope.MaxBytes; most > 0 && n > 0 && (n > most || g.bytes > most-n) {
		return nil, refuse("more than the %d bytes that the plan allows", most)
	}
	if n < 0 {
		req.Body, req.GetBody = &metered{ReadCloser: req.Body, g: g, method: req.Method}, nil
	} else {
		g.bytes += n
	}
	g.requests++
	if _, known := g.keys[key]; !known {
		g.keys[key] = false
	}
	delete(g.gone, key)
	return &pendingWrite{g: g, key: key}, nil
}

// writes is the one key that a request writes or removes; an error when that is not all that it does.
func (s *Scope) writes(req *http.Request) (string, error) {
	t, err := s.target(req)
	if err != nil {
		return "", err
	}
	if t.bucket != s.Bucket {
		return "", fmt.Errorf("it goes to another bucket, %q", t.bucket)
	}
	if why := badKey(t.key); why != "" {
		return "", fmt.Errorf("%s", why)
	}
	if !strings.HasPrefix(t.key, s.Prefix) || t.key == s.Prefix {
		return "", fmt.Errorf("key %q is not below the run's prefix %q", t.key, s.Prefix)
	}
	return t.key, objectHeaders(s.Dialect, req)
}

// bodyLength is how many bytes net/http will send, -1 where it doesn't know: to it a 0 beside a body means unknown, and a
// transfer encoding overrules every length (http.Request.ContentLength).
func bodyLength(req *http.Request) int64 {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return 0
	case req.ContentLength > 0 && len(req.TransferEncoding) == 0:
		return req.ContentLength
	}
	return -1
}
