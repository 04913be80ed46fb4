package signing_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// broken is a way in which a URL goes wrong, and what Explain must say first.
type broken struct {
	name string
	do   func(in *signing.Input)
	want signing.Cause
	part string
	more func(k *signing.Known)
}

var (
	signedAt  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

func edit(in *signing.Input, old, with string) {
	if !strings.Contains(in.RawQuery, old) {
		panic("the query holds no " + old)
	}
	in.RawQuery = strings.Replace(in.RawQuery, old, with, 1)
}

// v4Broken are the ways for S3 and GCS: p is the prefix of parameters, "X-Amz-" or "X-Goog-".
func v4Broken(p string) []broken {
	h := strings.ToLower(p)
	sig := func(in *signing.Input) (at int, text string) {
		at = strings.Index(in.RawQuery, p+"Signature=") + len(p+"Signature=")
		return at, in.RawQuery[at:]
	}
	return []broken{
		{"used with another method", func(in *signing.Input) { in.Method = "DELETE" }, signing.CauseMethod, "", nil},
		{"used on another key", func(in *signing.Input) { in.RawPath = "/bucket/team/other.bin" }, signing.CauseObject, "", func(k *signing.Known) { k.Keys = []string{"x", "team/a b/é+%2F.bin"} }},
		{"used on another bucket", func(in *signing.Input) { in.RawPath = strings.Replace(in.RawPath, "bucket", "other", 1) }, signing.CauseBucket, "", func(k *signing.Known) { k.Buckets = []string{"bucket"} }},
		{"signed for the host behind a proxy", func(in *signing.Input) {
			in.Host = "files.example.com"
			in.Header.Set("X-Forwarded-Host", "store.example.com:9000")
		}, signing.CauseHost, "host", nil},
		{"signed for another host that is known", func(in *signing.Input) { in.Host = "files.example.com" }, signing.CauseHost, "host", func(k *signing.Known) { k.Hosts = []string{"store.example.com:9000"} }},
		{"minted for 8 days, which no signer here does", func(in *signing.Input) { edit(in, p+"Expires=3600", p+"Expires=691200"); in.Keys = nil }, signing.CauseLifetime, p + "Expires", nil},
		{"another addressing style", func(in *signing.Input) {
			in.Host = "bucket." + in.Host
			in.RawPath = strings.TrimPrefix(in.RawPath, "/bucket")
			in.Domains = []string{"store.example.com"}
		}, signing.CauseStyle, "host", nil},
		{"a signed header with another value", func(in *signing.Input) { in.Header.Set("Content-Type", "text/html") }, signing.CauseHeader, "content-type", nil},
		{"a signed header dropped", func(in *signing.Input) { in.Header.Del("Content-Type") }, signing.CauseHeaderMissing, "content-type", nil},
		{"an unsigned header of the provider added", func(in *signing.Input) { in.Header.Set(p+"Acl", "public-read") }, signing.CauseHeaderUnsigned, h + "acl", nil},
		{"the lifetime edited", func(in *signing.Input) { edit(in, p+"Expires=3600", p+"Expires=86400") }, signing.CauseEdited, p + "Expires", nil},
		{"the lifetime edited beyond 7 days", func(in *signing.Input) { edit(in, p+"Expires=3600", p+"Expires=6048000") }, signing.CauseEdited, p + "Expires", nil},
		{"the time edited", func(in *signing.Input) { edit(in, p+"Date=20260301T120000Z", p+"Date=20260301T123456Z") }, signing.CauseEdited, p + "Date", nil},
		{"the day edited, scope and all", func(in *signing.Input) {
			edit(in, p+"Date=20260301T120000Z", p+"Date=20260228T120000Z")
			edit(in, "%2F20260301%2F", "%2F20260228%2F")
			in.Time = in.Time.AddDate(0, 0, -1)
		}, signing.CauseEdited, p + "Date", nil},
		{"the day edited, but not the scope", func(in *signing.Input) { edit(in, p+"Date=20260301T120000Z", p+"Date=20260302T120000Z") }, signing.CauseEdited, p + "Date", nil},
		{"the credential edited", func(in *signing.Input) { edit(in, p+"Credential=", p+"Credential=X") }, signing.CauseKeyUnknown, p + "Credential", nil},
		{"a signed parameter edited", func(in *signing.Input) { edit(in, "X-User=alice", "X-User=mallory") }, signing.CauseEdited, "X-User", func(k *signing.Known) { k.Values = []string{"bob", "alice"} }},
		{"a part number edited", func(in *signing.Input) { edit(in, "partNumber=7", "partNumber=8") }, signing.CauseEdited, "partNumber", nil},
		{"a signed parameter dropped", func(in *signing.Input) { edit(in, "&X-User=alice", "") }, signing.CauseDropped, "X-User", func(k *signing.Known) { k.Values = []string{"alice"} }},
		{"a parameter of the signature repeated", func(in *signing.Input) { in.RawQuery += "&" + p + "Expires=3600" }, signing.CauseRepeated, p + "Expires", nil},
		{"the signature repeated", func(in *signing.Input) { at, s := sig(in); in.RawQuery += "&" + p + "Signature=" + s; _ = at }, signing.CauseRepeated, p + "Signature", nil},
		{"a signed parameter repeated", func(in *signing.Input) { in.RawQuery += "&X-User=alice" }, signing.CauseAdded, "X-User", nil},
		{"an unsigned parameter added", func(in *signing.Input) { in.RawQuery += "&utm_source=mail" }, signing.CauseAdded, "utm_source", nil},
		{"two unsigned parameters added", func(in *signing.Input) { in.RawQuery += "&utm_source=mail&acl" }, signing.CauseAdded, "acl", nil},
		{"the signature cut", func(in *signing.Input) { in.RawQuery = in.RawQuery[:len(in.RawQuery)-5] }, signing.CauseSignatureCut, p + "Signature", nil},
		{"the signature empty", func(in *signing.Input) { at, _ := sig(in); in.RawQuery = in.RawQuery[:at] }, signing.CauseMissing, p + "Signature", nil},
		{"the signature in upper case", func(in *signing.Input) { at, s := sig(in); in.RawQuery = in.RawQuery[:at] + strings.ToUpper(s) }, signing.CauseSignatureCase, p + "Signature", nil},
		{"one digit of the signature changed", func(in *signing.Input) {
			at, s := sig(in)
			c := "0"
			if s[40] == '0' {
				c = "1"
			}
			in.RawQuery = in.RawQuery[:at] + s[:40] + c + s[41:]
		}, signing.CauseSignatureEdited, p + "Signature", nil},
		{"expired by a second", func(in *signing.Input) { in.Time = signedAt.Add(3601 * time.Second) }, signing.CauseExpired, p + "Expires", nil},
		{"dated in the future", func(in *signing.Input) { in.Time = signedAt.Add(-16 * time.Minute) }, signing.CauseFuture, p + "Date", nil},
		{"the key encoded twice", func(in *signing.Input) { in.RawPath = strings.ReplaceAll(in.RawPath, "%", "%25") }, signing.CauseEncoding, "", nil},
		{"the encoded %2F in the key decoded", func(in *signing.Input) { in.RawPath = strings.ReplaceAll(in.RawPath, "%252F", "%2F") }, signing.CauseEncoding, "", func(k *signing.Known) { k.Keys = nil }},
		{"plus instead of %20 in the key", func(in *signing.Input) { in.RawPath = strings.ReplaceAll(in.RawPath, "%20", "+") }, signing.CauseObject, "", func(k *signing.Known) { k.Keys = []string{"team/a b/é+%2F.bin"} }},
		{"anonymous", func(in *signing.Input) { in.RawQuery = "" }, signing.CauseAnonymous, "", nil},
		{"the URL cut before the signature", func(in *signing.Input) {
			i := strings.Index(in.RawQuery, "&"+p+"Signature")
			in.RawQuery = in.RawQuery[:i]
		}, signing.CauseMissing, p + "Signature", nil},
		{"a percent sign that encodes nothing", func(in *signing.Input) { in.RawQuery += "&a=%zz" }, signing.CauseMalformed, "", nil},
	}
}

func TestExplainNamesTheTrueCause(t *testing.T) {
	request := signing.Request{Method: "PUT", Host: "store.example.com:9000", HTTP: true, Bucket: "bucket", Key: "team/a b/é+%2F.bin", At: signedAt, Lifetime: time.Hour,
		Header: http.Header{"Content-Type": {"image/png"}}, Query: url.Values{"X-User": {"alice"}, "partNumber": {"7"}}}
	secret := signing.NewSecretKey(secretKey, "")
	s3, err := signing.NewS3Signer("AKIAIOSFODNN7EXAMPLE", secret, "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	hmacGCS, err := signing.NewGCSHMACSigner("GOOG1EXAMPLE", secret, "auto")
	if err != nil {
		t.Fatal(err)
	}
	_, rsaKey := serviceAccount()
	rsaGCS, err := signing.NewGCSSigner(email, rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		name, id, prefix string
		key              signing.Key
		sign             func(signing.Request) (*signing.Signed, error)
		more             []broken
	}{
		{"S3", "AKIAIOSFODNN7EXAMPLE", "X-Amz-", secret, s3.Sign, []broken{
			{"the region edited", func(in *signing.Input) { edit(in, "eu-central-1", "eu-west-1") }, signing.CauseEdited, "X-Amz-Credential", nil},
			{"minted for another region", func(in *signing.Input) { in.Region = "us-east-1" }, signing.CauseRegion, "X-Amz-Credential", nil},
			{"another port", func(in *signing.Input) { in.Host = "store.example.com:8080" }, signing.CauseHost, "host", nil},
			{"another secret key", func(in *signing.Input) { in.Keys = one(signing.NewSecretKey("rotated", "")) }, signing.CauseSecret, "", nil},
			{"a session token that is not the credential's", func(in *signing.Input) { in.Keys = one(signing.NewSecretKey(secretKey, "token")) }, signing.CauseToken, "X-Amz-Security-Token", nil},
		}},
		{"GCS HMAC", "GOOG1EXAMPLE", "X-Goog-", secret, hmacGCS.Sign, []broken{
			{"another secret key", func(in *signing.Input) { in.Keys = one(signing.NewSecretKey("rotated", "")) }, signing.CauseSecret, "", nil},
		}},
		{"GCS RSA", email, "X-Goog-", rsaKey, rsaGCS.Sign, []broken{
			{"a key of the wrong kind", func(in *signing.Input) { in.Keys = one(secret) }, signing.CauseAlgorithm, "X-Goog-Algorithm", nil},
			{"an unknown change, which RSA can tell from another key", func(in *signing.Input) { in.RawPath = "/bucket/nobody/knows" }, signing.CauseUnexplained, "", nil},
		}},
	} {
		signed, err := p.sign(request)
		if err != nil {
			t.Fatal(err)
		}
		start := func() signing.Input {
			in := fromURL(t, "PUT", signed.URL, signedAt.Add(time.Minute))
			in.Header = signed.Header.Clone()
			in.Keys = func(c *signing.Claim) []signing.Key {
				if c.CredentialID != p.id {
					return nil
				}
				return []signing.Key{p.key}
			}
			return in
		}
		t.Run(p.name+": as minted", func(t *testing.T) {
			if f := signing.Explain(start(), signing.Known{}); f != nil {
				t.Errorf("got %v, want nothing", f)
			}
		})
		for _, b := range append(v4Broken(p.prefix), p.more...) {
			t.Run(p.name+": "+b.name, func(t *testing.T) { explains(t, start(), b, signed.URL) })
		}
	}
}

func explains(t *testing.T, in signing.Input, b broken, minted string) {
	t.Helper()
	b.do(&in)
	var known signing.Known
	if b.more != nil {
		b.more(&known)
	}
	if v := signing.Verify(in); v.OK {
		t.Fatal("the broken URL verifies")
	}
	began := time.Now()
	found := signing.Explain(in, known)
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
	if len(found) == 0 {
		t.Fatal("no finding")
	}
	f := found[0]
	if f.Cause != b.want || f.Part != b.part {
		t.Errorf("got  %s %q: %v\nwant %s %q", f.Cause, f.Part, found, b.want, b.part)
	}
	if f.Sentence == "" || strings.Contains(f.Sentence, "%!") || strings.ToLower(f.Sentence[:1]) != f.Sentence[:1] && !strings.HasPrefix(f.Sentence, "X-") {
		t.Errorf("the sentence: %s", f.Sentence)
	}
	var query string
	if i := strings.Index(minted, "Signature="); i >= 0 {
		query = minted[i+len("Signature="):]
	} else if i := strings.Index(minted, "sig="); i >= 0 {
		query = minted[i+4:]
	}
	if out := fmt.Sprint(found); strings.Contains(out, query[:12]) || strings.Contains(strings.ToLower(out), query[:12]) || strings.Contains(out, secretKey[:12]) {
		t.Errorf("a signature or secret shows in %s", out)
	}
}

// azureBroken are the ways for Azure's service and user delegation SAS.
var azureBroken = []broken{
	{"used for what it doesn't permit", func(in *signing.Input) { in.Method = "DELETE" }, signing.CausePermission, "sp", nil},
	{"used on another blob", func(in *signing.Input) { in.RawPath = "/container/team/other" }, signing.CauseObject, "", func(k *signing.Known) { k.Keys = []string{"team/a b/é+%2F.bin"} }},
	{"used on another container", func(in *signing.Input) { in.RawPath = strings.Replace(in.RawPath, "container", "other", 1) }, signing.CauseBucket, "", func(k *signing.Known) { k.Buckets = []string{"container"} }},
	{"used on another account", func(in *signing.Input) { in.Host = "other.blob.core.windows.net" }, signing.CauseAccount, "host", func(k *signing.Known) { k.Hosts = []string{"account.blob.core.windows.net"} }},
	{"the permissions widened", func(in *signing.Input) { edit(in, "sp=rcw", "sp=racwd") }, signing.CauseEdited, "sp", nil},
	{"the expiry moved by a year", func(in *signing.Input) { edit(in, "se=2026", "se=2027") }, signing.CauseEdited, "se", nil},
	{"the expiry moved by minutes", func(in *signing.Input) { edit(in, "se=2026-03-01T13%3A00", "se=2026-03-01T13%3A47") }, signing.CauseEdited, "se", nil},
	{"the start moved", func(in *signing.Input) { edit(in, "st=2026-03-01T12", "st=2026-02-01T12") }, signing.CauseEdited, "st", nil},
	{"the start dropped", func(in *signing.Input) { edit(in, "&st=2026-03-01T12%3A00%3A00Z", "") }, signing.CauseDropped, "st", func(k *signing.Known) { k.Values = []string{"2026-03-01T12:00:00Z"} }},
	{"the version edited", func(in *signing.Input) { edit(in, "sv=2022-11-02", "sv=2021-12-02") }, signing.CauseEdited, "sv", nil},
	{"the protocol widened", func(in *signing.Input) { edit(in, "spr=https", "spr=https%2Chttp") }, signing.CauseEdited, "spr", nil},
	{"the protocol dropped", func(in *signing.Input) { edit(in, "&spr=https", "") }, signing.CauseDropped, "spr", nil},
	{"the container instead of the blob", func(in *signing.Input) { edit(in, "sr=b", "sr=c") }, signing.CauseEdited, "sr", nil},
	{"a response header added", func(in *signing.Input) { in.RawQuery += "&rsct=text%2Fhtml" }, signing.CauseAdded, "rsct", nil},
	{"an IP range added", func(in *signing.Input) { in.RawQuery += "&sip=10.0.0.1" }, signing.CauseAdded, "sip", nil},
	{"a parameter repeated", func(in *signing.Input) { in.RawQuery += "&sp=racwd" }, signing.CauseRepeated, "sp", nil},
	{"the signature repeated", func(in *signing.Input) { in.RawQuery += "&sig=x" }, signing.CauseRepeated, "sig", nil},
	{"the signature cut", func(in *signing.Input) { in.RawQuery = in.RawQuery[:len(in.RawQuery)-9] }, signing.CauseSignatureCut, "sig", nil},
	{"the signature empty", func(in *signing.Input) { in.RawQuery = in.RawQuery[:strings.Index(in.RawQuery, "sig=")+4] }, signing.CauseMissing, "sig", nil},
	{"the signature in upper case", func(in *signing.Input) {
		i := strings.Index(in.RawQuery, "sig=") + 4
		in.RawQuery = in.RawQuery[:i] + strings.ToUpper(in.RawQuery[i:])
	}, signing.CauseSignatureCase, "sig", nil},
	{"one character of the signature changed", func(in *signing.Input) {
		i := strings.Index(in.RawQuery, "sig=") + 4
		c := "A"
		if in.RawQuery[i] == 'A' {
			c = "B"
		}
		in.RawQuery = in.RawQuery[:i] + c + in.RawQuery[i+1:]
	}, signing.CauseSignatureEdited, "sig", nil},
	{"the signature encoded twice", func(in *signing.Input) {
		i := strings.Index(in.RawQuery, "sig=") + 4
		in.RawQuery = in.RawQuery[:i] + strings.ReplaceAll(in.RawQuery[i:], "%", "%25")
	}, signing.CauseSignatureEdited, "sig", nil},
	{"expired by a second", func(in *signing.Input) { in.Time = signedAt.Add(time.Hour + time.Second) }, signing.CauseExpired, "se", nil},
	{"dated in the future", func(in *signing.Input) { in.Time = signedAt.Add(-time.Second) }, signing.CauseFuture, "st", nil},
	{"the key encoded twice", func(in *signing.Input) { in.RawPath = strings.ReplaceAll(in.RawPath, "%", "%25") }, signing.CauseEncoding, "", nil},
	{"by http where https was asked for", func(in *signing.Input) { in.TLS = false }, signing.CauseProtocol, "spr", nil},
	{"anonymous", func(in *signing.Input) { in.RawQuery = "" }, signing.CauseAnonymous, "", nil},
	{"another account key", func(in *signing.Input) { in.Keys = one(azureKey("rotated")) }, signing.CauseSecret, "sig", nil},
	{"no key known", func(in *signing.Input) { in.Keys = nil }, signing.CauseKeyUnknown, "", nil},
}

func azureKey(secret string) *signing.AzureKey {
	k, err := signing.NewAzureKey(base64.StdEncoding.EncodeToString([]byte(secret)))
	if err != nil {
		panic(err)
	}
	return k
}

func TestExplainNamesTheTrueCauseOnAzure(t *testing.T) {
	key := azureKey(secretKey)
	service, err := signing.NewAzureSigner("account", key)
	if err != nil {
		t.Fatal(err)
	}
	delegated, err := signing.NewDelegationSigner("account", signing.UserDelegationKey{ObjectID: "oid", Tenant: "tid", Start: signedAt.AddDate(0, 0, -1), Expiry: signedAt.AddDate(0, 0, 6), Value: key})
	if err != nil {
		t.Fatal(err)
	}
	for name, signer := range map[string]*signing.AzureSigner{"service SAS": service, "user delegation SAS": delegated} {
		signed, err := signer.Sign(signing.AzureRequest{Container: "container", Blob: "team/a b/é+%2F.bin", Permissions: "wcr", Start: signedAt, Expiry: signedAt.Add(time.Hour), Protocol: "https"})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range azureBroken {
			t.Run(name+": "+b.name, func(t *testing.T) {
				in := fromURL(t, "PUT", signed.URL, signedAt.Add(time.Minute))
				in.Keys = one(key)
				explains(t, in, b, signed.URL)
			})
		}
	}
	t.Run("the layout of another version, as azblob signs 2018-11-09", func(t *testing.T) {
		v, _ := newDice(t, 8).azblobSAS("2018-11-09")
		v.EncryptionScope = ""
		in := azblobInput(t, v, key)
		if f := signing.Explain(in, signing.Known{}); len(f) == 0 || f[0].Cause != signing.CauseLayout {
			t.Errorf("got %v, want %s", f, signing.CauseLayout)
		}
	})
}
