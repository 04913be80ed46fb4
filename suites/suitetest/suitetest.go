// Package suitetest runs a family of specs under go test, one Go test a requirement: red where the requirement failed or
// could not be decided by error, skipped with the reason where it was left open, green only where it was met. The
// subjects are fresh, well provisioned buckets on the embedded stores, or on those that BUCKETPROOF_STORES selects (embedded,
// containers, all), or, where BUCKETPROOF_ADDRESS names one, that bucket. BUCKETPROOF_STRICT=1 makes everything red that was not met.
package suitetest

import (
	"context"
	"crypto/x509"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
)

// The variables of the environment that a test run is steered by.
const (
	EnvAddress  = "BUCKETPROOF_ADDRESS"  // the bucket to test in the place of the embedded ones: a secret
	EnvCAFile   = "BUCKETPROOF_CA_FILE"  // PEM file with CA certificates to trust besides the system's
	EnvEndpoint = "BUCKETPROOF_ENDPOINT" // base URL of the store's service in the place of the address's
	EnvStrict   = "BUCKETPROOF_STRICT"   // 1: red on anything undecided
)

// program is what the tests call themselves in a User-Agent.
const program = "bucketproof-suites/test"

// seed is what everything random in the tests comes from.
const seed = 20250901

// Run certifies buckets with a family and with what it needs, and reports each requirement of the family. A requirement
// of the family to which no spec is bound is an error.
func Run(t *testing.T, family run.Family, needs ...run.Family) {
	o := run.Options{Catalogue: Catalogue(t), Families: append(slices.Clone(needs), family), Seed: seed, Program: program}
	if raw := os.Getenv(EnvAddress); raw != "" {
		t.Run("remote", func(t *testing.T) { certify(t, remote(t, raw), o, family) })
		return
	}
	places, err := stores.Places("", catalogue.Providers, "")
	if err != nil {
		t.Fatal(err)
	}
	if name := os.Getenv(envPlace); name != "" {
		asChild(t, name, places, o)
		return
	}
	if slices.ContainsFunc(places, func(p stores.Place) bool { return p.On != stores.Embedded }) {
		sideBySide(t, places, family)
		return
	}
	host := Host(t)
	for _, at := range places {
		t.Run(at.Name(), func(t *testing.T) {
			b := Provision(t, host, at.Provider)
			before := inventory(t, b)
			certify(t, Target(b), o, family)
			if after := inventory(t, b); !maps.Equal(before, after) {
				t.Errorf("the bucket was not left as it was: it has %d keys, and had %d", len(after), len(before))
			}
		})
	}
}

// Parser runs a family over the reference's own reader of addresses.
func Parser(t *testing.T, family run.Family) {
	d, err := run.ConformParser(t.Context(), "reference", address.Reference(),
		run.Options{Catalogue: Catalogue(t), Families: []run.Family{family}, Seed: seed, Program: program})
	if err != nil {
		t.Fatal(err)
	}
	report(t, d.Result, family)
}

// Evaluator runs a family over the reference's own evaluator of policies.
func Evaluator(t *testing.T, family run.Family) {
	d, err := run.ConformEvaluator(t.Context(), "reference", policy.Reference(),
		run.Options{Catalogue: Catalogue(t), Families: []run.Family{family}, Seed: seed, Program: program})
	if err != nil {
		t.Fatal(err)
	}
	report(t, d.Result, family)
}

// Catalogue loads the catalogue.
func Catalogue(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keys are those of all Hosts of a process.
var keys stores.KeyRing

// Host makes a Host of embedded stores for one test; a process has one at a time. Where BUCKETPROOF_STORES selects containers alone
// the test is skipped: what it builds into stores is built into the embedded ones.
func Host(t *testing.T) *stores.Host {
	t.Helper()
	selection, err := stores.Selection("")
	if err != nil {
		t.Fatal(err)
	}
	if selection == stores.OnlyContainers {
		t.Skipf("this is for embedded stores, and %s=%s", stores.EnvStores, selection)
	}
	return newHost(t, stores.Embedded)
}

func newHost(t *testing.T, on string) *stores.Host {
	t.Helper()
	h, err := stores.NewHost(context.WithoutCancel(t.Context()), stores.HostOptions{Dir: t.TempDir(), On: on, Keys: &keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("end the stores: %v", err)
		}
	})
	return h
}

