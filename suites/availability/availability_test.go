package availability_test

import (
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestAvailability(t *testing.T) { suitetest.Connector(t, suites.Availability) }

// A connector that declares five providers and is tried with the buckets of one has shown no cell of the other four.
func TestWhatIsDeclaredAndWasNotTriedIsNotMet(t *testing.T) {
	host := suitetest.Host(t)
	y, closing, err := yard.Embedded(t.Context(), host, []string{"s3-compatible"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
	c, err := yard.Reference(t.Context(), y, nil, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	done, err := run.ConformConnector(t.Context(), run.ConnectorTarget{URL: c.URL, Token: c.Token, Yard: y},
		run.Options{Catalogue: suitetest.Catalogue(t), Families: []run.Family{suites.Availability}, Seed: 1, Program: "bucketproof-suites/test"})
	if err != nil {
		t.Fatal(err)
	}
	for id, names := range map[string]string{"BYOB-AVAIL-001": "azure", "BYOB-AVAIL-005": "coreweave"} {
		for _, q := range done.Result.Requirements {
			if q.ID == id && (q.Outcome != reports.Unverified || !strings.Contains(q.Reason, names)) {
				t.Errorf("%s: got %s (%s), want unverified, naming %s", id, q.Outcome, q.Reason, names)
			}
		}
	}
	if notes := strings.Join(done.Result.Subject.Store.Notes, "\n"); !strings.Contains(notes, "azure: not tried") {
		t.Errorf("the notes do not say that azure was not tried:\n%s", notes)
	}
}
