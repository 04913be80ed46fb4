package bucket

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Presigner makes pre-signed URLs with the provider's own SDK. It sends nothing, unless a default credential chain has to
// fetch credentials first.
type Presigner interface {
	// Presign signs one request. Without a key to sign with the error is of KindNotImplemented.
	Presign(ctx context.Context, r PresignRequest) (*Presigned, error)
}

// PresignRequest is the request that a URL shall allow.
type PresignRequest struct {
	Method string // GET, HEAD, PUT, DELETE; with Google also POST
	Key    string
	// Lifetime counts from now, in whole seconds; it must be positive. Providers' own maxima hold.
	Lifetime time.Duration
	// Header is signed where the scheme can sign headers (S3, Google). Azure's can't: there it only comes back in
	// Presigned.Header.
	Header http.Header
	// Query is signed too, but for Azure: uploadId, partNumber; Azure's comp, blockid.
	Query url.Values
}

// Presigned is a request that was signed.
type Presigned struct {
	Method string
	URL    string // a secret: whoever has it may do what it allows
	// Header is what a client must send beside what its HTTP library adds: the signed headers without Host, and Azure's
	// x-ms-blob-type on a PUT of a whole blob.
	Header http.Header
}

// String leaves out the URL; so do the other forms below.
func (p *Presigned) String() string { return p.Method + " [pre-signed URL]" }

// GoString is for %#v.
func (p *Presigned) GoString() string { return p.String() }

// GomegaString is for the failure messages of Gomega.
func (p *Presigned) GomegaString() string { return p.String() }

// check refuses what no scheme can sign.
func (r PresignRequest) check() error {
	switch {
	case r.Key == "":
		return errors.New("presign: no key")
	case r.Lifetime < time.Second:
		return errors.New("presign: a lifetime below one second")
	}
	return nil
}
