package catalogue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

func load(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// levels returns what a run must meet, by ID without its prefix.
func levels(t *testing.T, s catalogue.Selection) map[string]catalogue.Level {
	t.Helper()
	entries, err := load(t).Profile(s)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]catalogue.Level{}
	for _, e := range entries {
		got[strings.TrimPrefix(e.ID, "BYOB-")] = e.Level
	}
	return got
}

func TestProfileHoldsWhatCanFailForItsSubject(t *testing.T) {
	const must, should, absent = catalogue.Must, catalogue.Should, catalogue.Level("")
	for _, tt := range []struct {
		name string
		s    catalogue.Selection
		want map[string]catalogue.Level
	}{
		{"an aws bucket is judged by the address forms of aws alone", catalogue.Selection{Profile: "aws"},
			map[string]catalogue.Level{"ADDR-005": must, "ADDR-009": must, "ADDR-016": must, "ADDR-018": must, "ADDR-020": must,
				"ADDR-014": should, "ADDR-001": absent, "ADDR-006": absent, "ADDR-007": absent, "ADDR-008": absent}},
		{"a coreweave bucket has its address forms, no gcs or azure rule", catalogue.Selection{Profile: "coreweave"},
			map[string]catalogue.Level{"ADDR-001": must, "ADDR-004": must, "ADDR-015": must, "ADDR-014": absent,
				"PERM-013": must, "PERM-019": must, "PERM-014": absent, "PERM-015": absent, "KMS-001": absent}},
		{"rules on the parser and the evaluator are the connector's only", catalogue.Selection{Profile: "coreweave"},
			map[string]catalogue.Level{"ADDR-002": absent, "ADDR-003": absent, "ADDR-010": absent, "ADDR-011": absent, "ADDR-012": absent,
				"ADDR-013": absent, "ADDR-017": absent, "ADDR-019": absent, "PERM-017": absent}},
		{"a connector meets every address rule", catalogue.Selection{Profile: "connector"},
			map[string]catalogue.Level{"ADDR-001": must, "ADDR-002": must, "ADDR-008": must, "ADDR-014": should, "ADDR-020": must,
				"PERM-017": must, "PERM-001": absent, "SIGN-008": must, "KEEP-004": must, "NET-001": absent, "XFER-001": absent}},
		{"an azure container has no multipart and no region", catalogue.Selection{Profile: "azure"},
			map[string]catalogue.Level{"XFER-005": absent, "XFER-006": absent, "XFER-007": must, "SIGN-004": absent, "SIGN-005": absent,
				"SIGN-002": must, "NET-005": absent, "NET-006": absent, "NET-003": must, "PERM-015": must}},
		{"a gcp bucket has multipart, and no blob types", catalogue.Selection{Profile: "gcp"},
			map[string]catalogue.Level{"XFER-005": must, "XFER-006": must, "XFER-007": absent, "PERM-014": must, "KMS-003": must, "NET-005": absent}},
		{"on s3-compatible five actions are musts, the others shoulds", catalogue.Selection{Profile: "s3-compatible"},
			map[string]catalogue.Level{"PERM-001": must, "PERM-002": should, "PERM-003": must, "PERM-004": should, "PERM-005": should,
				"PERM-006": must, "PERM-007": must, "PERM-008": must, "PERM-009": should, "PERM-010": should, "PERM-011": should,
				"PERM-012": absent, "PERM-020": must, "ADDR-020": absent, "ADDR-006": must}},
		{"on aws all eleven actions are musts", catalogue.Selection{Profile: "aws"},
			map[string]catalogue.Level{"PERM-001": must, "PERM-002": must, "PERM-005": must, "PERM-009": must, "PERM-011": must, "PERM-018": should}},
		{"what needs a live bucket is not judged from documents", catalogue.Selection{Profile: "documents"},
			map[string]catalogue.Level{"CORS-001": must, "CORS-002": must, "CORS-006": should, "CORS-007": absent, "CORS-009": must,
				"PERM-001": must, "PERM-017": absent, "PERM-018": should, "PERM-019": absent, "KMS-001": should, "KMS-002": absent, "KEEP-001": should}},
		{"the documents of one provider leave the others' rules out", catalogue.Selection{Profile: "documents", Provider: "gcp"},
			map[string]catalogue.Level{"CORS-003": must, "PERM-014": must, "KMS-003": must, "PERM-001": absent, "PERM-013": absent, "KMS-001": absent}},
		{"the documents of an s3-compatible store have its levels", catalogue.Selection{Profile: "documents", Provider: "s3-compatible"},
			map[string]catalogue.Level{"PERM-001": must, "PERM-002": should}},
		{"without a KMS key in the configuration its rules are shoulds", catalogue.Selection{Profile: "aws"},
			map[string]catalogue.Level{"KMS-001": should, "KMS-002": should, "KMS-004": should}},
		{"with a KMS key in the configuration its rules are musts", catalogue.Selection{Profile: "aws", KMSKey: true},
			map[string]catalogue.Level{"KMS-001": must, "KMS-002": must, "KMS-004": must}},
		{"nothing on request is in an ordinary run", catalogue.Selection{Profile: "azure"},
			map[string]catalogue.Level{"RATE-001": absent, "CORS-010": absent, "XFER-011": absent}},
		{"throughput is required when asked for", catalogue.Selection{Profile: "azure", Throughput: true},
			map[string]catalogue.Level{"RATE-001": must, "RATE-002": must, "RATE-003": must, "CORS-010": absent}},
		{"the browser is required when asked for", catalogue.Selection{Profile: "gcp", Browser: true},
			map[string]catalogue.Level{"CORS-010": must, "RATE-001": absent}},
		{"the long run warns when asked for", catalogue.Selection{Profile: "gcp", Long: true},
			map[string]catalogue.Level{"XFER-011": should}},
		{"before 2026-08 garbage collection's needs are shoulds", catalogue.Selection{Profile: "gcp", Edition: "2025-09"},
			map[string]catalogue.Level{"KEEP-002": should, "KEEP-003": absent, "SIGN-009": absent}},
		{"from 2026-08 on they are musts, with soft deletion on gcp", catalogue.Selection{Profile: "gcp", Edition: "2026-08"},
			map[string]catalogue.Level{"KEEP-002": must, "KEEP-003": must, "SIGN-009": must}},
		{"soft deletion is asked of gcp alone", catalogue.Selection{Profile: "aws", Edition: "2026-08"},
			map[string]catalogue.Level{"KEEP-002": must, "KEEP-003": absent}},
		{"2024-connector knows no sub-paths, no split and no isolation rule for the instance bucket",
			catalogue.Selection{Profile: "connector", Edition: "2024-connector"},
			map[string]catalogue.Level{"PLACE-001": absent, "PLACE-006": absent, "PLACE-003": must, "ISO-002": absent, "ISO-001": must,
				"AVAIL-003": must, "AVAIL-004": absent, "AVAIL-005": absent, "ADDR-001": absent, "ADDR-009": absent}},
		{"2024-byob lists file stores and opens the instance bucket", catalogue.Selection{Profile: "connector", Edition: "2024-byob"},
			map[string]catalogue.Level{"AVAIL-003": absent, "AVAIL-004": must, "ISO-002": must, "PLACE-010": must, "PLACE-007": absent, "ADDR-019": must}},
		{"throughput holds in every edition", catalogue.Selection{Profile: "aws", Edition: "2024-connector", Throughput: true},
			map[string]catalogue.Level{"RATE-001": must}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := levels(t, tt.s)
			for id, want := range tt.want {
				if got[id] != want {
					t.Errorf("%s: got level %q, want %q", id, got[id], want)
				}
			}
		})
	}
}

