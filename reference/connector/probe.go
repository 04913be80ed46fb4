package connector

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// probeName is the last segment of a probe object's key.
const probeName = "bucketproof-connector-probe"

// sweepWorkers is how many buckets are swept at the same time at start.
const sweepWorkers = 8

// trial is what a bucket is tried with. Its row is written before the first byte goes out and is deleted when the object is
// known to be gone, so that after a crash the next start finds it.
type trial struct {
	ID      string         `json:"id"`
	Team    string         `json:"team"`
	Storage string         `json:"storage"`
	Key     string         `json:"key"`
	Record  *storageRecord `json:"record"` // nil: the storage has a row of its own
	// Made says that the bucket itself may be of this trial's making: there was none before it.
	Made  bool `json:"made,omitempty"`
	begun bool
}

// try tries the bucket, as its team will use it: the probe's key is made by the same rule as any file's.
func (cl *call) try(o *onboarding, t *trial) error {
	c, s := cl.c, &o.bucket.Storage
	key, err := c.rules.Key(s, t.Team, placement.RunFile, t.ID, probeName)
	if err != nil {
		return err
	}
	t.Key = key
	if o.making != nil {
		if err := cl.trying(o, c.rules.Make(cl.ctx, s, MakeAbsent)); err != nil {
			return err
		}
		t.Made = true
	}
	sealed, err := c.sealer.seal(t.ID, t)
	if err != nil {
		return err
	}
	if err := c.writer.write(cl.ctx, func(tx *tx) error {
		return tx.exec(`INSERT INTO probes (id, created, sealed) VALUES (?, ?, ?)`, t.ID, c.now().Unix(), sealed)
	}); err != nil {
		return err
	}
	t.begun = true
	if o.making != nil {
		if err := cl.trying(o, c.makeBucket(cl.ctx, s, t)); err != nil {
			return err
		}
	}
	if err := cl.trying(o, c.rules.Probe(cl.ctx, s, key)); err != nil {
		return err
	}
	if o.making != nil {
		if err := cl.trying(o, c.rules.Make(cl.ctx, s, MakeKeep)); err != nil {
			return err
		}
	}
	if w := c.checkOrigin(cl.ctx, cl.in.spec.FrontendOrigin, s, key); w != nil {
		o.warnings = append(o.warnings, *w)
	}
	return nil
}

// trying says what a store refused as a refusal of the team.
func (cl *call) trying(o *onboarding, err error) error {
	var e *storeError
	if !errors.As(err, &e) {
		return err
	}
	p := unreachable(http.StatusUnprocessableEntity, e)
	p.Requirement, p.Part, p.Warnings = "BYOB-TEAM-003", "bucket", o.warnings
	p.Fix = "mend what the bucket or the way to it lacks, and create the team again: nothing was created"
	return p
}

// probe writes an object, reads it back, finds it in a listing and deletes it.
func (c *Connector) probe(ctx context.Context, s *placement.Storage, key string) error {
	content := []byte("written by the connector to try this bucket; it may be deleted\n")
	if err := c.putObject(ctx, s, key, "text/plain", bytes.NewReader(content), int64(len(content))); err != nil {
		return err
	}
	got, err := c.getObject(ctx, s, key)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, content) {
		return &storeError{doing: "return an object", status: http.StatusOK, cause: errors.New("what came back is not what was written")}
	}
	shown, err := c.listed(ctx, s, key)
	if err != nil {
		return err
	}
	if !shown {
		return &storeError{doing: "list its objects", status: http.StatusOK, cause: errors.New("the listing doesn't show what was written")}
	}
	return c.removeObject(ctx, s, key)
}

// discard removes what a failed trial may have left, and forgets the trial once the object is gone. Whoever asked may have
// gone already, so that their context doesn't count.
func (c *Connector) discard(ctx context.Context, t *trial) {
	if !t.begun {
		return
	}
	ctx = context.WithoutCancel(ctx)
	s := c.buckets.get(t.Storage)
	if s == nil {
		return
	}
	if err := c.takeBack(ctx, &s.Storage, t); err != nil {
		c.log.Warn("a probe object, or a bucket made for it, may be left; the next start tries again", "storage", s.Address.Canonical(), "error", err)
		return
	}
	if err := c.forgetTrial(ctx, t); err != nil {
		c.log.Warn("a probe could not be forgotten; the next start tries again", "error", err)
	}
}

