package connector

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// uploadKinds are the kinds of files that clients bring to a run.
var uploadKinds = []placement.Kind{placement.ExperimentFile, placement.MediaFile, placement.RunFile}

// runKinds are the kinds of files that a run has.
var runKinds = append([]placement.Kind{placement.HistoryExport, placement.SystemEventsExport}, uploadKinds...)

type announcedFile struct {
	Name        string         `json:"name"`
	Kind        placement.Kind `json:"kind"`
	Size        int64          `json:"size"`
	MD5         string         `json:"md5"`
	ContentType string         `json:"contentType"`
}

func (f *announcedFile) check() error {
	if err := checkFileName(f.Name); err != nil {
		return err
	}
	if err := checkSize(f.Size); err != nil {
		return err
	}
	if f.MD5 != "" {
		if err := checkMD5(f.MD5); err != nil {
			return err
		}
	}
	return checkContentType(f.ContentType)
}

type givenFile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Upload *link  `json:"upload,omitempty"`
}

// inBucket refuses kinds that don't belong into a bucket.
func (cl *call) inBucket(k placement.Kind) error {
	home, err := cl.c.rules.Where(k, cl.in.spec.Edition)
	if err != nil {
		return err
	}
	if home != placement.Bucket {
		return &placement.Refusal{Requirement: "BYOB-PLACE-002", Rule: "this kind of data is kept in the database", Fix: "send it as records"}
	}
	return nil
}

