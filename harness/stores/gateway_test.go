package stores

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/reports"
)

// gatewayHost is a Host whose gateway the test sees.
func gatewayHost(t *testing.T, dir string) (*Host, *gateway) {
	t.Helper()
	h, err := NewHost(t.Context(), HostOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, h.backends[place{AWS, Embedded}].(*s3Backend).gateway
}

func TestMetadataBesideTheDataServesAsWell(t *testing.T) {
	h, g := gatewayHost(t, t.TempDir())
	g.beside = true
	b, err := h.Provision(t.Context(), AWS, Setup{Versioning: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"one", "two"} {
		if err := b.Put(t.Context(), "dir/k", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := b.Inventory(t.Context())
	if err != nil || len(got) != 2 {
		t.Errorf("inventory: got %v, %v; want two versions", got, err)
	}
	for _, f := range b.Store.Fidelity {
		no := f.What == reports.FidelityEncryption || f.What == reports.FidelityClock || f.What == reports.FidelitySSE || f.What == reports.FidelityDefaultKey ||
			f.What == reports.FidelityLifecycle || f.What == "s3:GetEncryptionConfiguration"
		if !no && f.Enforced != "yes" {
			t.Errorf("%s: %s, %s", f.What, f.Enforced, f.Seen)
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	filepath.Walk(g.dir, func(path string, _ os.FileInfo, _ error) error {
		if strings.Contains(path, "byob-") {
			t.Errorf("left over: %s", path)
		}
		return nil
	})
}

func TestASocketFindsAShortDirectory(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	h, g := gatewayHost(t, long)
	if _, err := h.Provision(t.Context(), AWS, Setup{}); err != nil {
		t.Fatal(err)
	}
	if g.private == "" || len(g.socket) > socketLimit {
		t.Errorf("the socket is %q, %d bytes; want a short path of its own", g.socket, len(g.socket))
	}
	private := g.private
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(private); !os.IsNotExist(err) {
		t.Errorf("the socket's directory is still there: %v", err)
	}
}

func TestTheGatewayIsSilentAndItsStorageUnseen(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	said := make(chan string)
	go func() {
		all, _ := io.ReadAll(r)
		said <- string(all)
	}()
	h, g := gatewayHost(t, t.TempDir())
	answers := provoke(t, h)
	h.Close()
	os.Stdout, os.Stderr = stdout, stderr
	w.Close()
	if got := <-said; got != "" {
		t.Errorf("the gateway said %q", got)
	}
	if strings.Contains(answers, g.dir) {
		t.Errorf("an answer shows the gateway's directory: %s", answers)
	}
}

// provoke asks for what goes wrong, and returns all answers.
func provoke(t *testing.T, h *Host) string {
	b, err := h.Provision(context.Background(), S3Compatible, Setup{})
	if err != nil {
		t.Error(err)
		return ""
	}
	o := b.owner.(*s3Owner)
	var all bytes.Buffer
	for _, q := range []s3Request{
		{method: "PUT", key: strings.Repeat("x", 300)},
		{method: "PUT", key: "a"},
		{method: "PUT", key: "a/b"},
		{method: "GET", key: "a/b"},
		{method: "GET", key: "a/b/c"},
		{method: "PUT", key: "dir/"},
		{method: "PUT", key: "dir"},
		{method: "DELETE", key: "dir/none"},
		{method: "PUT", key: "k", query: "partNumber=1&uploadId=none"},
		{method: "POST", key: "k", query: "uploadId=none", body: []byte("<CompleteMultipartUpload/>")},
		{method: "GET", query: "policyStatus="},
		{method: "GET", query: "tagging="},
		{method: "GET", query: "object-lock="},
		{method: "GET", query: "versions=&max-keys=-1"},
		{method: "PUT", query: "policy=", body: []byte("{")},
		{method: "PUT", key: "copy", header: http.Header{"X-Amz-Copy-Source": {o.bucket + "/a"}}},
		{method: "DELETE"},
		{method: "PUT", key: "../../escape"},
		{method: "BREW", key: "coffee"},
	} {
		q.as = o.gateway.root
		a, err := o.do(context.Background(), q)
		if err != nil {
			t.Errorf("%s %s?%s: %v", q.method, q.key, q.query, err)
		}
		all.Write(a.body)
	}
	breakOff(t, b, o)
	return all.String()
}

// breakOff sends a part of a body and goes away: through the front of a short one, and of a long one to the gateway itself.
func breakOff(t *testing.T, b *Bucket, o *s3Owner) {
	head := ""
	q := s3Request{method: "PUT", key: "half", body: bytes.Repeat([]byte("x"), 64<<10), as: o.user, open: true, change: func(r *http.Request) {
		head = "PUT " + r.URL.RequestURI() + " HTTP/1.1\r\nHost: HOST\r\nContent-Length: LENGTH\r\n"
		for k, v := range r.Header {
			head += k + ": " + v[0] + "\r\n"
		}
		r.Method = http.MethodTrace // this one is not to be carried out
	}}
	if _, err := o.do(context.Background(), q); err != nil {
		t.Error(err)
	}
	short, err := tls.Dial("tcp", b.front.addr, &tls.Config{RootCAs: b.Network.RootCAs, ServerName: "127.0.0.1"})
	if err != nil {
		t.Error(err)
		return
	}
	io.WriteString(short, strings.NewReplacer("HOST", "127.0.0.1", "LENGTH", "10").Replace(head)+"\r\n0123")
	long, err := net.Dial("unix", o.gateway.socket)
	if err != nil {
		t.Error(err)
		return
	}
	io.WriteString(long, strings.NewReplacer("HOST", "gateway", "LENGTH", "65536").Replace(head)+"\r\n"+strings.Repeat("x", 20000))
	time.Sleep(50 * time.Millisecond) // what was sent has arrived
	short.Close()
	long.(*net.UnixConn).CloseWrite()
	answer, _ := io.ReadAll(long)
	if !strings.Contains(string(answer), "<Code>IncompleteBody</Code>") {
		t.Errorf("half a body: got %q, want IncompleteBody", answer)
	}
	long.Close()
	if got, err := b.Inventory(context.Background()); err != nil || got["half"] != "" {
		t.Errorf("half a body was stored: %v, %v", got, err)
	}
}

func TestCoreWeavesPolicyIsKeptByTheFront(t *testing.T) {
	h, g := gatewayHost(t, t.TempDir())
	b, err := h.Provision(t.Context(), CoreWeave, Setup{})
	if err != nil {
		t.Fatal(err)
	}
	o := b.owner.(*s3Owner)
	before, err := b.Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	front := onlyVirtualHosted(gatewayDomain, o.policy.middleware(&proxy{transport: g.transport, failed: gatewayGone}))
	ask := func(method, body string) *held {
		w := &held{header: http.Header{}}
		q := s3Request{method: method, query: "policy=", body: []byte(body), as: g.root, virtual: true,
			change: func(r *http.Request) {
				front.ServeHTTP(w, r.Clone(r.Context()))
				r.Method = http.MethodTrace // the gateway itself is not asked again: no signature fits
			}}
		if _, err := o.do(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		return w
	}
	if got := ask("GET", ""); got.status != 200 || got.body.String() != before["policy"] {
		t.Errorf("the owner reads the policy: got %d %s", got.status, got.body.String())
	}
	const other = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"CW":"arn:aws:iam::wandb:static/x"},"Action":"s3:*","Resource":"*"}]}`
	if got := ask("PUT", other); got.status != 204 {
		t.Errorf("the owner writes a policy the gateway can't read: got %d %s", got.status, got.body.String())
	}
	after, err := b.Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before["policy"] = other
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if got := ask("PUT", "no JSON"); got.status != 400 {
		t.Errorf("a policy that is no JSON: got %d, want 400", got.status)
	}
	if got := ask("DELETE", ""); got.status != 204 {
		t.Errorf("the owner removes the policy: got %d %s", got.status, got.body.String())
	}
	if got := ask("GET", ""); got.status != 404 {
		t.Errorf("without a policy: got %d, want 404", got.status)
	}
	if f, err := b.Probe(t.Context()); err != nil || f[0].Enforced != "yes" {
		t.Errorf("the user's own rights have gone with the policy: %v, %v", f, err)
	}
}
