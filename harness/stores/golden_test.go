package stores_test

import (
	"os"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// golden is what a store is expected to be seen to do: the claims of testdata/fidelity.yaml, and its differences over them.
func golden(t *testing.T, store string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/fidelity.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Claims      map[string]map[string]string
		Differences []struct{ Store, What, Seen, Why string }
	}
	if err := yaml.UnmarshalWithOptions(text, &g, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	out := g.Claims[store]
	for _, d := range g.Differences {
		if d.Store != store {
			continue
		}
		if d.Why == "" || out[d.What] == "" || out[d.What] == d.Seen {
			t.Errorf("%s, %s: a difference has a claim, another sight and a reason", store, d.What)
		}
		out[d.What] = d.Seen
	}
	if len(out) == 0 {
		t.Fatalf("testdata/fidelity.yaml says nothing of %s", store)
	}
	return out
}

// asGolden compares what a store was seen to do.
func asGolden(t *testing.T, b *stores.Bucket) {
	t.Helper()
	want, got := golden(t, b.Store.Name), map[string]string{}
	for _, f := range b.Store.Fidelity {
		got[f.What] = f.Enforced
		if f.Enforced != want[f.What] {
			t.Errorf("%s: %s: got %q, want %q; %s", b.Store.StoreName(), f.What, f.Enforced, want[f.What], f.Seen)
		}
	}
	for what := range want {
		if got[what] == "" {
			t.Errorf("%s was not asked: %s", b.Store.StoreName(), what)
		}
	}
}

func TestTheEmbeddedStoresDoWhatTheyWereMeasuredToDo(t *testing.T) {
	h := newHost(t)
	for _, provider := range []string{stores.AWS, stores.GCP, stores.Azure} {
		asGolden(t, provision(t, h, provider, stores.Setup{}))
	}
}
