package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"
	raw "google.golang.org/api/storage/v1"

	"github.com/bucketproof/bucketproof/reference/address"
)

// gcsBucket speaks Google's JSON API through the SDK, and its XML API for uploads in parts, which the SDK hasn't got.
type gcsBucket struct {
	reporter
	name   string
	client *storage.Client
	raw    *raw.Service // the SDK's own lower layer, where the SDK would try again by itself or drop fields
	handle *storage.BucketHandle
	signer *googleSigner // nil without a key in the address
	plain  *http.Client  // sends pre-signed requests as they are
	authed *http.Client  // adds a token
	base   *url.URL      // the service, no path
}

func openGCS(ctx context.Context, a *address.Address, o Options, service *url.URL) (*Bucket, error) {
	if service.Path != "" {
		return nil, errors.New("a Google endpoint has no path")
	}
	token, signer, identity, err := googleCredentials(ctx, a, o)
	if err != nil {
		return nil, err
	}
	authed := *o.HTTP
	authed.Transport = &googleTransport{base: o.HTTP.Transport, token: token}
	// The endpoint is named, or STORAGE_EMULATOR_HOST would decide; without WithoutAuthentication the SDK would go and
	// look for default credentials although it has a client.
	with := []option.ClientOption{option.WithHTTPClient(&authed), option.WithEndpoint(service.String() + "/storage/v1/"), option.WithoutAuthentication()}
	client, err := storage.NewClient(ctx, append(with, storage.WithDisabledClientMetrics(), storage.WithJSONReads())...)
	if err != nil {
		return nil, fmt.Errorf("make Google's client: %s", clean(err.Error()))
	}
	client.SetRetry(storage.WithPolicy(storage.RetryNever))
	lower, err := raw.NewService(ctx, with...)
	if err != nil {
		return nil, fmt.Errorf("make Google's client: %s", clean(err.Error()))
	}
	b := &gcsBucket{
		reporter: newReporter(a.Credentials),
		name:     a.Bucket,
		client:   client,
		raw:      lower,
		handle:   client.Bucket(a.Bucket),
		signer:   signer,
		plain:    o.HTTP,
		authed:   &authed,
		base:     service,
	}
	return &Bucket{Objects: b, Presigner: b, Inspector: b, CORSReader: b, Unmaker: b, Multipart: b, Tester: b, Identity: identity}, nil
}

// googleTransport adds the token. It also gives the SDK's one-request uploads, which come from a pipe, their length: a
// store may refuse a body of unknown length, and a guard must.
type googleTransport struct {
	base  http.RoundTripper
	token tokenSource
}

func (t *googleTransport) RoundTrip(in *http.Request) (*http.Response, error) {
	token, err := t.token(in.Context())
	if err != nil {
		if in.Body != nil {
			_ = in.Body.Close()
		}
		return nil, &chainError{err}
	}
	req := in.Clone(in.Context())
	token.SetAuthHeader(req)
	if req.Body != nil && req.Body != http.NoBody && req.ContentLength <= 0 { // to net/http a 0 beside a body means unknown, too
		body, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("read body: %w", err)
		}
		req.Body, req.ContentLength, req.GetBody, req.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil, nil
	}
	return t.base.RoundTrip(req)
}
