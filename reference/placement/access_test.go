package placement_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reference/placement"
	"slices"
)

// rights is the whole of who may do what: a sign each for read, list, write, delete, set-up-storage and collect-garbage.
//
//	y allowed             6 refused by ISO-006      t refused by TEAM-001
//	1 refused by ISO-001  2 refused by ISO-002      k refused by KEEP-004, left open by the sources
//	o refused by ISO-002, left open by the sources
var rights = []struct {
	storage, who string // whose files, and who asks
	role         placement.Role
	from2024byob string // 2024-byob, 2025-09, 2026-08
	connector    string // 2024-connector
}{
	{"Omega's own bucket", "a member of Omega", "admin", "yyyyyy", "yyyyyy"},
	{"Omega's own bucket", "a member of Omega", "member", "yyyytk", "yyyytk"},
	{"Omega's own bucket", "a member of Omega", "guest", "yyyytk", "yyyytk"},
	{"Omega's own bucket", "a member of both", "admin", "yyyyyy", "yyyyyy"},
	{"Omega's own bucket", "a member of both", "member", "yyyytk", "yyyytk"},
	{"Omega's own bucket", "a member of both", "guest", "yyyytk", "yyyytk"},
	{"Omega's own bucket", "a member of Kappa", "admin", "1111yy", "1111yy"},
	{"Omega's own bucket", "a member of Kappa", "member", "1111tk", "1111tk"},
	{"Omega's own bucket", "a member of Kappa", "guest", "1111tk", "1111tk"},
	{"Omega's own bucket", "a member of no team", "admin", "1111yy", "1111yy"},
	{"Omega's own bucket", "a member of no team", "member", "1111tk", "1111tk"},
	{"Omega's own bucket", "a member of no team", "guest", "1111tk", "1111tk"},
	{"Omega's own bucket", "an outsider", "admin", "666666", "666666"},
	{"Omega's own bucket", "an outsider", "member", "666666", "666666"},
	{"Omega's own bucket", "an outsider", "guest", "666666", "666666"},

	{"Kappa's files in the instance bucket", "a member of Kappa", "admin", "yyyyyy", "yyyyyy"},
	{"Kappa's files in the instance bucket", "a member of Kappa", "member", "yyyytk", "yyyytk"},
	{"Kappa's files in the instance bucket", "a member of Kappa", "guest", "yyyytk", "yyyytk"},
	{"Kappa's files in the instance bucket", "a member of both", "admin", "yyyyyy", "yyyyyy"},
	{"Kappa's files in the instance bucket", "a member of both", "member", "yyyytk", "yyyytk"},
	{"Kappa's files in the instance bucket", "a member of both", "guest", "yyyytk", "yyyytk"},
	{"Kappa's files in the instance bucket", "a member of Omega", "admin", "yy22yy", "ooooyy"},
	{"Kappa's files in the instance bucket", "a member of Omega", "member", "yy22tk", "ooootk"},
	{"Kappa's files in the instance bucket", "a member of Omega", "guest", "2222tk", "ooootk"},
	{"Kappa's files in the instance bucket", "a member of no team", "admin", "yy22yy", "ooooyy"},
	{"Kappa's files in the instance bucket", "a member of no team", "member", "yy22tk", "ooootk"},
	{"Kappa's files in the instance bucket", "a member of no team", "guest", "2222tk", "ooootk"},
	{"Kappa's files in the instance bucket", "an outsider", "admin", "666666", "666666"},
	{"Kappa's files in the instance bucket", "an outsider", "member", "666666", "666666"},
	{"Kappa's files in the instance bucket", "an outsider", "guest", "666666", "666666"},

	{"Kappa's own bucket", "a member of Omega", "admin", "1111yy", "1111yy"},
	{"Kappa's own bucket", "a member of Omega", "member", "1111tk", "1111tk"},
	{"Kappa's own bucket", "a member of Omega", "guest", "1111tk", "1111tk"},
	{"Kappa's own bucket", "a member of both", "member", "yyyytk", "yyyytk"},
}

