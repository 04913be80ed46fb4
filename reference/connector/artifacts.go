package connector

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// States of artifacts.
const (
	statePending   = "pending"
	stateCommitted = "committed"
	stateDeleted   = "deleted"
)

// commitWorkers is how many of an artifact's files are looked at in the bucket at the same time.
const commitWorkers = 8

// artifact is an artifact and its team, as the caller meets them.
type artifact struct {
	id, project, name, state string
	version                  int64
	team                     team
}

// artifact finds the artifact of the path; one that was deleted is gone.
func (cl *call) artifact() (*artifact, error) {
	var a artifact
	err := cl.c.db.one(cl.ctx, `SELECT `+teamColumns+`, a.id, a.project, a.name, a.version, a.state FROM artifacts a JOIN teams t ON t.id = a.team LEFT JOIN members m ON m.team = t.id AND m.person = ?
		WHERE a.id = ? AND t.instance = ? AND a.state <> 'deleted'`,
		[]any{cl.who.id, cl.pathID("a"), cl.in.id}, a.team.into(&a.id, &a.project, &a.name, &a.version, &a.state)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound("artifact")
	}
	return &a, err
}

func versionName(n int64) string { return "v" + strconv.FormatInt(n, 10) }

// POST …/teams/{t}/artifacts
func (cl *call) createArtifact() (int, any, error) {
	var in struct {
		Project string `json:"project"`
		Name    string `json:"name"`
		Files   []struct {
			Name        string `json:"name"`
			MD5         string `json:"md5"`
			Size        int64  `json:"size"`
			ContentType string `json:"contentType"`
		} `json:"files"`
	}
	t, err := cl.writes(&in)
	if err != nil {
		return 0, nil, err
	}
	if err := errors.Join(checkName("project", in.Project), checkName("name", in.Name)); err != nil {
		return 0, nil, err
	}
	if len(in.Files) == 0 || len(in.Files) > filesLimit {
		return 0, nil, badRequest("files: want 1 to %d", filesLimit)
	}
	names := make(map[string]bool, len(in.Files))
	for _, f := range in.Files {
		announced := announcedFile{Name: f.Name, Size: f.Size, ContentType: f.ContentType}
		if err := errors.Join(announced.check(), checkMD5(f.MD5)); err != nil {
			return 0, nil, err
		}
		if names[f.Name] {
			return 0, nil, invalid("name", "the name %q comes twice", short(f.Name))
		}
		names[f.Name] = true
	}
	if err := cl.inBucket(placement.ArtifactFile); err != nil {
		return 0, nil, err
	}
	s, err := cl.storageOf(t)
	if err != nil {
		return 0, nil, err
	}
	id, version := cl.c.newID(), int64(0)
	out := make([]givenFile, len(in.Files))
	keys := make([]string, len(in.Files)) // "" where no upload is needed
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		if err := tx.one(`SELECT COALESCE(MAX(version), -1) + 1 FROM artifacts WHERE team = ? AND project = ? AND name = ?`, []any{t.id, in.Project, in.Name}, &version); err != nil {
			return err
		}
		if err := tx.exec(`INSERT INTO artifacts (id, team, project, name, version, state, created) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			id, t.id, in.Project, in.Name, version, statePending, cl.c.now().Unix()); err != nil {
			return err
		}
		for i, f := range in.Files {
			object, key, stored, err := cl.claim(tx, t, s, f.Name, f.MD5, f.Size)
			if err != nil {
				return err
			}
			if !stored {
				keys[i] = key
			}
			out[i] = givenFile{ID: cl.c.newID(), Name: f.Name}
			uploaded := 0
			if stored {
				uploaded = 1
			}
			if err := tx.exec(`INSERT INTO files (id, artifact, object, kind, name, md5, size, uploaded) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				out[i].ID, id, object, string(placement.ArtifactFile), f.Name, f.MD5, f.Size, uploaded); err != nil {
				return err
			}
		}
		return nil
	})
	if isOrphan(err) {
		return 0, nil, errNotFound("team")
	}
	if err != nil {
		return 0, nil, err
	}
	for i, f := range in.Files {
		if keys[i] == "" {
			continue
		}
		if out[i].Upload, err = cl.upload(t, s, keys[i], f.MD5, f.ContentType); err != nil {
			return 0, nil, err
		}
	}
	return http.StatusCreated, map[string]any{"id": id, "version": versionName(version), "files": out}, nil
}

// claim finds the team's object of that content, or makes one. It is in the same transaction as the file that refers to it, so
// that garbage collection sees both or none.
func (cl *call) claim(tx *tx, t *team, s *placement.Storage, name, md5 string, size int64) (id, key string, stored bool, err error) {
	claim := md5 + " " + strconv.FormatInt(size, 10)
	o := Object{Team: t.id}
	var state string
	var given sql.NullString
	err = tx.one(`SELECT id, object_key, state, claim FROM objects WHERE team = ? AND claim = ?`, []any{t.id, claim}, &o.ID, &key, &state, &given)
	if err == nil {
		o.Stored = state == "stored"
		return o.ID, key, cl.c.rules.SeenThere(o), nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return "", "", false, err
	}
	id = cl.c.newID()
	if key, err = cl.c.rules.Key(s, t.id, placement.ArtifactFile, id, name); err != nil {
		return "", "", false, err
	}
	return id, key, false, tx.exec(`INSERT INTO objects (id, team, claim, md5, size, object_key, state) VALUES (?, ?, ?, ?, ?, ?, 'announced')`, id, t.id, claim, md5, size, key)
}

