package certificate_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/reports/certificate"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// required is what the catalogue requires, as reports have it.
func required(t testing.TB, profile, edition string) []reports.Required {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := c.Profile(catalogue.Selection{Profile: profile, Edition: edition})
	if err != nil {
		t.Fatal(err)
	}
	var list []reports.Required
	for _, e := range entries {
		list = append(list, reports.Required{ID: e.ID, Level: string(e.Level), Optional: e.Optional, Denial: e.Denial})
	}
	return list
}

var ended = time.Date(2026, 11, 22, 9, 30, 53, 0, time.UTC)

// certified is a run in which everything the catalogue requires was seen to hold.
func certified(t testing.TB) *reports.Result {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	r := &reports.Result{Edition: "2025-09", Catalogue: c.Digest(), Profile: "aws",
		Subject: reports.Subject{Kind: "bucket", Address: "s3://s3.us-east-1.amazonaws.com/acme-wandb?region=us-east-1", Provider: "aws",
			Canonical: "s3://s3.us-east-1.amazonaws.com/acme-wandb", Store: reports.Store{Name: "s3.us-east-1.amazonaws.com", Kind: "remote"}},
		Run:    reports.Run{ID: "20261122t093012z-7f3a1b2c", Started: ended.Add(-41 * time.Second), Finished: ended, Seed: 7, Program: "bucketproof/1.0.0"},
		Safety: reports.Safety{CleanUp: "complete", ConfigurationUnchanged: "yes"}}
	list := required(t, "aws", "2025-09")
	for _, q := range list {
		r.Requirements = append(r.Requirements, reports.Requirement{ID: q.ID, Level: q.Level, Title: "A rule", Text: "It holds.", Optional: q.Optional, Outcome: reports.Passed,
			Observations: []reports.Observation{{What: "a request", Expected: "200", Actual: "200"}, {What: "its control", Control: true}}})
	}
	r.Conclude(list)
	if r.Verdict != reports.Certified {
		t.Fatalf("the sample is %s: %q", r.Verdict, r.Why)
	}
	return r
}

type keys struct {
	private certificate.PrivateKey
	public  certificate.PublicKey
}

func newKeys(t testing.TB) keys {
	t.Helper()
	private, public, id, err := certificate.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	var k keys
	if k.private, err = certificate.ReadPrivateKey(private); err != nil {
		t.Fatal(err)
	}
	if k.public, err = certificate.ReadPublicKey(public); err != nil {
		t.Fatal(err)
	}
	if k.public.ID() != id || k.private.Public().ID() != id {
		t.Fatalf("the halves have the IDs %q and %q, want %q", k.public.ID(), k.private.Public().ID(), id)
	}
	return k
}

func conditions(t testing.TB) certificate.Conditions {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	x := certificate.Conditions{Now: ended.Add(time.Hour), Edition: "2025-09", Catalogue: c.Digest(),
		Required: func(profile, edition string) ([]reports.Required, error) {
			if profile != "aws" {
				return nil, fmt.Errorf("unknown profile %q", profile)
			}
			return required(t, profile, edition), nil
		}}
	for _, e := range c.Editions() {
		x.Editions = append(x.Editions, e.ID)
	}
	return x
}

func issue(t testing.TB, k keys, r *reports.Result) []byte {
	t.Helper()
	issued, err := certificate.Issue(t.Context(), k.private, r, certificate.DefaultValidity)
	if err != nil {
		t.Fatal(err)
	}
	return issued.Certificate
}

func refused(t testing.TB, err error, ground certificate.Ground, detail string) {
	t.Helper()
	var r *certificate.Refusal
	if !errors.As(err, &r) || r.Ground != ground || !strings.Contains(r.Detail, detail) {
		t.Errorf("got %v, want it refused as %q with %q", err, ground, detail)
	}
}

