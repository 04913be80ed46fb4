// Package certificate makes and verifies certificates: signed statements of certified runs that anyone can check offline.
// A certificate is an in-toto statement (Statement v1) with a test-result predicate, in a DSSE envelope signed with
// ed25519. Its subject is the digest of the canonical, secret-free address; it holds the whole result.json, is bound to
// the edition, the digest of the catalogue, the program and the time of the run, and ends on a day. Whoever verifies one
// believes nothing in it but the observations: the verdict is computed anew, by reports.Decide, against what the
// verifier's own catalogue requires. What was made of an emulator, or was reached in another place than the address
// names, gets no certificate.
package certificate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// The types of in-toto (in-toto/attestation v1.2.0, spec/v1 and spec/predicates) and the name of what is ours in them: an
// extension field is named by a URI.
const (
	payloadType       = "application/vnd.in-toto+json"
	statementType     = "https://in-toto.io/Statement/v1"
	testResultType    = "https://in-toto.io/attestation/test-result/v0.1"
	summaryType       = "https://in-toto.io/attestation/svr/v0.1"
	verifierID        = "https://github.com/bucketproof/bucketproof"
	resultName        = reports.ResultFile
	catalogueName     = "catalogue"
	resultContentType = "application/json"
)

// Limits of a certificate's validity.
const (
	DefaultValidity = 90 * 24 * time.Hour
	MaxValidity     = 366 * 24 * time.Hour
)

// The names of the files a certified run is given.
const (
	File        = "certificate.json"
	SummaryFile = "verification-summary.json"
)

type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     predicate  `json:"predicate"`
}

// resource is in-toto's ResourceDescriptor.
type resource struct {
	Name      string            `json:"name,omitempty"`
	Digest    map[string]string `json:"digest,omitempty"`
	MediaType string            `json:"mediaType,omitempty"`
	Content   []byte            `json:"content,omitempty"`
}

type predicate struct {
	Result        string     `json:"result"` // PASSED, or WARNED where something is waived or a recommendation is broken
	Configuration []resource `json:"configuration"`
	PassedTests   []string   `json:"passedTests"`
	WarnedTests   []string   `json:"warnedTests"`
	FailedTests   []string   `json:"failedTests"`
	Claims        Claims     `json:"https://github.com/bucketproof/bucketproof/certificate/v1"`
}

// Claims are what a certificate says for a reader who doesn't look into the result. All but the times follow from it.
type Claims struct {
	Verdict  reports.Verdict  `json:"verdict"`
	Edition  string           `json:"edition"`
	Profile  string           `json:"profile"`
	Program  string           `json:"program"`
	Run      string           `json:"run"`
	Issued   time.Time        `json:"issued"`  // when the run ended
	Expires  time.Time        `json:"expires"` // the first moment at which it isn't valid any more
	Waivers  []reports.Waiver `json:"waivers,omitempty"`
	Warnings []string         `json:"warnings,omitempty"`
}

func digestOf(b []byte) map[string]string {
	sum := sha256.Sum256(b)
	return map[string]string{"sha256": hex.EncodeToString(sum[:])}
}

// issuable says why a result gets no certificate, nil when it does.
func issuable(r *reports.Result) error {
	verdict, why := reports.Decide(r.Required, r)
	switch {
	case verdict != reports.Certified:
		return fmt.Errorf("the run is %s: %s", verdict, first(why))
	case r.Subject.Canonical == "":
		return errors.New("the result doesn't name its subject")
	case r.Catalogue == "":
		return errors.New("the result doesn't name its catalogue")
	case r.Edition == "" || r.Profile == "" || r.Run.Program == "" || r.Run.ID == "":
		return errors.New("the result doesn't name its edition, profile, program or run")
	case r.Run.Started.IsZero() || r.Run.Finished.Before(r.Run.Started):
		return errors.New("the result doesn't say when it was made")
	case r.Subject.Kind != "bucket" && r.Subject.Kind != "connector":
		return fmt.Errorf("it is of the kind %q: a certificate is for a bucket or a connector", r.Subject.Kind)
	case r.Subject.Kind == "bucket" && r.Profile != r.Subject.Provider, r.Subject.Kind == "connector" && r.Profile != "connector":
		return fmt.Errorf("the profile %q is not the one of a %s of %q", r.Profile, r.Subject.Kind, r.Subject.Provider)
	case r.Subject.Kind == "bucket" && r.Subject.Store.Kind != "remote":
		return fmt.Errorf("the store is of kind %q: an emulator's answers say nothing about a bucket", r.Subject.Store.Kind)
	case r.Subject.Kind == "connector" && r.Subject.Store.Kind != "remote":
		return errors.New("the connector was tried on stores of this machine alone: their answers say nothing about its buckets")
	case r.Subject.Store.Via != "":
		return fmt.Errorf("the run was told to find the store at %q: nobody has seen that the address's own endpoint answered", r.Subject.Store.Via)
	}
	return nil
}

