package connector_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/connector"
	"github.com/bucketproof/bucketproof/reference/signing"
)

const (
	operatorToken = "operator-token-of-the-tests"
	accessKey     = "TESTACCESSKEY"
	secretKey     = "secret/of+the=tests"
)

// fakeBucket is an S3-compatible store that verifies every request's signature and keeps objects in memory.
type fakeBucket struct {
	t       testing.TB
	server  *httptest.Server
	secret  *signing.SecretKey
	mu      sync.Mutex
	objects map[string][]byte // bucket/key
	refuse  func(r *http.Request) int
	seen    []string // method and path of what was stored or deleted
}

func newFakeBucket(t testing.TB) *fakeBucket {
	t.Helper()
	f := &fakeBucket{t: t, secret: signing.NewSecretKey(secretKey, ""), objects: map[string][]byte{}}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

// address is the address of a bucket in the store, with credentials.
func (f *fakeBucket) address(bucket, path string) string {
	host := strings.TrimPrefix(f.server.URL, "http://")
	if path != "" {
		path = "/" + path
	}
	return "s3://" + accessKey + ":" + url.QueryEscape(secretKey) + "@" + host + "/" + bucket + path + "?region=us-east-1&tls=false"
}

func (f *fakeBucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
	}
	in := signing.Received(r, time.Now())
	in.Keys = func(c *signing.Claim) []signing.Key {
		if c.CredentialID == accessKey {
			return []signing.Key{f.secret}
		}
		return nil
	}
	in.Region = "us-east-1"
	if r.Method == http.MethodOptions {
		refuse(http.StatusForbidden, "AccessForbidden")
		return
	}
	if v := signing.VerifyS3(in); !v.OK {
		f.t.Logf("the fake bucket refuses: %v", v)
		refuse(http.StatusForbidden, "SignatureDoesNotMatch")
		return
	}
	f.mu.Lock()
	hook := f.refuse
	f.mu.Unlock()
	if hook != nil {
		if status := hook(r); status != 0 {
			refuse(status, "AccessDenied")
			return
		}
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	content, there := f.objects[name]
	switch {
	case r.Method == http.MethodPut:
		if sum := r.Header.Get("Content-MD5"); sum != "" && sum != md5Of(body) {
			refuse(http.StatusBadRequest, "BadDigest")
			return
		}
		f.objects[name] = body
		f.seen = append(f.seen, "PUT "+name)
	case r.Method == http.MethodDelete:
		delete(f.objects, name)
		f.seen = append(f.seen, "DELETE "+name)
		w.WriteHeader(http.StatusNoContent)
	case !strings.Contains(name, "/"):
		type entry struct{ Key string }
		var listing struct {
			XMLName  xml.Name `xml:"ListBucketResult"`
			Contents []entry
		}
		for key := range f.objects {
			if k, ok := strings.CutPrefix(key, name+"/"); ok && strings.HasPrefix(k, r.URL.Query().Get("prefix")) {
				listing.Contents = append(listing.Contents, entry{k})
			}
		}
		_ = xml.NewEncoder(w).Encode(listing)
	case !there:
		refuse(http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content)
	}
}

// keys are the objects that are there, as bucket/key.
func (f *fakeBucket) keys() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]string, 0, len(f.objects))
	for k := range f.objects {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// stored is how often something was stored.
func (f *fakeBucket) stored() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, s := range f.seen {
		if strings.HasPrefix(s, "PUT ") {
			n++
		}
	}
	return n
}

func (f *fakeBucket) setRefuse(hook func(r *http.Request) int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = hook
}

