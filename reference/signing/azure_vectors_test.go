package signing_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestPublishedAzureSignatures checks signatures that others published: apache/opendal-reqsign 5cd9c339 (Apache-2.0),
// service_sas.rs and account_sas.rs; Azure/azure-sdk-for-rust 4c83a0b6 (MIT), service_sas.rs.
func TestPublishedAzureSignatures(t *testing.T) {
	const opendal, rust = "a2V5", "RZfi3m1W7eyQ5zD4ymSmGANVdJ2SDQmg4sE89SW104s="
	for _, v := range []struct{ name, key, url, at string }{
		{"service SAS of 16 lines", opendal, "https://account.blob.core.windows.net/container/path/to/blob.txt?sv=2020-12-06&se=2022-03-01T08:17:34Z&sp=r&sr=b&sig=CP9a2LIrR9zeG4I4jZjqPetJSXWJ77QeUA7c3GMypyM%3D", "2022-03-01T08:12:34Z"},
		{"account SAS before ses", opendal, "https://account.blob.core.windows.net/container/blob?sv=2018-11-09&ss=bqtf&srt=sco&se=2022-03-01T08%3A17%3A34Z&sp=rwdlacu&sig=jgK9nDUT0ntH%2Fp28LPs0jzwxsk91W6hePLPlfrElv4k%3D", "2022-03-01T08:12:34Z"},
		{"service SAS of 15 lines", rust, "http://127.0.0.1/STORAGE_ACCOUNT_NAME/CONTAINER_NAME/?sv=2020-06-12&sp=r&sr=b&se=1970-01-08T00%3A00%3A00Z&sig=alEGfKjtiLs5LO%2FyrfPkzjQBHbk4Uda9XOezbRyKwEM%3D", "1970-01-02T00:00:00Z"},
	} {
		t.Run(v.name, func(t *testing.T) {
			key, err := signing.NewAzureKey(v.key)
			if err != nil {
				t.Fatal(err)
			}
			in := fromURL(t, "GET", v.url, mustTime(t, time.RFC3339, v.at))
			in.Keys = one(key)
			got := signing.Verify(in)
			// The third names a blob with an empty name: the signature is what counts.
			if !got.OK && got.Stage != signing.StagePermission {
				t.Errorf("got %v\nwant accepted\nstring-to-sign %q", got, got.StringToSign)
			}
		})
	}
}

// frozen are strings-to-sign line by line. The 26 and 28 lines are those that Azurite's unit test spells out
// (12a07e5b, tests/blob/unit/blobSASSignatureValues.unit.test.ts, MIT), with its keys. The others are built by the
// documents' lists, "Create a service SAS" and "Create a user delegation SAS", and were written down here by hand.
var frozen = []struct {
	name, key, sv string
	lines         []string
	request       func(*signing.AzureRequest)
	udk           bool
}{
	{"13 lines, service, 2015-04-05", "k13", "2015-04-05", []string{"r", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "/blob/devstoreaccount1/container-a/blob-a.txt", "", "10.0.0.1-10.0.0.10", "https", "2015-04-05",
		"max-age=60", "attachment", "gzip", "en-US", "text/plain"}, nil, false},
	{"15 lines, service, 2018-11-09", "k15", "2018-11-09", []string{"r", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "/blob/devstoreaccount1/container-a/blob-a.txt", "policy", "10.0.0.1-10.0.0.10", "https", "2018-11-09",
		"b", "", "max-age=60", "attachment", "gzip", "en-US", "text/plain"}, func(r *signing.AzureRequest) { r.Policy = "policy" }, false},
	{"16 lines, service, 2020-12-06", "k16", "2020-12-06", []string{"r", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "/blob/devstoreaccount1/container-a/blob-a.txt", "", "10.0.0.1-10.0.0.10", "https", "2020-12-06",
		"bs", "2024-12-31T00:00:00.0000000Z", "scope-a", "max-age=60", "attachment", "gzip", "en-US", "text/plain"}, func(r *signing.AzureRequest) {
		r.EncryptionScope, r.Snapshot = "scope-a", "2024-12-31T00:00:00.0000000Z"
	}, false},
	{"24 lines, user delegation, 2020-12-06", "k24", "2020-12-06", []string{"racwd", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "/blob/devstoreaccount1/container-a/blob-a.txt",
		"11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "b", "2020-12-06", "", "", "requester",
		"10.0.0.1-10.0.0.10", "https", "2020-12-06", "b", "", "scope-a", "max-age=60", "attachment", "gzip", "en-US", "text/plain"}, func(r *signing.AzureRequest) {
		r.Permissions, r.EncryptionScope, r.CorrelationID = "dwcar", "scope-a", "requester"
	}, true},
	{"26 lines, user delegation, 2025-07-05", "unit-test-key-20250705", "2025-07-05", []string{"racwd", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "/blob/devstoreaccount1/container-a/blob-a.txt",
		"11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "b", "2025-07-05", "", "", "",
		"33333333-3333-3333-3333-333333333333", "44444444-4444-4444-4444-444444444444", "10.0.0.1-10.0.0.10", "https", "2025-07-05", "b", "", "scope-a", "max-age=60", "attachment", "gzip", "en-US", "text/plain"},
		func(r *signing.AzureRequest) {
			r.Permissions, r.EncryptionScope, r.DelegatedObjectID = "racwd", "scope-a", "44444444-4444-4444-4444-444444444444"
		}, true},
	{"28 lines, user delegation, 2026-04-06", "unit-test-key-20260406", "2026-04-06", []string{"racwd", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "/blob/devstoreaccount1/container-a/blob-a.txt",
		"11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z", "b", "2026-04-06", "", "", "",
		"33333333-3333-3333-3333-333333333333", "44444444-4444-4444-4444-444444444444", "10.0.0.1-10.0.0.10", "https", "2026-04-06", "b", "", "scope-a", "", "", "max-age=60", "attachment", "gzip", "en-US", "text/plain"},
		func(r *signing.AzureRequest) {
			r.Permissions, r.EncryptionScope, r.DelegatedObjectID = "racwd", "scope-a", "44444444-4444-4444-4444-444444444444"
		}, true},
}

