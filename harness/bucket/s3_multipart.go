package bucket

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bucketproof/bucketproof/reference/address"
)

func (b *s3Bucket) Create(ctx context.Context, key string) (string, error) {
	out, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return "", b.fail("create multipart upload", err)
	}
	return aws.ToString(out.UploadId), nil
}

func (b *s3Bucket) Complete(ctx context.Context, key, uploadID string, parts []Part) (Info, error) {
	list := make([]types.CompletedPart, len(parts))
	for i := range parts {
		list[i] = types.CompletedPart{PartNumber: aws.Int32(parts[i].Number), ETag: aws.String(parts[i].ETag)}
	}
	out, err := b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &key, UploadId: &uploadID, MultipartUpload: &types.CompletedMultipartUpload{Parts: list},
	})
	if err != nil {
		return Info{}, b.fail("complete multipart upload", err)
	}
	return Info{
		ETag: aws.ToString(out.ETag), VersionID: aws.ToString(out.VersionId),
		Encryption: string(out.ServerSideEncryption), KMSKey: aws.ToString(out.SSEKMSKeyId),
	}, nil
}

func (b *s3Bucket) Abort(ctx context.Context, key, uploadID string) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &uploadID})
	return b.fail("abort multipart upload", err)
}

// Uploads asks with the prefix; on s3-compatible stores it also asks without one and picks what begins with it, since MinIO
// takes the prefix of this one listing for an exact key.
func (b *s3Bucket) Uploads(ctx context.Context, prefix string) ([]Upload, error) {
	asked := []string{prefix}
	if b.provider == address.S3Compatible && prefix != "" {
		asked = append(asked, "")
	}
	var uploads []Upload
	seen := map[[2]string]bool{}
	for _, p := range asked {
		in := &s3.ListMultipartUploadsInput{Bucket: &b.name}
		if p != "" {
			in.Prefix = &p
		}
		for pages := s3.NewListMultipartUploadsPaginator(b.client, in); pages.HasMorePages(); {
			out, err := pages.NextPage(ctx)
			if err != nil {
				return nil, b.fail("list multipart uploads", err)
			}
			for _, u := range out.Uploads {
				id := [2]string{aws.ToString(u.Key), aws.ToString(u.UploadId)}
				if strings.HasPrefix(id[0], prefix) && !seen[id] {
					seen[id] = true
					uploads = append(uploads, Upload{Key: id[0], ID: id[1], Initiated: aws.ToTime(u.Initiated)})
				}
			}
		}
	}
	return uploads, nil
}
