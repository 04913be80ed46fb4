package stores_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/signing"
	"github.com/bucketproof/bucketproof/reports"
)

const storageScope = "https://www.googleapis.com/auth/devstorage."

// privateKey is the key in a bucket's address.
func privateKey(t *testing.T, b *stores.Bucket) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(read(t, b).secret))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal("the address's key can't be read")
	}
	return key.(*rsa.PrivateKey)
}

// jwt signs claims; a nil key makes a signature of no bytes.
func jwt(t *testing.T, key *rsa.PrivateKey, algorithm string, claims map[string]any) string {
	t.Helper()
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := encode(map[string]string{"alg": algorithm, "typ": "JWT"}) + "." + encode(claims)
	if key == nil {
		return text + "."
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func otherKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSignedURLsOfGCSAreGoodForWhatTheySayAlone(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	b := provision(t, h, stores.GCP, stores.Setup{})
	a, c := read(t, b), client(t, b, nil)
	key, err := signing.ParseRSAKey([]byte(a.secret))
	if err != nil {
		t.Fatal(err)
	}
	mint := func(key *signing.RSAKey, r signing.Request) string {
		signer, err := signing.NewGCSSigner(a.id, key)
		if err != nil {
			t.Fatal(err)
		}
		if r.Host == "" {
			r.Host = "storage.googleapis.com"
		}
		if r.At.IsZero() {
			r.At = time.Now().Truncate(time.Second)
		}
		if r.Lifetime == 0 {
			r.Lifetime = time.Minute
		}
		r.Bucket = a.bucket
		signed, err := signer.Sign(r)
		if err != nil {
			t.Fatal(err)
		}
		return signed.URL
	}
	strangers := func() *signing.RSAKey {
		der, err := x509.MarshalPKCS8PrivateKey(otherKey(t))
		if err != nil {
			t.Fatal(err)
		}
		k, err := signing.ParseRSAKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}()
	typed := http.Header{"Content-Type": {"text/plain"}, "X-Goog-Meta-A": {"b"}}
	put := signing.Request{Method: "PUT", Key: "k"}
	withHeaders := signing.Request{Method: "PUT", Key: "k", Header: typed}
	old, future := put, put
	old.At, future.At = time.Now().Add(-2*time.Minute).Truncate(time.Second), time.Now().Add(26*time.Hour).Truncate(time.Second)
	elsewhere := put
	elsewhere.Host = "www.googleapis.com"
	replace := func(u, from, to string) string {
		if !strings.Contains(u, from) {
			t.Fatalf("nothing to spoil: no %q", from)
		}
		return strings.Replace(u, from, to, 1)
	}
	spoil := func(u string) string {
		last := "0"
		if strings.HasSuffix(u, "0") {
			last = "1"
		}
		return u[:len(u)-1] + last
	}
	plain, _, _ := strings.Cut(mint(key, put), "?")
	tests := []struct {
		name, method, url string
		header            http.Header
		status            int
		code              string
	}{
		{"as it is", "PUT", mint(key, put), nil, 200, ""},
		{"with its signed headers", "PUT", mint(key, withHeaders), typed, 200, ""},
		{"a tampered signature", "PUT", spoil(mint(key, put)), nil, 403, "SignatureDoesNotMatch"},
		{"an empty signature", "PUT", mint(key, put)[:strings.Index(mint(key, put), "X-Goog-Signature=")] + "X-Goog-Signature=", nil, 400, ""},
		{"no signature", "PUT", mint(key, put)[:strings.Index(mint(key, put), "&X-Goog-Signature=")], nil, 400, ""},
		{"another method", "DELETE", mint(key, put), nil, 403, "SignatureDoesNotMatch"},
		{"another object", "PUT", replace(mint(key, put), "/k?", "/l?"), nil, 403, "SignatureDoesNotMatch"},
		{"an object below it", "PUT", replace(mint(key, put), "/k?", "/k/l?"), nil, 403, "SignatureDoesNotMatch"},
		{"expired", "PUT", mint(key, old), nil, 400, "ExpiredToken"},
		{"expired, and edited to live longer", "PUT", replace(mint(key, old), "X-Goog-Expires=60", "X-Goog-Expires=600"), nil, 403, "SignatureDoesNotMatch"},
		{"living more than 7 days", "PUT", replace(mint(key, put), "X-Goog-Expires=60", "X-Goog-Expires=604801"), nil, 400, ""},
		{"dated tomorrow", "PUT", mint(key, future), nil, 403, "RequestTimeTooSkewed"},
		{"a signed header changed", "PUT", mint(key, withHeaders), http.Header{"Content-Type": {"text/html"}, "X-Goog-Meta-A": {"b"}}, 403, "SignatureDoesNotMatch"},
		{"a signed header dropped", "PUT", mint(key, withHeaders), http.Header{"Content-Type": {"text/plain"}}, 400, "MalformedSecurityHeader"},
		{"an x-goog header not signed", "PUT", mint(key, put), http.Header{"X-Goog-Acl": {"public-read"}}, 400, "MalformedSecurityHeader"},
		{"a parameter not signed", "PUT", mint(key, put) + "&X-User=root", nil, 403, "SignatureDoesNotMatch"},
		{"a parameter repeated", "PUT", mint(key, put) + "&X-Goog-Expires=600", nil, 400, ""},
		{"no query at all", "PUT", plain, nil, 403, "AccessDenied"},
		{"another key", "PUT", mint(strangers, put), nil, 403, "SignatureDoesNotMatch"},
		{"another account", "PUT", replace(mint(key, put), "wandb-bucketproof", "wandb-other"), nil, 403, "InvalidSecurity"},
		{"for another host", "PUT", replace(mint(key, elsewhere), "//www.", "//storage."), nil, 403, "SignatureDoesNotMatch"},
		{"at the other API's host", "PUT", mint(key, elsewhere), nil, 400, "InvalidURI"},
		{"beside a token that isn't one", "PUT", mint(key, put), http.Header{"Authorization": {"Bearer x"}}, 401, "AuthenticationRequired"},
		{"V2", "PUT", plain + "?GoogleAccessId=" + url.QueryEscape(a.id) + "&Expires=4000000000&Signature=eA%3D%3D", nil, 501, "NotImplemented"},
		{"S3's signature", "PUT", plain + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", nil, 501, "NotImplemented"},
		{"on the JSON API", "GET", a.base + "/storage/v1/b/" + a.bucket + "/o/k?" + strings.SplitN(mint(key, put), "?", 2)[1], nil, 401, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := b.Put(t.Context(), "k", []byte("before")); err != nil {
				t.Fatal(err)
			}
			before := inventory(t, b)
			r, err := http.NewRequestWithContext(t.Context(), test.method, test.url, strings.NewReader("after"))
			if err != nil {
				t.Fatal("the URL can't be used")
			}
			for k, v := range test.header {
				r.Header[k] = v
			}
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.status || test.code != "" && !strings.Contains(string(body), "<Error><Code>"+test.code+"</Code>") {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, test.status, test.code)
			}
			after := inventory(t, b)
			if changed := after["k"] != before["k"] || len(after) != len(before); changed != (test.status == 200) {
				t.Errorf("the bucket changed: %t; %v", changed, after)
			}
		})
	}
}

func TestTokensLetInWhomTheyNameAlone(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	a, c, key := read(t, b), client(t, b, nil), privateKey(t, b)
	now := time.Now().Unix()
	with := func(change map[string]any) map[string]any {
		m := map[string]any{"iss": a.id, "sub": a.id, "scope": storageScope + "full_control", "iat": now, "exp": now + 3600}
		for k, v := range change {
			if m[k] = v; v == nil {
				delete(m, k)
			}
		}
		return m
	}
	tests := []struct {
		name, token  string
		json, xml    int // of a GET
		write        int // of a PUT by the XML API
		xmlCode, why string
	}{
		{"signed by the account, with a scope", jwt(t, key, "RS256", with(nil)), 200, 404, 200, "NoSuchKey", ""},
		{"signed by the account, for the service", jwt(t, key, "RS256", with(map[string]any{"scope": nil, "aud": "https://storage.googleapis.com/"})), 200, 404, 200, "NoSuchKey", ""},
		{"to read only", jwt(t, key, "RS256", with(map[string]any{"scope": storageScope + "read_only"})), 200, 404, 403, "NoSuchKey", ""},
		{"for another service's scope", jwt(t, key, "RS256", with(map[string]any{"scope": "https://www.googleapis.com/auth/drive"})), 403, 403, 403, "AccessDenied", "forbidden"},
		{"for another service", jwt(t, key, "RS256", with(map[string]any{"aud": "https://pubsub.googleapis.com/"})), 401, 401, 401, "AuthenticationRequired", "authError"},
		{"signed by another key", jwt(t, otherKey(t), "RS256", with(nil)), 401, 401, 401, "AuthenticationRequired", "authError"},
		{"not signed", jwt(t, nil, "none", with(nil)), 401, 401, 401, "AuthenticationRequired", "authError"},
		{"another algorithm named", jwt(t, key, "HS256", with(nil)), 401, 401, 401, "AuthenticationRequired", "authError"},
		{"expired", jwt(t, key, "RS256", with(map[string]any{"iat": now - 3700, "exp": now - 100})), 401, 401, 401, "AuthenticationRequired", "authError"},
		{"living for a day", jwt(t, key, "RS256", with(map[string]any{"exp": now + 86400})), 401, 401, 401, "AuthenticationRequired", "authError"},
		{"of tomorrow", jwt(t, key, "RS256", with(map[string]any{"iat": now + 86400, "exp": now + 90000})), 401, 401, 401, "AuthenticationRequired", "authError"},
		{"of another account", jwt(t, key, "RS256", with(map[string]any{"iss": "other@x.iam.gserviceaccount.com", "sub": "other@x.iam.gserviceaccount.com"})), 401, 401, 401, "AuthenticationRequired", "authError"},
		{"made up", "ya29.nobody", 401, 401, 401, "AuthenticationRequired", "authError"},
		{"none", "", 401, 403, 403, "AccessDenied", "required"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			do := func(method, target string) (int, string) {
				r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader("x"))
				if err != nil {
					t.Fatal(err)
				}
				if test.token != "" {
					r.Header.Set("Authorization", "Bearer "+test.token)
				}
				resp, err := c.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				body, _ := io.ReadAll(resp.Body)
				return resp.StatusCode, string(body)
			}
			if status, body := do("GET", a.base+"/storage/v1/b/"+a.bucket); status != test.json || test.why != "" && !strings.Contains(body, `"reason":"`+test.why+`"`) {
				t.Errorf("JSON API: got %d %s, want %d %s", status, body, test.json, test.why)
			}
			if status, body := do("GET", a.objectURL("k")); status != test.xml || !strings.Contains(body, "<Code>"+test.xmlCode+"</Code>") {
				t.Errorf("XML API: got %d %s, want %d %s", status, body, test.xml, test.xmlCode)
			}
			if status, body := do("PUT", a.objectURL("new")); status != test.write {
				t.Errorf("PUT: got %d %s, want %d", status, body, test.write)
			}
			if got := len(inventory(t, b)); got > 0 != (test.write == 200) {
				t.Errorf("the bucket has %d objects", got)
			}
			if test.write == 200 {
				do("DELETE", a.objectURL("new"))
			}
		})
	}
}

