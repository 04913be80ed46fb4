package cors

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/finding"
)

// live is a bucket's rules, read once a run: all requirements are judged by the same ones.
type live struct {
	s *run.Subject

	mu      sync.Mutex
	looked  bool
	rules   run.Documents
	problem *bucket.Error // why the bucket's own rules could not be read; nil when they were
}

// look reads the rules. Where the bucket doesn't let them be read, those that were given stand in their place.
func (l *live) look(ctx context.Context, t *run.T) (run.Documents, *bucket.Error) {
	if l.s.Bucket == nil {
		t.Errorf("the bucket could not be opened")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.looked {
		return l.rules, l.problem
	}
	l.rules, l.looked = *l.s.Documents, true
	raw, err := l.s.Bucket.CORS(ctx)
	if err == nil {
		l.rules.CORS, l.rules.CORSError = nil, nil
		err = l.rules.Read("cors", raw)
	}
	if err != nil {
		l.problem = bucket.Classify("get bucket CORS", err)
	}
	if l.problem != nil && l.problem.Kind == bucket.KindNotConfigured { // what was read is that there are none
		l.rules.CORS, l.problem = &cors.Policy{Provider: l.rules.Provider}, nil
	}
	return l.rules, l.problem
}

func (l *live) exists(ctx context.Context, t *run.T) {
	const expected = "the bucket's CORS rules, as this identity reads them"
	rules, problem := l.look(ctx, t)
	switch {
	case problem == nil && rules.CORSError != nil:
		t.Errorf("the rules that the bucket hands out are not understood: %s", rules.CORSError)
	case problem == nil:
		t.Observe("the bucket's rules were read by %s", l.s.Identity)
		t.Findings(rules.CORSFindings(), "BYOB-CORS-001")
	case problem.Kind == bucket.KindNotImplemented && rules.CORS != nil:
		t.Observe("the store was asked for the rules: %s", problem)
		t.Unverified("this store can't be asked for a bucket's CORS rules: those that were given are judged in their place")
	default:
		if problem.Kind == bucket.KindDenied {
			t.Advise("%s", reading(l.s))
		}
		t.OK(expected, problem)
	}
}

// reading says what lets W&B read the rules.
func reading(s *run.Subject) string {
	switch {
	case s.Is("gcp"):
		return "grant roles/storage.admin on the bucket, or storage.buckets.get alone, to the address's service account"
	case s.Is("azure"):
		return "use the account's key, or grant the right to read the blob service's properties (Microsoft.Storage/storageAccounts/blobServices/read)"
	}
	return `add "s3:GetBucketCORS" on the bucket itself ("Resource": "arn:aws:s3:::` + s.Address.Bucket + `") to the policy's actions`
}

// known are the rules by which something can be judged.
func (l *live) known(ctx context.Context, t *run.T) run.Documents {
	rules, problem := l.look(ctx, t)
	switch {
	case rules.CORSError != nil:
		t.Errorf("it stands on BYOB-CORS-001: the CORS rules are not understood")
	case rules.CORS == nil:
		t.Errorf("it stands on BYOB-CORS-001: the bucket's CORS rules could not be read (%s), and none were given (--cors FILE)", problem)
	case problem != nil:
		t.Observe("judged by the rules that were given: the bucket's own could not be read (%s)", problem)
	}
	return rules
}

// findings judges the rules.
func (l *live) findings(ctx context.Context, t *run.T) []finding.Finding {
	rules := l.known(ctx, t)
	if len(rules.CORS.Rules) == 0 {
		t.Errorf("it stands on BYOB-CORS-001: there are no CORS rules")
	}
	return rules.CORSFindings()
}

// somewhere is an origin that no rule names; rules for every origin hold for it too.
const somewhere = "https://front-end.example"

// origin is the front end's. Where rules allow every origin, or there are none, any one shows the same.
func (l *live) origin(ctx context.Context, t *run.T) string {
	rules, problem := l.look(ctx, t)
	if o := rules.FrontendOrigin; o != "" {
		return o
	}
	if rules.CORS == nil {
		t.NotRun("not given: the W&B front end's origin: --frontend-origin URL; and whether the rules allow every origin could not be read (%s)", because(rules, problem))
	}
	if len(rules.CORS.Rules) > 0 && !everyone(rules.CORS) {
		t.NotRun("not given: the W&B front end's origin: --frontend-origin URL; the rules name origins")
	}
	t.Observe("the origin of the front end was not given: %s stands for it, since the rules name none", somewhere)
	return somewhere
}

func because(rules run.Documents, problem *bucket.Error) string {
	if problem != nil {
		return problem.Error()
	}
	return fmt.Sprint(rules.CORSError)
}

// everyone reports whether a rule allows every origin.
func everyone(p *cors.Policy) bool {
	return slices.ContainsFunc(p.Rules, func(r cors.Rule) bool { return slices.Contains(r.Origins, "*") })
}

// advise says what mends an answer: the rules' smallest change or, where they are right, whatever stands before the store.
// Without rules to go by the catalogue's remedy stands.
func (l *live) advise(ctx context.Context, t *run.T) {
	rules, _ := l.look(ctx, t)
	if rules.CORS == nil {
		return
	}
	n := cors.Need{Provider: rules.Provider, FrontendOrigin: rules.FrontendOrigin, Edition: rules.Edition}
	mended, missing := cors.Mend(rules.CORS, n)
	var lines []string
	for _, d := range missing {
		if d.Requirement != "BYOB-CORS-006" { // no answer hangs on how long it is remembered
			lines = append(lines, d.String())
		}
	}
	switch {
	case len(rules.CORS.Rules) == 0:
		t.Advise("set these rules:\n%s", strings.TrimSpace(string(mended.Document())))
	case len(lines) > 0:
		t.Advise("%s", strings.Join(lines, "\n"))
	default:
		t.Advise("%s", "the bucket's rules allow this, and its answers don't: have whatever stands before the store (a proxy, a gateway, a content network) pass OPTIONS and Origin on to it, and neither drop, change nor double the Access-Control headers of its answers; rules that were changed a moment ago may need some minutes to hold")
	}
}
