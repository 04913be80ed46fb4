package bucket_test

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/bucketproof/bucketproof/harness/bucket"
)

func liveMultipart(t *testing.T, b *bucket.Bucket, client *http.Client) {
	if b.Multipart == nil {
		t.Skip("Azure has blocks instead")
	}
	ctx, key := t.Context(), livePrefix+"parts a+b"
	parts := [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("the rest")}
	upload := func() (id string, done []bucket.Part) {
		id, err := b.Create(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		for i, body := range parts {
			p, err := b.Presign(ctx, bucket.PresignRequest{Method: "PUT", Key: key, Lifetime: hour,
				Query: url.Values{"uploadId": {id}, "partNumber": {string(rune('1' + i))}}})
			if err != nil {
				t.Fatal(err)
			}
			resp, answer := send(t, client, p, body)
			if resp.StatusCode != 200 || resp.Header.Get("ETag") == "" {
				t.Fatalf("part %d: %d, ETag %q, %v", i+1, resp.StatusCode, resp.Header.Get("ETag"), bucket.ClassifyResponse("put part", resp, answer))
			}
			done = append(done, bucket.Part{Number: int32(i + 1), ETag: resp.Header.Get("ETag")})
		}
		uploads, err := b.Uploads(ctx, livePrefix)
		if err != nil || !slices.ContainsFunc(uploads, func(u bucket.Upload) bool { return u.Key == key && u.ID == id }) {
			t.Errorf("uploads: %+v, %v, want one of %q", uploads, err, key)
		}
		return id, done
	}
	if _, err := b.Create(ctx, key); err != nil {
		t.Fatal(err)
	}
	for _, u := range must(b.Uploads(ctx, livePrefix)) {
		if err := b.Abort(ctx, u.Key, u.ID); err != nil {
			t.Error(err)
		}
	}
	id, _ := upload()
	if err := b.Abort(ctx, key, id); err != nil {
		t.Error(err)
	}
	if uploads, err := b.Uploads(ctx, livePrefix); err != nil || len(uploads) != 0 {
		t.Errorf("after the abort: %+v, %v", uploads, err)
	}
	if _, err := b.Complete(ctx, key, id, []bucket.Part{{Number: 1, ETag: `"00000000000000000000000000000000"`}}); kindOf(err) != bucket.KindNoSuchUpload {
		t.Errorf("complete after the abort: %v, want kind %q", err, bucket.KindNoSuchUpload)
	}
	id, done := upload()
	if _, err := b.Complete(ctx, key, id, done); err != nil {
		t.Fatal(err)
	}
	if got, _, err := b.Get(ctx, key); err != nil || !bytes.Equal(got, bytes.Join(parts, nil)) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if err := b.Delete(ctx, key); err != nil {
		t.Error(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func liveBlocks(t *testing.T, b *bucket.Bucket) {
	if b.Blocks == nil {
		t.Skip("only Azure has blocks")
	}
	ctx, key := t.Context(), livePrefix+"blocks a+b"
	for _, size := range []int{0, 100, 1 << 20, 5<<20 + 3} {
		body := bytes.Repeat([]byte{'b'}, size)
		p, err := b.Presign(ctx, bucket.PresignRequest{Method: "PUT", Key: key, Lifetime: hour})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Upload(ctx, p.URL, body, 4096); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if got, _, err := b.Get(ctx, key); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
	if err := b.Delete(ctx, key); err != nil {
		t.Error(err)
	}
}