// takeBack removes what a trial has written, and the bucket if the trial has made it. A bucket with anything else in it is not
// removed: its provider refuses to (of Azure's containers, only the one that the trial has marked is).
func (c *Connector) takeBack(ctx context.Context, s *placement.Storage, t *trial) error {
	err := c.rules.Discard(ctx, s, t.Key)
	if t.Made {
		return c.rules.Make(ctx, s, MakeUndo) // without the bucket there is no object either
	}
	return err
}

func (c *Connector) forgetTrial(ctx context.Context, t *trial) error {
	return c.writer.write(ctx, func(tx *tx) error { return tx.exec(`DELETE FROM probes WHERE id = ?`, t.ID) })
}

// sweepProbes removes the objects of trials that a killed process did not end. Buckets that give no answer are left for the
// next start.
func (c *Connector) sweepProbes(ctx context.Context) error {
	var left []*trial
	err := c.db.each(ctx, `SELECT id, sealed FROM probes ORDER BY created, id`, nil, func(scan func(...any) error) error {
		var id, sealed string
		if err := scan(&id, &sealed); err != nil {
			return err
		}
		t := &trial{begun: true}
		if err := c.sealer.open(id, sealed, t); err != nil {
			return err
		}
		left = append(left, t)
		return nil
	})
	if err != nil || len(left) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	work := make(chan *trial)
	var group sync.WaitGroup
	for range sweepWorkers {
		group.Go(func() {
			for t := range work {
				c.sweepProbe(ctx, t)
			}
		})
	}
	for _, t := range left {
		work <- t
	}
	close(work)
	group.Wait()
	return nil
}

func (c *Connector) sweepProbe(ctx context.Context, t *trial) {
	var err error
	if t.Record != nil {
		_, err = c.open(t.Storage, t.Record)
		defer c.buckets.drop(t.Storage) // no team has it
		if t.Made && c.makings.begin(t.Storage, t.ID, &making{trial: t.ID, identity: identity{ID: t.Record.ID, Secret: t.Record.Secret}}) {
			defer c.makings.end(t.Storage, t.ID)
		}
	} else {
		_, err = c.storageByID(ctx, t.Storage)
	}
	if errors.Is(err, sql.ErrNoRows) {
		// its instance was forgotten, and with it the credentials: nothing can be done there any more
		c.log.Warn("a probe object of an earlier process may be left, in a bucket that was forgotten", "key", t.Key)
		err = c.forgetTrial(ctx, t)
	} else if err == nil {
		b := c.buckets.get(t.Storage)
		if err = c.takeBack(ctx, &b.Storage, t); err == nil {
			err = c.forgetTrial(ctx, t)
		}
	}
	if err != nil {
		c.log.Warn("a probe object of an earlier process may be left; the next start tries again", "error", err)
	}
}

// checkOrigin asks the bucket whether a page of the instance's frontend may upload to it (BYOB-CORS-002). That it may not is
// no reason against the team: runs upload without a browser.
func (c *Connector) checkOrigin(ctx context.Context, origin string, s *placement.Storage, key string) *Warning {
	b := c.buckets.get(s.Name)
	if origin == "" || b == nil {
		return nil
	}
	origin = strings.TrimSuffix(origin, "/")
	w := &Warning{Requirement: "BYOB-CORS-002", Part: "bucket", Rule: "the bucket's CORS policy doesn't let pages of " + origin + " read and upload files",
		Fix: "allow GET, HEAD and PUT for that origin in the bucket's CORS policy"}
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		if !c.allowsOrigin(ctx, b, origin, method, key) {
			return w
		}
	}
	return nil
}

func (c *Connector) allowsOrigin(ctx context.Context, b *bucket, origin, method, key string) bool {
	signed, err := c.rules.Mint(Mint{Storage: &b.Storage, Purpose: Own, Method: method, Key: key, At: c.signingTime(), Lifetime: ownLifetime})
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodOptions, signed.URL, nil)
	if err != nil {
		return false
	}
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", method)
	once := *b.client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	once.Timeout = min(storeLimit, 5*time.Second)
	resp, err := once.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	allowed := resp.Header.Get("Access-Control-Allow-Origin")
	return resp.StatusCode/100 == 2 && (allowed == "*" || allowed == origin)
}
