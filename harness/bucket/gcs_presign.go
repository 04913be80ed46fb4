package bucket

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloud.google.com/go/storage"
)

// Presign signs with the SDK's V4 scheme, path style. The SDK signs the host without a port and at the system's clock.
func (b *gcsBucket) Presign(_ context.Context, r PresignRequest) (*Presigned, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return b.sign(r)
}

// sign also signs requests to the bucket itself, whose key is "".
func (b *gcsBucket) sign(r PresignRequest) (*Presigned, error) {
	if b.signer == nil {
		return nil, &Error{Op: "presign", Kind: KindNotImplemented, Message: "signing needs a service account's key in the address, or the signBlob API, which is not used"}
	}
	header := http.Header{}
	o := &storage.SignedURLOptions{
		Scheme:          storage.SigningSchemeV4,
		Style:           storage.PathStyle(),
		Hostname:        b.base.Host, // or STORAGE_EMULATOR_HOST would decide
		Insecure:        b.base.Scheme == "http",
		GoogleAccessID:  b.signer.email,
		SignBytes:       b.signer.sign,
		Method:          r.Method,
		QueryParameters: r.Query,
		// the SDK counts whole seconds from a moment later than this one: without the half the URL would be a second short
		Expires: time.Now().Add(r.Lifetime.Truncate(time.Second) + time.Second/2),
	}
	for name, values := range r.Header {
		name = http.CanonicalHeaderKey(name)
		header[name] = values
		value := strings.Join(values, ",")
		switch name {
		case "Content-Type":
			o.ContentType = value
		case "Content-Md5":
			o.MD5 = value
		default:
			o.Headers = append(o.Headers, name+":"+value)
		}
	}
	signed, err := storage.SignedURL(b.name, r.Key, o)
	if err != nil {
		return nil, b.fail("presign", errors.New(clean(err.Error())))
	}
	return &Presigned{Method: strings.ToUpper(r.Method), URL: signed, Header: header}, nil
}

// bucketURL is the XML API's URL of a bucket or of an object in it.
func (b *gcsBucket) bucketURL(key string, query url.Values) string {
	u := *b.base
	u.Path = "/" + b.name
	u.RawPath = "/" + url.PathEscape(b.name)
	if key != "" {
		u.Path += "/" + key
		segments := strings.Split(key, "/")
		for i := range segments {
			segments[i] = url.PathEscape(segments[i])
		}
		u.RawPath += "/" + strings.Join(segments, "/")
	}
	u.RawQuery = query.Encode()
	return u.String()
}
