package yard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
)

// ground is where an identity makes buckets: what is in them is seen by the provider's own API.
func ground(y *run.Yard, id driver.Identity, path string, spoil func(bool)) *run.Ground {
	return &run.Ground{Identity: id, Spoil: spoil,
		Lot: func(ctx context.Context, name string) (*run.Lot, error) {
			return named(ctx, y, madeAddress(id, name), path)
		},
		Open: func(ctx context.Context, l *run.Lot) (*bucket.Bucket, error) {
			return bucket.Open(ctx, l.Address, bucket.Options{HTTP: wire.New(wire.Options{Network: y.Network, Program: "bucketproof"}).Client()})
		},
		Remove: func(ctx context.Context, l *run.Lot) error { return remove(ctx, y, l) },
	}
}

// madeAddress is the address of a bucket that an identity makes: where its provider has buckets of that region.
func madeAddress(id driver.Identity, name string) string {
	plain := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	login := plain(id.ID) + ":" + plain(id.Secret) + "@"
	switch address.Provider(id.Provider) {
	case address.CoreWeave:
		return "cw://" + login + "cwobject.com/" + name + "?tls=true"
	case address.GCP:
		return "gs://" + login + name
	case address.Azure:
		return "az://:" + plain(id.Secret) + "@" + id.Account + "/" + name
	}
	region := id.Region
	if region == "" {
		region = "us-east-1"
	}
	return "s3://" + login + "s3." + region + ".amazonaws.com/" + name + "?region=" + region
}

// remove takes away a bucket that was made for the run: first what lies below the run's sub-path, then the bucket, by a client
// that lets nothing be written but for this bucket.
func remove(ctx context.Context, y *run.Yard, l *run.Lot) error {
	service, err := url.Parse(l.Address.ServiceURL())
	if err != nil {
		return err
	}
	name := l.Address.Bucket
	w := wire.New(wire.Options{Network: y.Network, Program: "bucketproof", Unguarded: func(r *http.Request) bool {
		path := r.URL.Path + "/"
		return strings.EqualFold(r.URL.Host, name+"."+service.Host) ||
			strings.EqualFold(r.URL.Host, service.Host) && (strings.HasPrefix(path, "/"+name+"/") || strings.HasPrefix(path, "/storage/v1/b/"+name+"/"))
	}})
	defer w.CloseIdle()
	b, err := bucket.Open(ctx, l.Address, bucket.Options{HTTP: w.Client()})
	if err != nil {
		return err
	}
	gone := func(err error) bool {
		e := (*bucket.Error)(nil)
		return errors.As(err, &e) && e.Kind == bucket.KindNoSuchBucket
	}
	if _, err := b.Clean(ctx, l.Address.Path+"/", nil); err != nil && !gone(err) {
		return err
	}
	if err := b.Unmake(ctx); err != nil && !gone(err) {
		return err
	}
	return nil
}
