package availability_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/reference/availability"
)

const (
	mt, ded, own   = availability.MultiTenant, availability.Dedicated, availability.SelfManaged
	instance, team = availability.InstanceScope, availability.TeamScope
)

// providers are the columns of expected.
var providers = []string{"aws", "coreweave", "gcp", "azure", "s3-compatible"}

// expected is the whole matrix, written from the pages and not from the data: a word each for aws, coreweave, gcp, azure and
// s3-compatible, "yes" for on offer, "open" for what the page leaves open, else the requirement that refuses.
var expected = []struct {
	edition    string
	deployment availability.Deployment
	scope      availability.Scope
	cells      [5]string
}{
	{"2024-connector", mt, instance, [5]string{"002", "002", "002", "002", "002"}},
	{"2024-connector", mt, team, [5]string{"yes", "001", "yes", "001", "001"}},
	{"2024-connector", ded, instance, [5]string{"yes", "open", "yes", "yes", "open"}},
	{"2024-connector", ded, team, [5]string{"yes", "open", "yes", "001", "open"}},
	{"2024-connector", own, instance, [5]string{"yes", "open", "yes", "yes", "yes"}},
	{"2024-connector", own, team, [5]string{"yes", "open", "yes", "open", "yes"}},

	{"2024-byob", mt, instance, [5]string{"002", "002", "002", "002", "002"}},
	{"2024-byob", mt, team, [5]string{"yes", "001", "yes", "001", "001"}},
	{"2024-byob", ded, instance, [5]string{"yes", "open", "yes", "yes", "open"}},
	{"2024-byob", ded, team, [5]string{"yes", "open", "yes", "yes", "open"}},
	{"2024-byob", own, instance, [5]string{"yes", "open", "yes", "yes", "yes"}},
	{"2024-byob", own, team, [5]string{"yes", "open", "yes", "yes", "yes"}},

	{"2025-09", mt, instance, [5]string{"002", "002", "002", "002", "002"}},
	{"2025-09", mt, team, [5]string{"yes", "yes", "yes", "yes", "001"}},
	{"2025-09", ded, instance, [5]string{"yes", "yes", "yes", "yes", "yes"}},
	{"2025-09", ded, team, [5]string{"yes", "yes", "yes", "yes", "yes"}},
	{"2025-09", own, instance, [5]string{"yes", "yes", "yes", "yes", "yes"}},
	{"2025-09", own, team, [5]string{"yes", "yes", "yes", "yes", "yes"}},

	{"2026-08", mt, instance, [5]string{"002", "002", "002", "002", "002"}},
	{"2026-08", mt, team, [5]string{"yes", "yes", "yes", "001", "001"}},
	{"2026-08", ded, instance, [5]string{"yes", "yes", "yes", "yes", "yes"}},
	{"2026-08", ded, team, [5]string{"yes", "yes", "yes", "yes", "yes"}},
	{"2026-08", own, instance, [5]string{"yes", "yes", "yes", "yes", "yes"}},
	{"2026-08", own, team, [5]string{"yes", "yes", "yes", "yes", "yes"}},
}

// word is the word of expected for an answer.
func word(t *testing.T, a availability.Answer, requirement string) string {
	t.Helper()
	switch a {
	case availability.Offered:
		return "yes"
	case availability.Unspecified:
		return "open"
	case availability.Refused:
		return strings.TrimPrefix(requirement, "BYOB-AVAIL-")
	}
	t.Fatalf("%q is no answer", a)
	return ""
}