var teams = map[string]placement.Team{
	"Omega's own bucket":                   {ID: "omega", Organization: "acme", External: true, Storage: at("omega-bucket", "")},
	"Kappa's files in the instance bucket": {ID: "kappa", Organization: "acme"},
	"Kappa's own bucket":                   {ID: "kappa", Organization: "acme", External: true, Storage: at("kappa-bucket", "")},
}

var members = map[string]placement.Member{
	"a member of Omega":   {ID: "o", Organization: "acme", Teams: map[string]bool{"omega": true, "kappa": false}},
	"a member of Kappa":   {ID: "k", Organization: "acme", Teams: map[string]bool{"kappa": true}},
	"a member of both":    {ID: "b", Organization: "acme", Teams: map[string]bool{"kappa": true, "omega": true}},
	"a member of no team": {ID: "n", Organization: "acme"},
	// IDs of teams that were taken over, or made up: they count for nothing in another organisation.
	"an outsider": {ID: "x", Organization: "evil", Teams: map[string]bool{"kappa": true, "omega": true}},
}

func sign(err error) string {
	var r *placement.Refusal
	switch {
	case err == nil:
		return "y"
	case !errors.As(err, &r):
		return err.Error()
	case r.Open:
		return map[string]string{"BYOB-ISO-002": "o", "BYOB-KEEP-004": "k"}[r.Requirement]
	}
	return map[string]string{"BYOB-ISO-001": "1", "BYOB-ISO-002": "2", "BYOB-ISO-006": "6", "BYOB-TEAM-001": "t"}[r.Requirement]
}

func TestWhoMayDoWhat(t *testing.T) {
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rights {
		m := members[row.who]
		m.Role = row.role
		for _, edition := range append([]string{""}, editions...) {
			want := row.from2024byob
			if edition == "2024-connector" {
				want = row.connector
			}
			got := ""
			for _, a := range placement.Actions {
				err := placement.May(m, a, teams[row.storage], edition)
				got += sign(err)
				var r *placement.Refusal
				if !errors.As(err, &r) || edition == "" || r.Open {
					continue
				}
				if q, ok := cat.Get(r.Requirement); !ok || !slices.Contains(q.Editions, edition) {
					t.Errorf("%s, %s of %s: %s is no requirement of edition %s", row.who, a, row.storage, r.Requirement, edition)
				}
			}
			if got != want {
				t.Errorf("%s, %s, %s, edition %q:\ngot  %s\nwant %s", row.storage, row.who, row.role, edition, got, want)
			}
		}
	}
}

func TestAccessAsksForKnownWords(t *testing.T) {
	member := placement.Member{ID: "o", Organization: "acme", Role: placement.RoleAdmin, Teams: map[string]bool{"omega": true, "": true}}
	for _, c := range []struct {
		name string
		m    placement.Member
		a    placement.Action
		t    placement.Team
		e    string
		want string
	}{
		{"a role", placement.Member{Organization: "acme", Role: "owner"}, placement.Read, teams["Omega's own bucket"], "", `role "owner"`},
		{"no role", placement.Member{Organization: "acme"}, placement.Read, teams["Omega's own bucket"], "", `role ""`},
		{"an action", member, "rename", teams["Omega's own bucket"], "", `action "rename"`},
		{"an edition", member, placement.Read, teams["Omega's own bucket"], "2027", `edition "2027"`},
		{"a team without an ID", member, placement.Read, placement.Team{Organization: "acme"}, "", "a team has an ID"},
		{"a team without an organisation", placement.Member{Role: placement.RoleAdmin, Teams: map[string]bool{"omega": true}}, placement.Read, placement.Team{ID: "omega"}, "", "an organisation"},
	} {
		err := placement.May(c.m, c.a, c.t, c.e)
		if !errors.Is(err, availability.ErrUnknown) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want ErrUnknown with %s", c.name, err, c.want)
		}
	}
}
