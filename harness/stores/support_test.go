package stores_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// keys are the Hosts' in these tests: a key of its own for each account of a Host, and the same ones in the next.
var keys stores.KeyRing

// newHost makes a Host for one test. There is one gateway a process, so tests that start it run one after the other; those of
// the other stores may run at a time.
func newHost(t *testing.T) *stores.Host {
	t.Helper()
	h, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir(), Keys: &keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close the host: %v", err)
		}
	})
	return h
}

func provision(t *testing.T, h *stores.Host, provider string, s stores.Setup) *stores.Bucket {
	t.Helper()
	b, err := h.Provision(t.Context(), provider, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the bucket: %v", err)
		}
	})
	return b
}

// client reaches a bucket's hosts by its Network and nothing else.
func client(t *testing.T, b *stores.Bucket, tune func(*tls.Config)) *http.Client {
	conf := &tls.Config{RootCAs: b.Network.RootCAs}
	if tune != nil {
		tune(conf)
	}
	tr := &http.Transport{DialContext: b.Network.Dial, TLSClientConfig: conf, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

// address is what a bucket's address says, read with net/url.
type address struct {
	*url.URL
	id, secret, bucket, base string
	pathStyle                bool
}

func read(t *testing.T, b *stores.Bucket) address {
	t.Helper()
	u, err := url.Parse(b.Address)
	if err != nil {
		t.Fatal("the address doesn't parse (its text is a secret)")
	}
	a := address{URL: u, id: u.User.Username(), base: "https://" + u.Host, pathStyle: true}
	a.secret, _ = u.User.Password()
	switch b.Provider {
	case stores.GCP:
		a.bucket, a.base = u.Host, "https://storage.googleapis.com"
	case stores.CoreWeave:
		a.pathStyle = false
		fallthrough
	default:
		a.bucket, _, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	}
	return a
}

// objectURL is where a plain request for a key goes; the key is encoded by url.PathEscape, its slashes left alone.
func (a address) objectURL(key string) string {
	path := strings.ReplaceAll(url.PathEscape(key), "%2F", "/")
	if a.pathStyle {
		return a.base + "/" + a.bucket + "/" + path
	}
	u, _ := url.Parse(a.base)
	return "https://" + a.bucket + "." + u.Host + "/" + path
}

func s3Client(t *testing.T, b *stores.Bucket) (*s3.Client, string) {
	t.Helper()
	a := read(t, b)
	return s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(a.base), UsePathStyle: a.pathStyle,
		Credentials: credentials.NewStaticCredentialsProvider(a.id, a.secret, ""),
		HTTPClient:  client(t, b, nil), Retryer: aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	}), a.bucket
}

func gcsClient(t *testing.T, b *stores.Bucket) (*storage.BucketHandle, string) {
	t.Helper()
	c, err := storage.NewClient(t.Context(), option.WithHTTPClient(bearer(t, b, client(t, b, nil))))
	if err != nil {
		t.Fatal(err)
	}
	c.SetRetry(storage.WithPolicy(storage.RetryNever))
	t.Cleanup(func() { c.Close() })
	name := read(t, b).bucket
	return c.Bucket(name), name
}

// codeOf is the error code an S3 call ended with.
func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func inventory(t *testing.T, b *stores.Bucket) map[string]string {
	t.Helper()
	got, err := b.Inventory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// timeIn is a moment some seconds ahead.
func timeIn(seconds int) time.Time { return time.Now().Add(time.Duration(seconds) * time.Second) }

// bearer is a client that adds a token the bucket's service account signed for itself.
func bearer(t *testing.T, b *stores.Bucket, c *http.Client) *http.Client {
	t.Helper()
	a := read(t, b)
	file, err := json.Marshal(map[string]string{"type": "service_account", "client_email": a.id, "private_key": a.secret})
	if err != nil {
		t.Fatal(err)
	}
	source, err := google.JWTAccessTokenSourceWithScope(file, storage.ScopeFullControl)
	if err != nil {
		t.Fatal("the account's key can't be used") // its text may quote the key
	}
	with := *c
	with.Transport = &oauth2.Transport{Source: source, Base: c.Transport}
	return &with
}

// signedURL is a GCS V4 URL as Google's SDK makes it.
func signedURL(t *testing.T, b *stores.Bucket, method, key string) string {
	t.Helper()
	a := read(t, b)
	signed, err := storage.SignedURL(a.bucket, key, &storage.SignedURLOptions{GoogleAccessID: a.id, PrivateKey: []byte(a.secret), Method: method,
		Scheme: storage.SigningSchemeV4, Expires: timeIn(60)})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