func TestEveryCellIsAsThePagesSay(t *testing.T) {
	cells := map[string]bool{}
	var editions []string
	for _, row := range expected {
		if len(editions) == 0 || editions[len(editions)-1] != row.edition {
			editions = append(editions, row.edition)
		}
		all, err := availability.Matrix(row.edition)
		if err != nil {
			t.Fatal(err)
		}
		for i, provider := range providers {
			found := 0
			for _, c := range all {
				if c.Deployment != row.deployment || c.Scope != row.scope || c.Provider != provider {
					continue
				}
				found++
				if got := word(t, c.Answer, c.Requirement); got != row.cells[i] || c.Edition != row.edition {
					t.Errorf("%s, %s, %s, %s: got %s (edition %q), want %s", row.edition, row.deployment, row.scope, provider, got, c.Edition, row.cells[i])
				}
				if c.Answer != availability.Offered && c.Note == "" {
					t.Errorf("%s, %s, %s, %s: no note says why it is %s", row.edition, row.deployment, row.scope, provider, c.Answer)
				}
				cells[strings.Join([]string{c.Edition, string(c.Deployment), string(c.Scope), c.Provider}, " ")] = true
			}
			if found != 1 {
				t.Errorf("%s, %s, %s, %s: got %d cells, want 1", row.edition, row.deployment, row.scope, provider, found)
			}
		}
	}
	if len(cells) != 4*3*2*5 {
		t.Errorf("got %d cells, want 120", len(cells))
	}
	if d := cmp.Diff(availability.Editions(), editions); d != "" {
		t.Errorf("editions (-got +want):\n%s", d)
	}
}

func TestTheOrderOfCellsIsThatOfTheLists(t *testing.T) {
	cells, err := availability.Matrix("")
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for _, d := range []availability.Deployment{mt, ded, own} {
		for _, s := range []availability.Scope{instance, team} {
			for _, p := range providers {
				if c := cells[i]; c.Deployment != d || c.Scope != s || c.Provider != p || c.Edition != "2025-09" {
					t.Errorf("cell %d: got %v, want 2025-09 %s %s %s", i, c, d, s, p)
				}
				i++
			}
		}
	}
	if i != len(cells) {
		t.Errorf("got %d cells, want %d", len(cells), i)
	}
}

func TestConditionsBesideACell(t *testing.T) {
	for _, c := range []struct {
		name, edition string
		deployment    availability.Deployment
		scope         availability.Scope
		provider      string
		want          []string
	}{
		{"the same cloud, on Dedicated in 2024-connector", "2024-connector", ded, instance, "aws", []string{"BYOB-AVAIL-003"}},
		{"no cloud to compare for S3-compatible storage", "2024-connector", ded, team, "s3-compatible", nil},
		{"no such rule on Self-managed", "2024-connector", own, team, "aws", nil},
		{"the list, for what isn't on Azure, in 2024-byob", "2024-byob", ded, team, "gcp", []string{"BYOB-AVAIL-004"}},
		{"no list for Azure in 2024-byob", "2024-byob", ded, team, "azure", nil},
		{"no list at instance level", "2024-byob", own, instance, "aws", nil},
		{"no condition for what is refused", "2025-09", mt, team, "s3-compatible", nil},
		{"nothing on Multi-tenant", "2025-09", mt, team, "coreweave", nil},
		{"the list, from 2025-09 on", "2025-09", own, team, "azure", []string{"BYOB-AVAIL-006"}},
		{"versions at instance level", "2025-09", ded, instance, "coreweave", []string{"BYOB-AVAIL-005"}},
		{"versions and list for a team", "2026-08", ded, team, "coreweave", []string{"BYOB-AVAIL-005", "BYOB-AVAIL-006"}},
	} {
		cells, err := availability.Matrix(c.edition)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range cells {
			if got.Deployment == c.deployment && got.Scope == c.scope && got.Provider == c.provider {
				if d := cmp.Diff(got.Conditions, c.want); d != "" {
					t.Errorf("%s (-got +want):\n%s", c.name, d)
				}
			}
		}
	}
}

