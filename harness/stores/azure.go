package stores

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// azureBackend runs Azurite, Microsoft's emulator of Azure's blob service, as a process of its own: one a Host, installed
// and started on first need. Where it can't be had, that stays so for the Host's life, and every provision says why.
type azureBackend struct {
	dir      string
	progress func(string)
	kind     string // Process, where Azurite runs as one; or Container
	boxed    func(context.Context, *authority) (*azurite, error)

	starting chan struct{} // holds one token: whoever has it looks after running

	mu          sync.Mutex
	running     *azurite
	free        []azureAccount // of running, not in use by a bucket
	unavailable error
}

// newAzureBackend makes the backend for Azure; nothing is installed or started before the first provision. dir is where
// the process works, progress is told what takes long.
func newAzureBackend(dir string, progress func(string)) backend {
	return &azureBackend{dir: dir, progress: progress, kind: Process, starting: make(chan struct{}, 1)}
}

// newAzureContainerBackend makes the backend for Azure that runs Azurite in a container.
func newAzureContainerBackend(e *engine, first func(), dir string, progress func(string)) backend {
	return &azureBackend{dir: dir, progress: progress, kind: Container, starting: make(chan struct{}, 1),
		boxed: func(ctx context.Context, ca *authority) (*azurite, error) {
			if _, err := e.image(ctx, azuritePin); err != nil {
				return nil, err
			}
			first()
			return azuriteInContainer(ctx, e, ca, azuriteAccounts)
		}}
}

// warm starts Azurite where it runs in a container; as a process it is started with its first bucket.
func (b *azureBackend) warm(ctx context.Context, h *Host) error {
	if b.boxed == nil {
		return nil
	}
	a, account, err := b.start(ctx, h.authority)
	if err == nil {
		b.release(a, account)
	}
	return err
}

// start returns the running process and a storage account in it that nobody else uses.
func (b *azureBackend) start(ctx context.Context, ca *authority) (*azurite, azureAccount, error) {
	select {
	case b.starting <- struct{}{}:
		defer func() { <-b.starting }()
	case <-ctx.Done():
		return nil, azureAccount{}, context.Cause(ctx)
	}
	b.mu.Lock()
	a, unavailable := b.running, b.unavailable
	b.mu.Unlock()
	if unavailable != nil {
		return nil, azureAccount{}, unavailable
	}
	if a == nil || a.gone() {
		var err error
		if a, err = b.launch(ctx, ca); err != nil {
			if errors.Is(err, ErrUnavailable) {
				b.mu.Lock()
				b.unavailable = err
				b.mu.Unlock()
			}
			return nil, azureAccount{}, err
		}
		b.mu.Lock()
		b.running, b.free = a, append([]azureAccount(nil), a.accounts...)
		b.mu.Unlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.free) == 0 {
		return nil, azureAccount{}, fmt.Errorf("azurite: all of its %d storage accounts are in use; close a bucket first", len(a.accounts))
	}
	account := b.free[0]
	b.free = b.free[1:]
	return a, account, nil
}

func (b *azureBackend) launch(ctx context.Context, ca *authority) (*azurite, error) {
	if b.boxed != nil {
		return b.boxed(ctx, ca)
	}
	node, err := findNode(ctx)
	if err != nil {
		return nil, err
	}
	cache, err := newAzuriteCache(b.progress)
	if err != nil {
		return nil, err
	}
	bundle, err := cache.bundle(ctx, node)
	if err != nil {
		return nil, err
	}
	return startAzurite(ctx, node, bundle, b.dir, ca, azuriteAccounts)
}

// release takes an account back that holds nothing any more.
func (b *azureBackend) release(a *azurite, account azureAccount) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running == a {
		b.free = append(b.free, account)
	}
}

func (b *azureBackend) close() error {
	b.mu.Lock()
	a := b.running
	b.running, b.free, b.unavailable = nil, nil, ErrClosed
	b.mu.Unlock()
	if a == nil {
		return nil
	}
	return a.close()
}

