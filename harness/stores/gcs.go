package stores

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
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

// gcsCORS is the CORS policy a bucket for W&B needs, as the JSON API knows it. The policy in W&B's instructions names only
// Content-Type in responseHeader and has ETag in "exposeHeaders", which is no field: with it no browser could read ETag or
// send Content-MD5 (JSON API reference, Buckets, "cors[]").
const gcsCORS = `[{"origin":["*"],"method":["GET","HEAD","PUT"],"responseHeader":["ETag","Content-Type","Content-MD5"],"maxAgeSeconds":3000}]`

// gcsBackend is fake-gcs-server in the process, one server a bucket: it has no parts that would outlive it.
type gcsBackend struct {
	mu   sync.Mutex
	user *serviceAccount
}

func newGCSBackend() *gcsBackend { return &gcsBackend{} }

func (b *gcsBackend) close() error { return nil }

// account makes the service account on first need; it serves all buckets of the Host.
func (b *gcsBackend) account() (*serviceAccount, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.user != nil {
		return b.user, nil
	}
	user, err := newServiceAccount("wandb-bucketproof@bucketproof-embedded.iam.gserviceaccount.com")
	b.user = user
	return user, err
}

func (b *gcsBackend) provision(ctx context.Context, h *Host, s Setup) (_ *Bucket, err error) {
	user, err := b.account()
	if err != nil {
		return nil, err
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	tokens, err := newTokens(user)
	if err != nil {
		return nil, err
	}
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: "https://" + gcsHost, BucketsLocation: gcsRegion})
	if err != nil {
		return nil, fmt.Errorf("start fake-gcs-server: %w", err)
	}
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: name, VersioningEnabled: s.Versioning})
	entries, kept, err := readGCSCORS([]byte(gcsCORS))
	if err != nil {
		return nil, err
	}
	o := &gcsOwner{cors: entries, corsText: kept, server: server, bucket: name, user: user, uploads: newGCSUploads()}
	o.handler = &gcsFront{owner: o, json: server.HTTPHandler(), tokens: tokens, unverified: s.Unverified}
	bucket := &Bucket{
		owner:   o,
		Network: wire.Network{Hosts: map[string]string{}, Closed: true, RootCAs: h.authority.pool},
		Address: "gs://" + escape(user.email) + ":" + escape(user.pem) + "@" + name + escapePath(s.Path),
		Secrets: []string{user.pem, escape(user.pem), strings.Split(user.pem, "\n")[1], tokens.mark},
		Store: reports.Store{
			Name: "fake-gcs-server", Kind: "embedded", Version: gcsVersion,
			Notes: gcsNotes(s),
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

// gcsNotes say whose work is what.
func gcsNotes(s Setup) []string {
	notes := []string{
		"The XML API for objects, its errors, Content-MD5 and ETags are the front's, which is Bucketproof's; the JSON API and the storage are fake-gcs-server's.",
	}
	if s.Unverified {
		notes = append(notes, "No signature, expiry, credential or role is checked: whatever is asked is done.")
	} else {
		notes = append(notes,
			"V4 signatures, bearer tokens, their scopes and the token endpoint are the front's, by Google's documentation; fake-gcs-server checks none.",
			"No role is checked: the service account may do everything, others nothing.")
	}
	return append(notes,
		"The bucket's CORS policy is kept and applied to the XML API by the front, as Google documents it.",
		"The XML API's multipart uploads are the front's, their parts in memory; its resumable uploads are answered NotImplemented.",
	)
}

// gcsOwner sees a bucket as fake-gcs-server's own program interface shows it.
type gcsOwner struct {
	server  *fakestorage.Server
	bucket  string
	user    *serviceAccount
	uploads *gcsUploads
	handler http.Handler // the front without its hooks

	mu       sync.Mutex
	cors     []gcsCORSEntry
	corsText string // as it is kept, "" for none
}

func (o *gcsOwner) corsEntries() []gcsCORSEntry {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cors
}

func (o *gcsOwner) corsDocument() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.corsText
}

func (o *gcsOwner) setCORS(entries []gcsCORSEntry, kept string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cors, o.corsText = entries, kept
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
	o.uploads.inventory(all)
	return all, nil
}

func (o *gcsOwner) configuration(context.Context) (map[string]string, error) {
	state, err := o.server.Backend().GetBucket(o.bucket)
	if err != nil {
		return nil, fmt.Errorf("read the bucket's configuration: %w", err)
	}
	documents := map[string]string{
		"location":   gcsRegion,
		"versioning": fmt.Sprint(state.VersioningEnabled),
		"acl":        fmt.Sprint(state.ACL),
		"hold":       fmt.Sprint(state.DefaultEventBasedHold),
	}
	if cors := o.corsDocument(); cors != "" {
		documents["cors"] = cors
	}
	return documents, nil
}
