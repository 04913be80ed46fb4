package connector

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// onboarding is a team with External storage on its way.
type onboarding struct {
	team     *team
	bucket   *bucket
	record   *storageRecord // nil for storage that the organisation has already
	print    string         // the record's fingerprint
	warnings []Warning
	making   *making // nil unless the connector makes the bucket
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
	if o.making != nil {
		o.making.trial = trial.ID
		if !cl.c.makings.begin(id, o.bucket.Address.Canonical(), o.making) {
			return bucketTaken()
		}
		defer cl.c.makings.end(id, o.bucket.Address.Canonical())
	}
	err = cl.c.rules.CreateTeam(func() error { return cl.try(o, trial) }, func() error { return cl.insertTeam(o, trial.ID) })
	created = err == nil
	if err != nil {
		cl.c.discard(cl.ctx, trial)
	}
	return err
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
	cl.c.forget()
	return http.StatusNoContent, nil, err
}
