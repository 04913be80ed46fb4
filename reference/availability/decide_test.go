package availability_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// example is an address of each provider, with a secret that must not show.
var example = map[string]string{
	"aws":           "s3://AKIAEXAMPLE:canary-secret@s3.eu-central-1.amazonaws.com/omega-bucket/sub?region=eu-central-1",
	"coreweave":     "cw://CWEXAMPLE:canary-secret@cwobject.com/omega-bucket/sub?tls=true",
	"gcp":           "gs://omega-bucket/sub",
	"azure":         "az://:Y2FuYXJ5LXNlY3JldC1jYW5hcnktc2VjcmV0LWNhbmFyeS1zZWNyZXQtY2FuYXJ5LXNlY3JldC1jYW5hcnk%3D@omegaaccount/omega-bucket/sub",
	"s3-compatible": "s3://EXAMPLE:canary-secret@minio.example:9000/omega-bucket/sub?region=r&tls=true",
}

func parse(t testing.TB, raw string) *address.Address {
	t.Helper()
	a, err := address.Parse(raw, address.Options{})
	if err != nil {
		t.Fatalf("parse the example: %v", err)
	}
	return a
}

// listing is a list that holds the given addresses, and cw:// if CoreWeave is among them.
func listing(t testing.TB, raw ...string) *address.Stores {
	t.Helper()
	s := &address.Stores{}
	for _, r := range raw {
		if r == "cw://" {
			s.CoreWeave = true
			continue
		}
		s.Addresses = append(s.Addresses, parse(t, r))
	}
	return s
}

// sound is an instance that meets every condition for the provider.
func sound(t testing.TB, edition string, d availability.Deployment, provider string) availability.Instance {
	t.Helper()
	cloud := provider
	if provider == "s3-compatible" {
		cloud = "aws"
	}
	return availability.Instance{Edition: edition, Deployment: d, Cloud: cloud, ServerVersion: "v0.73.0", ChartVersion: "v0.33.14",
		Stores: listing(t, example[provider], "cw://")}
}

func TestDecisionOnEveryCellWithAllConditionsMet(t *testing.T) {
	n := 0
	for _, row := range expected {
		for i, provider := range providers {
			n++
			a, err := availability.Decide(sound(t, row.edition, row.deployment, provider),
				availability.Request{Scope: row.scope, Provider: provider, Address: parse(t, example[provider])})
			var r *availability.Refusal
			if (a == availability.Offered) != (err == nil) || err != nil && !errors.As(err, &r) {
				t.Fatalf("%s, %s, %s, %s: got %q with %v", row.edition, row.deployment, row.scope, provider, a, err)
			}
			requirement := ""
			if r != nil {
				requirement = r.Requirement
				if r.Open != (a == availability.Unspecified) || r.Rule == "" || r.Fix == "" {
					t.Errorf("%s, %s, %s, %s: got %+v for %s", row.edition, row.deployment, row.scope, provider, *r, a)
				}
			}
			if got := word(t, a, requirement); got != row.cells[i] {
				t.Errorf("%s, %s, %s, %s: got %s, want %s", row.edition, row.deployment, row.scope, provider, got, row.cells[i])
			}
		}
	}
	if n != 120 {
		t.Errorf("got %d cells, want 120", n)
	}
}

// ruling is one decision that a rule makes. instance and request start from a sound one of the row's provider.
type ruling struct {
	name, edition, provider string
	deployment              availability.Deployment
	scope                   availability.Scope
	with                    func(*testing.T, *availability.Instance, *availability.Request)
	want                    string // yes, open, or the requirement's number
}

func cloud(name string) func(*testing.T, *availability.Instance, *availability.Request) {
	return func(_ *testing.T, i *availability.Instance, _ *availability.Request) { i.Cloud = name }
}

func versions(server, chart string) func(*testing.T, *availability.Instance, *availability.Request) {
	return func(_ *testing.T, i *availability.Instance, _ *availability.Request) {
		i.ServerVersion, i.ChartVersion = server, chart
	}
}

func stores(raw ...string) func(*testing.T, *availability.Instance, *availability.Request) {
	return func(t *testing.T, i *availability.Instance, _ *availability.Request) { i.Stores = listing(t, raw...) }
}

