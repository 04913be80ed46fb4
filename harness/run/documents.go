package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reference/retention"
	"github.com/bucketproof/bucketproof/reports"
)

// documentsProfile is the profile in which documents are judged.
const documentsProfile = "documents"

// Documents are a bucket's documents, and what they are judged by. One that is nil was not given; one with an error was, and
// its provider takes it for no such document.
type Documents struct {
	policy.Need
	FrontendOrigin string

	CORS      *cors.Policy
	CORSError error

	Access      policy.Documents
	PolicyError error
	KeyError    error

	Retention retention.Documents

	given map[string]bool // by kind: what Read took
}

// CORSFindings judges the CORS rules.
func (d *Documents) CORSFindings() []finding.Finding {
	n := cors.Need{Provider: d.Provider, FrontendOrigin: d.FrontendOrigin, Edition: d.Edition}
	if d.CORSError != nil {
		return cors.Refused(d.CORSError, n)
	}
	return cors.Judge(d.CORS, n)
}

// AccessFindings judges policies, key policy, key and roles. What a refused document would decide, nothing else decides.
func (d *Documents) AccessFindings() []finding.Finding {
	out := policy.Judge(d.Access, d.Need)
	for i, f := range out {
		if d.PolicyError != nil && f.State == finding.NotGiven && strings.Contains(f.Missing, "--policy") {
			out[i].Missing = "a policy that can be read: --policy FILE holds none"
		}
	}
	for _, r := range []struct {
		kind policy.Kind
		err  error
	}{{policy.Bucket, d.PolicyError}, {policy.Key, d.KeyError}} {
		if r.err == nil {
			continue
		}
		broken := policy.Refused(r.kind, r.err, d.Need)
		out = slices.DeleteFunc(out, func(f finding.Finding) bool {
			return slices.ContainsFunc(broken, func(b finding.Finding) bool { return b.Requirement == f.Requirement })
		})
		out = append(out, broken...)
	}
	return out
}

// RetentionFindings judges what becomes of what is stored.
func (d *Documents) RetentionFindings() []finding.Finding {
	return retention.Judge(d.Retention, retention.Need{Provider: d.Provider, Edition: d.Edition, Bucket: d.Bucket, Path: d.Path})
}

// Findings ends the check by what a judge made of a requirement: broken fails, with all that mends it; open is unverified,
// since no document decides it; a document or fact that is missing is not run, with what gives it.
func (t *T) Findings(findings []finding.Finding, requirement string) {
	mine := finding.Of(findings, requirement)
	var fixes []string
	var worst finding.Finding
	state := finding.Worst(findings, requirement)
	controls := 0
	for _, f := range mine {
		t.add(reports.Observation{What: f.What, Expected: f.Expected, Actual: f.Actual, Control: f.Control})
		switch {
		case f.Control && f.State != finding.Holds:
			t.Errorf("the positive control did not hold: %s: %s", f.What, f.Actual)
		case f.Control:
			controls++
			continue
		case f.State == state && worst.State == "":
			worst = f
		}
		if f.State == finding.Broken && f.Fix != "" && !slices.Contains(fixes, f.Fix) {
			fixes = append(fixes, f.Fix)
		}
	}
	switch state {
	case finding.Broken:
		t.Advise("%s", strings.Join(fixes, "\n"))
		t.Fail(worst.What+": "+worst.Expected, worst.Actual)
	case finding.Open:
		t.Unverified("no document decides it: %s: it depends on %s", worst.What, worst.Condition)
	case finding.NotGiven:
		t.NotRun("not given: %s", worst.Missing)
	case finding.Inapplicable:
		t.NotApplicable("%s", worst.What)
	case finding.Holds:
		t.mu.Lock()
		defer t.mu.Unlock()
		t.controls += controls
		t.denials += controls
	default:
		t.Errorf("nothing was judged")
	}
}

// NotRun ends the check: what it looks at was left out by the operator.
func (t *T) NotRun(format string, a ...any) {
	t.decide(reports.NotRun, fmt.Sprintf(format, a...), "", "")
}

// Review judges documents alone, against profile documents. Nothing is sent, and no bucket is seen.
func Review(ctx context.Context, d *Documents, o Options) (*Done, error) {
	c := &certification{o: o, started: time.Now().UTC(), safety: safety{rec: wire.NewRecorder("")}}
	c.runID = NewRunID(c.started)
	if d.Edition == "" {
		d.Edition = catalogue.DefaultEdition
	}
	c.subject = &Subject{Kind: KindDocuments, Profile: documentsProfile, Provider: d.Provider, Edition: d.Edition, Documents: d, Seed: o.Seed, Now: time.Now,
		Identity: "nobody: nothing is sent",
		Store:    reports.Store{Name: "none", Kind: "documents", Notes: []string{"Documents alone were judged, and no bucket was seen: this is no certificate."}}}
	var err error
	if c.entries, err = o.Catalogue.Profile(catalogue.Selection{Profile: documentsProfile, Provider: d.Provider, Edition: d.Edition, KMSKey: d.KMSKey != ""}); err != nil {
		return nil, &UsageError{err}
	}
	if err := c.choose(); err != nil {
		return nil, &UsageError{err}
	}
	if c.o.Limit == 0 {
		c.o.Limit = DefaultLimit
	}
	return c.run(ctx)
}

// documentsWords says whose documents they are.
func documentsWords(s *Subject) string {
	if s.Documents == nil || s.Documents.Bucket == "" {
		return "documents of a bucket on " + s.Provider
	}
	return fmt.Sprintf("documents of the bucket %s on %s", s.Documents.Bucket, s.Provider)
}
