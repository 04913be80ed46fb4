package stores

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
)

// Place is a provider, played by a kind of store.
type Place struct {
	Provider string
	On       string // Embedded, Process or Container
}

type place struct{ provider, on string }

// Name is how the place is told from others: the provider alone where its store is an embedded one.
func (p Place) Name() string {
	if p.On == Embedded {
		return p.Provider
	}
	return p.Provider + "-" + p.On
}

// Selections of stores, as the command line and BUCKETPROOF_STORES have them.
const (
	OnlyEmbedded   = "embedded"
	OnlyContainers = "containers"
	All            = "all"
)

// Selections are all of them.
var Selections = []string{OnlyEmbedded, OnlyContainers, All}

// EnvStores names a selection, where nothing else does.
const EnvStores = "BUCKETPROOF_STORES"

// Selection is a selection that was given, or what BUCKETPROOF_STORES names, or the embedded stores. An unknown one is an error.
func Selection(given string) (string, error) {
	selection := cmp.Or(given, os.Getenv(EnvStores), OnlyEmbedded)
	if !slices.Contains(Selections, selection) {
		return "", fmt.Errorf("unknown stores %.40q: they are %s", selection, strings.Join(Selections, ", "))
	}
	return selection, nil
}

// Places are the places of a selection, "" being what BUCKETPROOF_STORES names or the embedded ones, for some providers in their
// order. MinIO as a process is among them where the selection holds the embedded stores and a program is given.
func Places(selection string, providers []string, minio string) ([]Place, error) {
	selection, err := Selection(selection)
	if err != nil {
		return nil, err
	}
	var out []Place
	for _, on := range []string{Embedded, Process, Container} {
		for _, p := range providers {
			switch {
			case on == Embedded && selection == OnlyContainers, on == Container && selection == OnlyEmbedded:
			case on == Process && (selection == OnlyContainers || minioProgram(minio) == ""):
			case place{p, on}.missing() == nil:
				out = append(out, Place{p, on})
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("none of the stores (%s) plays %s", selection, strings.Join(providers, ", "))
	}
	return out, nil
}

// missing says why there is no such place on any machine.
func (p place) missing() error {
	if !slices.Contains([]string{AWS, CoreWeave, GCP, Azure, S3Compatible}, p.provider) {
		return fmt.Errorf("unknown provider %q", p.provider)
	}
	switch p.on {
	case Embedded:
		return nil
	case Container:
		if p.provider == CoreWeave {
			return fmt.Errorf("%w: no container plays CoreWeave, whose hosts and policies are its own; the embedded store does", ErrUnavailable)
		}
		return nil
	case Process:
		if p.provider != AWS && p.provider != S3Compatible {
			return fmt.Errorf("%w: MinIO, as a process, plays aws and s3-compatible alone", ErrUnavailable)
		}
		return nil
	}
	return fmt.Errorf("unknown kind of store %q", p.on)
}

// minioProgram is the program that was given, or that the environment names.
func minioProgram(given string) string { return cmp.Or(given, os.Getenv(EnvMinIO)) }

// newBackends makes every backend; none is started yet.
func newBackends(e *engine, dir, minio string, keys *KeyRing, progress func(string)) map[place]backend {
	if keys == nil {
		keys = &KeyRing{}
	}
	s3 := newGateway(dir, progress)
	first := sync.OnceFunc(func() { e.tidy(context.Background()) })
	boxed := &minioRunner{launch: func(ctx context.Context, ca *authority) (*minioServer, error) {
		if _, err := e.image(ctx, minioPin); err != nil {
			return nil, err
		}
		first()
		return minioInContainer(ctx, e, ca)
	}}
	child := &minioRunner{launch: func(ctx context.Context, ca *authority) (*minioServer, error) {
		if minio == "" {
			return nil, fmt.Errorf("%w: no program of MinIO's is given (%s, or --minio)", ErrUnavailable, EnvMinIO)
		}
		return minioAsProcess(ctx, minio, dir, ca)
	}}
	return map[place]backend{
		{AWS, Embedded}:           &s3Backend{provider: AWS, gateway: s3},
		{CoreWeave, Embedded}:     &s3Backend{provider: CoreWeave, gateway: s3},
		{S3Compatible, Embedded}:  &s3Backend{provider: S3Compatible, gateway: s3},
		{GCP, Embedded}:           newGCSBackend(keys),
		{Azure, Embedded}:         newAzureBackend(dir, progress),
		{AWS, Process}:            &minioBackend{AWS, child},
		{S3Compatible, Process}:   &minioBackend{S3Compatible, child},
		{AWS, Container}:          &minioBackend{AWS, boxed},
		{S3Compatible, Container}: &minioBackend{S3Compatible, boxed},
		{GCP, Container}:          newGCSContainerBackend(e, keys, first),
		{Azure, Container}:        newAzureContainerBackend(e, first, dir, progress),
	}
}

// starter is a backend that can be started before a bucket is asked for.
type starter interface {
	warm(ctx context.Context, h *Host) error
}

// Start starts the stores of places, all at the same time, so that a first bucket on each doesn't wait for the others. What
// can't be had is not an error here: Provision says it.
func (h *Host) Start(ctx context.Context, places []Place) error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return ErrClosed
	}
	h.pending.Add(1)
	h.mu.Unlock()
	defer h.pending.Done()
	var all sync.WaitGroup
	errs := make([]error, len(places))
	for i, p := range places {
		s, ok := h.backends[place{p.Provider, p.On}].(starter)
		if !ok {
			continue
		}
		all.Go(func() {
			if err := s.warm(ctx, h); err != nil && !errors.Is(err, ErrUnavailable) {
				errs[i] = fmt.Errorf("start the store of %s: %w", p.Name(), err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
