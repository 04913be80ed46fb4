package driver

import (
	"context"
	"net/http"
)

// Types of storage (Bring your own bucket, "Determine the storage address", team level).
const (
	Internal = "internal"
	External = "external"
)

// TeamStorage is the form of a team's external storage. An address is a secret.
type TeamStorage struct {
	Provider                string `json:"provider,omitempty"`
	Address                 string `json:"address,omitempty"`
	Bucket                  string `json:"bucket,omitempty"`
	Path                    string `json:"path,omitempty"`
	Account                 string `json:"account,omitempty"`
	Container               string `json:"container,omitempty"`
	KMSKey                  string `json:"kmsKey,omitempty"`
	TenantID                string `json:"tenantID,omitempty"`
	ManagedIdentityClientID string `json:"managedIdentityClientID,omitempty"`
	CreateBucket            bool   `json:"createBucket,omitempty"`
	Existing                string `json:"existing,omitempty"`
}

// TeamSpec says what a team is to be.
type TeamSpec struct {
	Name        string       `json:"name"`
	StorageType string       `json:"storageType"`
	Storage     *TeamStorage `json:"storage,omitempty"`
}

// StorageView is what may be seen of a team's storage.
type StorageView struct {
	ID        string   `json:"id"`
	Provider  string   `json:"provider"`
	Canonical string   `json:"canonical"`
	Teams     []string `json:"teams"`
}

// Team is a team.
type Team struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	StorageType string       `json:"storageType"`
	Storage     *StorageView `json:"storage"`
	Warnings    []Finding    `json:"warnings"`
}

// CreateTeam makes a team; for an administrator of the organisation.
func (c *Client) CreateTeam(ctx context.Context, instance string, s TeamSpec) (*Team, error) {
	out := &Team{}
	return out, c.call(ctx, "createTeam", http.MethodPost, at(instance, "teams"), s, out, http.StatusCreated)
}

// Teams lists the teams that the bearer may know of.
func (c *Client) Teams(ctx context.Context, instance string) ([]Team, error) {
	var out struct {
		Teams []Team `json:"teams"`
	}
	err := c.call(ctx, "teams", http.MethodGet, at(instance, "teams"), nil, &out, http.StatusOK)
	return out.Teams, err
}

// Team reads one team.
func (c *Client) Team(ctx context.Context, instance, team string) (*Team, error) {
	out := &Team{}
	return out, c.call(ctx, "team", http.MethodGet, at(instance, "teams", team), nil, out, http.StatusOK)
}

// ChangeStorage asks for another storage of a team, which is always refused (BYOB-PLACE-008): a success is an *Error too.
func (c *Client) ChangeStorage(ctx context.Context, instance, team, storageType string, s *TeamStorage) error {
	in := struct {
		StorageType string       `json:"storageType"`
		Storage     *TeamStorage `json:"storage,omitempty"`
	}{storageType, s}
	return c.call(ctx, "changeStorage", http.MethodPut, at(instance, "teams", team, "storage"), in, nil, 0)
}

// AddMember lets a user into a team.
func (c *Client) AddMember(ctx context.Context, instance, team, user string) error {
	return c.call(ctx, "addMember", http.MethodPut, at(instance, "teams", team, "members", user), nil, nil, http.StatusNoContent)
}

// RemoveMember takes a user out of a team.
func (c *Client) RemoveMember(ctx context.Context, instance, team, user string) error {
	return c.call(ctx, "removeMember", http.MethodDelete, at(instance, "teams", team, "members", user), nil, nil, http.StatusNoContent)
}

// Storages lists the buckets in use in the organisation.
func (c *Client) Storages(ctx context.Context, instance string) ([]StorageView, error) {
	var out struct {
		Storages []StorageView `json:"storages"`
	}
	err := c.call(ctx, "storages", http.MethodGet, at(instance, "storages"), nil, &out, http.StatusOK)
	return out.Storages, err
}

// Report is a report of a team, kept in the database.
type Report struct {
	ID    string `json:"id,omitempty"`
	Title string `json:"title"`
	Body  string `json:"body"`
}

// CreateReport keeps a report and returns its ID.
func (c *Client) CreateReport(ctx context.Context, instance, team string, r Report) (string, error) {
	return c.callID(ctx, "createReport", at(instance, "teams", team, "reports"), r)
}

// Reports lists a team's reports.
func (c *Client) Reports(ctx context.Context, instance, team string) ([]Report, error) {
	var out struct {
		Reports []Report `json:"reports"`
	}
	err := c.call(ctx, "reports", http.MethodGet, at(instance, "teams", team, "reports"), nil, &out, http.StatusOK)
	return out.Reports, err
}
