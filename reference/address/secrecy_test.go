package address_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/onsi/gomega/format"

	"github.com/bucketproof/bucketproof/reference/address"
)

const verbs = "v +v #v s q d x X t T p"

// forms prints x in every way that fmt, JSON and Gomega know.
func forms(x any) map[string]string {
	out := map[string]string{}
	for verb := range strings.FieldsSeq(verbs) {
		out["%"+verb] = fmt.Sprintf("%"+verb, x)
	}
	text, _ := json.Marshal(x)
	out["JSON"], out["Gomega"] = string(text), format.Object(x, 1)
	return out
}

func TestNoVerbShowsASecret(t *testing.T) {
	a := mustParse(t, fill("s3://AK:SK@minio:9000/wandb-files?region=r"), address.Options{})
	stores, err := address.ParseStores(fill("s3://AK:SK@minio:9000/wandb-files?region=r"), address.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, refusal := address.Parse(fill("s3://AK:x/SK@minio:9000/wandb-files?region=r"), address.Options{})
	_, listRefusal := address.ParseStores(fill("s3://AK:x/SK@minio:9000/wandb-files?region=r"), address.Options{})
	type exported struct {
		A *address.Address
		C address.Credentials
		S address.Secret
	}
	for name, x := range map[string]any{
		"an address": a, "an address by value": *a, "credentials": a.Credentials, "a pointer to credentials": &a.Credentials,
		"a secret": a.Credentials.Secret, "a list": stores, "a list by value": *stores, "addresses": stores.Addresses,
		"an error": refusal, "an error of a list": listRefusal,
		"a struct": exported{a, a.Credentials, a.Credentials.Secret}, "a map": map[string]any{"a": *a, "s": a.Credentials.Secret},
	} {
		for how, text := range forms(x) {
			if address.Leaks(text, sk) {
				t.Errorf("%s by %s: got a piece of the secret", name, how)
			}
			// %p, which vet forbids here, calls no method; the secret is behind a handle even so.
			if strings.Contains(text, ak) && how != "%p" {
				t.Errorf("%s by %s: got the access key", name, how)
			}
		}
	}
	// fmt calls no method of an unexported field: it prints what is in it.
	hidden := struct {
		a address.Address
		s address.Secret
	}{*a, a.Credentials.Secret}
	for verb := range strings.FieldsSeq(verbs) {
		if address.Leaks(fmt.Sprintf("%"+verb, hidden), sk) {
			t.Errorf("an unexported field by %%%s: got a piece of the secret", verb)
		}
	}
}

func TestSecretsAreComparedByTheirContents(t *testing.T) {
	if address.NewSecret("x"+sk) != address.NewSecret("x"+strings.Clone(sk)) || address.NewSecret(sk) == address.NewSecret("x") {
		t.Error("got secrets that are not compared by their contents")
	}
	if s := address.NewSecret(""); !s.IsZero() || s.Reveal() != "" || s != (address.Secret{}) {
		t.Error("got a secret out of the empty string")
	}
	if got := fmt.Sprint(address.Credentials{}); got != "none" {
		t.Errorf("got %q for no credentials, want none", got)
	}
}

// TestNoErrorRepeatsACanary plants a secret wherever an address can be wrong, and looks for six characters of it.
func TestNoErrorRepeatsACanary(t *testing.T) {
	seed := uint64(20250904)
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, seed))
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	const awkward = letters + letters + "/+=@:%#? ,;&<>\"'\\\n\x00{}"
	draw := func(from string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = from[r.IntN(len(from))]
		}
		return string(b)
	}
	templates := []string{
		"CANARY", "CANARY://x", "x CANARY", "s3:CANARY", "s3:/CANARY", "http://CANARY", "https://AK:CANARY@s3.us-east-1.amazonaws.com/b",
		"gcs://e@x.example:CANARY@b", "CANARY:x@s3.us-east-1.amazonaws.com/b", "\"s3://AK:CANARY@h/b\"",
		"cw://CANARY", "cw://CANARY@cwobject.com/b", "cw://AK:CANARY@cwobject.com/wandb", "cw://AK:CANARY@cwlota.com/wandb",
		"cw://AK:CANARY@evil.example/wandb", "cw://AK:CANARY@bucket", "cw://AK:x@CANARY/wandb", "cw://AK:x@cwobject.com/CANARY",
		"cw://AK:x@cwobject.com/b/../CANARY", "cw://AK:x@cwobject.com/wandb?CANARY", "cw://AK:x@cwobject.com/wandb?tls=CANARY",
		"cw://CANARY.cwobject.com", "cw://cwobject.com/CANARY", "cw://AK:<CANARY>@cwobject.com/b",
		"s3://CANARY", "s3://CANARY:9000/b", "s3://AK:CANARY", "s3://AK:CANARY/b", "s3://AK@CANARY", "s3://CANARY@s3.us-east-1.amazonaws.com/b",
		"s3://:CANARY@s3.us-east-1.amazonaws.com/b", "s3://CANARY:@s3.us-east-1.amazonaws.com/b", "s3://CANARY:AK@s3.us-east-1.amazonaws.com/wandb",
		"s3://AK:CANARY@s3.us-east-1.amazonaws.com/wandb?region=eu-west-1", "s3://AK:CANARY@s3.us-east-1.amazonaws.com/W",
		"s3://AK:x@s3.CANARY.amazonaws.com/wandb", "s3://AK:x@CANARY.s3.us-east-1.amazonaws.com/wandb", "s3://AK:x@h:CANARY/wandb?region=r",
		"s3://AK:x@[CANARY]:9000/wandb", "s3://AK:x@[::1]CANARY/wandb", "s3://AK:CANARY@minio:9000/wandb", "s3://AK:CANARY@minio/wandb?region=r",
		"s3://AK:x@minio:9000/CANARY?region=r", "s3://AK:x@minio:9000/wandb?region=CANARY?tls=true", "s3://AK:x@minio:9000/wandb?region=r&CANARY=1",
		"s3://AK:x@minio:9000/wandb?region=r;CANARY", "s3://AK:x@minio:9000/wandb?region=r&forcePathStyle=CANARY", "s3://AK:x@minio:9000/wandb#CANARY",
		"s3://wandb?region=CANARY", "s3://wandb/%zzCANARY", "s3://wandb/a//CANARY", "s3://wandb/%00CANARY",
		"gs://CANARY", "gs://e@x.example:CANARY@wandb", "gs://CANARY:x@wandb", "gs://CANARY@wandb", "gs://e@x.example:-----BEGIN+CANARY@wandb",
		"gs://e@x.example:-----BEGIN%20PRIVATE%20KEY-----%0ACANARY%0A-----END%20PRIVATE%20KEY-----@wandb", "gs://wandb?CANARY=x",
		"az://CANARY", "az://:CANARY@wandbstorage/wandb", "az://CANARY:x@wandbstorage/wandb", "az://:x@CANARY/wandb", "az://:x@wandbstorage/CANARY",
		"az://CANARY@wandbstorage/wandb", "az://wandbstorage/CANARY", "az://:AccountKey=CANARY@wandbstorage/wandb",
		"cw://,CANARY", "s3://AK:x,CANARY@s3.us-east-1.amazonaws.com/wandb",
	}
	tried, refused := 0, 0
	for _, template := range templates {
		for range 12 {
			canary := "Qz" + draw(awkward, 8) + draw(letters, 30)
			raw := strings.NewReplacer("CANARY", canary).Replace(template)
			tried++
			var said []error
			if _, err := address.Parse(raw, address.Options{}); err != nil {
				said = append(said, err)
			}
			if _, err := address.ParseStores(raw, address.Options{}); err != nil {
				said = append(said, err)
			}
			if len(said) > 0 {
				refused++
			}
			for _, err := range said {
				for ; err != nil; err = errors.Unwrap(err) {
					for how, text := range forms(err) {
						if address.Leaks(text, canary) {
							t.Errorf("the template %q, a canary %q, an error by %s: got a piece of it: %s", template, canary, how, text)
						}
					}
				}
			}
		}
	}
	if tried < 500 || refused < tried/2 {
		t.Errorf("got %d addresses refused of %d, want most of 500 at least", refused, tried)
	}
}

