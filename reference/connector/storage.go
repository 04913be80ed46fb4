package connector

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/placement"
	"github.com/bucketproof/bucketproof/reference/signing"
)

// defaultRegion is the region of the credential scope where neither address nor instance names one; it is the one that S3
// itself assumes.
const defaultRegion = "us-east-1"

// storageRecord is a storage as it lies in the database, sealed.
type storageRecord struct {
	// Address is as it was given, or put together from the form's fields; ID and Secret are the credentials in use, from
	// the address, the supported file stores or the deployment's own chain.
	Address string `json:"address"`
	ID      string `json:"id"`
	Secret  string `json:"secret"`
	KMSKey  string `json:"kmsKey,omitempty"`
	// TenantID and ClientID are Azure's.
	TenantID string `json:"tenantID,omitempty"`
	ClientID string `json:"clientID,omitempty"`
	// Edition, OnAWS and AWSRegion are what the address was read with.
	Edition   string `json:"edition"`
	OnAWS     bool   `json:"onAWS,omitempty"`
	AWSRegion string `json:"awsRegion,omitempty"`
}

func (r *storageRecord) options() address.Options {
	return address.Options{Edition: r.Edition, Instance: &address.Instance{OnAWS: r.OnAWS, AWSRegion: r.AWSRegion}}
}

// bucket is a storage in use: where it is, how it is reached, and what signs for it.
type bucket struct {
	placement.Storage
	kmsKey string
	client *http.Client
	sign   func(Mint) (*signing.Signed, error)
}

// buckets are those in use, by name. A storage never changes, so neither does its bucket.
type buckets struct {
	mu     sync.RWMutex
	byName map[string]*bucket
}

func (b *buckets) get(name string) *bucket {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.byName[name]
}

func (b *buckets) put(k *bucket) *bucket {
	b.mu.Lock()
	defer b.mu.Unlock()
	if have := b.byName[k.Name]; have != nil {
		return have
	}
	b.byName[k.Name] = k
	return k
}

func (b *buckets) drop(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byName, name)
}

// open makes a bucket of a record and keeps it under its name.
func (c *Connector) open(name string, record *storageRecord) (*bucket, error) {
	if b := c.buckets.get(name); b != nil {
		return b, nil
	}
	a, err := c.rules.ParseAddress(record.Address, record.options())
	if err != nil {
		return nil, err
	}
	own := *a
	own.Credentials = address.Credentials{ID: record.ID, Secret: address.NewSecret(record.Secret)}
	b := &bucket{Storage: placement.Storage{Name: name, Address: &own}, kmsKey: record.KMSKey}
	if b.sign, err = signerFor(&own); err != nil {
		return nil, err
	}
	if c.http != nil {
		b.client = c.http(&own)
	}
	if b.client == nil {
		b.client = defaultClient(&own)
	}
	return c.buckets.put(b), nil
}

// signerFor makes what signs for a storage, once: deriving and parsing keys is what costs.
func signerFor(a *address.Address) (func(Mint) (*signing.Signed, error), error) {
	if a.Credentials.Secret.IsZero() {
		return nil, noCredentials(a.Provider)
	}
	switch a.Provider {
	case address.GCP:
		return signerGCS(a)
	case address.Azure:
		return signerAzure(a)
	}
	return signerS3(a)
}

func noCredentials(p address.Provider) *problem {
	e := newProblem(http.StatusUnprocessableEntity, kindInvalidStorage, "no credentials for this %s storage: neither its address, nor the supported file stores, nor the instance's own identities have any", p)
	e.Part, e.Fix = "credentials", "give an address with credentials, or the instance an identity of this provider"
	return e
}

func badCredentials(p address.Provider) *problem {
	e := newProblem(http.StatusUnprocessableEntity, kindInvalidStorage, "the credentials of this %s storage can't be used to sign", p)
	e.Part, e.Fix = "credentials", "give the key as the provider hands it out"
	return e
}

