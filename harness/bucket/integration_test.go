package bucket_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reports"
)

const livePrefix = "bucketproof/live/"

// live is a bucket of an embedded store, behind the guard as in a run.
func live(t *testing.T, h *stores.Host, provider string, s stores.Setup) (*stores.Bucket, *bucket.Bucket, *http.Client) {
	t.Helper()
	owner, err := h.Provision(t.Context(), provider, s)
	if errors.Is(err, stores.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := owner.Close(); err != nil {
			t.Error(err)
		}
	})
	a, err := address.Parse(owner.Address, address.Options{})
	if err != nil {
		t.Fatal(err)
	}
	service, err := url.Parse(a.ServiceURL())
	if err != nil {
		t.Fatal(err)
	}
	scope := wire.Scope{Bucket: a.Bucket, Prefix: livePrefix, Hosts: []string{service.Host}, Dialect: wire.S3}
	switch {
	case a.Provider == address.GCP:
		scope.Dialect = wire.GCS
	case a.Provider == address.Azure:
		scope.Dialect = wire.Azure
	case !a.PathStyle:
		scope.Hosts, scope.BucketHost = nil, a.BucketHost()
	}
	guard, err := wire.NewGuard(scope)
	if err != nil {
		t.Fatal(err)
	}
	transport := wire.New(wire.Options{Network: owner.Network, Guard: guard, MinTLS: tls.VersionTLS12, RunID: "live", Secrets: owner.Secrets})
	t.Cleanup(transport.CloseIdle)
	b, err := bucket.Open(t.Context(), a, bucket.Options{HTTP: transport.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return owner, b, transport.Client()
}

// send sends a pre-signed request as a plain client does.
func send(t *testing.T, client *http.Client, p *bucket.Presigned, body []byte) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), p.Method, p.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal("the pre-signed URL can't be read")
	}
	for name, values := range p.Header {
		req.Header[name] = values
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(bucket.Classify("send a pre-signed request", err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(bucket.Classify("send a pre-signed request", err))
	}
	return resp, answer
}

func TestLiveStores(t *testing.T) {
	if testing.Short() {
		t.Skip("starts stores")
	}
	h, err := stores.NewHost(context.WithoutCancel(t.Context()), stores.HostOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, p := range allProviders {
		t.Run(p, func(t *testing.T) {
			owner, b, client := live(t, h, p, stores.Setup{})
			t.Run("objects", func(t *testing.T) { liveObjects(t, b) })
			t.Run("pre-signed", func(t *testing.T) { livePresigned(t, b, client) })
			t.Run("multipart", func(t *testing.T) { liveMultipart(t, b, client) })
			t.Run("blocks", func(t *testing.T) { liveBlocks(t, b) })
			t.Run("inspection", func(t *testing.T) { liveInspection(t, b) })
			t.Run("refusals", func(t *testing.T) { liveRefusals(t, owner, b, client) })
			left, err := owner.Inventory(t.Context())
			if err != nil || len(left) != 0 {
				t.Errorf("the bucket holds %v, %v, want nothing", left, err)
			}
			t.Run("versions", func(t *testing.T) {
				if p == "azure" {
					t.Skip("Azurite keeps no versions")
				}
				_, versioned, _ := live(t, h, p, stores.Setup{Versioning: true})
				liveVersions(t, versioned)
			})
		})
	}
}

func liveObjects(t *testing.T, b *bucket.Bucket) {
	ctx := t.Context()
	if err := b.Exists(ctx); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"plain", "a b", "50%", "a+b", "a==", "a#b", "grüße-日本", "x/y/z", "empty"} {
		key = livePrefix + key
		body := []byte("body of " + key)
		if strings.HasSuffix(key, "empty") {
			body = nil
		}
		put, err := b.Put(ctx, key, body, "text/x-proof")
		if err != nil {
			t.Errorf("put %q: %v", key, err)
			continue
		}
		got, info, err := b.Get(ctx, key)
		if err != nil || !bytes.Equal(got, body) || info.ContentType != "text/x-proof" {
			t.Errorf("get %q: %q, %+v, %v", key, got, info, err)
		}
		head, err := b.Head(ctx, key)
		if err != nil || head.Size != int64(len(body)) || head.ETag == "" || head.ContentType != "text/x-proof" || head.ETag != put.ETag {
			t.Errorf("head %q: %+v after %+v, %v", key, head, put, err)
		}
		if keys, err := b.List(ctx, key, 0); err != nil || !slices.Contains(keys, key) {
			t.Errorf("list %q: %q, %v", key, keys, err)
		}
	}
	if keys, err := b.List(ctx, livePrefix, 3); err != nil || len(keys) != 3 {
		t.Errorf("list three: %q, %v", keys, err)
	}
	keys, err := b.List(ctx, livePrefix, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if err := b.Delete(ctx, key); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
		if _, _, err := b.Get(ctx, key); kindOf(err) != bucket.KindNoSuchKey {
			t.Errorf("get %q after its removal: %v", key, err)
		}
		if _, err := b.Head(ctx, key); kindOf(err) != bucket.KindNoSuchKey {
			t.Errorf("head %q after its removal: %v", key, err)
		}
	}
}

func kindOf(err error) bucket.Kind {
	var e *bucket.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Kind
}

func livePresigned(t *testing.T, b *bucket.Bucket, client *http.Client) {
	ctx, key, body := t.Context(), livePrefix+"signed a+b", []byte("signed body")
	sum := md5.Sum(body)
	content := http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}, "Content-Type": {"text/x-proof"}}
	for _, step := range []struct {
		method string
		header http.Header
		body   []byte
		want   int
	}{
		{"PUT", content, []byte("something else"), 400},
		{"PUT", content, body, 200},
		{"GET", nil, nil, 200},
		{"HEAD", nil, nil, 200},
		{"DELETE", nil, nil, 204},
		{"GET", nil, nil, 404},
	} {
		p, err := b.Presign(ctx, bucket.PresignRequest{Method: step.method, Key: key, Lifetime: hour, Header: step.header})
		if err != nil {
			t.Fatal(err)
		}
		resp, answer := send(t, client, p, step.body)
		got := resp.StatusCode
		if b.Address.Provider == address.Azure && (got == 201 || got == 202) {
			got = map[int]int{201: 200, 202: 204}[got]
		}
		if got != step.want {
			t.Errorf("%s: %d %v, want %d", step.method, resp.StatusCode, bucket.ClassifyResponse(step.method, resp, answer), step.want)
		}
		if step.method == "PUT" && step.want == 400 {
			if e := bucket.ClassifyResponse("put", resp, answer); e == nil || e.Kind != bucket.KindBadDigest {
				t.Errorf("a wrong MD5: %v, want kind %q", e, bucket.KindBadDigest)
			}
		}
		if step.method == "GET" && step.want == 200 && !bytes.Equal(answer, body) {
			t.Errorf("GET: %q, want %q", answer, body)
		}
	}
}

