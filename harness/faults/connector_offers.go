package faults

import (
	"errors"
	"slices"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/connector"
)

// offering changes what the rules of availability are asked, or what they say.
func offering(change func(sound func(availability.Instance, availability.Request) (availability.Answer, error), i availability.Instance, r availability.Request) (availability.Answer, error)) connector.Faults {
	return func(rules *connector.Rules) {
		sound := rules.Availability
		rules.Availability = func(i availability.Instance, r availability.Request) (availability.Answer, error) {
			return change(sound, i, r)
		}
	}
}

type decide = func(availability.Instance, availability.Request) (availability.Answer, error)

// overlooking accepts what is refused under some requirements.
func overlooking(requirements ...string) connector.Faults {
	return offering(func(sound decide, i availability.Instance, r availability.Request) (availability.Answer, error) {
		answer, err := sound(i, r)
		if refusal := (*availability.Refusal)(nil); errors.As(err, &refusal) && slices.Contains(requirements, refusal.Requirement) {
			return availability.Offered, nil
		}
		return answer, err
	})
}

// connectorOffers concerns what is on offer.
func connectorOffers() []ConnectorFault {
	return []ConnectorFault{
		{Name: "edition-mixed-up", Does: "every instance is judged by the newest rules", Breaks: []string{"BYOB-AVAIL-001"}, Build: offering(func(sound decide, i availability.Instance, r availability.Request) (availability.Answer, error) {
			i.Edition = "2026-08"
			return sound(i, r)
		})},
		{Name: "one-cell-turned", Does: "S3-compatible storage is on offer to teams on Multi-tenant", Breaks: []string{"BYOB-AVAIL-001"}, Build: offering(func(sound decide, i availability.Instance, r availability.Request) (availability.Answer, error) {
			if i.Deployment == availability.MultiTenant && r.Scope == availability.TeamScope && r.Provider == string(address.S3Compatible) && i.Edition == "2025-09" {
				return availability.Offered, nil
			}
			return sound(i, r)
		})},
		{Name: "one-cell-refused", Does: "S3-compatible storage is refused to teams on Dedicated", Breaks: []string{"BYOB-AVAIL-001"}, Build: offering(func(sound decide, i availability.Instance, r availability.Request) (availability.Answer, error) {
			if i.Deployment == availability.Dedicated && r.Scope == availability.TeamScope && r.Provider == string(address.S3Compatible) && i.Edition == "2026-08" {
				return availability.Refused, &availability.Refusal{Requirement: "BYOB-AVAIL-001", Rule: "storage of this kind isn't on offer here"}
			}
			return sound(i, r)
		})},
		{Name: "rule-not-named", Does: "refusals don't name their rule", Breaks: []string{"BYOB-AVAIL-001", "BYOB-AVAIL-002", "BYOB-AVAIL-005", "BYOB-AVAIL-006"}, Build: offering(func(sound decide, i availability.Instance, r availability.Request) (availability.Answer, error) {
			answer, err := sound(i, r)
			if refusal := (*availability.Refusal)(nil); errors.As(err, &refusal) {
				return answer, &availability.Refusal{Rule: refusal.Rule}
			}
			return answer, err
		})},
		{Name: "instance-scope-on-multi-tenant", Does: "Multi-tenant takes an instance bucket", Breaks: []string{"BYOB-AVAIL-001", "BYOB-AVAIL-002"}, Build: overlooking("BYOB-AVAIL-002")},
		{Name: "other-cloud-accepted", Does: "on Dedicated a bucket of another cloud is accepted", Breaks: []string{"BYOB-AVAIL-003"}, Edition: "2024-connector", Build: overlooking("BYOB-AVAIL-003")},
		{Name: "other-cloud-refused", Does: "on Dedicated a bucket of another cloud is refused, as it once was", Breaks: []string{"BYOB-AVAIL-003"}, Build: offering(func(sound decide, i availability.Instance, r availability.Request) (availability.Answer, error) {
			if i.Deployment == availability.Dedicated && i.Cloud != "" && i.Cloud != r.Provider && r.Provider != string(address.S3Compatible) {
				return availability.Refused, &availability.Refusal{Requirement: "BYOB-AVAIL-003", Rule: "the bucket isn't in the instance's cloud"}
			}
			return sound(i, r)
		})},
		{Name: "list-not-asked-on-azure", Does: "on Azure a team bucket elsewhere needn't be listed", Breaks: []string{"BYOB-AVAIL-004"}, Edition: "2024-byob", Build: overlooking("BYOB-AVAIL-004")},
		{Name: "versions-not-compared", Does: "CoreWeave is offered on servers and charts of any age", Breaks: []string{"BYOB-AVAIL-001", "BYOB-AVAIL-005"}, Build: overlooking("BYOB-AVAIL-005")},
		{Name: "versions-compared-as-text", Does: "v0.9.9 is taken to be newer than v0.73.0", Breaks: []string{"BYOB-AVAIL-005"}, Build: offering(func(sound decide, i availability.Instance, r availability.Request) (availability.Answer, error) {
			if i.ServerVersion >= "v0.73.0" {
				i.ServerVersion = "v0.73.0"
			}
			return sound(i, r)
		})},
		{Name: "list-not-asked", Does: "a team bucket needn't be in the supported file stores", Breaks: []string{"BYOB-AVAIL-006"}, Build: overlooking("BYOB-AVAIL-006")},
	}
}
