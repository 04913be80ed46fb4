package signing_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/bucketproof/bucketproof/reference/signing"
)

func (d dice) permissions(from string) string {
	var b strings.Builder
	for i := range len(from) {
		if d.IntN(3) == 0 {
			b.WriteByte(from[i])
		}
	}
	return "r" + b.String()
}

// azblobSAS is a SAS request in azblob's terms and in ours. azblob signs 16 lines (28 for user delegation) whatever the
// Version asked for, so only versions with that layout can be compared.
func (d dice) azblobSAS(versions ...string) (sas.BlobSignatureValues, signing.AzureRequest) {
	start := d.time()
	r := signing.AzureRequest{Container: d.of("container", "$web", "c-1"), Permissions: d.permissions("acwdxlt"), Expiry: start.Add(d.lifetime()), Version: d.of(versions...), Protocol: d.of("", "https", "https,http")}
	if d.IntN(2) == 0 {
		r.Start = start
	}
	v := sas.BlobSignatureValues{Version: r.Version, Protocol: sas.Protocol(r.Protocol), StartTime: r.Start, ExpiryTime: r.Expiry, ContainerName: r.Container, Permissions: r.Permissions}
	if d.IntN(4) != 0 {
		r.Blob = strings.Trim(d.key(), "/")
		r.Blob = "b" + r.Blob
		v.BlobName = r.Blob
		if d.IntN(5) == 0 {
			r.VersionID = "2024-12-31T00:00:00.0000000Z"
			v.BlobVersion = r.VersionID
		}
	}
	for _, p := range []struct{ ours, theirs *string }{{&r.CacheControl, &v.CacheControl}, {&r.ContentDisposition, &v.ContentDisposition}, {&r.ContentType, &v.ContentType}, {&r.EncryptionScope, &v.EncryptionScope}} {
		if d.IntN(3) == 0 {
			*p.ours = "v" + d.text()
			*p.theirs = *p.ours
		}
	}
	return v, r
}

// azureURL is the URL that azblob's query belongs to.
func azureURL(r signing.AzureRequest, query string) string {
	path := "/" + r.Container
	if r.Blob != "" {
		path += "/" + escapePath(r.Blob)
	}
	if r.VersionID != "" {
		query += "&versionid=" + r.VersionID
	}
	return "https://account.blob.core.windows.net" + path + "?" + query
}

func escapePath(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c == '/' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[c>>4])+string("0123456789abcdef"[c&15])))
		}
	}
	return b.String()
}

func TestAzureServiceSASAgreesWithAzblob(t *testing.T) {
	d := newDice(t, 5)
	for i := range cases {
		v, r := d.azblobSAS("2020-12-06", "2022-11-02", "2025-07-05", "2026-06-06")
		encoded := base64.StdEncoding.EncodeToString([]byte(d.secret()))
		cred, err := service.NewSharedKeyCredential("account", encoded)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := v.SignWithSharedKey(cred)
		if err != nil {
			t.Fatal(err)
		}
		key, err := signing.NewAzureKey(encoded)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := signing.NewAzureSigner("account", key)
		if err != nil {
			t.Fatal(err)
		}
		bothWays(t, i, azureURL(r, theirs.Encode()), signer, r, key, nil)
	}
}

func TestAzureDelegationSASAgreesWithAzblob(t *testing.T) {
	d := newDice(t, 6)
	for i := range cases {
		v, r := d.azblobSAS("2026-04-06", "2026-06-06", "2026-12-06")
		encoded := base64.StdEncoding.EncodeToString([]byte(d.secret()))
		u := signing.UserDelegationKey{ObjectID: "oid" + d.of("1", "2"), Tenant: "tid", Start: r.Expiry.Add(-7 * 24 * time.Hour), Expiry: r.Expiry, Version: r.Version}
		if d.IntN(2) == 0 {
			u.DelegatedTenant, r.DelegatedObjectID = "dtid", "duid"
			v.SignedDelegatedUserObjectID = "duid"
		}
		if d.IntN(2) == 0 {
			r.CorrelationID = "requester-" + d.of("a", "b")
			v.CorrelationID = r.CorrelationID
		}
		var header http.Header
		if d.IntN(3) == 0 { // one only: azblob's order of several is that of a map
			r.Headers = []signing.Pair{{Name: "x-ms-meta-a", Value: "v 1"}}
			v.SignedRequestHeaders = map[string]string{"x-ms-meta-a": "v 1"}
			header = http.Header{"X-Ms-Meta-A": {"v 1"}}
		}
		extra := ""
		if d.IntN(3) == 0 {
			r.RequestQuery = []signing.Pair{{Name: "comp", Value: "tags"}}
			v.SignedRequestQueryParameters = map[string]string{"comp": "tags"}
			extra = "&comp=tags"
			r.Permissions = "rt"
			v.Permissions = "rt"
			if r.Blob == "" {
				r.Blob, v.BlobName = "b", "b"
			}
		}
		theirs, err := v.SignWithUserDelegation(delegation(t, u, encoded))
		if err != nil {
			t.Fatal(err)
		}
		if u.Value, err = signing.NewAzureKey(encoded); err != nil {
			t.Fatal(err)
		}
		signer, err := signing.NewDelegationSigner("account", u)
		if err != nil {
			t.Fatal(err)
		}
		bothWays(t, i, azureURL(r, theirs.Encode()+extra), signer, r, u.Value, header)
	}
}