func liveInspection(t *testing.T, b *bucket.Bucket) {
	ctx := t.Context()
	if _, err := b.Location(ctx); err != nil {
		t.Error(err)
	}
	r, err := b.Retention(ctx)
	t.Logf("retention %+v", r)
	if err != nil || (b.Address.Provider != address.Azure && r.Versioning != "off") || r.Lock != "" {
		t.Errorf("retention %+v, %v", r, err)
	}
	// W&B's eleven actions don't have s3:GetBucketObjectLockConfiguration
	s3 := b.Address.Provider != address.GCP && b.Address.Provider != address.Azure
	if s3 != slices.Equal(r.Unreadable, []string{"object lock: 403 denied"}) || !s3 && len(r.Unreadable) != 0 {
		t.Errorf("could not be read: %q", r.Unreadable)
	}
	first, err := b.Configuration(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range first {
		t.Logf("%s: %.150s", name, text)
	}
	second, err := b.Configuration(ctx)
	if err != nil || len(first) == 0 {
		t.Fatalf("%d documents, %v", len(first), err)
	}
	for name, text := range first {
		if second[name] != text {
			t.Errorf("document %s reads\n%s\nand then\n%s", name, text, second[name])
		}
	}
}

// liveVersions: W&B's eleven actions don't have s3:DeleteObjectVersion, so on S3 its identity can't remove what it wrote.
func liveVersions(t *testing.T, b *bucket.Bucket) {
	ctx, key := t.Context(), livePrefix+"versions"
	if r, err := b.Retention(ctx); err != nil || r.Versioning != "on" {
		t.Errorf("retention %+v, %v, want versioning on", r, err)
	}
	for range 2 {
		if _, err := b.Put(ctx, key, []byte("v"), ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Delete(ctx, key); err != nil {
		t.Fatal(err)
	}
	versions, err := b.Versions(ctx, livePrefix)
	if err != nil {
		t.Fatal(err)
	}
	google := b.Address.Provider == address.GCP
	want := 3 // Google keeps no delete marker
	if google {
		want = 2
	}
	if len(versions) != want {
		t.Errorf("%d versions, want %d: %+v", len(versions), want, versions)
	}
	for _, v := range versions {
		err := b.DeleteVersion(ctx, v.Key, v.ID)
		if google && err != nil || !google && kindOf(err) != bucket.KindDenied {
			t.Errorf("delete %+v: %v", v, err)
		}
	}
	if left, err := b.Versions(ctx, livePrefix); err != nil || google && len(left) != 0 {
		t.Errorf("%+v is left, %v", left, err)
	}
}

// liveRefusals: what real stores answer to wrong credentials and a missing bucket.
func liveRefusals(t *testing.T, owner *stores.Bucket, b *bucket.Bucket, client *http.Client) {
	wrong := *b.Address
	switch wrong.Provider {
	case address.GCP:
		wrong.Credentials.Secret = address.NewSecret(privateKey())
	case address.Azure:
		wrong.Credentials.Secret = address.NewSecret(accountKey)
	default:
		wrong.Credentials.Secret = address.NewSecret(secretKey)
	}
	missing := *b.Address
	missing.Bucket = "no-such-bucket-" + b.Address.Bucket[:8]
	for _, c := range []struct {
		name string
		a    address.Address
		want []bucket.Kind
	}{
		{"a wrong secret", wrong, []bucket.Kind{bucket.KindSignature, bucket.KindCredentials, bucket.KindDenied}},
		{"no such bucket", missing, []bucket.Kind{bucket.KindNoSuchBucket, bucket.KindDenied}},
	} {
		refused, err := bucket.Open(t.Context(), &c.a, bucket.Options{HTTP: client})
		if err != nil {
			t.Fatal(err)
		}
		if c.name == "no such bucket" {
			err = refused.Exists(t.Context())
		} else {
			_, _, err = refused.Get(t.Context(), livePrefix+"key")
		}
		t.Logf("%s: %v", c.name, err)
		if c.name == "a wrong secret" && slices.ContainsFunc(owner.Store.Fidelity, func(f reports.Fidelity) bool {
			return f.What == reports.FidelityIdentity && f.Enforced != "yes"
		}) {
			continue // this store was seen not to check who asks
		}
		if !slices.Contains(c.want, kindOf(err)) {
			t.Errorf("%s: %v, want one of %q", c.name, err, c.want)
			continue
		}
		for _, secret := range append(owner.Secrets, secretKey, accountKey) {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows a secret", c.name)
			}
		}
	}
}