func TestProfileIsInCatalogueOrder(t *testing.T) {
	order := []string{"NET", "ADDR", "XFER", "SIGN", "CORS", "PERM", "KMS", "KEEP", "RATE", "AVAIL", "PLACE", "ISO", "TEAM"}
	c := load(t)
	for _, p := range c.Profiles() {
		entries, err := c.Profile(catalogue.Selection{Profile: p.Name, Throughput: true, Browser: true, Long: true})
		if err != nil {
			t.Fatal(err)
		}
		sorted := slices.IsSortedFunc(entries, func(a, b catalogue.Entry) int {
			if d := slices.Index(order, a.Family) - slices.Index(order, b.Family); d != 0 {
				return d
			}
			return strings.Compare(a.ID, b.ID)
		})
		if !sorted {
			t.Errorf("%s: entries are not in the order %v, then by number", p.Name, order)
		}
	}
}

func TestWhatIsUnknownIsRefusedNamingWhatIsKnown(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    catalogue.Selection
		want string
	}{
		{"a short form of a profile", catalogue.Selection{Profile: "cw"},
			`unknown profile "cw": known are aws, coreweave, gcp, azure, s3-compatible, connector, documents`},
		{"no profile", catalogue.Selection{},
			`unknown profile "": known are aws, coreweave, gcp, azure, s3-compatible, connector, documents`},
		{"an edition", catalogue.Selection{Profile: "aws", Edition: "2023"},
			`unknown edition "2023": known are 2024-connector, 2024-byob, 2025-09, 2026-08`},
		{"a provider", catalogue.Selection{Profile: "documents", Provider: "gcs"},
			`unknown provider "gcs": known are aws, coreweave, gcp, azure, s3-compatible`},
		{"a provider that is not the profile's", catalogue.Selection{Profile: "aws", Provider: "gcp"},
			`profile "aws" does not go with provider "gcp"`},
		{"a provider for a connector", catalogue.Selection{Profile: "connector", Provider: "gcp"},
			`profile "connector" takes no provider, but "gcp" is given`},
		{"a provider that the edition does not know", catalogue.Selection{Profile: "coreweave", Edition: "2024-byob"},
			`edition "2024-byob" does not know provider "coreweave": the editions that do are 2025-09, 2026-08`},
		{"documents of a provider that the edition does not know", catalogue.Selection{Profile: "documents", Provider: "coreweave", Edition: "2024-connector"},
			`edition "2024-connector" does not know provider "coreweave": the editions that do are 2025-09, 2026-08`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			entries, err := load(t).Profile(tt.s)
			if got := fmt.Sprint(err); got != tt.want || entries != nil {
				t.Errorf("got  %s and %d entries\nwant %s", got, len(entries), tt.want)
			}
		})
	}
}