// answer is a transport that answers every request with one document: azblob gives out a delegation credential only for
// what the service answered.
type answer string

func (a answer) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(strings.NewReader(string(a))), Request: r}, nil
}

func delegation(t testing.TB, u signing.UserDelegationKey, encoded string) *service.UserDelegationCredential {
	t.Helper()
	doc := "<UserDelegationKey><SignedOid>" + u.ObjectID + "</SignedOid><SignedTid>" + u.Tenant + "</SignedTid><SignedStart>" + u.Start.Format(time.RFC3339) +
		"</SignedStart><SignedExpiry>" + u.Expiry.Format(time.RFC3339) + "</SignedExpiry><SignedService>b</SignedService><SignedVersion>" + u.Version + "</SignedVersion>"
	if u.DelegatedTenant != "" {
		doc += "<SignedDelegatedUserTid>" + u.DelegatedTenant + "</SignedDelegatedUserTid>"
	}
	doc += "<Value>" + encoded + "</Value></UserDelegationKey>"
	c, err := service.NewClientWithNoCredential("https://account.blob.core.windows.net/", &service.ClientOptions{ClientOptions: policy.ClientOptions{Transport: answer(doc)}})
	if err != nil {
		t.Fatal(err)
	}
	cred, err := c.GetUserDelegationCredential(t.Context(), service.KeyInfo{Start: to.Ptr(u.Start.Format(time.RFC3339)), Expiry: to.Ptr(u.Expiry.Format(time.RFC3339))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func bothWays(t *testing.T, i int, theirs string, signer *signing.AzureSigner, r signing.AzureRequest, key signing.Key, header http.Header) {
	t.Helper()
	at := r.Start
	if at.IsZero() {
		at = r.Expiry.Add(-time.Second)
	}
	ours, err := signer.Sign(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{"theirs": theirs, "ours": ours.URL} {
		in := sent(t, "GET", raw, header, at)
		in.Keys = one(key)
		v := signing.Verify(in)
		if !v.OK && v.Stage != signing.StagePermission {
			t.Fatalf("case %d: %s: got %v\n%q\n%s", i, name, v, v.StringToSign, raw)
		}
		if v.Claim.Bucket != r.Container || v.Claim.Key != r.Blob {
			t.Fatalf("case %d: %s: bucket %q key %q, want %q %q", i, name, v.Claim.Bucket, v.Claim.Key, r.Container, r.Blob)
		}
	}
	if got, want := signature(t, ours.URL, "sig"), signature(t, theirs, "sig"); got != want {
		t.Fatalf("case %d:\ngot  %s\nwant %s", i, ours.URL, theirs)
	}
}

func TestAzureAccountSASVerifies(t *testing.T) {
	d := newDice(t, 7)
	for i := range cases {
		encoded := base64.StdEncoding.EncodeToString([]byte(d.secret()))
		cred, err := service.NewSharedKeyCredential("account", encoded)
		if err != nil {
			t.Fatal(err)
		}
		start := d.time()
		q, err := sas.AccountSignatureValues{Version: d.of("2020-12-06", "2026-06-06"), Protocol: sas.Protocol(d.of("", "https")), StartTime: start, ExpiryTime: start.Add(d.lifetime()),
			Permissions: "r" + d.of("", "w", "l"), ResourceTypes: "o" + d.of("", "c"), EncryptionScope: d.of("", "scope")}.SignWithSharedKey(cred)
		if err != nil {
			t.Fatal(err)
		}
		key, err := signing.NewAzureKey(encoded)
		if err != nil {
			t.Fatal(err)
		}
		in := sent(t, "GET", "https://account.blob.core.windows.net/container/"+escapePath(d.key())+"?"+q.Encode(), nil, start)
		in.Keys = one(key)
		if v := signing.Verify(in); !v.OK || v.Claim.Scheme != signing.AzureAccount {
			t.Fatalf("case %d: got %v", i, v)
		}
	}
}

// azblobInput is the request of a SAS that azblob signed by the test's account key.
func azblobInput(t *testing.T, v sas.BlobSignatureValues, key *signing.AzureKey) signing.Input {
	t.Helper()
	cred, err := service.NewSharedKeyCredential("account", base64.StdEncoding.EncodeToString([]byte(secretKey)))
	if err != nil {
		t.Fatal(err)
	}
	q, err := v.SignWithSharedKey(cred)
	if err != nil {
		t.Fatal(err)
	}
	in := sent(t, "GET", azureURL(signing.AzureRequest{Container: v.ContainerName, Blob: v.BlobName, VersionID: v.BlobVersion}, q.Encode()), nil, v.ExpiryTime.Add(-time.Second))
	in.Keys = one(key)
	return in
}
