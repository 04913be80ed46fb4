package connector

import (
	"database/sql"
	"errors"
	"net/http"
	"time"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/placement"
)

// GET /v1/connector
func (cl *call) describe() (int, any, error) {
	return http.StatusOK, map[string]any{
		"name": "bucketproof reference", "version": Version, "editions": availability.Editions(), "deployments": availability.Deployments,
		"providers": availability.Providers,
		"capabilities": map[string]bool{"instances": true, "addresses": true, "records": true, "export": true, "garbageCollection": true,
			"createBucket": true, "storageList": true, "requester": true, "policies": true},
	}, nil
}

// readAddress answers POST /v1/addresses, the only operation whose answer holds a secret: the one that was sent.
func (cl *call) readAddress() (int, any, error) {
	var in struct {
		Address  *string `json:"address"`
		List     *string `json:"list"`
		Edition  string  `json:"edition"`
		Provider string  `json:"provider"`
		Instance *struct {
			OnAWS     bool   `json:"onAWS"`
			AWSRegion string `json:"awsRegion"`
		} `json:"instance"`
	}
	if err := cl.read(&in); err != nil {
		return 0, nil, err
	}
	if in.Edition != "" {
		if err := checkWord("edition", in.Edition, availability.Editions()); err != nil {
			return 0, nil, err
		}
	}
	if in.Provider != "" {
		if err := checkWord("provider", in.Provider, availability.Providers); err != nil {
			return 0, nil, err
		}
	}
	o := address.Options{Edition: in.Edition, Provider: address.Provider(in.Provider)}
	if in.Instance != nil {
		o.Instance = &address.Instance{OnAWS: in.Instance.OnAWS, AWSRegion: in.Instance.AWSRegion}
	}
	switch {
	case (in.Address == nil) == (in.List == nil):
		return 0, nil, badRequest("give one of address and list")
	case in.List != nil:
		s, err := cl.c.rules.ParseStores(*in.List, o)
		if err != nil {
			return 0, nil, err
		}
		items := make([]map[string]any, 0, len(s.Addresses))
		for _, a := range s.Addresses {
			items = append(items, describeAddress(a))
		}
		return http.StatusOK, map[string]any{"coreweave": s.CoreWeave, "items": items}, nil
	}
	a, err := cl.c.rules.ParseAddress(*in.Address, o)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, describeAddress(a), nil
}

func describeAddress(a *address.Address) map[string]any {
	return map[string]any{"provider": string(a.Provider), "endpoint": a.Endpoint, "account": a.Account, "bucket": a.Bucket, "path": a.Path,
		"region": a.Region, "regionFrom": a.RegionFrom, "tls": a.TLS, "pathStyle": a.PathStyle, "id": a.Credentials.ID,
		"secret": a.Credentials.Secret.Reveal(), "printed": a.String(), "revealed": a.Reveal(), "warnings": warningsOf(a.Warnings)}
}

// POST …/organizations
func (cl *call) createOrganization() (int, any, error) {
	var in struct {
		Name string `json:"name"`
	}
	if err := cl.read(&in); err != nil {
		return 0, nil, err
	}
	if err := checkName("name", in.Name); err != nil {
		return 0, nil, err
	}
	id := cl.c.newID()
	err := cl.c.writer.write(cl.ctx, func(t *tx) error {
		return t.exec(`INSERT INTO organizations (id, instance, name) VALUES (?, ?, ?)`, id, cl.in.id, in.Name)
	})
	if isOrphan(err) {
		return 0, nil, errNotFound("instance")
	}
	return http.StatusCreated, map[string]string{"id": id}, err
}

// POST …/users
func (cl *call) createUser() (int, any, error) {
	var in struct {
		Name                 string         `json:"name"`
		Organization         string         `json:"organization"`
		Role                 placement.Role `json:"role"`
		TokenLifetimeSeconds *int64         `json:"tokenLifetimeSeconds"`
	}
	if err := cl.read(&in); err != nil {
		return 0, nil, err
	}
	if err := checkName("name", in.Name); err != nil {
		return 0, nil, err
	}
	if err := checkWord("role", in.Role, placement.Roles); err != nil {
		return 0, nil, err
	}
	life := int64(defaultTokenLifetime)
	if in.TokenLifetimeSeconds != nil {
		if life = *in.TokenLifetimeSeconds; life < 1 || life > longestTokenLifetime {
			return 0, nil, invalid("tokenLifetimeSeconds", "tokenLifetimeSeconds %d: want 1 to %d", life, longestTokenLifetime)
		}
	}
	id, token := cl.c.newID(), newToken()
	expires := cl.c.now().Add(time.Duration(life) * time.Second).UTC().Truncate(time.Second)
	err := cl.c.writer.write(cl.ctx, func(t *tx) error {
		var one int
		err := t.one(`SELECT 1 FROM organizations WHERE id = ? AND instance = ?`, []any{in.Organization, cl.in.id}, &one)
		if errors.Is(err, sql.ErrNoRows) {
			return errNotFound("organization")
		}
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO users (id, instance, organization, name, role, token, expires) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			id, cl.in.id, in.Organization, in.Name, string(in.Role), hashOf(token), expires.Unix())
	})
	return http.StatusCreated, map[string]string{"id": id, "token": token, "expires": expires.Format(time.RFC3339)}, err
}
