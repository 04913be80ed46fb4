package driver

import (
	"context"
	"net/http"
	"slices"
)

// Names of capabilities. What a connector doesn't name, it doesn't have.
const (
	CapInstances         = "instances"
	CapAddresses         = "addresses"
	CapRecords           = "records"
	CapExport            = "export"
	CapGarbageCollection = "garbageCollection"
	CapCreateBucket      = "createBucket"
	CapStorageList       = "storageList"
	CapRequester         = "requester"
	CapPolicies          = "policies"
)

// Info is what a connector says of itself.
type Info struct {
	Name         string          `json:"name"`
	Version      string          `json:"version"`
	Editions     []string        `json:"editions"`
	Deployments  []string        `json:"deployments"`
	Providers    []string        `json:"providers"`
	Capabilities map[string]bool `json:"capabilities"`
}

// Can reports whether a capability was declared.
func (i *Info) Can(capability string) bool { return i != nil && i.Capabilities[capability] }

// Knows reports whether edition, deployment and provider ("" for any) were declared.
func (i *Info) Knows(edition, deployment, provider string) bool {
	has := func(list []string, v string) bool { return v == "" || slices.Contains(list, v) }
	return i != nil && has(i.Editions, edition) && has(i.Deployments, deployment) && has(i.Providers, provider)
}

// Connector asks the connector what it is.
func (c *Client) Connector(ctx context.Context) (*Info, error) {
	out := &Info{}
	return out, c.call(ctx, "connector", http.MethodGet, "/v1/connector", nil, out, http.StatusOK)
}

// AddressRequest is an address to read, or a list of supported file stores: a secret.
type AddressRequest struct {
	Address  *string          `json:"address,omitempty"` // one of the two; an empty one is one
	List     *string          `json:"list,omitempty"`
	Edition  string           `json:"edition,omitempty"`
	Provider string           `json:"provider,omitempty"`
	Instance *AddressInstance `json:"instance,omitempty"`
}

// AddressInstance is where the instance runs.
type AddressInstance struct {
	OnAWS     bool   `json:"onAWS"`
	AWSRegion string `json:"awsRegion,omitempty"`
}

// AddressAnswer is an address, or a list, as it was read. It holds secrets.
type AddressAnswer struct {
	Provider   string    `json:"provider"`
	Endpoint   string    `json:"endpoint"`
	Account    string    `json:"account"`
	Bucket     string    `json:"bucket"`
	Path       string    `json:"path"`
	Region     string    `json:"region"`
	RegionFrom string    `json:"regionFrom"`
	TLS        bool      `json:"tls"`
	PathStyle  bool      `json:"pathStyle"`
	ID         string    `json:"id"`
	Secret     string    `json:"secret"`
	Printed    string    `json:"printed"`
	Revealed   string    `json:"revealed"`
	Warnings   []Finding `json:"warnings"`
	CoreWeave  bool      `json:"coreweave"`

	Items []AddressAnswer `json:"items"`
}

// ReadAddress has the connector read an address or a list.
func (c *Client) ReadAddress(ctx context.Context, r AddressRequest) (*AddressAnswer, error) {
	out := &AddressAnswer{}
	return out, c.call(ctx, "readAddress", http.MethodPost, "/v1/addresses", r, out, http.StatusOK)
}
