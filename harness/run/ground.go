package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// Ground is where a connector may make buckets at a provider, as W&B does in its own account (BYOB-TEAM-005).
type Ground struct {
	// Identity is what the connector makes them with: a secret.
	Identity driver.Identity
	// Lot is a bucket of that name here, whether it is there or not, with the run's sub-path.
	Lot func(ctx context.Context, name string) (*Lot, error)
	// Open speaks to it by the provider's own API, as its maker, and lets nothing be written.
	Open func(ctx context.Context, l *Lot) (*bucket.Bucket, error)
	// Remove takes the bucket away, with what lies below the run's sub-path; that there is none is no error.
	Remove func(ctx context.Context, l *Lot) error
	// Spoil makes buckets that are made here useless, or lets them be used again; nil where nobody can.
	Spoil func(on bool)
}

// Ground is where buckets of a provider can be made, nil where nobody may.
func (y *Yard) Ground(provider string) *Ground {
	for _, g := range y.Grounds {
		if g.Identity.Provider == provider {
			return g
		}
	}
	return nil
}

// made is a bucket that the connector was asked to make.
type made struct {
	lot    *Lot
	ground *Ground
}

// Expect announces a bucket that a connector is to be asked for, before it is: whatever becomes of it is removed at the end of
// the run. Until back is called the bucket is one of the yard's lots.
func (y *Yard) Expect(ctx context.Context, g *Ground, name string) (l *Lot, back func(), err error) {
	if l, err = g.Lot(ctx, name); err != nil {
		return nil, nil, err
	}
	b, err := g.Open(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	switch there, err := Stands(ctx, b); {
	case err != nil:
		return nil, nil, err
	case there:
		return nil, nil, fmt.Errorf("there is a bucket %s already: it is none that the run may have made", l)
	}
	o := y.ways
	if !y.Own {
		if o.Guard, err = GuardOf(l.Address, l.Address.Path+"/"); err != nil {
			return nil, nil, err
		}
	}
	y.made = append(y.made, made{l, g})
	y.Lots = append(y.Lots, l)
	y.wires[l] = wire.New(o)
	return l, func() {
		for i, have := range y.Lots {
			if have == l {
				y.Lots = append(y.Lots[:i:i], y.Lots[i+1:]...)
				return
			}
		}
	}, nil
}

// Stands reports whether a bucket is there.
func Stands(ctx context.Context, b *bucket.Bucket) (bool, error) {
	err := b.Exists(ctx)
	if e := (*bucket.Error)(nil); errors.As(err, &e) && e.Kind == bucket.KindNoSuchBucket {
		return false, nil
	}
	return err == nil, err
}

// unmake removes the buckets that were made, and returns the last thing that could not be.
func (y *Yard) unmake(ctx context.Context) (err error) {
	for _, m := range y.made {
		if rerr := m.ground.Remove(ctx, m.lot); rerr != nil {
			err = fmt.Errorf("the bucket %s, which the connector was asked to make: %w", m.lot, rerr)
		}
	}
	return err
}
