package connector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// garbagePage is how many doomed objects are removed between two looks at the database.
const garbagePage = 500

type failedRemoval struct {
	Reason string `json:"reason"`
}

type collected struct {
	Removed int             `json:"removed"`
	Kept    int             `json:"kept"`
	Failed  []failedRemoval `json:"failed"`
}

// collectGarbage answers POST …/garbage-collection, for all teams of the organisation. A bucket that gives no answer keeps its
// objects doomed, and the next collection goes on there.
func (cl *call) collectGarbage() (int, any, error) {
	admin := &team{id: cl.who.organization, organization: cl.who.organization}
	if err := cl.may(placement.CollectGarbage, admin, "organization"); err != nil {
		return 0, nil, err
	}
	var teams []team
	err := cl.c.db.each(cl.ctx, `SELECT `+teamColumns+` FROM teams t LEFT JOIN members m ON m.team = t.id AND m.person = ? WHERE t.organization = ? ORDER BY t.id`,
		[]any{cl.who.id, cl.who.organization}, func(scan func(...any) error) error {
			var t team
			err := scan(t.into()...)
			teams = append(teams, t)
			return err
		})
	if err != nil {
		return 0, nil, err
	}
	out := &collected{Failed: []failedRemoval{}}
	for i := range teams {
		if err := cl.collectTeam(&teams[i], out); err != nil {
			return 0, nil, err
		}
	}
	return http.StatusOK, out, nil
}

func (cl *call) collectTeam(t *team, out *collected) error {
	kept, err := cl.doom(t)
	if err != nil {
		return err
	}
	out.Kept += kept
	after, s := "", (*placement.Storage)(nil)
	for {
		doomed, err := cl.doomed(t, after)
		if err != nil {
			return err
		}
		if len(doomed) == 0 {
			return nil
		}
		if s == nil {
			if s, err = cl.storageOf(t); err != nil {
				out.fail(t, problemOf(err).Detail)
				return nil
			}
		}
		for _, o := range doomed {
			after = o.id
			err := cl.reach(s, func(s *placement.Storage) error { return cl.c.rules.Remove(cl.ctx, s, o.key) })
			if err != nil {
				out.fail(t, problemOf(err).Detail)
				var e *storeError
				if errors.As(problemOf(err).cause, &e) && e.status == 0 {
					return nil // no answer: the rest would wait for nothing
				}
				continue
			}
			if err := cl.c.forgetObject(context.WithoutCancel(cl.ctx), o.id); err != nil {
				return err
			}
			out.Removed++
		}
	}
}

// fail says a reason once a team, however many objects it holds for.
func (o *collected) fail(t *team, reason string) {
	f := failedRemoval{Reason: fmt.Sprintf("team %s: %s", t.id, reason)}
	if !slices.Contains(o.Failed, f) {
		o.Failed = append(o.Failed, f)
	}
}

// doom marks what is garbage, and drops the files of deleted artifacts. The mark and what it is decided by are one
// transaction: a new artifact with the same content either keeps the object, or starts another.
func (cl *call) doom(t *team) (kept int, err error) {
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		kept = 0
		var garbage []string
		err := tx.each(`SELECT o.id, o.state, COUNT(f.id), COALESCE(SUM(CASE WHEN a.state <> 'deleted' THEN 1 ELSE 0 END), 0)
			FROM objects o LEFT JOIN files f ON f.object = o.id LEFT JOIN artifacts a ON a.id = f.artifact
			WHERE o.team = ? AND o.state <> 'doomed' GROUP BY o.id, o.state`, []any{t.id}, func(scan func(...any) error) error {
			o := Object{Team: t.id}
			var state string
			if err := scan(&o.ID, &state, &o.Files, &o.Live); err != nil {
				return err
			}
			o.Stored = state == "stored"
			if cl.c.rules.Garbage(o) {
				garbage = append(garbage, o.ID)
			} else {
				kept++
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, id := range garbage {
			if err := tx.exec(`UPDATE objects SET state = 'doomed', claim = NULL WHERE id = ?`, id); err != nil {
				return err
			}
		}
		return tx.exec(`DELETE FROM files WHERE artifact IN (SELECT id FROM artifacts WHERE team = ? AND state = 'deleted')`, t.id)
	})
	return kept, err
}

type doomedObject struct{ id, key string }

func (cl *call) doomed(t *team, after string) ([]doomedObject, error) {
	var out []doomedObject
	err := cl.c.db.each(cl.ctx, fmt.Sprintf(`SELECT id, object_key FROM objects WHERE team = ? AND state = 'doomed' AND id > ? ORDER BY id LIMIT %d`, garbagePage), []any{t.id, after},
		func(scan func(...any) error) error {
			var o doomedObject
			err := scan(&o.id, &o.key)
			out = append(out, o)
			return err
		})
	return out, err
}

// forgetObject drops the row of an object whose bytes are gone, unless a file still refers to it.
func (c *Connector) forgetObject(ctx context.Context, id string) error {
	return c.writer.write(ctx, func(tx *tx) error {
		return tx.exec(`DELETE FROM objects WHERE id = ? AND NOT EXISTS (SELECT 1 FROM files WHERE object = ?)`, id, id)
	})
}
