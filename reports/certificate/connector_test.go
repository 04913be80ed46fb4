package certificate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/reports/certificate"
)

// conform is a certified run over a connector.
func conform(t *testing.T) *reports.Result {
	t.Helper()
	r := certified(t)
	r.Profile = "connector"
	r.Subject = reports.Subject{Kind: "connector", Address: "https://connector.example.com", Canonical: `connector "acme" at https://connector.example.com`,
		Store: reports.Store{Name: "connector acme", Version: "1.4", Kind: "remote"}}
	r.Requirements = nil
	list := required(t, "connector", "2025-09")
	for _, q := range list {
		r.Requirements = append(r.Requirements, reports.Requirement{ID: q.ID, Level: q.Level, Title: "A rule", Text: "It holds.", Optional: q.Optional, Outcome: reports.Passed,
			Observations: []reports.Observation{{What: "a request", Expected: "200", Actual: "200"}, {What: "its control", Control: true}}})
	}
	r.Conclude(list)
	return r
}

func TestAConnectorsCertificateIsForItsDriver(t *testing.T) {
	k, r := newKeys(t), conform(t)
	cert := issue(t, k, r)
	c := conditions(t)
	c.Required = func(profile, edition string) ([]reports.Required, error) { return required(t, profile, edition), nil }
	c.Driver = `connector "" at https://connector.example.com`
	v, err := certificate.Verify(t.Context(), cert, k.public, c)
	if err != nil {
		t.Fatal(err)
	}
	if v.Subject != r.Subject.Canonical || v.Claims.Verdict != reports.Certified {
		t.Errorf("got %q, %s; want %q, certified", v.Subject, v.Claims.Verdict, r.Subject.Canonical)
	}
	for _, other := range []string{"https://other.example.com", "https://connector.example.com/other", "https://example.com"} {
		c.Driver = `connector "" at ` + other
		_, err := certificate.Verify(t.Context(), cert, k.public, c)
		refused(t, err, certificate.Foreign, other)
	}
	c.Driver = `connector "" at https://connector.example.com`
	_, err = certificate.Verify(t.Context(), issue(t, k, certified(t)), k.public, c)
	refused(t, err, certificate.Foreign, "not for a connector")
}

func TestAConnectorOnBucketsOfThisMachineGetsNoCertificate(t *testing.T) {
	k := newKeys(t)
	for _, c := range []struct {
		name   string
		change func(*reports.Result)
		want   string
	}{
		{"embedded stores", func(r *reports.Result) { r.Subject.Store.Kind = "embedded" }, "of this machine alone"},
		{"hosts that were named", func(r *reports.Result) { r.Subject.Store.Via = "hosts that were named for the run" }, "hosts that were named"},
		{"a failed requirement", func(r *reports.Result) { r.Requirements[0].Outcome = reports.Failed; r.Conclude(r.Required) }, "not certified"},
	} {
		r := conform(t)
		c.change(r)
		if _, err := certificate.Issue(t.Context(), k.private, r, time.Hour); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
}
