package bucket

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"maps"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// azurePage is the most blobs that Azure lists in one answer.
const azurePage = 5000

func (b *azureBucket) Put(ctx context.Context, key string, body []byte, contentType string) (Info, error) {
	o := &blockblob.UploadOptions{}
	if contentType != "" {
		o.HTTPHeaders = &blob.HTTPHeaders{BlobContentType: &contentType}
	}
	out, err := b.blob(key).Upload(ctx, streaming.NopCloser(bytes.NewReader(body)), o)
	if err != nil {
		return Info{}, b.fail("put blob", err)
	}
	return Info{
		ETag: etag(out.ETag), VersionID: text(out.VersionID), ContentType: contentType, Size: int64(len(body)),
		MD5: base64.StdEncoding.EncodeToString(out.ContentMD5), Encryption: text(out.EncryptionScope), KMSKey: text(out.EncryptionKeySHA256),
	}, nil
}

func (b *azureBucket) Get(ctx context.Context, key string) ([]byte, Info, error) {
	out, err := b.blob(key).DownloadStream(ctx, nil)
	if err != nil {
		return nil, Info{}, b.fail("get blob", err)
	}
	defer out.Body.Close() // the body itself: the SDK's retry reader would ask again when it breaks off
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, Info{}, b.fail("get blob", err)
	}
	return body, Info{
		ETag: etag(out.ETag), VersionID: text(out.VersionID), ContentType: text(out.ContentType), Size: int64(len(body)),
		MD5: base64.StdEncoding.EncodeToString(out.ContentMD5), Encryption: text(out.EncryptionScope), KMSKey: text(out.EncryptionKeySHA256),
	}, nil
}

func (b *azureBucket) Head(ctx context.Context, key string) (Info, error) {
	out, err := b.blob(key).GetProperties(ctx, nil)
	if err != nil {
		return Info{}, b.fail("head blob", err)
	}
	info := Info{
		ETag: etag(out.ETag), VersionID: text(out.VersionID), ContentType: text(out.ContentType),
		MD5: base64.StdEncoding.EncodeToString(out.ContentMD5), Encryption: text(out.EncryptionScope), KMSKey: text(out.EncryptionKeySHA256),
	}
	if out.ContentLength != nil {
		info.Size = *out.ContentLength
	}
	return info, nil
}

func (b *azureBucket) List(ctx context.Context, prefix string, max int) ([]string, error) {
	o := &container.ListBlobsFlatOptions{Prefix: &prefix}
	if max > 0 {
		o.MaxResults = to.Ptr(int32(min(max, azurePage)))
	}
	var keys []string
	for pages := b.container.NewListBlobsFlatPager(o); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.fail("list blobs", err)
		}
		if page.Segment == nil {
			continue
		}
		for _, item := range page.Segment.BlobItems {
			if keys = append(keys, text(item.Name)); max > 0 && len(keys) == max {
				return keys, nil
			}
		}
	}
	return keys, nil
}

// Uncommitted lists blobs below a prefix of which there are only blocks: no blob yet, and none that a plain listing shows.
// Azure removes such blocks by itself after a week (Put Block, remarks).
func (b *azureBucket) Uncommitted(ctx context.Context, prefix string) ([]string, error) {
	o := &container.ListBlobsFlatOptions{Prefix: &prefix, Include: container.ListBlobsInclude{UncommittedBlobs: true}}
	all := map[string]bool{}
	for pages := b.container.NewListBlobsFlatPager(o); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.fail("list uncommitted blobs", err)
		}
		if page.Segment == nil {
			continue
		}
		for _, item := range page.Segment.BlobItems {
			all[text(item.Name)] = true
		}
	}
	committed, err := b.List(ctx, prefix, 0)
	if err != nil {
		return nil, err
	}
	for _, key := range committed {
		delete(all, key)
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// Discard removes the blocks of a blob that was never made: an empty block list makes it, and then it is removed.
func (b *azureBucket) Discard(ctx context.Context, key string) error {
	if _, err := b.container.NewBlockBlobClient(key).CommitBlockList(ctx, []string{}, nil); err != nil {
		return b.fail("discard blocks", err)
	}
	return b.Delete(ctx, key)
}

func (b *azureBucket) Delete(ctx context.Context, key string) error {
	_, err := b.blob(key).Delete(ctx, nil)
	return b.fail("delete blob", err)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func etag(e *azcore.ETag) string {
	if e == nil {
		return ""
	}
	return string(*e)
}
