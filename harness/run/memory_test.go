package run_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// Requirements of profile s3-compatible that fake families bind their specs to.
const (
	reads  = "BYOB-NET-008"
	writes = "BYOB-XFER-001"
	again  = "BYOB-XFER-003"
)

// secret is the canary of the memory store's address.
const secret = "c4naryS3cretKeyOfTheMemoryStore0"

// memory is a store that keeps one bucket in a map and believes every signature. before has the first word on a request;
// it answers by returning true.
type memory struct {
	url    string
	before func(w http.ResponseWriter, r *http.Request) bool

	mu      sync.Mutex
	objects map[string][]byte
	log     []string // method and path of every write
}

func newMemory(t *testing.T) *memory {
	m := &memory{objects: map[string][]byte{"here/before": []byte("decoy")}}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	m.url = strings.TrimPrefix(s.URL, "http://")
	return m
}

func (m *memory) target() run.Target {
	return run.Target{Address: "s3://BUCKETPROOFTEST00001:" + secret + "@" + m.url + "/bucket?region=us-east-1&tls=false", Network: wire.Network{Closed: true}}
}

func (m *memory) keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range m.objects {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (m *memory) writes() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.log)
}

func (m *memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut || r.Method == http.MethodPost || r.Method == http.MethodDelete {
		m.mu.Lock()
		m.log = append(m.log, r.Method+" "+r.URL.Path)
		m.mu.Unlock()
	}
	if m.before != nil && m.before(w, r) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/bucket"), "/")
	body, ok := m.objects[key]
	q := r.URL.Query()
	switch {
	case key == "" && q.Has("list-type"):
		m.list(w, q.Get("prefix"))
	case key == "" && q.Has("versioning"):
		_, _ = io.WriteString(w, `<VersioningConfiguration/>`)
	case key == "" && q.Has("cors"):
		_, _ = io.WriteString(w, `<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>`)
	case key == "" && r.Method == http.MethodHead:
	case key == "":
		refuse(w, http.StatusNotImplemented, "NotImplemented")
	case r.Method == http.MethodPut:
		m.objects[key], _ = io.ReadAll(r.Body)
		w.Header().Set("ETag", `"1"`)
	case r.Method == http.MethodDelete:
		delete(m.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case !ok:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	}
}

func (m *memory) list(w io.Writer, prefix string) {
	type object struct{ Key string }
	var out struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		Contents []object
	}
	for k := range m.objects {
		if strings.HasPrefix(k, prefix) {
			out.Contents = append(out.Contents, object{k})
		}
	}
	_ = xml.NewEncoder(w).Encode(out)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
}

// certify runs a fake family over the memory store.
func (m *memory) certify(ctx context.Context, t *testing.T, target run.Target, o run.Options, specs func(*run.Subject)) *run.Done {
	t.Helper()
	o.Catalogue, o.Families = load(t), []run.Family{{Name: "fake", Specs: specs}}
	d, err := run.Certify(ctx, target, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// put is a check that writes an object and sees it.
func put(s *run.Subject, name string) func(context.Context, *run.T) {
	return func(ctx context.Context, t *run.T) {
		_, err := s.Bucket.Put(ctx, s.Key(name), []byte("bytes"), "")
		t.OK("a PUT", err)
		_, err = s.Bucket.Head(ctx, s.Key(name))
		t.OK("a HEAD", err)
		t.Observe("written")
	}
}

// left fails unless the bucket is as it was before the run.
func (m *memory) left(t *testing.T, r *reports.Result) {
	t.Helper()
	if keys := m.keys(); !slices.Equal(keys, []string{"here/before"}) {
		t.Errorf("the bucket has %q, want what it had before", keys)
	}
	for _, w := range m.writes() {
		if _, path, _ := strings.Cut(w, " "); !strings.HasPrefix(path, "/bucket/"+r.Safety.Prefix) {
			t.Errorf("a write outside of the run's prefix: %s", w)
		}
	}
}
