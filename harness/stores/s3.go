package stores

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
)

// awsHost is the regional endpoint the embedded gateway plays.
const awsHost = "s3." + gatewayRegion + ".amazonaws.com"

// actions are the eleven W&B's instructions grant (Bring your own bucket, "Provision your bucket", AWS and CoreWeave,
// edition 2025-09).
var actions = []string{
	"s3:GetObject*",
	"s3:GetEncryptionConfiguration",
	"s3:ListBucket",
	"s3:ListBucketMultipartUploads",
	"s3:ListBucketVersions",
	"s3:AbortMultipartUpload",
	"s3:DeleteObject",
	"s3:PutObject",
	"s3:GetBucketCORS",
	"s3:GetBucketLocation",
	"s3:GetBucketVersioning",
}

// s3Backend is the gateway as one of the three S3 providers.
type s3Backend struct {
	provider string
	gateway  *gateway
}

func (b *s3Backend) close() error { return b.gateway.close() }

func (b *s3Backend) provision(ctx context.Context, h *Host, s Setup) (_ *Bucket, err error) {
	if err := b.gateway.start(ctx); err != nil {
		return nil, err
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	user, err := b.gateway.addUser()
	if err != nil {
		return nil, err
	}
	o := newS3Owner(b.gateway, name, user)
	o.setup = s
	bucket := &Bucket{
		owner:   o,
		Secrets: []string{user.secret, escape(user.secret), b.gateway.root.secret},
		Store: reports.Store{
			Name: "versitygw", Kind: "embedded", Version: gatewayVersion,
			Notes: []string{
				"The front (TLS, host rules) is Bucketproof's; signatures, policies, CORS, versions and multipart uploads are versitygw's, with its posix backend.",
				"The address holds the access key of a user to whom the bucket policy grants W&B's eleven actions and nothing else.",
				"Keys are paths in a file system: a/../b and a//b are folded, a and a/b can't both exist, and no segment is longer than 255 bytes.",
				"An upload that breaks off is refused by Bucketproof's layer over the storage; versitygw itself would store what had come of a pre-signed one.",
				"Browsers are let read ETag whatever the CORS rules expose.",
				"Server-side encryption headers are ignored, and bucket encryption, lifecycle rules and copies are answered NotImplemented.",
			},
		},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, bucket.Close())
		}
	}()
	if len(s.MoreActions) > 0 {
		bucket.Store.Notes[1] = "The address holds the access key of a user to whom the bucket policy grants W&B's eleven actions and " +
			strings.Join(s.MoreActions, ", ") + "."
	}
	if err := o.create(ctx, s); err != nil {
		return nil, err
	}
	if bucket.front, err = b.open(h, o, s); err != nil {
		return nil, err
	}
	b.describe(bucket, name, user, s.Path, h.authority)
	if o.policy != nil {
		bucket.Need.OrgID = o.policy.org
	}
	if bucket.Store.Fidelity, err = o.probe(ctx); err == nil && (len(s.Without) > 0 || len(s.Denied) > 0 || s.Public) {
		err = o.restorePolicy(ctx) // what the store enforces is probed by a user who may; what this user may not comes after
	}
	return bucket, err
}

// open starts the provider's front.
func (b *s3Backend) open(h *Host, o *s3Owner, s Setup) (*front, error) {
	f := frontOptions{MinTLS: tls.VersionTLS12, Hooks: s.Hooks}
	gateway := http.Handler(&proxy{transport: b.gateway.transport, ahead: 8 << 10, failed: gatewayGone})
	switch b.provider {
	case AWS:
		f.Names, f.Handler = []string{awsHost, "*." + awsHost}, onlyHost(awsHost, (&amazonPolicy{owner: o}).middleware(gateway))
	case CoreWeave:
		o.policy = newCoreWeavePolicy(o)
		f.Names = []string{gatewayDomain, "*." + gatewayDomain}
		f.MinTLS = tls.VersionTLS13
		f.Handler = onlyVirtualHosted(gatewayDomain, o.policy.middleware(gateway))
	default:
		f.Handler = onlyHost("127.0.0.1", gateway)
	}
	return h.front(f)
}

// describe fills in the address, and how its hosts are found.
func (b *s3Backend) describe(bucket *Bucket, name string, user credentials, path string, ca *authority) {
	bucket.Network = wire.Network{Hosts: map[string]string{}, Closed: true, RootCAs: ca.pool}
	tail := "/" + name + escapePath(path)
	var scheme, rest string
	switch b.provider {
	case AWS:
		bucket.Network.Hosts[awsHost] = bucket.front.addr
		bucket.Network.Hosts["."+awsHost] = bucket.front.addr
		scheme, rest = "s3://", awsHost+tail+"?region="+gatewayRegion
		bucket.Need = policy.Need{Deployment: policy.SelfManaged, Principal: amazonUser}
		bucket.Store.Notes = append(bucket.Store.Notes, "The front names the address's user in the bucket policy by an ARN; versitygw, which enforces it, by the access key.")
	case CoreWeave:
		bucket.Network.Hosts[gatewayDomain] = bucket.front.addr
		bucket.Network.Hosts["."+gatewayDomain] = bucket.front.addr
		scheme, rest = "cw://", gatewayDomain+tail+"?tls=true"
		bucket.Need = policy.Need{Deployment: policy.MultiTenant}
		bucket.Store.Notes = append(bucket.Store.Notes,
			"The front keeps the bucket policy in CoreWeave's form and hands it out; it isn't evaluated: beneath it versitygw enforces the same grant for the address's access key.")
	default:
		// A literal loopback address needs no mapping, and another port must stay another port.
		scheme, rest = "s3://", bucket.front.addr+tail+"?region="+gatewayRegion+"&tls=true"
	}
	as := func(c credentials) string { return scheme + c.id + ":" + escape(c.secret) + "@" + rest }
	bucket.Address, bucket.Owner = as(user), as(b.gateway.root)
	bucket.Secrets = append(bucket.Secrets, escape(b.gateway.root.secret))
}
