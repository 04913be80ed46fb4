package stores

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

const gcsReadyLimit = 15 * time.Second

// gcsRunner is the Host's one fake-gcs-server in a container, started on first need.
type gcsRunner struct {
	engine *engine
	first  func() // before the first container

	mu        sync.Mutex
	box       *box
	transport *http.Transport
	gone      error // why there will be none
}

func newGCSContainerBackend(e *engine, keys *KeyRing, first func()) *gcsBackend {
	return &gcsBackend{kind: Container, keys: keys, server: &gcsRunner{engine: e, first: first}}
}

func (b *gcsBackend) warm(ctx context.Context, h *Host) error {
	if b.server == nil {
		return nil
	}
	_, err := b.server.start(ctx, h.authority)
	return err
}

func (r *gcsRunner) start(ctx context.Context, ca *authority) (*http.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.gone != nil:
		return nil, r.gone
	case r.box != nil:
		return &http.Client{Transport: r.transport}, nil
	}
	if _, err := r.engine.image(ctx, fakeGCSPin); err != nil {
		if errors.Is(err, ErrUnavailable) {
			r.gone = err
		}
		return nil, err
	}
	r.first()
	cert, key, err := serverCertificate(ca)
	if err != nil {
		return nil, fmt.Errorf("start fake-gcs-server: %w", err)
	}
	b, err := r.engine.start(ctx, boxOptions{pin: fakeGCSPin, files: map[string][]byte{"/tmp/public.crt": cert, "/tmp/private.key": key},
		command: []string{"-scheme", "https", "-port", "4443", "-backend", "memory", "-location", gcsRegion, "-log-level", "error",
			"-cert-location", "/tmp/public.crt", "-private-key-location", "/tmp/private.key"}})
	if err != nil {
		return nil, err
	}
	t := pinnedTransport(b.addr, ca.pool)
	client := &http.Client{Transport: t}
	if err := awaitStatus(ctx, client, "https://fake-gcs-server/_internal/healthcheck", http.StatusOK, gcsReadyLimit, b); err != nil {
		return nil, errors.Join(fmt.Errorf("start fake-gcs-server: %w", err), b.close())
	}
	r.box, r.transport = b, t
	return client, nil
}

// awaitStatus asks until the server in a container answers with a status.
func awaitStatus(ctx context.Context, client *http.Client, target string, status int, limit time.Duration, b *box) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return withoutURL(err)
		}
		resp, err := client.Do(r)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == status {
				return nil
			}
			err = fmt.Errorf("it answers %d", resp.StatusCode)
		}
		select {
		case <-tick.C:
			if !b.exited() {
				continue
			}
			return fmt.Errorf("it ended at once: %.500q", b.said())
		case <-ctx.Done():
			return fmt.Errorf("%w (%w): %.500q", context.Cause(ctx), withoutURL(err), b.said())
		}
	}
}

// bucket makes a bucket in the container.
func (r *gcsRunner) bucket(ctx context.Context, ca *authority, name string) (gcsObjects, error) {
	client, err := r.start(ctx, ca)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	b := r.box
	r.mu.Unlock()
	if b == nil {
		return nil, ErrClosed
	}
	g := &gcsRemote{client: client, base: "https://fake-gcs-server", bucket: name, box: b, said: map[string]fakestorage.ObjectAttrs{}}
	if err := g.do(http.MethodPost, "/storage/v1/b?project="+gcsProject, mustJSON(map[string]string{"name": name}), nil); err != nil {
		return nil, fmt.Errorf("make the bucket: %w", err)
	}
	return g, nil
}

func (r *gcsRunner) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.box
	r.box, r.gone = nil, ErrClosed
	if b == nil {
		return nil
	}
	r.transport.CloseIdleConnections()
	return b.close()
}
