package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

// result makes the one result of the run from what the specs saw.
func (c *certification) result(x *execution) *Done {
	s := c.subject
	d := &Done{Evidence: map[string]*wire.Recorder{}}
	r := &reports.Result{APIVersion: reports.APIVersion, Kind: reports.Kind, Edition: s.Edition, Catalogue: c.o.Catalogue.Digest(), Profile: s.Profile,
		Subject: reports.Subject{Kind: s.Kind, Provider: s.provider(), Identity: s.Identity, Store: s.Store, Address: addressWords(s)},
		Run:     reports.Run{ID: c.runID, Started: c.started, Finished: time.Now().UTC(), Seed: s.Seed, Program: c.o.Program, Filter: c.filter()},
		Safety:  c.safety.outcome}
	r.Subject.Canonical, _ = c.named()
	for _, e := range c.entries {
		r.Requirements = append(r.Requirements, c.line(x, e, d))
	}
	if c.safety.rec.Len() > 0 {
		d.Evidence["evidence/run.har"] = c.safety.rec
	}
	for _, rec := range x.records {
		if m := rec.t.measured(); m != nil {
			r.Throughput, d.Operations = m, rec.t.operations
		}
	}
	r.Conclude(Required(c.entries))
	d.Result = r
	return d
}

// Required is what a run over the catalogue's entries must meet, as a result records it.
func Required(entries []catalogue.Entry) []reports.Required {
	required := make([]reports.Required, 0, len(entries))
	for _, e := range entries {
		required = append(required, reports.Required{ID: e.ID, Level: string(e.Level), Optional: e.Optional, Denial: e.Denial})
	}
	return required
}

// line is one requirement of the result.
func (c *certification) line(x *execution, e catalogue.Entry, d *Done) reports.Requirement {
	l := reports.Requirement{ID: e.ID, Level: string(e.Level), Title: e.Title, Text: e.Text, Source: sourceWords(e.Source), Optional: e.Optional,
		Observations: []reports.Observation{}}
	f, bound := x.requirement(e.ID)
	switch {
	case bound:
		l.Outcome, l.Reason, l.StandsOn = f.Outcome, f.Reason, f.StandsOn
		l.Expected, l.Actual, l.Remedy = f.Expected, f.Actual, f.Remedy
		var elapsed time.Duration
		for i, p := range f.Parts {
			elapsed += p.Elapsed
			name := c.evidence(d, e.ID, i, p.Recorder)
			if l.Evidence == "" {
				l.Evidence = name
			}
			for _, o := range p.Observations {
				o.Exchanges, o.Unshown = exchanges(p.Recorder, o.Requests, f.Outcome, x.hide)
				if name != l.Evidence {
					o.Requests = nil // they count in another file than the one that is named
				}
				l.Observations = append(l.Observations, o)
			}
		}
		l.Milliseconds = elapsed.Milliseconds()
	case c.o.Catalogue.PendingIn(c.subject.Profile)[e.ID] != "":
		l.Outcome, l.Reason = reports.NotRun, c.o.Catalogue.PendingIn(c.subject.Profile)[e.ID]
	case len(c.o.Only) > 0 && !slices.Contains(c.o.Only, e.ID):
		l.Outcome, l.Reason = reports.NotRun, c.leftOut()
	case c.subject.Kind == KindParser && e.Family != "ADDR":
		l.Outcome, l.Reason = reports.NotRun, "a reader of addresses alone can't show it: a connector is asked"
	case c.subject.Kind == KindEvaluator && e.ID != "BYOB-PERM-017":
		l.Outcome, l.Reason = reports.NotRun, "an evaluator of policies alone can't show it: a connector is asked"
	case len(x.problems) > 0:
		l.Outcome, l.Reason = reports.Errored, "the run was broken off before any spec: "+strings.Join(x.problems, "; ")
	default:
		l.Outcome, l.Reason = reports.Errored, "no spec is bound to this requirement"
	}
	if l.Remedy == "" {
		l.Remedy = c.remedy(e, l.Outcome, f, x.hide)
	}
	if l.Reason == "" && l.Outcome == reports.Failed {
		l.Reason = l.Expected + ", but " + l.Actual
	}
	return l
}

// exchangesShown is how many requests of one observation a result shows: what it was about comes first.
const exchangesShown = 4

// exchanges are the first requests of an observation with their answers, and how many more there were. What is met is shown
// without header fields: a result travels in a certificate.
func exchanges(rec *wire.Recorder, requests []int, o reports.Outcome, hide *wire.Hider) (out []reports.Exchange, more int) {
	full := o != reports.Passed && o != reports.NotApplicable
	for i, n := range requests {
		if i == exchangesShown {
			return out, len(requests) - exchangesShown
		}
		x, ok := rec.Exchange(n, full)
		if !ok {
			continue
		}
		x.URL, x.Body, x.Failure = hide.Clean(x.URL), hide.Clean(x.Body), hide.Clean(x.Failure)
		for _, fields := range [][]string{x.Sent, x.Received} {
			for k := range fields {
				fields[k] = hide.Clean(fields[k])
			}
		}
		out = append(out, x)
	}
	return out, 0
}

// evidence keeps what one spec of a requirement recorded, and returns the file's name, "" when it recorded nothing.
func (c *certification) evidence(d *Done, id string, part int, rec *wire.Recorder) string {
	if rec.Len() == 0 {
		return ""
	}
	name := fmt.Sprintf("evidence/%s.har", id)
	if part > 0 {
		name = fmt.Sprintf("evidence/%s-%d.har", id, part+1)
	}
	d.Evidence[name] = rec
	return name
}

// remedy is the catalogue's, where it is this outcome's own: a failure's, and that of a check which could not be decided
// and said that the remedy mends that too. What stands on something else, was broken off, or was answered that there is
// no such thing is not mended by what mends a breach of this requirement.
func (c *certification) remedy(e catalogue.Entry, o reports.Outcome, f found, hide *wire.Hider) string {
	switch {
	case o == reports.Failed && f.Unknown:
		return "The store answers that it doesn't implement what was asked: neither a right nor a key mends that. Make sure that the address, or --endpoint, names the service that is meant; if it does, this store lacks what W&B needs."
	case o == reports.Failed, o == reports.Errored && f.Mends:
		return c.subject.filled(remedyWords(e, c.subject.provider()), hide)
	}
	return ""
}

func remedyWords(e catalogue.Entry, profile string) string {
	if r := e.Remedy[profile]; r != "" {
		return r
	}
	return e.Remedy["any"]
}

// provider is whose bucket it is.
func (s *Subject) provider() string {
	if s.Kind == KindDocuments {
		return s.Provider
	}
	return s.Profile
}

func sourceWords(sources []catalogue.Source) string {
	var out []string
	for _, s := range sources {
		line := s.Document
		if s.Section != "" {
			line += ", " + s.Section
		}
		if s.Edition != "" {
			line += " (" + s.Edition + ")"
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

// addressWords is the subject's address without its secrets.
func addressWords(s *Subject) string {
	if s.Address != nil {
		return s.Address.String()
	}
	switch s.Kind {
	case KindDocuments:
		return documentsWords(s)
	case KindParser:
		return "storage addresses"
	case KindEvaluator:
		return "policies"
	case KindConnector:
		return s.Connector.Base().String()
	}
	return "an address that can't be used"
}
