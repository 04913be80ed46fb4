package connector

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// schemaVersion is what this connector reads and writes.
const schemaVersion = "1"

// columns are the types of the columns. An ID is 26 ASCII characters, a name at most 128 characters compared byte by
// byte, a path at most 1,024 bytes, a blob sealed bytes in base64, a text anything, a time seconds since 1970.
var columns = map[string]*strings.Replacer{
	dialectSQLite: strings.NewReplacer("{id}", "TEXT", "{name}", "TEXT", "{path}", "TEXT", "{key}", "TEXT", "{text}", "TEXT",
		"{int}", "INTEGER", "{serial}", "INTEGER PRIMARY KEY AUTOINCREMENT", "{end}", " WITHOUT ROWID", "{end-serial}", ""),
	dialectPostgres: strings.NewReplacer("{id}", `TEXT COLLATE "C"`, "{name}", `TEXT COLLATE "C"`, "{path}", `TEXT COLLATE "C"`, "{key}", "TEXT", "{text}", "TEXT",
		"{int}", "BIGINT", "{serial}", "BIGSERIAL PRIMARY KEY", "{end}", "", "{end-serial}", ""),
	dialectMySQL: strings.NewReplacer("{id}", "VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin", "{name}", "VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"{path}", "VARBINARY(1024)", "{key}", "VARBINARY(4096)", "{text}", "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"{int}", "BIGINT", "{serial}", "BIGINT AUTO_INCREMENT PRIMARY KEY", "{end}", " ENGINE=InnoDB", "{end-serial}", " ENGINE=InnoDB"),
}

// tables are in an order in which each refers only to those before it.
var tables = []string{
	`CREATE TABLE IF NOT EXISTS settings (name {id} NOT NULL PRIMARY KEY, content {text} NOT NULL){end}`,
	`CREATE TABLE IF NOT EXISTS instances (id {id} NOT NULL PRIMARY KEY, created {int} NOT NULL, sealed {text} NOT NULL){end}`,
	`CREATE TABLE IF NOT EXISTS organizations (id {id} NOT NULL PRIMARY KEY, instance {id} NOT NULL, name {name} NOT NULL,
		FOREIGN KEY (instance) REFERENCES instances(id) ON DELETE CASCADE){end}`,
	`CREATE TABLE IF NOT EXISTS users (id {id} NOT NULL PRIMARY KEY, instance {id} NOT NULL, organization {id} NOT NULL, name {name} NOT NULL,
		role {id} NOT NULL, token {id} NOT NULL UNIQUE, expires {int} NOT NULL,
		FOREIGN KEY (organization) REFERENCES organizations(id) ON DELETE CASCADE){end}`,
	`CREATE TABLE IF NOT EXISTS storages (id {id} NOT NULL PRIMARY KEY, organization {id} NOT NULL, fingerprint {id} NOT NULL, sealed {text} NOT NULL,
		UNIQUE (organization, fingerprint),
		FOREIGN KEY (organization) REFERENCES organizations(id) ON DELETE CASCADE){end}`,
	`CREATE TABLE IF NOT EXISTS teams (id {id} NOT NULL PRIMARY KEY, instance {id} NOT NULL, organization {id} NOT NULL, name {name} NOT NULL,
		storage {id}, created {int} NOT NULL, UNIQUE (organization, name),
		FOREIGN KEY (organization) REFERENCES organizations(id) ON DELETE CASCADE,
		FOREIGN KEY (storage) REFERENCES storages(id) ON DELETE CASCADE){end}`,
	`CREATE TABLE IF NOT EXISTS members (team {id} NOT NULL, person {id} NOT NULL, PRIMARY KEY (team, person),
		FOREIGN KEY (team) REFERENCES teams(id) ON DELETE CASCADE,
		FOREIGN KEY (person) REFERENCES users(id) ON DELETE CASCADE){end}`,
	// What a check of a bucket may have left there; a row lives from before the first byte is sent until the last is gone.
	`CREATE TABLE IF NOT EXISTS probes (id {id} NOT NULL PRIMARY KEY, created {int} NOT NULL, sealed {text} NOT NULL){end}`,
	`CREATE TABLE IF NOT EXISTS runs (id {id} NOT NULL PRIMARY KEY, team {id} NOT NULL, project {name} NOT NULL, name {name} NOT NULL, created {int} NOT NULL,
		FOREIGN KEY (team) REFERENCES teams(id) ON DELETE CASCADE){end}`,
	`CREATE TABLE IF NOT EXISTS artifacts (id {id} NOT NULL PRIMARY KEY, team {id} NOT NULL, project {name} NOT NULL, name {name} NOT NULL,
		version {int} NOT NULL, state {id} NOT NULL, created {int} NOT NULL, UNIQUE (team, project, name, version),
		FOREIGN KEY (team) REFERENCES teams(id) ON DELETE CASCADE){end}`,
	// The bytes of artifacts. claim is digest and size, by which a team's artifacts share an object; it is null once the object
	// is on its way out, so that the same content starts anew under another key.
	`CREATE TABLE IF NOT EXISTS objects (id {id} NOT NULL PRIMARY KEY, team {id} NOT NULL, claim {id}, md5 {id} NOT NULL, size {int} NOT NULL,
		object_key {key} NOT NULL, state {id} NOT NULL, UNIQUE (team, claim),
		FOREIGN KEY (team) REFERENCES teams(id) ON DELETE CASCADE){end}`,
	// The files of runs (run, object_key) and of artifacts (artifact, object).
	`CREATE TABLE IF NOT EXISTS files (id {id} NOT NULL PRIMARY KEY, run {id}, artifact {id}, object {id}, kind {id} NOT NULL, name {path} NOT NULL,
		object_key {key}, md5 {id}, size {int} NOT NULL, uploaded {int} NOT NULL, UNIQUE (run, name), UNIQUE (artifact, name),
		FOREIGN KEY (run) REFERENCES runs(id) ON DELETE CASCADE,
		FOREIGN KEY (artifact) REFERENCES artifacts(id) ON DELETE CASCADE,
		FOREIGN KEY (object) REFERENCES objects(id) ON DELETE CASCADE){end}`,
	`CREATE TABLE IF NOT EXISTS records (number {serial}, run {id} NOT NULL, kind {id} NOT NULL, line {text} NOT NULL,
		FOREIGN KEY (run) REFERENCES runs(id) ON DELETE CASCADE){end-serial}`,
	`CREATE TABLE IF NOT EXISTS reports (id {id} NOT NULL PRIMARY KEY, team {id} NOT NULL, title {name} NOT NULL, body {text} NOT NULL, created {int} NOT NULL,
		FOREIGN KEY (team) REFERENCES teams(id) ON DELETE CASCADE){end}`,
}

