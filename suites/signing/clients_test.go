package signing_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reference/signing"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

// oddKey has all that libraries spell in their own ways.
const oddKey = "bucketproof-run-clients/team/a b/gr\u00f6\u00dfe+%2F~(1)'*.bin"

// matrix is one bucket, whoever mints URLs for it, and whoever uses them.
type matrix struct {
	b       *stores.Bucket
	a       *address.Address
	http    *http.Client
	minters map[string]func(method string) (string, http.Header, error)
	clients map[string]client
	// dropped are the headers that the client at work would have added.
	dropped map[string]bool
}

func (m *matrix) left(name string) { m.dropped[name] = true }

// client uses a URL; what it can't do is nil.
type client struct {
	get func(ctx context.Context, url string) ([]byte, error)
	put func(ctx context.Context, url string, header http.Header, body []byte) error
}

func newMatrix(t *testing.T, b *stores.Bucket) *matrix {
	t.Helper()
	a, err := address.Parse(b.Address, address.Options{})
	if err != nil {
		t.Fatal("the address doesn't parse")
	}
	tr := &http.Transport{DialContext: b.Network.Dial, TLSClientConfig: &tls.Config{RootCAs: b.Network.RootCAs, MinVersion: tls.VersionTLS12}}
	t.Cleanup(tr.CloseIdleConnections)
	m := &matrix{b: b, a: a, http: &http.Client{Transport: tr, Timeout: 20 * time.Second}}
	m.clients = map[string]client{"net/http": {m.plainGet, m.plainPut}}
	sdk, err := bucket.Open(t.Context(), a, bucket.Options{HTTP: m.http})
	if err != nil {
		t.Fatal(bucket.Classify("open", err))
	}
	bySDK := func(method string) (string, http.Header, error) {
		p, err := sdk.Presign(t.Context(), bucket.PresignRequest{Method: method, Key: oddKey, Lifetime: time.Hour})
		if err != nil {
			return "", nil, bucket.Classify("presign", err)
		}
		return p.URL, p.Header, nil
	}
	switch b.Provider {
	case stores.GCP:
		m.minters = map[string]func(string) (string, http.Header, error){"cloud storage": bySDK, "the reference": m.byReference}
		m.clients["cloud storage"] = client{get: m.googleGet}
	case stores.Azure:
		m.minters = map[string]func(string) (string, http.Header, error){"azblob": bySDK, "the reference": m.byReference}
		m.clients["azblob"] = client{m.azureGet, m.azurePut}
	default:
		m.minters = map[string]func(string) (string, http.Header, error){"aws-sdk-go-v2": bySDK, "the reference": m.byReference, "minio-go": func(method string) (string, http.Header, error) {
			c, err := m.minio("", a.Credentials.ID, a.Credentials.Secret.Reveal())
			if err != nil {
				return "", nil, err
			}
			u, err := c.Presign(t.Context(), method, a.Bucket, oddKey, time.Hour, nil)
			if err != nil {
				return "", nil, err
			}
			return u.String(), nil, nil
		}}
		m.clients["aws-sdk-go-v2"] = client{m.awsGet, m.awsPut}
		m.clients["minio-go"] = client{m.minioGet, m.minioPut}
	}
	return m
}

func (m *matrix) region() string {
	if m.a.Region != "" {
		return m.a.Region
	}
	return "us-east-1"
}

// endpoint is the host of the store's service, without the bucket.
func (m *matrix) endpoint() string {
	switch m.b.Provider {
	case stores.AWS:
		return "s3." + m.region() + ".amazonaws.com"
	case stores.CoreWeave:
		return "cwobject.com"
	case stores.GCP:
		return "storage.googleapis.com"
	case stores.Azure:
		return m.a.Account + ".blob.core.windows.net"
	}
	return m.a.Endpoint
}

func (m *matrix) style() signing.Style {
	if m.b.Provider == stores.CoreWeave || m.b.Provider == stores.AWS && !m.a.PathStyle {
		return signing.VirtualHosted
	}
	return signing.PathStyle
}

func (m *matrix) byReference(method string) (string, http.Header, error) {
	now := time.Now().UTC().Truncate(time.Second)
	secret := m.a.Credentials.Secret.Reveal()
	r := signing.Request{Method: method, Host: m.endpoint(), Style: m.style(), Bucket: m.a.Bucket, Key: oddKey, At: now, Lifetime: time.Hour}
	var out *signing.Signed
	switch m.b.Provider {
	case stores.GCP:
		key, err := signing.ParseRSAKey([]byte(secret))
		if err != nil {
			return "", nil, err
		}
		signer, err := signing.NewGCSSigner(m.a.Credentials.ID, key)
		if err != nil {
			return "", nil, err
		}
		if out, err = signer.Sign(r); err != nil {
			return "", nil, err
		}
	case stores.Azure:
		key, err := signing.NewAzureKey(secret)
		if err != nil {
			return "", nil, err
		}
		signer, err := signing.NewAzureSigner(m.a.Account, key)
		if err != nil {
			return "", nil, err
		}
		may := map[string]string{http.MethodGet: "r", http.MethodPut: "cw"}[method]
		if out, err = signer.Sign(signing.AzureRequest{Container: m.a.Bucket, Blob: oddKey, Permissions: may, Expiry: now.Add(time.Hour), Protocol: "https"}); err != nil {
			return "", nil, err
		}
	default:
		signer, err := signing.NewS3Signer(m.a.Credentials.ID, signing.NewSecretKey(secret, ""), m.region())
		if err != nil {
			return "", nil, err
		}
		if out, err = signer.Sign(r); err != nil {
			return "", nil, err
		}
	}
	return out.URL, out.Header, nil
}

