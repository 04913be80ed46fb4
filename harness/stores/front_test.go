package stores_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// ask sends a plain request, with a Host of its own if need be.
func ask(t *testing.T, c *http.Client, method, url, host string, body io.Reader) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestFrontsTakeTheHostsOfTheirProviderAlone(t *testing.T) {
	h := newHost(t)
	tests := []struct {
		provider, name, url, host string
		status                    int
		code                      string
	}{
		{stores.AWS, "the regional endpoint", "BASE/BUCKET/k", "", 403, "AccessDenied"},
		{stores.AWS, "the bucket as a host", "BASE/k", "BUCKET.s3.us-east-1.amazonaws.com", 400, "InvalidRequest"},
		{stores.AWS, "CoreWeave's host", "BASE/BUCKET/k", "BUCKET.cwobject.com", 400, "InvalidRequest"},
		{stores.CoreWeave, "the bucket as a host", "https://BUCKET.cwobject.com/k", "", 403, "AccessDenied"},
		{stores.CoreWeave, "path style", "BASE/BUCKET/k", "", 400, "InvalidRequest"},
		{stores.CoreWeave, "two labels below the domain", "BASE/k", "a.BUCKET.cwobject.com", 400, "InvalidRequest"},
		{stores.CoreWeave, "another domain", "BASE/k", "BUCKET.example.com", 400, "InvalidRequest"},
		{stores.CoreWeave, "a bucket there isn't", "https://no-such-bucket.cwobject.com/k", "", 404, "NoSuchBucket"},
		{stores.S3Compatible, "the endpoint", "BASE/BUCKET/k", "", 403, "AccessDenied"},
		{stores.S3Compatible, "another host", "BASE/k", "BUCKET.cwobject.com", 400, "InvalidRequest"},
		{stores.GCP, "the XML API", "BASE/BUCKET/k", "", 403, "AccessDenied"},
		{stores.GCP, "another host", "BASE/k", "BUCKET.storage.googleapis.com", 400, "InvalidURI"},
	}
	for _, test := range tests {
		t.Run(test.provider+": "+test.name, func(t *testing.T) {
			b := provision(t, h, test.provider, stores.Setup{})
			a := read(t, b)
			fill := strings.NewReplacer("BASE", a.base, "BUCKET", a.bucket)
			resp, body := ask(t, client(t, b, nil), http.MethodGet, fill.Replace(test.url), fill.Replace(test.host), nil)
			if resp.StatusCode != test.status || !strings.Contains(body, "<Code>"+test.code+"</Code>") {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, test.status, test.code)
			}
			if strings.Contains(body, "/data/") {
				t.Errorf("the answer shows a path of this machine: %s", body)
			}
		})
	}
}

func TestFrontsSpeakTheTLSOfTheirProvider(t *testing.T) {
	h := newHost(t)
	for _, test := range []struct {
		provider string
		version  uint16
		works    bool
	}{
		{stores.AWS, tls.VersionTLS11, false},
		{stores.AWS, tls.VersionTLS12, true},
		{stores.GCP, tls.VersionTLS12, true},
		{stores.CoreWeave, tls.VersionTLS12, false},
		{stores.CoreWeave, tls.VersionTLS13, true},
	} {
		t.Run(test.provider+" "+tls.VersionName(test.version), func(t *testing.T) {
			b := provision(t, h, test.provider, stores.Setup{})
			c := client(t, b, func(conf *tls.Config) { conf.MinVersion, conf.MaxVersion = tls.VersionTLS10, test.version })
			resp, err := c.Get(read(t, b).objectURL("k"))
			if err == nil {
				resp.Body.Close()
				if resp.ProtoMajor != 1 {
					t.Errorf("got %s, want HTTP/1.1", resp.Proto)
				}
			}
			if (err == nil) != test.works {
				t.Errorf("handshake: got error %v, want success %t", err, test.works)
			}
		})
	}
}

