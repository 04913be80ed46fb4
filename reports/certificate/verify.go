package certificate

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// maxSize bounds a certificate that is read, in bytes.
const maxSize = 128 << 20

// skew is how far the clock of the signer may be ahead of the verifier's.
const skew = 5 * time.Minute

// Ground is why a certificate is refused, in one word.
type Ground string

// The grounds.
const (
	Unreadable   Ground = "unreadable"    // it is no certificate
	Foreign      Ground = "foreign"       // signed by another key, or of another subject, profile or result
	Edited       Ground = "edited"        // changed after it was signed, or it contradicts itself
	Expired      Ground = "expired"       // or not valid yet, or older than was asked for
	Weaker       Ground = "weaker"        // an older edition, or less required than the catalogue requires
	NotCertified Ground = "not certified" // what was observed doesn't come to a certificate
)

// Refusal is the error of a certificate that is not accepted.
type Refusal struct {
	Ground Ground
	Detail string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Ground, r.Detail) }

func refuse(g Ground, format string, args ...any) error {
	return &Refusal{g, fmt.Sprintf(format, args...)}
}

// Conditions are what a certificate is held to.
type Conditions struct {
	Now      time.Time
	Editions []string // every edition of the rules, oldest first
	Edition  string   // the oldest one that is accepted
	// Required is what the verifier's own catalogue requires, at the least, of a profile in an edition; Catalogue is its
	// digest.
	Required  func(profile, edition string) ([]reports.Required, error)
	Catalogue string

	Subject string        // the canonical address it must be for; "" for any
	Driver  string        // the connector it must be for, whatever its name: run.CanonicalConnector without one; "" for any
	Profile string        // the profile it must be of; "" for any
	Result  []byte        // the result.json it must be over; nil for any
	MaxAge  time.Duration // since the run ended; 0 for any
}

// Verified is what an accepted certificate says.
type Verified struct {
	Claims         Claims
	Subject        string // the canonical address
	Key            string // the ID of the key that signed it
	Why            []string
	OtherCatalogue bool // it was made by another catalogue than the verifier's, whose requirements it meets all the same
	Result         *reports.Result
}

// Verify accepts a certificate or says why not: every error is a *Refusal, except for conditions that make no sense. It
// needs neither network nor clock.
func Verify(ctx context.Context, text []byte, key PublicKey, c Conditions) (*Verified, error) {
	if c.Now.IsZero() || c.Required == nil || !slices.Contains(c.Editions, c.Edition) {
		return nil, fmt.Errorf("verifying a certificate: no time, no catalogue, or an unknown edition %q", c.Edition)
	}
	payload, err := open(ctx, text, key)
	if err != nil {
		return nil, err
	}
	s, r, err := read(payload)
	if err != nil {
		return nil, err
	}
	_, why := reports.Decide(r.Required, r) // its own words for it may be anybody's
	v := &Verified{Claims: s.Predicate.Claims, Subject: r.Subject.Canonical, Key: key.id, Why: why, Result: r}
	if err := c.bind(r, s); err != nil {
		return nil, err
	}
	if err := c.time(v.Claims); err != nil {
		return nil, err
	}
	if err := issuable(r); err != nil {
		return nil, refuse(NotCertified, "%v", err)
	}
	if err := c.strength(r); err != nil {
		return nil, err
	}
	v.OtherCatalogue = r.Catalogue != c.Catalogue
	return v, nil
}

// open checks the envelope and its signature, and returns what was signed.
func open(ctx context.Context, text []byte, key PublicKey) ([]byte, error) {
	if len(text) > maxSize {
		return nil, refuse(Unreadable, "it is larger than %d MiB", maxSize>>20)
	}
	var e dsse.Envelope
	if err := reports.DecodeStrict(text, &e); err != nil {
		return nil, refuse(Unreadable, "it is no DSSE envelope: %v", err)
	}
	switch {
	case e.PayloadType != payloadType:
		return nil, refuse(Unreadable, "its payload is of type %q, not %q", e.PayloadType, payloadType)
	case len(e.Signatures) != 1:
		return nil, refuse(Unreadable, "it has %d signatures, not one", len(e.Signatures))
	}
	verifier, err := dsse.NewEnvelopeVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("verifying a certificate: %w", err)
	}
	_, payload, err := verifier.VerifyAndDecode(ctx, &e)
	if err == nil {
		if !spelled(e.Payload, payload) || !spelled(e.Signatures[0].Sig, nil) {
			return nil, refuse(Edited, "its payload or signature is written in another base64 than it was signed with")
		}
		return payload, nil
	}
	if id := e.Signatures[0].KeyID; id != key.id {
		return nil, refuse(Foreign, "it was signed by the key %s, not by %s", short(id), short(key.id))
	}
	return nil, refuse(Edited, "its signature is not one over what it says")
}

