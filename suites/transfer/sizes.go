package transfer

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
)

const (
	// clientPart is the size of the parts that W&B's client makes (wandb core/pkg/artifacts/multipart.go).
	clientPart = 100 << 20
	// azureSingle was long the most for a single Put Blob (Azure Storage REST API, Put Blob).
	azureSingle = 256 << 20
	// readAtOnce is how much is read in one answer.
	readAtOnce = 32 << 20
)

// sizes are where clients change their ways.
func sizes(ctx context.Context, t *run.T, c *client) {
	list := []int{0, 1 << 20, 5 << 20}
	if c.s.Is("azure") {
		list = append(list, azureSingle)
	}
	for i, n := range list {
		key, body := c.s.Key("BYOB-XFER-011", strconv.Itoa(i)), c.content(n)
		c.put(ctx, t, key, body)
		c.whole(ctx, t, fmt.Sprintf("a single PUT of %d bytes", n), key, body)
	}
	if c.s.Is("azure") {
		return
	}
	needMultipart(t, c)
	key := c.s.Key("BYOB-XFER-011", "parts")
	upload, err := c.b.Create(ctx, key)
	t.OK("an upload begins", err)
	body := c.content(2 * clientPart)
	var parts []bucket.Part
	for number := range 2 {
		a := c.part(ctx, t, key, upload, number+1, body[number*clientPart:(number+1)*clientPart])
		t.Equal(fmt.Sprintf("PUT of part %d of 100 MiB", number+1), "200 OK", a.String())
		parts = append(parts, bucket.Part{Number: int32(number + 1), ETag: a.Header.Get("ETag")})
	}
	_, err = c.b.Complete(ctx, key, upload, parts)
	t.OK("the upload is completed", err)
	c.whole(ctx, t, "two parts of 100 MiB", key, body)
}

// whole reads an object back, in ranges where it is larger than what is read at once.
func (c *client) whole(ctx context.Context, t *run.T, what, key string, body []byte) {
	info, err := c.b.Head(ctx, key)
	t.OK("HEAD by the SDK", err)
	t.Equal("the length of "+what, int64(len(body)), info.Size)
	if len(body) <= readAtOnce {
		got := c.get(ctx, t, key, nil)
		t.Equal("GET of "+what, "200 OK", got.String())
		same(t, what, body, got.Body)
		return
	}
	for first := 0; first < len(body); first += readAtOnce {
		last := min(first+readAtOnce, len(body)) - 1
		got := c.get(ctx, t, key, http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", first, last)}})
		if got.Status != http.StatusPartialContent || !bytes.Equal(got.Body, body[first:last+1]) {
			t.Fail(fmt.Sprintf("bytes %d-%d of %s as they were written", first, last, what), got.String()+", "+difference(body[first:last+1], got.Body))
		}
	}
	t.Observe("all bytes of %s are read back in ranges of %d MiB", what, readAtOnce>>20)
}
