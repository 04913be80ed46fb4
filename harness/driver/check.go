package driver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Cause is why a connector can't be put under test.
type Cause string

// The causes.
const (
	CauseUnreachable Cause = "unreachable" // nothing answers
	CauseToken       Cause = "token"       // the operator's token is not taken
	CauseNoDriver    Cause = "no driver"   // something answers, and it is no driver by the contract
)

// RefusedError says why a connector can't be put under test: no spec was run.
type RefusedError struct {
	Cause Cause
	Why   string
}

func (e *RefusedError) Error() string { return e.Why }

// unknown are operations that no connector has: two on paths nobody knows, two with methods that known paths don't take.
var unknown = []struct{ method, path string }{
	{http.MethodGet, "/v1/bucketproof-no-such-operation"},
	{http.MethodPost, "/v1/instances/bucketproof/no-such-operation"},
	{http.MethodPatch, "/v1/connector"},
	{http.MethodDelete, "/v1/instances/bucketproof/garbage-collection"},
}

// Check asks the connector what it is, and refuses one that can't be trusted to say what it can't do: an operation that it
// doesn't know must be answered 501 with kind unsupported, and a stranger's token 401. The error is a *RefusedError.
func Check(ctx context.Context, c *Client) (*Info, error) {
	refuse := func(cause Cause, format string, a ...any) (*Info, error) {
		return nil, &RefusedError{cause, fmt.Sprintf(format, a...)}
	}
	info, err := c.Connector(ctx)
	e := (*Error)(nil)
	switch {
	case errors.As(err, &e) && e.Status == http.StatusUnauthorized:
		return refuse(CauseToken, "the driver does not take the operator's token (401)")
	case errors.As(err, &e):
		return refuse(CauseNoDriver, "GET /v1/connector was answered %d: this is no driver by the contract", e.Status)
	case err != nil:
		return refuse(CauseUnreachable, "the driver does not answer: %s", err)
	case info.Name == "" || !info.Can(CapInstances) || len(info.Editions) == 0 || len(info.Deployments) == 0 || len(info.Providers) == 0:
		return refuse(CauseNoDriver, "GET /v1/connector does not say what the connector is (name, editions, deployments, providers, capability %q)", CapInstances)
	}
	for _, op := range unknown {
		status, mediaType, body, err := c.Raw(ctx, op.method, op.path, nil)
		if err != nil {
			return refuse(CauseUnreachable, "the driver does not answer: %s", err)
		}
		if got := errorOf("an unknown operation", status, mediaType, body); status != http.StatusNotImplemented || got.Kind != Unsupported || got.Odd != "" {
			return refuse(CauseNoDriver, "an operation that nobody knows (%s %s) was answered %d instead of 501 unsupported: what such a driver says of the others shows nothing",
				op.method, op.path, status)
		}
	}
	if _, err := c.As("bucketproof-nobody").Connector(ctx); !errors.As(err, &e) || e.Status != http.StatusUnauthorized {
		return refuse(CauseNoDriver, "a token that nobody has is not answered 401: what such a driver refuses shows nothing")
	}
	return info, nil
}
