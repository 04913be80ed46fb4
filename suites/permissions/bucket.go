package permissions

import (
	"context"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// reached are the requirements without which nobody is asked for a right. That the bucket answers (BYOB-NET-008) is not among
// them: to see it takes a right, whose lack is told here.
var reached = run.Needs("BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003", "BYOB-NET-004", "BYOB-NET-005", "BYOB-NET-006", "BYOB-NET-007")

// bucketSpecs try what can be tried, and judge what can be read.
func bucketSpecs(s *run.Subject) {
	check := func(f func(context.Context, *run.T, *client)) func(context.Context, *run.T) {
		return func(ctx context.Context, t *run.T) { f(ctx, t, newClient(t, s)) }
	}
	if s.Is(s3family...) {
		for _, a := range actions {
			options := []run.Option{reached, run.Costs(a.requests+1, a.objects, a.bytes)}
			if a.marker != "" {
				options = append(options, run.DecidedByMarker(a.marker, check(func(ctx context.Context, t *run.T, c *client) { c.advise(ctx, t, a) })))
			}
			run.It(s, a.id, "W&B's principal may "+a.may, check(func(ctx context.Context, t *run.T, c *client) { c.action(ctx, t, a) }), options...)
		}
	}
	judged := func(id, text string, needs []string, kinds ...string) {
		run.It(s, id, text, func(ctx context.Context, t *run.T) {
			c := newClient(t, s)
			t.Findings(t.Known(ctx, c.s, kinds...).AccessFindings(), id)
		}, reached, run.Needs(needs...), run.Costs(len(kinds), 0, 0))
	}
	if s.Is(named...) {
		judged("BYOB-PERM-012", "the bucket's policy names the deployment's principal", nil, bucket.DocumentPolicy)
	}
	if s.Is(policy.CoreWeave) {
		judged("BYOB-PERM-013", "the bucket's policy lets this organisation in by wandb:OrgID", speaks[:1], bucket.DocumentPolicy)
	}
	switch {
	case s.Is(named...):
		judged("BYOB-PERM-016", "the bucket's policy grants nothing that changes the bucket", speaks, bucket.DocumentPolicy)
		judged("BYOB-PERM-018", "the bucket's policy grants the documented wildcards themselves", speaks, bucket.DocumentPolicy)
	case s.Is(policy.S3Compatible): // the policy is the user's, and no bucket shows it
		judged("BYOB-PERM-016", "the user's policy grants nothing that changes the bucket", nil)
	case s.Is(policy.GCP):
		run.It(s, "BYOB-PERM-014", "the service account may do what storage.admin lets it", check(storageAdmin), reached, run.Costs(4, 0, 0))
	case s.Is(policy.Azure):
		run.It(s, "BYOB-PERM-015", "the account's key or identity lists, reads the service and stores", check(accountKey), reached, run.Costs(6, 1, 1<<10))
	}
	if s.Is(policy.CoreWeave) {
		run.It(s, "BYOB-PERM-019", "the access key puts, gets, lists and deletes", check(accessKey), reached, run.Costs(6, 1, 1<<10),
			run.DecidedByMarker("put object", check(adviseKey("BYOB-PERM-008"))), run.DecidedByMarker("get object", check(adviseKey("BYOB-PERM-001"))))
	}
	run.It(s, "BYOB-PERM-020", "nobody reads, lists or writes without credentials", check(nobody), reached, run.Costs(17, 2, 2<<10))
}

// speaks are the requirements without which a policy says nothing of W&B's principal.
var speaks = []string{"BYOB-PERM-012", "BYOB-PERM-013"}

// client is the bucket as the run's identity sees it.
type client struct {
	s *run.Subject
	b *bucket.Bucket
}

func newClient(t *run.T, s *run.Subject) *client {
	if s.Bucket == nil {
		t.Errorf("the bucket could not be opened")
	}
	return &client{s: s, b: s.Bucket}
}

// allowed reads an answer for what it says of a right. Refused for want of it: the requirement fails, with what mends it.
// Answered, be it that there is no such thing: the right is there. What is refused before the right is looked at decides
// nothing.
func (c *client) allowed(ctx context.Context, t *run.T, a action, what string, err error) {
	if err == nil {
		t.Observe("tried live, with W&B's own credentials: %s: answered", what)
		return
	}
	switch e := bucket.Classify(what, err); e.Kind {
	case bucket.KindDenied:
		t.Observe("%s", e)
		c.advise(ctx, t, a)
		t.Fail(what+" is allowed", e.Error())
	case bucket.KindNotConfigured:
		t.Observe("%s: the right is there, and nothing is set", e)
	case bucket.KindNotImplemented:
		if a.core {
			t.OK(what+" is allowed", err)
		}
		t.Unimplemented(c.s, a.thing, e)
	default: // refused before the right is looked at, or for something else
		t.Errorf("no answer that says whether it is allowed: %s", e)
	}
}

// documents are what is known of who may what: where the policy is the bucket's, and not a user's, it is read.
func (c *client) documents(ctx context.Context, t *run.T) *run.Documents {
	switch {
	case c.s.Is(named...):
		return t.Known(ctx, c.s, bucket.DocumentPolicy)
	case c.s.Is(policy.GCP):
		return t.Known(ctx, c.s, bucket.DocumentRoles)
	}
	return c.s.Documents
}

// judge adds what the policy says, where one is within reach: an access key that may is not yet the principal of the deployment.
func (c *client) judge(ctx context.Context, t *run.T, id string) {
	if !c.s.Shows(bucket.DocumentPolicy) {
		return
	}
	c.held(t, c.documents(ctx, t), id)
}

// held judges a requirement by documents; what they leave out decides nothing. Nor does a policy that doesn't speak of W&B, which
// is BYOB-PERM-012's and 013's, where the right was tried.
func (c *client) held(t *run.T, d *run.Documents, id string) {
	findings := d.AccessFindings()
	for _, whom := range speaks {
		if id != "BYOB-PERM-020" && finding.Worst(findings, whom) == finding.Broken {
			t.Observe("the policy does not speak of W&B (%s), and says nothing of this right", whom)
			return
		}
	}
	if worst := finding.Worst(findings, id); worst != "" && worst != finding.NotGiven {
		t.Findings(findings, id)
	}
}
