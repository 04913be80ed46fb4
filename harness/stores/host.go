// Package stores starts and stops the object stores a run can be tried against, embedded without Docker, or in containers, and
// without a network: everything listens on 127.0.0.1 or on a socket in a private directory, and is gone after Close. A Host owns the
// stores of a process; Provision gives a fresh, well provisioned bucket behind a fresh TLS front that speaks to clients as
// the provider does. What a store enforces is probed when a bucket is provisioned, never assumed, and stands in the
// bucket's Store. Faults are built in by hooks on the front, its TLS, the network and the address; the owner's view of a
// bucket (Inventory, Configuration, Put) goes past all of them.
package stores

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/cors"
)

// The providers, spelt as everywhere.
const (
	AWS          = "aws"
	CoreWeave    = "coreweave"
	GCP          = "gcp"
	Azure        = "azure"
	S3Compatible = "s3-compatible"
)

// Kinds of store that a bucket can be made on. The embedded ones are versitygw and fake-gcs-server in this process and Azurite as
// a child of it; a process is MinIO's program, where one is given; containers are MinIO, fake-gcs-server and Azurite.
const (
	Embedded  = "embedded"
	Process   = "process"
	Container = "container"
)

// ErrUnavailable says that a store cannot be had on this machine (no runtime for it, no copy of it). Whoever wanted it
// reports "not run" with the error's text as the reason.
var ErrUnavailable = errors.New("store unavailable")

// ErrClosed says that the Host has been closed, or its context cancelled.
var ErrClosed = errors.New("stores are closed")

// closeLimit is how long one store may take to stop before Close gives up on it and says so.
const closeLimit = 10 * time.Second

// Hooks is where a fault is built in. The zero value is a sound store.
type Hooks struct {
	// Front wraps the store's front. It sees decrypted requests exactly as a client sent them.
	Front func(next http.Handler) http.Handler
	// TLS has the last word on the front's TLS configuration.
	TLS func(*tls.Config)
	// Line is told of every line between the bucket's clients and its front before anything goes over it; nil means that there
	// is none between them.
	Line func(*Line) error
	// Network has the last word on how the store is found.
	Network func(*wire.Network)
	// Address has the last word on the address handed out.
	Address func(raw string) string
}

// Setup says what a bucket is to be like, besides what the provider's W&B instructions ask for.
type Setup struct {
	On         string // kind of store; empty means the Host's
	Versioning bool
	Retention  bool   // S3 stores: object lock with a default retention of 1 day, GOVERNANCE; it implies versioning
	Path       string // sub-path in the address, without slashes at its ends
	Suspended  bool   // versioning was on and is suspended; on Google and Azure, versioning and soft delete are off; it overrules Versioning
	// Without are the actions that the address's key is not granted, of W&B's eleven, and Denied those that a statement denies it
	// (stores that speak S3).
	Without, Denied []string
	// Public grants everybody to read and list: a bucket policy on stores that speak S3, roles/storage.objectViewer for allUsers on Google, a
	// public container on Azure.
	Public bool
	// MoreActions are granted to the address's key besides W&B's eleven (stores that speak S3), for instance
	// s3:DeleteObjectVersion.
	MoreActions []string
	// GCS says more of a Google bucket.
	GCS GCSSetup
	// CORS are the rules the bucket has in the place of those of W&B's instructions, which allow every origin; one without
	// rules leaves it without any. They are set when the store has been probed: what it enforces is seen by sound rules.
	CORS *cors.Policy
	// Unverified leaves out of the GCS front what fake-gcs-server hasn't got either: signatures, expiry, credentials and roles.
	Unverified bool
	Hooks      Hooks
}

// HostOptions are the options of NewHost; the zero value is usable.
type HostOptions struct {
	Dir      string       // where data lives while the Host does; empty means a new directory in the user's temporary one
	On       string       // kind of store for setups that name none; empty means Embedded
	MinIO    string       // MinIO's program, for stores of kind Process; empty means that BUCKETPROOF_MINIO names it
	Progress func(string) // told what takes long and what goes wrong inside a store, a sentence each; may be nil
	// Keys is where Google service accounts' keys come from; nil makes fresh ones. Hosts that share a ring share their keys.
	Keys *KeyRing
}

