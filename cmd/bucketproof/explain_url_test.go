package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// mintedAt is when the URLs of the table begin; they live an hour.
var mintedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	mintedKey  = "team/a b/gr\u00f6\u00dfe+%2F.bin"
	mintedWith = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	mintedFor  = "FwoGZXIvYXdzEXAMPLETOKEN=="
)

// use is how a URL is used: what a break of it changes.
type use struct {
	url, method, at string
	headers, args   []string
}

// edit replaces a part of the URL, which must be there.
func (u *use) edit(t *testing.T, old, with string) {
	t.Helper()
	if !strings.Contains(u.url, old) {
		t.Fatalf("the URL has no %q", old)
	}
	u.url = strings.Replace(u.url, old, with, 1)
}

// signature edits what the signature's parameter says.
func (u *use) signature(t *testing.T, name string, change func(string) string) {
	t.Helper()
	i := strings.Index(u.url, name+"=") + len(name) + 1
	rest := u.url[i:]
	end := len(rest)
	if n := strings.IndexByte(rest, '&'); n >= 0 {
		end = n
	}
	u.url = u.url[:i] + change(rest[:end]) + rest[end:]
}

// breach is one way to break a URL, and what explain must say first.
type breach struct {
	name string
	do   func(t *testing.T, u *use)
	want string // a regular expression on the first reason, in one line
}

// provider is a URL of one scheme, and the words of that scheme.
type provider struct {
	name, url, prefix, key string
	headers                []string
	more                   []breach
}

func at(d time.Duration) string { return mintedAt.Add(d).Format(time.RFC3339) }

func flip(s string) string {
	if s[0] == 'A' || s[0] == '0' {
		return "1" + s[1:]
	}
	return "0" + s[1:]
}

// everywhere are the breaches that mean the same in every scheme; sig is the signature's parameter.
func everywhere(sig string) []breach {
	return []breach{
		{"used on another key", func(t *testing.T, u *use) {
			u.edit(t, ".bin?", ".bin.more?")
			u.args = []string{"--known-key", mintedKey}
		}, `minted for the (key|blob) .*größe\+%2F\.bin", and was used on .*\.bin\.more"`},
		{"used on another bucket", func(t *testing.T, u *use) {
			u.edit(t, "bucket", "other")
			u.args = []string{"--known-bucket", "bucket"}
		}, `minted for the (bucket|container) "bucket", and was used on "other"`},
		{"used on a key of 1,024 bytes that begins with its own", func(t *testing.T, u *use) {
			u.edit(t, ".bin?", ".bin"+strings.Repeat("l", 1024-len(mintedKey))+"?")
			u.args = []string{"--known-key", mintedKey}
		}, `minted for the (key|blob) .*größe\+%2F\.bin", and was used on`},
		{"the key encoded twice", func(t *testing.T, u *use) {
			path, query, _ := strings.Cut(u.url, "?")
			u.url = strings.ReplaceAll(path, "%", "%25") + "?" + query
		}, `encoded or decoded once too often`},
		{"%2F in the key decoded", func(t *testing.T, u *use) { u.edit(t, "%252F", "%2F") }, `encoded or decoded once too often`},
		{"the key in another form of Unicode", func(t *testing.T, u *use) { u.edit(t, "gr%C3%B6", "gro%CC%88") }, `something on the way normalised it`},
		{"the signature truncated", func(t *testing.T, u *use) {
			u.signature(t, sig, func(s string) string { return s[:len(s)-8] })
		}, `characters instead of \d+: the URL was cut`},
		{"the signature empty", func(t *testing.T, u *use) { u.signature(t, sig, func(string) string { return "" }) }, sig + ` is empty|has no ` + sig},
		{"the signature gone", func(t *testing.T, u *use) { u.url = regexp.MustCompile("&"+sig+"=[^&]*").ReplaceAllString(u.url, "") }, `the query has no ` + sig},
		{"one character of the signature changed", func(t *testing.T, u *use) { u.signature(t, sig, flip) }, `right but for (1|one) of its characters: it was edited or mistyped`},
		{"the signature repeated", func(t *testing.T, u *use) { u.url += "&" + sig + "=x" }, `the query has ` + sig + ` 2 times`},
		{"anonymous", func(_ *testing.T, u *use) { u.url, _, _ = strings.Cut(u.url, "?") }, `carries no signature: it is an anonymous request`},
		{"a percent sign that encodes nothing", func(_ *testing.T, u *use) { u.url += "&x=%zz" }, `not followed by two hexadecimal digits`},
	}
}

