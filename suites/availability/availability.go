// Package availability proves that a connector offers and refuses storage exactly as the published matrix says
// (BYOB-AVAIL): every cell is asked of the connector itself, by making an instance or a team, and a refusal has to name
// its rule.
package availability

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// Specs declares the family; buckets have none of it.
func Specs(s *run.Subject) {
	if s.Kind != run.KindConnector {
		return
	}
	check := func(id, text string, f func(context.Context, *run.T, *run.Subject)) {
		run.It(s, id, text, func(ctx context.Context, t *run.T) { f(ctx, t, s) }, run.Within(time.Minute), scene.Costs(id))
	}
	check("BYOB-AVAIL-001", "every cell of the matrix is offered or refused as it says, refusals naming their rule", matrix)
	check("BYOB-AVAIL-002", "Multi-tenant refuses an instance bucket", noInstanceScope)
	check("BYOB-AVAIL-003", "on Dedicated a bucket of another cloud is taken, or refused, as the edition says", otherCloud)
	check("BYOB-AVAIL-004", "on Azure a team bucket of another cloud is refused unless it is listed", listedOnAzure)
	check("BYOB-AVAIL-005", "a server or chart that is too old for CoreWeave is refused, compared as versions", versions)
	check("BYOB-AVAIL-006", "a team bucket that is not in the supported file stores is refused", listed)
}

// matrix asks for every cell of every edition that the connector declares. Cells of a provider that it declares, and of which
// there is no bucket to ask with, leave it open whether they are offered.
func matrix(ctx context.Context, t *run.T, s *run.Subject) {
	asked, left, without := 0, map[string]int{}, map[string]int{}
	for _, edition := range s.Info.Editions {
		cells, err := availability.Matrix(edition)
		if err != nil {
			t.Errorf("the connector declares edition %q, which nobody knows", edition)
		}
		for _, c := range cells {
			if !s.Info.Knows(edition, string(c.Deployment), "") {
				left[string(c.Deployment)]++
				continue
			}
			lots := s.Yard.Of(c.Provider)
			switch {
			case !s.Info.Knows("", "", c.Provider):
				left[c.Provider]++
				continue
			case len(lots) == 0:
				without[c.Provider]++
				continue
			}
			cell(ctx, t, s, c, scene.Place{Lot: lots[len(lots)-1]})
			asked++
		}
	}
	for what, n := range left {
		t.Observe("%d cells were not asked for: %s is not declared by the connector", n, what)
	}
	if len(without) > 0 {
		t.Observe("%d cells were asked for, and answered as the matrix says", asked)
		t.Unverified("the connector declares %s, and there is no bucket to ask for its cells with: %s", strings.Join(slices.Sorted(maps.Keys(without)), ", "), oneOfEach)
	}
	t.True("cells asked for", "some", asked > 0, fmt.Sprint(asked))
}

// oneOfEach is what lets everything be asked for.
const oneOfEach = "--buckets with one of each provider that it declares shows it"

// cell asks for one cell under conditions that no further rule could mind.
func cell(ctx context.Context, t *run.T, s *run.Subject, c availability.Cell, p scene.Place) {
	what := fmt.Sprintf("%s, %s, %s level, %s", c.Edition, c.Deployment, c.Scope, c.Provider)
	err := ask(ctx, t, s, c.Scope, favourable(s, c, p), p)
	got := run.AnswerOf(err)
	switch {
	case got.Status == 0:
		t.Errorf("%s: no answer: %s", what, err)
	case got.Status >= 500:
		t.Errorf("%s: %s", what, err)
	}
	refused := driver.IsKind(err, driver.NotOffered)
	switch c.Answer {
	case availability.Offered:
		if rule := besides(s, c, p); rule != "" {
			t.True(what, "offered by W&B's support alone, so refused under "+rule, refused && got.Code == rule, got.String())
			return
		}
		t.True(what, "offered", err == nil, got.String())
	case availability.Refused:
		t.True(what, "refused under "+c.Requirement, refused && got.Code == c.Requirement, got.String())
	default:
		t.True(what, "either: the sources leave it open", err == nil || refused, got.String())
	}
}

// besides is the rule that refuses a cell that is on offer, since a customer can't set it up by themselves (BYOB-AVAIL-005).
func besides(s *run.Subject, c availability.Cell, p scene.Place) string {
	_, err := scene.Decide(favourable(s, c, p), c.Scope, p)
	if r := (*availability.Refusal)(nil); errors.As(err, &r) && !r.Open {
		return r.Requirement
	}
	return ""
}

// favourable is an instance under which the cell alone decides.
func favourable(s *run.Subject, c availability.Cell, p scene.Place) driver.InstanceSpec {
	plan := scene.Plan{Instance: p, Managed: true, Teams: []scene.Place{p}, Deployment: string(c.Deployment)}
	spec := plan.Spec(s, "matrix")
	spec.Edition = c.Edition
	if c.Provider != "s3-compatible" {
		spec.Cloud = c.Provider
	}
	return spec
}

// ask makes an instance, with the place as its bucket or with a team that has it, and forgets it again.
func ask(ctx context.Context, t *run.T, s *run.Subject, scope availability.Scope, spec driver.InstanceSpec, p scene.Place) error {
	if scope == availability.InstanceScope {
		spec.Storage, spec.ManagedStorage = &driver.Storage{Address: p.Address().Reveal()}, nil
	}
	made, err := s.Connector.CreateInstance(ctx, spec)
	if scope == availability.InstanceScope {
		if err == nil {
			t.Need("the instance is forgotten", s.Connector.DeleteInstance(ctx, made.ID))
		}
		return err
	}
	t.Need(fmt.Sprintf("an instance (%s, %s) with managed storage", spec.Deployment, spec.Edition), err)
	defer func() { _ = s.Connector.DeleteInstance(ctx, made.ID) }()
	admin := administrator(ctx, t, s, made.ID)
	_, err = admin.CreateTeam(ctx, made.ID, driver.TeamSpec{Name: "omega", StorageType: driver.External, Storage: scene.Form(spec.Deployment, p)})
	teams, listErr := admin.Teams(ctx, made.ID)
	t.Need("the list of teams", listErr)
	if has := slices.ContainsFunc(teams, func(tm driver.Team) bool { return tm.Name == "omega" }); has != (err == nil) {
		t.Fail("a team exactly where its creation succeeded", fmt.Sprintf("creation: %s; in the list: %t", run.AnswerOf(err), has))
	}
	return err
}

func administrator(ctx context.Context, t *run.T, s *run.Subject, instance string) *driver.Client {
	org, err := s.Connector.CreateOrganization(ctx, instance, "acme")
	t.Need("an organisation", err)
	u, err := s.Connector.CreateUser(ctx, instance, driver.UserSpec{Name: "admin", Organization: org, Role: driver.RoleAdmin})
	t.Need("an administrator", err)
	return s.Connector.As(u.Token)
}

// judged asks the rules, for what is not a cell alone.
func judged(t *run.T, scope availability.Scope, spec driver.InstanceSpec, p scene.Place) availability.Answer {
	answer, err := scene.Decide(spec, scope, p)
	if r := (*availability.Refusal)(nil); err != nil && !errors.As(err, &r) {
		t.Errorf("the rules can't judge it: %s", err)
	}
	return answer
}
