package certificate_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/reports/certificate"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// payloadOf takes a certificate's statement out of its envelope.
func payloadOf(t *testing.T, cert []byte) map[string]any {
	t.Helper()
	var e dsse.Envelope
	if err := json.Unmarshal(cert, &e); err != nil {
		t.Fatal(err)
	}
	text, err := e.DecodeB64Payload()
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// signed puts a statement into an envelope that is signed by a key: what a forger with that key can do.
func signed(t *testing.T, k keys, s any) []byte {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dsse.NewEnvelopeSigner(k.private)
	if err != nil {
		t.Fatal(err)
	}
	e, err := signer.SignPayload(t.Context(), "application/vnd.in-toto+json", text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func predicate(s map[string]any) map[string]any { return s["predicate"].(map[string]any) }

func claims(s map[string]any) map[string]any {
	return predicate(s)["https://github.com/bucketproof/bucketproof/certificate/v1"].(map[string]any)
}

// resultIn is the resource that holds the result.
func resultIn(s map[string]any) map[string]any {
	return predicate(s)["configuration"].([]any)[1].(map[string]any)
}

// withResult puts a result into a statement, with its digest.
func withResult(s map[string]any, text []byte) {
	sum := sha256.Sum256(text)
	resultIn(s)["content"] = base64.StdEncoding.EncodeToString(text)
	resultIn(s)["digest"] = map[string]any{"sha256": hex.EncodeToString(sum[:])}
}

func asText(t *testing.T, r *reports.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mutations are what may be done to a certified result; each has to be refused by whatever reads results.
var mutations = []struct {
	name   string
	change func(*reports.Result)
}{
	{"one requirement missing", func(r *reports.Result) { r.Requirements = r.Requirements[1:] }},
	{"one requirement missing, counts mended", func(r *reports.Result) { r.Requirements = r.Requirements[1:]; r.Count() }},
	{"one failed", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Failed }},
	{"one failed, counts mended", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Failed; r.Count() }},
	{"one added", func(r *reports.Result) {
		q := r.Requirements[0]
		q.ID = "BYOB-NET-999"
		r.Requirements = append(r.Requirements, q)
	}},
	{"one added, counts mended", func(r *reports.Result) {
		q := r.Requirements[0]
		q.ID = "BYOB-NET-999"
		r.Requirements = append(r.Requirements, q)
		r.Count()
	}},
	{"one duplicated", func(r *reports.Result) { r.Requirements = append(r.Requirements, r.Requirements[0]) }},
	{"one duplicated, counts mended", func(r *reports.Result) { r.Requirements = append(r.Requirements, r.Requirements[0]); r.Count() }},
	{"one outcome unknown", func(r *reports.Result) { r.Requirements[0].Outcome = "fine" }},
	{"one outcome empty", func(r *reports.Result) { r.Requirements[0].Outcome = "" }},
	{"one pass without observation", func(r *reports.Result) { r.Requirements[0].Observations = nil }},
	{"one waived by nothing", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Waived; r.Count() }},
	{"verdict worsened", func(r *reports.Result) { r.Verdict = reports.NotCertified }},
	{"verdict unknown", func(r *reports.Result) { r.Verdict = "fine" }},
	{"verdict empty", func(r *reports.Result) { r.Verdict = "" }},
	{"the required list gone", func(r *reports.Result) { r.Required = nil }},
	{"counts gone", func(r *reports.Result) { r.Counts = nil }},
	{"clean-up edited", func(r *reports.Result) { r.Safety.CleanUp = "incomplete: 1 object" }},
	{"nothing at all", func(r *reports.Result) { *r = reports.Result{APIVersion: reports.APIVersion, Kind: reports.Kind} }},
	{"nothing at all, said to be certified", func(r *reports.Result) {
		*r = reports.Result{APIVersion: reports.APIVersion, Kind: reports.Kind, Verdict: reports.Certified}
		r.Count()
	}},
	{"nothing at all, concluded", func(r *reports.Result) { *r = reports.Result{}; r.Conclude(nil) }},
}

func TestMutatedResultsAreRefusedByEveryReader(t *testing.T) {
	k, sound := newKeys(t), certified(t)
	cert := issue(t, k, sound)
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			r := certified(t)
			m.change(r)
			text := asText(t, r)
			if _, err := reports.ReadJSON(bytes.NewReader(text)); err == nil {
				t.Error("ReadJSON takes it")
			}
			other := certified(t)
			other.Run.ID = "20261121t093012z-00000000"
			if _, err := reports.Compare(other, r, true); err == nil || !strings.Contains(err.Error(), "the newer one can't stand") {
				t.Errorf("Compare takes it as the newer one: %v", err)
			}
			if _, err := reports.Compare(r, other, true); err == nil || !strings.Contains(err.Error(), "the older one can't stand") {
				t.Errorf("Compare takes it as the older one: %v", err)
			}
			if _, err := certificate.Issue(t.Context(), k.private, r, time.Hour); err == nil {
				t.Error("Issue takes it")
			}
			c := conditions(t)
			c.Result = text
			if _, err := certificate.Verify(t.Context(), cert, k.public, c); err == nil {
				t.Error("Verify takes it beside the certificate")
			} else {
				refused(t, err, certificate.Edited, "")
			}
			s := payloadOf(t, cert)
			withResult(s, text)
			_, err := certificate.Verify(t.Context(), signed(t, k, s), k.public, conditions(t))
			refused(t, err, certificate.Edited, "")
		})
	}
}

