package faults_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/faults"
	"github.com/bucketproof/bucketproof/reference/signing"
)

// minter is one scheme, and a function that mints with a fault.
type minter struct {
	name, secret string
	keys         []signing.Key
	azure        bool
	delegated    bool
	mint         func(method string, f faults.MintFault) (*signing.Signed, error)
}

var askedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const askedKey = "team/a b/gr\u00f6\u00dfe+%2F.bin"

func lifetime(method string) time.Duration {
	if method == http.MethodPut {
		return 24 * time.Hour
	}
	return time.Hour
}

func minters(t *testing.T) []minter {
	t.Helper()
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	account := base64.StdEncoding.EncodeToString([]byte(secret))
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pemText := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	rsaKey, err := signing.ParseRSAKey(pemText)
	if err != nil {
		t.Fatal(err)
	}
	hmac := signing.NewSecretKey(secret, "")
	temporary := signing.NewSecretKey(secret, "FwoGZXIvYXdzEXAMPLETOKEN==")
	azureKey, err := signing.NewAzureKey(account)
	if err != nil {
		t.Fatal(err)
	}
	s3, err1 := signing.NewS3Signer("AKIAIOSFODNN7EXAMPLE", hmac, "eu-central-1")
	sts, err2 := signing.NewS3Signer("ASIAIOSFODNN7EXAMPLE", temporary, "eu-central-1")
	gcs, err3 := signing.NewGCSSigner("signer@project.iam.gserviceaccount.com", rsaKey)
	interop, err4 := signing.NewGCSHMACSigner("GOOG1EXAMPLE", hmac, "auto")
	service, err5 := signing.NewAzureSigner("account", azureKey)
	delegated, err6 := signing.NewDelegationSigner("account", signing.UserDelegationKey{ObjectID: "oid", Tenant: "tid", Start: askedAt.AddDate(0, 0, -1), Expiry: askedAt.AddDate(0, 0, 8), Value: azureKey})
	for _, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err != nil {
			t.Fatal(err)
		}
	}
	v4 := func(host string, style signing.Style, sign func(signing.Request) (*signing.Signed, error)) func(string, faults.MintFault) (*signing.Signed, error) {
		return func(method string, f faults.MintFault) (*signing.Signed, error) {
			r := signing.Request{Method: method, Host: host, Style: style, Bucket: "bucket", Key: askedKey, At: askedAt, Lifetime: lifetime(method),
				Header: http.Header{"Content-Type": {"image/png"}}, Query: url.Values{"X-User": {"alice"}}}
			if f.V4 != nil {
				f.V4(&r)
			}
			return sign(r)
		}
	}
	azure := func(signer *signing.AzureSigner, requester string) func(string, faults.MintFault) (*signing.Signed, error) {
		return func(method string, f faults.MintFault) (*signing.Signed, error) {
			may := map[string]string{http.MethodGet: "r", http.MethodPut: "cw", http.MethodDelete: "d"}[method]
			r := signing.AzureRequest{Container: "bucket", Blob: askedKey, Permissions: may, Start: askedAt, Expiry: askedAt.Add(lifetime(method)), Protocol: "https", CorrelationID: requester}
			if f.Azure != nil {
				f.Azure(&r)
			}
			return signer.Sign(r)
		}
	}
	return []minter{
		{"S3", secret, []signing.Key{hmac}, false, false, v4("store.example.com", signing.PathStyle, s3.Sign)},
		{"S3 virtual-hosted, temporary credentials", secret, []signing.Key{temporary}, false, false, v4("s3.eu-central-1.amazonaws.com", signing.VirtualHosted, sts.Sign)},
		{"GCS RSA", string(pemText), []signing.Key{rsaKey}, false, false, v4("storage.googleapis.com", signing.PathStyle, gcs.Sign)},
		{"GCS HMAC", secret, []signing.Key{hmac}, false, false, v4("storage.googleapis.com", signing.PathStyle, interop.Sign)},
		{"Azure service SAS", account, []signing.Key{azureKey}, true, false, azure(service, "")},
		{"Azure user delegation SAS", account, []signing.Key{azureKey}, true, true, azure(delegated, "alice")},
	}
}

// judged mints with a fault and judges what came of it.
func judged(t *testing.T, m minter, method string, f faults.MintFault) []signing.Finding {
	t.Helper()
	signed, err := m.mint(method, f)
	if err != nil {
		t.Fatalf("mint: %v", err)
	}
	raw := signed.URL
	if f.URL != nil {
		raw = f.URL(raw, m.secret, askedKey)
	}
	e := signing.Expectation{At: askedAt, Lifetime: lifetime(method), Method: method, Bucket: "bucket", Key: askedKey, Header: signed.Header, TLS: true,
		Secrets: []string{m.secret}, Keys: func(*signing.Claim) []signing.Key { return m.keys }}
	if !m.azure || m.delegated {
		e.Requester = "alice"
	}
	return signing.Judge(raw, e)
}

func TestAMintersFaultIsJudgedByItsOwnCauseAlone(t *testing.T) {
	caught := map[string]int{}
	for _, m := range minters(t) {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			if found := judged(t, m, method, faults.MintFault{}); found != nil {
				t.Errorf("%s %s, as it should be: got %v, want nothing", m.name, method, found)
			}
			for _, f := range faults.Minting() {
				hook := f.V4 != nil
				if m.azure {
					hook = f.Azure != nil
				}
				onlyURL := f.URL != nil && f.V4 == nil && f.Azure == nil
				if !hook && !onlyURL || f.Cause == signing.CauseRequester && m.azure && !m.delegated {
					continue
				}
				found := judged(t, m, method, f)
				if len(found) != 1 || found[0].Cause != f.Cause || !found[0].Certain || found[0].Remedy == "" {
					t.Errorf("%s %s, %s: got %v, want %s alone", m.name, method, f.Name, found, f.Cause)
					continue
				}
				caught[f.Name]++
			}
		}
	}
	for _, f := range faults.Minting() {
		if caught[f.Name] == 0 {
			t.Errorf("%s was never caught", f.Name)
		}
		if len(f.Breaks) == 0 || f.Does == "" {
			t.Errorf("%s breaks nothing, or says nothing", f.Name)
		}
	}
}
