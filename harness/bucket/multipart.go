package bucket

import (
	"context"
	"time"
)

// Multipart are uploads in parts. Parts themselves go through pre-signed URLs: Presign a PUT with uploadId and partNumber.
// Errors are *Error; an upload that isn't there is KindNoSuchUpload.
type Multipart interface {
	Create(ctx context.Context, key string) (uploadID string, err error)
	// Complete joins the parts, which must be in the order of their numbers.
	Complete(ctx context.Context, key, uploadID string, parts []Part) (Info, error)
	// Abort discards an upload and its parts.
	Abort(ctx context.Context, key, uploadID string) error
	// Uploads lists the open uploads of keys that begin with prefix.
	Uploads(ctx context.Context, prefix string) ([]Upload, error)
}

// Part is one uploaded part: its number, from 1 on, and its ETag exactly as the store answered it, quotes included.
type Part struct {
	Number int32
	ETag   string
}

// Upload is an upload that is neither completed nor aborted.
type Upload struct {
	Key, ID   string
	Initiated time.Time // zero when the store didn't say
}

// Blocks uploads an Azure block blob through one SAS URL.
type Blocks interface {
	// Upload sends the requests that W&B's client sends to an Azure URL (wandb core/internal/filetransfer: azblob's
	// UploadStream, four blocks at a time): a body shorter than one block is one Put Blob, any other Put Blocks and a Put
	// Block List. blockSize is in bytes and raised to 1 MiB, as the SDK does. Errors are *Error.
	Upload(ctx context.Context, sasURL string, body []byte, blockSize int64) error
}