// Provision makes a fresh, well provisioned bucket. A store that can't be had here skips the test, or fails it where
// nothing may be left open.
func Provision(t *testing.T, host *stores.Host, provider string) *stores.Bucket {
	t.Helper()
	b, err := host.Provision(t.Context(), provider, stores.Sound())
	if errors.Is(err, stores.ErrUnavailable) {
		open(t, "not run: "+err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("remove the bucket: %v", err)
		}
	})
	return b
}

// Target is an embedded bucket as Certify takes it.
func Target(b *stores.Bucket) run.Target { return yard.Bucket(b, "") }

// remote is the bucket of the environment.
func remote(t *testing.T, raw string) run.Target {
	t.Helper()
	out := run.Target{Address: strings.TrimSpace(raw), Endpoint: os.Getenv(EnvEndpoint)}
	if file := os.Getenv(EnvCAFile); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%s: %v", EnvCAFile, err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			t.Fatalf("%s: %q holds no certificate", EnvCAFile, file)
		}
		out.Network = wire.Network{RootCAs: pool}
	}
	return out
}

func inventory(t *testing.T, b *stores.Bucket) map[string]string {
	t.Helper()
	keys, err := b.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func certify(t *testing.T, target run.Target, o run.Options, family run.Family) {
	t.Helper()
	o.Announce = func(line string) { t.Log(line) }
	d, err := run.Certify(t.Context(), target, o)
	if err != nil {
		t.Fatal(err)
	}
	settled(t, d.Result, family)
}

// settled reports a result and that nothing is left of its run.
func settled(t *testing.T, r *reports.Result, family run.Family) {
	t.Helper()
	report(t, r, family)
	s := r.Safety
	if s.CleanUp != reports.Complete && s.CleanUp != reports.NothingWritten {
		t.Errorf("clean-up: %s", s.CleanUp)
	}
	if c := s.ConfigurationUnchanged; c != "yes" && c != reports.UnchangedAsRead && c != "not readable" {
		t.Errorf("the bucket's configuration is unchanged: %s", c)
	}
}

// report makes one test of each of the family's requirements.
func report(t *testing.T, r *reports.Result, family run.Family) {
	t.Helper()
	cat := Catalogue(t)
	specs, err := run.Declared(r.Profile, []run.Family{family})
	if err != nil {
		t.Fatal(err)
	}
	mine := map[string]bool{} // families of the catalogue: NET, ADDR, ...
	for _, id := range run.Bound(specs) {
		q, _ := cat.Get(id)
		mine[q.Family] = true
	}
	reported := 0
	for _, l := range r.Requirements {
		if q, ok := cat.Get(l.ID); !ok || !mine[q.Family] {
			continue
		}
		reported++
		t.Run(l.ID, func(t *testing.T) { judge(t, l) })
	}
	if reported == 0 {
		t.Errorf("%s has no requirement of profile %s: nothing was tested", family.Name, r.Profile)
	}
}

// judge is red, skipped or green by a requirement's outcome (design: go test is red on failed and errored).
func judge(t *testing.T, l reports.Requirement) {
	t.Helper()
	switch l.Outcome {
	case reports.Passed, reports.NotApplicable:
	case reports.Failed:
		t.Errorf("failed: %s\n  rule      %s\n  expected  %s\n  actual    %s\n  remedy    %s", l.Title, l.Text, l.Expected, l.Actual, l.Remedy)
	case reports.Errored:
		t.Errorf("errored: %s\n  rule      %s\n  reason    %s\n  remedy    %s", l.Title, l.Text, l.Reason, l.Remedy)
	default:
		open(t, string(l.Outcome)+": "+l.Reason)
	}
}

// open ends a test that is neither met nor broken.
func open(t *testing.T, why string) {
	t.Helper()
	if os.Getenv(EnvStrict) == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}