// mint makes a URL with the signer of the storage.
func (c *Connector) mint(m Mint) (*signing.Signed, error) {
	if m.Storage == nil {
		return nil, errors.New("mint a URL: no storage")
	}
	b := c.buckets.get(m.Storage.Name)
	if b == nil {
		return nil, fmt.Errorf("mint a URL: the storage %q is not open", m.Storage.Name)
	}
	return b.sign(m)
}

// serviceHost is the endpoint's host[:port], without the bucket.
func serviceHost(a *address.Address) string {
	_, host, _ := strings.Cut(a.ServiceURL(), "://")
	return host
}

func signerS3(a *address.Address) (func(Mint) (*signing.Signed, error), error) {
	region := a.Region
	if region == "" {
		region = defaultRegion
	}
	signer, err := signing.NewS3Signer(a.Credentials.ID, signing.NewSecretKey(a.Credentials.Secret.Reveal(), ""), region)
	if err != nil {
		return nil, badCredentials(a.Provider)
	}
	style := signing.VirtualHosted
	if a.PathStyle {
		style = signing.PathStyle
	}
	host, plain, name := serviceHost(a), !a.TLS, a.Bucket
	return func(m Mint) (*signing.Signed, error) {
		return signer.Sign(signing.Request{Method: m.Method, Host: host, HTTP: plain, Style: style, Bucket: name, Key: m.Key, Header: m.Header,
			Query: m.query(), At: m.At, Lifetime: m.Lifetime})
	}, nil
}

func signerGCS(a *address.Address) (func(Mint) (*signing.Signed, error), error) {
	key, err := signing.ParseRSAKey([]byte(a.Credentials.Secret.Reveal()))
	if err != nil {
		return nil, badCredentials(a.Provider)
	}
	signer, err := signing.NewGCSSigner(a.Credentials.ID, key)
	if err != nil {
		return nil, badCredentials(a.Provider)
	}
	host, name := serviceHost(a), a.Bucket
	return func(m Mint) (*signing.Signed, error) {
		return signer.Sign(signing.Request{Method: m.Method, Host: host, Bucket: name, Key: m.Key, Header: m.Header,
			Query: m.query(), At: m.At, Lifetime: m.Lifetime})
	}, nil
}

// query is what an S3 or GCS URL signs besides: X-User is the requester's name (BYOB-SIGN-009).
func (m *Mint) query() map[string][]string {
	if m.Requester == "" {
		return m.Query
	}
	q := map[string][]string{"X-User": {m.Requester}}
	for name, values := range m.Query {
		q[name] = values
	}
	return q
}

// azurePermissions are the letters of a service SAS; a listing is asked of the container.
var azurePermissions = map[string]string{http.MethodGet: "r", http.MethodHead: "r", http.MethodPut: "cw", http.MethodDelete: "d"}

func signerAzure(a *address.Address) (func(Mint) (*signing.Signed, error), error) {
	key, err := signing.NewAzureKey(a.Credentials.Secret.Reveal())
	if err != nil {
		return nil, badCredentials(a.Provider)
	}
	signer, err := signing.NewAzureSigner(a.Account, key)
	if err != nil {
		return nil, badCredentials(a.Provider)
	}
	host, container := serviceHost(a), a.Bucket
	return func(m Mint) (*signing.Signed, error) {
		letters := azurePermissions[m.Method]
		if m.Key == "" {
			letters = "l"
		}
		if letters == "" {
			return nil, fmt.Errorf("mint an Azure SAS: no permission for the method %q", m.Method)
		}
		signed, err := signer.Sign(signing.AzureRequest{Host: host, Container: container, Blob: m.Key, Permissions: letters,
			Expiry: m.At.Add(m.Lifetime), Protocol: "https", Query: m.Query})
		if err != nil {
			return nil, err
		}
		signed.Method, signed.Header = m.Method, m.Header
		return signed, nil
	}, nil
}

// signingTime is now, in whole seconds.
func (c *Connector) signingTime() time.Time { return c.now().UTC().Truncate(time.Second) }
