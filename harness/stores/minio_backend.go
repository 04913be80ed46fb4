package stores

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// minioRunner is the Host's one MinIO of a kind, started on first need. Where it can't be had, that stays so for the Host's life.
type minioRunner struct {
	launch func(context.Context, *authority) (*minioServer, error)

	starting    sync.Mutex
	mu          sync.Mutex
	running     *minioServer
	unavailable error

	examining sync.Mutex
	examined  []reports.Fidelity
}

func (r *minioRunner) start(ctx context.Context, ca *authority) (*minioServer, error) {
	r.starting.Lock()
	defer r.starting.Unlock()
	r.mu.Lock()
	m, err := r.running, r.unavailable
	r.mu.Unlock()
	if err != nil || m != nil && !m.ended() {
		return m, err
	}
	if m != nil {
		return nil, fmt.Errorf("MinIO has ended: %s", m.lastWords())
	}
	m, err = r.launch(ctx, ca)
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(err, ErrUnavailable) {
		r.unavailable = err
	}
	if err != nil {
		return nil, err
	}
	if r.unavailable != nil { // closed meanwhile
		return nil, errors.Join(r.unavailable, m.close())
	}
	r.running = m
	return m, nil
}

// warm is start without a bucket.
func (r *minioRunner) warm(ctx context.Context, h *Host) error {
	_, err := r.start(ctx, h.authority)
	return err
}

func (r *minioRunner) close() error {
	r.mu.Lock()
	m := r.running
	r.running, r.unavailable = nil, ErrClosed
	r.mu.Unlock()
	if m == nil {
		return nil
	}
	return m.close()
}

// minioBackend is a MinIO as one of the two S3 providers that it can be: Amazon's endpoint of a region, or itself.
type minioBackend struct {
	provider string
	*minioRunner
}

func (b *minioBackend) provision(ctx context.Context, h *Host, s Setup) (_ *Bucket, err error) {
	m, err := b.start(ctx, h.authority)
	if err != nil {
		return nil, err
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	user, err := newCredentials()
	if err != nil {
		return nil, err
	}
	o := &minioOwner{s3Wire: m.wire(name), minio: m, runner: b.minioRunner, user: user, setup: s}
	bucket := &Bucket{owner: o, Secrets: []string{user.secret, escape(user.secret), m.root.secret, m.master},
		Store: reports.Store{Name: minioPin.name, Kind: m.kind, Version: m.version, Notes: []string{
			"MinIO runs as a program of its own, never linked, with a region (" + minioRegion + ") and a KMS key; the front (TLS, host rule) is Bucketproof's and passes requests on as they came.",
			"The address holds the access key of a user to whom a policy of MinIO's identity management grants W&B's eleven actions; MinIO spells one of them s3:GetBucketCors.",
			"It keeps no CORS rules for a bucket: it answers every origin by itself. DeleteObject removes versions too, and AbortIncompleteMultipartUpload is no lifecycle rule it takes.",
			"A KMS key is a name here (" + minioKeyARN + "), not an ARN of Amazon's.",
		}}}
	defer func() {
		if err != nil {
			err = errors.Join(err, bucket.Close())
		}
	}()
	if err = o.create(ctx); err != nil {
		return nil, err
	}
	host := minioHost
	if b.provider == S3Compatible {
		host = loopback
	}
	f := frontOptions{MinTLS: tls.VersionTLS12, Hooks: s.Hooks, Handler: onlyHost(host, &proxy{transport: m.transport, failed: gatewayGone})}
	bucket.Network = wire.Network{Hosts: map[string]string{}, Closed: true, RootCAs: h.authority.pool}
	login, tail := user.id+":"+escape(user.secret)+"@", "/"+name+escapePath(s.Path)+"?region="+minioRegion
	if b.provider == S3Compatible {
		if bucket.front, err = h.front(f); err != nil {
			return nil, err
		}
		// A literal loopback address needs no mapping, and another port must stay another port.
		bucket.Address = "s3://" + login + bucket.front.addr + tail + "&tls=true"
	} else {
		f.Names = []string{minioHost, "*." + minioHost}
		if bucket.front, err = h.front(f); err != nil {
			return nil, err
		}
		bucket.Network.Hosts[minioHost], bucket.Network.Hosts["."+minioHost] = bucket.front.addr, bucket.front.addr
		bucket.Address = "s3://" + login + minioHost + tail
	}
	if bucket.Store.Fidelity, err = o.probe(ctx); err == nil {
		err = o.narrow(ctx)
	}
	return bucket, err
}

// minioPolicy grants a setup's actions on a bucket and all that is in it, to the user it is attached to. MinIO refuses a policy with
// an action it doesn't know, and spells one of W&B's eleven in another way.
func minioPolicy(bucket string, s Setup) []byte {
	both := []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"}
	spelt := func(list []string) (out []string) {
		for _, a := range list {
			if a == "s3:GetBucketCORS" {
				a = "s3:GetBucketCors"
			}
			out = append(out, a)
		}
		return out
	}
	granted := slices.DeleteFunc(slices.Concat(actions, s.MoreActions), func(a string) bool { return slices.Contains(s.Without, a) })
	statements := []any{map[string]any{"Effect": "Allow", "Action": spelt(granted), "Resource": both}}
	if len(s.Denied) > 0 {
		statements = append(statements, map[string]any{"Effect": "Deny", "Action": spelt(s.Denied), "Resource": both})
	}
	return mustJSON(map[string]any{"Version": "2012-10-17", "Statement": statements})
}
