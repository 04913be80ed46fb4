package suites_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/faults"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

// families are what each profile goes through.
func families() map[string][]run.Family {
	out := map[string][]run.Family{faults.ParserProfile: suites.Connector(), "documents": suites.Documents()}
	for _, p := range catalogue.Providers {
		out[p] = suites.Bucket()
	}
	return out
}

// declared are the specs of every profile.
func declared(t *testing.T) map[string][]*run.Spec {
	t.Helper()
	out := map[string][]*run.Spec{}
	for profile, fs := range families() {
		specs, err := run.Declared(profile, fs)
		if err != nil {
			t.Fatal(err)
		}
		if len(specs) == 0 {
			t.Errorf("profile %s: no spec", profile)
		}
		out[profile] = specs
	}
	return out
}

func TestEveryRequirementHasASpecOrIsPending(t *testing.T) {
	bound := map[string][]string{}
	for profile, specs := range declared(t) {
		for _, id := range run.Bound(specs) {
			bound[id] = append(bound[id], profile)
		}
	}
	for _, problem := range suitetest.Catalogue(t).Lint(bound) {
		t.Error(problem)
	}
}

func TestSpecsAreTold(t *testing.T) {
	cat := suitetest.Catalogue(t)
	for profile, specs := range declared(t) {
		bound, texts := run.Bound(specs), map[string]string{}
		for i, s := range specs {
			if other, twice := texts[s.Text]; twice {
				t.Errorf("profile %s: %s and %s both say %q", profile, other, s.Requirement, s.Text)
			}
			texts[s.Text] = s.Requirement
			for _, need := range s.Needs {
				if q, ok := cat.Get(need); !ok || (slices.Contains(q.Profiles, profile) && !slices.Contains(bound, need)) {
					t.Errorf("profile %s: %s stands on %s, which has no spec", profile, s.Requirement, need)
				}
				if slices.ContainsFunc(specs[i:], func(later *run.Spec) bool { return later.Requirement == need }) {
					t.Errorf("profile %s: %s stands on %s, which comes after it", profile, s.Requirement, need)
				}
			}
			if s.Cost.Bytes > 0 && s.Cost.Objects == 0 {
				t.Errorf("profile %s: %s writes bytes and no object", profile, s.Requirement)
			}
		}
	}
}

// A spec never sends more than it announces: --plan is a promise.
func TestCostsAreKept(t *testing.T) {
	host := suitetest.Host(t)
	for _, provider := range []string{"coreweave", "gcp", "azure"} {
		t.Run(provider, func(t *testing.T) {
			target := suitetest.Target(suitetest.Provision(t, host, provider))
			o := run.Options{Catalogue: suitetest.Catalogue(t), Families: suites.Bucket(), Seed: 1, Program: "bucketproof-suites/test"}
			plan, err := run.NewPlan(t.Context(), target, o)
			if err != nil {
				t.Fatal(err)
			}
			d, err := run.Certify(t.Context(), target, o)
			if err != nil {
				t.Fatal(err)
			}
			recorded, parts := 0, map[string]int{}
			for _, s := range plan.Steps {
				parts[s.Requirement]++
				name := fmt.Sprintf("evidence/%s.har", s.Requirement)
				if n := parts[s.Requirement]; n > 1 {
					name = fmt.Sprintf("evidence/%s-%d.har", s.Requirement, n)
				}
				if sent := d.Evidence[name].Len(); sent > s.Cost.Requests {
					t.Errorf("%s %q: %d requests, and %d announced\n%s", s.Requirement, s.Text, sent, s.Cost.Requests, strings.Join(d.Evidence[name].Lines(), "\n"))
				}
			}
			for _, rec := range d.Evidence {
				recorded += rec.Len()
			}
			got := d.Result.Safety
			tokens := 0 // Google's are exchanged once a key, the address's and the wrong one, for no spec in particular
			if provider == "gcp" {
				tokens = 2
			}
			if recorded+tokens != got.Requests {
				t.Errorf("%d requests were sent, and %d are in the evidence, %d for tokens aside", got.Requests, recorded, tokens)
			}
			if got.Requests > plan.Total.Requests || got.ObjectsWritten > plan.Total.Objects || got.BytesWritten > plan.Total.Bytes {
				t.Errorf("sent %d requests, %d objects, %d bytes; the plan is %+v", got.Requests, got.ObjectsWritten, got.BytesWritten, plan.Total)
			}
			t.Logf("%d of %d requests, %d of %d objects, %d of %d bytes", got.Requests, plan.Total.Requests, got.ObjectsWritten, plan.Total.Objects,
				got.BytesWritten, plan.Total.Bytes)
		})
	}
}

// Whatever has a spec has a fault that it is shown to catch, in one profile at least; those without are named in the log.
// A fault of what runs on request only names it as what it is to be tried at: the matrix would not run it otherwise.
func TestEveryRequirementHasAFault(t *testing.T) {
	cat, seen := suitetest.Catalogue(t), map[string]bool{}
	breaks := map[string][]string{} // profile -> requirements
	know := func(name string, profiles, broken []string) {
		if seen[name] {
			t.Errorf("two faults are called %q", name)
		}
		seen[name] = true
		for _, id := range broken {
			if _, ok := cat.Get(id); !ok {
				t.Errorf("fault %q breaks %s, which is no requirement", name, id)
			}
		}
		for _, p := range profiles {
			breaks[p] = append(breaks[p], broken...)
		}
	}
	for _, f := range faults.Buckets() {
		know(f.Name, f.Profiles, f.Breaks)
		for _, id := range f.Breaks {
			if q, _ := cat.Get(id); (q.OnRequest != "") != (f.Long == id) {
				t.Errorf("fault %q breaks %s, which the matrix does not run for it", f.Name, id)
			}
		}
		for _, id := range f.Blocks {
			if _, ok := cat.Get(id); !ok || slices.Contains(f.Breaks, id) {
				t.Errorf("fault %q blocks %s, which it breaks or which is no requirement", f.Name, id)
			}
		}
	}
	for _, c := range corpus(t) {
		if len(c.Expected) > 0 {
			know(faults.DocumentName(c), []string{"documents"}, c.Expected)
		}
	}
	for _, f := range faults.ParserFaults() {
		know("parser: "+f.Name, []string{faults.ParserProfile}, f.Breaks)
	}
	for _, f := range faults.EvaluatorFaults() {
		know(f.Name, []string{faults.ParserProfile}, f.Breaks)
	}
	for _, f := range faults.ConnectorFaults() {
		know("connector: "+f.Name, []string{faults.ParserProfile}, f.Breaks)
	}
	caught := slices.Concat(slices.Collect(maps.Values(breaks))...)
	for profile, specs := range declared(t) {
		for _, id := range run.Bound(specs) {
			q, _ := cat.Get(id)
			switch {
			case !slices.Contains(q.Profiles, profile):
			case !slices.Contains(caught, id):
				t.Errorf("no fault breaks %s", id)
			case !slices.Contains(breaks[profile], id):
				t.Logf("profile %s: no fault breaks %s, another profile's does", profile, id)
			}
		}
	}
}
