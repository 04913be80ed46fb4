package connector

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

const (
	// batchLimit is how many requests' writes go into one transaction.
	batchLimit = 256
	// commitLimit is how long one transaction may take before it is given up.
	commitLimit = 30 * time.Second
)

var errClosed = errors.New("the connector is closing")

// tx is a write under way. It is only good inside the function it is handed to.
type tx struct {
	w   *writer
	ctx context.Context
}

// job is what one request writes: all of it or nothing.
type job struct {
	ctx  context.Context
	do   func(*tx) error
	done chan error
}

// writer is the only one who writes. Whatever requests are waiting when it begins a transaction share it, each in a
// savepoint of its own, and each is told only after the commit.
type writer struct {
	d       *database
	conn    *sql.Conn            // the one connection that writes; nil until it is needed, and after it failed
	kept    map[string]*sql.Stmt // prepared on conn
	jobs    chan *job
	closing chan struct{}
	ended   chan struct{}
}

func newWriter(d *database) *writer {
	w := &writer{d: d, jobs: make(chan *job, batchLimit), closing: make(chan struct{}), ended: make(chan struct{})}
	go w.run()
	return w
}

// write runs f in a transaction and returns after it was committed. An error of f undoes what f did.
func (w *writer) write(ctx context.Context, f func(*tx) error) error {
	j := &job{ctx: ctx, do: f, done: make(chan error, 1)}
	select {
	case <-w.closing:
		return errClosed
	default:
	}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	}
	select {
	case err := <-j.done:
		return err
	case <-w.ended:
		select {
		case err := <-j.done:
			return err
		default:
			return errClosed
		}
	}
}

// close lets what has begun come to its end.
func (w *writer) close() {
	close(w.closing)
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	defer w.hangUp()
	batch := make([]*job, 0, batchLimit)
	for {
		batch = batch[:0]
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		case <-w.closing:
			return
		}
	fill:
		for len(batch) < batchLimit {
			select {
			case j := <-w.jobs:
				batch = append(batch, j)
			default:
				break fill
			}
		}
		w.commit(batch)
	}
}

func (w *writer) commit(batch []*job) {
	ctx, cancel := context.WithTimeout(context.Background(), commitLimit)
	defer cancel()
	outcomes := make([]error, len(batch))
	err := w.transaction(ctx, batch, outcomes)
	if err != nil {
		w.hangUp() // which undoes what was not committed
	}
	for i, j := range batch {
		if err != nil {
			outcomes[i] = err
		}
		j.done <- outcomes[i]
	}
}

func (w *writer) transaction(ctx context.Context, batch []*job, outcomes []error) error {
	if err := w.connect(ctx); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	t := &tx{w: w, ctx: w.d.within(ctx)}
	begin := "BEGIN"
	if w.d.dialect == dialectSQLite {
		begin = "BEGIN IMMEDIATE" // or a reader's lock would have to be upgraded, which fails when it can't
	}
	if err := t.exec(begin); err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	for i, j := range batch {
		if outcomes[i] = j.ctx.Err(); outcomes[i] != nil {
			continue // whoever asked has gone before anything was done
		}
		if err := t.exec("SAVEPOINT request"); err != nil {
			return fmt.Errorf("begin a savepoint: %w", err)
		}
		if outcomes[i] = t.guarded(j.do); outcomes[i] != nil {
			if err := t.exec("ROLLBACK TO SAVEPOINT request"); err != nil {
				return fmt.Errorf("undo a savepoint: %w", err)
			}
		}
		if err := t.exec("RELEASE SAVEPOINT request"); err != nil {
			return fmt.Errorf("end a savepoint: %w", err)
		}
	}
	if err := t.exec("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (w *writer) connect(ctx context.Context) (err error) {
	if w.conn != nil {
		return nil
	}
	if w.conn, err = w.d.write.Conn(ctx); err != nil {
		w.conn = nil
		return err
	}
	w.kept = map[string]*sql.Stmt{}
	if w.d.dialect == dialectPostgres && w.d.durable {
		_, err = w.conn.ExecContext(ctx, "SET synchronous_commit = on") // the server's own default may be off
	}
	return err
}

// hangUp ends the connection itself, not only its use: it may stand in the middle of a transaction.
func (w *writer) hangUp() {
	if w.conn == nil {
		return
	}
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.conn.Close()
	w.conn = nil
}

// guarded keeps a panic of one request from the others.
func (t *tx) guarded(f func(*tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while writing: %v\n%s", p, debug.Stack())
		}
	}()
	return f(t)
}

func (t *tx) statement(query string) (*sql.Stmt, error) {
	if s := t.w.kept[query]; s != nil {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(t.ctx, t.w.d.bound(query))
	if err != nil {
		return nil, err
	}
	t.w.kept[query] = s
	return s, nil
}

// exec runs a statement.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.count(query, args...)
	return err
}

// count runs a statement and says how many rows it found.
func (t *tx) count(query string, args ...any) (int64, error) {
	if len(args) == 0 && t.w.d.dialect != dialectSQLite { // MySQL prepares no BEGIN
		_, err := t.w.conn.ExecContext(t.ctx, query)
		return 0, err
	}
	s, err := t.statement(query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// one reads one row; sql.ErrNoRows if there is none.
func (t *tx) one(query string, args []any, into ...any) error {
	s, err := t.statement(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(t.ctx, args...).Scan(into...)
}

// each calls f for every row; f must not use the transaction.
func (t *tx) each(query string, args []any, f func(scan func(...any) error) error) error {
	s, err := t.statement(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(t.ctx, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, f)
}
