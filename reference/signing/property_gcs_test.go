package signing_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// serviceAccount makes one RSA key for all tests of this package's process.
var serviceAccount = sync.OnceValues(func() (pemText []byte, key *signing.RSAKey) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		panic(err)
	}
	pemText = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if key, err = signing.ParseRSAKey(pemText); err != nil {
		panic(err)
	}
	return pemText, key
})

const email = "wandb-integration@example.iam.gserviceaccount.com"

func TestGCSAgreesWithGoogle(t *testing.T) {
	d := newDice(t, 3)
	pemText, key := serviceAccount()
	signer, err := signing.NewGCSSigner(email, key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		r := signing.Request{Method: d.method(), Host: d.of("storage.googleapis.com", "localhost:4443", "storage.example.com", "storage.googleapis.com:443"), HTTP: d.IntN(2) == 0,
			Style: signing.Style(d.IntN(3)), Bucket: d.of("bucket", "b-2", "dotted.bucket"), Key: d.key(), Header: http.Header{}, Query: d.query("X-User", "uploadId", "partNumber", "prefix", "a b", "ä"), Lifetime: d.lifetime()}
		if r.Style != signing.PathStyle {
			// Without a bucket in the path, Google's library signs "//key" for "/key" but prints "/key": a URL that no
			// verifier can accept.
			r.Key = strings.TrimLeft(r.Key, "/")
		}
		o := &storage.SignedURLOptions{GoogleAccessID: email, PrivateKey: pemText, Method: r.Method, Insecure: r.HTTP, Scheme: storage.SigningSchemeV4,
			QueryParameters: r.Query, Hostname: r.Host, Expires: time.Now().Add(r.Lifetime)}
		switch r.Style {
		case signing.VirtualHosted:
			o.Style = storage.VirtualHostedStyle()
		case signing.BucketBound:
			o.Style = storage.BucketBoundHostname(r.Host)
		}
		// Google's library drops a header with an empty value, keeps "\t" where its regexp sees one, and takes a ":" in a
		// name for the end of it; header() makes none of these.
		for name, values := range d.header() {
			r.Header[name] = values
			for _, v := range values {
				o.Headers = append(o.Headers, name+":"+v)
			}
		}
		if d.IntN(4) == 0 {
			o.ContentType = "text/plain"
			r.Header.Del("Content-Type")
			o.Headers = drop(o.Headers, "Content-Type")
			r.Header.Set("Content-Type", o.ContentType)
		}
		theirs, err := storage.SignedURL(r.Bucket, r.Key, o)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(theirs)
		if err != nil {
			t.Fatal(err)
		}
		r.At = mustTime(t, "20060102T150405Z", u.Query().Get("X-Goog-Date"))
		seconds := u.Query().Get("X-Goog-Expires")
		if r.Lifetime, err = time.ParseDuration(seconds + "s"); err != nil {
			t.Fatal(err)
		}
		if r.Lifetime == 0 {
			continue // 1 s that Google's library cuts to 0
		}
		in := sent(t, r.Method, theirs, r.Header, r.At)
		in.Keys = one(key)
		if v := signing.Verify(in); !v.OK {
			t.Fatalf("case %d: theirs: got %v\n%s\n%s\n%q %q", i, v, v.CanonicalRequest, theirs, r.Header, r.Query)
		}
		ours, err := signer.Sign(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := signature(t, ours.URL, "X-Goog-Signature"), signature(t, theirs, "X-Goog-Signature"); got != want {
			t.Fatalf("case %d:\ngot  %s\nwant %s", i, ours.URL, theirs)
		}
		in = sent(t, r.Method, ours.URL, ours.Header, r.At)
		in.Keys = one(key)
		if v := signing.Verify(in); !v.OK || v.Claim.CredentialID != email {
			t.Fatalf("case %d: ours: got %v", i, v)
		}
	}
}

func drop(headers []string, name string) []string {
	var out []string
	for _, h := range headers {
		if !strings.HasPrefix(h, name+":") {
			out = append(out, h)
		}
	}
	return out
}

func TestGCSHMACRoundTrip(t *testing.T) {
	d := newDice(t, 4)
	for i := range cases {
		key := signing.NewSecretKey(d.secret(), "")
		signer, err := signing.NewGCSHMACSigner("GOOG1EXAMPLE", key, d.of("auto", "us-central1", "EU"))
		if err != nil {
			t.Fatal(err)
		}
		r := signing.Request{Method: d.method(), Host: "storage.googleapis.com", Style: signing.Style(d.IntN(2)), Bucket: "bucket", Key: d.key(), Header: d.header(), Query: d.query("X-User", "uploadId"), At: d.time(), Lifetime: d.lifetime()}
		ours, err := signer.Sign(r)
		if err != nil {
			t.Fatal(err)
		}
		in := sent(t, r.Method, ours.URL, ours.Header, r.At)
		in.Keys = one(key)
		v := signing.Verify(in)
		if !v.OK || v.Claim.Bucket != r.Bucket || v.Claim.Key != r.Key {
			t.Fatalf("case %d: got %v, bucket %q key %q, want %q", i, v, v.Claim.Bucket, v.Claim.Key, r.Key)
		}
		in.Keys = one(signing.NewSecretKey("another", ""))
		if v := signing.Verify(in); v.OK || v.Stage != signing.StageSignature {
			t.Fatalf("case %d: another secret: got %v", i, v)
		}
	}
}