func TestWithoutAnEditionTheDefaultHolds(t *testing.T) {
	if diff := cmp.Diff(levels(t, catalogue.Selection{Profile: "gcp", Edition: catalogue.DefaultEdition}), levels(t, catalogue.Selection{Profile: "gcp"})); diff != "" {
		t.Errorf("(-default edition +none):\n%s", diff)
	}
}

func TestWhatIsReturnedIsACopy(t *testing.T) {
	c := load(t)
	r, ok := c.Get("BYOB-NET-001")
	if !ok {
		t.Fatal("BYOB-NET-001: not found")
	}
	r.Profiles[0], r.Source[0].Document, r.Remedy["aws"] = "changed", "changed", "changed"
	c.Pending()["BYOB-NET-001"] = "changed"
	again, _ := c.Get("BYOB-NET-001")
	if again.Profiles[0] == "changed" || again.Source[0].Document == "changed" || again.Remedy["aws"] == "changed" {
		t.Errorf("a change by a caller is seen by the next one: %+v", again)
	}
	if _, ok := c.Pending()["BYOB-NET-001"]; ok {
		t.Error("a change of the pending list by a caller is seen by the next one")
	}
}

func TestRemedyForAnyoneStandsInForAProvidersOwn(t *testing.T) {
	r := catalogue.Requirement{Remedy: map[string]string{"aws": "for aws", "any": "for anyone"}}
	for provider, want := range map[string]string{"aws": "for aws", "gcp": "for anyone"} {
		if got := r.RemedyFor(provider); got != want {
			t.Errorf("%s: got %q, want %q", provider, got, want)
		}
	}
	if got := (catalogue.Requirement{}).RemedyFor("aws"); got != "" {
		t.Errorf("without remedies: got %q, want none", got)
	}
}
