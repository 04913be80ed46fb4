package run

import (
	"time"

	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

// NotRun is the result for a subject that could not be had at all: every requirement is not run, for that reason.
func NotRun(profile, edition, reason string, o Options) (*Done, error) {
	if edition == "" {
		edition = catalogue.DefaultEdition
	}
	entries, err := o.Catalogue.Profile(catalogue.Selection{Profile: profile, Edition: edition, Long: o.Long, Browser: o.Browser, Throughput: o.Throughput != nil})
	if err != nil {
		return nil, &UsageError{err}
	}
	now := time.Now().UTC()
	r := &reports.Result{APIVersion: reports.APIVersion, Kind: reports.Kind, Edition: edition, Catalogue: o.Catalogue.Digest(), Profile: profile,
		Subject: reports.Subject{Kind: KindBucket, Provider: profile, Address: "none: there was no bucket to try", Store: reports.Store{Name: "none", Kind: "embedded"}},
		Run:     reports.Run{ID: NewRunID(now), Started: now, Finished: now, Seed: o.Seed, Program: o.Program},
		Safety:  reports.Safety{CleanUp: "nothing written", ConfigurationUnchanged: "not readable"}}
	for _, e := range entries {
		r.Requirements = append(r.Requirements, reports.Requirement{ID: e.ID, Level: string(e.Level), Title: e.Title, Text: e.Text, Source: sourceWords(e.Source),
			Optional: e.Optional, Outcome: reports.NotRun, Reason: reason, Observations: []reports.Observation{}})
	}
	r.Conclude(Required(entries))
	return &Done{Result: r}, nil
}
