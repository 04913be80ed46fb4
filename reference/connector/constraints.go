package connector

import (
	"errors"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

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