func first(why []string) string {
	if len(why) == 0 {
		return "it doesn't say why"
	}
	return why[0]
}

// describe makes the statement about a result, which text encodes.
func describe(r *reports.Result, text []byte, expires time.Time) statement {
	p := predicate{Result: "PASSED", PassedTests: []string{}, WarnedTests: []string{}, FailedTests: []string{},
		Configuration: []resource{
			{Name: catalogueName, Digest: map[string]string{"sha256": r.Catalogue}},
			{Name: resultName, Digest: digestOf(text), MediaType: resultContentType, Content: text},
		},
		Claims: Claims{Verdict: r.Verdict, Edition: r.Edition, Profile: r.Profile, Program: r.Run.Program, Run: r.Run.ID,
			Issued: r.Run.Finished.UTC(), Expires: expires.UTC(), Waivers: slices.Clone(r.Waivers)}}
	for _, q := range r.Requirements {
		switch q.Outcome {
		case reports.Passed:
			p.PassedTests = append(p.PassedTests, q.ID)
		case reports.Waived:
			p.WarnedTests = append(p.WarnedTests, q.ID)
		case reports.Failed, reports.Errored:
			p.WarnedTests = append(p.WarnedTests, q.ID)
			p.Claims.Warnings = append(p.Claims.Warnings, q.ID)
		}
	}
	if len(p.WarnedTests) > 0 {
		p.Result = "WARNED"
	}
	return statement{Type: statementType, PredicateType: testResultType, Predicate: p,
		Subject: []resource{{Name: r.Subject.Canonical, Digest: digestOf([]byte(r.Subject.Canonical))}}}
}

// expiry is when a certificate over a result ends: after its validity, or with the first waiver.
func expiry(r *reports.Result, validity time.Duration) time.Time {
	end := r.Run.Finished.Add(validity).UTC().Truncate(time.Second)
	for _, w := range r.Waivers {
		if e := w.Ends(); e.Before(end) {
			end = e
		}
	}
	return end
}

// Issued is a certificate and the short form that a gate may read which knows in-toto and not Bucketproof.
type Issued struct {
	Certificate, Summary []byte
	Expires              time.Time
}

// Issue signs a certificate over a result. It refuses a result that isn't certified by what it says, that doesn't name
// what a certificate binds, or that reports.ReadJSON would refuse; and a validity beyond MaxValidity.
func Issue(ctx context.Context, key PrivateKey, r *reports.Result, validity time.Duration) (*Issued, error) {
	if validity <= 0 || validity > MaxValidity {
		return nil, fmt.Errorf("a certificate is valid for up to %d days", int(MaxValidity.Hours()/24))
	}
	if err := issuable(r); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		return nil, err
	}
	read, err := reports.ReadJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		return nil, err
	}
	s := describe(read, b.Bytes(), expiry(read, validity))
	cert, err := sign(ctx, key, s)
	if err != nil {
		return nil, err
	}
	summary, err := sign(ctx, key, summarise(s, cert))
	if err != nil {
		return nil, err
	}
	return &Issued{cert, summary, s.Predicate.Claims.Expires}, nil
}

func sign(ctx context.Context, key PrivateKey, v any) ([]byte, error) {
	payload, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a statement: %w", err)
	}
	signer, err := dsse.NewEnvelopeSigner(key)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	envelope, err := signer.SignPayload(ctx, payloadType, payload)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	text, err := json.MarshalIndent(envelope, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding an envelope: %w", err)
	}
	return append(text, '\n'), nil
}
