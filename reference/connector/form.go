package connector

import (
	"database/sql"
	"errors"
	"net/http"
	"strings"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/placement"
)

// storageForm is the form of a team's storage, as it was filled in.
type storageForm struct {
	Provider                string `json:"provider"`
	Address                 string `json:"address"`
	Bucket                  string `json:"bucket"`
	Path                    string `json:"path"`
	Account                 string `json:"account"`
	Container               string `json:"container"`
	KMSKey                  string `json:"kmsKey"`
	TenantID                string `json:"tenantID"`
	ManagedIdentityClientID string `json:"managedIdentityClientID"`
	CreateBucket            bool   `json:"createBucket"`
	Existing                string `json:"existing"`
}

// chooseStorage checks form and availability, and opens the bucket. Storage that is new to the organisation gets an ID of
// its own.
func (cl *call) chooseStorage(o *onboarding, form *storageForm) (string, error) {
	if form.Existing != "" {
		return cl.chooseExisting(o, form)
	}
	if err := checkWord("provider", form.Provider, availability.Providers); err != nil {
		return "", err
	}
	if form.CreateBucket {
		return cl.chooseNew(o, form)
	}
	fields, raw, err := cl.readForm(form)
	if err != nil {
		return "", err
	}
	a := fields.Address
	if a == nil {
		if a, err = cl.c.rules.ParseAddress(raw, cl.in.options()); err == nil && !form.names(a) {
			err = &placement.Refusal{Requirement: "BYOB-TEAM-002", Rule: "the fields don't name one bucket", Fix: "give names as the provider has them"}
		}
	}
	listed := a != nil && cl.in.stores != nil && cl.in.stores.Holds(a)
	if err := cl.c.rules.CheckFields(cl.in.deployment(), cl.in.spec.Edition, form.Provider, fields, listed); err != nil {
		return "", err
	}
	if err != nil {
		return "", err
	}
	if err := cl.offered(form.Provider, a, fields.AzureWhole()); err != nil {
		return "", err
	}
	if err := placement.CheckSubPath(a.Path); err != nil {
		return "", err
	}
	if o.record, err = cl.in.record(raw, a); err != nil {
		return "", err
	}
	o.record.KMSKey, o.record.TenantID, o.record.ClientID = form.KMSKey, form.TenantID, form.ManagedIdentityClientID
	return cl.settle(o, a)
}

// offered asks whether a team of the instance may have storage of a provider.
func (cl *call) offered(provider string, a *address.Address, azureFields bool) error {
	answer, err := cl.c.rules.Availability(cl.in.rules(), availability.Request{Scope: availability.TeamScope, Provider: provider, Address: a, AzureFields: azureFields})
	if err == nil && answer != availability.Offered {
		return newProblem(http.StatusUnprocessableEntity, kindNotOffered, "%s storage is not on offer for this team", provider)
	}
	return err
}

// settle gives storage that is new an ID of its own, and opens it.
func (cl *call) settle(o *onboarding, a *address.Address) (id string, err error) {
	if o.print, err = cl.c.sealer.fingerprint(struct {
		Organization, Canonical string
		Record                  *storageRecord
	}{o.team.organization, a.Canonical(), o.record}); err != nil {
		return "", err
	}
	id = cl.c.newID()
	if o.bucket, err = cl.c.open(id, o.record); err != nil {
		return "", err
	}
	o.warnings = append(o.warnings, warningsOf(a.Warnings)...)
	return id, nil
}

// chooseExisting takes a bucket that another team of the organisation uses (BYOB-TEAM-006).
func (cl *call) chooseExisting(o *onboarding, form *storageForm) (string, error) {
	fields, _, err := cl.readForm(form)
	if err != nil {
		return "", err
	}
	provider := form.Provider
	var id string
	err = cl.c.db.one(cl.ctx, `SELECT storage FROM teams WHERE organization = ? AND storage = ?`, []any{o.team.organization, form.Existing}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		p := newProblem(http.StatusUnprocessableEntity, kindInvalidStorage, "no team of the organisation uses that storage")
		p.Requirement, p.Part, p.Fix = "BYOB-TEAM-006", "existing", "choose one from the list of storages"
		return "", p
	}
	if err != nil {
		return "", err
	}
	if o.bucket, err = cl.c.storageByID(cl.ctx, id); err != nil {
		return "", err
	}
	if provider == "" {
		provider = string(o.bucket.Address.Provider)
	}
	if err := cl.c.rules.CheckFields(cl.in.deployment(), cl.in.spec.Edition, provider, fields, true); err != nil {
		return "", err
	}
	if provider != string(o.bucket.Address.Provider) {
		return "", &placement.Refusal{Requirement: "BYOB-TEAM-006", Rule: "the storage chosen is one of another provider", Fix: "leave the provider out"}
	}
	return id, nil
}

// readForm reads the form's fields, and says as which address the bucket is to be read.
func (cl *call) readForm(form *storageForm) (f placement.Fields, raw string, err error) {
	for _, v := range []struct{ part, value string }{{"bucket", form.Bucket}, {"path", form.Path}, {"account", form.Account}, {"container", form.Container},
		{"kmsKey", form.KMSKey}, {"tenantID", form.TenantID}, {"managedIdentityClientID", form.ManagedIdentityClientID}, {"existing", form.Existing}} {
		if v.value != "" && (len(v.value) > fileNameLimit || strings.ContainsFunc(v.value, func(c rune) bool { return c < ' ' || c == 0x7f })) {
			return f, "", invalid(v.part, "%s: want at most %d bytes, without control characters", v.part, fileNameLimit)
		}
	}
	f = placement.Fields{Bucket: form.Bucket, Path: form.Path, Account: form.Account, Container: form.Container, KMSKey: form.KMSKey, TenantID: form.TenantID,
		ManagedIdentityClientID: form.ManagedIdentityClientID, CreateBucket: form.CreateBucket, Existing: form.Existing}
	if form.Address != "" {
		if f.Address, err = cl.c.rules.ParseAddress(form.Address, cl.in.options()); err != nil {
			return f, "", err
		}
		raw = form.Address
		if form.Path != "" && f.Address.Path == "" {
			raw = withPath(raw, form.Path)
			f.Address, err = cl.c.rules.ParseAddress(raw, cl.in.options())
		}
		return f, raw, err
	}
	path := form.Path
	if path != "" {
		path = "/" + strings.Trim(path, "/")
	}
	switch address.Provider(form.Provider) {
	case address.CoreWeave:
		raw = "cw://" + form.Bucket + ".cwobject.com" + path
	case address.Azure:
		raw = "az://" + form.Account + "/" + form.Container + path
	case address.GCP:
		raw = "gs://" + form.Bucket + path
	default:
		raw = "s3://" + form.Bucket + path
	}
	return f, raw, nil
}

// withPath puts the form's sub-path behind an address that has none.
func withPath(raw, path string) string {
	before, query, asked := strings.Cut(raw, "?")
	out := strings.TrimRight(before, "/") + "/" + strings.Trim(path, "/")
	if asked {
		out += "?" + query
	}
	return out
}

// names says whether the address that was put together of the form's fields names just what they say: a name with a slash or
// a question mark in it would shift the parts.
func (f *storageForm) names(a *address.Address) bool {
	bucket := f.Bucket
	if a.Provider == address.Azure {
		bucket = f.Container
	}
	return string(a.Provider) == f.Provider && a.Bucket == bucket && a.Account == f.Account && a.Path == strings.Trim(f.Path, "/") && !a.HasCredentials()
}
