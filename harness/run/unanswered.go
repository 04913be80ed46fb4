package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// lookAfter looks whether the store can still be reached after a check that got no answer. If not, the run ends there: each
// further check would wait for its limits, and be told as little. Before the first write preflight says what is wrong.
func (x *execution) lookAfter(ctx context.Context, s *Spec, r *record, o found) {
	if x.gone == nil || !x.prepared || x.prepErr != nil || x.aborted != "" || o.Outcome != reports.Errored || r.end == brokenOff ||
		(!r.t.rec.Unanswered() && r.end != timedOut) {
		return
	}
	if err := x.gone(ctx); err != nil && ctx.Err() == nil {
		x.aborted = x.hide.Clean(fmt.Sprintf("the store stopped answering at %s (%s); run it again when it answers", s.Requirement, err))
	}
}

// gone asks the store for anything at all, unsigned, and says why no answer came. Any answer will do.
func (c *certification) gone(ctx context.Context) error {
	_, err := c.subject.Wire.Clock(c.safety.rec.With(ctx), c.subject.Service)
	var host *wire.HostError
	var silent *wire.SilentResolverError
	var proxy *wire.ProxyError
	if errors.As(err, &host) || errors.As(err, &silent) || errors.As(err, &proxy) {
		return err
	}
	return nil
}

// unanswered advises on a check that got no answer, unless it was told better.
func (t *T) unanswered(e *bucket.Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if advice := unansweredAdvice(e); advice != "" && !t.closed && t.remedy == "" && !t.mends {
		t.remedy = advice
	}
}

// unansweredAdvice says what to do where a store, or the way to it, gave no answer that decides anything.
func unansweredAdvice(e *bucket.Error) string {
	switch e.Kind {
	case bucket.KindThrottled:
		return "The store asks for fewer requests, which says nothing about the bucket: run it again later. If it stays so, ask whoever runs the store about its request limits."
	case bucket.KindServer:
		return "The store, or a proxy or load balancer before it, is in trouble, which says nothing about the bucket: run it again. If it stays so, show whoever runs it the request in the evidence."
	case bucket.KindTimeout, bucket.KindReset, bucket.KindRefused, bucket.KindNoSuchHost, bucket.KindTLS:
		return "The way to the store, or the store itself, gave out, which says nothing about the bucket: run it again. If it breaks at the same place again, look at what lies between: firewall, VPN, proxy and load balancer, their time limits and their largest sizes."
	}
	return ""
}
