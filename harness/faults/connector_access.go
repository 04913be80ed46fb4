package faults

import (
	"time"

	"github.com/bucketproof/bucketproof/reference/connector"
	"github.com/bucketproof/bucketproof/reference/placement"
)

// letting lets somebody do something that the rules may refuse.
func letting(may func(m placement.Member, a placement.Action, t placement.Team) bool) connector.Faults {
	return func(r *connector.Rules) {
		sound := r.May
		r.May = func(m placement.Member, a placement.Action, t placement.Team, edition string) error {
			if may(m, a, t) {
				return nil
			}
			return sound(m, a, t, edition)
		}
	}
}

// touches reports what is done to files.
func touches(a placement.Action) bool {
	return a != placement.SetUpStorage && a != placement.CollectGarbage
}

// connectorAccess concerns who may do what.
func connectorAccess() []ConnectorFault {
	within := func(m placement.Member, t placement.Team) bool { return m.Organization == t.Organization }
	return []ConnectorFault{
		{Name: "outsider-let-in", Does: "members of other organisations are taken for members of the team", Breaks: []string{"BYOB-ISO-006"}, Build: letting(func(m placement.Member, a placement.Action, t placement.Team) bool {
			return !within(m, t) && touches(a)
		})},
		{Name: "organisation-for-team", Does: "whoever is in the organisation is taken for a member of every team", Breaks: []string{"BYOB-ISO-001", "BYOB-ISO-002", "BYOB-ISO-003", "BYOB-ISO-004"}, Build: letting(func(m placement.Member, a placement.Action, t placement.Team) bool {
			return within(m, t) && touches(a)
		})},
		{Name: "admin-reads-all", Does: "an organisation's administrator reads the files of every team", Breaks: []string{"BYOB-ISO-001"}, Build: letting(func(m placement.Member, a placement.Action, t placement.Team) bool {
			return within(m, t) && m.Role == placement.RoleAdmin && (a == placement.Read || a == placement.List)
		})},
		{Name: "listing-open-to-all", Does: "anyone in the organisation lists a team's files", Breaks: []string{"BYOB-ISO-001", "BYOB-ISO-002", "BYOB-ISO-003", "BYOB-ISO-004"}, Build: letting(func(m placement.Member, a placement.Action, t placement.Team) bool {
			return within(m, t) && a == placement.List
		})},
		{Name: "deleting-open-to-all", Does: "anyone in the organisation deletes a team's files", Breaks: []string{"BYOB-ISO-001", "BYOB-ISO-002", "BYOB-ISO-003", "BYOB-ISO-004"}, Build: letting(func(m placement.Member, a placement.Action, t placement.Team) bool {
			return within(m, t) && a == placement.Delete
		})},
		{Name: "guest-reads-the-instance", Does: "a guest reads files in the instance's bucket", Breaks: []string{"BYOB-ISO-002"}, Build: letting(func(m placement.Member, a placement.Action, t placement.Team) bool {
			return within(m, t) && m.Role == placement.RoleGuest && !t.External && (a == placement.Read || a == placement.List)
		})},
		{Name: "instance-open-to-writers", Does: "anyone in the organisation writes and deletes in the instance's bucket", Breaks: []string{"BYOB-ISO-002"}, Build: letting(func(m placement.Member, a placement.Action, t placement.Team) bool {
			return within(m, t) && !t.External && (a == placement.Write || a == placement.Delete)
		})},
		{Name: "instance-closed-to-readers", Does: "files in the instance's bucket are the team's alone", Breaks: []string{"BYOB-ISO-002"}, Build: func(r *connector.Rules) {
			sound := r.May
			r.May = func(m placement.Member, a placement.Action, t placement.Team, edition string) error {
				t.External = true
				return sound(m, a, t, edition)
			}
		}},
		{Name: "tokens-never-end", Does: "a token holds after its end", Breaks: []string{"BYOB-ISO-006"}, Build: func(r *connector.Rules) {
			r.TokenHolds = func(time.Time, time.Time) bool { return true }
		}},
		{Name: "anyone-sets-storage-up", Does: "who is no administrator sets storage up", Breaks: []string{"BYOB-TEAM-001"}, Build: letting(func(m placement.Member, a placement.Action, t placement.Team) bool {
			return within(m, t) && a == placement.SetUpStorage
		})},
	}
}
