package connector

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/placement"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reference/prescribe"
)

// Step is one of the steps in which the connector makes a bucket for a team (BYOB-TEAM-005).
type Step string

// The steps, in their order. MakeUndo takes the bucket away again when the team doesn't come into being. What keeps
// versions comes last: until then the probe leaves nothing behind that would keep the bucket from being removed.
const (
	MakeAbsent Step = "absent" // nobody has a bucket of that name
	MakeNew    Step = "new"    // the bucket itself, private
	MakeCORS   Step = "cors"
	MakePolicy Step = "policy" // who may do what: a bucket policy, or role bindings
	MakeKeep   Step = "keep"   // encryption with a key that was named, versioning, soft deletion
	MakeUndo   Step = "undo"
)

// making is a bucket on its way, with what it needs by the published instructions.
type making struct {
	identity     identity
	trial        string // marks a container as this trial's
	prescription *prescribe.Prescription
	cors         *cors.Policy
	kmsKey       string
	soft         bool
}

// makings are those under way, by the storage's name: a step finds what it is to set. taken are their canonical addresses,
// since of two at once only one may make a bucket, and take it away again.
type makings struct {
	mu     sync.Mutex
	byName map[string]*making
	taken  map[string]bool
}

func (m *makings) begin(name, canonical string, k *making) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.taken[canonical] {
		return false
	}
	m.byName[name], m.taken[canonical] = k, true
	return true
}

func (m *makings) end(name, canonical string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.byName, name)
	delete(m.taken, canonical)
}

func (m *makings) get(name string) *making {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.byName[name]
}

// maker is the identity by which buckets of a provider are made: W&B's own, in W&B's account there.
func (i *instance) maker(provider, account string) *identity {
	for n := range i.spec.Identities {
		id := &i.spec.Identities[n]
		if id.MayCreate && id.Provider == provider && (provider != string(address.Azure) || id.Account == account) {
			return id
		}
	}
	return nil
}

// madeAddress is the address of a bucket to be made: where its maker makes buckets, with the maker's credentials.
func madeAddress(id *identity, form *storageForm) string {
	login, path := url.QueryEscape(id.ID)+":"+url.QueryEscape(id.Secret)+"@", ""
	if form.Path != "" {
		path = "/" + strings.Trim(form.Path, "/")
	}
	login = strings.ReplaceAll(login, "+", "%20")
	switch address.Provider(id.Provider) {
	case address.CoreWeave:
		return "cw://" + login + "cwobject.com/" + form.Bucket + path + "?tls=true"
	case address.GCP:
		return "gs://" + login + form.Bucket + path
	case address.Azure:
		return "az://:" + strings.ReplaceAll(url.QueryEscape(id.Secret), "+", "%20") + "@" + form.Account + "/" + form.Container + path
	}
	region := id.Region
	if region == "" {
		region = defaultRegion
	}
	return "s3://" + login + "s3." + region + ".amazonaws.com/" + form.Bucket + path + "?region=" + region
}

// chooseNew decides on a bucket that the connector is to make: whether one may be made there, by whom, and what it needs.
func (cl *call) chooseNew(o *onboarding, form *storageForm) (string, error) {
	c := cl.c
	fields, _, err := cl.readForm(form)
	if err != nil {
		return "", err
	}
	if err := c.rules.CheckFields(cl.in.deployment(), cl.in.spec.Edition, form.Provider, fields, false); err != nil {
		return "", err
	}
	id := cl.in.maker(c.rules.MakeAt(form.Provider), form.Account)
	if id == nil {
		p := newProblem(http.StatusUnprocessableEntity, kindInvalidStorage, "the instance has no identity that may make a bucket there")
		p.Requirement, p.Part, p.Fix = "BYOB-TEAM-005", "identities", "give the instance an identity of this provider (azure: of this account) with mayCreate"
		return "", p
	}
	raw := madeAddress(id, form)
	a, err := c.rules.ParseAddress(raw, cl.in.options())
	if err != nil {
		return "", err
	}
	named := *form
	named.Provider = id.Provider
	bare := *a
	bare.Credentials = address.Credentials{}
	if !named.names(&bare) {
		return "", &placement.Refusal{Requirement: "BYOB-TEAM-002", Rule: "the fields don't name one bucket", Fix: "give names as the provider has them"}
	}
	if err := cl.offered(form.Provider, nil, fields.AzureWhole()); err != nil {
		return "", err
	}
	if err := placement.CheckSubPath(a.Path); err != nil {
		return "", err
	}
	if o.making, err = cl.prescribed(id, a, form.KMSKey); err != nil {
		return "", err
	}
	if o.record, err = cl.in.record(raw, a); err != nil {
		return "", err
	}
	o.record.KMSKey, o.record.TenantID, o.record.ClientID = form.KMSKey, form.TenantID, form.ManagedIdentityClientID
	return cl.settle(o, a)
}