// verified is what the reference says of a URL.
func (m *matrix) verified(method, raw string, header http.Header) error {
	in, err := signing.FromURL(method, raw, time.Now())
	if err != nil {
		return err
	}
	if in.Header = header; header == nil {
		in.Header = http.Header{}
	}
	secret := m.a.Credentials.Secret.Reveal()
	in.Keys = func(*signing.Claim) []signing.Key {
		switch m.b.Provider {
		case stores.GCP:
			if k, err := signing.ParseRSAKey([]byte(secret)); err == nil {
				return []signing.Key{k}
			}
		case stores.Azure:
			if k, err := signing.NewAzureKey(secret); err == nil {
				return []signing.Key{k}
			}
		default:
			return []signing.Key{signing.NewSecretKey(secret, "")}
		}
		return nil
	}
	v := signing.Verify(in)
	if !v.OK {
		return fmt.Errorf("%s", v)
	}
	if v.Claim.Bucket != m.a.Bucket || v.Claim.Key != oddKey {
		return fmt.Errorf("it reads bucket %q and key %q out of it", v.Claim.Bucket, v.Claim.Key)
	}
	return nil
}

// TestEveryClientUsesTheURLsOfEveryMinter lets every client of a provider use the URLs of every signer on its store, and
// the reference verify them all. What differs is told as a disagreement of the two that differ.
func TestEveryClientUsesTheURLsOfEveryMinter(t *testing.T) {
	host := suitetest.Host(t)
	for _, provider := range catalogue.Providers {
		t.Run(provider, func(t *testing.T) {
			m := newMatrix(t, suitetest.Provision(t, host, provider))
			used := 0
			for minter, mint := range m.minters {
				for _, method := range []string{http.MethodPut, http.MethodGet} {
					raw, header, err := mint(method)
					if err != nil {
						t.Fatalf("%s mints no URL for %s: %v", minter, method, err)
					}
					if err := m.verified(method, raw, header); err != nil {
						t.Errorf("%s and the reference disagree: a URL of %s for %s does not verify: %v", minter, minter, method, err)
					}
					for name, c := range m.clients {
						if method == http.MethodPut && c.put == nil {
							continue
						}
						m.dropped = map[string]bool{}
						body := []byte(strings.Join([]string{"by", name, "with a URL of", minter}, " "))
						if err := m.use(t.Context(), c, method, raw, header, body); err != nil {
							t.Errorf("%s and %s disagree: %s with a URL of %s, used by %s: %v", minter, name, method, minter, name, err)
							continue
						}
						used++
						if len(m.dropped) > 0 {
							t.Logf("%s and %s disagree, as is known: %s would add %v, which %s has not signed", minter, name, name, slices.Sorted(maps.Keys(m.dropped)), minter)
						}
					}
				}
			}
			if least := 2 * len(m.minters); used < least {
				t.Errorf("got %d uses, want at least %d", used, least)
			}
			t.Logf("%d uses of URLs by %d minters and %d clients", used, len(m.minters), len(m.clients))
		})
	}
}

// use reads or writes by a URL, and looks by the store's owner at what came of it.
func (m *matrix) use(ctx context.Context, c client, method, raw string, header http.Header, body []byte) error {
	if method == http.MethodPut {
		if err := c.put(ctx, raw, header, body); err != nil {
			return err
		}
		return m.stored(ctx, body)
	}
	if err := m.b.Put(ctx, oddKey, body); err != nil {
		return fmt.Errorf("plant: %w", err)
	}
	got, err := c.get(ctx, raw)
	if err == nil && !bytes.Equal(got, body) {
		err = fmt.Errorf("got %q, want %q", got, body)
	}
	return err
}

// stored compares the bytes that the store has, past its front, with those that were sent.
func (m *matrix) stored(ctx context.Context, body []byte) error {
	all, err := m.b.Inventory(ctx)
	if err != nil {
		return fmt.Errorf("look: %w", err)
	}
	sum := sha256.Sum256(body)
	want, got := hex.EncodeToString(sum[:]), []string{}
	for key, sum := range all {
		if !strings.HasPrefix(key, oddKey) {
			continue
		}
		if sum == want { // as one of its versions: every use writes bytes of its own
			return nil
		}
		got = append(got, sum)
	}
	return fmt.Errorf("the object's versions have the SHA-256 %q, want %q among them", got, want)
}