func TestFrontsListenOnLoopbackAndTheirNetworkIsClosed(t *testing.T) {
	h := newHost(t)
	for _, provider := range []string{stores.AWS, stores.CoreWeave, stores.S3Compatible, stores.GCP} {
		t.Run(provider, func(t *testing.T) {
			b := provision(t, h, provider, stores.Setup{})
			hosts := []string{}
			for _, addr := range b.Network.Hosts {
				hosts = append(hosts, addr)
			}
			if provider == stores.S3Compatible {
				hosts = append(hosts, read(t, b).Host)
			}
			for _, addr := range hosts {
				if host, _, err := net.SplitHostPort(addr); err != nil || host != "127.0.0.1" {
					t.Errorf("the front is at %q, want 127.0.0.1", addr)
				}
			}
			if len(hosts) == 0 || !b.Network.Closed {
				t.Errorf("hosts %v, closed %t; want some and closed", hosts, b.Network.Closed)
			}
			if _, err := b.Network.Dial(t.Context(), "tcp", "example.com:443"); err == nil {
				t.Error("a name outside the network was reached")
			}
		})
	}
}

func TestHooksHaveTheLastWord(t *testing.T) {
	h := newHost(t)
	flip := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && r.ContentLength > 0 {
				body, _ := io.ReadAll(r.Body)
				body[0] ^= 1
				r.Body = io.NopCloser(bytes.NewReader(body))
				r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			}
			next.ServeHTTP(w, r)
		})
	}
	b := provision(t, h, stores.GCP, stores.Setup{Hooks: stores.Hooks{
		Front:   flip,
		TLS:     func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
		Network: func(n *wire.Network) { n.Hosts["nowhere.test"] = "127.0.0.1:1" },
		Address: func(raw string) string { return raw + "?fault" },
	}})
	if b.Network.Hosts["nowhere.test"] == "" || !strings.HasSuffix(b.Address, "?fault") {
		t.Error("the network's or the address's hook had no effect")
	}
	resp, _ := ask(t, client(t, b, nil), http.MethodPut, signedURL(t, b, http.MethodPut, "k"), "", strings.NewReader("abc"))
	if resp.StatusCode != 200 || resp.TLS.Version != tls.VersionTLS12 {
		t.Errorf("PUT: got %d over %s, want 200 over TLS 1.2", resp.StatusCode, tls.VersionName(resp.TLS.Version))
	}
	if got, want := inventory(t, b)["k"], sumOf([]byte("`bc")); got != want {
		t.Errorf("stored: got %s, want the flipped body's %s", got, want)
	}
}

func TestAFaultInTheFrontChangesNoFidelity(t *testing.T) {
	h := newHost(t)
	deny := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	}
	for _, provider := range []string{stores.AWS, stores.GCP} {
		sound := provision(t, h, provider, stores.Setup{})
		faulty := provision(t, h, provider, stores.Setup{Hooks: stores.Hooks{Front: deny}})
		for i, f := range sound.Store.Fidelity {
			if g := faulty.Store.Fidelity[i]; g.What != f.What || g.Enforced != f.Enforced {
				t.Errorf("%s: %s is %q behind a faulty front, %q behind a sound one", provider, f.What, g.Enforced, f.Enforced)
			}
		}
	}
}

func TestFidelityIsWhatTheStoresWereSeenToDo(t *testing.T) {
	h := newHost(t)
	want := map[string]map[string]string{stores.AWS: golden(t, "versitygw"), stores.GCP: golden(t, "fake-gcs-server")}
	for provider, words := range want {
		for _, setup := range []stores.Setup{{}, {Versioning: true, Retention: true}} {
			b := provision(t, h, provider, setup)
			got := map[string]string{}
			for _, f := range b.Store.Fidelity {
				got[f.What] = f.Enforced
				if f.Seen == "" {
					t.Errorf("%s %s: nothing seen", provider, f.What)
				}
			}
			for what, enforced := range words {
				if got[what] != enforced {
					t.Errorf("%s %s: got %q, want %q; %v", provider, what, got[what], enforced, b.Store.Fidelity)
				}
			}
			if len(got) != len(words) {
				t.Errorf("%s: %d words, want %d", provider, len(got), len(words))
			}
			if left := inventory(t, b); len(left) != 0 {
				t.Errorf("%s: the probe left %v", provider, left)
			}
		}
	}
}

func TestABodyOf64MiBStreamsThroughTheFront(t *testing.T) {
	b := provision(t, newHost(t), stores.AWS, stores.Setup{})
	c, bucket := s3Client(t, b)
	body, key := bytes.Repeat([]byte("0123456789abcdef"), 4<<20), "large"
	if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
	o, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Body.Close()
	got, err := io.ReadAll(o.Body)
	if err != nil || !bytes.Equal(got, body) || *o.ContentLength != int64(len(body)) {
		t.Errorf("got %d bytes, length %d, error %v; want %d", len(got), *o.ContentLength, err, len(body))
	}
}