// prescribed is what the bucket needs, as prescribe prints it for whoever makes one by hand.
func (cl *call) prescribed(id *identity, a *address.Address, kmsKey string) (*making, error) {
	need := prescribe.Need{FrontendOrigin: strings.TrimSuffix(cl.in.spec.FrontendOrigin, "/"), Need: policy.Need{Provider: id.Provider, Edition: cl.in.spec.Edition,
		Deployment: cl.in.spec.Deployment, Bucket: a.Bucket, OrgID: cl.who.organization, KMSKey: kmsKey, Account: a.Account}}
	if kmsKey != "" { // arn:aws:kms:<region>:<account>:key/<id>
		if parts := strings.Split(kmsKey, ":"); len(parts) > 4 {
			need.Account = parts[4]
		}
	}
	p, err := prescribe.Make(need)
	var missing *prescribe.Error
	if errors.As(err, &missing) {
		e := newProblem(http.StatusUnprocessableEntity, kindInvalidStorage, "what the bucket needs can't be written down: %s", strings.ReplaceAll(missing.Problem, "--", ""))
		e.Requirement, e.Part = "BYOB-TEAM-005", "bucket"
		return nil, e
	}
	if err != nil {
		return nil, err
	}
	m := &making{identity: *id, prescription: p, kmsKey: kmsKey, soft: cl.in.spec.Edition == "2026-08"}
	m.cors, err = cors.Read(id.Provider, []byte(m.document("cors")))
	return m, err
}

// document is one of the prescription, "" if there is none of its kind.
func (m *making) document(kind string) string {
	for _, d := range m.prescription.Documents {
		if d.Kind == kind {
			return d.Text
		}
	}
	return ""
}

// bucketTaken is the refusal of a name that is in use: a bucket that is there already is never taken over.
func bucketTaken() *problem {
	p := conflict("a bucket of that name is there already, and is not taken over")
	p.Requirement, p.Part, p.Fix = "BYOB-TEAM-005", "bucket", "choose another name, or bring the bucket as one of your own"
	return p
}

// makeBucket makes the bucket, up to what comes after the probe. Where somebody else turns out to have made it meanwhile,
// nothing of it is the trial's.
func (c *Connector) makeBucket(ctx context.Context, s *placement.Storage, t *trial) error {
	for _, step := range []Step{MakeNew, MakeCORS, MakePolicy} {
		err := c.rules.Make(ctx, s, step)
		var taken *problem
		if step == MakeNew && errors.As(err, &taken) && taken.Status == http.StatusConflict {
			t.begun = false
			return errors.Join(err, c.forgetTrial(context.WithoutCancel(ctx), t))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeStep does one step at the bucket's provider.
func (c *Connector) makeStep(ctx context.Context, s *placement.Storage, step Step) error {
	b, m := c.buckets.get(s.Name), c.makings.get(s.Name)
	if b == nil || m == nil {
		return &storeError{doing: "be made", cause: errors.New("the storage is not open")}
	}
	switch s.Address.Provider {
	case address.GCP:
		return c.makeGoogle(ctx, b, m, step)
	case address.Azure:
		return c.makeAzure(ctx, b, m, step)
	}
	return c.makeS3(ctx, b, m, step)
}
