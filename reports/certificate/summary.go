package certificate

import (
	"strings"
	"time"
)

// summary is a Simple Verification Result: what a policy engine reads that doesn't look into results.
type summary struct {
	Type          string           `json:"_type"`
	Subject       []resource       `json:"subject"`
	PredicateType string           `json:"predicateType"`
	Predicate     summaryPredicate `json:"predicate"`
}

type summaryPredicate struct {
	Verifier    summaryVerifier `json:"verifier"`
	TimeCreated time.Time       `json:"timeCreated"`
	Properties  []string        `json:"properties"`
}

type summaryVerifier struct {
	ID          string   `json:"id"`
	Program     string   `json:"https://github.com/bucketproof/bucketproof/program"`
	Certificate resource `json:"https://github.com/bucketproof/bucketproof/certificate"`
	Expires     string   `json:"https://github.com/bucketproof/bucketproof/expires"`
}

// summarise says of a certificate, by its digest, what it proves.
func summarise(s statement, cert []byte) summary {
	c := s.Predicate.Claims
	word := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return '_'
		}, strings.ToUpper(s))
	}
	properties := []string{"BUCKETPROOF_CERTIFIED", "BUCKETPROOF_PROFILE_" + word(c.Profile), "BUCKETPROOF_EDITION_" + word(c.Edition)}
	if len(c.Waivers) == 0 {
		properties = append(properties, "BUCKETPROOF_WITHOUT_WAIVERS")
	}
	return summary{Type: statementType, Subject: s.Subject, PredicateType: summaryType, Predicate: summaryPredicate{
		Verifier: summaryVerifier{ID: verifierID, Program: c.Program, Certificate: resource{Name: File, Digest: digestOf(cert)},
			Expires: c.Expires.Format(time.RFC3339)},
		TimeCreated: c.Issued, Properties: properties}}
}
