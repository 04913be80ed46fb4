package address_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
)

const serviceAccount = "wandb@example-project.iam.gserviceaccount.com"

// goodKey is the PEM key of the vectors, and its base64 without the first and last line.
func goodKey(t *testing.T) (key, body string) {
	t.Helper()
	v := vectorNamed(t, "BYOB-ADDR-007", "the documented GCS address")
	return v.Want.Fields["secret"], v.Secrets[0]
}

func TestAServiceAccountsKeySurvivesUnchanged(t *testing.T) {
	key, _ := goodKey(t)
	fresh, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if block, _ := pem.Decode([]byte(key)); block == nil {
		t.Fatal("the vectors' key is no PEM block")
	} else if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		t.Fatalf("the vectors' key is no PKCS#8 key: %v", err)
	}
	for name, k := range map[string]string{
		"the key of the vectors":       key,
		"a fresh PKCS#8 key":           string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		"a fresh PKCS#1 key":           string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(fresh)})),
		"without a line break at last": strings.TrimSpace(key),
		"with line breaks of Windows":  strings.ReplaceAll(key, "\n", "\r\n"),
		"with an empty line before":    "\n" + key,
	} {
		for by, encode := range map[string]func(string) string{"PathEscape": url.PathEscape, "QueryEscape": url.QueryEscape} {
			a, err := address.Parse("gs://"+serviceAccount+":"+encode(k)+"@wandb-files", address.Options{})
			if err != nil {
				t.Errorf("%s, encoded by %s: %v", name, by, err)
				continue
			}
			if got := a.Credentials.Secret.Reveal(); got != k {
				t.Errorf("%s, encoded by %s: the key has changed", name, by)
			}
		}
	}
}

func TestAKeyThatIsNoServiceAccountsIsRefused(t *testing.T) {
	key, body := goodKey(t)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(elliptical)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, key, says string }{
		{"an HMAC secret", sk, "no private key in PEM form"},
		{"a whole JSON key file", `{"private_key": "` + body + `"}`, "JSON key file"},
		{"line breaks as JSON writes them", strings.ReplaceAll(key, "\n", `\n`), `\n as two characters`},
		{"no line breaks", strings.ReplaceAll(key, "\n", ""), "lost its line breaks"},
		{"line breaks become spaces", strings.ReplaceAll(key, "\n", " "), "lost its line breaks"},
		{"encoded twice", url.PathEscape(key), "percent-encoded twice"},
		{"a plus become a space", strings.Replace(key, "+", " ", 1), "must be %2B"},
		{"a character lost", strings.Replace(key, "MIIE", "MIE", 1), "damaged"},
		{"half a key", key[:len(key)/2], "damaged"},
		{"a last line of another kind", strings.Replace(key, "END PRIVATE", "END RSA PRIVATE", 1), "damaged"},
		{"a key of an elliptic curve", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "no RSA key"},
		{"a key with a passphrase", strings.ReplaceAll(key, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "passphrase"},
		{"a certificate", strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE"), "something other"},
		{"base64 that is no ASN.1", "-----BEGIN PRIVATE KEY-----\nQUJDREVGR0g=\n-----END PRIVATE KEY-----\n", "no RSA key"},
		{"an empty block", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "damaged"},
		{"two keys", key + key, "damaged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := address.Parse("gs://"+serviceAccount+":"+url.PathEscape(tt.key)+"@wandb-files", address.Options{})
			var e *address.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *address.Error", err)
			}
			if e.Requirement != "BYOB-ADDR-007" || !strings.Contains(e.Error(), tt.says) {
				t.Errorf("got  %v\nwant BYOB-ADDR-007, saying %q", e, tt.says)
			}
			if address.Leaks(e.Error(), body, sk) {
				t.Error("the error holds a piece of the key")
			}
		})
	}
}

func TestAnAccountKeyIsBase64(t *testing.T) {
	key := vectorNamed(t, "BYOB-ADDR-008", "the documented Azure address").Want.Fields["secret"]
	if !strings.Contains(key, "+") || !strings.Contains(key, "/") || !strings.HasSuffix(key, "==") {
		t.Fatal("the vectors' account key lacks one of + / =, and so proves nothing")
	}
	parse := func(key string) (*address.Address, error) {
		return address.Parse("az://:"+key+"@wandbstorage/wandb-files", address.Options{})
	}
	for name, raw := range map[string]string{
		"everything encoded": url.QueryEscape(key), "plus and equals signs raw": strings.ReplaceAll(key, "/", "%2F"),
	} {
		if a, err := parse(raw); err != nil || a.Credentials.Secret.Reveal() != key {
			t.Errorf("%s: got %v, want the key unchanged", name, err)
		}
	}
	for _, tt := range []struct{ name, key, says string }{
		{"a plus become a space", strings.ReplaceAll(key, "+", " "), "%2B"},
		{"encoded twice", url.QueryEscape(key), "twice"},
		{"a SAS token", "sv=2024-01-01&sig=" + key, "SAS token"},
		{"a connection string", "DefaultEndpointsProtocol=https;AccountKey=" + key, "AccountKey="},
		{"a line break at its end", key + "\n", "%0A"},
		{"base64 for URLs", base64.URLEncoding.EncodeToString([]byte(strings.Repeat("\xfb\xef\xff", 22))), "account key again"},
		{"a padding sign lost", strings.TrimSuffix(key, "="), "account key again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(url.PathEscape(tt.key))
			var e *address.Error
			if !errors.As(err, &e) || e.Requirement != "BYOB-ADDR-008" || !strings.Contains(e.Error(), tt.says) {
				t.Fatalf("got  %v\nwant BYOB-ADDR-008, saying %q", err, tt.says)
			}
			if address.Leaks(e.Error(), key) {
				t.Error("the error holds a piece of the key")
			}
		})
	}
}
