package bucket

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
)

// gcsPage is the most objects that Google lists in one answer.
const gcsPage = 1000

func (b *gcsBucket) Put(ctx context.Context, key string, body []byte, contentType string) (Info, error) {
	w := b.handle.Object(key).NewWriter(ctx)
	w.ChunkSize = 0 // one request, nothing resumable
	w.DisableAutoChecksum = true
	w.ContentType = contentType
	_, writeErr := w.Write(body)
	if err := w.Close(); err != nil { // says more than writeErr, which is often only a closed pipe
		return Info{}, b.fail("put object", err)
	}
	if writeErr != nil {
		return Info{}, b.fail("put object", writeErr)
	}
	return gcsInfo(w.Attrs()), nil
}

// Get goes through the SDK's lower layer: the SDK's reader asks again by itself when a body breaks off, whatever its retry
// policy.
func (b *gcsBucket) Get(ctx context.Context, key string) ([]byte, Info, error) {
	resp, err := b.raw.Objects.Get(b.name, key).Context(ctx).Download()
	if err != nil {
		return nil, Info{}, b.fail("get object", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, Info{}, b.fail("get object", err)
	}
	info := Info{
		ETag: resp.Header.Get("ETag"), ContentType: resp.Header.Get("Content-Type"),
		VersionID: resp.Header.Get("X-Goog-Generation"), Size: int64(len(body)),
	}
	for _, line := range resp.Header.Values("X-Goog-Hash") {
		for hash := range strings.SplitSeq(line, ",") {
			if md5, ok := strings.CutPrefix(strings.TrimSpace(hash), "md5="); ok {
				info.MD5 = md5
			}
		}
	}
	return body, info, nil
}

func (b *gcsBucket) Head(ctx context.Context, key string) (Info, error) {
	attrs, err := b.handle.Object(key).Attrs(ctx)
	if err != nil {
		return Info{}, b.fail("head object", err)
	}
	return gcsInfo(attrs), nil
}

func gcsInfo(a *storage.ObjectAttrs) Info {
	info := Info{ETag: a.Etag, ContentType: a.ContentType, VersionID: strconv.FormatInt(a.Generation, 10), Size: a.Size, KMSKey: a.KMSKeyName}
	if len(a.MD5) > 0 {
		info.MD5 = base64.StdEncoding.EncodeToString(a.MD5)
	}
	return info
}

func (b *gcsBucket) List(ctx context.Context, prefix string, max int) ([]string, error) {
	it := b.handle.Objects(ctx, &storage.Query{Prefix: prefix, Projection: storage.ProjectionNoACL})
	if max > 0 {
		it.PageInfo().MaxSize = min(max, gcsPage)
	}
	var keys []string
	for max <= 0 || len(keys) < max {
		o, err := it.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return nil, b.fail("list objects", err)
		}
		keys = append(keys, o.Name)
	}
	return keys, nil
}

func (b *gcsBucket) Delete(ctx context.Context, key string) error {
	return b.fail("delete object", b.handle.Object(key).Delete(ctx))
}
