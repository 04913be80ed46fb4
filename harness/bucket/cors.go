package bucket

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// CORSReader reads the CORS rules that a bucket's owner set.
type CORSReader interface {
	// CORS is the document as the provider writes it: the XML of S3 and of Azure's blob service, where it stands among other
	// properties, and Google's JSON list. An error of KindNotConfigured says that the bucket has none, one of
	// KindNotImplemented that the store can't be asked; nothing is concluded from an answer that is no such document.
	CORS(ctx context.Context) ([]byte, error)
}

func (b *s3Bucket) CORS(ctx context.Context) ([]byte, error) {
	const op = "get bucket CORS"
	var raw []byte
	if _, err := b.client.GetBucketCors(keeping(ctx, &raw), &s3.GetBucketCorsInput{Bucket: &b.name}); err != nil {
		return nil, b.fail(op, err)
	}
	return whole(op, raw, "CORSConfiguration")
}

// whole refuses what is no document of its kind.
func whole(op string, raw []byte, root string) ([]byte, error) {
	if rootOf(raw) != root {
		return nil, &Error{Op: op, Status: http.StatusOK, Kind: KindOther, Message: "the answer is no " + root + " document"}
	}
	return raw, nil
}

func (b *gcsBucket) CORS(ctx context.Context) ([]byte, error) {
	a, err := b.resource(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(a.Cors) == 0:
		return nil, &Error{Op: attributes, Status: http.StatusOK, Kind: KindNotConfigured, Message: "the bucket's resource has no cors"}
	}
	raw, err := json.Marshal(a.Cors)
	if err != nil {
		return nil, b.fail(attributes, err)
	}
	return raw, nil
}

func (b *azureBucket) CORS(ctx context.Context) ([]byte, error) {
	_, document, err := b.properties(ctx)
	return document, err
}
