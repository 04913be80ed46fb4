// Package bucket is one live bucket, spoken to through its provider's own SDK. Every byte goes through the one
// *http.Client that Open is given, which carries guard, evidence, dialer and TLS; SDK retries, redirects, clock
// correction and automatic checksums are off, so that what a caller sees is what the store answered to one request.
// Keys are whole keys: the caller puts the sub-path in front. Every error of a store or of the way to it is an *Error,
// made by the one classifier Classify, and holds no secret: no URL, no key, no token. The package judges nothing.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bucketproof/bucketproof/reference/address"
)

// Options say how a bucket is reached.
type Options struct {
	// HTTP carries all traffic of the bucket and of its credential chain. It must have a Transport of its own: without
	// one nothing would guard the bucket. Open works on a shallow copy that shares the Transport and follows no
	// redirect unless HTTP has a CheckRedirect.
	HTTP *http.Client
	// Endpoint replaces the base URL of the store's service ("https://127.0.0.1:9000"); "" means the address's. For
	// Azure it may have a path, "/account" on an emulator. Google's signatures leave the port out of the host.
	Endpoint string
	// Region replaces the address's region for signing (S3 family); "" means the address's, or us-east-1.
	Region string
	// AWSProfile is the shared configuration profile of the default AWS chain; only for addresses without credentials.
	AWSProfile string
	// GoogleTokenURL is where a service account's key is exchanged for a token, for instance
	// https://oauth2.googleapis.com/token; "" means that the key signs its own tokens and nothing is exchanged. An
	// address holds no key ID, so self-signed tokens carry no kid.
	GoogleTokenURL string
	// Now dates signatures and pre-signed URLs; nil means time.Now. Google's SDK always uses the system's clock.
	Now func() time.Time
}

// Bucket is one live bucket. It is safe for concurrent use.
type Bucket struct {
	Address *address.Address
	Objects
	Presigner
	Inspector
	CORSReader
	Unmaker
	Multipart // nil for Azure, which has none
	Blocks    // nil unless Azure
	Tester    // nil unless Google
	// Identity says in words who the bucket is spoken to as: "the address's access key", "the bucket's owner (default
	// AWS chain)".
	Identity string
}

// String is the bucket's address without credentials.
func (b *Bucket) String() string { return b.Address.Canonical() }

// GoString is for %#v.
func (b *Bucket) GoString() string { return b.String() }

// GomegaString is for the failure messages of Gomega, which looks into unexported fields.
func (b *Bucket) GomegaString() string { return b.String() }

// Open makes a Bucket. It sends nothing: the first request is the first call's. An address without credentials takes
// them from the provider's usual chain when the first request is signed. A key that can't be read is an error that
// doesn't show it.
func Open(ctx context.Context, a *address.Address, o Options) (*Bucket, error) {
	switch {
	case a == nil:
		return nil, errors.New("open bucket: no address")
	case o.HTTP == nil || o.HTTP.Transport == nil:
		return nil, errors.New("open bucket: no HTTP client with a transport of its own: nothing would guard the bucket")
	case a.Bucket == "":
		return nil, errors.New("open bucket: the address names no bucket")
	}
	client := *o.HTTP
	if client.CheckRedirect == nil {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	o.HTTP = &client
	if o.Now == nil {
		o.Now = time.Now
	}
	service, err := serviceURL(a, o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	var b *Bucket
	switch a.Provider {
	case address.AWS, address.CoreWeave, address.S3Compatible:
		b, err = openS3(ctx, a, o, service)
	case address.GCP:
		b, err = openGCS(ctx, a, o, service)
	case address.Azure:
		b, err = openAzure(a, o, service)
	default:
		err = fmt.Errorf("unknown provider %q", a.Provider)
	}
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	b.Address = a
	return b, nil
}

// serviceURL is the store's base URL without a slash at its end. Its errors don't show what could not be read: an
// endpoint may have been written with credentials in it.
func serviceURL(a *address.Address, endpoint string) (*url.URL, error) {
	from := endpoint
	if from == "" {
		from = a.ServiceURL()
	}
	u, err := url.Parse(from)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return nil, errors.New("the endpoint is no http or https URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the endpoint has credentials, a query or a fragment in it")
	}
	for len(u.Path) > 0 && u.Path[len(u.Path)-1] == '/' {
		u.Path = u.Path[:len(u.Path)-1]
	}
	u.RawPath = ""
	return u, nil
}

// The implementations hold credentials deep inside their SDKs' clients.
func (b *s3Bucket) GomegaString() string    { return "S3 bucket " + b.name }
func (b *gcsBucket) GomegaString() string   { return "Google bucket " + b.name }
func (b *azureBucket) GomegaString() string { return "Azure container " + b.name }
