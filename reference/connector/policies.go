package connector

import (
	"net/http"

	"github.com/bucketproof/bucketproof/reference/policy"
)

// policyKinds are those that a question may name.
var policyKinds = []policy.Kind{policy.Bucket, policy.Key, policy.Identity}

// evaluatePolicy answers POST /v1/policies. Nothing of it is kept.
func (cl *call) evaluatePolicy() (int, any, error) {
	var in struct {
		Provider  string              `json:"provider"`
		Kind      policy.Kind         `json:"kind"`
		Policy    string              `json:"policy"`
		Principal string              `json:"principal"`
		Action    string              `json:"action"`
		Resource  string              `json:"resource"`
		Context   map[string][]string `json:"context"`
	}
	if err := cl.read(&in); err != nil {
		return 0, nil, err
	}
	if err := checkWord("provider", in.Provider, []string{policy.AWS, policy.CoreWeave, policy.S3Compatible}); err != nil {
		return 0, nil, err
	}
	if err := checkWord("kind", in.Kind, policyKinds); err != nil {
		return 0, nil, err
	}
	if in.Action == "" || in.Resource == "" {
		return 0, nil, badRequest("give action and resource")
	}
	d, err := cl.c.rules.EvaluatePolicy(policy.Question{Provider: in.Provider, Kind: in.Kind, Policy: in.Policy,
		Request: policy.Request{Principal: in.Principal, Action: in.Action, Resource: in.Resource, Context: in.Context}})
	if err != nil {
		return 0, nil, invalid("policy", "%s", err)
	}
	return http.StatusOK, map[string]any{"answer": d.Answer, "conditions": append([]string{}, d.Conditions...)}, nil
}
