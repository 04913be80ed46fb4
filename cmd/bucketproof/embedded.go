package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// certifyEmbedded starts the stores and certifies a well-provisioned bucket of each provider on each of them, one after the
// other: Ginkgo runs one suite at a time in a process.
func (f *certifyFlags) certifyEmbedded(ctx context.Context, s streams, p *progress, o run.Options) (err error) {
	providers := catalogue.Providers
	if f.provider != "" {
		providers = []string{f.provider}
	}
	places, err := stores.Places(f.stores, providers, f.minio)
	if err != nil {
		return usage(err)
	}
	host, err := stores.NewHost(context.WithoutCancel(ctx), stores.HostOptions{MinIO: f.minio, Progress: func(line string) { p.say("%s", line) }})
	if err != nil {
		return &exitError{exitErrored, err}
	}
	defer func() {
		if cerr := host.Close(); cerr != nil && err == nil {
			err = &exitError{exitErrored, fmt.Errorf("end the stores: %w", cerr)}
		}
	}()
	if err := startAll(ctx, host, places, p.say); err != nil {
		return err
	}
	stop := p.interrupted(ctx)
	defer stop()
	var done []*run.Done
	for _, at := range places {
		if ctx.Err() == nil {
			p.say("%s: making a bucket on its %s store", at.Provider, at.On)
		}
		d, err := f.certifyOn(ctx, host, at, o)
		if err != nil {
			return err
		}
		done = append(done, d)
	}
	return f.deliver(ctx, s, p, done)
}

// startAll starts the stores that take long at the same time.
func startAll(ctx context.Context, host *stores.Host, places []stores.Place, say func(string, ...any)) error {
	var slow []stores.Place
	for _, at := range places {
		if at.On != stores.Embedded {
			slow = append(slow, at)
		}
	}
	if len(slow) == 0 || ctx.Err() != nil {
		return nil
	}
	say("starting containers and processes")
	if err := host.Start(ctx, slow); err != nil && ctx.Err() == nil {
		return &exitError{exitErrored, err}
	}
	return nil
}

// certifyOn certifies one fresh bucket. A store that can't be had here is "not run", and says so; so is one whose turn
// doesn't come because the run was interrupted.
func (f *certifyFlags) certifyOn(ctx context.Context, host *stores.Host, at stores.Place, o run.Options) (*run.Done, error) {
	notRun := func(reason string) (*run.Done, error) {
		d, err := run.NotRun(at.Provider, f.edition, reason, o)
		if err == nil {
			d.Result.Subject.Store.Kind = at.On
		}
		return d, err
	}
	const interrupted = "the run was interrupted before this store's turn"
	if ctx.Err() != nil {
		return notRun(interrupted)
	}
	sound := stores.Sound()
	sound.On = at.On
	b, err := host.Provision(ctx, at.Provider, sound)
	if err != nil && ctx.Err() != nil {
		return notRun(interrupted)
	}
	if errors.Is(err, stores.ErrUnavailable) {
		return notRun(err.Error())
	}
	if err != nil {
		return nil, &exitError{exitErrored, err}
	}
	defer func() { _ = b.Close() }()
	target := yard.Bucket(b, f.frontendOrigin)
	target.Options = address.Options{Edition: f.edition}
	d, err := run.Certify(ctx, target, o)
	if err != nil {
		return nil, usage(err)
	}
	return d, nil
}

// storeFlags say which stores are meant; they are for commands that start some.
type storeFlags struct{ stores, minio string }

func (f *storeFlags) flags(cmd *cobra.Command, which string) {
	fl := cmd.Flags()
	fl.StringVar(&f.stores, "stores", "", which+": "+strings.Join(stores.Selections, ", ")+"\n(default: BUCKETPROOF_STORES, or embedded)")
	fl.StringVar(&f.minio, "minio", "", "MinIO's `program`, to be run as one more store (default:\nBUCKETPROOF_MINIO)")
	complete(cmd, "stores", func() []string { return stores.Selections })
}

func known(provider string) bool {
	for _, p := range catalogue.Providers {
		if p == provider {
			return true
		}
	}
	return false
}
