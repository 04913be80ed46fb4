package address_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
)

// A canary holds capitals, so that it can be no bucket's name.
const canary = "QzK7vW2xT9LmR4Bn"

var fuzzOptions = []address.Options{
	{}, {Instance: &address.Instance{OnAWS: true, AWSRegion: "us-west-2"}}, {Instance: &address.Instance{}},
	{Edition: "2024-byob"}, {Provider: address.AWS},
}

func seedFuzz(f *testing.F) {
	for _, v := range address.Vectors() {
		if !v.Want.Secrecy && !v.Want.RoundTrip {
			f.Add(v.Raw, 0)
		}
	}
	for _, raw := range []string{
		"s3://a@b@c/d@e", "s3://AK:SK@[::1]:9000/b?region=r", "s3://[", "s3://]", "s3://:@", "s3://@", "cw://@.cwobject.com", "cw://.cwobject.com",
		"s3://AK:SK@.amazonaws.com/b", "s3://AK:SK@vpce.amazonaws.com/b", "s3://AK:SK@s3-.amazonaws.com/b", "s3://a%", "s3://a?%", "s3://a/%25252f",
		"gs://e@x:-----BEGIN+PRIVATE+KEY-----@b", "gs://e@x:-----BEGIN%20-----%0A%0A-----END%20-----@b", "az://:====@a/b", "s3://wandb.files/?tls=false&forcePathStyle=false",
		"s3://AK:SK@cwobject.com:443/b?region=r", "s3://AK:SK@1.2.3/b?region=r", "s3://AK:SK@0x7f.1/b?region=r", "\ufeff\"", "s3://\u2028", "s3://b/\u0085",
	} {
		for i := range fuzzOptions {
			f.Add(raw, i)
		}
	}
}

func options(n int) address.Options { return fuzzOptions[uint(n)%uint(len(fuzzOptions))] }

// FuzzParse: whatever stands before a secret and its "@", and after it, nothing shows the secret.
func FuzzParse(f *testing.F) {
	for _, s := range [][2]string{
		{"s3://AK:", "s3.us-west-2.amazonaws.com/b?region=us-west-2"}, {"s3://AK:x/", "h/b"}, {"s3://AK:x@h/b/", "h/b"}, {"cw://AK:", "cwobject.com/b"},
		{"gs://e@x:", "b"}, {"az://:", "account/container"}, {"az://", "account/container"}, {"https://AK:", "s3.amazonaws.com/b"}, {"", ""}, {"s3://", "b.c/d"},
		{"s3://b,s3://AK:", "h:1/b?region=r"}, {"s3://AK:%", "h:1/b?region=r"}, {"s3://x@h/b?region=us-east-1?", "c"}, {"\"s3://AK:", "h/b\""},
	} {
		f.Add(s[0], s[1], 0)
	}
	f.Fuzz(func(t *testing.T, before, after string, n int) {
		raw := before + canary + "@" + after
		if !address.ContainsSecret(raw) {
			t.Error("got an address with credentials that contains no secret")
		}
		a, err := address.Parse(raw, options(n))
		var e *address.Error
		switch {
		case err != nil && (!errors.As(err, &e) || e.Requirement == "" || e.Part == "" || e.Rule == ""):
			t.Errorf("got %v, want an *address.Error that names requirement, part and rule", err)
		case err != nil && address.Leaks(fmt.Sprintf("%v %+v %#v", err, err, err), canary):
			t.Errorf("got an error with a piece of the secret: %v", err)
		case err == nil && address.Leaks(fmt.Sprintf("%v %+v %#v %s %v", a, *a, a, a.Canonical(), a.Warnings), canary):
			t.Errorf("got an address with a piece of the secret: %v", a)
		case err == nil && !a.HasCredentials():
			t.Errorf("got %v, without credentials", a)
		}
	})
}

func FuzzParseStores(f *testing.F) {
	for _, v := range address.Vectors() {
		if v.List && !v.Want.Secrecy {
			f.Add(v.Raw, 0)
		}
	}
	f.Add("cw://, cw:// ,s3://AK:"+canary+"@h:1/b?region=r", 0)
	f.Add("s3://AK:"+canary+",x@h:1/b?region=r", 0)
	f.Fuzz(func(t *testing.T, list string, n int) {
		stores, err := address.ParseStores(list, options(n))
		if err != nil {
			var e *address.Error
			if stores != nil || !errors.As(err, &e) || e.Requirement != "BYOB-ADDR-019" {
				t.Errorf("got %v, %v, want no list and an *address.Error under BYOB-ADDR-019", stores, err)
			}
			return
		}
		for _, a := range stores.Addresses {
			if a.HasCredentials() && !address.ContainsSecret(list) {
				t.Error("got credentials out of a list that contains no secret")
			}
			if !stores.Holds(a) {
				t.Errorf("got a list that does not hold its own %v", a)
			}
			again, err := address.ParseStores(a.Reveal(), options(n))
			if err != nil || len(again.Addresses) != 1 || !again.Addresses[0].Equal(a) {
				t.Errorf("got %v, %v for the list of %v alone", again, err, a)
			}
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	seedFuzz(f)
	f.Fuzz(func(t *testing.T, raw string, n int) {
		a, err := address.Parse(raw, options(n))
		if err != nil {
			return
		}
		if a.HasCredentials() && !address.ContainsSecret(raw) {
			t.Error("got credentials out of an address that contains no secret")
		}
		b, err := address.Parse(a.Reveal(), options(n))
		if err != nil {
			t.Fatalf("%v, printed whole, is refused: %v", a, err)
		}
		if !a.Equal(b) || a.Reveal() != b.Reveal() || a.String() != b.String() {
			t.Errorf("%v, printed whole, is read as %v", a, b)
		}
		if !a.HasCredentials() {
			if c, err := address.Parse(a.String(), options(n)); err != nil || !a.Equal(c) {
				t.Errorf("%v, printed, is read as %v, %v", a, c, err)
			}
		}
	})
}
