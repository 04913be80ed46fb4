package signing_test

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// sample is a request that verifies, to be mutated.
type sample struct {
	in    signing.Input
	azure bool
	gcs   bool
}

func samples(t testing.TB) map[string]sample {
	t.Helper()
	r := signing.Request{Method: "PUT", Host: "store.example.com:9000", HTTP: true, Bucket: "bucket", Key: "team/a b/~é%2F..//./x", At: signedAt, Lifetime: time.Hour,
		Header: http.Header{"Content-Type": {"image/png"}}, Query: url.Values{"X-User": {"a b+c"}, "uploads": {""}}}
	secret := signing.NewSecretKey(secretKey, "token/+=")
	plain := signing.NewSecretKey(secretKey, "")
	s3, err := signing.NewS3Signer("AKIAIOSFODNN7EXAMPLE", secret, "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	gcs, err := signing.NewGCSHMACSigner("GOOG1EXAMPLE", plain, "auto")
	if err != nil {
		t.Fatal(err)
	}
	_, rsaKey := serviceAccount()
	rsaGCS, err := signing.NewGCSSigner(email, rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	account := azureKey(secretKey)
	azure, err := signing.NewAzureSigner("account", account)
	if err != nil {
		t.Fatal(err)
	}
	delegation, err := signing.NewDelegationSigner("account", signing.UserDelegationKey{ObjectID: "oid", Tenant: "tid", Start: signedAt, Expiry: signedAt.AddDate(0, 0, 6), Value: account})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]sample{}
	add := func(name string, key signing.Key, s *signing.Signed, err error, azure, gcs bool) {
		if err != nil {
			t.Fatal(err)
		}
		in, err := signing.FromURL("PUT", s.URL, signedAt.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if in.Keys = one(key); s.Header != nil {
			in.Header = s.Header
		}
		if v := signing.Verify(in); !v.OK {
			t.Fatalf("%s: %v", name, v)
		}
		out[name] = sample{in, azure, gcs}
	}
	s, err := s3.Sign(r)
	add("S3", secret, s, err, false, false)
	s, err = gcs.Sign(r)
	add("GCS HMAC", plain, s, err, false, true)
	s, err = rsaGCS.Sign(r)
	add("GCS RSA", rsaKey, s, err, false, true)
	ar := signing.AzureRequest{Container: "container", Blob: r.Key, Permissions: "rcw", Start: signedAt, Expiry: signedAt.Add(time.Hour), Protocol: "https", Query: url.Values{"comp": {"block"}, "blockid": {"AA=="}}}
	s, err = azure.Sign(ar)
	add("Azure service", account, s, err, true, false)
	ar.CorrelationID = "alice"
	s, err = delegation.Sign(ar)
	add("Azure user delegation", account, s, err, true, false)
	return out
}

// same says, by net/url's reading and not by this package's, whether two requests are one by the scheme's own rules.
func (s sample) same(in signing.Input) bool {
	base := s.in
	segments := func(p string) []string {
		parts := strings.Split(p, "/")
		for i := range parts {
			d, err := url.PathUnescape(parts[i])
			if err != nil {
				return nil
			}
			parts[i] = d
		}
		return parts
	}
	pairs := func(q string) []string {
		var out []string
		for _, part := range strings.Split(q, "&") {
			if part == "" {
				continue
			}
			n, v, _ := strings.Cut(part, "=")
			n, err1 := url.QueryUnescape(n)
			v, err2 := url.QueryUnescape(v)
			if err1 != nil || err2 != nil {
				return nil
			}
			if s.azure && !azureSigned(n) {
				continue
			}
			out = append(out, n+"\x00"+v)
		}
		slices.Sort(out)
		return out
	}
	host := func(h string) string {
		name, port, err := net.SplitHostPort(h)
		switch {
		case s.azure:
			account, rest, _ := strings.Cut(strings.ToLower(h), ".")
			if strings.HasPrefix(rest, "blob.") || strings.HasPrefix(rest, "dfs.") {
				return strings.TrimSuffix(account, "-secondary")
			}
			return h
		case err == nil && (s.gcs || port == "80" && !in.TLS || port == "443" && in.TLS):
			return name
		}
		return h
	}
	path := slices.Equal(segments(in.RawPath), segments(base.RawPath))
	if s.azure {
		a, _ := url.PathUnescape(in.RawPath)
		b, _ := url.PathUnescape(base.RawPath)
		path = strings.ReplaceAll(a, `\`, "/") == strings.ReplaceAll(b, `\`, "/")
	}
	header := s.azure || strings.TrimSpace(in.Header.Get("Content-Type")) == strings.TrimSpace(base.Header.Get("Content-Type"))
	return (in.Method == base.Method || s.azure) && host(in.Host) == host(base.Host) && path && header && slices.Equal(pairs(in.RawQuery), pairs(base.RawQuery))
}

func azureSigned(name string) bool {
	return slices.Contains(strings.Split("sv st se sr sp si sip spr ses skoid sktid skt ske sks skv saoid suoid scid skdutid sduoid srh srq rscc rscd rsce rscl rsct sig", " "), name)
}

func replaceByte(s string, at int, c byte) string { return s[:at] + string([]byte{c}) + s[at+1:] }

// TestNoByteCanBeChanged changes every byte of every sample to other bytes: nothing but another spelling of the same
// request may verify.
func TestNoByteCanBeChanged(t *testing.T) {
	for name, s := range samples(t) {
		t.Run(name, func(t *testing.T) {
			tried, equal := 0, 0
			others := "\x00\t\n\r !\"#$%&'()*+,-./012389:;<=>?@ABFGZ[\\]^_`abfgz{|}~\x7f\x80\xa0\xc3\xff"
			if name == "GCS RSA" {
				others = "\t %+/0aAf" // a verification costs ten times as much
			}
			check := func(in signing.Input, what string) {
				tried++
				v := signing.Verify(in)
				if same := s.same(in); v.OK && !same {
					t.Errorf("%s: accepted: %s %s %s?%s", what, in.Method, in.Host, in.RawPath, in.RawQuery)
				} else if same {
					equal++
				}
			}
			for _, b := range []byte(others) {
				for i := range s.in.RawQuery {
					in := s.in
					if in.RawQuery = replaceByte(in.RawQuery, i, b); in.RawQuery != s.in.RawQuery {
						check(in, "query")
					}
				}
				for i := range s.in.RawPath {
					in := s.in
					if in.RawPath = replaceByte(in.RawPath, i, b); in.RawPath != s.in.RawPath {
						check(in, "path")
					}
				}
				for i := range s.in.Host {
					in := s.in
					if in.Host = replaceByte(in.Host, i, b); in.Host != s.in.Host {
						check(in, "host")
					}
				}
				if v := s.in.Header.Get("Content-Type"); v != "" {
					for i := range v {
						in := s.in
						if w := replaceByte(v, i, b); w != v {
							in.Header = http.Header{"Content-Type": {w}}
							check(in, "header")
						}
					}
				}
			}
			for i := range s.in.RawQuery { // a byte less
				in := s.in
				in.RawQuery = in.RawQuery[:i] + in.RawQuery[i+1:]
				check(in, "query, a byte less")
			}
			t.Logf("%d changes tried, %d of them spell the same request", tried, equal)
		})
	}
}

func fuzz(f *testing.F, names ...string) {
	all := samples(f)
	for _, name := range names {
		in := all[name].in
		f.Add(in.Method, in.Host, in.RawPath, in.RawQuery, in.Header.Get("Content-Type"), true, uint16(0), byte(0))
		f.Add(in.Method, in.Host, in.RawPath, in.RawQuery, in.Header.Get("Content-Type"), false, uint16(70), byte('x'))
	}
	f.Fuzz(func(t *testing.T, method, host, path, query, value string, tls bool, at uint16, c byte) {
		if int(at) < len(query) {
			query = replaceByte(query, int(at), c)
		}
		in := signing.Input{Method: method, Host: host, RawPath: path, RawQuery: query, Header: http.Header{"Content-Type": {value}}, TLS: tls, Time: signedAt.Add(time.Minute)}
		ok := false
		for _, name := range names {
			s := all[name]
			in.Keys = s.in.Keys
			v := signing.Verify(in)
			if v == nil || !v.OK && (v.Stage == "" || v.Cause == "" || v.Sentence == "") {
				t.Fatalf("an empty verdict: %#v", v)
			}
			_ = signing.Redact("https://" + host + path + "?" + query)
			if v.OK && !s.same(in) {
				// The other samples of this scheme share their keys: it may be one of them.
				for _, other := range names {
					ok = ok || all[other].same(in)
				}
				if !ok {
					t.Fatalf("accepted: %q %q %q %q %q", method, host, path, query, value)
				}
			}
		}
	})
}

func FuzzVerifyS3(f *testing.F)    { fuzz(f, "S3") }
func FuzzVerifyGCS(f *testing.F)   { fuzz(f, "GCS HMAC", "GCS RSA") }
func FuzzVerifyAzure(f *testing.F) { fuzz(f, "Azure service", "Azure user delegation") }
