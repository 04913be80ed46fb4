package connector

import (
	"path/filepath"
	"testing"
)

// TestDurableWaitsForTheDisk asks SQLite itself: nobody here can cut the power. In WAL mode 1 (NORMAL) survives the end of the
// process, and 2 (FULL) waits for the disk at every commit (sqlite.org, "PRAGMA synchronous").
func TestDurableWaitsForTheDisk(t *testing.T) {
	for durable, want := range map[bool]int{false: 1, true: 2} {
		d, err := openDatabase(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "c.db"), durable)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.close() }()
		w := newWriter(d)
		defer w.close()
		if err := w.write(t.Context(), func(tx *tx) error {
			var level int
			if err := tx.one(`PRAGMA synchronous`, nil, &level); err != nil {
				return err
			}
			if level != want {
				t.Errorf("durable %t: got synchronous %d on the connection that commits, want %d", durable, level, want)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var mode string
		if err := d.one(t.Context(), `PRAGMA journal_mode`, nil, &mode); err != nil || mode != "wal" {
			t.Errorf("durable %t: got journal mode %q, %v; want wal", durable, mode, err)
		}
	}
}
