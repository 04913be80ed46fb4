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
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"modernc.org/sqlite"               // registers the driver "sqlite"
)

// The kinds of database, by the scheme of their URL.
const (
	dialectSQLite   = "sqlite"
	dialectPostgres = "postgres"
	dialectMySQL    = "mysql"
)

// readers is how many connections read at the same time.
const readers = 8

// lockWait is how long the server may take to notice that the last process is gone.
const lockWait = 2 * time.Second

// The names of the locks: "bproof" in ASCII as PostgreSQL's number, and one a database for MySQL, whose locks are the server's.
const (
	postgresLock = "108235095764838"
	mysqlLock    = "CONCAT('bucketproof-', MD5(DATABASE()))"
)

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

func (d *database) openPostgres(ctx context.Context, raw string) error {
	d.dialect = dialectPostgres
	var err error
	if d.write, err = sql.Open("pgx", raw); err != nil {
		return errors.New("open the PostgreSQL database: its URL can't be read")
	}
	if d.read, err = sql.Open("pgx", raw); err != nil {
		return errors.New("open the PostgreSQL database: its URL can't be read")
	}
	d.lockDB = d.read
	d.limit()
	d.read.SetMaxOpenConns(readers + 1)
	if d.lock, err = d.read.Conn(ctx); err != nil {
		return fmt.Errorf("connect to the PostgreSQL database: %s", plain(err))
	}
	_, err = d.lock.ExecContext(ctx, fmt.Sprintf("SET lock_timeout = %d", lockWait.Milliseconds()))
	if err == nil {
		_, err = d.lock.ExecContext(ctx, "SELECT pg_advisory_lock("+postgresLock+")")
	}
	if err != nil {
		return fmt.Errorf("lock the PostgreSQL database (is another connector using it?): %s", plain(err))
	}
	d.unlock = "SELECT pg_advisory_unlock(" + postgresLock + ")"
	return nil
}

func (d *database) openMySQL(ctx context.Context, raw string) error {
	d.dialect = dialectMySQL
	config, err := mysqlConfig(raw)
	if err != nil {
		return err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return errors.New("open the MySQL database: its URL can't be read")
	}
	d.write, d.read = sql.OpenDB(connector), sql.OpenDB(connector)
	d.lockDB = d.read
	d.limit()
	d.read.SetMaxOpenConns(readers + 1)
	if d.lock, err = d.read.Conn(ctx); err != nil {
		return fmt.Errorf("connect to the MySQL database: %s", plain(err))
	}
	var got sql.NullInt64
	if err := d.lock.QueryRowContext(ctx, fmt.Sprintf("SELECT GET_LOCK(%s, %d)", mysqlLock, int(lockWait.Seconds()))).Scan(&got); err != nil {
		return fmt.Errorf("lock the MySQL database: %s", plain(err))
	}
	if got.Int64 != 1 {
		return errors.New("lock the MySQL database: another connector is using it")
	}
	d.unlock = "SELECT RELEASE_LOCK(" + mysqlLock + ")"
	return nil
}

// mysqlConfig reads mysql://user:password@host:port/database; a path in the parameter socket takes the host's place.
func mysqlConfig(raw string) (*mysql.Config, error) {
	u, err := url.Parse(raw)
	if err != nil || len(u.Path) < 2 {
		return nil, errors.New("a MySQL database is named mysql://user:password@host:port/database")
	}
	c := mysql.NewConfig()
	c.User, c.DBName, c.Net, c.Addr = u.User.Username(), strings.TrimPrefix(u.Path, "/"), "tcp", u.Host
	c.Passwd, _ = u.User.Password()
	if u.Port() == "" {
		c.Addr = u.Hostname() + ":3306"
	}
	if socket := u.Query().Get("socket"); socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	if u.Query().Get("tls") != "" {
		c.TLSConfig = u.Query().Get("tls")
	}
	c.ClientFoundRows = true                                  // an update that changes nothing has found its row all the same
	c.Params = map[string]string{"sql_mode": "'TRADITIONAL'"} // what doesn't fit is refused, not cut
	return c, nil
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

// isDuplicate says whether an error is a unique constraint's.
func isDuplicate(err error) bool {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	switch {
	case errors.As(err, &lite):
		return lite.Code() == 2067 || lite.Code() == 1555 // SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY
	case errors.As(err, &pg):
		return pg.Code == "23505" // unique_violation
	case errors.As(err, &my):
		return my.Number == 1062 // ER_DUP_ENTRY
	}
	return false
}

// isOrphan says whether an error is a foreign key's: what the row belongs to is gone.
func isOrphan(err error) bool {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	switch {
	case errors.As(err, &lite):
		return lite.Code() == 787 // SQLITE_CONSTRAINT_FOREIGNKEY
	case errors.As(err, &pg):
		return pg.Code == "23503" // foreign_key_violation
	case errors.As(err, &my):
		return my.Number == 1452 // ER_NO_REFERENCED_ROW_2
	}
	return false
}

// plain is the server's own words: a driver's error may repeat the URL.
func plain(err error) string {
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	switch {
	case errors.As(err, &pg):
		return pg.Message
	case errors.As(err, &my):
		return my.Message
	}
	return "no connection"
}