func unset(_ *testing.T, i *availability.Instance, _ *availability.Request) { i.Stores = nil }

func both(a, b func(*testing.T, *availability.Instance, *availability.Request)) func(*testing.T, *availability.Instance, *availability.Request) {
	return func(t *testing.T, i *availability.Instance, r *availability.Request) { a(t, i, r); b(t, i, r) }
}

func rulings() []ruling {
	const connector, byob, y2025, y2026 = "2024-connector", "2024-byob", "2025-09", "2026-08"
	all := []ruling{
		// AVAIL-003: other clouds.
		{"Dedicated on AWS takes an AWS bucket", connector, "aws", ded, instance, cloud("aws"), "yes"},
		{"Dedicated on Google Cloud refuses an AWS bucket", connector, "aws", ded, instance, cloud("gcp"), "003"},
		{"Dedicated on Azure refuses an AWS bucket for a team", connector, "aws", ded, team, cloud("azure"), "003"},
		{"Dedicated on AWS refuses an Azure bucket", connector, "azure", ded, instance, cloud("aws"), "003"},
		{"Dedicated on AWS refuses a CoreWeave bucket, whatever the cell leaves open", connector, "coreweave", ded, team, cloud("aws"), "003"},
		{"Dedicated of an unknown cloud can't meet the rule", connector, "gcp", ded, team, cloud(""), "003"},
		{"S3-compatible storage is in no cloud, so that it stays open", connector, "s3-compatible", ded, team, cloud("gcp"), "open"},
		{"a refused cell is refused by the matrix first", connector, "azure", ded, team, cloud("aws"), "001"},
		{"Self-managed on Google Cloud with an AWS bucket is left open", connector, "aws", own, team, cloud("gcp"), "open"},
		{"Self-managed on premises with an AWS bucket is left open", connector, "aws", own, instance, cloud(availability.OnPremises), "open"},
		{"Self-managed of an unknown cloud is as its cell", connector, "aws", own, team, cloud(""), "yes"},
		{"Self-managed takes S3-compatible storage on any cloud", connector, "s3-compatible", own, team, cloud("gcp"), "yes"},
		{"Multi-tenant doesn't compare clouds", connector, "aws", mt, team, cloud("gcp"), "yes"},
		{"another cloud is left open on Dedicated", byob, "gcp", ded, instance, cloud("aws"), "open"},
		{"another cloud is left open for a team, listed or not", byob, "gcp", ded, team, both(cloud("aws"), unset), "open"},
		{"an Azure bucket on an AWS instance is left open", byob, "azure", own, team, cloud("aws"), "open"},
		{"the same cloud is on offer without any list", byob, "aws", ded, team, unset, "yes"},
		{"another cloud at instance level on Azure is left open", byob, "aws", ded, instance, cloud("azure"), "open"},
		{"Multi-tenant doesn't compare clouds in 2024-byob", byob, "aws", mt, team, cloud("gcp"), "yes"},

		// AVAIL-004: what isn't on Azure, on Azure.
		{"an AWS team bucket on Azure, listed", byob, "aws", ded, team, cloud("azure"), "yes"},
		{"an AWS team bucket on Azure, the variable unset", byob, "aws", ded, team, both(cloud("azure"), unset), "004"},
		{"an AWS team bucket on Azure, another one listed", byob, "aws", ded, team, both(cloud("azure"), stores(strings.Replace(example["aws"], "/sub", "/sub2", 1))), "004"},
		{"a Google Cloud team bucket on Self-managed Azure, an empty list", byob, "gcp", own, team, both(cloud("azure"), stores()), "004"},
		{"an S3-compatible team bucket on Self-managed Azure, listed", byob, "s3-compatible", own, team, cloud("azure"), "yes"},
		{"an S3-compatible team bucket on Dedicated Azure, listed, stays open", byob, "s3-compatible", ded, team, cloud("azure"), "open"},
		{"an S3-compatible team bucket on Dedicated Azure, not listed", byob, "s3-compatible", ded, team, both(cloud("azure"), unset), "004"},
		{"an S3-compatible team bucket on Self-managed AWS needs no list", byob, "s3-compatible", own, team, both(cloud("aws"), unset), "yes"},
		{"a CoreWeave team bucket on Azure, listed, stays open", byob, "coreweave", own, team, cloud("azure"), "open"},
		{"a CoreWeave team bucket on Azure, not listed", byob, "coreweave", own, team, both(cloud("azure"), unset), "004"},
		{"an Azure team bucket on Azure needs no list", byob, "azure", ded, team, unset, "yes"},
		{"the instance's bucket needs no list", byob, "s3-compatible", own, instance, both(cloud("azure"), unset), "yes"},
		{"an unknown cloud might be Azure: not listed", byob, "aws", own, team, both(cloud(""), unset), "004"},
		{"an unknown cloud might be Azure: listed", byob, "aws", own, team, cloud(""), "yes"},
		{"on premises isn't Azure", byob, "s3-compatible", own, team, both(cloud(availability.OnPremises), unset), "yes"},
		{"Multi-tenant has no such list", byob, "aws", mt, team, both(cloud("azure"), unset), "yes"},
		{"2024-connector has no such list", connector, "aws", ded, team, unset, "yes"},
	}
	for _, edition := range []string{y2025, y2026} {
		all = append(all, []ruling{
			{"another cloud is accepted on Dedicated", edition, "aws", ded, instance, cloud("gcp"), "yes"},
			{"another cloud is accepted for a team", edition, "gcp", ded, team, cloud("azure"), "yes"},
			{"another cloud is accepted on Self-managed", edition, "azure", own, team, cloud("aws"), "yes"},
			{"an unknown cloud is accepted", edition, "aws", ded, team, cloud(""), "yes"},
			{"on premises is accepted", edition, "aws", own, instance, cloud(availability.OnPremises), "yes"},

			// AVAIL-005: versions compared as versions.
			{"CoreWeave on Dedicated at v0.73.0", edition, "coreweave", ded, instance, versions("v0.73.0", ""), "yes"},
			{"CoreWeave on Dedicated at 0.73.0, without the v", edition, "coreweave", ded, team, versions("0.73.0", ""), "yes"},
			{"CoreWeave on Dedicated at v0.72.99", edition, "coreweave", ded, instance, versions("v0.72.99", ""), "005"},
			{"CoreWeave on Dedicated at v0.9.0, which text would take for newer", edition, "coreweave", ded, team, versions("v0.9.0", ""), "005"},
			{"CoreWeave on Dedicated at 0.100.0, which text would take for older", edition, "coreweave", ded, team, versions("0.100.0", ""), "yes"},
			{"CoreWeave on Dedicated at a candidate of v0.73.0", edition, "coreweave", ded, team, versions("v0.73.0-rc.1", ""), "005"},
			{"CoreWeave on Dedicated at a build of v0.73.0", edition, "coreweave", ded, team, versions("v0.73.0+build.7", ""), "yes"},
			{"CoreWeave on Dedicated at v1.0.0", edition, "coreweave", ded, team, versions("v1.0.0", ""), "yes"},
			{"CoreWeave on Dedicated at an unknown version", edition, "coreweave", ded, team, versions("", "v0.33.14"), "005"},
			{"CoreWeave on Self-managed at both versions", edition, "coreweave", own, team, versions("v0.73.0", "0.33.14"), "yes"},
			{"CoreWeave on Self-managed at an older server", edition, "coreweave", own, team, versions("v0.72.0", "v0.33.14"), "005"},
			{"CoreWeave on Self-managed at chart v0.33.13", edition, "coreweave", own, team, versions("v0.73.0", "v0.33.13"), "005"},
			{"CoreWeave on Self-managed at chart v0.33.9, which text would take for newer", edition, "coreweave", own, instance, versions("v0.73.0", "v0.33.9"), "005"},
			{"CoreWeave on Self-managed at chart v0.33.100", edition, "coreweave", own, instance, versions("v0.73.0", "v0.33.100"), "yes"},
			{"CoreWeave on Self-managed at an unknown chart", edition, "coreweave", own, team, versions("v0.73.0", ""), "005"},
			{"CoreWeave on Multi-tenant asks for no version", edition, "coreweave", mt, team, versions("", ""), "yes"},
			{"other providers ask for no version", edition, "aws", own, team, versions("v0.1.0", "v0.1.0"), "yes"},
			{"an instance's CoreWeave bucket by support", edition, "coreweave", own, instance, nil, "yes"},
			{"an instance's CoreWeave bucket by self-service", edition, "coreweave", own, instance,
				func(_ *testing.T, _ *availability.Instance, r *availability.Request) { r.SelfService = true }, "005"},
			{"a team's CoreWeave bucket by self-service", edition, "coreweave", own, team,
				func(_ *testing.T, _ *availability.Instance, r *availability.Request) { r.SelfService = true }, "yes"},
			{"an instance's AWS bucket by self-service", edition, "aws", own, instance,
				func(_ *testing.T, _ *availability.Instance, r *availability.Request) { r.SelfService = true }, "yes"},

			// AVAIL-006: the supported file stores.
			{"a team bucket, the variable unset", edition, "aws", ded, team, unset, "006"},
			{"a team bucket, an empty list", edition, "gcp", own, team, stores(), "006"},
			{"a team bucket, only its neighbour sub2 listed", edition, "s3-compatible", own, team, stores(strings.Replace(example["s3-compatible"], "/sub", "/sub2", 1)), "006"},
			{"a team bucket, only the bucket without sub-path listed", edition, "s3-compatible", own, team, stores(strings.Replace(example["s3-compatible"], "/sub", "", 1)), "006"},
			{"a team bucket listed without its keys", edition, "gcp", ded, team, stores("gs://omega-bucket/sub/"), "yes"},
			{"a team bucket whose address isn't known", edition, "aws", own, team,
				func(_ *testing.T, _ *availability.Instance, r *availability.Request) { r.Address = nil }, "006"},
			{"CoreWeave by cw://", edition, "coreweave", ded, team, stores("cw://"), "yes"},
			{"CoreWeave by cw://, the bucket by name only", edition, "coreweave", ded, team,
				func(_ *testing.T, _ *availability.Instance, r *availability.Request) { r.Address = nil }, "yes"},
			{"CoreWeave listed by its address alone, which the sources resolve to not listed", edition, "coreweave", ded, team, stores(example["coreweave"]), "006"},
			{"CoreWeave, the variable unset", edition, "coreweave", own, team, unset, "006"},
			{"cw:// enables CoreWeave, nothing else", edition, "aws", own, team, stores("cw://"), "006"},
			{"Azure listed", edition, "azure", ded, team, stores(example["azure"]), "yes"},
			{"Azure by all form fields", edition, "azure", ded, team,
				func(_ *testing.T, i *availability.Instance, r *availability.Request) {
					i.Stores, r.AzureFields = nil, true
				}, "yes"},
			{"Azure neither listed nor by all fields", edition, "azure", own, team, unset, "006"},
			{"Azure's fields are nothing to another provider", edition, "aws", own, team,
				func(_ *testing.T, i *availability.Instance, r *availability.Request) {
					i.Stores, r.AzureFields = nil, true
				}, "006"},
			{"the instance's bucket needs no list", edition, "aws", own, instance, unset, "yes"},
			{"Multi-tenant has no list", edition, "gcp", mt, team, unset, "yes"},
			{"Multi-tenant, a bucket that W&B creates", edition, "aws", mt, team,
				func(_ *testing.T, i *availability.Instance, r *availability.Request) { i.Stores, r.Address = nil, nil }, "yes"},
			{"Multi-tenant has no instance scope, whatever is listed", edition, "aws", mt, instance, nil, "002"},
		}...)
	}
	return all
}