// v4 are the breaches of S3 and Google; p is the prefix of their parameters.
func v4(p string) []breach {
	return append(everywhere(p+"Signature"), []breach{
		{"used with another method", func(_ *testing.T, u *use) { u.method = "DELETE" }, `minted for PUT, and was used with DELETE`},
		{"another host", func(t *testing.T, u *use) {
			u.url = regexp.MustCompile(`://[^/]*/`).ReplaceAllString(u.url, "://files.example.com/")
			u.args = []string{"--known-host", "bucket.s3.eu-central-1.amazonaws.com", "--known-host", "store.example.com:9000"}
		}, `was signed for the host "(store\.example\.com:9000|bucket\.s3\.eu-central-1\.amazonaws\.com|storage\.googleapis\.com)", and came to the store as "files\.example\.com"`},
		{"a host rewritten by a proxy that says so", func(t *testing.T, u *use) {
			host := regexp.MustCompile(`://([^/]*)/`).FindStringSubmatch(u.url)[1]
			u.edit(t, "://"+host, "://files.example.com")
			u.headers = append(u.headers, "X-Forwarded-Host: "+host)
		}, `signed for the host .*, and came to the store as "files\.example\.com": it was minted for another name, or a proxy changed Host`},
		{"a signed header changed", func(_ *testing.T, u *use) {
			u.headers = []string{"Content-Type: text/html"}
			u.args = []string{"--known-value", "image/png"}
		}, `header "content-type" was sent with another value`},
		{"a signed header missing", func(_ *testing.T, u *use) { u.headers = nil }, `header "content-type" is signed, but the request came without it`},
		{"an unsigned header of the provider", func(_ *testing.T, u *use) { u.headers = append(u.headers, p+"Acl: public-read") }, `carries "` + strings.ToLower(p) + `acl", which is not signed`},
		{"a signed parameter edited", func(t *testing.T, u *use) {
			u.edit(t, "X-User=alice", "X-User=mallory")
			u.args = []string{"--known-value", "alice"}
		}, `parameter "X-User" was changed after signing`},
		{"a signed parameter dropped", func(t *testing.T, u *use) {
			u.edit(t, "&X-User=alice", "")
			u.args = []string{"--known-value", "alice"}
		}, `parameter "?X-User"? was signed, but is gone|X-User.* is gone`},
		{"a signed parameter repeated", func(_ *testing.T, u *use) { u.url += "&X-User=mallory" }, `parameter "X-User" was added after signing`},
		{"an unsigned parameter added", func(_ *testing.T, u *use) { u.url += "&utm_source=mail" }, `parameter "utm_source" was added after signing`},
		{"the lifetime edited", func(t *testing.T, u *use) { u.edit(t, p+"Expires=3600", p+"Expires=86400") }, p + `Expires was changed: the URL was signed to live 1h0m0s`},
		{"a lifetime over 7 days written in", func(t *testing.T, u *use) { u.edit(t, p+"Expires=3600", p+"Expires=604801") }, p + `Expires was changed: the URL was signed to live 1h0m0s`},
		{"the lifetime repeated", func(_ *testing.T, u *use) { u.url += "&" + p + "Expires=86400" }, `the query has ` + p + `Expires 2 times`},
		{"the date edited", func(t *testing.T, u *use) { u.edit(t, p+"Date=20260301T120000Z", p+"Date=20260301T120500Z") }, `the date was changed: the URL was signed at 2026-03-01T12:00:00Z`},
		{"the signature in upper case", func(t *testing.T, u *use) { u.signature(t, p+"Signature", strings.ToUpper) }, `right but for its upper-case letters`},
		{"expired by a second", func(_ *testing.T, u *use) { u.at = at(time.Hour + time.Second) }, `expired at 2026-03-01T13:00:00Z, 1s ago .*compare the clocks`},
		{"dated in the future", func(_ *testing.T, u *use) { u.at = at(-16 * time.Minute) }, `dated 2026-03-01T12:00:00Z, 16m0s ahead of this clock .*the clock that minted it is fast, or this one is slow`},
		{"another credential written in", func(t *testing.T, u *use) {
			u.edit(t, p+"Credential=", p+"Credential=X")
			id := regexp.MustCompile(p + `Credential=X(.*?)%2F2026`).FindStringSubmatch(u.url)[1]
			u.args = []string{"--known-value", strings.ReplaceAll(id, "%40", "@")}
		}, `the ID in the credential was changed: the URL was signed by ".*" and says "X`},
	}...)
}

