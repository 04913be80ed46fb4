package stores

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

const (
	gcsHost    = "storage.googleapis.com"
	gcsVersion = "v1.56.1" // of github.com/fsouza/fake-gcs-server, as go.mod has it; a test compares
	gcsRegion  = "US-CENTRAL1"
)

// gcsHosts are the names the SDKs use: the XML and JSON APIs, JSON's older name, and the token endpoint.
var gcsHosts = []string{gcsHost, "www.googleapis.com", "oauth2.googleapis.com"}

// gcsCORS is the CORS policy of W&B's instructions for GCP, as the JSON API knows it: their "exposeHeaders" is no field of
// it and gets lost on the way (JSON API reference, Buckets, "cors[]").
const gcsCORS = `[{"maxAgeSeconds":3000,"method":["GET","HEAD","PUT"],"origin":["*"],"responseHeader":["Content-Type"]}]`

// gcsBackend is fake-gcs-server in the process, one server a bucket: it has no parts that would outlive it.
type gcsBackend struct {
	mu    sync.Mutex
	key   string // PEM, of the service account
	email string
}

func newGCSBackend() *gcsBackend {
	return &gcsBackend{email: "wandb-bucketproof@bucketproof-embedded.iam.gserviceaccount.com"}
}

func (b *gcsBackend) close() error { return nil }

// account makes the service account's key on first need; it serves all buckets of the Host.
func (b *gcsBackend) account() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.key != "" {
		return b.key, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", fmt.Errorf("make a service account's key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("make a service account's key: %w", err)
	}
	b.key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return b.key, nil
}

func (b *gcsBackend) provision(ctx context.Context, h *Host, s Setup) (_ *Bucket, err error) {
	key, err := b.account()
	if err != nil {
		return nil, err
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	token, err := newCredentials()
	if err != nil {
		return nil, err
	}
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: "https://" + gcsHost, BucketsLocation: gcsRegion})
	if err != nil {
		return nil, fmt.Errorf("start fake-gcs-server: %w", err)
	}
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: name, VersioningEnabled: s.Versioning})
	o := &gcsOwner{server: server, bucket: name}
	o.handler = newGCSFront(o, token.secret)
	bucket := &Bucket{
		owner:   o,
		Network: wire.Network{Hosts: map[string]string{}, Closed: true, RootCAs: h.authority.pool},
		Address: "gs://" + escape(b.email) + ":" + escape(key) + "@" + name + escapePath(s.Path),
		Secrets: []string{key, escape(key), strings.Split(key, "\n")[1], token.secret},
		Store: reports.Store{
			Name: "fake-gcs-server", Kind: "embedded", Version: gcsVersion,
			Notes: []string{
				"The XML API for objects, its errors, Content-MD5 and ETags are the front's, which is Bucketproof's; the JSON API and the storage are fake-gcs-server's.",
				"No signature, expiry, credential or role is checked: whatever is asked is done.",
				"The bucket's CORS policy is kept and handed out but decides nothing; no CORS headers are sent.",
				"The XML API's multipart and resumable uploads are answered NotImplemented.",
			},
		},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, bucket.Close())
		}
	}()
	bucket.front, err = h.front(frontOptions{Names: gcsHosts, MinTLS: tls.VersionTLS12, Handler: o.handler, Hooks: s.Hooks})
	if err != nil {
		return nil, err
	}
	for _, host := range gcsHosts {
		bucket.Network.Hosts[host] = bucket.front.addr
	}
	bucket.Store.Fidelity, err = o.probe(ctx)
	return bucket, err
}

// gcsOwner sees a bucket as fake-gcs-server's own program interface shows it.
type gcsOwner struct {
	server  *fakestorage.Server
	bucket  string
	handler http.Handler // the front without its hooks
}

func (o *gcsOwner) remove(context.Context) error {
	o.server.Stop()
	return nil
}

func (o *gcsOwner) put(_ context.Context, key string, body []byte) error {
	err := o.server.CreateObjectStreaming(fakestorage.Object{
		ObjectAttrs: fakestorage.ObjectAttrs{BucketName: o.bucket, Name: key, ContentType: "application/octet-stream"}, Content: body,
	}.StreamingObject())
	if err != nil {
		return fmt.Errorf("store %q: %w", key, err)
	}
	return nil
}

func (o *gcsOwner) inventory(context.Context) (map[string]string, error) {
	state, err := o.server.Backend().GetBucket(o.bucket)
	if err != nil {
		return nil, fmt.Errorf("take the inventory: %w", err)
	}
	list, err := o.server.ListObjectsWithOptionsPaginated(o.bucket, fakestorage.ListOptions{Versions: state.VersioningEnabled})
	if err != nil {
		return nil, fmt.Errorf("take the inventory: %w", err)
	}
	all := make(map[string]string, len(list.Objects))
	for _, attrs := range list.Objects {
		obj, err := o.server.GetObjectWithGeneration(o.bucket, attrs.Name, attrs.Generation)
		if err != nil {
			return nil, fmt.Errorf("take the inventory: read %q: %w", attrs.Name, err)
		}
		name := attrs.Name
		if state.VersioningEnabled {
			name = fmt.Sprintf("%s@%d", name, attrs.Generation)
		}
		sum := sha256.Sum256(obj.Content)
		all[name] = hex.EncodeToString(sum[:])
	}
	return all, nil
}

func (o *gcsOwner) configuration(context.Context) (map[string]string, error) {
	state, err := o.server.Backend().GetBucket(o.bucket)
	if err != nil {
		return nil, fmt.Errorf("read the bucket's configuration: %w", err)
	}
	return map[string]string{
		"cors":       gcsCORS,
		"location":   gcsRegion,
		"versioning": fmt.Sprint(state.VersioningEnabled),
		"acl":        fmt.Sprint(state.ACL),
		"hold":       fmt.Sprint(state.DefaultEventBasedHold),
	}, nil
}
