package bucket

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

// clock tells the time.
type clock = func() time.Time

// Presign makes a service SAS of one blob, by the account key: r for GET and HEAD, cw for PUT, d for DELETE; https only when
// the endpoint is; no start time, since a client's clock may be behind. A SAS binds neither header fields nor query: they
// come along as they were asked for.
func (b *azureBucket) Presign(_ context.Context, r PresignRequest) (*Presigned, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if b.key == nil {
		return nil, &Error{Op: "presign", Kind: KindNotImplemented, Message: "signing needs an account key in the address, or a user delegation key, which is not used"}
	}
	var may sas.BlobPermissions
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		may.Read = true
	case http.MethodPut:
		may.Create, may.Write = true, true
	case http.MethodDelete:
		may.Delete = true
	default:
		return nil, fmt.Errorf("presign: method %q has no permission letter", r.Method)
	}
	values := sas.BlobSignatureValues{
		ExpiryTime:    b.now().UTC().Add(r.Lifetime),
		Permissions:   may.String(),
		ContainerName: b.name,
		BlobName:      r.Key,
	}
	if b.https {
		values.Protocol = sas.ProtocolHTTPS
	}
	signed, err := values.SignWithSharedKey(b.key)
	if err != nil {
		return nil, b.fail("presign", err)
	}
	header := http.Header{}
	for name, v := range r.Header {
		header[http.CanonicalHeaderKey(name)] = v
	}
	if r.Method == http.MethodPut && !r.Query.Has("comp") && header.Get("X-Ms-Blob-Type") == "" {
		header.Set("X-Ms-Blob-Type", "BlockBlob")
	}
	url := b.blob(r.Key).URL() + "?" + signed.Encode()
	if len(r.Query) > 0 {
		url += "&" + r.Query.Encode()
	}
	return &Presigned{Method: r.Method, URL: url, Header: header}, nil
}
