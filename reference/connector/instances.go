package connector

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/placement"
)

// instanceSpec is what the operator says of an instance. Its addresses and identities are secrets.
type instanceSpec struct {
	Name                string           `json:"name"`
	Edition             string           `json:"edition"`
	Deployment          string           `json:"deployment"`
	Cloud               string           `json:"cloud"`
	AWSRegion           string           `json:"awsRegion"`
	ServerVersion       string           `json:"serverVersion"`
	ChartVersion        string           `json:"chartVersion"`
	Storage             *instanceStorage `json:"storage"`
	ManagedStorage      *instanceStorage `json:"managedStorage"`
	SupportedFileStores *string          `json:"supportedFileStores"`
	Identities          []identity       `json:"identities"`
	FrontendOrigin      string           `json:"frontendOrigin"`
	// SelfService says that the customer sets the instance's storage up, and not W&B's support; nil is yes.
	SelfService *bool `json:"selfService"`
}

func (s *instanceSpec) selfService() bool { return s.SelfService == nil || *s.SelfService }

type instanceStorage struct {
	Address string `json:"address"`
	KMSKey  string `json:"kmsKey"`
}

// identity is what the deployment's own chain yields for a provider's addresses without credentials.
type identity struct {
	Provider string `json:"provider"`
	Account  string `json:"account"`
	ID       string `json:"id"`
	Secret   string `json:"secret"`
	// MayCreate says that it may make buckets for teams, and Region where: a region of Amazon's, a zone of CoreWeave's, a
	// location of Google's.
	MayCreate bool   `json:"mayCreate"`
	Region    string `json:"region"`
}

// instance is a W&B instance, as its spec says.
type instance struct {
	id     string
	spec   instanceSpec
	stores *address.Stores // nil: the variable isn't set
	// storage is the customer's instance-level bucket, or W&B's own; nil if there is neither.
	storage *placement.Storage
}

func (i *instance) options() address.Options {
	return address.Options{Edition: i.spec.Edition, Instance: &address.Instance{OnAWS: i.spec.Cloud == string(address.AWS), AWSRegion: i.spec.AWSRegion}}
}

func (i *instance) deployment() availability.Deployment {
	return availability.Deployment(i.spec.Deployment)
}

// rules is what availability needs to know.
func (i *instance) rules() availability.Instance {
	return availability.Instance{Edition: i.spec.Edition, Deployment: i.deployment(), Cloud: i.spec.Cloud, ServerVersion: i.spec.ServerVersion,
		ChartVersion: i.spec.ChartVersion, Stores: i.stores}
}

// instance finds an instance that exists.
func (c *Connector) instance(ctx context.Context, id string) (*instance, error) {
	in, known, generation := c.instances.get(id)
	if known {
		return in, nil
	}
	var sealed string
	err := c.db.one(ctx, `SELECT sealed FROM instances WHERE id = ?`, []any{id}, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound("instance")
	}
	if err != nil {
		return nil, err
	}
	var spec instanceSpec
	if err := c.sealer.open(id, sealed, &spec); err != nil {
		return nil, err
	}
	if in, _, err = c.newInstance(id, spec); err != nil {
		return nil, err
	}
	c.instances.put(id, in, generation)
	return in, nil
}

// newInstance checks a spec and opens its storage.
func (c *Connector) newInstance(id string, spec instanceSpec) (*instance, []address.Finding, error) {
	in := &instance{id: id, spec: spec}
	var findings []address.Finding
	var err error
	if spec.SupportedFileStores != nil {
		if in.stores, err = c.rules.ParseStores(*spec.SupportedFileStores, in.options()); err != nil {
			return nil, nil, err
		}
		for _, a := range in.stores.Addresses {
			findings = append(findings, a.Warnings...)
		}
	}
	for _, s := range []struct {
		given   *instanceStorage
		managed bool
	}{{spec.ManagedStorage, true}, {spec.Storage, false}} {
		if s.given == nil {
			continue
		}
		a, err := c.rules.ParseAddress(s.given.Address, in.options())
		if err != nil {
			return nil, nil, err
		}
		if !s.managed {
			answer, err := c.rules.Availability(in.rules(), availability.Request{Scope: availability.InstanceScope, Provider: string(a.Provider), Address: a,
				SelfService: spec.selfService()})
			if err != nil {
				return nil, nil, err
			}
			if answer != availability.Offered {
				return nil, nil, newProblem(http.StatusUnprocessableEntity, kindNotOffered, "%s storage is not on offer for this instance", a.Provider)
			}
		}
		if err := placement.CheckSubPath(a.Path); err != nil {
			return nil, nil, err
		}
		if s.given.KMSKey != "" && a.Provider != address.AWS {
			return nil, nil, &placement.Refusal{Requirement: "BYOB-TEAM-002", Rule: "a KMS key is for aws only", Fix: "leave kmsKey out"}
		}
		record, err := in.record(s.given.Address, a)
		if err != nil {
			return nil, nil, err
		}
		record.KMSKey = s.given.KMSKey
		name := "instance-" + id
		if s.managed {
			name = "managed-" + id
		}
		b, err := c.open(name, record)
		if err != nil {
			return nil, nil, err
		}
		in.storage = &b.Storage // the customer's comes last, and wins
		findings = append(findings, a.Warnings...)
	}
	return in, findings, nil
}

