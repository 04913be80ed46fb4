package bucket

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Presign signs with the SDK's own presigner: its operation for the method, and UploadPart for a PUT with uploadId. The URL
// carries the SDK's x-id. Header fields that the SDK may hoist (x-amz-*) move into the URL.
func (b *s3Bucket) Presign(ctx context.Context, r PresignRequest) (*Presigned, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	query := maps.Clone(r.Query)
	options := func(po *s3.PresignOptions) {
		po.Expires = r.Lifetime
		po.ClientOptions = append(po.ClientOptions, func(so *s3.Options) {
			so.APIOptions = append(so.APIOptions, func(stack *middleware.Stack) error {
				return stack.Build.Add(middleware.BuildMiddlewareFunc("AsAsked", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
					if req, ok := in.Request.(*smithyhttp.Request); ok {
						for name, values := range r.Header {
							req.Header[http.CanonicalHeaderKey(name)] = values
						}
						q := req.URL.Query()
						for name, values := range query {
							q[name] = values
						}
						req.URL.RawQuery = q.Encode()
					}
					return next.HandleBuild(ctx, in)
				}), middleware.After)
			})
		})
	}
	var signed *v4.PresignedHTTPRequest
	var err error
	switch {
	case r.Method == http.MethodGet:
		signed, err = b.presign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &r.Key}, options)
	case r.Method == http.MethodHead:
		signed, err = b.presign.PresignHeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &r.Key}, options)
	case r.Method == http.MethodDelete:
		signed, err = b.presign.PresignDeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &r.Key}, options)
	case r.Method == http.MethodPut && query.Has("uploadId"):
		number, numErr := strconv.ParseInt(query.Get("partNumber"), 10, 32)
		if numErr != nil {
			return nil, errors.New("presign: an uploadId without a partNumber that is a number")
		}
		signed, err = b.presign.PresignUploadPart(ctx, &s3.UploadPartInput{
			Bucket: &b.name, Key: &r.Key, UploadId: aws.String(query.Get("uploadId")), PartNumber: aws.Int32(int32(number)),
		}, options)
	case r.Method == http.MethodPut:
		signed, err = b.presign.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &r.Key}, options)
	default:
		return nil, fmt.Errorf("presign: method %q is none that S3's SDK signs", r.Method)
	}
	if err != nil {
		return nil, b.fail("presign", err)
	}
	header := signed.SignedHeader.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Del("Host")
	return &Presigned{Method: signed.Method, URL: signed.URL, Header: header}, nil
}