// spelled reports whether a text is the one base64 there is of what it stands for (RFC 4648, section 4), so that there is one
// certificate over a run and not many that differ in bytes which mean nothing. What it stands for is decoded where it is nil.
func spelled(text string, of []byte) bool {
	if of == nil {
		var err error
		if of, err = base64.StdEncoding.DecodeString(text); err != nil {
			return false
		}
	}
	return base64.StdEncoding.EncodeToString(of) == text
}

func short(id string) string {
	if id == "" {
		return "(unnamed)"
	}
	if len(id) > 16 {
		id = id[:16] + "..."
	}
	return fmt.Sprintf("%q", id)
}

// read takes a statement apart and makes sure that all it says follows from the result in it.
func read(payload []byte) (*statement, *reports.Result, error) {
	var head struct {
		Type          string `json:"_type"`
		PredicateType string `json:"predicateType"`
	}
	if err := json.Unmarshal(payload, &head); err != nil {
		return nil, nil, refuse(Unreadable, "it signs no in-toto statement: %v", err)
	}
	if head.PredicateType == summaryType {
		return nil, nil, refuse(Unreadable, "it is a verification summary, which holds no result: verify %s", File)
	}
	if head.Type != statementType || head.PredicateType != testResultType {
		return nil, nil, refuse(Unreadable, "it signs a statement of another type, %q with %q", head.Type, head.PredicateType)
	}
	var s statement
	if err := reports.DecodeStrict(payload, &s); err != nil {
		return nil, nil, refuse(Unreadable, "it signs no certificate: %v", err)
	}
	var text []byte
	for _, x := range s.Predicate.Configuration {
		if x.Name == resultName {
			text = x.Content
			if !maps.Equal(x.Digest, digestOf(text)) {
				return nil, nil, refuse(Edited, "the digest of its result is not that of the result it holds")
			}
		}
	}
	if len(text) == 0 {
		return nil, nil, refuse(Unreadable, "it holds no result")
	}
	r, err := reports.ReadJSON(bytes.NewReader(text))
	if err != nil {
		return nil, nil, refuse(Edited, "the result it holds contradicts itself: %v", err)
	}
	claims := s.Predicate.Claims
	if want := describe(r, text, claims.Expires); !reflect.DeepEqual(normal(s), normal(want)) {
		return nil, nil, refuse(Edited, "what it claims (%s) is not what its result says", different(s, want))
	}
	if claims.Expires.After(expiry(r, MaxValidity)) {
		return nil, nil, refuse(Edited, "it is said to be valid until %s, beyond %d days or a waiver", claims.Expires.Format(time.RFC3339), int(MaxValidity.Hours()/24))
	}
	return &s, r, nil
}

// normal is a statement as its JSON reads, so that two can be compared.
func normal(s statement) (v any) {
	if text, err := json.Marshal(s); err == nil {
		_ = json.Unmarshal(text, &v) // what was just encoded
	}
	return v
}

// different names the parts in which two statements differ.
func different(a, b statement) string {
	var parts []string
	for _, x := range []struct {
		name string
		a, b any
	}{
		{"the subject", a.Subject, b.Subject}, {"the result", a.Predicate.Result, b.Predicate.Result},
		{"the configuration", a.Predicate.Configuration, b.Predicate.Configuration}, {"the tests that passed", a.Predicate.PassedTests, b.Predicate.PassedTests},
		{"the tests with a warning", a.Predicate.WarnedTests, b.Predicate.WarnedTests}, {"the tests that failed", a.Predicate.FailedTests, b.Predicate.FailedTests},
		{"the verdict", a.Predicate.Claims.Verdict, b.Predicate.Claims.Verdict}, {"the edition", a.Predicate.Claims.Edition, b.Predicate.Claims.Edition},
		{"the profile", a.Predicate.Claims.Profile, b.Predicate.Claims.Profile}, {"the time", a.Predicate.Claims.Issued.String(), b.Predicate.Claims.Issued.String()},
		{"the waivers", a.Predicate.Claims.Waivers, b.Predicate.Claims.Waivers}, {"the warnings", a.Predicate.Claims.Warnings, b.Predicate.Claims.Warnings},
	} {
		if !reflect.DeepEqual(x.a, x.b) {
			parts = append(parts, x.name)
		}
	}
	if len(parts) == 0 {
		return "the rest"
	}
	return strings.Join(parts, ", ")
}

