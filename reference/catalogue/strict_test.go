package catalogue_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// edited returns the catalogue's files with one text replaced in one of them.
func edited(t *testing.T, file, from, to string) fs.FS {
	t.Helper()
	names, err := fs.Glob(os.DirFS("data"), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := fstest.MapFS{}
	for _, name := range names {
		text, err := os.ReadFile("data/" + name)
		if err != nil {
			t.Fatal(err)
		}
		dir[name] = &fstest.MapFile{Data: text}
	}
	before := string(dir[file].Data)
	if !strings.Contains(before, from) {
		t.Fatalf("%s does not hold %q: the test has nothing to break", file, from)
	}
	dir[file].Data = []byte(strings.Replace(before, from, to, 1))
	return dir
}

func TestBadDataIsRefusedNamingFileLineAndID(t *testing.T) {
	const net1 = "  - id: BYOB-NET-001\n"
	for _, tt := range []struct {
		name, file, from, to string
		want                 []string // all of them stand in the error
	}{
		{"an unknown key", "preflight.yaml", net1, net1 + "    severity: high\n",
			[]string{"preflight.yaml:5: BYOB-NET-001: unknown field \"severity\""}},
		{"an unknown key of a source", "team.yaml", "{document: Secure storage connector, ", "{document: Secure storage connector, page: 1, ",
			[]string{"team.yaml:", "BYOB-TEAM-001: unknown field \"page\""}},
		{"a repeated key", "preflight.yaml", net1, net1 + "    title: Another\n",
			[]string{"preflight.yaml:6: BYOB-NET-001: ", `mapping key "title" already defined`}},
		{"a value of the wrong kind", "preflight.yaml", net1, net1 + "    denial: perhaps\n",
			[]string{"preflight.yaml:5: BYOB-NET-001: "}},
		{"a duplicate ID", "preflight.yaml", "id: BYOB-NET-002", "id: BYOB-NET-001",
			[]string{"preflight.yaml:37: BYOB-NET-001: the ID stands already at preflight.yaml:4"}},
		{"an ID out of order", "preflight.yaml", "id: BYOB-NET-002", "id: BYOB-NET-009",
			[]string{"BYOB-NET-003: stands after BYOB-NET-009"}},
		{"an ID without three digits", "preflight.yaml", "id: BYOB-NET-001", "id: BYOB-NET-1",
			[]string{"preflight.yaml:4: BYOB-NET-1: the ID is not of the form BYOB-FAMILY-000"}},
		{"an ID of another family", "preflight.yaml", "id: BYOB-NET-001", "id: BYOB-ADDR-001",
			[]string{"preflight.yaml:4: BYOB-ADDR-001: the ID is not of family NET"}},
		{"a retired ID used again", "retired.yaml", "retired: []", "retired: [{id: BYOB-NET-004, why: clocks keep themselves}]",
			[]string{"BYOB-NET-004: the ID is retired and must not be used again"}},
		{"a retired ID without a reason", "retired.yaml", "retired: []", "retired: [{id: BYOB-NET-099}]",
			[]string{`retired.yaml: "BYOB-NET-099": lacks a well-formed ID or the reason`}},
		{"an unknown provider in a profile list", "preflight.yaml", "profiles: [aws, coreweave, gcp,", "profiles: [aws, cw, gcp,",
			[]string{`preflight.yaml:4: BYOB-NET-001: unknown profile "cw": known are aws, azure, connector, coreweave`}},
		{"an unknown provider of a remedy", "preflight.yaml", "      aws: |", "      amazon: |",
			[]string{`BYOB-NET-001: a remedy is for the unknown provider "amazon"`, "BYOB-NET-001: has no remedy for aws"}},
		{"an unknown provider of a level rule", "permissions.yaml", "providers: [s3-compatible]", "providers: [minio]",
			[]string{`BYOB-PERM-002: unknown provider "minio": known are aws, azure, coreweave, gcp, s3-compatible`}},
		{"a missing remedy", "retention.yaml", "      s3-compatible: |\n        mc version enable <alias>/<bucket>\n", "",
			[]string{"BYOB-KEEP-002: has no remedy for s3-compatible"}},
		{"an empty remedy", "retention.yaml", "      s3-compatible: |\n        mc version enable <alias>/<bucket>\n", "      s3-compatible: ' '\n",
			[]string{"BYOB-KEEP-002: the remedy for s3-compatible is empty"}},
		{"an unknown edition", "retention.yaml", "    editions: [2026-08]", "    editions: [2026-09]",
			[]string{`BYOB-KEEP-003: unknown edition "2026-09": known are 2024-byob, 2024-connector, 2025-09, 2026-08`}},
		{"an unknown edition of a source", "preflight.yaml", "edition: 2025-09}", "edition: 2025-10}",
			[]string{`BYOB-NET-001: a source names the unknown edition "2025-10"`}},
		{"an unknown level", "preflight.yaml", "level: MUST", "level: MAY",
			[]string{`BYOB-NET-001: unknown level "MAY": known are MUST, SHOULD`}},
		{"an unknown condition", "encryption.yaml", "when: kms-key", "when: full-moon",
			[]string{`BYOB-KMS-001: unknown condition "full-moon": known is kms-key`}},
		{"a level rule that always matches", "encryption.yaml", "{when: kms-key, level: MUST}", "{level: MUST}",
			[]string{"BYOB-KMS-001: a level rule without provider, edition or condition hides the level"}},
		{"an unknown subject", "preflight.yaml", "subject: bucket", "subject: pail",
			[]string{`BYOB-NET-001: unknown subject "pail"`}},
		{"an unknown request", "throughput.yaml", "onRequest: throughput", "onRequest: nicely",
			[]string{`BYOB-RATE-001: unknown onRequest "nicely"`}},
		{"a profile that stands twice", "preflight.yaml", "profiles: [aws, coreweave,", "profiles: [aws, aws, coreweave,",
			[]string{`BYOB-NET-001: profile "aws" stands twice`}},
		{"a title too long", "preflight.yaml", "title: The name resolves", "title: " + strings.Repeat("x", 61),
			[]string{"BYOB-NET-001: the title has 61 characters, want 1 to 60"}},
		{"a short form of a provider", "preflight.yaml", "title: The name resolves", "title: The name resolves on cw",
			[]string{`BYOB-NET-001: "cw" is a short form`}},
		{"no source", "throughput.yaml", "    sources:\n      - {document: Budget file of the run, section: tolerance}\n", "",
			[]string{"BYOB-RATE-003: has no source"}},
		{"a pending requirement that does not exist", "pending.yaml", "pending: []", "pending:\n  - {suite: throughput, reason: none, requirements: [BYOB-SIGN-099]}",
			[]string{`pending.yaml: throughput: unknown requirement "BYOB-SIGN-099"`}},
		{"a requirement pending twice", "pending.yaml", "pending: []", "pending:\n  - {suite: throughput, reason: none, requirements: [BYOB-RATE-001, BYOB-RATE-001]}",
			[]string{"pending.yaml: throughput: BYOB-RATE-001 is pending already, in throughput"}},
		{"a contradiction about nothing", "contradictions.yaml", "[BYOB-PERM-012]", "[BYOB-PERM-099]",
			[]string{`contradictions.yaml: 2: unknown requirement "BYOB-PERM-099"`}},
		{"a second default edition", "editions.yaml", "  - id: 2026-08\n", "  - id: 2026-08\n    default: true\n",
			[]string{"editions.yaml: 2026-08: is marked as the default, want 2025-09", "2 editions are marked as the default"}},
		{"a profile that is no provider's", "profiles.yaml", "name: s3-compatible", "name: minio",
			[]string{"profiles.yaml: the profiles are"}},
		{"another family's file", "team.yaml", "family: TEAM", "family: GROUP",
			[]string{`team.yaml: family is "GROUP", want "TEAM"`}},
		{"no YAML at all", "team.yaml", "family: TEAM", "family: [",
			[]string{"team.yaml:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := catalogue.LoadFrom(edited(t, tt.file, tt.from, tt.to))
			if err == nil || c != nil {
				t.Fatalf("got no error and a catalogue: %v, want it refused", c != nil)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got  %s\nwant %s", err, want)
				}
			}
		})
	}
}

func TestUnbrokenDataLoads(t *testing.T) {
	if _, err := catalogue.LoadFrom(edited(t, "team.yaml", "family: TEAM", "family: TEAM")); err != nil {
		t.Errorf("the control of every refusal above is refused itself: %v", err)
	}
}

func TestAFileTooManyOrTooFewIsRefused(t *testing.T) {
	dir := edited(t, "team.yaml", "family: TEAM", "family: TEAM").(fstest.MapFS)
	dir["extra.yaml"] = &fstest.MapFile{Data: []byte("family: EXTRA\n")}
	if _, err := catalogue.LoadFrom(dir); err == nil || !strings.Contains(err.Error(), "extra.yaml: unknown catalogue file") {
		t.Errorf("a file too many: got %v, want it named", err)
	}
	delete(dir, "extra.yaml")
	delete(dir, "cors.yaml")
	if _, err := catalogue.LoadFrom(dir); err == nil || !strings.Contains(err.Error(), "cors.yaml") {
		t.Errorf("a file too few: got %v, want it named", err)
	}
}