func TestACertificateIsAcceptedForWhatItIsOver(t *testing.T) {
	k, r := newKeys(t), certified(t)
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	c := conditions(t)
	c.Subject, c.Profile, c.Result, c.MaxAge = r.Subject.Canonical, "aws", text.Bytes(), 2*time.Hour
	cert := issue(t, k, r)
	v, err := certificate.Verify(t.Context(), cert, k.public, c)
	if err != nil {
		t.Fatal(err)
	}
	if v.Subject != r.Subject.Canonical || v.Key != k.public.ID() || v.OtherCatalogue || v.Claims.Verdict != reports.Certified ||
		!v.Claims.Issued.Equal(ended) || !v.Claims.Expires.Equal(ended.Add(certificate.DefaultValidity)) || v.Result.Run.ID != r.Run.ID {
		t.Errorf("got %+v", v)
	}
	if again := issue(t, k, r); !bytes.Equal(again, cert) {
		t.Error("the same run gave another certificate")
	}
}

// The envelope and the statement are read here as somebody does who knows in-toto alone.
func TestACertificateIsAnInTotoTestResult(t *testing.T) {
	k := newKeys(t)
	r := certified(t)
	issued, err := certificate.Issue(t.Context(), k.private, r, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"https://in-toto.io/attestation/test-result/v0.1": issued.Certificate, "https://in-toto.io/attestation/svr/v0.1": issued.Summary} {
		var e dsse.Envelope
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		verifier, err := dsse.NewEnvelopeVerifier(k.public)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.Verify(t.Context(), &e); err != nil || e.PayloadType != "application/vnd.in-toto+json" {
			t.Errorf("%s: %v, payload of type %q", name, err, e.PayloadType)
		}
		payload, _ := e.DecodeB64Payload()
		var s struct {
			Type    string `json:"_type"`
			Subject []struct {
				Name   string
				Digest map[string]string
			}
			PredicateType string
			Predicate     struct {
				Result      string
				PassedTests []string
				FailedTests []string
				TimeCreated time.Time
				Properties  []string
			}
		}
		if err := json.Unmarshal(payload, &s); err != nil {
			t.Fatal(err)
		}
		if s.Type != "https://in-toto.io/Statement/v1" || s.PredicateType != name || len(s.Subject) != 1 || s.Subject[0].Name != r.Subject.Canonical || len(s.Subject[0].Digest["sha256"]) != 64 {
			t.Errorf("%s: statement %+v", name, s)
		}
		if strings.HasSuffix(name, "svr/v0.1") {
			if strings.Join(s.Predicate.Properties, " ") != "BUCKETPROOF_CERTIFIED BUCKETPROOF_PROFILE_AWS BUCKETPROOF_EDITION_2025_09 BUCKETPROOF_WITHOUT_WAIVERS" || !s.Predicate.TimeCreated.Equal(ended) {
				t.Errorf("summary %+v", s.Predicate)
			}
		} else if s.Predicate.Result != "PASSED" || len(s.Predicate.PassedTests) != len(r.Requirements) || len(s.Predicate.FailedTests) != 0 {
			t.Errorf("test result %s with %d passed", s.Predicate.Result, len(s.Predicate.PassedTests))
		}
	}
	_, err = certificate.Verify(t.Context(), issued.Summary, k.public, conditions(t))
	refused(t, err, certificate.Unreadable, "verification summary")
}

func TestNothingButACertifiedRunGetsACertificate(t *testing.T) {
	k := newKeys(t)
	for _, c := range []struct {
		name   string
		change func(*reports.Result)
		want   string
	}{
		{"a failed run", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Failed; r.Conclude(r.Required) }, "not certified"},
		{"a failed run that calls itself certified", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Failed }, "not certified"},
		{"an incomplete run", func(r *reports.Result) {
			r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.NotRun, "--only"
			r.Conclude(r.Required)
		}, "incomplete"},
		{"an emulator", func(r *reports.Result) { r.Subject.Store.Kind = "embedded" }, "emulator"},
		{"a store of no kind", func(r *reports.Result) { r.Subject.Store.Kind = "" }, "emulator"},
		{"a store reached elsewhere", func(r *reports.Result) { r.Subject.Store.Via = "127.0.0.1:9000" }, "127.0.0.1:9000"},
		{"no subject", func(r *reports.Result) { r.Subject.Canonical = "" }, "its subject"},
		{"no catalogue", func(r *reports.Result) { r.Catalogue = "" }, "its catalogue"},
		{"no edition", func(r *reports.Result) { r.Edition = "" }, "its edition"},
		{"no time", func(r *reports.Result) { r.Run.Started = time.Time{} }, "when it was made"},
		{"counts that don't add up", func(r *reports.Result) { r.Counts[reports.Passed]++ }, "counts"},
		{"a result of nothing", func(r *reports.Result) { *r = reports.Result{} }, "errored"},
	} {
		r := certified(t)
		c.change(r)
		if issued, err := certificate.Issue(t.Context(), k.private, r, time.Hour); err == nil || issued != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
	for _, d := range []time.Duration{0, -time.Hour, certificate.MaxValidity + time.Second} {
		if _, err := certificate.Issue(t.Context(), k.private, certified(t), d); err == nil {
			t.Errorf("a validity of %v is not refused", d)
		}
	}
	if _, err := certificate.Issue(t.Context(), certificate.PrivateKey{}, certified(t), time.Hour); err == nil {
		t.Error("no key at all signs")
	}
}

