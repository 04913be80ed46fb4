package bucket_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/reference/address"
)

func TestOpenRefuses(t *testing.T) {
	sound := bucket.Options{HTTP: (&recorder{}).client()}
	with := func(a *address.Address, secret string) *address.Address {
		a.Credentials.Secret = address.NewSecret(secret)
		return a
	}
	for _, c := range []struct {
		name string
		a    *address.Address
		o    bucket.Options
		want string
	}{
		{"no address", nil, sound, "no address"},
		{"no client", addressOf("aws"), bucket.Options{}, "no HTTP client"},
		{"a client without a transport of its own", addressOf("aws"), bucket.Options{HTTP: &http.Client{}}, "no HTTP client"},
		{"an unknown provider", &address.Address{Provider: "ftp", Bucket: "b", Endpoint: "h"}, sound, "unknown provider"},
		{"a CoreWeave bucket that the SDK would silently address by path", &address.Address{Provider: address.CoreWeave, Endpoint: "cwobject.com", Bucket: "a_b", TLS: true}, sound, "virtual-hosted"},
		{"an endpoint with credentials", addressOf("aws"), bucket.Options{HTTP: sound.HTTP, Endpoint: "https://k:CANARY@host"}, "credentials"},
		{"an endpoint that is no URL", addressOf("aws"), bucket.Options{HTTP: sound.HTTP, Endpoint: "https://k:CA/NARY@host"}, "no http or https URL"},
		{"a private key that is no PEM", with(addressOf("gcp"), "CANARY"), sound, "no PEM block"},
		{"a private key cut off", with(addressOf("gcp"), privateKey()[:900]), sound, "private key"},
		{"a PEM with something else in it", with(addressOf("gcp"), "-----BEGIN PRIVATE KEY-----\nQ0FOQVJZ\n-----END PRIVATE KEY-----\n"), sound, "PKCS"},
		{"an account key that is no base64", with(addressOf("azure"), "CANARY!"), sound, "base64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := bucket.Open(t.Context(), c.a, c.o)
			if err == nil {
				t.Fatalf("got a bucket %v, want an error with %q", b, c.want)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want %q in it", err, c.want)
			}
			if shown := leaks(err.Error()); shown != "" {
				t.Errorf("the error shows %q: %v", shown, err)
			}
		})
	}
}

func TestOpenSendsNothing(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, p := range allProviders {
		for _, without := range []bool{false, true} {
			r := &recorder{}
			a := addressOf(p)
			if without {
				a.Credentials = address.Credentials{}
			}
			b, err := bucket.Open(t.Context(), a, bucket.Options{HTTP: r.client()})
			if err != nil {
				t.Errorf("%s: %v", p, err)
				continue
			}
			if len(r.requests) != 0 {
				t.Errorf("%s: %d requests on opening, want none", p, len(r.requests))
			}
			if owner := strings.Contains(b.Identity, "owner"); owner != without {
				t.Errorf("%s without credentials %v: identity is %q", p, without, b.Identity)
			}
			if (b.Multipart == nil) != (p == "azure") || (b.Blocks != nil) != (p == "azure") {
				t.Errorf("%s: multipart %v, blocks %v", p, b.Multipart != nil, b.Blocks != nil)
			}
			if shown := leaks(fmt.Sprintf("%v %+v %#v %s", b, b, b, b.GomegaString())); shown != "" {
				t.Errorf("%s: printing the bucket shows %q", p, shown)
			}
		}
	}
}

func TestOpenSaysWhatToDoAboutACABundle(t *testing.T) {
	t.Setenv("AWS_CA_BUNDLE", "/some/bundle.pem")
	a := addressOf("aws")
	a.Credentials = address.Credentials{}
	_, err := bucket.Open(t.Context(), a, bucket.Options{HTTP: (&recorder{}).client()})
	if err == nil || !strings.Contains(err.Error(), "AWS_CA_BUNDLE") {
		t.Errorf("got %v, want an error about AWS_CA_BUNDLE", err)
	}
}

func TestSessionTokenBelongsToItsKey(t *testing.T) {
	for _, c := range []struct {
		name, id string
		want     string
	}{
		{"the environment names the address's key", accessKey, token},
		{"the environment names another key", "ANOTHERACCESSKEY0001", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", c.id)
			t.Setenv("AWS_SESSION_TOKEN", token)
			r := &recorder{}
			b := open(t, "aws", "", r.client())
			if err := b.Exists(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := r.requests[0].Header.Get("X-Amz-Security-Token"); got != c.want {
				t.Errorf("got token %q, want %q", got, c.want)
			}
			if shown := leaks(b.Identity); shown != "" {
				t.Errorf("the identity shows %q", shown)
			}
		})
	}
}

// leaks returns the first piece of a secret that is in a text.
func leaks(text string) string {
	pieces := []string{"CANARY", "CaNaRy", "aNaRy", secretKey, token, accountKey, accountKey[4:24], "-Signature=", "sig=", "BEGIN PRIVATE"}
	for _, line := range strings.Split(privateKey(), "\n") {
		if len(line) > 20 && !strings.HasPrefix(line, "-") {
			pieces = append(pieces, line)
		}
	}
	pieces = append(pieces, base64.StdEncoding.EncodeToString([]byte(secretKey)))
	for _, p := range pieces {
		if strings.Contains(text, p) {
			return p
		}
	}
	return ""
}
