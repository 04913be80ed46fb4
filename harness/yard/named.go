package yard

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

// File is what a file of buckets says, in JSON. It holds secrets.
type File struct {
	// Buckets are addresses with credentials; best are three of each provider. All that the run and the connector write
	// lies below a sub-path of the run.
	Buckets []string `json:"buckets"`
	// CAFile is a PEM file with certificates to trust besides the system's; relative to this file's folder.
	CAFile string `json:"caFile,omitempty"`
	// Creators are identities by which the connector may make buckets in a cloud account of W&B's, or in one for tests
	// (BYOB-TEAM-005). What it makes is removed at the end.
	Creators []Creator `json:"creators,omitempty"`
	// Hosts maps names to host:port, as wire.Network does.
	Hosts map[string]string `json:"hosts,omitempty"`
}

// Creator is one of them: id and secret are as in an address of the provider, the region where buckets are to be made.
type Creator struct {
	Provider string `json:"provider"`
	Account  string `json:"account,omitempty"` // azure: the storage account; gcp: the project, if it isn't that of the e-mail
	ID       string `json:"id,omitempty"`
	Secret   string `json:"secret"`
	Region   string `json:"region,omitempty"`
}

// Open takes the buckets that a file names. No error shows an address.
func Open(ctx context.Context, name string) (*run.Yard, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var f File
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf(`%q is no JSON such as {"buckets": ["s3://..."], "caFile": "ca.pem"}`, name)
	}
	if len(f.Buckets) == 0 {
		return nil, fmt.Errorf("%q names no bucket", name)
	}
	y := &run.Yard{Network: wire.Network{Hosts: f.Hosts}, Missing: map[string]string{}}
	if f.CAFile != "" {
		if y.Network.RootCAs, err = trust(filepath.Join(filepath.Dir(name), f.CAFile)); err != nil {
			return nil, err
		}
	}
	runPath := strings.TrimSuffix(bucket.RunPrefix("", run.NewRunID(time.Now())), "/")
	for i, raw := range f.Buckets {
		l, err := named(ctx, y, raw, runPath)
		if err != nil {
			return nil, fmt.Errorf("bucket %d of %q: %w", i+1, name, err)
		}
		y.Lots = append(y.Lots, l)
	}
	for _, p := range catalogue.Providers {
		if len(y.Of(p)) == 0 {
			y.Missing[p] = "no bucket of it was named"
		}
	}
	for i, c := range f.Creators {
		if !slices.Contains([]string{"aws", "coreweave", "gcp", "azure"}, c.Provider) || c.Secret == "" || c.Provider == "azure" && c.Account == "" {
			return nil, fmt.Errorf("creator %d of %q: want provider (aws, coreweave, gcp, azure), id and secret, for azure account and secret", i+1, name)
		}
		if c.ID == "" {
			c.ID = c.Account
		}
		y.Grounds = append(y.Grounds, ground(y, driver.Identity{Provider: c.Provider, Account: c.Account, ID: c.ID, Secret: c.Secret, MayCreate: true, Region: c.Region}, runPath, nil))
	}
	return y, nil
}

func trust(name string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%q holds no certificate", name)
	}
	return pool, nil
}

// named is one bucket, its inventory taken by the provider's own SDK with the address's credentials.
func named(ctx context.Context, y *run.Yard, raw, runPath string) (*run.Lot, error) {
	a, err := address.Parse(strings.TrimSpace(raw), address.Options{})
	if err != nil {
		return nil, err
	}
	if !a.HasCredentials() {
		return nil, errors.New("its address has no credentials, and the connector needs them")
	}
	a.Path = strings.Trim(a.Path+"/"+runPath, "/")
	under, prefix := strings.TrimSuffix(strings.TrimSuffix(a.Path, runPath), "/"), a.Path+"/"
	looks := wire.New(wire.Options{Network: y.Network, RunID: runPath, Program: "bucketproof"})
	b, err := bucket.Open(ctx, a, bucket.Options{HTTP: looks.Client()})
	if err != nil {
		return nil, err
	}
	l := &run.Lot{Provider: string(a.Provider), Address: a, Secrets: []string{raw, a.Credentials.Secret.Reveal()},
		Store: reports.Store{Name: "remote", Kind: "remote"}}
	l.Inventory = func(ctx context.Context) (map[string]string, error) {
		keys, err := b.List(ctx, prefix, 0)
		if err != nil {
			return nil, err
		}
		out := make(map[string]string, len(keys))
		for _, key := range keys {
			if key == prefix+bucket.MarkerName {
				continue
			}
			body, _, err := b.Get(ctx, key)
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256(body)
			out[key] = hex.EncodeToString(sum[:])
		}
		return out, nil
	}
	l.Mark = func(ctx context.Context, limit time.Duration) error {
		return guarded(ctx, y, a, prefix, func(b *bucket.Bucket) error {
			m, err := bucket.NewMarker(under, strings.TrimPrefix(runPath, bucket.RunFolder), time.Now(), limit)
			if err != nil {
				return err
			}
			return b.Mark(ctx, m)
		})
	}
	l.Clean = func(ctx context.Context) (removed int, err error) {
		err = guarded(ctx, y, a, prefix, func(b *bucket.Bucket) error {
			cleaned, err := b.Clean(ctx, prefix, nil)
			removed = cleaned.Removed
			switch {
			case err != nil:
				return err
			case len(cleaned.Kept) > 0:
				return &bucket.Error{Op: "remove what lies below " + prefix, Kind: bucket.KindOther, Message: fmt.Sprintf("%d objects stay", len(cleaned.Kept))}
			}
			if why := b.Unseen(ctx, cleaned); why != "" {
				return &bucket.Error{Op: "look below " + prefix, Kind: bucket.KindOther, Message: why}
			}
			return nil
		})
		return removed, err
	}
	return l, nil
}

// guarded has something done to the bucket through a guard that lets nothing be touched but what lies below the run's sub-path.
func guarded(ctx context.Context, y *run.Yard, a *address.Address, prefix string, do func(*bucket.Bucket) error) error {
	g, err := run.GuardOf(a, prefix)
	if err != nil {
		return err
	}
	w := wire.New(wire.Options{Network: y.Network, Guard: g, Program: "bucketproof"})
	defer w.CloseIdle()
	b, err := bucket.Open(ctx, a, bucket.Options{HTTP: w.Client()})
	if err != nil {
		return err
	}
	return do(b)
}
