package bucket

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// What azblob's UploadStream does with W&B's settings: that many blocks on the way at once, none smaller than 1 MiB.
const (
	blocksAtOnce = 4
	minBlock     = 1 << 20
)

// Upload sends the requests that azblob's UploadStream would send (v1.8.3, blockblob/chunkwriting.go), by the SDK's own
// operations but not by UploadStream itself: that keeps blocks in memory which it unmaps when the calls have returned, while
// net/http may still be reading a body whose answer came early, and a refused upload then ends the whole process with a
// fault that nothing can recover (Azure/azure-sdk-for-go issue 21555).
func (b *azureBucket) Upload(ctx context.Context, sasURL string, body []byte, blockSize int64) error {
	const op = "upload blocks"
	client, err := blockblob.NewClientWithNoCredential(sasURL, &blockblob.ClientOptions{ClientOptions: azureOptions(b.http)})
	if err != nil {
		return b.fail(op, err)
	}
	size := int(max(blockSize, minBlock))
	if len(body) < size {
		_, err := client.Upload(ctx, streaming.NopCloser(bytes.NewReader(body)), nil)
		return b.fail(op, err)
	}
	prefix := uuid.New()
	var ids []string
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(blocksAtOnce)
	for number := 0; number*size < len(body); number++ {
		id := blockID(prefix, uint32(number))
		ids = append(ids, id)
		block := body[number*size : min((number+1)*size, len(body))]
		group.Go(func() error {
			_, err := client.StageBlock(groupCtx, id, streaming.NopCloser(bytes.NewReader(block)), nil)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return b.fail(op, err)
	}
	_, err = client.CommitBlockList(ctx, ids, nil)
	return b.fail(op, err)
}

// blockID is 64 bytes in base64, as UploadStream's are: all IDs of a blob must have one length.
func blockID(prefix uuid.UUID, number uint32) string {
	var id [64]byte
	copy(id[:], prefix[:])
	binary.BigEndian.PutUint32(id[len(prefix):], number)
	return base64.StdEncoding.EncodeToString(id[:])
}