func TestFrozenAzureLayouts(t *testing.T) {
	start, end := mustTime(t, time.RFC3339, "2025-01-01T00:00:00Z"), mustTime(t, time.RFC3339, "2025-01-02T00:00:00Z")
	for _, f := range frozen {
		t.Run(f.name, func(t *testing.T) {
			if n, _, _ := strings.Cut(f.name, " "); n != itoa(len(f.lines)) {
				t.Fatalf("the vector has %d lines", len(f.lines))
			}
			key, err := signing.NewAzureKey(base64.StdEncoding.EncodeToString([]byte(f.key)))
			if err != nil {
				t.Fatal(err)
			}
			signer, err := signing.NewAzureSigner("devstoreaccount1", key)
			if f.udk {
				u := signing.UserDelegationKey{ObjectID: "11111111-1111-1111-1111-111111111111", Tenant: "22222222-2222-2222-2222-222222222222", Start: start, Expiry: end, Version: f.sv, Value: key}
				if f.sv >= "2025-07-05" {
					u.DelegatedTenant = "33333333-3333-3333-3333-333333333333"
				}
				signer, err = signing.NewDelegationSigner("devstoreaccount1", u)
			}
			if err != nil {
				t.Fatal(err)
			}
			r := signing.AzureRequest{Container: "container-a", Blob: "blob-a.txt", Permissions: "r", Start: start, Expiry: end, Version: f.sv, Protocol: "https",
				IPRange: "10.0.0.1-10.0.0.10", CacheControl: "max-age=60", ContentDisposition: "attachment", ContentEncoding: "gzip", ContentLanguage: "en-US", ContentType: "text/plain"}
			if f.request != nil {
				f.request(&r)
			}
			signed, err := signer.Sign(r)
			if err != nil {
				t.Fatal(err)
			}
			h := hmac.New(sha256.New, []byte(f.key))
			h.Write([]byte(strings.Join(f.lines, "\n")))
			want := "sig=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(base64.StdEncoding.EncodeToString(h.Sum(nil)))
			if !strings.HasSuffix(signed.URL, want) {
				t.Errorf("minted URL doesn't end in %s", want)
			}
			in := fromURL(t, "GET", signed.URL, start)
			in.Keys = one(key)
			in.Policy = func(string, string) (signing.Policy, bool) { return signing.Policy{}, true }
			got := signing.Verify(in)
			if !got.OK {
				t.Errorf("got %v\nwant accepted", got)
			}
			if got.StringToSign != strings.Join(f.lines, "\n") {
				t.Errorf("string-to-sign\ngot  %q\nwant %q", got.StringToSign, f.lines)
			}
		})
	}
}