func TestEveryRule(t *testing.T) {
	decided := map[string]int{}
	for _, c := range rulings() {
		i := sound(t, c.edition, c.deployment, c.provider)
		r := availability.Request{Scope: c.scope, Provider: c.provider, Address: parse(t, example[c.provider])}
		if c.with != nil {
			c.with(t, &i, &r)
		}
		a, err := availability.Decide(i, r)
		requirement := ""
		var refusal *availability.Refusal
		if errors.As(err, &refusal) {
			requirement = refusal.Requirement
		} else if err != nil {
			t.Errorf("%s: %s: got the error %v", c.edition, c.name, err)
			continue
		}
		got := word(t, a, requirement)
		if got != c.want {
			t.Errorf("%s: %s:\ngot  %s (%v)\nwant %s", c.edition, c.name, got, err, c.want)
		}
		decided[got]++
	}
	for _, rule := range []string{"001", "002", "003", "004", "005", "006", "yes", "open"} {
		if decided[rule] == 0 {
			t.Errorf("no case was decided by %s", rule)
		}
	}
}

func TestWordsThatAreNotKnown(t *testing.T) {
	for _, c := range []struct {
		name string
		with func(*availability.Instance, *availability.Request)
		want string
	}{
		{"an edition", func(i *availability.Instance, _ *availability.Request) { i.Edition = "2025" }, `edition "2025"`},
		{"a deployment", func(i *availability.Instance, _ *availability.Request) { i.Deployment = "SaaS" }, `deployment "SaaS"`},
		{"no deployment", func(i *availability.Instance, _ *availability.Request) { i.Deployment = "" }, `deployment ""`},
		{"a scope", func(_ *availability.Instance, r *availability.Request) { r.Scope = "user" }, `scope "user"`},
		{"a provider", func(_ *availability.Instance, r *availability.Request) { r.Provider = "minio" }, `provider "minio": known are aws, coreweave, gcp, azure, s3-compatible`},
		{"a cloud", func(i *availability.Instance, _ *availability.Request) { i.Cloud = "s3-compatible" }, `cloud "s3-compatible"`},
		{"a server's version", func(i *availability.Instance, _ *availability.Request) { i.ServerVersion = "latest" }, `version "latest"`},
		{"a chart's version", func(i *availability.Instance, _ *availability.Request) { i.ChartVersion = "vv0.33.14" }, `version "vv0.33.14"`},
		{"an address of another provider", func(_ *availability.Instance, r *availability.Request) { r.Provider = "gcp" }, `the address is one of "aws"`},
	} {
		i, r := sound(t, "", ded, "aws"), availability.Request{Scope: team, Provider: "aws", Address: parse(t, example["aws"])}
		c.with(&i, &r)
		a, err := availability.Decide(i, r)
		if a != "" || !errors.Is(err, availability.ErrUnknown) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %q, %v; want ErrUnknown with %s", c.name, a, err, c.want)
		}
	}
}