func TestContainsSecret(t *testing.T) {
	for raw, want := range map[string]bool{
		"s3://AK:SK@minio:9000/wandb-files":                         true,
		"gs://sa@x.iam.gserviceaccount.com":                         true,
		"az://:key@account/container":                               true,
		"s3://AK:SK":                                                true,
		"AK:SK":                                                     true,
		"s3%3A%2F%2FAK%3ASK%40minio%2Fwandb":                        true,
		"-----BEGIN PRIVATE KEY-----":                               true,
		"-----BEGIN+RSA+PRIVATE+KEY-----":                           true,
		"https://b.s3.amazonaws.com/k?X-Amz-Signature=abc":          true,
		"https://storage.googleapis.com/b/k?X-Goog-Signature=abc":   true,
		"https://a.blob.core.windows.net/c/b?sv=2024-01-01&sig=abc": true,
		"DefaultEndpointsProtocol=https;AccountKey=abc":             true,
		"cw://,s3://AK:SK@minio:9000/wandb-files":                   true,
		"s3://bucket/someone@example.com":                           true,
		"":                                                          false,
		"s3://wandb-files":                                          false,
		"s3://wandb-files/team/kappa?region=us-west-2":              false,
		"s3://wandb-files/my%40team":                                false,
		"s3://minio:9000/wandb-files":                               false,
		"s3://[::1]:9000/wandb-files":                               false,
		"cw://wandb-files.cwobject.com":                             false,
		"az://wandbstorage/wandb-files":                             false,
		"address.txt":                                               false,
		"-":                                                         false,
	} {
		if got := address.ContainsSecret(raw); got != want {
			t.Errorf("%s: got %v, want %v", raw, got, want)
		}
	}
}
