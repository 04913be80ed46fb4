package load

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
)

// digestRate is how many bytes a second are digested at the least, on one slow processor: for the bound in time.
const digestRate = 200e6

// described adds to a URL the fields by which W&B's client describes what it uploads to S3 and Google Cloud Storage: Content-MD5,
// and the Content-Type that the server said (wandb core, filetransfer and artifact saver, multipart). Its Azure uploads go by
// azblob's blocks, which carry neither. They are not signed, for the server doesn't know the content. Digesting costs processor
// time, and so is done before the clock starts or not at all.
func (c *Client) described(ctx context.Context, u URL, j *Job, offset, length int64) (URL, error) {
	if c.Multipart == nil || c.Late {
		return u, nil
	}
	sum := md5.New()
	content := &body{d: c.Data, number: j.Number, offset: offset, left: length}
	for content.left > 0 {
		if err := ctx.Err(); err != nil {
			return u, err
		}
		_, _ = io.CopyN(sum, content, min(content.left, 16<<20)) // neither fails: both are in memory
	}
	header := u.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Md5", base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	header.Set("Content-Type", "application/octet-stream")
	return URL{URL: u.URL, Header: header}, nil
}