func TestCreatingABucket(t *testing.T) {
	for _, c := range []struct {
		edition    string
		deployment availability.Deployment
		want       [5]string // aws, coreweave, gcp, azure, s3-compatible; a requirement in full
	}{
		{"2024-connector", mt, [5]string{"open", "BYOB-AVAIL-001", "open", "BYOB-AVAIL-001", "BYOB-AVAIL-001"}},
		{"2024-connector", ded, [5]string{"open", "open", "open", "BYOB-AVAIL-001", "open"}},
		{"2024-connector", own, [5]string{"open", "open", "open", "open", "open"}},
		{"2024-byob", mt, [5]string{"open", "BYOB-AVAIL-001", "open", "BYOB-AVAIL-001", "BYOB-AVAIL-001"}},
		{"2024-byob", ded, [5]string{"open", "open", "open", "open", "open"}},
		{"2024-byob", own, [5]string{"open", "open", "open", "open", "open"}},
		{"2025-09", mt, [5]string{"yes", "yes", "yes", "yes", "BYOB-AVAIL-001"}},
		{"2026-08", mt, [5]string{"yes", "yes", "yes", "BYOB-AVAIL-001", "BYOB-AVAIL-001"}},
		{"2025-09", ded, [5]string{"BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005"}},
		{"2025-09", own, [5]string{"BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005"}},
		{"2026-08", ded, [5]string{"BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005"}},
		{"2026-08", own, [5]string{"BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005", "BYOB-TEAM-005"}},
	} {
		for n, provider := range providers {
			a, err := availability.CanCreate(c.edition, c.deployment, provider)
			got := string(a)
			var r *availability.Refusal
			switch {
			case errors.As(err, &r) && r.Open && a == availability.Unspecified:
				got = "open"
			case errors.As(err, &r) && !r.Open && a == availability.Refused:
				got = r.Requirement
			case err == nil && a == availability.Offered:
				got = "yes"
			}
			if got != c.want[n] {
				t.Errorf("%s, %s, %s: got %s (%v), want %s", c.edition, c.deployment, provider, got, err, c.want[n])
			}
		}
	}
	if _, err := availability.CanCreate("", "cloud", "aws"); !errors.Is(err, availability.ErrUnknown) {
		t.Errorf("an unknown deployment: got %v, want ErrUnknown", err)
	}
}

