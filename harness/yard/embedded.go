// Package yard gets the buckets that are tried: one on a store of this machine as a run takes it; for a connector fresh ones on the
// embedded stores, or those that a file names, of which only what lies below a sub-path of the run is written to.
package yard

import (
	"context"
	"errors"
	"net/http"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
)

// Each is how many buckets of a provider the connector's suites use: the instance's, and one for each of two teams.
const Each = 3

// Embedded makes fresh buckets of some providers on a host's stores. close removes them.
func Embedded(ctx context.Context, host *stores.Host, providers []string) (_ *run.Yard, closing func() error, err error) {
	return Hooked(ctx, host, providers, nil)
}

// Hooked is Embedded with hooks built into the buckets.
func Hooked(ctx context.Context, host *stores.Host, providers []string, hooks func(provider string) stores.Hooks) (_ *run.Yard, closing func() error, err error) {
	made, err := host.Yard(ctx, providers, Each, hooks)
	if err != nil {
		return nil, nil, err
	}
	y := &run.Yard{Network: made.Network, Missing: made.Missing, Own: true}
	for _, l := range made.Lots {
		a, err := address.Parse(l.Address, address.Options{})
		if err != nil {
			return nil, nil, errors.Join(err, made.Close())
		}
		y.Lots = append(y.Lots, &run.Lot{Provider: l.Provider, Address: a, Store: l.Store, Secrets: l.Secrets, Inventory: l.Inventory, Cut: l.Cut})
	}
	for _, g := range made.Grounds {
		y.Grounds = append(y.Grounds, ground(y, driver.Identity{Provider: g.Provider, Account: g.Account, ID: g.ID, Secret: g.Secret, MayCreate: true, Region: g.Region},
			"made", g.Spoil))
	}
	return y, made.Close, nil
}

// Wire is how a connector in this process reaches a yard's buckets.
func Wire(y *run.Yard, program string) *wire.Transport {
	return wire.New(wire.Options{Network: y.Network, Program: program, Unguarded: func(*http.Request) bool { return true }})
}