func TestScopesReachAsFarAsGoogleDocuments(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	a, c, key := read(t, b), client(t, b, nil), privateKey(t, b)
	now := time.Now().Unix()
	bucket := a.base + "/storage/v1/b/" + a.bucket
	for _, test := range []struct {
		scope                                string
		read, write, change, policy, amended int
	}{
		{storageScope + "read_only", 200, 403, 403, 403, 403},
		{storageScope + "read_write", 200, 200, 403, 403, 403},
		{storageScope + "full_control", 200, 200, 200, 200, 200},
		{"https://www.googleapis.com/auth/cloud-platform", 200, 200, 200, 200, 200},
		{"https://www.googleapis.com/auth/cloud-platform.read-only", 200, 403, 403, 403, 403},
	} {
		t.Run(test.scope, func(t *testing.T) {
			if err := b.Put(t.Context(), "k", []byte("x")); err != nil {
				t.Fatal(err)
			}
			token := jwt(t, key, "RS256", map[string]any{"iss": a.id, "sub": a.id, "scope": test.scope, "iat": now, "exp": now + 3600})
			for _, try := range []struct {
				method, target, body string
				want                 int
			}{
				{"GET", bucket, "", test.read}, {"PUT", a.objectURL("k"), "y", test.write},
				{"PATCH", bucket, `{"labels":{"a":"b"}}`, test.change}, {"GET", bucket + "/iam", "", test.policy}, {"PATCH", bucket + "/o/k", `{"cacheControl":"no-store"}`, test.amended},
			} {
				r, err := http.NewRequestWithContext(t.Context(), try.method, try.target, strings.NewReader(try.body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Authorization", "Bearer "+token)
				resp, err := c.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != try.want || try.want == 403 && !strings.Contains(string(body), "Provided scope(s) are not authorized") {
					t.Errorf("%s %s: got %d %s, %v; want %d", try.method, try.target, resp.StatusCode, body, err, try.want)
				}
			}
		})
	}
}

func TestTheTokenEndpointTrustsTheAccountsKeyAlone(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	a, c, key := read(t, b), client(t, b, nil), privateKey(t, b)
	now := time.Now().Unix()
	const endpoint, grant = "https://oauth2.googleapis.com/token", "urn:ietf:params:oauth:grant-type:jwt-bearer"
	claims := func(aud, scope string) map[string]any {
		return map[string]any{"iss": a.id, "aud": aud, "scope": scope, "iat": now, "exp": now + 3600}
	}
	for _, test := range []struct {
		name, grant, assertion string
		status                 int
		code                   string
	}{
		{"the account's", grant, jwt(t, key, "RS256", claims(endpoint, storageScope+"read_write")), 200, ""},
		{"another key", grant, jwt(t, otherKey(t), "RS256", claims(endpoint, storageScope+"read_write")), 400, "invalid_grant"},
		{"another audience", grant, jwt(t, key, "RS256", claims("https://example.com/", storageScope+"read_write")), 400, "invalid_grant"},
		{"no scope", grant, jwt(t, key, "RS256", claims(endpoint, "")), 400, "invalid_scope"},
		{"no assertion", grant, "", 400, "invalid_grant"},
		{"another grant", "client_credentials", "", 400, "unsupported_grant_type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, err := c.PostForm(endpoint, url.Values{"grant_type": {test.grant}, "assertion": {test.assertion}})
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var got struct {
				Error string `json:"error"`
				Token string `json:"access_token"`
			}
			if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.status || got.Error != test.code || (got.Token != "") != (test.status == 200) {
				t.Errorf("got %d %q, want %d %q", resp.StatusCode, got.Error, test.status, test.code)
			}
			if got.Token != "" && !strings.HasPrefix(got.Token, b.Secrets[len(b.Secrets)-1]) {
				t.Error("the token is not among the bucket's secrets")
			}
		})
	}
}

func TestGCSWithoutItsChecksSaysSo(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{Unverified: true})
	for _, f := range b.Store.Fidelity {
		switch f.What {
		case reports.FidelitySignatures, reports.FidelityIdentity, reports.FidelityClock, reports.FidelityPermissions:
			if f.Enforced != "no" {
				t.Errorf("%s: got %q, want no; %s", f.What, f.Enforced, f.Seen)
			}
		}
	}
	if resp, body := ask(t, client(t, b, nil), http.MethodPut, read(t, b).objectURL("k"), "", strings.NewReader("x")); resp.StatusCode != 200 {
		t.Errorf("PUT by nobody: got %d %s", resp.StatusCode, body)
	}
}
