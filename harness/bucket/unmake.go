package bucket

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Unmaker removes the bucket itself. Amazon, CoreWeave and Google refuse while anything is in it; Azure removes a container
// with all that it holds. It is for buckets that a run had made, and for nothing else: no guard lets it through.
type Unmaker interface {
	Unmake(ctx context.Context) error
}

func (b *s3Bucket) Unmake(ctx context.Context) error {
	_, err := b.client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &b.name})
	return b.fail("delete bucket", err)
}

func (b *gcsBucket) Unmake(ctx context.Context) error {
	return b.fail("delete bucket", b.raw.Buckets.Delete(b.name).Context(ctx).Do())
}

func (b *azureBucket) Unmake(ctx context.Context) error {
	_, err := b.container.Delete(ctx, nil)
	return b.fail("delete container", err)
}
