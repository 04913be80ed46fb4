package faults

import (
	"context"

	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/connector"
	"github.com/bucketproof/bucketproof/reference/placement"
)

// connectorSetUp concerns how teams get their storage.
func connectorSetUp() []ConnectorFault {
	return []ConnectorFault{
		{Name: "fields-not-checked", Does: "any fields will do", Breaks: []string{"BYOB-TEAM-002", "BYOB-TEAM-005"}, Build: func(r *connector.Rules) {
			r.CheckFields = func(availability.Deployment, string, string, placement.Fields, bool) error { return nil }
		}},
		{Name: "fields-of-another-deployment", Does: "every form is judged as on Multi-tenant", Breaks: []string{"BYOB-TEAM-002", "BYOB-TEAM-005"}, Build: func(r *connector.Rules) {
			sound := r.CheckFields
			r.CheckFields = func(_ availability.Deployment, edition, provider string, f placement.Fields, listed bool) error {
				return sound(availability.MultiTenant, edition, provider, f, listed)
			}
		}},
		{Name: "team-despite-its-bucket", Does: "a team is made although its bucket can't be used", Breaks: []string{"BYOB-TEAM-003", "BYOB-TEAM-005"}, Build: func(r *connector.Rules) {
			r.CreateTeam = func(try, insert func() error) error {
				_ = try()
				return insert()
			}
		}},
		{Name: "half-a-team-left", Does: "the team is made before its bucket is tried, and stays when that fails", Breaks: []string{"BYOB-TEAM-003", "BYOB-TEAM-005"}, Build: func(r *connector.Rules) {
			r.CreateTeam = func(try, insert func() error) error {
				if err := insert(); err != nil {
					return err
				}
				return try()
			}
		}},
		{Name: "bucket-not-tried", Does: "a team's bucket is never tried", Breaks: []string{"BYOB-TEAM-003", "BYOB-TEAM-005"}, Build: func(r *connector.Rules) {
			r.Probe = func(context.Context, *placement.Storage, string) error { return nil }
		}},
		{Name: "internal-nowhere-else", Does: "Internal storage resolves to the bucket of the team that asked last", Breaks: []string{"BYOB-PLACE-003", "BYOB-PLACE-005", "BYOB-PLACE-006", "BYOB-ISO-007", "BYOB-TEAM-004"}, Build: func(r *connector.Rules) {
			sound := r.Resolve
			var last *placement.Storage
			r.Resolve = func(t placement.Team, instance *placement.Storage) (*placement.Storage, error) {
				s, err := sound(t, instance)
				if t.External && err == nil {
					last = s
				} else if err == nil && last != nil {
					return last, nil
				}
				return s, err
			}
		}},
	}
}
