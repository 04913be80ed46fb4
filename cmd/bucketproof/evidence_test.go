package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/reports/certificate"
)

// evidence is all that the readers of results are tried with: two sound runs of one bucket, an hour apart, and their keys.
type evidence struct {
	dir          string
	older, newer *reports.Result
	ours, theirs string // private keys' files
	cert         []byte // over newer
}

func newEvidence(t *testing.T) *evidence {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	e := &evidence{t.TempDir(), passedRun(t, now.Add(-time.Hour)).Result, passedRun(t, now).Result, keyPair(t), keyPair(t), nil}
	e.cert = e.issued(t, e.ours, e.newer)
	e.put(t, "older.json", asResult(t, e.older))
	e.put(t, "newer.json", asResult(t, e.newer))
	return e
}

// put writes a file and returns its name.
func (e *evidence) put(t *testing.T, name string, text []byte) string {
	t.Helper()
	file := filepath.Join(e.dir, name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func asResult(t *testing.T, r *reports.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (e *evidence) issued(t *testing.T, key string, r *reports.Result) []byte {
	t.Helper()
	private, err := certificate.ReadPrivateKey([]byte(readText(t, key)))
	if err != nil {
		t.Fatal(err)
	}
	issued, err := certificate.Issue(t.Context(), private, r, certificate.DefaultValidity)
	if err != nil {
		t.Fatal(err)
	}
	return issued.Certificate
}

// resigned is the certificate with another result and its digest in it, or with what change does to its statement, and a key's
// signature: what whoever holds that key can do.
func (e *evidence) resigned(t *testing.T, key string, result []byte, change func(statement map[string]any)) []byte {
	t.Helper()
	var env dsse.Envelope
	if err := json.Unmarshal(e.cert, &env); err != nil {
		t.Fatal(err)
	}
	payload, err := env.DecodeB64Payload()
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(payload, &s); err != nil {
		t.Fatal(err)
	}
	if result != nil {
		sum := sha256.Sum256(result)
		resource := s["predicate"].(map[string]any)["configuration"].([]any)[1].(map[string]any)
		resource["content"], resource["digest"] = base64.StdEncoding.EncodeToString(result), map[string]any{"sha256": hex.EncodeToString(sum[:])}
	}
	if change != nil {
		change(s)
	}
	if payload, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	private, err := certificate.ReadPrivateKey([]byte(readText(t, key)))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dsse.NewEnvelopeSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.SignPayload(t.Context(), "application/vnd.in-toto+json", payload)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(signed)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ofEdition is a run in which all that an edition requires was seen to hold.
func ofEdition(t *testing.T, r *reports.Result, edition string) *reports.Result {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := cat.Profile(catalogue.Selection{Profile: r.Profile, Edition: edition})
	if err != nil {
		t.Fatal(err)
	}
	c := *r
	c.Edition, c.Requirements, c.Run.ID = edition, nil, run.NewRunID(r.Run.Finished.Add(-time.Second))
	for _, q := range run.Required(entries) {
		c.Requirements = append(c.Requirements, reports.Requirement{ID: q.ID, Level: q.Level, Title: "A rule", Text: "It holds.", Outcome: reports.Passed,
			Observations: []reports.Observation{{What: "a request"}, {What: "its control", Control: true}}})
	}
	c.Conclude(run.Required(entries))
	return &c
}

// mutated are ten ways in which a result may be something else than what a run wrote.
func (e *evidence) mutated(t *testing.T) map[string][]byte {
	t.Helper()
	of := func(change func(r *reports.Result)) []byte {
		r := *e.newer
		r.Requirements = append([]reports.Requirement{}, e.newer.Requirements...)
		change(&r)
		return asResult(t, &r)
	}
	return map[string][]byte{
		"one requirement missing": of(func(r *reports.Result) { r.Requirements = r.Requirements[1:]; r.Count() }),
		"one failed":              of(func(r *reports.Result) { r.Requirements[0].Outcome = reports.Failed; r.Count() }),
		"one added": of(func(r *reports.Result) {
			q := r.Requirements[0]
			q.ID = "BYOB-NET-999"
			r.Requirements = append(r.Requirements, q)
			r.Count()
		}),
		"one duplicated":           of(func(r *reports.Result) { r.Requirements = append(r.Requirements, r.Requirements[0]); r.Count() }),
		"one outcome unknown":      of(func(r *reports.Result) { r.Requirements[0].Outcome = "fine"; r.Count() }),
		"verdict edited":           of(func(r *reports.Result) { r.Verdict = reports.NotCertified }),
		"digest edited":            of(func(r *reports.Result) { r.Catalogue = strings.Repeat("0", 63) }),
		"signature by another key": e.issued(t, e.theirs, e.newer), // a result has none: a certificate in its place
		"an older edition":         asResult(t, ofEdition(t, e.newer, "2024-byob")),
		"a result of nothing":      of(func(r *reports.Result) { r.Requirements, r.Required = nil, nil; r.Conclude(nil) }),
	}
}

// answer is what a reader has to make of a mutated file: an exit code, and words.
type answer struct {
	code int
	says string
}

// TestEveryReaderRefusesMutatedEvidence tries each reader of each report with each mutation. What isn't refused is named, and
// can certify nothing: an earlier result by older rules is still an earlier result.
func TestEveryReaderRefusesMutatedEvidence(t *testing.T) {
	e := newEvidence(t)
	files := e.mutated(t)
	older, newer := filepath.Join(e.dir, "older.json"), filepath.Join(e.dir, "newer.json")
	cert := e.put(t, "sound-certificate.json", e.cert)
	// What the words of reports.ReadJSON are, and by which code a reader ends that can't go on.
	read := func(code int) map[string]answer {
		return map[string]answer{
			"one requirement missing": {code, "is required and missing"}, "one failed": {code, `makes it "not certified"`},
			"one added": {code, "is a line that nothing required"}, "one duplicated": {code, "or there twice"},
			"one outcome unknown": {code, `unknown outcome "fine"`}, "verdict edited": {code, `makes it "certified"`},
			"digest edited": {code, "is no digest of a catalogue"}, "signature by another key": {code, `apiVersion ""`},
			"a result of nothing": {code, "it is a result of nothing"},
		}
	}
	with := func(m map[string]answer, more map[string]answer) map[string]answer {
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	refusedAs := func(ground string, m map[string]answer) map[string]answer {
		for k, v := range m {
			m[k] = answer{exitNot, "REFUSED " + ground + ": " + "*" + v.says}
		}
		return m
	}
	for _, reader := range []struct {
		name  string
		reads func(t *testing.T, file string) called
		sound string
		want  map[string]answer
	}{
		{"compare, as the newer one", func(t *testing.T, file string) called { return call(t, "", "compare", older, file) }, newer,
			with(read(exitErrored), map[string]answer{"an older edition": {exitIncomplete, "edition: 2025-09, now 2024-byob"}})},
		{"compare, as the older one", func(t *testing.T, file string) called { return call(t, "", "compare", file, newer) }, older,
			with(read(exitErrored), map[string]answer{"an older edition": {exitOK, "edition: 2024-byob, now 2025-09"}})},
		{"certify --baseline", func(t *testing.T, file string) called {
			return delivered(t, &delivery{out: filepath.Join(t.TempDir(), "report"), baselineFile: file}, passedRun(t, time.Now().UTC().Add(time.Minute)))
		}, older, with(read(exitUsage), map[string]answer{"an older edition": {exitOK, "differs: edition: 2024-byob, now 2025-09"}})},
		{"certify --only-failed", func(t *testing.T, file string) called {
			return call(t, "", "certify", "s3://acme-wandb", "--only-failed", file, "--out", filepath.Join(t.TempDir(), "report"))
		}, "", with(read(exitUsage), map[string]answer{"an older edition": {exitUsage, `another edition, "2024-byob"`}})},
		{"verify --result", func(t *testing.T, file string) called {
			return call(t, "", "verify", cert, "--key", e.ours+".pub", "--result", file)
		}, newer, with(refusedAs("edited", read(0)), map[string]answer{"an older edition": {exitNot, "REFUSED foreign: *the result beside it is of the run"}})},
		{"verify, in the certificate", func(t *testing.T, file string) called {
			text := []byte(readText(t, file))
			if r, err := reports.ReadJSON(bytes.NewReader(text)); err == nil {
				text = e.issued(t, e.ours, r) // what another program would have signed
			} else if !bytes.Contains(text, []byte(`"payload"`)) {
				text = e.resigned(t, e.ours, text, nil)
			}
			return call(t, "", "verify", e.put(t, "certificate.json", text), "--key", e.ours+".pub")
		}, newer, with(refusedAs("edited", read(0)), map[string]answer{"signature by another key": {exitNot, "REFUSED foreign: *was signed by the key"},
			"an older edition": {exitNot, "REFUSED weaker: *older than 2025-09"}})},
	} {
		if reader.sound != "" {
			if got := reader.reads(t, reader.sound); got.code != exitOK {
				t.Errorf("%s refuses what is sound: exit code %d\n%s%s", reader.name, got.code, got.out, got.err)
			}
		}
		if len(reader.want) != 10 || len(files) != 10 {
			t.Errorf("%s: %d answers to %d mutations, want 10", reader.name, len(reader.want), len(files))
		}
		for mutation, want := range reader.want {
			t.Run(reader.name+"/"+mutation, func(t *testing.T) {
				text, there := files[mutation]
				if !there {
					t.Fatal("there is no such mutation")
				}
				answers(t, reader.reads(t, e.put(t, "mutated.json", text)), want)
			})
		}
	}
}

// answers looks for words, white space apart; a star in them stands for any text.
func answers(t *testing.T, got called, want answer) {
	t.Helper()
	text := strings.Join(strings.Fields(got.out+got.err), " ")
	for _, piece := range strings.Split(want.says, "*") {
		i := strings.Index(text, piece)
		if i < 0 || got.code != want.code {
			t.Fatalf("exit code %d, want %d with %q\n%s%s", got.code, want.code, want.says, got.out, got.err)
		}
		text = text[i+len(piece):]
	}
	if strings.Contains(got.err, "goroutine") {
		t.Errorf("a stack trace:\n%s", got.err)
	}
}

// TestMutatedWaiversWaiveNothing does the same to a file of waivers and the run it is for. A waiver isn't signed but in the
// certificate, so that digest and signature are that one's.
func TestMutatedWaiversWaiveNothing(t *testing.T) {
	e := newEvidence(t)
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := ""
	for _, entry := range cat.All() {
		if !bytes.Contains(asResult(t, e.newer), []byte(`"`+entry.ID+`"`)) {
			elsewhere = entry.ID
		}
	}
	const message = "lost and never found"
	head := "apiVersion: bucketproof/v1\nkind: Waivers\nwaivers:\n"
	of := func(id string) string {
		return "  - {id: " + id + ", reason: agreed, owner: J. Doe, issue: 'https://issues.example.com/1', expires: 2099-01-01, message: " + message + "}\n"
	}
	first := e.newer.Requirements[0].ID
	run := func(text string, outcome reports.Outcome, reason string) called {
		done := passedRun(t, time.Now().UTC())
		q := &done.Result.Requirements[0]
		q.Outcome, q.Reason = outcome, reason
		done.Result.Conclude(done.Result.Required)
		return delivered(t, &delivery{out: filepath.Join(t.TempDir(), "report"), waiversFile: e.put(t, "waivers.yaml", []byte(text))}, done)
	}
	if got := run(head+of(first), reports.Failed, message); got.code != exitOK || !strings.Contains(got.out, "WAIVERS") {
		t.Fatalf("the sound one: exit code %d\n%s%s", got.code, got.out, got.err)
	}
	waived := *e.newer
	waived.Requirements = append([]reports.Requirement{}, e.newer.Requirements...)
	waived.Requirements[0].Outcome, waived.Requirements[0].Reason = reports.Failed, message
	waived.Conclude(waived.Required)
	waived.Waive([]reports.Waiver{{ID: first, Reason: "agreed", Owner: "J. Doe", Issue: "https://issues.example.com/1", Expires: "2099-01-01", Message: message}})
	e.cert = e.issued(t, e.ours, &waived)
	verify := func(cert []byte) called {
		return call(t, "", "verify", e.put(t, "waived.json", cert), "--key", e.ours+".pub")
	}
	if got := verify(e.cert); got.code != exitOK || !strings.Contains(got.out, "J. Doe") {
		t.Fatalf("the sound certificate: exit code %d\n%s%s", got.code, got.out, got.err)
	}
	for _, c := range []struct {
		mutation string
		got      called
		want     answer
	}{
		{"one requirement missing", run(head+of(elsewhere), reports.Passed, ""), answer{exitNot, "isn't in this run"}},
		{"one failed, in another way", run(head+of(first), reports.Failed, "found, but late"), answer{exitNot, "expects another message"}},
		{"one added", run(head+of(first)+of("BYOB-NET-999"), reports.Failed, message), answer{exitUsage, `"BYOB-NET-999" is no requirement`}},
		{"one duplicated", run(head+of(first)+of(first), reports.Failed, message), answer{exitUsage, "is waived twice"}},
		{"one outcome undecided", run(head+of(first), reports.Errored, message), answer{exitErrored, "could not be decided"}},
		{"one outcome not run", run(head+of(first), reports.NotRun, message), answer{exitIncomplete, "could not be decided"}},
		{"one that isn't applicable", run(head+of(first), reports.NotApplicable, message), answer{exitNot, "waiver is not needed"}},
		{"verdict edited: a state of its own", run(head+strings.Replace(of(first), "{", "{state: holds, ", 1), reports.Failed, "another"), answer{exitUsage, `unknown field "state"`}},
		{"digest edited: a waiver in the certificate's claims", verify(e.resigned(t, e.ours, nil, func(s map[string]any) {
			claims := s["predicate"].(map[string]any)["https://github.com/bucketproof/bucketproof/certificate/v1"].(map[string]any)
			claims["waivers"].([]any)[0].(map[string]any)["owner"] = "Nobody"
		})), answer{exitNot, "REFUSED edited: *the waivers"}},
		{"signature by another key", verify(e.resigned(t, e.theirs, nil, nil)), answer{exitNot, "REFUSED foreign"}},
		{"an older edition of the file", run(strings.Replace(head, "bucketproof/v1", "bucketproof/v0", 1)+of(first), reports.Failed, message), answer{exitUsage, `"bucketproof/v0"`}},
		{"a file of nothing", run(strings.Replace(head, "waivers:\n", "waivers: []\n", 1), reports.Failed, message), answer{exitUsage, "the file holds none"}},
	} {
		t.Run(c.mutation, func(t *testing.T) { answers(t, c.got, c.want) })
	}
}

// Nothing but a requirement can be waived: a clean-up that failed, or a bucket's configuration that was changed, has no ID.
func TestFalseGreenAWaiverForTheCleanUp(t *testing.T) {
	e := newEvidence(t)
	for _, id := range []string{"cleanUp", "BYOB-SAFE-001", "BYOB-NET-*", "'*'"} {
		text := "apiVersion: bucketproof/v1\nkind: Waivers\nwaivers:\n  - {id: " + id + ", reason: agreed, owner: J. Doe, issue: 'https://issues.example.com/1', expires: 2099-01-01, message: incomplete clean-up}\n"
		got := delivered(t, &delivery{out: filepath.Join(t.TempDir(), "report"), waiversFile: e.put(t, "waivers.yaml", []byte(text))}, passedRun(t, time.Now().UTC()))
		answers(t, got, answer{exitUsage, "is no requirement of the catalogue"})
	}
	// Nor does one that holds for a requirement reach further.
	done := broken(t, time.Now().UTC(), "lost and never found")
	done.Result.Safety.CleanUp = "incomplete: 403"
	done.Result.Conclude(done.Result.Required)
	text := "apiVersion: bucketproof/v1\nkind: Waivers\nwaivers:\n  - {id: " + done.Result.Requirements[0].ID + ", reason: agreed, owner: J. Doe, issue: 'https://issues.example.com/1', expires: 2099-01-01, message: lost and never found}\n"
	got := delivered(t, &delivery{out: filepath.Join(t.TempDir(), "report"), waiversFile: e.put(t, "waivers.yaml", []byte(text))}, done)
	answers(t, got, answer{exitErrored, "clean-up is incomplete: 403"})
}