// sas are the breaches of Azure's two.
var sas = append(everywhere("sig"), []breach{
	{"used with another method", func(_ *testing.T, u *use) { u.method = "DELETE" }, `permits sp="rcw", and deleting the blob needs d`},
	{"used on another account", func(t *testing.T, u *use) {
		u.edit(t, "://account.", "://other.")
		u.args = []string{"--known-host", "account.blob.core.windows.net"}
	}, `minted for the account "account", and was used on "other"`},
	{"the permissions widened", func(t *testing.T, u *use) { u.edit(t, "sp=rcw", "sp=rcwd") }, `signed for sp=rcw and says sp="rcwd"`},
	{"the permissions repeated", func(_ *testing.T, u *use) { u.url += "&sp=rcwd" }, `the query has sp 2 times`},
	{"the expiry edited", func(t *testing.T, u *use) { u.edit(t, "se=2026-03-01T13%3A00", "se=2026-03-09T13%3A00") }, `signed with se=2026-03-01T13:00:00Z`},
	{"the container instead of the blob", func(t *testing.T, u *use) { u.edit(t, "sr=b", "sr=c") }, `signed for sr=b and says sr=c`},
	{"a response header added", func(_ *testing.T, u *use) { u.url += "&rsct=text%2Fhtml" }, `rsct \(response header\) was added after signing`},
	{"the signature in upper case", func(t *testing.T, u *use) {
		u.signature(t, "sig", func(s string) string { s, _ = url.QueryUnescape(s); return url.QueryEscape(strings.ToUpper(s)) })
	}, `right but for upper and lower case, which count`},
	{"expired by a second", func(_ *testing.T, u *use) { u.at = at(time.Hour + time.Second) }, `expired at 2026-03-01T13:00:00Z \(se\), 1s ago`},
	{"dated in the future", func(_ *testing.T, u *use) { u.at = at(-time.Minute) }, `begins at 2026-03-01T12:00:00Z, 1m0s ahead of this clock`},
	{"by http", func(t *testing.T, u *use) { u.edit(t, "https://", "http://") }, `good for https only, and the request came by http`},
}...)