func md5Of(content []byte) string {
	sum := md5.Sum(content)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// service is a connector behind a server.
type service struct {
	t      testing.TB
	c      *connector.Connector
	server *httptest.Server
	log    *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func start(t testing.TB, o connector.Options) *service {
	t.Helper()
	s := &service{t: t, log: &lockedBuffer{}}
	o.OperatorToken, o.Log = operatorToken, s.log
	c, err := connector.New(context.Background(), o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	s.c, s.server = c, httptest.NewServer(c.Handler())
	t.Cleanup(s.stop)
	return s
}

func (s *service) stop() {
	s.server.Close()
	if err := s.c.Close(); err != nil {
		s.t.Errorf("Close: %v", err)
	}
	for _, secret := range []string{secretKey, url.QueryEscape(secretKey), "X-Amz-Signature", operatorToken, "bpc_"} {
		if strings.Contains(s.log.String(), secret) {
			s.t.Errorf("the log holds a secret (%.4s…)", secret)
		}
	}
}

// reply is what the service answered.
type reply struct {
	status int
	kind   string // of a problem
	body   map[string]any
	text   string
}

// do sends a request. body is nothing, text as it is, or something to write as JSON.
func (s *service) do(token, method, path string, body any) reply {
	s.t.Helper()
	r, err := s.try(token, method, path, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

func (s *service) try(token, method, path string, body any) (reply, error) {
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return reply{}, err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, s.server.URL+"/v1"+path, in)
	if err != nil {
		return reply{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	out := reply{status: resp.StatusCode, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out.body); err != nil {
			return out, fmt.Errorf("the answer is not JSON: %q", text)
		}
	}
	if kind, ok := out.body["type"].(string); ok {
		out.kind = strings.TrimPrefix(kind, "urn:bucketproof:problem:")
		if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
			return out, fmt.Errorf("a problem came as %q", got)
		}
	} else if out.status >= 400 {
		return out, errors.New("an error came without a problem")
	}
	return out, nil
}

// must sends a request and wants a status.
func (s *service) must(status int, token, method, path string, body any) map[string]any {
	s.t.Helper()
	r := s.do(token, method, path, body)
	if r.status != status {
		s.t.Fatalf("%s %s: got %d %s, want %d", method, path, r.status, r.text, status)
	}
	return r.body
}

type object = map[string]any

// world is an instance with one organisation, an admin and a store.
type world struct {
	*service
	store  *fakeBucket
	in     string // /instances/ID
	org    string
	admin  string // token
	people map[string]string
}

func newWorld(t testing.TB, o connector.Options, spec object) *world {
	t.Helper()
	w := &world{service: start(t, o), store: newFakeBucket(t), people: map[string]string{}}
	w.populate(spec)
	return w
}

func (w *world) populate(spec object) {
	w.t.Helper()
	full := object{"name": "test", "deployment": "self-managed", "managedStorage": object{"address": w.store.address("managed", "")}}
	for k, v := range spec {
		full[k] = v
	}
	w.in = "/instances/" + w.must(201, operatorToken, "POST", "/instances", full)["id"].(string)
	w.org = w.organization("acme")
	w.admin = w.user("admin", w.org, "admin")
}

func (w *world) organization(name string) string {
	w.t.Helper()
	return w.must(201, operatorToken, "POST", w.in+"/organizations", object{"name": name})["id"].(string)
}

// user makes a user and returns the token; the ID is in people.
func (w *world) user(name, org, role string) string {
	w.t.Helper()
	u := w.must(201, operatorToken, "POST", w.in+"/users", object{"name": name, "organization": org, "role": role})
	w.people[name] = u["id"].(string)
	return u["token"].(string)
}

// team makes a team with the given storage (nil: Internal) and members, and returns its path.
func (w *world) team(name string, storage object, members ...string) string {
	w.t.Helper()
	in := object{"name": name, "storageType": "internal"}
	if storage != nil {
		in["storageType"], in["storage"] = "external", storage
	}
	path := w.in + "/teams/" + w.must(201, w.admin, "POST", w.in+"/teams", in)["id"].(string)
	for _, m := range members {
		w.must(204, w.admin, "PUT", path+"/members/"+w.people[m], nil)
	}
	return path
}

// use sends a link as a client would.
func use(t testing.TB, l any, body []byte) (int, []byte) {
	t.Helper()
	m := l.(object)
	r, err := http.NewRequest(m["method"].(string), m["url"].(string), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range m["headers"].(object) {
		r.Header.Set(name, v.(string))
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, got
}

// stores reads supported file stores of addresses, for an instance's spec.
func storesOf(addresses ...string) string { return strings.Join(addresses, ",") }
