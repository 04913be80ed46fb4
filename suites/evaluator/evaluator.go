// Package evaluator proves that policies are judged for what they mean (BYOB-PERM-017): on an evaluator, and on a connector
// that says it has one, by the reference's vectors. A connector without one is asked all the same, and must say so.
package evaluator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/policy"
)

const requirement = "BYOB-PERM-017"

// Specs declares the family.
func Specs(s *run.Subject) {
	if s.Kind != run.KindEvaluator && s.Kind != run.KindConnector {
		return
	}
	vectors := policy.Vectors()
	var groups []string
	for _, v := range vectors {
		if slices.Contains(groups, v.Group) {
			continue
		}
		groups = append(groups, v.Group)
		run.It(s, requirement, v.About, func(ctx context.Context, t *run.T) {
			impl := s.Evaluator
			r := &remote{ctx: ctx, c: s.Connector}
			if s.Kind == run.KindConnector {
				t.Without(s, driver.CapPolicies, func() error {
					_, err := s.Connector.EvaluatePolicy(ctx, driver.PolicyQuestion{})
					return err
				})
				impl = r.evaluate
			}
			for _, w := range vectors {
				if w.Group != v.Group {
					continue
				}
				expected, actual, ok := w.Judge(impl)
				if r.silent != nil {
					t.Errorf("%s: no answer: %s", w.Name, r.silent)
				}
				t.True(w.Name, expected, ok, actual)
			}
		}, run.Within(time.Minute))
	}
}

// remote is a connector's evaluator as the vectors judge one.
type remote struct {
	ctx    context.Context
	c      *driver.Client
	silent error // the first question that was not answered for good
}

func (r *remote) evaluate(q policy.Question) (policy.Decision, error) {
	out, err := r.c.EvaluatePolicy(r.ctx, driver.PolicyQuestion{Provider: q.Provider, Kind: string(q.Kind), Policy: q.Policy, Principal: q.Principal,
		Action: q.Action, Resource: q.Resource, Context: q.Context})
	if err == nil {
		return policy.Decision{Answer: policy.Answer(out.Answer), Conditions: out.Conditions}, nil
	}
	e := (*driver.Error)(nil)
	if !errors.As(err, &e) || e.Status >= 500 {
		if r.silent == nil {
			r.silent = err
		}
		return policy.Decision{}, errors.New("no answer")
	}
	return policy.Decision{}, errors.New(strings.TrimSpace(e.Problem.Title + " " + e.Problem.Detail))
}
