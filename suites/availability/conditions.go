package availability

import (
	"context"
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// condition is one thing that must hold, once rightly and once not.
type condition struct {
	what         string
	scope        availability.Scope
	place        scene.Place
	right, wrong driver.InstanceSpec
}

// proves asks for all conditions; each refusal names one of the requirements.
func proves(ctx context.Context, t *run.T, s *run.Subject, conditions []condition, requirements ...string) {
	if len(conditions) == 0 {
		t.Errorf("there is nothing to try it with: no bucket of the providers in question, or no such deployment")
	}
	for _, c := range conditions {
		t.Denied(run.Denial{What: c.what, Expected: "refused as not offered under " + strings.Join(requirements, " or "),
			Control: func() run.Answer { return run.AnswerOf(ask(ctx, t, s, c.scope, c.right, c.place)) },
			Attempt: func() run.Answer { return run.AnswerOf(ask(ctx, t, s, c.scope, c.wrong, c.place)) },
			Refused: func(a run.Answer) bool {
				return scene.RefusedBy(requirements...)(a) && string(a.Kind) == string(driver.NotOffered)
			},
			Untouched: func() string { return "" }, // ask compares the list of teams with what it was answered
		})
	}
}

// instance is one with the place as a team's, on a deployment.
func instance(s *run.Subject, p scene.Place, d availability.Deployment) driver.InstanceSpec {
	c := availability.Cell{Edition: s.Edition, Deployment: d, Provider: p.Lot.Provider}
	return favourable(s, c, p)
}

func with(spec driver.InstanceSpec, change func(*driver.InstanceSpec)) driver.InstanceSpec {
	change(&spec)
	return spec
}

// last is a provider's last bucket.
func last(s *run.Subject, provider string) (scene.Place, bool) {
	lots := s.Yard.Of(provider)
	if len(lots) == 0 || !s.Info.Knows("", "", provider) {
		return scene.Place{}, false
	}
	return scene.Place{Lot: lots[len(lots)-1]}, true
}

func knows(s *run.Subject, d availability.Deployment) bool {
	return s.Info.Knows(s.Edition, string(d), "")
}

func noInstanceScope(ctx context.Context, t *run.T, s *run.Subject) {
	if !knows(s, availability.MultiTenant) {
		t.NotApplicable("the connector does not declare Multi-tenant")
	}
	var list []condition
	for _, p := range s.Yard.Providers() {
		place, ok := last(s, p)
		if !ok {
			continue
		}
		right := instance(s, place, availability.SelfManaged)
		if !knows(s, availability.SelfManaged) || judged(t, availability.InstanceScope, right, place) != availability.Offered {
			right = instance(s, place, availability.Dedicated)
		}
		if judged(t, availability.InstanceScope, right, place) != availability.Offered {
			continue
		}
		list = append(list, condition{p + " as the instance's bucket on Multi-tenant", availability.InstanceScope, place, right, instance(s, place, availability.MultiTenant)})
	}
	proves(ctx, t, s, list, "BYOB-AVAIL-002")
}

func otherCloud(ctx context.Context, t *run.T, s *run.Subject) {
	if !knows(s, availability.Dedicated) {
		t.NotApplicable("the connector does not declare Dedicated")
	}
	var list []condition
	for _, p := range []string{"aws", "gcp", "azure"} {
		place, ok := last(s, p)
		if !ok {
			continue
		}
		other := map[string]string{"aws": "gcp", "gcp": "azure", "azure": "aws"}[p]
		for _, scope := range availability.Scopes {
			right := instance(s, place, availability.Dedicated)
			if judged(t, scope, right, place) != availability.Offered {
				continue
			}
			list = append(list, condition{fmt.Sprintf("%s level: a bucket on %s for an instance on %s", scope, p, other), scope, place, right,
				with(right, func(i *driver.InstanceSpec) { i.Cloud = other })})
		}
	}
	if s.Edition == "2024-connector" {
		proves(ctx, t, s, list, "BYOB-AVAIL-003")
		return
	}
	if len(list) == 0 {
		t.Errorf("there is nothing to try it with: no bucket of a cloud")
	}
	for _, c := range list {
		err := ask(ctx, t, s, c.scope, c.wrong, c.place)
		if run.AnswerOf(err).Status == 0 || run.AnswerOf(err).Status >= 500 {
			t.Errorf("%s: %s", c.what, err)
		}
		t.True(c.what, "accepted, since edition "+s.Edition+" lets it", err == nil, run.AnswerOf(err).String())
	}
}

func listedOnAzure(ctx context.Context, t *run.T, s *run.Subject) {
	var list []condition
	for _, d := range []availability.Deployment{availability.Dedicated, availability.SelfManaged} {
		for _, p := range []string{"aws", "gcp", "s3-compatible"} {
			place, ok := last(s, p)
			if !ok || !knows(s, d) {
				continue
			}
			right := with(instance(s, place, d), func(i *driver.InstanceSpec) { i.Cloud = "azure" })
			if judged(t, availability.TeamScope, right, place) != availability.Offered {
				continue
			}
			list = append(list, condition{fmt.Sprintf("%s: a team bucket on %s for an instance on Azure, not listed", d, p), availability.TeamScope, place, right,
				with(right, func(i *driver.InstanceSpec) { i.SupportedFileStores = nil })})
		}
	}
	proves(ctx, t, s, list, "BYOB-AVAIL-004")
}

func versions(ctx context.Context, t *run.T, s *run.Subject) {
	place, ok := last(s, "coreweave")
	if !ok {
		if s.Info.Knows("", "", "coreweave") {
			t.Unverified("the connector declares coreweave, and there is no bucket of it to ask with: %s", oneOfEach)
		}
		t.NotApplicable("the connector does not declare coreweave")
	}
	var list []condition
	for _, d := range []availability.Deployment{availability.Dedicated, availability.SelfManaged} {
		if !knows(s, d) {
			continue
		}
		bySupport(ctx, t, s, d, place)
		base := instance(s, place, d)
		server := func(v string) driver.InstanceSpec {
			return with(base, func(i *driver.InstanceSpec) { i.ServerVersion = v })
		}
		chart := func(v string) driver.InstanceSpec {
			return with(base, func(i *driver.InstanceSpec) { i.ChartVersion = v })
		}
		for _, v := range []struct{ least, old string }{{"v0.73.0", "v0.72.9"}, {"v0.100.0", "v0.9.9"}, {"0.73.0", ""}} {
			list = append(list, condition{fmt.Sprintf("%s: a team bucket on coreweave with server %q beside %q", d, v.old, v.least), availability.TeamScope, place, server(v.least), server(v.old)})
		}
		if d == availability.SelfManaged {
			for _, v := range []struct{ least, old string }{{"v0.33.14", "v0.33.13"}, {"v0.33.100", "v0.33.2"}, {"0.33.14", ""}} {
				list = append(list, condition{fmt.Sprintf("%s: a team bucket on coreweave with chart %q beside %q", d, v.old, v.least), availability.TeamScope, place, chart(v.least), chart(v.old)})
			}
		}
	}
	proves(ctx, t, s, list, "BYOB-AVAIL-005")
}

// bySupport proves that a customer can't make CoreWeave the instance's storage by themselves; W&B's own is another matter.
func bySupport(ctx context.Context, t *run.T, s *run.Subject, d availability.Deployment, place scene.Place) {
	made := func(spec driver.InstanceSpec) run.Answer {
		i, err := s.Connector.CreateInstance(ctx, spec)
		if err == nil {
			t.Need("the instance is forgotten", s.Connector.DeleteInstance(ctx, i.ID))
		}
		return run.AnswerOf(err)
	}
	managed := instance(s, place, d)
	own := with(managed, func(i *driver.InstanceSpec) { i.Storage, i.ManagedStorage = i.ManagedStorage, nil })
	t.Denied(run.Denial{What: fmt.Sprintf("%s: an instance bucket on coreweave beside managed storage there", d), Expected: "refused as not offered under BYOB-AVAIL-005",
		Control: func() run.Answer { return made(managed) }, Attempt: func() run.Answer { return made(own) },
		Refused: scene.RefusedBy("BYOB-AVAIL-005"), Untouched: func() string { return "" }})
}

func listed(ctx context.Context, t *run.T, s *run.Subject) {
	var list []condition
	for _, d := range []availability.Deployment{availability.Dedicated, availability.SelfManaged} {
		for _, p := range s.Yard.Providers() {
			place, ok := last(s, p)
			if !ok || !knows(s, d) || p == "azure" { // whose form says it all, see BYOB-TEAM-002
				continue
			}
			place.Path = "listed"
			right := instance(s, place, d)
			add := func(what string, stores *string) {
				list = append(list, condition{fmt.Sprintf("%s: a team bucket on %s, %s", d, p, what), availability.TeamScope, place, right,
					with(right, func(i *driver.InstanceSpec) { i.SupportedFileStores = stores })})
			}
			none := ""
			add("with the variable unset", nil)
			add("with an empty list", &none)
			if p == "coreweave" {
				other := strings.TrimPrefix(scene.Supports([]scene.Place{{Lot: place.Lot, Path: "other"}}), "cw://,")
				add("with another sub-path's address listed, and not cw://", &other)
				own := strings.TrimPrefix(scene.Supports([]scene.Place{place}), "cw://,")
				add("with its very address listed, and not cw:// (contradiction 7)", &own)
				continue
			}
			other := scene.Supports([]scene.Place{{Lot: place.Lot, Path: "listed2"}})
			add("with another sub-path's address listed", &other)
		}
	}
	proves(ctx, t, s, list, "BYOB-AVAIL-006")
}
