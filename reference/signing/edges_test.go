package signing_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

func s3Signer(t testing.TB, key *signing.SecretKey) *signing.S3Signer {
	t.Helper()
	s, err := signing.NewS3Signer("AKIAIOSFODNN7EXAMPLE", key, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mint(t testing.TB, r signing.Request, k *signing.SecretKey) *signing.Signed {
	t.Helper()
	if r.Method == "" {
		r.Method = "GET"
	}
	if r.Host == "" {
		r.Host = "s3.example.com"
	}
	r.Bucket, r.At = "bucket", signedAt
	if r.Lifetime == 0 {
		r.Lifetime = time.Hour
	}
	s, err := s3Signer(t, k).Sign(r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestS3Edges are equivalences and differences at the edges of S3's rules.
func TestS3Edges(t *testing.T) {
	key := signing.NewSecretKey(secretKey, "")
	with := func(values ...string) http.Header { return http.Header{"X-Amz-Meta-A": values} }
	for _, c := range []struct {
		name string
		r    signing.Request
		do   func(in *signing.Input)
		want signing.Cause // "" is accepted
	}{
		{"a header signed twice, sent twice in that order", signing.Request{Header: with("a", "b")}, func(*signing.Input) {}, ""},
		{"a header signed twice, sent as one joined by a comma", signing.Request{Header: with("a", "b")}, func(in *signing.Input) { in.Header = with("a,b") }, ""},
		{"a header signed twice, sent in the other order", signing.Request{Header: with("a", "b")}, func(in *signing.Input) { in.Header = with("b", "a") }, signing.CauseSignature},
		{"white space around and within a value", signing.Request{Header: with("a b")}, func(in *signing.Input) { in.Header = with(" a    b\t") }, ""},
		{"a tab within a value is no space", signing.Request{Header: with("a b")}, func(in *signing.Input) { in.Header = with("a\tb") }, signing.CauseSignature},
		{"an empty header value", signing.Request{Header: with("")}, func(*signing.Input) {}, ""},
		{"an empty header value, not sent", signing.Request{Header: with("")}, func(in *signing.Input) { in.Header = http.Header{} }, signing.CauseHeaderMissing},
		{"an empty parameter with and without its equals sign", signing.Request{Query: url.Values{"uploads": {""}}}, func(in *signing.Input) { edit(in, "uploads=", "uploads") }, ""},
		{"a space as a plus sign", signing.Request{Query: url.Values{"X-User": {"a b"}}}, func(in *signing.Input) { edit(in, "a%20b", "a+b") }, ""},
		{"a plus sign as a space", signing.Request{Query: url.Values{"X-User": {"a+b"}}}, func(in *signing.Input) { edit(in, "a%2Bb", "a+b") }, signing.CauseSignature},
		{"parameters in another order", signing.Request{Query: url.Values{"a": {"1"}}}, func(in *signing.Input) { edit(in, "&a=1", ""); in.RawQuery = "a=1&" + in.RawQuery }, ""},
		{"a repeated parameter, both signed", signing.Request{Query: url.Values{"a": {"2", "1"}}}, func(*signing.Input) {}, ""},
		{"empty pieces between ampersands", signing.Request{}, func(in *signing.Input) { in.RawQuery = "&&" + in.RawQuery }, ""},
		{"lower-case hex in an encoding", signing.Request{Key: "é"}, func(in *signing.Input) { in.RawPath = "/bucket/%c3%a9" }, ""},
		{"UTF-8 unencoded", signing.Request{Key: "é"}, func(in *signing.Input) { in.RawPath = "/bucket/é" }, ""},
		{"dots stay", signing.Request{Key: "a/./b/../c"}, func(*signing.Input) {}, ""},
		{"dots folded by a proxy", signing.Request{Key: "a/./b/../c"}, func(in *signing.Input) { in.RawPath = "/bucket/a/c" }, signing.CauseSignature},
		{"double slashes stay", signing.Request{Key: "/a//b/"}, func(*signing.Input) {}, ""},
		{"double slashes folded by a proxy", signing.Request{Key: "a//b"}, func(in *signing.Input) { in.RawPath = "/bucket/a/b" }, signing.CauseSignature},
		{"an encoded slash is no slash", signing.Request{Key: "a/b"}, func(in *signing.Input) { in.RawPath = "/bucket/a%2Fb" }, signing.CauseSignature},
		{"the characters %2F in a key", signing.Request{Key: "a%2Fb"}, func(*signing.Input) {}, ""},
		{"the default port named", signing.Request{}, func(in *signing.Input) { in.Host = "s3.example.com:443" }, ""},
		{"the other scheme's default port", signing.Request{}, func(in *signing.Input) { in.Host = "s3.example.com:80" }, signing.CauseSignature},
		{"the host in another case", signing.Request{}, func(in *signing.Input) { in.Host = "S3.example.com" }, signing.CauseSignature},
		{"at the last second", signing.Request{Lifetime: time.Second}, func(in *signing.Input) { in.Time = signedAt.Add(time.Second) }, ""},
		{"a second later", signing.Request{Lifetime: time.Second}, func(in *signing.Input) { in.Time = signedAt.Add(2 * time.Second) }, signing.CauseExpired},
		{"15 minutes before its date", signing.Request{}, func(in *signing.Input) { in.Time = signedAt.Add(-15 * time.Minute) }, ""},
		{"15 minutes and a second before its date", signing.Request{}, func(in *signing.Input) { in.Time = signedAt.Add(-15*time.Minute - time.Second) }, signing.CauseFuture},
		{"7 days", signing.Request{Lifetime: signing.MaxLifetime}, func(in *signing.Input) { in.Time = signedAt.Add(signing.MaxLifetime) }, ""},
		{"7 days and a second", signing.Request{Lifetime: signing.MaxLifetime}, func(in *signing.Input) { edit(in, "604800", "604801") }, signing.CauseLifetime},
		{"a negative lifetime", signing.Request{}, func(in *signing.Input) { edit(in, "Expires=3600", "Expires=-1") }, signing.CauseMalformed},
		{"a lifetime that is no number", signing.Request{}, func(in *signing.Input) { edit(in, "Expires=3600", "Expires=1h") }, signing.CauseMalformed},
		{"a date that is none", signing.Request{}, func(in *signing.Input) { edit(in, "Date=20260301T120000Z", "Date=20260301T250000Z") }, signing.CauseMalformed},
		{"another algorithm", signing.Request{}, func(in *signing.Input) { edit(in, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256") }, signing.CauseAlgorithm},
		{"another terminator", signing.Request{}, func(in *signing.Input) { edit(in, "aws4_request", "aws5_request") }, signing.CauseMalformed},
		{"another service", signing.Request{}, func(in *signing.Input) { edit(in, "%2Fs3%2F", "%2Fsqs%2F") }, signing.CauseService},
		{"host not signed", signing.Request{Header: with("a")}, func(in *signing.Input) { edit(in, "host%3Bx-amz-meta-a", "x-amz-meta-a") }, signing.CauseHostUnsigned},
		{"signed headers not sorted", signing.Request{Header: with("a")}, func(in *signing.Input) { edit(in, "host%3Bx-amz-meta-a", "x-amz-meta-a%3Bhost") }, signing.CauseMalformed},
		{"an unsigned Content-Type", signing.Request{}, func(in *signing.Input) { in.Header.Set("Content-Type", "text/html") }, ""},
		{"an unsigned x-amz-acl", signing.Request{}, func(in *signing.Input) { in.Header.Set("x-amz-acl", "public-read") }, signing.CauseHeaderUnsigned},
		{"an Authorization header besides", signing.Request{}, func(in *signing.Input) { in.Header.Set("Authorization", "Basic x") }, ""},
		{"a path that is cut in an encoding", signing.Request{}, func(in *signing.Input) { in.RawPath += "%2" }, signing.CausePath},
		{"Signature Version 2", signing.Request{}, func(in *signing.Input) { in.RawQuery = "AWSAccessKeyId=AKIA&Expires=1&Signature=x" }, signing.CauseAlgorithm},
	} {
		t.Run(c.name, func(t *testing.T) {
			signed := mint(t, c.r, key)
			in := fromURL(t, "GET", signed.URL, signedAt)
			if signed.Header != nil {
				in.Header = signed.Header
			}
			in.Keys = one(key)
			c.do(&in)
			if v := signing.Verify(in); v.Cause != c.want || v.OK != (c.want == "") {
				t.Errorf("got %q: %v\nwant %q\n%s", v.Cause, v, c.want, v.CanonicalRequest)
			}
		})
	}
}

func TestTheStageIsNamed(t *testing.T) {
	key := signing.NewSecretKey(secretKey, "")
	signed := mint(t, signing.Request{}, key)
	for want, do := range map[signing.Stage]func(in *signing.Input){
		signing.StageParameters: func(in *signing.Input) { in.RawQuery += "&X-Amz-Date=20260301T120000Z" },
		signing.StageScope:      func(in *signing.Input) { in.Region = "eu-west-1" },
		signing.StageExpiry:     func(in *signing.Input) { in.Time = in.Time.Add(2 * time.Hour) },
		signing.StageCanonical:  func(in *signing.Input) { in.Header.Set("X-Amz-Acl", "private") },
		signing.StageSignature:  func(in *signing.Input) { in.Keys = nil },
	} {
		in := fromURL(t, "GET", signed.URL, signedAt)
		in.Keys = one(key)
		do(&in)
		if v := signing.Verify(in); v.Stage != want {
			t.Errorf("got stage %q, want %q: %v", v.Stage, want, v)
		}
	}
}

func TestSessionTokens(t *testing.T) {
	temporary, permanent := signing.NewSecretKey(secretKey, "FwoGZXIvYXdzE//+="), signing.NewSecretKey(secretKey, "")
	signed := mint(t, signing.Request{}, temporary)
	if !strings.Contains(signed.URL, "X-Amz-Security-Token=FwoGZXIvYXdzE%2F%2F%2B%3D") {
		t.Errorf("no token in %v", signed)
	}
	for name, c := range map[string]struct {
		key  *signing.SecretKey
		want signing.Cause
	}{"its own": {temporary, ""}, "none": {permanent, signing.CauseToken}, "another": {signing.NewSecretKey(secretKey, "other"), signing.CauseToken}, "any": {signing.NewSecretKey(secretKey, signing.AnyToken), ""}} {
		in := fromURL(t, "GET", signed.URL, signedAt)
		in.Keys = one(c.key)
		if v := signing.Verify(in); v.Cause != c.want || !v.OK && strings.Contains(v.Sentence, "FwoG") {
			t.Errorf("token %s: got %v, want %q", name, v, c.want)
		}
	}
}

func TestWhatAURLClaims(t *testing.T) {
	key := signing.NewSecretKey(secretKey, "")
	signed := mint(t, signing.Request{Method: "PUT", Host: "cwobject.com", Style: signing.VirtualHosted, Key: "a b/é", Query: url.Values{"X-User": {"alice"}}}, key)
	if !strings.HasPrefix(signed.URL, "https://bucket.cwobject.com/a%20b/%C3%A9?") {
		t.Errorf("got %v", signed)
	}
	in := fromURL(t, "PUT", signed.URL, signedAt)
	in.Keys = one(key)
	c := signing.Verify(in).Claim
	if c.Bucket != "bucket" || c.Key != "a b/é" || c.Requester != "alice" || c.CredentialID != "AKIAIOSFODNN7EXAMPLE" || c.Region != "us-east-1" || !c.From.Equal(signedAt) || !c.Until.Equal(signedAt.Add(time.Hour)) || c.Payload != signing.Unsigned {
		t.Errorf("got %+v", c)
	}
	for host, want := range map[string]string{"my.b.s3.amazonaws.com": "my.b", "b.s3.eu-west-1.amazonaws.com": "b", "b.s3-fips.dualstack.us-gov-west-1.amazonaws.com": "b", "s3.eu-west-1.amazonaws.com": "bucket", "b.storage.googleapis.com": "b", "localhost:9000": "bucket", "s3.dualstack.us-east-1.amazonaws.com": "bucket"} {
		in := fromURL(t, "GET", "https://"+host+"/bucket/key?X-Amz-Signature=1", signedAt)
		if got := signing.Verify(in).Claim.Bucket; got != want {
			t.Errorf("%s: got bucket %q, want %q", host, got, want)
		}
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	key := signing.NewSecretKey(secretKey, "FwoGZXIvYXdzE")
	signed := mint(t, signing.Request{Header: http.Header{"X-Amz-Server-Side-Encryption-Customer-Key": {"CUSTOMERKEY"}}, Query: url.Values{"hidden": {"HIDDENVALUE"}}}, key)
	sig := signature(t, signed.URL, "X-Amz-Signature")
	in := fromURL(t, "GET", signed.URL, signedAt)
	in.Header, in.Keys = signed.Header, one(key)
	v := signing.Verify(in)
	if !v.OK {
		t.Fatal(v)
	}
	bad := in
	bad.RawQuery += "&x=1"
	asJSON := func(x any) string {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	_, rsaKey := serviceAccount()
	for _, x := range []any{signed, *signed, v, *v, key, azureKey(secretKey), rsaKey, signing.Verify(bad), signing.Explain(bad, signing.Known{}), struct{ K *signing.SecretKey }{key}} {
		for _, out := range []string{fmt.Sprint(x), fmt.Sprintf("%+v %#v %s %q", x, x, x, x), asJSON(x)} {
			for _, secret := range []string{secretKey[:8], "FwoGZX", "CUSTOMERKEY", "HIDDENVALUE", sig[:16]} {
				if strings.Contains(out, secret) {
					t.Errorf("%T shows %q: %s", x, secret, out)
				}
			}
		}
	}
}

func TestRedact(t *testing.T) {
	for raw, want := range map[string]string{
		"https://h/b/k?X-Amz-Date=1&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835&X-Amz-Security-Token=abc&x=secret": "https://h/b/k?X-Amz-Date=1&X-Amz-Signature=aeee...&X-Amz-Security-Token=[redacted]&x=[redacted]",
		"https://user:pw@h/k?sig=short&sp=r":             "https://h/k?sig=[redacted]&sp=r",
		"https://h/k?%ZZ=1&bare%20value&uploads#secret":  "https://h/k?[redacted]&[redacted]&uploads",
		"s3://ak:sk@bucket":                              "[redacted]",
		"not a URL with sig=abc":                         "[redacted]",
		"HTTPS://h?X-Goog-Signature=0123456789abcdef012": "https://h/?X-Goog-Signature=0123...",
	} {
		if got := signing.Redact(raw); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestMintingRefuses(t *testing.T) {
	good := signing.Request{Method: "GET", Host: "h", Bucket: "b", Key: "k", At: signedAt, Lifetime: time.Hour}
	signer := s3Signer(t, signing.NewSecretKey(secretKey, ""))
	for name, do := range map[string]func(r *signing.Request){
		"no method":                          func(r *signing.Request) { r.Method = "" },
		"a method in lower case":             func(r *signing.Request) { r.Method = "get" },
		"no host":                            func(r *signing.Request) { r.Host = "" },
		"a host with a path":                 func(r *signing.Request) { r.Host = "h/x" },
		"no bucket, virtual-hosted":          func(r *signing.Request) { r.Bucket, r.Style = "", signing.VirtualHosted },
		"a bucket with a slash":              func(r *signing.Request) { r.Bucket = "a/b" },
		"no time":                            func(r *signing.Request) { r.At = time.Time{} },
		"no lifetime":                        func(r *signing.Request) { r.Lifetime = 0 },
		"more than 7 days":                   func(r *signing.Request) { r.Lifetime = signing.MaxLifetime + time.Second },
		"a fraction of a second":             func(r *signing.Request) { r.Lifetime += time.Millisecond },
		"a parameter of the signature's own": func(r *signing.Request) { r.Query = url.Values{"X-Amz-Date": {"1"}} },
		"a Host header":                      func(r *signing.Request) { r.Header = http.Header{"Host": {"x"}} },
		"a header of two lines":              func(r *signing.Request) { r.Header = http.Header{"A": {"x\ny"}} },
	} {
		r := good
		do(&r)
		if s, err := signer.Sign(r); err == nil {
			t.Errorf("%s: got %v, want an error", name, s)
		}
	}
}

func TestSignersAreSafeForConcurrentUse(t *testing.T) {
	key := signing.NewSecretKey(secretKey, "")
	signer := s3Signer(t, key)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				at := signedAt.AddDate(0, 0, (g*200+i)%90)
				s, err := signer.Sign(signing.Request{Method: "GET", Host: "h", Bucket: "b", Key: "k", At: at, Lifetime: time.Hour})
				if err != nil {
					t.Error(err)
					return
				}
				in := fromURL(t, "GET", s.URL, at)
				in.Keys = one(key)
				if v := signing.Verify(in); !v.OK {
					t.Error(v)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestARequestAsAServerReceivesIt(t *testing.T) {
	key := signing.NewSecretKey(secretKey, "")
	var got *signing.Verdict
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		in := signing.Received(r, signedAt)
		in.Keys = one(key)
		got = signing.Verify(in)
	}))
	defer srv.Close()
	signed := mint(t, signing.Request{Method: "PUT", Host: strings.TrimPrefix(srv.URL, "http://"), HTTP: true, Key: "a/../b//c %2F+é", Header: http.Header{"Content-Length": {"5"}, "Content-Type": {"x/y"}}}, key)
	req, err := http.NewRequestWithContext(t.Context(), "PUT", signed.URL, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "x/y")
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if !got.OK || got.Claim.Key != "a/../b//c %2F+é" {
		t.Errorf("got %v, key %q\n%s", got, got.Claim.Key, got.CanonicalRequest)
	}
}

func TestAzurePermissions(t *testing.T) {
	key := azureKey(secretKey)
	signer, err := signing.NewAzureSigner("account", key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sp, blob, method, path, query string
		want                          signing.Cause
		newOnly                       bool
	}{
		{"r", "b", "GET", "/c/b", "", "", false}, {"r", "b", "HEAD", "/c/b", "", "", false}, {"w", "b", "GET", "/c/b", "", signing.CausePermission, false},
		{"r", "b", "PUT", "/c/b", "", signing.CausePermission, false}, {"w", "b", "PUT", "/c/b", "", "", false}, {"c", "b", "PUT", "/c/b", "", "", true},
		{"cw", "b", "PUT", "/c/b", "&comp=block&blockid=AA", "", false}, {"cw", "b", "PUT", "/c/b", "&comp=blocklist", "", false}, {"a", "b", "PUT", "/c/b", "&comp=appendblock", "", false},
		{"rw", "b", "DELETE", "/c/b", "", signing.CausePermission, false}, {"d", "b", "DELETE", "/c/b", "", "", false}, {"d", "b", "DELETE", "/c/b", "&versionid=1", signing.CausePermission, false},
		{"x", "b", "DELETE", "/c/b", "&versionid=1", "", false}, {"w", "b", "PUT", "/c/b", "&comp=metadata", "", false}, {"r", "b", "PATCH", "/c/b", "", signing.CausePermission, false},
		{"rl", "", "GET", "/c", "&restype=container&comp=list", "", false}, {"r", "", "GET", "/c", "&restype=container&comp=list", signing.CausePermission, false},
		{"r", "", "GET", "/c/any/blob", "", "", false}, {"r", "b", "GET", "/c", "&restype=container&comp=list", signing.CauseSignature, false},
		{"racwd", "", "PUT", "/c", "&restype=container", signing.CausePermission, false}, {"l", "", "GET", "/", "&comp=list", signing.CauseSignature, false},
		{"t", "b", "GET", "/c/b", "&comp=tags", "", false},
	} {
		s, err := signer.Sign(signing.AzureRequest{Container: "c", Blob: c.blob, Permissions: c.sp, Expiry: signedAt.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		in := fromURL(t, c.method, s.URL, signedAt)
		in.RawPath, in.RawQuery, in.Keys = c.path, in.RawQuery+c.query, one(key)
		if v := signing.Verify(in); v.Cause != c.want || v.OK != (c.want == "") || v.NewOnly != c.newOnly {
			t.Errorf("sp=%s %s %s%s: got %v (new only %v), want %q", c.sp, c.method, c.path, c.query, v, v.NewOnly, c.want)
		}
	}
}

func TestAzureConditions(t *testing.T) {
	key := azureKey(secretKey)
	signer, err := signing.NewAzureSigner("account", key)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(r signing.AzureRequest) signing.Input {
		r.Container = "c"
		s, err := signer.Sign(r)
		if err != nil {
			t.Fatal(err)
		}
		in := fromURL(t, "GET", s.URL, signedAt)
		in.Keys = one(key)
		return in
	}
	want := func(name string, in signing.Input, cause signing.Cause) {
		t.Helper()
		if v := signing.Verify(in); v.Cause != cause {
			t.Errorf("%s: got %v, want %q", name, v, cause)
		}
	}
	end := signedAt.Add(time.Hour)
	in := sign(signing.AzureRequest{Blob: "b", Permissions: "r", Expiry: end, IPRange: "10.0.0.1-10.0.0.9"})
	for ip, cause := range map[string]signing.Cause{"10.0.0.1": "", "10.0.0.9": "", "::ffff:10.0.0.5": "", "10.0.0.10": signing.CauseAddress} {
		in.Remote = netip.MustParseAddr(ip)
		want("from "+ip, in, cause)
	}
	in = sign(signing.AzureRequest{Blob: "b", Permissions: "r", Expiry: end})
	in.Time = end
	want("at its expiry", in, signing.CauseExpired)
	in.Time = end.Add(-time.Nanosecond)
	want("just before its expiry", in, "")
	in = sign(signing.AzureRequest{Blob: "b", Policy: "p"})
	want("a policy that is not there", in, signing.CausePolicy)
	in.Policy = func(c, id string) (signing.Policy, bool) {
		return signing.Policy{Permissions: "r", Expiry: end}, c == "c" && id == "p"
	}
	want("a policy that permits", in, "")
	in.Method = "PUT"
	want("a policy that doesn't permit", in, signing.CausePermission)
	in = sign(signing.AzureRequest{Directory: "a/b", Blob: "a/b/c/d", Permissions: "r", Expiry: end, Version: "2020-12-06"})
	want("below the directory", in, "")
	in.RawPath = "/c/a/b2/c"
	want("beside the directory", in, signing.CauseSignature)
	in = sign(signing.AzureRequest{Blob: "b", Permissions: "r", Expiry: end})
	in.Host, in.RawPath = "127.0.0.1:10000", "/account/c/b"
	want("the account in the path, as Azurite has it", in, "")
	in.Host, in.RawPath = "account-secondary.blob.core.windows.net", "/c/b"
	want("the secondary endpoint", in, "")
}
