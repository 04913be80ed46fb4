package placement_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/placement"
)

var editions = []string{"2024-connector", "2024-byob", "2025-09", "2026-08"}

// homes is where each kind is stored, and whether the pages before 2025-09 say so.
var homes = map[placement.Kind]struct {
	home    placement.Home
	in2024  bool
	located string // how the page of 2025-09 calls it
}{
	"experiment-file":      {"bucket", false, "Experiment files and metrics"},
	"artifact-file":        {"bucket", true, "Artifact files"},
	"media-file":           {"bucket", false, "Media files"},
	"run-file":             {"bucket", true, "Run files"},
	"history-export":       {"bucket", false, "Exported history metrics"},
	"system-events-export": {"bucket", false, "Exported system events"},
	"user-metadata":        {"database", false, "Metadata for users"},
	"team-metadata":        {"database", false, "Metadata for teams"},
	"artifact-metadata":    {"database", false, "Metadata for artifacts"},
	"experiment-metadata":  {"database", false, "Metadata for experiments"},
	"project-metadata":     {"database", false, "Metadata for projects"},
	"report":               {"database", false, "Reports"},
	"experiment-log":       {"database", false, "Experiment logs"},
	"system-metrics":       {"database", false, "System metrics"},
	"console-log":          {"database", false, "Console logs"},
}

func TestEveryKindHasItsHomeInEveryEdition(t *testing.T) {
	if n := len(placement.BucketKinds) + len(placement.DatabaseKinds); n != len(homes) {
		t.Errorf("got %d kinds, want %d", n, len(homes))
	}
	for _, edition := range append([]string{""}, editions...) {
		for kind, want := range homes {
			got, err := placement.Where(kind, edition)
			if err != nil || got != want.home {
				t.Errorf("%s (%s), edition %q: got %q, %v; want %s", want.located, kind, edition, got, err, want.home)
			}
			said, err := placement.Specified(kind, edition)
			if wantSaid := want.in2024 || !strings.HasPrefix(edition, "2024-"); err != nil || said != wantSaid {
				t.Errorf("%s, edition %q: got specified %v, %v; want %v", kind, edition, said, err, wantSaid)
			}
		}
	}
	for _, c := range []struct{ kind, edition, want string }{
		{"log", "2025-09", `kind "log": known are experiment-file artifact-file`},
		{"run-file", "2025", `edition "2025": known are 2024-connector`},
	} {
		_, err := placement.Where(placement.Kind(c.kind), c.edition)
		_, saidErr := placement.Specified(placement.Kind(c.kind), c.edition)
		if !errors.Is(err, availability.ErrUnknown) || !errors.Is(saidErr, availability.ErrUnknown) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s: got %v and %v, want ErrUnknown with %s", c.kind, c.edition, err, saidErr, c.want)
		}
	}
}

// at is a bucket with a sub-path.
func at(bucket, path string) *placement.Storage {
	return &placement.Storage{Name: bucket, Address: &address.Address{Provider: address.S3Compatible, Bucket: bucket, Path: path}}
}

func TestTheBucketOfATeam(t *testing.T) {
	own, instance := at("omega-bucket", ""), at("instance-bucket", "wandb")
	for _, c := range []struct {
		name     string
		team     placement.Team
		instance *placement.Storage
		want     *placement.Storage
		refused  string
	}{
		{"a team without storage of its own uses the instance's", placement.Team{ID: "kappa"}, instance, instance, ""},
		{"a team with External storage uses its own", placement.Team{ID: "omega", External: true, Storage: own}, instance, own, ""},
		{"a team's own bucket needs no instance bucket", placement.Team{ID: "omega", External: true, Storage: own}, nil, own, ""},
		{"a team may share the instance's bucket", placement.Team{ID: "omega", External: true, Storage: instance}, instance, instance, ""},
		{"External storage that is gone doesn't fall back", placement.Team{ID: "omega", External: true}, instance, nil, "BYOB-PLACE-009"},
		{"External storage without an address doesn't fall back", placement.Team{ID: "omega", External: true, Storage: &placement.Storage{Name: "x"}}, instance, nil, "BYOB-PLACE-009"},
		{"External storage whose address wasn't parsed doesn't fall back", placement.Team{ID: "omega", External: true, Storage: &placement.Storage{Address: &address.Address{}}}, instance, nil, "BYOB-PLACE-009"},
		{"External storage without a bucket doesn't fall back", placement.Team{ID: "omega", External: true, Storage: at("", "sub")}, instance, nil, "BYOB-PLACE-009"},
		{"External storage with a reserved sub-path doesn't fall back", placement.Team{ID: "omega", External: true, Storage: at("b", "teams.byob/kappa")}, instance, nil, "BYOB-ISO-004"},
		{"External storage with a sub-path that climbs doesn't fall back", placement.Team{ID: "omega", External: true, Storage: at("b", "a/../b")}, instance, nil, "BYOB-ISO-004"},
		{"Internal storage with a bucket of its own is neither", placement.Team{ID: "omega", Storage: own}, instance, nil, "BYOB-PLACE-009"},
		{"no instance bucket", placement.Team{ID: "kappa"}, nil, nil, "BYOB-PLACE-009"},
		{"an instance bucket without an address", placement.Team{ID: "kappa"}, &placement.Storage{Name: "x"}, nil, "BYOB-PLACE-009"},
	} {
		got, err := placement.Resolve(c.team, c.instance)
		if got != c.want || refusedBy(err) != c.refused {
			t.Errorf("%s: got %v, %v; want %v, refused by %q", c.name, got, err, c.want, c.refused)
		}
	}
}

// refusedBy is the requirement of a refusal, "" of nil, and else the error's text.
func refusedBy(err error) string {
	var r *placement.Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &r):
		return r.Requirement
	}
	return err.Error()
}
