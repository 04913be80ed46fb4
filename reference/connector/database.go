package connector

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// The kinds of database, by the scheme of their URL.
const (
	dialectSQLite   = "sqlite"
	dialectPostgres = "postgres"
	dialectMySQL    = "mysql"
)

// readers is how many connections read at the same time.
const readers = 8

// database is the connector's own: one connection that writes, several that read. Every query is prepared once and written
// with "?" for its arguments.
type database struct {
	dialect     string
	read, write *sql.DB
	lock        *sql.Conn // held as long as the connector lives: one process a database
	lockDB      *sql.DB
	unlock      string // gives the lock back, where closing the connection does so only after a while
	file        string // of SQLite
	temporary   string // folder to remove at the end, if any
	durable     bool
	mu          sync.RWMutex
	reading     map[string]*sql.Stmt
}

// openDatabase opens, locks and prepares a database. Its errors never show the URL, which may hold a password.
func openDatabase(ctx context.Context, raw string, durable bool) (d *database, err error) {
	d = &database{durable: durable, reading: map[string]*sql.Stmt{}}
	defer func() {
		if err != nil {
			_ = d.close()
			d = nil
		}
	}()
	scheme, _, _ := strings.Cut(raw, "://")
	switch {
	case raw == "" || scheme == "sqlite":
		err = d.openSQLite(ctx, raw, durable)
	case scheme == "postgres" || scheme == "postgresql":
		err = d.openPostgres(ctx, raw)
	case scheme == "mysql":
		err = d.openMySQL(ctx, raw)
	default:
		err = errors.New(`the database's URL begins with none of "sqlite://", "postgres://" and "mysql://"`)
	}
	if err != nil {
		return d, err
	}
	if err := d.migrate(ctx); err != nil {
		return d, fmt.Errorf("prepare the database's tables: %w", err)
	}
	return d, nil
}

func (d *database) openSQLite(ctx context.Context, raw string, durable bool) error {
	d.dialect, d.file = dialectSQLite, strings.TrimPrefix(raw, "sqlite://")
	if raw == "" {
		dir, err := os.MkdirTemp("", "bucketproof-connector-")
		if err != nil {
			return fmt.Errorf("make a temporary database: %w", err)
		}
		d.temporary, d.file = dir, filepath.Join(dir, "connector.db")
	}
	if d.file == "" || strings.ContainsAny(d.file, "?#") {
		return errors.New("a SQLite database is named sqlite:///path/to/file")
	}
	sync := "NORMAL" // in WAL mode: survives the death of the process, not that of the machine
	if durable {
		sync = "FULL"
	}
	dsn := func(pragmas ...string) string {
		q := url.Values{"_pragma": pragmas}
		q.Add("_pragma", "busy_timeout(10000)")
		q.Add("_pragma", "foreign_keys(1)")
		return "file:" + (&url.URL{Path: d.file}).EscapedPath() + "?_txlock=immediate&" + q.Encode()
	}
	var err error
	// A database of its own holds the lock, since an exclusive lock on the real one would shut the readers out.
	if d.lockDB, err = sql.Open("sqlite", "file:"+(&url.URL{Path: d.file + ".lock"}).EscapedPath()); err != nil {
		return fmt.Errorf("open the lock beside the database: %w", err)
	}
	if d.lock, err = d.lockDB.Conn(ctx); err == nil {
		_, err = d.lock.ExecContext(ctx, "BEGIN EXCLUSIVE")
	}
	if err != nil {
		return fmt.Errorf("lock the database %q (is another connector using it?): %w", d.file, err)
	}
	if d.write, err = sql.Open("sqlite", dsn("journal_mode(WAL)", "synchronous("+sync+")", "wal_autocheckpoint(2000)", "journal_size_limit(67108864)")); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	if err := d.write.PingContext(ctx); err != nil {
		return fmt.Errorf("open the database %q: %w", d.file, err)
	}
	if d.read, err = sql.Open("sqlite", dsn("query_only(1)")); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	d.limit()
	return os.Chmod(d.file, 0o600)
}

// folder is where SQLite's files lie.
func (d *database) folder() string { return filepath.Dir(d.file) }

func (d *database) limit() {
	d.write.SetMaxOpenConns(1)
	d.write.SetMaxIdleConns(1)
	d.read.SetMaxOpenConns(readers)
	d.read.SetMaxIdleConns(readers)
}

func (d *database) close() error {
	var all []error
	if d.lock != nil {
		if d.unlock != "" {
			ctx, cancel := context.WithTimeout(context.Background(), lockWait)
			_, err := d.lock.ExecContext(ctx, d.unlock)
			cancel()
			all = append(all, err)
		}
		all = append(all, d.lock.Close())
	}
	for _, db := range []*sql.DB{d.read, d.write} {
		if db != nil {
			all = append(all, db.Close())
		}
	}
	if d.lockDB != nil && d.lockDB != d.read {
		all = append(all, d.lockDB.Close())
	}
	if d.temporary != "" {
		all = append(all, os.RemoveAll(d.temporary))
	}
	return errors.Join(all...)
}

// bound writes "?" as PostgreSQL wants it.
func (d *database) bound(query string) string {
	if d.dialect != dialectPostgres {
		return query
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, more := strings.Cut(query, "?")
		b.WriteString(before)
		if !more {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}

func (d *database) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	d.mu.RLock()
	s := d.reading[query]
	d.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.reading[query]; s != nil {
		return s, nil
	}
	s, err := d.read.PrepareContext(ctx, d.bound(query))
	if err != nil {
		return nil, err
	}
	d.reading[query] = s
	return s, nil
}

// within is the context of a statement: SQLite's end by themselves, and a context that can end costs a goroutine each.
func (d *database) within(ctx context.Context) context.Context {
	if d.dialect == dialectSQLite {
		return context.Background()
	}
	return ctx
}

// one reads one row; sql.ErrNoRows if there is none.
func (d *database) one(ctx context.Context, query string, args []any, into ...any) error {
	s, err := d.prepared(ctx, query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(d.within(ctx), args...).Scan(into...)
}

// each calls f for every row.
func (d *database) each(ctx context.Context, query string, args []any, f func(scan func(...any) error) error) error {
	s, err := d.prepared(ctx, query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(d.within(ctx), args...)
	if err != nil {
		return err
	}
	return eachRow(rows, f)
}

func eachRow(rows *sql.Rows, f func(scan func(...any) error) error) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