// provision makes a container. When Azurite ends of itself meanwhile, another one is started, once, and that is said.
func (b *azureBackend) provision(ctx context.Context, h *Host, s Setup) (*Bucket, error) {
	bucket, err := b.attempt(ctx, h, s)
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrUnavailable) || !b.ended() {
		return bucket, err
	}
	b.progress("azurite: it ended by itself, and is started again")
	return b.attempt(ctx, h, s)
}

// ended reports whether Azurite was started and is gone. A process that resets its connections takes a moment to end.
func (b *azureBackend) ended() bool {
	b.mu.Lock()
	a := b.running
	b.mu.Unlock()
	const moment = 500 * time.Millisecond
	for deadline := time.Now().Add(moment); a != nil && !a.gone() && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	return a != nil && a.gone()
}

func (b *azureBackend) attempt(ctx context.Context, h *Host, s Setup) (_ *Bucket, err error) {
	if s.Retention {
		return nil, errors.New("azurite has no immutability policies: a container with a default retention can't be had from it")
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	a, account, err := b.start(ctx, h.authority)
	if err != nil {
		return nil, err
	}
	o, err := newAzureOwner(b, a, account, name)
	if err != nil {
		return nil, err
	}
	bucket := &Bucket{
		owner:   o,
		Address: "az://:" + escape(account.key) + "@" + account.name + "/" + name + escapePath(s.Path),
		Secrets: []string{account.key, escape(account.key)},
		Store: reports.Store{Name: "Azurite", Kind: b.kind, Version: azuriteVersion, Notes: []string{
			"Azurite is Microsoft's emulator of Azure Blob Storage, run with its data in memory and without its telemetry; the front (TLS, host rule) is Bucketproof's.",
			"The bucket has a storage account of its own, with its access key in the address; there are no roles, no managed identities and no network rules.",
			"It ignores a SAS's IP range and the age of a signed request, refuses directory SAS and those user-delegation SAS that current SDKs make, and takes any API version.",
			"It has no blob versioning, no immutability and no customer-provided keys.",
			fmt.Sprintf("It holds at most %d MiB, and frees what was overwritten or deleted only after some ten minutes.", azuriteMemory),
			"It takes keys of any length, and one with a control character makes every listing of its container fail with 500.",
		}},
	}
	if s.Versioning {
		bucket.Store.Notes = append(bucket.Store.Notes, "Versioning was asked for: blob soft delete is on in the account's properties, but Azurite keeps no deleted blob.")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, bucket.Close())
		}
	}()
	bucket.front, err = h.front(frontOptions{
		Names: []string{account.host()}, MinTLS: tls.VersionTLS12, Hooks: s.Hooks,
		Handler: onlyBlobHost(&proxy{transport: a.transport, failed: azuriteGone}),
	})
	if err != nil {
		return nil, err
	}
	bucket.Network = wire.Network{Hosts: map[string]string{account.host(): bucket.front.addr}, Closed: true, RootCAs: h.authority.pool}
	if err = o.create(ctx, s); err != nil {
		return nil, err
	}
	bucket.Store.Fidelity, err = o.probe(ctx)
	return bucket, err
}

// onlyBlobHost lets through requests for a storage account's host. For any other Azurite would take the account from the
// path, which Azure never does.
func onlyBlobHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostOf(r)
		if account, ok := strings.CutSuffix(host, azureDomain); !ok || account == "" || strings.Contains(account, ".") {
			writeAzureError(w, r, http.StatusBadRequest, "InvalidUri", "The requested URI does not represent any resource on the server.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func azuriteGone(w http.ResponseWriter, r *http.Request, err error) {
	writeAzureError(w, r, http.StatusServiceUnavailable, "ServerBusy", "The store behind this front doesn't answer.")
}

// writeAzureError answers with an error as the blob service does (Blob service error codes): the code is also a header.
func writeAzureError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	w.Header().Set("x-ms-error-code", code)
	writeXMLError(w, r, status, code, message)
}
