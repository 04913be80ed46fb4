package bucket

import (
	"bytes"
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// s3Page is the most keys that S3 lists in one answer.
const s3Page = 1000

func (b *s3Bucket) Put(ctx context.Context, key string, body []byte, contentType string) (Info, error) {
	in := &s3.PutObjectInput{Bucket: &b.name, Key: &key, Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body)))}
	if contentType != "" {
		in.ContentType = &contentType
	}
	out, err := b.client.PutObject(ctx, in)
	if err != nil {
		return Info{}, b.fail("put object", err)
	}
	return Info{
		ETag: aws.ToString(out.ETag), VersionID: aws.ToString(out.VersionId), ContentType: contentType, Size: int64(len(body)),
		Encryption: string(out.ServerSideEncryption), KMSKey: aws.ToString(out.SSEKMSKeyId),
	}, nil
}

func (b *s3Bucket) Get(ctx context.Context, key string) ([]byte, Info, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, Info{}, b.fail("get object", err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, Info{}, b.fail("get object", err)
	}
	return body, Info{
		ETag: aws.ToString(out.ETag), VersionID: aws.ToString(out.VersionId), ContentType: aws.ToString(out.ContentType),
		Size: int64(len(body)), Encryption: string(out.ServerSideEncryption), KMSKey: aws.ToString(out.SSEKMSKeyId),
	}, nil
}

func (b *s3Bucket) Head(ctx context.Context, key string) (Info, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return Info{}, b.fail("head object", err)
	}
	return Info{
		ETag: aws.ToString(out.ETag), VersionID: aws.ToString(out.VersionId), ContentType: aws.ToString(out.ContentType),
		Size: aws.ToInt64(out.ContentLength), Encryption: string(out.ServerSideEncryption), KMSKey: aws.ToString(out.SSEKMSKeyId),
	}, nil
}

func (b *s3Bucket) List(ctx context.Context, prefix string, max int) ([]string, error) {
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix}
	if max > 0 {
		in.MaxKeys = aws.Int32(int32(min(max, s3Page)))
	}
	var keys []string
	for pages := s3.NewListObjectsV2Paginator(b.client, in); pages.HasMorePages(); {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.fail("list objects", err)
		}
		for _, o := range out.Contents {
			if keys = append(keys, aws.ToString(o.Key)); max > 0 && len(keys) == max {
				return keys, nil
			}
		}
	}
	return keys, nil
}

func (b *s3Bucket) Delete(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	return b.fail("delete object", err)
}