// record puts an address and the credentials for it together: its own, those of the same bucket in the supported file
// stores, or those of the deployment's own chain.
func (i *instance) record(raw string, a *address.Address) (*storageRecord, error) {
	o := i.options()
	r := &storageRecord{Address: raw, Edition: o.Edition, OnAWS: o.Instance.OnAWS, AWSRegion: o.Instance.AWSRegion}
	take := func(c address.Credentials) { r.ID, r.Secret = c.ID, c.Secret.Reveal() }
	if a.HasCredentials() {
		take(a.Credentials)
		return r, nil
	}
	if i.stores != nil {
		for _, s := range i.stores.Addresses {
			if s.HasCredentials() && s.Canonical() == a.Canonical() {
				take(s.Credentials)
				return r, nil
			}
		}
	}
	for _, id := range i.spec.Identities {
		if id.Provider == string(a.Provider) && (id.Account == a.Account || id.Account == "") {
			r.ID, r.Secret = id.ID, id.Secret
			return r, nil
		}
	}
	return nil, noCredentials(a.Provider)
}

func (s *instanceSpec) check() error {
	if err := checkName("name", s.Name); err != nil {
		return err
	}
	if s.Edition == "" {
		s.Edition = availability.DefaultEdition
	}
	if err := checkWord("edition", s.Edition, availability.Editions()); err != nil {
		return err
	}
	if err := checkWord("deployment", availability.Deployment(s.Deployment), availability.Deployments); err != nil {
		return err
	}
	if s.Cloud != "" {
		if err := checkWord("cloud", s.Cloud, append([]string{availability.OnPremises}, availability.Providers...)); err != nil {
			return err
		}
	}
	for _, v := range []struct{ part, value string }{{"awsRegion", s.AWSRegion}, {"serverVersion", s.ServerVersion}, {"chartVersion", s.ChartVersion}} {
		if v.value != "" {
			if err := checkName(v.part, v.value); err != nil {
				return err
			}
		}
	}
	for _, id := range s.Identities {
		if err := checkWord("identities", id.Provider, availability.Providers); err != nil {
			return err
		}
		if id.Secret == "" {
			return invalid("identities", "an identity without a secret")
		}
		if len(id.Region) > 32 || strings.ContainsFunc(id.Region, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
		}) {
			return invalid("identities", "identities: a region has at most 32 letters, digits and hyphens")
		}
	}
	if s.FrontendOrigin != "" {
		u, err := url.Parse(s.FrontendOrigin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.TrimSuffix(s.FrontendOrigin, "/") != u.Scheme+"://"+u.Host {
			return invalid("frontendOrigin", "frontendOrigin: want scheme://host[:port]")
		}
	}
	return nil
}

// POST /v1/instances
func (cl *call) createInstance() (int, any, error) {
	c := cl.c
	var spec instanceSpec
	if err := cl.read(&spec); err != nil {
		return 0, nil, err
	}
	if err := spec.check(); err != nil {
		return 0, nil, err
	}
	id := c.newID()
	_, findings, err := c.newInstance(id, spec)
	if err != nil {
		c.forgetBuckets(id)
		return 0, nil, err
	}
	sealed, err := c.sealer.seal(id, spec)
	if err == nil {
		err = c.writer.write(cl.ctx, func(t *tx) error {
			return t.exec(`INSERT INTO instances (id, created, sealed) VALUES (?, ?, ?)`, id, c.now().Unix(), sealed)
		})
	}
	if err != nil {
		c.forgetBuckets(id)
		return 0, nil, err
	}
	return http.StatusCreated, map[string]any{"id": id, "warnings": warningsOf(findings)}, nil
}

func (c *Connector) forgetBuckets(instance string) {
	c.buckets.drop("instance-" + instance)
	c.buckets.drop("managed-" + instance)
}

type shownStorage struct {
	ID        string   `json:"id,omitempty"`
	Provider  string   `json:"provider"`
	Canonical string   `json:"canonical"`
	Teams     []string `json:"teams,omitempty"`
}

func showStorage(id string, a *address.Address) *shownStorage {
	return &shownStorage{ID: id, Provider: string(a.Provider), Canonical: a.Canonical()}
}

// GET /v1/instances/{i}
func (cl *call) showInstance() (int, any, error) {
	s := cl.in.spec
	out := map[string]any{"id": cl.in.id, "name": s.Name, "edition": s.Edition, "deployment": s.Deployment, "cloud": s.Cloud, "awsRegion": s.AWSRegion,
		"serverVersion": s.ServerVersion, "chartVersion": s.ChartVersion, "frontendOrigin": s.FrontendOrigin, "selfService": s.selfService()}
	for name, given := range map[string]*instanceStorage{"storage": s.Storage, "managedStorage": s.ManagedStorage} {
		if given != nil {
			a, err := cl.c.rules.ParseAddress(given.Address, cl.in.options())
			if err != nil {
				return 0, nil, err
			}
			out[name] = showStorage("", a)
		}
	}
	if cl.in.stores != nil {
		out["supportedFileStores"] = cl.in.stores.String()
	}
	type shownIdentity struct {
		Provider  string `json:"provider"`
		Account   string `json:"account"`
		MayCreate bool   `json:"mayCreate,omitempty"`
		Region    string `json:"region,omitempty"`
	}
	shown := make([]shownIdentity, 0, len(s.Identities))
	for _, id := range s.Identities {
		shown = append(shown, shownIdentity{id.Provider, id.Account, id.MayCreate, id.Region})
	}
	out["identities"] = shown
	return http.StatusOK, out, nil
}

// DELETE /v1/instances/{i}
func (cl *call) forgetInstance() (int, any, error) {
	id := cl.in.id
	err := cl.c.writer.write(cl.ctx, func(t *tx) error { return t.exec(`DELETE FROM instances WHERE id = ?`, id) })
	cl.c.forget()
	if err != nil {
		return 0, nil, err
	}
	cl.c.instances.clear()
	cl.c.forgetBuckets(id)
	return http.StatusNoContent, nil, nil
}
