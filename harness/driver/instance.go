package driver

import (
	"context"
	"net/http"
	"time"
)

// Storage is a bucket of an instance: its address is a secret.
type Storage struct {
	Address string `json:"address"`
	KMSKey  string `json:"kmsKey,omitempty"`
}

// Identity is what the deployment's own chain yields for addresses of a provider that hold no credentials.
type Identity struct {
	Provider string `json:"provider"`
	Account  string `json:"account,omitempty"` // azure: the storage account the key belongs to
	ID       string `json:"id"`
	Secret   string `json:"secret"`
	// MayCreate lets the connector make buckets with it (capability createBucket), in Region.
	MayCreate bool   `json:"mayCreate,omitempty"`
	Region    string `json:"region,omitempty"`
}

// InstanceSpec says what an instance is to be like.
type InstanceSpec struct {
	Name                string     `json:"name"`
	Edition             string     `json:"edition"`
	Deployment          string     `json:"deployment"`
	Cloud               string     `json:"cloud,omitempty"`
	AWSRegion           string     `json:"awsRegion,omitempty"`
	ServerVersion       string     `json:"serverVersion,omitempty"`
	ChartVersion        string     `json:"chartVersion,omitempty"`
	Storage             *Storage   `json:"storage,omitempty"`
	ManagedStorage      *Storage   `json:"managedStorage,omitempty"`
	SupportedFileStores *string    `json:"supportedFileStores,omitempty"` // nil: the variable is unset
	Identities          []Identity `json:"identities,omitempty"`
	FrontendOrigin      string     `json:"frontendOrigin,omitempty"`
}

// Created is an instance.
type Created struct {
	ID       string    `json:"id"`
	Warnings []Finding `json:"warnings"`
}

// CreateInstance makes an instance; for the operator.
func (c *Client) CreateInstance(ctx context.Context, s InstanceSpec) (*Created, error) {
	out := &Created{}
	return out, c.call(ctx, "createInstance", http.MethodPost, "/v1/instances", s, out, http.StatusCreated)
}

// InstanceView is what may be seen of an instance.
type InstanceView struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Edition    string `json:"edition"`
	Deployment string `json:"deployment"`
}

// Instance reads an instance; for the operator.
func (c *Client) Instance(ctx context.Context, instance string) (*InstanceView, error) {
	out := &InstanceView{}
	return out, c.call(ctx, "instance", http.MethodGet, at(instance), nil, out, http.StatusOK)
}

// DeleteInstance forgets an instance; its buckets stay as they are.
func (c *Client) DeleteInstance(ctx context.Context, instance string) error {
	return c.call(ctx, "deleteInstance", http.MethodDelete, at(instance), nil, nil, http.StatusNoContent)
}

// identified is an answer that is an ID and nothing else.
type identified struct {
	ID string `json:"id"`
}

// CreateOrganization makes an organisation and returns its ID.
func (c *Client) CreateOrganization(ctx context.Context, instance, name string) (string, error) {
	return c.callID(ctx, "createOrganization", at(instance, "organizations"), map[string]string{"name": name})
}

// callID performs an operation that answers 201 with an ID.
func (c *Client) callID(ctx context.Context, operation, path string, in any) (string, error) {
	out := &identified{}
	err := c.call(ctx, operation, http.MethodPost, path, in, out, http.StatusCreated)
	return out.ID, err
}

// Roles in an organisation.
const (
	RoleAdmin  = "admin"
	RoleMember = "member"
	RoleGuest  = "guest"
)

// UserSpec says what a user is to be.
type UserSpec struct {
	Name                 string `json:"name"`
	Organization         string `json:"organization"`
	Role                 string `json:"role"`
	TokenLifetimeSeconds int    `json:"tokenLifetimeSeconds,omitempty"`
}

// User is a user with a token, which is a secret.
type User struct {
	ID      string    `json:"id"`
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}

// CreateUser makes a user; for the operator.
func (c *Client) CreateUser(ctx context.Context, instance string, s UserSpec) (*User, error) {
	out := &User{}
	return out, c.call(ctx, "createUser", http.MethodPost, at(instance, "users"), s, out, http.StatusCreated)
}
