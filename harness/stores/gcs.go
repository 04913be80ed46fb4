package stores

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reports"
)

const (
	gcsHost    = "storage.googleapis.com"
	gcsVersion = "v1.56.1" // of github.com/fsouza/fake-gcs-server, as go.mod has it; a test compares
	gcsRegion  = "US-CENTRAL1"
)

// gcsHosts are the names the SDKs use: the XML and JSON APIs, JSON's older name, and the token endpoint.
var gcsHosts = []string{gcsHost, "www.googleapis.com", "oauth2.googleapis.com"}

// GCSSetup says what a Google bucket is to be like; the zero value is what W&B's instructions ask for on a bucket as Google
// makes it, with uniform bucket-level access.
type GCSSetup struct {
	Role string // of the address's account on the bucket; "" is roles/storage.admin, "none" no role at all
	// Others are the roles of further service accounts, one each; they come back as Bucket.Others.
	Others     []string
	SoftDelete time.Duration    // how long removed objects are kept: 0 is Google's 7 days, a negative one means not at all
	KMSKey     string           // default Cloud KMS key of new objects, projects/P/locations/L/keyRings/R/cryptoKeys/K
	Lifecycle  string           // the JSON API's lifecycle document
	Public     bool             // allUsers are granted roles/storage.objectViewer
	NoPublic   bool             // public access prevention is enforced
	Now        func() time.Time // the clock by which removed objects age; nil is time.Now
}

// fields is the setup as an update of the bucket's resource.
func (s *GCSSetup) fields(versioning bool) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{"cors": json.RawMessage(cors.Required(cors.GCP, "", "").Document())}
	set := func(name string, v any) error {
		text, err := json.Marshal(v)
		out[name] = text
		return err
	}
	var errs []error
	if versioning {
		errs = append(errs, set("versioning", gcsVersioning{true}))
	}
	if s.SoftDelete != 0 {
		errs = append(errs, set("softDeletePolicy", map[string]int64{"retentionDurationSeconds": int64(max(s.SoftDelete, 0) / time.Second)}))
	}
	if s.KMSKey != "" {
		errs = append(errs, set("encryption", gcsEncryption{s.KMSKey}))
	}
	if s.NoPublic {
		errs = append(errs, set("iamConfiguration", map[string]string{"publicAccessPrevention": "enforced"}))
	}
	if s.Lifecycle != "" {
		out["lifecycle"] = json.RawMessage(s.Lifecycle)
	}
	return out, errors.Join(errs...)
}

// gcsBackend is fake-gcs-server in the process, one server a bucket, which has no parts that would outlive it; or in a container,
// which holds all buckets. Front and accounts are the same.
type gcsBackend struct {
	kind   string
	server *gcsRunner // the container; nil in the process
	keys   *KeyRing

	mu       sync.Mutex
	accounts []*serviceAccount // the address's, the store's owner's, then the others
	tokens   *tokens           // of all servers: they share their hosts
}

func newGCSBackend(keys *KeyRing) *gcsBackend {
	return &gcsBackend{kind: Embedded, keys: keys}
}

func (b *gcsBackend) close() error {
	if b.server == nil {
		return nil
	}
	return b.server.close()
}

// objects makes a bucket where this backend keeps objects.
func (b *gcsBackend) objects(ctx context.Context, h *Host, name string) (gcsObjects, error) {
	if b.server == nil {
		return newGCSLocal(name)
	}
	return b.server.bucket(ctx, h.authority, name)
}

// some makes service accounts and their tokens on first need, for keys take time to make; they serve all buckets of the Host.
func (b *gcsBackend) some(n int) ([]*serviceAccount, *tokens, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens == nil {
		tokens, err := newTokens()
		if err != nil {
			return nil, nil, err
		}
		b.tokens = tokens
	}
	for len(b.accounts) < n {
		name := fmt.Sprintf("other-%d", len(b.accounts)-1)
		switch len(b.accounts) {
		case 0:
			name = "wandb-bucketproof"
		case 1:
			name = "owner"
		}
		key, err := b.keys.key(len(b.accounts))
		if err != nil {
			return nil, nil, err
		}
		a, err := newServiceAccount(name+"@"+gcsProject+".iam.gserviceaccount.com", key)
		if err != nil {
			return nil, nil, err
		}
		b.accounts = append(b.accounts, a)
		b.tokens.add(a)
	}
	return b.accounts[:n:n], b.tokens, nil
}

