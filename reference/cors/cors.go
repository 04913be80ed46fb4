// Package cors reads a bucket's CORS rules, answers preflights and actual requests as the provider would by them, says
// whether a browser lets the page go on, and judges what a policy lacks for W&B's front end (requirements BYOB-CORS-001 to
// 006 and 009), with the smallest change in the provider's own syntax. It is pure: what a document says, never what a
// store did. Providers differ where it matters, and so do their rules here: Amazon S3 and what speaks its language take
// the first rule that matches origin, method and every header, with one * in each; Google Cloud Storage takes the first
// entry that matches origin and method, tells all that it shares and lets the browser compare; Azure keeps rules for the
// account's blob service, five at most.
package cors

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The providers, in the words used everywhere.
const (
	AWS          = "aws"
	CoreWeave    = "coreweave"
	GCP          = "gcp"
	Azure        = "azure"
	S3Compatible = "s3-compatible"
)

// Policy is a bucket's CORS rules in their order, as the provider keeps them.
type Policy struct {
	Provider string
	Rules    []Rule
	// Elsewhere are rules that stand in the document and are not for blobs (Azure: another service of the account).
	Elsewhere []Rule
	// Dropped are fields that the provider does not know and keeps nothing of (Google Cloud Storage).
	Dropped []Dropped
}

// Rule is one rule.
type Rule struct {
	ID      string
	Origins []string
	Methods []string
	// Headers are the request headers that a preflight may ask for, Expose the response headers that a page may read. On
	// Google Cloud Storage both are responseHeader.
	Headers []string
	Expose  []string
	// MaxAge is in seconds, nil where the rule says nothing.
	MaxAge  *int
	Service string // Azure: what the rule is for; "" is the blob service
}

// Dropped is a field that the provider keeps nothing of.
type Dropped struct {
	Rule   int // 1 is the first
	Field  string
	Values []string
	Fix    string
}

// Error says why a document is no CORS policy of its provider.
type Error struct {
	Rule    int // 1 is the first; 0 the document as a whole
	Line    int // of the document, 0 if unknown
	Field   string
	Problem string
	Fix     string
}

// Error is one line: where, what is wrong, what to write.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Rule > 0 {
		fmt.Fprintf(&b, "rule %d: ", e.Rule)
	} else if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, "%s: ", e.Field)
	}
	b.WriteString(e.Problem)
	if e.Fix != "" {
		b.WriteString("; " + e.Fix)
	}
	return b.String()
}

// Parse reads a document strictly: what the provider would drop without a word is an error too.
func Parse(provider string, document []byte) (*Policy, error) {
	p, err := Read(provider, document)
	if err != nil {
		return nil, err
	}
	for _, d := range p.Dropped {
		return nil, &Error{Rule: d.Rule, Field: d.Field, Problem: "no field of Google Cloud Storage, which keeps nothing of it", Fix: d.Fix}
	}
	return p, nil
}

// Read reads a document as the provider keeps it. What the provider refuses is an *Error; a field that it drops without a
// word is in Dropped.
func Read(provider string, document []byte) (*Policy, error) {
	var p *Policy
	var err error
	switch provider {
	case AWS, CoreWeave, S3Compatible:
		p, err = readS3(document)
	case GCP:
		p, err = readGCS(document)
	case Azure:
		p, err = readAzure(document)
	default:
		return nil, fmt.Errorf("unknown provider %q: known are %s, %s, %s, %s, %s", provider, AWS, CoreWeave, GCP, Azure, S3Compatible)
	}
	if err != nil {
		return nil, err
	}
	p.Provider = provider
	return p, nil
}

// Request is what a browser sends.
type Request struct {
	Origin string
	// Method is the method of the actual request; in a preflight it is Access-Control-Request-Method.
	Method string
	// Headers are the names in Access-Control-Request-Headers.
	Headers []string
}

// Answer is what the provider says to a Request.
type Answer struct {
	// Status of a preflight; 0 for an actual request, whose status does not depend on CORS.
	Status int
	Header http.Header
	// Rule is the rule that decided, 1 is the first; 0 means none.
	Rule int
	// Why says in a few words why there was no rule; "" when there was one.
	Why string
}

// Preflight answers OPTIONS with the request's origin, method and headers.
func (p *Policy) Preflight(r Request) Answer {
	switch p.Provider {
	case GCP:
		return p.gcsPreflight(r)
	case Azure:
		return p.azurePreflight(r)
	}
	return p.s3Preflight(r)
}

// Actual answers the request itself: the headers that CORS adds to the provider's answer.
func (p *Policy) Actual(r Request) Answer {
	switch p.Provider {
	case GCP:
		return p.gcsActual(r)
	case Azure:
		return p.azureActual(r)
	}
	return p.s3Actual(r)
}

// Clone is a deep copy.
func (p *Policy) Clone() *Policy {
	out := *p
	out.Rules = slices.Clone(p.Rules)
	for i, r := range out.Rules {
		out.Rules[i] = r.clone()
	}
	out.Elsewhere, out.Dropped = slices.Clone(p.Elsewhere), slices.Clone(p.Dropped)
	return &out
}

func (r Rule) clone() Rule {
	r.Origins, r.Methods = slices.Clone(r.Origins), slices.Clone(r.Methods)
	r.Headers, r.Expose = slices.Clone(r.Headers), slices.Clone(r.Expose)
	if r.MaxAge != nil {
		age := *r.MaxAge
		r.MaxAge = &age
	}
	return r
}

// names are header names in the form in which they are compared, without empty ones.
func names(headers []string) []string {
	var out []string
	for _, h := range headers {
		if h = strings.ToLower(strings.TrimSpace(h)); h != "" {
			out = append(out, h)
		}
	}
	return out
}

func has(list []string, fold string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, fold) })
}
