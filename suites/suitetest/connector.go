package suitetest

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// The variables of the environment by which a test run is turned to another connector than the reference.
const (
	EnvDriver    = "BUCKETPROOF_DRIVER"            // base URL of the connector's driver
	EnvTokenFile = "BUCKETPROOF_DRIVER_TOKEN_FILE" // file with its operator's token
	EnvBuckets   = "BUCKETPROOF_BUCKETS"           // file that names the buckets; without it, stores of this machine
	EnvEdition   = "BUCKETPROOF_EDITION"           // edition of the rules
)

// Connector runs a family, and what it needs, over the reference connector on embedded stores, or over the connector that
// BUCKETPROOF_DRIVER names, and reports each requirement of the family.
func Connector(t *testing.T, family run.Family, needs ...run.Family) {
	selection, err := stores.Selection("")
	if err != nil {
		t.Fatal(err)
	}
	o := run.Options{Catalogue: Catalogue(t), Families: append(slices.Clone(needs), family), Seed: seed, Program: program}
	conform := func(t *testing.T, on string) {
		t.Helper()
		d, err := run.ConformConnector(t.Context(), connectorTarget(t, on), o)
		if err != nil {
			t.Fatal(err)
		}
		report(t, d.Result, family)
	}
	switch {
	case os.Getenv(EnvBuckets) != "" || selection == stores.OnlyEmbedded:
		conform(t, stores.Embedded)
	case selection == stores.OnlyContainers:
		conform(t, stores.Container)
	default:
		for _, on := range []string{stores.Embedded, stores.Container} {
			t.Run(on, func(t *testing.T) { conform(t, on) })
		}
	}
}

// ConnectorTarget is the connector under test with its buckets, for one test.
func ConnectorTarget(t *testing.T) run.ConnectorTarget {
	t.Helper()
	return connectorTarget(t, stores.Embedded)
}

func connectorTarget(t *testing.T, on string) run.ConnectorTarget {
	t.Helper()
	url := os.Getenv(EnvDriver)
	y := buckets(t, on)
	if url == "" {
		r, err := yard.Reference(t.Context(), y, nil, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Errorf("stop the connector: %v", err)
			}
		})
		return run.ConnectorTarget{URL: r.URL, Token: r.Token, Edition: os.Getenv(EnvEdition), Yard: y}
	}
	file := os.Getenv(EnvTokenFile)
	token, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%s must name a file with the operator's token: %v", EnvTokenFile, err)
	}
	return run.ConnectorTarget{URL: url, Token: strings.TrimSpace(string(token)), Edition: os.Getenv(EnvEdition), Yard: y}
}

// buckets is the yard for one test, on a kind of store. Where nothing may be left open, no provider may be missing but CoreWeave, which
// no container plays.
func buckets(t *testing.T, on string) *run.Yard {
	t.Helper()
	if file := os.Getenv(EnvBuckets); file != "" {
		y, err := yard.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	y, closing, err := yard.Embedded(t.Context(), newHost(t, on), catalogue.Providers)
	if errors.Is(err, stores.ErrUnavailable) {
		open(t, "not run: "+err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Errorf("remove the buckets: %v", err)
		}
	})
	for provider, why := range y.Missing {
		t.Logf("%s: not tried: %s", provider, why)
		if os.Getenv(EnvStrict) == "1" && provider != stores.CoreWeave {
			t.Errorf("%s: %s", provider, why)
		}
	}
	return y
}
