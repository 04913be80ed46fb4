// Package connector is the reference implementation of a W&B secure storage connector: an HTTP service (Handler) that keeps
// instances, organisations, users with tokens and roles, teams with Internal or External storage, runs, artifacts, records
// and reports in a database of its own, and the bytes of files in the teams' buckets, to which clients talk with pre-signed
// URLs. Every rule it follows is one of the packages address, availability, placement and signing (Rules), asked at one
// place each. It answers a request only after what was written is committed, so that a process killed at any moment has lost
// nothing it acknowledged (with Options.Durable on SQLite, a machine too), and it fails closed: whatever can't be resolved,
// read or reached is refused, and no team's files ever go to another bucket than its own (BYOB-PLACE-009).
//
// Secrets: tokens are random and kept as SHA-256 hashes, compared in constant time. Addresses and their credentials are
// sealed in the database by AES-256-GCM, with a key from Options.Key, the variable BUCKETPROOF_CONNECTOR_KEY or, for SQLite,
// the file FILE.key beside the database (mode 0600); whoever has both database and key can read them. No answer but that of
// POST /v1/addresses, no problem and no log line shows them; a URL is shown to whom it was minted for, and nobody else.
//
// Garbage: an artifact's file shares its object with all of its team's artifact files of the same MD5 and size, once that was
// seen in the bucket. An object that no artifact refers to any more, deleted ones not counting, is first marked in the
// database, so that the same content starts anew under another key; then deleted; then forgotten. An artifact that was never
// committed counts as one that refers. An upload URL lives on for its 24 hours: who uses it after the object was deleted
// makes an object that the connector doesn't know.
package connector

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bucketproof/bucketproof/reference/address"
)

// Version is the connector's own, as GET /v1/connector answers it.
const Version = "1"

// Options are the options of New. OperatorToken must be given; the rest may be left zero.
type Options struct {
	// Database is "sqlite:///path/to/file", "postgres://user:password@host/database?…" (as libpq reads it), or
	// "mysql://user:password@host:port/database" (MySQL 8); "" is a temporary SQLite database, gone after Close. A database
	// belongs to one connector at a time.
	Database string
	// Durable makes SQLite wait for the disk at every commit, so that what was acknowledged survives a power failure too.
	Durable bool
	// OperatorToken is who holds it may create instances, organisations and users.
	OperatorToken string
	// Key seals addresses in the database, 32 bytes; see the package's comment for what an empty one means.
	Key []byte
	// HTTP is how a bucket is reached; nil, and a nil client, is the world as it is.
	HTTP func(*address.Address) *http.Client
	// Now is the clock; nil is the system's.
	Now func() time.Time
	// Log takes what goes wrong, a line each; nil takes nothing.
	Log io.Writer
	// Faults are deliberate breaches; nil is none.
	Faults Faults
}

// Connector is a connector at work. Make one with New.
type Connector struct {
	db       *database
	writer   *writer
	sealer   *sealer
	rules    Rules
	buckets  buckets
	makings  makings
	operator [sha256.Size]byte
	http     func(*address.Address) *http.Client
	now      func() time.Time
	log      *slog.Logger
	handler  http.Handler

	people    cache[*person]
	runs      cache[run]
	instances cache[*instance]

	closed    atomic.Bool
	closeOnce sync.Once
	closeErr  error
}

// New opens the database, sweeps what a killed process may have left in buckets (as far as they answer within 15 seconds),
// and is ready to serve. ctx limits the opening only. No error shows a secret.
func New(ctx context.Context, o Options) (*Connector, error) {
	if o.OperatorToken == "" {
		return nil, errors.New("start the connector: no operator's token")
	}
	db, err := openDatabase(ctx, o.Database, o.Durable)
	if err != nil {
		return nil, fmt.Errorf("start the connector: %w", err)
	}
	key, err := sealingKey(o.Key, db)
	if err == nil {
		var s *sealer
		if s, err = newSealer(key); err == nil {
			c := &Connector{db: db, sealer: s, operator: sha256.Sum256([]byte(o.OperatorToken)), http: o.HTTP, now: o.Now,
				buckets: buckets{byName: map[string]*bucket{}}, makings: makings{byName: map[string]*making{}, taken: map[string]bool{}}}
			return c.start(ctx, o)
		}
	}
	return nil, errors.Join(fmt.Errorf("start the connector: %w", err), db.close())
}

func (c *Connector) start(ctx context.Context, o Options) (*Connector, error) {
	if c.now == nil {
		c.now = time.Now
	}
	log := o.Log
	if log == nil {
		log = io.Discard
	}
	c.log = slog.New(slog.NewTextHandler(log, nil))
	c.rules = c.soundRules()
	if o.Faults != nil {
		o.Faults(&c.rules)
	}
	if err := c.checkKey(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start the connector: %w", err), c.db.close())
	}
	c.writer = newWriter(c.db)
	c.handler = c.routes()
	if err := c.sweepProbes(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start the connector: %w", err), c.Close())
	}
	return c, nil
}

// checkKey refuses a key that the database wasn't sealed with, before anything is sealed with two.
func (c *Connector) checkKey(ctx context.Context) error {
	const id = "seal"
	var sealed, text string
	err := c.db.one(ctx, `SELECT content FROM settings WHERE name = ?`, []any{id}, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		if sealed, err = c.sealer.seal(id, "bucketproof"); err != nil {
			return err
		}
		_, err = c.db.write.ExecContext(ctx, c.db.bound(`INSERT INTO settings (name, content) VALUES (?, ?)`), id, sealed)
		return err
	}
	if err != nil {
		return err
	}
	return c.sealer.open(id, sealed, &text)
}

// Handler serves the contract's HTTP interface, all of it below /v1.
func (c *Connector) Handler() http.Handler { return c.handler }

func (c *Connector) closing() bool { return c.closed.Load() }

// Close lets the writes under way come to their end and closes the database. It is idempotent. Whoever serves Handler stops
// serving first.
func (c *Connector) Close() error {
	c.closeOnce.Do(func() {
		c.closed.Store(true)
		c.writer.close()
		c.closeErr = c.db.close()
	})
	return c.closeErr
}
