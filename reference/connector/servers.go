package connector

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
)

// lockWait is how long the server may take to notice that the last process is gone.
const lockWait = 2 * time.Second

// The names of the locks: "bproof" in ASCII as PostgreSQL's number, and one a database for MySQL, whose locks are the server's.
const (
	postgresLock = "108235095764838"
	mysqlLock    = "CONCAT('bucketproof-', MD5(DATABASE()))"
)

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