// artifactFile is a file of an artifact with the object behind it.
type artifactFile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	MD5    string `json:"md5"`
	Size   int64  `json:"size"`
	object string
	key    string
}

func (cl *call) filesOf(a *artifact) ([]artifactFile, error) {
	var out []artifactFile
	err := cl.c.db.each(cl.ctx, `SELECT f.id, f.name, f.md5, f.size, o.id, o.object_key FROM files f JOIN objects o ON o.id = f.object WHERE f.artifact = ? ORDER BY f.name`, []any{a.id},
		func(scan func(...any) error) error {
			var f artifactFile
			err := scan(&f.ID, &f.Name, &f.MD5, &f.Size, &f.object, &f.key)
			out = append(out, f)
			return err
		})
	return out, err
}

// GET …/artifacts/{a}
func (cl *call) showArtifact() (int, any, error) {
	a, err := cl.artifact()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.Read, &a.team, "artifact"); err != nil {
		return 0, nil, err
	}
	files, err := cl.filesOf(a)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, map[string]any{"id": a.id, "project": a.project, "name": a.name, "version": versionName(a.version), "state": a.state, "files": files}, nil
}

// commitArtifact answers POST …/artifacts/{a}/commit: every file is looked for in the bucket, also those that needed no upload.
func (cl *call) commitArtifact() (int, any, error) {
	a, err := cl.artifact()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.Write, &a.team, "artifact"); err != nil {
		return 0, nil, err
	}
	s, err := cl.storageOf(&a.team)
	if err != nil {
		return 0, nil, err
	}
	files, err := cl.filesOf(a)
	if err != nil {
		return 0, nil, err
	}
	missing, err := cl.missing(s, files)
	if err != nil {
		return 0, nil, err
	}
	if len(missing) > 0 {
		// what was seen once and isn't there any more must be uploaded by whoever needs it next
		err := cl.c.writer.write(cl.ctx, func(tx *tx) error {
			for _, f := range missing {
				if err := tx.exec(`UPDATE objects SET state = 'announced' WHERE id = ? AND state = 'stored'`, f.object); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, conflict("%d of %d files are not in the bucket as announced, the first is %q", len(missing), len(files), short(missing[0].Name))
	}
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		n, err := tx.count(`UPDATE artifacts SET state = 'committed' WHERE id = ? AND state <> 'deleted'`, a.id)
		if err == nil && n == 0 {
			return errNotFound("artifact")
		}
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := tx.exec(`UPDATE objects SET state = 'stored' WHERE id = ? AND state = 'announced'`, f.object); err != nil {
				return err
			}
			if err := tx.exec(`UPDATE files SET uploaded = 1 WHERE id = ?`, f.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return http.StatusOK, map[string]string{"state": stateCommitted}, err
}

// missing looks for files in the bucket, and returns those that aren't there as announced.
func (cl *call) missing(s *placement.Storage, files []artifactFile) ([]artifactFile, error) {
	work := make(chan int)
	verdicts := make([]error, len(files))
	ctx, cancel := context.WithCancel(cl.ctx)
	defer cancel()
	own := *cl
	own.ctx = ctx
	var group sync.WaitGroup
	for range min(commitWorkers, len(files)) {
		group.Go(func() {
			for i := range work {
				verdicts[i] = own.guard(func() error { return own.arrived(s, files[i].key, files[i].MD5, files[i].Size) })
				var p *problem
				if errors.As(verdicts[i], &p) && p.Status != http.StatusConflict {
					cancel() // the bucket gives no answer: the rest would wait for nothing
				}
			}
		})
	}
	for i := range files {
		work <- i
	}
	close(work)
	group.Wait()
	var out []artifactFile
	var failed error
	for i, err := range verdicts {
		var p *problem
		switch {
		case err == nil:
		case errors.As(err, &p) && p.Status == http.StatusConflict:
			out = append(out, files[i])
		case failed == nil:
			failed = err
		}
	}
	return out, failed
}

// guard makes an error of a panic in a goroutine of the connector's own.
func (cl *call) guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

// DELETE …/artifacts/{a}
func (cl *call) deleteArtifact() (int, any, error) {
	a, err := cl.artifact()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.Delete, &a.team, "artifact"); err != nil {
		return 0, nil, err
	}
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		return tx.exec(`UPDATE artifacts SET state = ? WHERE id = ?`, stateDeleted, a.id)
	})
	return http.StatusNoContent, nil, err
}
