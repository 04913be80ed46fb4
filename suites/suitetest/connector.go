package suitetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// The variables of the environment by which a test run is turned to another connector than the reference.
const (
	EnvDriver    = "BUCKETPROOF_DRIVER"            // base URL of the connector's driver
	EnvTokenFile = "BUCKETPROOF_DRIVER_TOKEN_FILE" // file with its operator's token
	EnvBuckets   = "BUCKETPROOF_BUCKETS"           // file that names the buckets; without it, the embedded stores
	EnvEdition   = "BUCKETPROOF_EDITION"           // edition of the rules
)

// Connector runs a family, and what it needs, over the reference connector on embedded stores, or over the connector that
// BUCKETPROOF_DRIVER names, and reports each requirement of the family.
func Connector(t *testing.T, family run.Family, needs ...run.Family) {
	o := run.Options{Catalogue: Catalogue(t), Families: append(slices.Clone(needs), family), Seed: seed, Program: program}
	d, err := run.ConformConnector(t.Context(), ConnectorTarget(t), o)
	if err != nil {
		t.Fatal(err)
	}
	report(t, d.Result, family)
}

// ConnectorTarget is the connector under test with its buckets, for one test.
func ConnectorTarget(t *testing.T) run.ConnectorTarget {
	t.Helper()
	url := os.Getenv(EnvDriver)
	y := buckets(t)
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

// buckets is the yard for one test.
func buckets(t *testing.T) *run.Yard {
	t.Helper()
	if file := os.Getenv(EnvBuckets); file != "" {
		y, err := yard.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	y, closing, err := yard.Embedded(t.Context(), Host(t), catalogue.Providers)
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
	}
	return y
}