func TestUnknownEditionNamesTheKnownOnes(t *testing.T) {
	_, err := availability.Matrix("2023")
	if _, tableErr := availability.Table("2023"); !errors.Is(err, availability.ErrUnknown) || !errors.Is(tableErr, availability.ErrUnknown) {
		t.Fatalf("got %v and %v, want ErrUnknown", err, tableErr)
	}
	const want = `unknown word: edition "2023": known are 2024-connector, 2024-byob, 2025-09, 2026-08`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

// TestTablesAreAsThePagesPrintThem compares names and marks with the pages; the last column is ours.
func TestTablesAreAsThePagesPrintThem(t *testing.T) {
	english := "W&B deployment type/Instance level/Team level/Additional information"
	for edition, want := range map[string][]string{
		"2024-connector": {
			"W&B Server deployment type/Instance level/Team level/Additional information",
			"Dedicated Cloud/X/X", "SaaS Cloud//X", "Self-managed/X/X", "BYOB-AVAIL-003: ",
		},
		"2024-byob": {
			"W&Bサーバーデプロイメントタイプ/インスタンスレベル/チームレベル/追加情報",
			"Dedicated Cloud/X/X", "SaaS Cloud//X", "セルフマネージド/X/X", "BYOB-AVAIL-004: ",
		},
		"2025-09": {english, "Dedicated Cloud/✓/✓", "Multi-tenant Cloud/Not Applicable/✓", "Self-Managed/✓/✓"},
		"2026-08": {english, "Dedicated Cloud/✓/✓", "Multi-tenant Cloud/Not Applicable/✓¹", "Self-Managed/✓/✓", "¹: "},
	} {
		table, err := availability.Table(edition)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{strings.Join(table.Columns, "/")}
		for _, r := range table.Rows {
			got = append(got, r.Name+"/"+r.Instance+"/"+r.Team)
			if r.Information == "" {
				t.Errorf("%s: %s has no additional information", edition, r.Name)
			}
		}
		for _, f := range append(table.Footnotes, table.Notes...) {
			got = append(got, f.Mark+": ")
			if f.Text == "" {
				t.Errorf("%s: footnote %s is empty", edition, f.Mark)
			}
		}
		if d := cmp.Diff(got, want); d != "" {
			t.Errorf("%s (-got +want):\n%s", edition, d)
		}
	}
}

func TestMarkdownHasOneLineARow(t *testing.T) {
	table, err := availability.Table("2026-08")
	if err != nil {
		t.Fatal(err)
	}
	got := table.Markdown()
	want := "| W&B deployment type | Instance level | Team level | Additional information |\n" +
		"| --- | --- | --- | --- |\n" +
		"| Dedicated Cloud | ✓ | ✓ | Instance and team level on CoreWeave AI Object Storage, Amazon S3, Google Cloud Storage, Microsoft Azure Blob Storage, and S3-compatible storage such as MinIO Enterprise (AIStor) in your cloud or on your premises. |\n" +
		"| Multi-tenant Cloud | Not Applicable | ✓¹ | Team level on CoreWeave AI Object Storage, Amazon S3, and Google Cloud Storage. |\n" +
		"| Self-Managed | ✓ | ✓ | Instance and team level on CoreWeave AI Object Storage, Amazon S3, Google Cloud Storage, Microsoft Azure Blob Storage, and S3-compatible storage such as MinIO Enterprise (AIStor) in your cloud or on your premises. |\n"
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("(-got +want):\n%s", d)
	}
}