// backend is one kind of store. provision starts it on first need and may be called by several goroutines at once; close
// ends it, also when it was never started, and is called once.
type backend interface {
	provision(ctx context.Context, h *Host, s Setup) (*Bucket, error)
	close() error
}

// Host owns the embedded stores of a process: at most one of each backend, started on first need.
type Host struct {
	dir       string
	authority *authority
	on        string
	engine    *engine
	backends  map[place]backend
	detach    func() bool

	mu      sync.Mutex
	closed  bool
	fronts  map[*front]struct{}
	pending sync.WaitGroup // provisions under way
	once    sync.Once
	err     error
}

// NewHost makes a Host; no store is started yet. The Host closes when ctx ends.
func NewHost(ctx context.Context, o HostOptions) (*Host, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	progress := o.Progress
	if progress == nil {
		progress = func(string) {}
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "bp-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the stores: %w", err)
	}
	h := &Host{dir: dir, authority: ca, fronts: map[*front]struct{}{}}
	if h.on = o.On; h.on == "" {
		h.on = Embedded
	}
	h.engine = newEngine(filepath.Base(dir), progress)
	h.backends = newBackends(h.engine, dir, minioProgram(o.MinIO), o.Keys, progress)
	made := make(chan struct{})
	h.detach = context.AfterFunc(ctx, func() {
		<-made // Close reads detach
		h.Close()
	})
	close(made)
	return h, nil
}

// Provision makes a bucket as the provider's W&B instructions ask for, behind a front of its own, starting the store
// first if need be. ctx limits the provisioning, not the bucket's life. An unknown provider, a closed Host
// (ErrClosed) and a store that isn't to be had (ErrUnavailable) are errors; nothing is left behind then.
func (h *Host) Provision(ctx context.Context, provider string, s Setup) (*Bucket, error) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, ErrClosed
	}
	at := place{provider, s.On}
	if at.on == "" {
		at.on = h.on
	}
	b, ok := h.backends[at]
	if !ok {
		h.mu.Unlock()
		return nil, fmt.Errorf("provision a bucket: %w", at.missing())
	}
	h.pending.Add(1)
	h.mu.Unlock()
	defer h.pending.Done()

	bucket, err := b.provision(ctx, h, s)
	if err != nil {
		return nil, fmt.Errorf("provision a bucket of %s: %w", provider, err)
	}
	bucket.Provider = provider
	if s.CORS != nil {
		if err := bucket.owner.share(ctx, s.CORS); err != nil {
			return nil, fmt.Errorf("provision a bucket of %s: set its CORS rules: %w", provider, errors.Join(err, bucket.Close()))
		}
	}
	if s.Hooks.Line != nil {
		if err := between(ctx, bucket, s.Hooks.Line); err != nil {
			return nil, fmt.Errorf("provision a bucket of %s: %w", provider, errors.Join(err, bucket.Close()))
		}
	}
	if s.Hooks.Network != nil {
		s.Hooks.Network(&bucket.Network)
	}
	if s.Hooks.Address != nil {
		if bucket.Owner != "" {
			bucket.Owner = s.Hooks.Address(bucket.Owner)
		}
		bucket.Address = s.Hooks.Address(bucket.Address) // the last that a hook sees
	}
	return bucket, nil
}

// Close ends every front and store and removes every file of theirs. It is idempotent, waits for provisions under way,
// and returns what could not be ended.
func (h *Host) Close() error {
	h.once.Do(func() {
		h.detach()
		h.mu.Lock()
		h.closed = true
		h.mu.Unlock()
		h.pending.Wait()

		h.mu.Lock()
		fronts := make([]*front, 0, len(h.fronts))
		for f := range h.fronts {
			fronts = append(fronts, f)
		}
		h.mu.Unlock()
		var errs []error
		for _, f := range fronts {
			errs = append(errs, f.close())
		}
		var ends sync.WaitGroup
		ended := make(chan error, len(h.backends))
		for _, b := range h.backends {
			ends.Go(func() { ended <- b.close() })
		}
		ends.Wait()
		close(ended)
		for err := range ended {
			errs = append(errs, err)
		}
		errs = append(errs, h.engine.close())
		if err := os.RemoveAll(h.dir); err != nil {
			errs = append(errs, fmt.Errorf("remove the stores' directory: %w", err))
		}
		h.err = errors.Join(errs...)
	})
	return h.err
}