func TestACertificateEndsWithItsFirstWaiver(t *testing.T) {
	k, r := newKeys(t), certified(t)
	r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.Failed, "the resolver is being moved"
	r.Waive([]reports.Waiver{{ID: r.Requirements[0].ID, Reason: "agreed", Owner: "J. Doe", Issue: "https://issues.example.com/1", Expires: "2026-11-30", Message: "the resolver is being moved"}})
	cert := issue(t, k, r)
	c := conditions(t)
	v, err := certificate.Verify(t.Context(), cert, k.public, c)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC); !v.Claims.Expires.Equal(want) || len(v.Claims.Waivers) != 1 || v.Claims.Waivers[0].Owner != "J. Doe" {
		t.Errorf("got %v with %v, want %v and the waiver", v.Claims.Expires, v.Claims.Waivers, want)
	}
	c.Now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	_, err = certificate.Verify(t.Context(), cert, k.public, c)
	refused(t, err, certificate.Expired, "valid until 2026-12-01")
}

func TestKeysAreReadStrictly(t *testing.T) {
	private, public, _, err := certificate.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	rsa := []byte("-----BEGIN PUBLIC KEY-----\n" + base64.StdEncoding.EncodeToString([]byte("no key")) + "\n-----END PUBLIC KEY-----\n")
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"nothing to sign with", "PRIVATE KEY", errOf(certificate.ReadPrivateKey(nil))},
		{"a public key to sign with", "can't sign", errOf(certificate.ReadPrivateKey(public))},
		{"a private key to verify with", ".pub", errOf(certificate.ReadPublicKey(private))},
		{"two keys", "follows", errOf(certificate.ReadPublicKey(append(bytes.Clone(public), public...)))},
		{"a damaged key before another", "before the key", errOf(certificate.ReadPublicKey(append(bytes.Replace(public, []byte("MCow"), []byte("M(ow"), 1), public...)))},
		{"words before a key", "before the key", errOf(certificate.ReadPrivateKey(append([]byte("my key\n"), private...)))},
		{"a header in a key", "before the key, or in it", errOf(certificate.ReadPrivateKey(bytes.Replace(private, []byte("KEY-----\n"), []byte("KEY-----\nProc-Type: 4\n\n"), 1)))},
		{"another key", "ed25519", errOf(certificate.ReadPublicKey(rsa))},
		{"another block", "another kind", errOf(certificate.ReadPrivateKey(bytes.ReplaceAll(private, []byte("PRIVATE KEY"), []byte("RSA PRIVATE KEY"))))},
		{"half a key", "PEM", errOf(certificate.ReadPrivateKey(private[:len(private)/2]))},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, c.err, c.want)
		}
	}
	key, err := certificate.ReadPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Split(string(private), "\n")[1]
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		if shown := fmt.Sprintf(verb, key) + fmt.Sprintf(verb, &key); strings.Contains(shown, body) || strings.Contains(shown, "key:[") || len(shown) > 400 {
			t.Errorf("%s shows the key: %s", verb, shown)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

func BenchmarkVerify(b *testing.B) {
	k, r := newKeys(b), certified(b)
	cert, c := issue(b, k, r), conditions(b)
	b.SetBytes(int64(len(cert)))
	for b.Loop() {
		if _, err := certificate.Verify(b.Context(), cert, k.public, c); err != nil {
			b.Fatal(err)
		}
	}
}