// TestNoFactTurnsTheMatrix goes through every cell with every combination of facts: a refused cell stays refused, an open one
// is never offered, what is refused names a requirement that the edition has, and no text shows an address.
func TestNoFactTurnsTheMatrix(t *testing.T) {
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	rank := map[availability.Answer]int{availability.Refused: 0, availability.Unspecified: 1, availability.Offered: 2}
	clouds := []string{"", "aws", "coreweave", "gcp", "azure", availability.OnPremises}
	seen := map[string]bool{} // refusal's requirement and edition, checked once
	n := 0
	for _, edition := range availability.Editions() {
		cells, err := availability.Matrix(edition)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			a := parse(t, example[c.Provider])
			best := -1
			for _, cloud := range clouds {
				for _, server := range []string{"", "v0.9.0", "v0.73.0"} {
					for _, chart := range []string{"", "v0.33.9", "v0.33.14"} {
						for _, list := range []*address.Stores{nil, {}, {CoreWeave: true}, {Addresses: []*address.Address{a}}} {
							for bits := range 8 {
								n++
								i := availability.Instance{Edition: edition, Deployment: c.Deployment, Cloud: cloud, ServerVersion: server, ChartVersion: chart, Stores: list}
								r := availability.Request{Scope: c.Scope, Provider: c.Provider, AzureFields: bits&1 > 0, SelfService: bits&2 > 0}
								if bits&4 > 0 {
									r.Address = a
								}
								got, err := availability.Decide(i, r)
								best = max(best, rank[got])
								if rank[got] > rank[c.Answer] {
									t.Fatalf("%+v: got %s for %+v %+v", c, got, i, r)
								}
								if c.Deployment == mt && got != c.Answer {
									t.Fatalf("%+v: Multi-tenant is decided by the cell alone, got %s for %+v %+v", c, got, i, r)
								}
								var refusal *availability.Refusal
								if !errors.As(err, &refusal) {
									if err != nil || got != availability.Offered {
										t.Fatalf("%+v: got %q, %v", c, got, err)
									}
									continue
								}
								if text := refusal.Error(); strings.Contains(text, "canary") || strings.Contains(text, "omega") || strings.Contains(text, "\n") {
									t.Fatalf("the refusal shows the address, or has more than one line: %s", text)
								}
								id := refusal.Requirement + " " + edition
								if seen[id] {
									continue
								}
								seen[id] = true
								if q, ok := cat.Get(refusal.Requirement); !ok || !slices.Contains(q.Editions, edition) {
									t.Errorf("%s is no requirement of edition %s", refusal.Requirement, edition)
								}
							}
						}
					}
				}
			}
			if best != rank[c.Answer] {
				t.Errorf("%+v: no combination of facts comes to the cell's own answer", c)
			}
		}
	}
	if want := 120 * 6 * 3 * 3 * 4 * 8; n != want {
		t.Errorf("got %d combinations, want %d", n, want)
	}
}

func TestEditionsAreTheCataloguesOwn(t *testing.T) {
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, e := range cat.Editions() {
		want = append(want, e.ID)
	}
	if !slices.Equal(availability.Editions(), want) || availability.DefaultEdition != catalogue.DefaultEdition {
		t.Errorf("got %v (default %s), want %v (default %s)", availability.Editions(), availability.DefaultEdition, want, catalogue.DefaultEdition)
	}
	if !slices.Equal(availability.Providers, catalogue.Providers) {
		t.Errorf("providers: got %v, want %v", availability.Providers, catalogue.Providers)
	}
}

func BenchmarkDecide(b *testing.B) {
	i, r := sound(b, "2025-09", own, "aws"), availability.Request{Scope: team, Provider: "aws", Address: parse(b, example["aws"])}
	for b.Loop() {
		if _, err := availability.Decide(i, r); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleDecide() {
	_, err := availability.Decide(availability.Instance{Deployment: availability.SelfManaged},
		availability.Request{Scope: availability.TeamScope, Provider: "gcp"})
	fmt.Println(err)
	// Output: the bucket isn't in the instance's supported file stores (BYOB-AVAIL-006): add its address to GORILLA_SUPPORTED_FILE_STORES, and restart W&B
}