// schemes mints a URL of every scheme, with the keys in files.
func schemes(t *testing.T) []provider {
	t.Helper()
	file := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pemText := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	account := base64.StdEncoding.EncodeToString([]byte(mintedWith))
	must := func(s *signing.Signed, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s.URL
	}
	r := signing.Request{Method: "PUT", Host: "store.example.com:9000", Bucket: "bucket", Key: mintedKey, At: mintedAt, Lifetime: time.Hour,
		Header: http.Header{"Content-Type": {"image/png"}}, Query: url.Values{"X-User": {"alice"}}}
	path, err := signing.NewS3Signer("AKIAIOSFODNN7EXAMPLE", signing.NewSecretKey(mintedWith, ""), "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	temporary, err := signing.NewS3Signer("ASIAIOSFODNN7EXAMPLE", signing.NewSecretKey(mintedWith, mintedFor), "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := signing.ParseRSAKey(pemText)
	if err != nil {
		t.Fatal(err)
	}
	google, err := signing.NewGCSSigner("signer@project.iam.gserviceaccount.com", rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	hmac, err := signing.NewGCSHMACSigner("GOOG1EXAMPLE", signing.NewSecretKey(mintedWith, ""), "auto")
	if err != nil {
		t.Fatal(err)
	}
	azureKey, err := signing.NewAzureKey(account)
	if err != nil {
		t.Fatal(err)
	}
	service, err := signing.NewAzureSigner("account", azureKey)
	if err != nil {
		t.Fatal(err)
	}
	delegated, err := signing.NewDelegationSigner("account", signing.UserDelegationKey{ObjectID: "oid", Tenant: "tid",
		Start: mintedAt.AddDate(0, 0, -1), Expiry: mintedAt.AddDate(0, 0, 6), Value: azureKey})
	if err != nil {
		t.Fatal(err)
	}
	blob := signing.AzureRequest{Container: "bucket", Blob: mintedKey, Permissions: "rcw", Start: mintedAt, Expiry: mintedAt.Add(time.Hour), Protocol: "https"}
	inPath := r
	inHost := r
	inHost.Host, inHost.Style = "s3.eu-central-1.amazonaws.com", signing.VirtualHosted
	onGoogle := r
	onGoogle.Host = "storage.googleapis.com"
	secret, other := file("secret", mintedWith), file("other", "another0secret1that2signed3nothing4at5all")
	rotated := breach{"another key", func(_ *testing.T, u *use) { u.args = []string{"--key-file", other} }, `the secret key that signed is most likely not the one`}
	region := breach{"another region than the bucket's", func(_ *testing.T, u *use) { u.args = []string{"--region", "us-east-1"} }, `signed for the region "eu-central-1", but the bucket is in us-east-1`}
	edited := breach{"the region edited", func(t *testing.T, u *use) { u.edit(t, "eu-central-1%2Fs3", "eu-west-1%2Fs3") }, `the URL was signed for "eu-central-1" and says "eu-west-1"`}
	png := []string{"Content-Type: image/png"}
	return []provider{
		{"S3 path style", must(path.Sign(inPath)), "X-Amz-", secret, png, append(v4("X-Amz-"), rotated, region, edited)},
		{"S3 virtual-hosted with a session token", must(temporary.Sign(inHost)), "X-Amz-", secret, png, append(v4("X-Amz-"), rotated, region, edited,
			breach{"the session token dropped", func(t *testing.T, u *use) {
				u.url = regexp.MustCompile("&X-Amz-Security-Token=[^&]*").ReplaceAllString(u.url, "")
			},
				`is a temporary one, and the URL carries no session token`},
			breach{"the session token dropped, which is known", func(t *testing.T, u *use) {
				t.Setenv("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE")
				t.Setenv("AWS_SESSION_TOKEN", mintedFor)
				u.url = regexp.MustCompile("&X-Amz-Security-Token=[^&]*").ReplaceAllString(u.url, "")
			}, `the session token was signed, but is gone`})},
		{"GCS RSA", must(google.Sign(onGoogle)), "X-Goog-", file("pem", string(pemText)), png, v4("X-Goog-")},
		{"GCS HMAC", must(hmac.Sign(onGoogle)), "X-Goog-", secret, png, append(v4("X-Goog-"), rotated)},
		{"Azure service SAS", must(service.Sign(blob)), "", file("account", account), nil, sas},
		{"Azure user delegation SAS", must(delegated.Sign(blob)), "", file("udk", account), nil, sas},
	}
}

// reason is the first reason that explain gives, in one line.
var reason = regexp.MustCompile(`(?m)^(?:certain|likely) +((?:.*\n)(?: {10,}.*\n)*)`)

func TestExplainNamesTheTrueCauseOfEveryBrokenURL(t *testing.T) {
	t.Setenv("AWS_SESSION_TOKEN", "")
	for _, p := range schemes(t) {
		run := func(t *testing.T, u use) called {
			args := []string{"explain", "-", "--method", u.method, "--at", u.at, "--key-file", p.key}
			for _, h := range u.headers {
				args = append(args, "--header", h)
			}
			return call(t, u.url+"\n", append(args, u.args...)...)
		}
		sound := use{url: p.url, method: "PUT", at: at(time.Minute), headers: p.headers}
		t.Run(p.name+": as it was minted, before and after its object was replaced", func(t *testing.T) {
			for _, when := range []time.Duration{time.Minute, 50 * time.Minute} {
				u := sound
				u.at = at(when)
				if got := run(t, u); got.code != 0 || !strings.Contains(got.out, "accepted") {
					t.Errorf("got code %d\n%s%s\nwant it accepted", got.code, got.out, got.err)
				}
			}
		})
		for _, b := range p.more {
			t.Run(p.name+": "+b.name, func(t *testing.T) {
				u := sound
				b.do(t, &u)
				got := run(t, u)
				first := ""
				if m := reason.FindStringSubmatch(got.out); m != nil {
					first = strings.Join(strings.Fields(m[1]), " ")
				}
				if got.code != exitNot || !regexp.MustCompile(b.want).MatchString(first) {
					t.Errorf("got  code %d, first %q\nwant code %d, first %s\n%s%s", got.code, first, exitNot, b.want, got.out, got.err)
				}
				for _, secret := range []string{mintedWith[:12], mintedFor[:12], "another0secret"} {
					if strings.Contains(got.out+got.err, secret) {
						t.Errorf("a secret shows:\n%s%s", got.out, got.err)
					}
				}
				for _, line := range strings.Split(got.out, "\n") {
					if len([]rune(norm.NFC.String(line))) > 80 && !strings.HasPrefix(line, "URL ") && !strings.HasPrefix(line, "object ") && strings.Count(line, " ") > 14 {
						t.Errorf("a line of %d columns: %s", len([]rune(line)), line)
					}
				}
			})
		}
	}
}