func (b *gcsBackend) provision(ctx context.Context, h *Host, s Setup) (_ *Bucket, err error) {
	accounts, tokens, err := b.some(2 + len(s.GCS.Others))
	if err != nil {
		return nil, err
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	objects, err := b.objects(ctx, h, name)
	if err != nil {
		return nil, err
	}
	o, err := newGCSOwner(name, objects, accounts, s)
	if err != nil {
		return nil, errors.Join(err, objects.close())
	}
	front := &gcsFront{owner: o, tokens: tokens, unverified: s.Unverified}
	o.front = front
	user := accounts[0]
	bucket := &Bucket{
		owner:   o,
		Network: wire.Network{Hosts: map[string]string{}, Closed: true, RootCAs: h.authority.pool},
		Address: gcsAddress(user, name, s.Path),
		Store: reports.Store{
			Name: fakeGCSPin.name, Kind: b.kind, Version: gcsVersion,
			Notes: gcsNotes(s),
		},
	}
	if b.kind == Container {
		bucket.Store.Notes = append(bucket.Store.Notes, "fake-gcs-server runs in a container; the front asks it for contents, generations and versions alone, and keeps what objects are called besides.")
	}
	for i, role := range s.GCS.Others {
		a := accounts[2+i]
		bucket.Others = append(bucket.Others, Identity{Name: a.email, Role: role, Address: gcsAddress(a, name, s.Path)})
	}
	for _, a := range accounts {
		bucket.Secrets = append(bucket.Secrets, a.pem, escape(a.pem), strings.Split(a.pem, "\n")[1])
	}
	bucket.Secrets = append(bucket.Secrets, tokens.mark)
	defer func() {
		if err != nil {
			err = errors.Join(err, bucket.Close())
		}
	}()
	bucket.front, err = h.front(frontOptions{Names: gcsHosts, MinTLS: tls.VersionTLS12, Handler: front, Hooks: s.Hooks})
	if err != nil {
		return nil, err
	}
	for _, host := range gcsHosts {
		bucket.Network.Hosts[host] = bucket.front.addr
	}
	if bucket.Store.Fidelity, err = o.probe(ctx); err == nil && (s.GCS.Public || s.Public) {
		o.policy.publish() // what the store enforces is probed on a bucket that is nobody's business
	}
	return bucket, err
}

func gcsAddress(a *serviceAccount, bucket, path string) string {
	return "gs://" + escape(a.email) + ":" + escape(a.pem) + "@" + bucket + escapePath(path)
}

// gcsNotes say whose work is what.
func gcsNotes(s Setup) []string {
	notes := []string{
		"The XML and the JSON API, their errors, Content-MD5 and ETags are the front's, which is Bucketproof's; fake-gcs-server stores the objects and their generations.",
	}
	if s.Unverified {
		notes = append(notes, "No signature, expiry, credential or role is checked: whatever is asked is done.")
	} else {
		notes = append(notes,
			"V4 signatures, bearer tokens, their scopes and the token endpoint are the front's, by Google's documentation; fake-gcs-server checks none.",
			"Roles are the front's, by Google's documentation: the bucket's IAM policy decides each request. Users, groups, domains, projects, conditions and custom roles are not evaluated.")
	}
	return append(notes,
		"The bucket's CORS policy is kept and applied to the XML API by the front, as Google documents it.",
		"Soft deletion, the bucket's resource, its encryption and lifecycle are the front's: a Cloud KMS key is kept by name and encrypts nothing, lifecycle rules are kept and never run.",
		"The XML API's multipart uploads are the front's, their parts in memory; its resumable uploads are answered NotImplemented, as is all that the front would have to drop.",
	)
}