// indexes stand beside foreign keys, where MySQL makes its own.
var indexes = []string{
	`CREATE INDEX IF NOT EXISTS organizations_instance ON organizations (instance)`,
	`CREATE INDEX IF NOT EXISTS users_organization ON users (organization)`,
	`CREATE INDEX IF NOT EXISTS teams_storage ON teams (storage)`,
	`CREATE INDEX IF NOT EXISTS members_person ON members (person)`,
	`CREATE INDEX IF NOT EXISTS runs_team ON runs (team)`,
	`CREATE INDEX IF NOT EXISTS files_object ON files (object)`,
	`CREATE INDEX IF NOT EXISTS records_run ON records (run, kind, number)`,
	`CREATE INDEX IF NOT EXISTS reports_team ON reports (team)`,
}

func (d *database) migrate(ctx context.Context) error {
	all := tables
	if d.dialect != dialectMySQL {
		all = append(append([]string{}, tables...), indexes...)
	}
	for _, statement := range all {
		if _, err := d.write.ExecContext(ctx, columns[d.dialect].Replace(statement)); err != nil {
			return err
		}
	}
	var version string
	switch err := d.write.QueryRowContext(ctx, "SELECT content FROM settings WHERE name = 'schema'").Scan(&version); {
	case errors.Is(err, sql.ErrNoRows):
		_, err = d.write.ExecContext(ctx, "INSERT INTO settings (name, content) VALUES ('schema', '"+schemaVersion+"')")
		return err
	case err != nil:
		return err
	case version != schemaVersion:
		return fmt.Errorf("the tables have version %q, this connector knows %q", version, schemaVersion)
	}
	return nil
}
