package connector

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// The words for a team's storage (BYOB-TEAM-004).
const (
	storageInternal = "internal"
	storageExternal = "external"
)

// instanceStorageID is what the instance's storage is called where a team's is shown.
const instanceStorageID = "instance"

// team is a team as the caller meets it.
type team struct {
	id, name, organization string
	storage                sql.NullString // ID of its External storage
	member                 bool           // the caller is
}

const teamColumns = `t.id, t.name, t.organization, t.storage, CASE WHEN m.person IS NULL THEN 0 ELSE 1 END`

func (t *team) into(more ...any) []any {
	return append([]any{&t.id, &t.name, &t.organization, &t.storage, &t.member}, more...)
}

// pathID is an ID of the request's path, "" if it can't be one.
func (cl *call) pathID(name string) string {
	id := cl.r.PathValue(name)
	if len(id) > 32 {
		return ""
	}
	for i := 0; i < len(id); i++ {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return ""
		}
	}
	return id
}

// team finds the team of the path.
func (cl *call) team() (*team, error) {
	var t team
	err := cl.c.db.one(cl.ctx, `SELECT `+teamColumns+` FROM teams t LEFT JOIN members m ON m.team = t.id AND m.person = ? WHERE t.id = ? AND t.instance = ?`,
		[]any{cl.who.id, cl.pathID("t"), cl.in.id}, t.into()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound("team")
	}
	return &t, err
}

// member is the caller, as the rules know members.
func (cl *call) member(t *team) placement.Member {
	m := placement.Member{ID: cl.who.id, Organization: cl.who.organization, Role: cl.who.role}
	if t.member {
		m.Teams = map[string]bool{t.id: true}
	}
	return m
}

// placed is the team, as the rules know teams, without its storage.
func (t *team) placed() placement.Team {
	return placement.Team{ID: t.id, Organization: t.organization, External: t.storage.Valid}
}

// may asks whether the caller may do something to a team's files or storage. To who is outside the organisation, a thing that
// exists looks like one that doesn't (BYOB-ISO-006).
func (cl *call) may(a placement.Action, t *team, thing string) error {
	err := cl.c.rules.May(cl.member(t), a, t.placed(), cl.in.spec.Edition)
	var r *placement.Refusal
	if errors.As(err, &r) && t.organization != cl.who.organization {
		return errNotFound(thing)
	}
	return err
}

// writes begins an operation that adds to the team of the path: it finds the team, asks whether the caller may write there,
// and only then reads the body.
func (cl *call) writes(into any) (*team, error) {
	t, err := cl.team()
	if err != nil {
		return nil, err
	}
	if err := cl.may(placement.Write, t, "team"); err != nil {
		return nil, err
	}
	return t, cl.read(into)
}

// administrates asks for an admin of the team's organisation.
func (cl *call) administrates(organization, thing string) error {
	switch {
	case organization != cl.who.organization:
		return errNotFound(thing)
	case cl.who.role != placement.RoleAdmin:
		return forbidden("only an admin of the organisation may do this")
	}
	return nil
}

// storageByID opens a storage that an organisation has.
func (c *Connector) storageByID(ctx context.Context, id string) (*bucket, error) {
	if b := c.buckets.get(id); b != nil {
		return b, nil
	}
	var sealed string
	if err := c.db.one(ctx, `SELECT sealed FROM storages WHERE id = ?`, []any{id}, &sealed); err != nil {
		return nil, err
	}
	var record storageRecord
	if err := c.sealer.open(id, sealed, &record); err != nil {
		return nil, err
	}
	return c.open(id, &record)
}

// storageOf resolves where the files of a team are, and fails closed (BYOB-PLACE-009).
func (cl *call) storageOf(t *team) (*placement.Storage, error) {
	placed := t.placed()
	if t.storage.Valid {
		b, err := cl.c.storageByID(cl.ctx, t.storage.String)
		if err != nil {
			p := unreachable(http.StatusServiceUnavailable, errors.New("the team's own bucket can't be resolved; its files go nowhere else"))
			p.Requirement, p.cause = "BYOB-PLACE-009", err
			return nil, p
		}
		placed.Storage = &b.Storage
	}
	s, err := cl.c.rules.Resolve(placed, cl.in.storage)
	if err != nil {
		return nil, err
	}
	if cl.c.buckets.get(s.Name) == nil {
		return nil, unreachable(http.StatusServiceUnavailable, errors.New("the team's storage is not open"))
	}
	return s, nil
}

// reach does something of the connector's own with a team's storage; what goes wrong there is 503.
func (cl *call) reach(s *placement.Storage, do func(*placement.Storage) error) error {
	err := cl.c.rules.Reach(cl.ctx, s, cl.in.storage, do)
	var e *storeError
	if errors.As(err, &e) {
		p := unreachable(http.StatusServiceUnavailable, e)
		p.Requirement = "BYOB-PLACE-009"
		return p
	}
	return err
}

