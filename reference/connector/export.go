package connector

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// exports are what a run's export writes, in this order.
var exports = []struct {
	record string
	kind   placement.Kind
	name   string
}{
	{recordHistory, placement.HistoryExport, "history.parquet"},
	{recordSystemEvents, placement.SystemEventsExport, "system-events.parquet"},
}

const parquetType = "application/vnd.apache.parquet"

type exportedFile struct {
	ID   string         `json:"id"`
	Kind placement.Kind `json:"kind"`
	Name string         `json:"name"`
}

func rfc3339(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

// export answers POST …/runs/{r}/export: the history and the system events that the database holds go to the bucket as one
// Parquet file each. A kind without records makes no file; the same export again takes the earlier file's place.
func (cl *call) export() (int, any, error) {
	r, err := cl.run()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.Write, &r.team, "run"); err != nil {
		return 0, nil, err
	}
	s, err := cl.storageOf(&r.team)
	if err != nil {
		return 0, nil, err
	}
	out := []exportedFile{}
	for _, e := range exports {
		if err := cl.inBucket(e.kind); err != nil {
			return 0, nil, err
		}
		var id string
		err := cl.withParquet(r, e.record, func(body io.Reader, size int64) (err error) {
			id, err = cl.storeExport(r, s, e.kind, e.name, body, size)
			return err
		})
		switch {
		case errors.Is(err, errNoRecords):
		case err != nil:
			return 0, nil, err
		default:
			out = append(out, exportedFile{id, e.kind, e.name})
		}
	}
	return http.StatusCreated, map[string]any{"files": out}, nil
}

var errNoRecords = errors.New("no records")

// withParquet writes a run's records of a kind as Parquet into a temporary file, which is gone when f returns: S3 wants to
// know the length beforehand, and memory must not grow with the history.
func (cl *call) withParquet(r *run, kind string, f func(body io.Reader, size int64) error) error {
	temporary, err := os.CreateTemp("", "bucketproof-export-")
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer func() {
		_ = temporary.Close()
		_ = os.Remove(temporary.Name())
	}()
	rows := func(each func(line string) error) error {
		return cl.c.db.each(cl.ctx, `SELECT line FROM records WHERE run = ? AND kind = ? ORDER BY number`, []any{r.id, kind}, func(scan func(...any) error) error {
			var line string
			if err := scan(&line); err != nil {
				return err
			}
			return each(line)
		})
	}
	if err := writeParquet(temporary, rows); err != nil {
		return err
	}
	size, err := temporary.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = temporary.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return f(temporary, size)
}

// storeExport announces the file, stores it, and marks it as there. If it can't be stored, a file that is new is forgotten.
func (cl *call) storeExport(r *run, s *placement.Storage, kind placement.Kind, name string, body io.Reader, size int64) (string, error) {
	c := cl.c
	key, err := c.rules.Key(s, r.team.id, kind, r.id, name)
	if err != nil {
		return "", err
	}
	var id string
	known := true
	err = c.writer.write(cl.ctx, func(tx *tx) error {
		var one int
		err := tx.one(`SELECT 1 FROM files WHERE run = ? AND name = ?`, []any{r.id, name}, &one)
		known = err == nil
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		id, err = cl.putRunFile(tx, r.id, &announcedFile{Name: name, Kind: kind, Size: size}, key)
		return err
	})
	if err != nil {
		return "", err
	}
	err = cl.reach(s, func(s *placement.Storage) error { return c.putObject(cl.ctx, s, key, parquetType, body, size) })
	ctx := context.WithoutCancel(cl.ctx)
	if err != nil {
		if !known {
			if forget := c.writer.write(ctx, func(tx *tx) error { return tx.exec(`DELETE FROM files WHERE id = ?`, id) }); forget != nil {
				c.log.Warn("an export that failed is still listed", "error", forget)
			}
		}
		return "", err
	}
	return id, c.writer.write(ctx, func(tx *tx) error { return tx.exec(`UPDATE files SET uploaded = 1 WHERE id = ?`, id) })
}