func TestMutatedCertificatesAreRefused(t *testing.T) {
	k, other := newKeys(t), newKeys(t)
	cert := issue(t, k, certified(t))
	edit := func(change func(s map[string]any)) []byte { // and signed anew with the right key
		s := payloadOf(t, cert)
		change(s)
		return signed(t, k, s)
	}
	envelope := func(change func(e map[string]any)) []byte {
		var e map[string]any
		if err := json.Unmarshal(cert, &e); err != nil {
			t.Fatal(err)
		}
		change(e)
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	sig := func(e map[string]any) map[string]any { return e["signatures"].([]any)[0].(map[string]any) }
	foreign := signed(t, other, payloadOf(t, cert))
	weaker := func(change func(r *reports.Result)) []byte {
		r := certified(t)
		change(r)
		r.Conclude(r.Required)
		return issue(t, k, r)
	}
	for _, c := range []struct {
		name   string
		cert   []byte
		ground certificate.Ground
		detail string
	}{
		{"nothing", nil, certificate.Unreadable, "no DSSE envelope"},
		{"an empty object", []byte("{}"), certificate.Unreadable, "type \"\""},
		{"a result in its place", asText(t, certified(t)), certificate.Unreadable, `unknown name "apiVersion"`},
		{"a second document", append(bytes.Clone(cert), "{}"...), certificate.Unreadable, "something follows"},
		{"an unknown name", envelope(func(e map[string]any) { e["comment"] = "x" }), certificate.Unreadable, "comment"},
		{"a name twice", bytes.Replace(cert, []byte(`"payloadType"`), []byte(`"payload": "e30=", "payloadType"`), 1), certificate.Unreadable, "twice"},
		{"a name in another case, which other parsers don't see", bytes.Replace(cert, []byte(`"payload"`), []byte(`"Payload"`), 1), certificate.Unreadable, `must be spelled "payload"`},
		{"a byte order mark", append([]byte("\ufeff"), cert...), certificate.Unreadable, "byte order mark"},
		{"bytes that are no UTF-8", bytes.Replace(cert, []byte(`"keyid": "`), []byte("\"keyid\": \"\xff"), 1), certificate.Unreadable, "not UTF-8"},
		{"lists nested beyond a stack", bytes.Repeat([]byte("["), 1<<20), certificate.Unreadable, "nested more than"},
		{"objects nested beyond a stack", bytes.Repeat([]byte(`{"payload":`), 1<<20), certificate.Unreadable, "nested more than"},
		{"a line feed in the payload's base64", envelope(func(e map[string]any) { e["payload"] = e["payload"].(string)[:40] + "\n" + e["payload"].(string)[40:] }), certificate.Edited, "another base64"},
		{"the signature with other bits at its end", envelope(func(e map[string]any) {
			sig(e)["sig"] = strings.TrimSuffix(sig(e)["sig"].(string), last(sig(e)["sig"].(string))+"==") + next(last(sig(e)["sig"].(string))) + "=="
		}), certificate.Edited, "another base64"},
		{"a good signature beside a bad one", envelope(func(e map[string]any) {
			e["signatures"] = []any{sig(e), map[string]any{"keyid": other.public.ID(), "sig": "AAAA"}}
		}), certificate.Unreadable, "2 signatures"},
		{"a name of the statement in another case", edit(func(s map[string]any) { s["Subject"] = s["subject"]; delete(s, "subject") }), certificate.Unreadable, `must be spelled "subject"`},
		{"a claim in another case", edit(func(s map[string]any) { claims(s)["Verdict"] = claims(s)["verdict"]; delete(claims(s), "verdict") }), certificate.Unreadable, `must be spelled "verdict"`},
		{"a time in another zone", edit(func(s map[string]any) { claims(s)["issued"] = "2026-11-22T10:30:53+01:00" }), certificate.Edited, "the time"},
		{"a time without a zone", edit(func(s map[string]any) { claims(s)["issued"] = "2026-11-22T09:30:53" }), certificate.Unreadable, "parsing time"},
		{"a leap second", edit(func(s map[string]any) { claims(s)["expires"] = "2026-12-31T23:59:60Z" }), certificate.Unreadable, "parsing time"},
		{"documents' verdict for a bucket", edit(func(s map[string]any) {
			r := certified(t)
			r.Profile = "documents"
			withResult(s, asText(t, r))
			claims(s)["profile"] = "documents"
		}), certificate.NotCertified, "not the one of a bucket"},
		{"an emulator's, under a kind nobody knows", edit(func(s map[string]any) {
			r := certified(t)
			r.Subject.Kind, r.Subject.Store.Kind = "Bucket", "embedded"
			withResult(s, asText(t, r))
		}), certificate.NotCertified, "of the kind"},
		{"another payload type", envelope(func(e map[string]any) { e["payloadType"] = "application/json" }), certificate.Unreadable, "application/json"},
		{"no signature", envelope(func(e map[string]any) { e["signatures"] = []any{} }), certificate.Unreadable, "0 signatures"},
		{"a signature of its own beside", envelope(func(e map[string]any) { e["signatures"] = []any{sig(e), sig(e)} }), certificate.Unreadable, "2 signatures"},
		{"an empty signature", envelope(func(e map[string]any) { sig(e)["sig"] = "" }), certificate.Edited, "signature"},
		{"a signature that is none", envelope(func(e map[string]any) { sig(e)["sig"] = "!" }), certificate.Edited, "signature"},
		{"the payload edited", envelope(func(e map[string]any) {
			p, _ := base64.StdEncoding.DecodeString(e["payload"].(string))
			e["payload"] = base64.StdEncoding.EncodeToString(bytes.Replace(p, []byte("acme-wandb"), []byte("acme-other"), 1))
		}), certificate.Edited, "signature"},
		{"signed by another key", foreign, certificate.Foreign, "was signed by the key"},
		{"signed by another key, which names this one", bytes.ReplaceAll(foreign, []byte(other.public.ID()), []byte(k.public.ID())), certificate.Edited, "signature"},
		{"signed by another key, which names none", bytes.ReplaceAll(foreign, []byte(other.public.ID()), nil), certificate.Foreign, "(unnamed)"},

		{"another statement", edit(func(s map[string]any) { s["_type"] = "https://in-toto.io/Statement/v0.1" }), certificate.Unreadable, "Statement/v0.1"},
		{"another predicate", edit(func(s map[string]any) { s["predicateType"] = "https://slsa.dev/provenance/v1" }), certificate.Unreadable, "provenance"},
		{"an unknown field", edit(func(s map[string]any) { predicate(s)["url"] = "https://evil.example" }), certificate.Unreadable, "url"},
		{"no result", edit(func(s map[string]any) { predicate(s)["configuration"] = []any{} }), certificate.Unreadable, "holds no result"},
		{"the digest edited", edit(func(s map[string]any) { resultIn(s)["digest"] = map[string]any{"sha256": strings.Repeat("0", 64)} }), certificate.Edited, "digest of its result"},
		{"the digest gone", edit(func(s map[string]any) { delete(resultIn(s), "digest") }), certificate.Edited, "digest of its result"},
		{"two digests", edit(func(s map[string]any) { resultIn(s)["digest"].(map[string]any)["md5"] = "0" }), certificate.Edited, "digest of its result"},
		{"the catalogue's digest edited", edit(func(s map[string]any) {
			predicate(s)["configuration"].([]any)[0].(map[string]any)["digest"] = map[string]any{"sha256": strings.Repeat("0", 64)}
		}), certificate.Edited, "the configuration"},
		{"the subject edited", edit(func(s map[string]any) { s["subject"].([]any)[0].(map[string]any)["name"] = "s3://other" }), certificate.Edited, "the subject"},
		{"the subject's digest edited", edit(func(s map[string]any) {
			s["subject"].([]any)[0].(map[string]any)["digest"] = map[string]any{"sha256": strings.Repeat("0", 64)}
		}), certificate.Edited, "the subject"},
		{"a second subject", edit(func(s map[string]any) {
			s["subject"] = append(s["subject"].([]any), map[string]any{"name": "s3://other"})
		}), certificate.Edited, "the subject"},
		{"the verdict edited", edit(func(s map[string]any) { claims(s)["verdict"] = "not certified" }), certificate.Edited, "the verdict"},
		{"the edition edited", edit(func(s map[string]any) { claims(s)["edition"] = "2026-01" }), certificate.Edited, "the edition"},
		{"the profile edited", edit(func(s map[string]any) { claims(s)["profile"] = "gcp" }), certificate.Edited, "the profile"},
		{"the time edited", edit(func(s map[string]any) { claims(s)["issued"] = "2026-12-24T00:00:00Z" }), certificate.Edited, "the time"},
		{"the end beyond a year", edit(func(s map[string]any) { claims(s)["expires"] = "2099-01-01T00:00:00Z" }), certificate.Edited, "beyond 366 days"},
		{"the end before the beginning", edit(func(s map[string]any) { claims(s)["expires"] = "2026-01-01T00:00:00Z" }), certificate.Expired, "valid until"},
		{"no end", edit(func(s map[string]any) { claims(s)["expires"] = "0001-01-01T00:00:00Z" }), certificate.Expired, "valid until"},
		{"a test more that passed", edit(func(s map[string]any) {
			predicate(s)["passedTests"] = append(predicate(s)["passedTests"].([]any), "BYOB-NET-999")
		}), certificate.Edited, "the tests that passed"},
		{"a test less that passed", edit(func(s map[string]any) { predicate(s)["passedTests"] = predicate(s)["passedTests"].([]any)[1:] }), certificate.Edited, "the tests that passed"},
		{"no test", edit(func(s map[string]any) { predicate(s)["passedTests"] = []any{} }), certificate.Edited, "the tests that passed"},
		{"the outcome edited", edit(func(s map[string]any) { predicate(s)["result"] = "WARNED" }), certificate.Edited, "the result"},

		{"an emulator's, signed all the same", edit(func(s map[string]any) {
			r := certified(t)
			r.Subject.Store.Kind = "embedded"
			withResult(s, asText(t, r))
		}), certificate.NotCertified, "emulator"},
		{"an incomplete run's, signed all the same", edit(func(s map[string]any) {
			r := certified(t)
			gone := r.Requirements[0].ID
			r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.NotRun, "--only"
			r.Conclude(r.Required)
			withResult(s, asText(t, r))
			claims(s)["verdict"] = "incomplete"
			var passed []any
			for _, id := range predicate(s)["passedTests"].([]any) {
				if id != gone {
					passed = append(passed, id)
				}
			}
			predicate(s)["passedTests"] = passed
		}), certificate.NotCertified, "incomplete"},

		{"one MUST less than the catalogue of that digest", weaker(func(r *reports.Result) {
			r.Requirements, r.Required = r.Requirements[1:], r.Required[1:]
		}), certificate.Weaker, "1 of what the catalogue of the same digest requires is missing: BYOB-NET-001"},
		{"one MUST less, and another catalogue", weaker(func(r *reports.Result) {
			r.Requirements, r.Required, r.Catalogue = r.Requirements[1:], r.Required[1:], strings.Repeat("0", 64)
		}), certificate.Weaker, "1 of what the catalogue of this program requires is missing: BYOB-NET-001"},
		{"one MUST lowered", weaker(func(r *reports.Result) {
			r.Requirements[0].Level, r.Required[0].Level = "SHOULD", "SHOULD"
		}), certificate.Weaker, "less binding"},
		{"one MUST made optional", weaker(func(r *reports.Result) { r.Required[0].Optional = true }), certificate.Weaker, "less binding"},
		{"nearly everything gone", weaker(func(r *reports.Result) {
			r.Requirements, r.Required = r.Requirements[:1], r.Required[:1]
		}), certificate.Weaker, "is missing"},
		{"an older edition", weaker(func(r *reports.Result) { r.Edition = "2024-byob" }), certificate.Weaker, "older than 2025-09"},
		{"an unknown edition", weaker(func(r *reports.Result) { r.Edition = "2099-01" }), certificate.Weaker, "doesn't know"},
		{"an unknown profile", weaker(func(r *reports.Result) { r.Profile, r.Subject.Provider = "parser", "parser" }), certificate.Weaker, "not known here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := certificate.Verify(t.Context(), c.cert, k.public, conditions(t))
			refused(t, err, c.ground, c.detail)
			if v != nil {
				t.Error("something was accepted")
			}
		})
	}
	if _, err := certificate.Verify(t.Context(), cert, k.public, conditions(t)); err != nil {
		t.Errorf("the certificate they were made of is not sound: %v", err)
	}
}

