package run

import (
	"context"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

// parserProfile is the profile in which parsers are tried.
const parserProfile = "connector"

// ConformParser checks an implementation of storage addresses against the rules of profile connector. Nothing is sent.
func ConformParser(ctx context.Context, name string, impl address.Implementation, o Options) (*Done, error) {
	c := &certification{o: o, started: time.Now().UTC(), safety: safety{rec: wire.NewRecorder("")}}
	c.runID = NewRunID(c.started)
	c.subject = &Subject{Kind: KindParser, Profile: parserProfile, Edition: catalogue.DefaultEdition, Implementation: impl, Seed: o.Seed, Now: time.Now,
		Store: reports.Store{Name: name, Kind: "embedded"}}
	var err error
	if c.entries, err = o.Catalogue.Profile(catalogue.Selection{Profile: c.subject.Profile, Edition: c.subject.Edition}); err != nil {
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