// TestTheDataAreLinted breaks the matrix in each way that it could go wrong by hand.
func TestTheDataAreLinted(t *testing.T) {
	if err := availability.Check([]byte(availability.Embedded())); err != nil {
		t.Fatalf("the embedded matrix: %v", err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"an unknown key", "  - id: 2026-08\n", "  - id: 2026-08\n    since: 2026\n", "unknown field"},
		{"a repeated key", "    creates: [aws, coreweave, gcp]\n", "    creates: [aws]\n    creates: [aws]\n", "already defined"},
		{"an edition twice", "id: 2026-08", "id: 2025-09", "edition 2025-09 stands there twice"},
		{"no edition's name", "id: 2026-08", `id: ""`, "id, document, section and four columns are wanted"},
		{"a column too few", "columns: [W&B Server deployment type, ", "columns: [", "four columns are wanted"},
		{"an unknown deployment", "deployment: self-managed\n        name: Self-managed", "deployment: on-prem\n        name: Self-managed", `deployment "on-prem"`},
		{"a deployment twice", "deployment: self-managed\n        name: Self-managed", "deployment: dedicated\n        name: Self-managed", "deployment self-managed is missing"},
		{"no name", "name: Self-managed", `name: ""`, "deployment self-managed: name and information are wanted"},
		{"a provider missing", "offered: [aws, gcp]\n          refused: [azure]", "offered: [aws]\n          refused: [azure]", "gcp stands there 0 times, want once"},
		{"a provider twice", "offered: [aws, gcp]\n          refused: [azure]", "offered: [aws, gcp, azure]\n          refused: [azure]", "azure stands there 2 times, want once"},
		{"an unknown provider", "offered: [aws, gcp]\n          refused: [azure]", "offered: [aws, gcp, minio]\n          refused: [azure]", `provider "minio"`},
		{"a refusal without a note", "            azure: Azure has the instance level only\n", "", "azure has no note"},
		{"a note on an unknown provider", "azure: Azure has the instance level only", "azure: Azure has the instance level only\n            minio: none", `note: unknown word: provider "minio"`},
		{"a mark where nothing is on offer", "mark: Not Applicable", "mark: ✓", "doesn't go with 0 providers on offer"},
		{"no mark where something is on offer", "mark: ✓\n          footnote", "mark: Not Applicable\n          footnote", "doesn't go with 3 providers on offer"},
		{"no rule for a scope that isn't there", "mark: Not Applicable\n          rule: BYOB-AVAIL-002", "mark: Not Applicable", `doesn't go with the rule ""`},
		{"a footnote that is missing", `footnote: "1"`, `footnote: "2"`, "footnote 2 is missing"},
		{"another answer on other clouds", "otherCloud: {dedicated: refused", "otherCloud: {dedicated: offered", "otherCloud: dedicated: offered is no answer"},
		{"a list on Multi-tenant", "on: [dedicated, self-managed], onlyOnAzure", "on: [multi-tenant], onlyOnAzure", "Multi-tenant has no such list"},
		{"a version that is none", "server: v0.73.0", "server: 0.73.0", "two versions are wanted"},
		{"a bucket made where none is on offer", "creates: [aws, coreweave, gcp]\n", "creates: [aws, azure]\n", "azure isn't on offer to teams on Multi-tenant"},
		{"nothing said of bucket creation", "    creates: [aws, coreweave, gcp]\n", "", "providers, or the word unspecified"},
	} {
		text := strings.Replace(availability.Embedded(), c.old, c.new, 1)
		if text == availability.Embedded() {
			t.Errorf("%s: %q isn't in the matrix", c.name, c.old)
			continue
		}
		if err := availability.Check([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", c.name, err, c.want)
		}
	}
	if err := availability.Check([]byte("editions: []\n")); err == nil || !strings.Contains(err.Error(), "there is no edition") {
		t.Errorf("an empty matrix: got %v, want an error", err)
	}
}

func TestCountsOfTheMatrix(t *testing.T) {
	counts := map[string]int{}
	for _, edition := range availability.Editions() {
		cells, err := availability.Matrix(edition)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			counts[fmt.Sprint(edition, " ", c.Answer)]++
		}
	}
	want := map[string]int{
		"2024-connector offered": 14, "2024-connector refused": 9, "2024-connector unspecified": 7,
		"2024-byob offered": 16, "2024-byob refused": 8, "2024-byob unspecified": 6,
		"2025-09 offered": 24, "2025-09 refused": 6,
		"2026-08 offered": 23, "2026-08 refused": 7,
	}
	if d := cmp.Diff(counts, want); d != "" {
		t.Errorf("(-got +want):\n%s", d)
	}
}