// bind makes sure that the certificate is for what the verifier has before it.
func (c Conditions) bind(r *reports.Result, s *statement) error {
	if c.Subject != "" && r.Subject.Canonical != c.Subject {
		return refuse(Foreign, "it is for %q, not for %q", r.Subject.Canonical, c.Subject)
	}
	if c.Driver != "" {
		_, at, _ := strings.Cut(c.Driver, `"" `)
		if r.Subject.Kind != "connector" || !strings.HasSuffix(r.Subject.Canonical, `" `+at) {
			return refuse(Foreign, "it is for %q, not for a connector %s", r.Subject.Canonical, at)
		}
	}
	if c.Profile != "" && r.Profile != c.Profile {
		return refuse(Foreign, "it is of the profile %q, not of %q", r.Profile, c.Profile)
	}
	if c.Result == nil {
		return nil
	}
	given, err := reports.ReadJSON(bytes.NewReader(c.Result))
	if err != nil {
		return refuse(Edited, "the result beside it contradicts itself: %v", err)
	}
	for _, x := range s.Predicate.Configuration {
		if x.Name == resultName && maps.Equal(x.Digest, digestOf(c.Result)) {
			return nil
		}
	}
	if given.Run.ID == r.Run.ID {
		return refuse(Edited, "the result beside it, of the same run, is not the one that was certified")
	}
	return refuse(Foreign, "it is over the run %s, and the result beside it is of the run %q", r.Run.ID, given.Run.ID)
}

func (c Conditions) time(claims Claims) error {
	switch {
	case c.Now.Add(skew).Before(claims.Issued):
		return refuse(Expired, "it is not valid before %s", claims.Issued.Format(time.RFC3339))
	case !c.Now.Before(claims.Expires):
		return refuse(Expired, "it was valid until %s", claims.Expires.Format(time.RFC3339))
	case c.MaxAge > 0 && c.Now.Sub(claims.Issued) > c.MaxAge:
		return refuse(Expired, "its run ended at %s, longer ago than the %s that are allowed", claims.Issued.Format(time.RFC3339), c.MaxAge)
	}
	return nil
}

// strength makes sure that the run had to meet at least what the verifier's own catalogue requires.
func (c Conditions) strength(r *reports.Result) error {
	at := slices.Index(c.Editions, r.Edition)
	switch {
	case at < 0:
		return refuse(Weaker, "it is of the edition %q, which this program doesn't know", r.Edition)
	case at < slices.Index(c.Editions, c.Edition):
		return refuse(Weaker, "it is of the edition %s, older than %s", r.Edition, c.Edition)
	}
	own, err := c.Required(r.Profile, r.Edition)
	if err != nil {
		return refuse(Weaker, "what it had to meet is not known here: %v", err)
	}
	if len(own) == 0 {
		return errors.New("verifying a certificate: the catalogue requires nothing")
	}
	had := map[string]reports.Required{}
	for _, q := range r.Required {
		had[q.ID] = q
	}
	var missing, lower []string
	for _, q := range own {
		theirs, there := had[q.ID]
		switch {
		case !there:
			missing = append(missing, q.ID)
		case q.Level == reports.Must && theirs.Level != reports.Must, theirs.Optional && !q.Optional, q.Denial && !theirs.Denial:
			lower = append(lower, q.ID)
		}
	}
	which := "of this program"
	if r.Catalogue == c.Catalogue {
		which = "of the same digest"
	}
	switch {
	case len(missing) > 0:
		return refuse(Weaker, "%d of what the catalogue %s requires is missing: %s", len(missing), which, some(missing))
	case len(lower) > 0:
		return refuse(Weaker, "%d was less binding than in the catalogue %s: %s", len(lower), which, some(lower))
	}
	return nil
}

func some(ids []string) string {
	if len(ids) > 5 {
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:5], ", "), len(ids)-5)
	}
	return strings.Join(ids, ", ")
}
