package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// certifyEmbedded starts the stores and certifies a well-provisioned bucket of each provider, one after the other.
func (f *certifyFlags) certifyEmbedded(ctx context.Context, s streams, p *progress, o run.Options) (err error) {
	providers := catalogue.Providers
	if f.provider != "" {
		providers = []string{f.provider}
	}
	host, err := stores.NewHost(context.WithoutCancel(ctx), stores.HostOptions{Progress: func(line string) { p.say("%s", line) }})
	if err != nil {
		return &exitError{exitErrored, err}
	}
	defer func() {
		if cerr := host.Close(); cerr != nil && err == nil {
			err = &exitError{exitErrored, fmt.Errorf("end the stores: %w", cerr)}
		}
	}()
	var done []*run.Done
	for _, provider := range providers {
		if ctx.Err() == nil {
			p.say("%s: starting an embedded store", provider)
		}
		d, err := f.certifyOn(ctx, host, provider, o)
		if err != nil {
			return err
		}
		done = append(done, d)
	}
	return f.deliver(ctx, s, p, done)
}

// certifyOn certifies one fresh bucket. A store that can't be had here is "not run", and says so; so is one whose turn
// doesn't come because the run was interrupted.
func (f *certifyFlags) certifyOn(ctx context.Context, host *stores.Host, provider string, o run.Options) (*run.Done, error) {
	const interrupted = "the run was interrupted before this store's turn"
	if ctx.Err() != nil {
		return run.NotRun(provider, f.edition, interrupted, o)
	}
	b, err := host.Provision(ctx, provider, stores.Sound())
	if err != nil && ctx.Err() != nil {
		return run.NotRun(provider, f.edition, interrupted, o)
	}
	if errors.Is(err, stores.ErrUnavailable) {
		return run.NotRun(provider, f.edition, err.Error(), o)
	}
	if err != nil {
		return nil, &exitError{exitErrored, err}
	}
	defer func() { _ = b.Close() }()
	target := run.Embedded(b, f.frontendOrigin)
	target.Options = address.Options{Edition: f.edition}
	d, err := run.Certify(ctx, target, o)
	if err != nil {
		return nil, usage(err)
	}
	return d, nil
}

func known(provider string) bool {
	for _, p := range catalogue.Providers {
		if p == provider {
			return true
		}
	}
	return false
}