func TestDenialsStayDenials(t *testing.T) {
	k, r := newKeys(t), certified(t)
	for i := range r.Required {
		r.Required[i].Denial = false
	}
	r.Conclude(r.Required)
	_, err := certificate.Verify(t.Context(), issue(t, k, r), k.public, conditions(t))
	refused(t, err, certificate.Weaker, "less binding")
}

func TestAStricterCatalogueIsAcceptedAndNamed(t *testing.T) {
	k, r := newKeys(t), certified(t)
	q := r.Requirements[0]
	q.ID = "BYOB-NET-999"
	r.Requirements, r.Catalogue = append(r.Requirements, q), strings.Repeat("0", 64)
	r.Conclude(append(r.Required, reports.Required{ID: q.ID, Level: "MUST"}))
	v, err := certificate.Verify(t.Context(), issue(t, k, r), k.public, conditions(t))
	if err != nil || !v.OtherCatalogue {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestCertificatesAreHeldToWhatIsAsked(t *testing.T) {
	k, r := newKeys(t), certified(t)
	cert := issue(t, k, r)
	other := certified(t)
	other.Run.ID = "20261123t093012z-00000000"
	for _, c := range []struct {
		name   string
		change func(*certificate.Conditions)
		ground certificate.Ground
		detail string
	}{
		{"another bucket", func(c *certificate.Conditions) { c.Subject = "s3://s3.us-east-1.amazonaws.com/acme-wandb-2" }, certificate.Foreign, "acme-wandb-2"},
		{"a sub-path", func(c *certificate.Conditions) { c.Subject = r.Subject.Canonical + "/team" }, certificate.Foreign, "/team"},
		{"another profile", func(c *certificate.Conditions) { c.Profile = "gcp" }, certificate.Foreign, "gcp"},
		{"another run's result", func(c *certificate.Conditions) { c.Result = asText(t, other) }, certificate.Foreign, "20261123t093012z"},
		{"the same result in other bytes", func(c *certificate.Conditions) {
			c.Result = bytes.ReplaceAll(asText(t, r), []byte("\n  "), []byte("\n"))
		}, certificate.Edited, "of the same run"},
		{"no result in the file", func(c *certificate.Conditions) { c.Result = []byte{} }, certificate.Edited, "contradicts itself"},
		{"its last moment", func(c *certificate.Conditions) { c.Now = ended.Add(certificate.DefaultValidity) }, certificate.Expired, "valid until"},
		{"before its time", func(c *certificate.Conditions) { c.Now = ended.Add(-6 * time.Minute) }, certificate.Expired, "not valid before"},
		{"too long ago", func(c *certificate.Conditions) { c.MaxAge = 59 * time.Minute }, certificate.Expired, "longer ago"},
	} {
		x := conditions(t)
		c.change(&x)
		_, err := certificate.Verify(t.Context(), cert, k.public, x)
		t.Run(c.name, func(t *testing.T) { refused(t, err, c.ground, c.detail) })
	}
	for name, change := range map[string]func(*certificate.Conditions){
		"no time": func(c *certificate.Conditions) { c.Now = time.Time{} }, "no catalogue": func(c *certificate.Conditions) { c.Required = nil },
		"an edition nobody knows": func(c *certificate.Conditions) { c.Edition = "2099" },
		"a catalogue that asks for nothing": func(c *certificate.Conditions) {
			c.Required = func(_, _ string) ([]reports.Required, error) { return nil, nil }
		},
	} {
		x := conditions(t)
		change(&x)
		if _, err := certificate.Verify(t.Context(), cert, k.public, x); err == nil {
			t.Errorf("%s is not refused", name)
		}
	}
}

// last is the character before the padding of a base64 text that ends in ==, and next one whose first two bits are the same: the
// other four stand for nothing.
func last(sig string) string { return sig[len(sig)-3 : len(sig)-2] }

func next(c string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return string(letters[strings.Index(letters, c)^1])
}

// A signer's own words for a verdict may be anybody's: verify says why in its own.
func TestACertificateIsExplainedByTheVerifier(t *testing.T) {
	k, r := newKeys(t), certified(t)
	r.Why = []string{"It also meets every rule of another bucket."}
	v, err := certificate.Verify(t.Context(), issue(t, k, r), k.public, conditions(t))
	if err != nil || len(v.Why) == 0 || strings.Contains(strings.Join(v.Why, " "), "another bucket") {
		t.Errorf("got %+v, %v", v, err)
	}
}

// Every byte of a certificate is either signed or needed: none of them can change unnoticed.
func TestNoBitOfACertificateCanChange(t *testing.T) {
	k := newKeys(t)
	cert := issue(t, k, certified(t))
	step := max(1, len(cert)/400)
	for i := 0; i < len(cert); i += step {
		edited := bytes.Clone(cert)
		edited[i] ^= 1
		if _, err := certificate.Verify(t.Context(), edited, k.public, conditions(t)); err == nil {
			t.Errorf("byte %d (%q) was changed to %q, and nobody noticed", i, cert[i], edited[i])
		}
	}
}
