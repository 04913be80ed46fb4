package driver

import (
	"context"
	"net/http"
)

// PolicyQuestion asks what a policy says to a request. Action and resource may be patterns: then everything that they stand
// for is meant. Context is what is known of the request, by condition key; a key that is not in it is unknown.
type PolicyQuestion struct {
	Provider  string              `json:"provider"`
	Kind      string              `json:"kind"` // "bucket policy", "key policy", "policy of a user"
	Policy    string              `json:"policy"`
	Principal string              `json:"principal"`
	Action    string              `json:"action"`
	Resource  string              `json:"resource"`
	Context   map[string][]string `json:"context,omitempty"`
}

// PolicyAnswer is what it says: allowed, denied, not granted, or depends, with the conditions that it hangs on.
type PolicyAnswer struct {
	Answer     string   `json:"answer"`
	Conditions []string `json:"conditions"`
}

// EvaluatePolicy has the connector judge a policy.
func (c *Client) EvaluatePolicy(ctx context.Context, q PolicyQuestion) (*PolicyAnswer, error) {
	out := &PolicyAnswer{}
	return out, c.call(ctx, "evaluatePolicy", http.MethodPost, "/v1/policies", q, out, http.StatusOK)
}
