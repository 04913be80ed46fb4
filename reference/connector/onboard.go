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

// onboarding is a team with External storage on its way.
type onboarding struct {
	team     *team
	bucket   *bucket
	record   *storageRecord // nil for storage that the organisation has already
	print    string         // the record's fingerprint
	warnings []Warning
}

// POST …/teams
func (cl *call) createTeam() (int, any, error) {
	var in struct {
		Name        string       `json:"name"`
		StorageType string       `json:"storageType"`
		Storage     *storageForm `json:"storage"`
	}
	if err := cl.read(&in); err != nil {
		return 0, nil, err
	}
	t := &team{id: cl.c.newID(), name: in.Name, organization: cl.who.organization}
	if err := cl.may(placement.SetUpStorage, t, "organization"); err != nil {
		return 0, nil, err
	}
	if err := checkName("name", in.Name); err != nil {
		return 0, nil, err
	}
	if err := checkWord("storageType", in.StorageType, []string{storageInternal, storageExternal}); err != nil {
		return 0, nil, err
	}
	if (in.Storage != nil) != (in.StorageType == storageExternal) {
		return 0, nil, badRequest("storage is given for storageType external, and for no other")
	}
	var one int
	err := cl.c.db.one(cl.ctx, `SELECT 1 FROM teams WHERE organization = ? AND name = ?`, []any{t.organization, t.name}, &one)
	if !errors.Is(err, sql.ErrNoRows) {
		if err == nil {
			err = nameTaken()
		}
		return 0, nil, err
	}
	o := &onboarding{team: t}
	if in.StorageType == storageInternal {
		if _, err := cl.storageOf(t); err != nil {
			return 0, nil, err
		}
		err = cl.insertTeam(o, "")
	} else {
		err = cl.createExternal(o, in.Storage)
	}
	if err != nil {
		return 0, nil, err
	}
	shown, err := cl.show(t)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, struct {
		*shownTeam
		Warnings []Warning `json:"warnings"`
	}{shown, append([]Warning{}, o.warnings...)}, nil
}

func nameTaken() *problem { return conflict("the organisation has a team of that name") }

// createExternal decides on the storage, tries it, and only then makes the team.
func (cl *call) createExternal(o *onboarding, form *storageForm) error {
	id, err := cl.chooseStorage(o, form)
	if err != nil {
		return err
	}
	created := false
	defer func() {
		if o.record != nil && (!created || o.team.storage.String != id) {
			cl.c.buckets.drop(id) // no team has it under this ID
		}
	}()
	o.team.storage = sql.NullString{String: id, Valid: true}
	trial := &trial{ID: cl.c.newID(), Team: o.team.id, Storage: id, Record: o.record}
	err = cl.c.rules.CreateTeam(func() error { return cl.try(o, trial) }, func() error { return cl.insertTeam(o, trial.ID) })
	created = err == nil
	if err != nil {
		cl.c.discard(cl.ctx, trial)
	}
	return err
}

// chooseStorage checks form and availability, and opens the bucket. Storage that is new to the organisation gets an ID of
// its own.
func (cl *call) chooseStorage(o *onboarding, form *storageForm) (string, error) {
	if form.CreateBucket {
		return "", unsupported("this connector creates no buckets")
	}
	if form.Existing != "" {
		return cl.chooseExisting(o, form)
	}
	if err := checkWord("provider", form.Provider, availability.Providers); err != nil {
		return "", err
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
	answer, err := cl.c.rules.Availability(cl.in.rules(), availability.Request{Scope: availability.TeamScope, Provider: form.Provider, Address: a, AzureFields: fields.AzureWhole()})
	if err != nil {
		return "", err
	}
	if answer != availability.Offered {
		return "", newProblem(http.StatusUnprocessableEntity, kindNotOffered, "%s storage is not on offer for this team", form.Provider)
	}
	if err := placement.CheckSubPath(a.Path); err != nil {
		return "", err
	}
	if o.record, err = cl.in.record(raw, a); err != nil {
		return "", err
	}
	o.record.KMSKey, o.record.TenantID, o.record.ClientID = form.KMSKey, form.TenantID, form.ManagedIdentityClientID
	if o.print, err = cl.c.sealer.fingerprint(struct {
		Organization, Canonical string
		Record                  *storageRecord
	}{o.team.organization, a.Canonical(), o.record}); err != nil {
		return "", err
	}
	id := cl.c.newID()
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

// insertTeam makes the team, its storage if that is new, and ends the trial, all in one transaction. Of two at once the
// unique constraint lets one through.
func (cl *call) insertTeam(o *onboarding, trial string) error {
	c, t := cl.c, o.team
	err := c.writer.write(cl.ctx, func(tx *tx) error {
		if err := cl.insertStorage(tx, o); err != nil {
			return err
		}
		if err := tx.exec(`INSERT INTO teams (id, instance, organization, name, storage, created) VALUES (?, ?, ?, ?, ?, ?)`,
			t.id, cl.in.id, t.organization, t.name, t.storage, c.now().Unix()); err != nil {
			return err
		}
		if trial == "" {
			return nil
		}
		return tx.exec(`DELETE FROM probes WHERE id = ?`, trial)
	})
	switch {
	case isDuplicate(err):
		return nameTaken()
	case isOrphan(err):
		return errNotFound("organization")
	}
	return err
}

// insertStorage makes the row of a storage that is new to the organisation. The same bucket with the same credentials is the
// same storage.
func (cl *call) insertStorage(tx *tx, o *onboarding) error {
	if o.record == nil {
		return nil
	}
	id := o.team.storage.String
	sealed, err := cl.c.sealer.seal(id, o.record)
	if err != nil {
		return err
	}
	var have string
	switch err := tx.one(`SELECT id FROM storages WHERE organization = ? AND fingerprint = ?`, []any{o.team.organization, o.print}, &have); {
	case err == nil:
		o.team.storage.String = have
		return nil
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	return tx.exec(`INSERT INTO storages (id, organization, fingerprint, sealed) VALUES (?, ?, ?, ?)`, id, o.team.organization, o.print, sealed)
}

// PUT …/teams/{t}/storage
func (cl *call) changeStorage() (int, any, error) {
	t, err := cl.team()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.SetUpStorage, t, "team"); err != nil {
		return 0, nil, err
	}
	if err := cl.c.rules.ChangeStorage(t.placed()); err != nil {
		return 0, nil, err
	}
	var in struct {
		StorageType string       `json:"storageType"`
		Storage     *storageForm `json:"storage"`
	}
	if err := cl.read(&in); err != nil {
		return 0, nil, err
	}
	if in.Storage == nil {
		return 0, nil, badRequest("no storage given")
	}
	o := &onboarding{team: t}
	id, err := cl.chooseStorage(o, in.Storage)
	if err != nil {
		return 0, nil, err
	}
	t.storage = sql.NullString{String: id, Valid: true}
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		if err := cl.insertStorage(tx, o); err != nil {
			return err
		}
		return tx.exec(`UPDATE teams SET storage = ? WHERE id = ?`, t.storage, t.id)
	})
	return http.StatusNoContent, nil, err
}
