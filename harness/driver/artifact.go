package driver

import (
	"context"
	"net/http"
)

// DeclaredArtifact is a version of an artifact that is being made.
type DeclaredArtifact struct {
	ID      string     `json:"id"`
	Version string     `json:"version"`
	Files   []Declared `json:"files"`
}

// CreateArtifact begins a version of an artifact.
func (c *Client) CreateArtifact(ctx context.Context, instance, team, project, name string, files ...FileSpec) (*DeclaredArtifact, error) {
	out := &DeclaredArtifact{}
	in := map[string]any{"project": project, "name": name, "files": files}
	return out, c.call(ctx, "createArtifact", http.MethodPost, at(instance, "teams", team, "artifacts"), in, out, http.StatusCreated)
}

// CommitArtifact ends a version.
func (c *Client) CommitArtifact(ctx context.Context, instance, artifact string) error {
	var out struct {
		State string `json:"state"`
	}
	return c.call(ctx, "commitArtifact", http.MethodPost, at(instance, "artifacts", artifact, "commit"), nil, &out, http.StatusOK)
}

// Artifact is one version.
type Artifact struct {
	ID      string `json:"id"`
	Project string `json:"project"`
	Name    string `json:"name"`
	Version string `json:"version"`
	State   string `json:"state"`
	Files   []File `json:"files"`
}

// Artifact reads a version.
func (c *Client) Artifact(ctx context.Context, instance, artifact string) (*Artifact, error) {
	out := &Artifact{}
	return out, c.call(ctx, "artifact", http.MethodGet, at(instance, "artifacts", artifact), nil, out, http.StatusOK)
}

// DeleteArtifact marks a version as deleted.
func (c *Client) DeleteArtifact(ctx context.Context, instance, artifact string) error {
	return c.call(ctx, "deleteArtifact", http.MethodDelete, at(instance, "artifacts", artifact), nil, nil, http.StatusNoContent)
}

// Collected is what garbage collection did.
type Collected struct {
	Removed int `json:"removed"`
	Kept    int `json:"kept"`
	Failed  []struct {
		Reason string `json:"reason"`
	} `json:"failed"`
}

// CollectGarbage removes what no live artifact refers to.
func (c *Client) CollectGarbage(ctx context.Context, instance string) (*Collected, error) {
	out := &Collected{}
	return out, c.call(ctx, "collectGarbage", http.MethodPost, at(instance, "garbage-collection"), nil, out, http.StatusOK)
}