type shownTeam struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	StorageType string        `json:"storageType"`
	Storage     *shownStorage `json:"storage,omitempty"`
	Warnings    []Warning     `json:"warnings,omitempty"`
}

// show is what the caller may know of a team: its storage only as a member of it or an admin.
func (cl *call) show(t *team) (*shownTeam, error) {
	out := &shownTeam{ID: t.id, Name: t.name, StorageType: storageInternal}
	if t.storage.Valid {
		out.StorageType = storageExternal
	}
	if !t.member && cl.who.role != placement.RoleAdmin {
		return out, nil
	}
	if !t.storage.Valid {
		if cl.in.storage != nil {
			out.Storage = showStorage(instanceStorageID, cl.in.storage.Address)
		}
		return out, nil
	}
	b, err := cl.c.storageByID(cl.ctx, t.storage.String)
	if err != nil {
		return nil, err
	}
	out.Storage = showStorage(b.Name, b.Address)
	return out, nil
}

// GET …/teams
func (cl *call) listTeams() (int, any, error) {
	var all []team
	err := cl.c.db.each(cl.ctx, `SELECT `+teamColumns+` FROM teams t LEFT JOIN members m ON m.team = t.id AND m.person = ? WHERE t.organization = ? ORDER BY t.name`,
		[]any{cl.who.id, cl.who.organization}, func(scan func(...any) error) error {
			var t team
			err := scan(t.into()...)
			all = append(all, t)
			return err
		})
	if err != nil {
		return 0, nil, err
	}
	out := make([]*shownTeam, 0, len(all))
	for i := range all {
		shown, err := cl.show(&all[i])
		if err != nil {
			return 0, nil, err
		}
		out = append(out, shown)
	}
	return http.StatusOK, map[string]any{"teams": out}, nil
}

// GET …/teams/{t}
func (cl *call) showTeam() (int, any, error) {
	t, err := cl.team()
	if err != nil {
		return 0, nil, err
	}
	if t.organization != cl.who.organization {
		return 0, nil, errNotFound("team")
	}
	shown, err := cl.show(t)
	return http.StatusOK, shown, err
}

// PUT …/teams/{t}/members/{u}
func (cl *call) addMember() (int, any, error) {
	return cl.changeMember(func(tx *tx, t *team, person string) error {
		var one int
		err := tx.one(`SELECT 1 FROM members WHERE team = ? AND person = ?`, []any{t.id, person}, &one)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return tx.exec(`INSERT INTO members (team, person) VALUES (?, ?)`, t.id, person)
	})
}

// DELETE …/teams/{t}/members/{u}
func (cl *call) removeMember() (int, any, error) {
	return cl.changeMember(func(tx *tx, t *team, person string) error {
		return tx.exec(`DELETE FROM members WHERE team = ? AND person = ?`, t.id, person)
	})
}

func (cl *call) changeMember(change func(tx *tx, t *team, person string) error) (int, any, error) {
	t, err := cl.team()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.administrates(t.organization, "team"); err != nil {
		return 0, nil, err
	}
	person := cl.pathID("u")
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		var one int
		err := tx.one(`SELECT 1 FROM users WHERE id = ? AND organization = ?`, []any{person, t.organization}, &one)
		if errors.Is(err, sql.ErrNoRows) {
			return errNotFound("user")
		}
		if err != nil {
			return err
		}
		return change(tx, t, person)
	})
	cl.c.forget()
	return http.StatusNoContent, nil, err
}

// GET …/storages
func (cl *call) listStorages() (int, any, error) {
	if err := cl.administrates(cl.who.organization, "organization"); err != nil {
		return 0, nil, err
	}
	var order []string
	teams := map[string][]string{}
	err := cl.c.db.each(cl.ctx, `SELECT storage, id FROM teams WHERE organization = ? AND storage IS NOT NULL ORDER BY created, id`,
		[]any{cl.who.organization}, func(scan func(...any) error) error {
			var storage, id string
			err := scan(&storage, &id)
			if teams[storage] == nil {
				order = append(order, storage)
			}
			teams[storage] = append(teams[storage], id)
			return err
		})
	if err != nil {
		return 0, nil, err
	}
	out := make([]*shownStorage, 0, len(order))
	for _, id := range order {
		b, err := cl.c.storageByID(cl.ctx, id)
		if err != nil {
			return 0, nil, err
		}
		shown := showStorage(id, b.Address)
		shown.Teams = teams[id]
		out = append(out, shown)
	}
	return http.StatusOK, map[string]any{"storages": out}, nil
}