// POST …/runs/{r}/files
func (cl *call) createFiles() (int, any, error) {
	r, err := cl.run()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.Write, &r.team, "run"); err != nil {
		return 0, nil, err
	}
	var in struct {
		Files []announcedFile `json:"files"`
	}
	if err := cl.read(&in); err != nil {
		return 0, nil, err
	}
	if len(in.Files) == 0 || len(in.Files) > filesLimit {
		return 0, nil, badRequest("files: want 1 to %d", filesLimit)
	}
	s, err := cl.storageOf(&r.team)
	if err != nil {
		return 0, nil, err
	}
	keys := make([]string, len(in.Files))
	names := make(map[string]bool, len(in.Files))
	for i := range in.Files {
		f := &in.Files[i]
		if err := checkWord("kind", f.Kind, uploadKinds); err != nil {
			return 0, nil, err
		}
		if err := errors.Join(f.check(), cl.inBucket(f.Kind)); err != nil {
			return 0, nil, err
		}
		if names[f.Name] {
			return 0, nil, invalid("name", "the name %q comes twice", short(f.Name))
		}
		names[f.Name] = true
		if keys[i], err = cl.c.rules.Key(s, r.team.id, f.Kind, r.id, f.Name); err != nil {
			return 0, nil, err
		}
	}
	out := make([]givenFile, len(in.Files))
	for i := range in.Files {
		f := &in.Files[i]
		out[i].Name = f.Name
		if out[i].Upload, err = cl.upload(&r.team, s, keys[i], f.MD5, f.ContentType); err != nil {
			return 0, nil, err
		}
	}
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		for i := range in.Files {
			f := &in.Files[i]
			var err error
			if out[i].ID, err = cl.putRunFile(tx, r.id, f, keys[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if isOrphan(err) {
		return 0, nil, errNotFound("run")
	}
	return http.StatusCreated, map[string]any{"files": out}, err
}

// putRunFile makes a run's file, or announces the one of that name anew.
func (cl *call) putRunFile(tx *tx, run string, f *announcedFile, key string) (string, error) {
	var id, kind string
	err := tx.one(`SELECT id, kind FROM files WHERE run = ? AND name = ?`, []any{run, f.Name}, &id, &kind)
	switch {
	case err == nil && kind != string(f.Kind):
		return "", conflict("the run has a file %q of the kind %s", short(f.Name), kind)
	case err == nil:
		return id, tx.exec(`UPDATE files SET md5 = ?, size = ?, uploaded = 0 WHERE id = ?`, f.MD5, f.Size, id)
	case !errors.Is(err, sql.ErrNoRows):
		return "", err
	}
	id = cl.c.newID()
	return id, tx.exec(`INSERT INTO files (id, run, kind, name, object_key, md5, size, uploaded) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
		id, run, string(f.Kind), f.Name, key, f.MD5, f.Size)
}

// file is a file of a run or of an artifact, as the caller meets it.
type file struct {
	id, name, key, md5 string
	object             sql.NullString // of an artifact's file
	size               int64
	team               team
}

const fileColumns = `f.id, f.name, COALESCE(f.object_key, o.object_key), COALESCE(f.md5, ''), f.object, f.size`

const fileJoins = `FROM files f LEFT JOIN objects o ON o.id = f.object LEFT JOIN runs r ON r.id = f.run LEFT JOIN artifacts a ON a.id = f.artifact
	JOIN teams t ON t.id = COALESCE(r.team, a.team) LEFT JOIN members m ON m.team = t.id AND m.person = ?`

// file finds the file of the path. Those of deleted artifacts are gone.
func (cl *call) file() (*file, error) {
	var f file
	err := cl.c.db.one(cl.ctx, `SELECT `+teamColumns+`, `+fileColumns+` `+fileJoins+` WHERE f.id = ? AND t.instance = ? AND (a.state IS NULL OR a.state <> 'deleted')`,
		[]any{cl.who.id, cl.pathID("f"), cl.in.id}, f.team.into(&f.id, &f.name, &f.key, &f.md5, &f.object, &f.size)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound("file")
	}
	return &f, err
}

// arrived asks the bucket whether a file is there as it was announced.
func (cl *call) arrived(s *placement.Storage, key, md5 string, size int64) error {
	var seen *found
	err := cl.reach(s, func(s *placement.Storage) (err error) {
		seen, err = cl.c.headObject(cl.ctx, s, key)
		return err
	})
	switch {
	case err != nil:
		return err
	case seen == nil:
		return conflict("the file is not in the bucket")
	case !cl.c.rules.SizeAgrees(size, seen.size):
		return conflict("the file in the bucket has %d bytes, %d were announced", seen.size, size)
	case md5 != "" && seen.md5 != "" && md5 != seen.md5:
		return conflict("the file in the bucket has another MD5 than the one announced")
	}
	return nil
}

// POST …/files/{f}/uploaded
func (cl *call) markUploaded() (int, any, error) {
	f, err := cl.file()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.Write, &f.team, "file"); err != nil {
		return 0, nil, err
	}
	s, err := cl.storageOf(&f.team)
	if err != nil {
		return 0, nil, err
	}
	if err := cl.arrived(s, f.key, f.md5, f.size); err != nil {
		return 0, nil, err
	}
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		n, err := tx.count(`UPDATE files SET uploaded = 1 WHERE id = ? AND size = ?`, f.id, f.size)
		if err == nil && n == 0 {
			return conflict("the file was deleted or announced anew meanwhile")
		}
		if err != nil || !f.object.Valid {
			return err
		}
		return tx.exec(`UPDATE objects SET state = 'stored' WHERE id = ? AND state = 'announced'`, f.object.String)
	})
	return http.StatusNoContent, nil, err
}

// GET …/runs/{r}/files
func (cl *call) listFiles() (int, any, error) {
	r, err := cl.run()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.List, &r.team, "run"); err != nil {
		return 0, nil, err
	}
	type shown struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Kind     string `json:"kind"`
		Size     int64  `json:"size"`
		Uploaded bool   `json:"uploaded"`
	}
	query, args := `SELECT id, name, kind, size, uploaded FROM files WHERE run = ? ORDER BY name`, []any{r.id}
	if kind, given := cl.queryValue("kind"); given {
		if err := checkWord("kind", placement.Kind(kind), runKinds); err != nil {
			return 0, nil, err
		}
		query, args = `SELECT id, name, kind, size, uploaded FROM files WHERE run = ? AND kind = ? ORDER BY name`, append(args, kind)
	}
	return cl.stream("files", query, args, func(scan func(...any) error) (any, error) {
		var s shown
		err := scan(&s.ID, &s.Name, &s.Kind, &s.Size, &s.Uploaded)
		return &s, err
	})
}

// GET …/files/{f}/download
func (cl *call) download() (int, any, error) {
	f, err := cl.file()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.Read, &f.team, "file"); err != nil {
		return 0, nil, err
	}
	s, err := cl.storageOf(&f.team)
	if err != nil {
		return 0, nil, err
	}
	l, err := cl.mint(Download, http.MethodGet, &f.team, s, f.key, nil)
	return http.StatusOK, l, err
}

// deleteFile answers DELETE …/files/{f}: first the bytes go, then the row, so that nothing is forgotten that is still there.
func (cl *call) deleteFile() (int, any, error) {
	f, err := cl.file()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.Delete, &f.team, "file"); err != nil {
		return 0, nil, err
	}
	if f.object.Valid {
		return 0, nil, conflict("the file belongs to an artifact: delete the artifact")
	}
	s, err := cl.storageOf(&f.team)
	if err != nil {
		return 0, nil, err
	}
	if err := cl.reach(s, func(s *placement.Storage) error { return cl.c.rules.Remove(cl.ctx, s, f.key) }); err != nil {
		return 0, nil, err
	}
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error { return tx.exec(`DELETE FROM files WHERE id = ?`, f.id) })
	return http.StatusNoContent, nil, err
}
