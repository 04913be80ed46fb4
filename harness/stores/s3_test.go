package stores_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/harness/stores"
)

var s3Providers = []string{stores.AWS, stores.CoreWeave, stores.S3Compatible}

// oddKeys are names that a careless proxy, router or listing changes.
var oddKeys = []string{
	"plain.txt", "a b/c d", "50%", "%2F", "a+b", "==", "a#b?c&d=e", "ünïcödé/日本語/🪣", "a;b,c:d@e", "tilde~_-.!*'()", "\"quoted\"", "back\\slash",
	"trailing.", strings.Repeat("0123456789abcde/", 63) + "0123456789abcdef", // 1,024 bytes
}

func sumOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func TestTheSDKMovesObjectsWithOddNames(t *testing.T) {
	h := newHost(t)
	for _, provider := range s3Providers {
		t.Run(provider, func(t *testing.T) {
			b := provision(t, h, provider, stores.Setup{})
			c, bucket := s3Client(t, b)
			ctx, want := t.Context(), map[string]string{}
			for _, key := range oddKeys {
				body := []byte("content of " + key)
				if _, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
					t.Errorf("put %q: %v", key, err)
					continue
				}
				want[key] = sumOf(body)
				o, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
				if err != nil {
					t.Errorf("get %q: %v", key, err)
					continue
				}
				got, _ := io.ReadAll(o.Body)
				o.Body.Close()
				if !bytes.Equal(got, body) {
					t.Errorf("get %q: got %q, want %q", key, got, body)
				}
			}
			if diff := cmp.Diff(want, inventory(t, b)); diff != "" {
				t.Errorf("inventory (-want +got):\n%s", diff)
			}
			l, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
			if err != nil {
				t.Fatal(err)
			}
			var listed []string
			for _, o := range l.Contents {
				listed = append(listed, *o.Key)
			}
			if want := slices.Sorted(maps.Keys(want)); !slices.Equal(slices.Sorted(slices.Values(listed)), want) {
				t.Errorf("listing: got %q, want %q", listed, want)
			}
		})
	}
}

func TestTheUserMayDoTheElevenActionsAndNothingElse(t *testing.T) {
	b := provision(t, newHost(t), stores.AWS, stores.Setup{Versioning: true})
	c, bucket := s3Client(t, b)
	ctx, key := t.Context(), "a/key"
	put, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")})
	if err != nil {
		t.Fatal(err)
	}
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	calls := []struct {
		name string
		call func() error
		want string // error code, "" is success
	}{
		{"get", func() error { _, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key}); return err }, ""},
		{"get a version", func() error {
			_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, VersionId: put.VersionId})
			return err
		}, ""},
		{"list", func() error { _, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket}); return err }, ""},
		{"list versions", func() error {
			_, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket})
			return err
		}, ""},
		{"list uploads", func() error {
			_, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket})
			return err
		}, ""},
		{"abort", func() error {
			_, err := c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId})
			return err
		}, ""},
		{"location", func() error {
			_, err := c.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &bucket})
			return err
		}, ""},
		{"versioning", func() error {
			_, err := c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
			return err
		}, ""},
		{"cors", func() error { _, err := c.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &bucket}); return err }, ""},
		{"delete", func() error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
			return err
		}, ""},
		{"encryption, which versitygw hasn't got", func() error {
			_, err := c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &bucket})
			return err
		}, "NotImplemented"},
		{"delete a version", func() error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, VersionId: put.VersionId})
			return err
		}, "AccessDenied"},
		{"read the policy", func() error { _, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket}); return err }, "AccessDenied"},
		{"write the policy", func() error {
			_, err := c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String("{}")})
			return err
		}, "AccessDenied"},
		{"change CORS", func() error {
			_, err := c.DeleteBucketCors(ctx, &s3.DeleteBucketCorsInput{Bucket: &bucket})
			return err
		}, "AccessDenied"},
		{"change versioning", func() error {
			_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &bucket,
				VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}})
			return err
		}, "AccessDenied"},
		{"tag", func() error {
			_, err := c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &bucket, Key: &key, Tagging: &types.Tagging{TagSet: []types.Tag{}}})
			return err
		}, "AccessDenied"},
		{"list parts", func() error {
			_, err := c.ListParts(ctx, &s3.ListPartsInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId})
			return err
		}, "AccessDenied"},
		{"remove the bucket", func() error { _, err := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}); return err }, "AccessDenied"},
		{"make a bucket", func() error {
			_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("another-bucket")})
			return err
		}, "AccessDenied"},
	}
	for _, call := range calls {
		t.Run(call.name, func(t *testing.T) {
			if got := codeOf(call.call()); got != call.want {
				t.Errorf("got %q, want %q", got, call.want)
			}
		})
	}
}

func TestTheUserReachesNoOtherBucket(t *testing.T) {
	h := newHost(t)
	mine, other := provision(t, h, stores.AWS, stores.Setup{}), provision(t, h, stores.AWS, stores.Setup{})
	c, _ := s3Client(t, mine)
	bucket := read(t, other).bucket
	_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	if got := codeOf(err); got != "AccessDenied" {
		t.Errorf("listing another bucket: got %q, want AccessDenied", got)
	}
	l, err := c.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err == nil && len(l.Buckets) > 0 {
		t.Errorf("listing buckets shows %d; the user owns none", len(l.Buckets))
	}
}

func TestMultipartUploadsAndVersionsShowInTheInventory(t *testing.T) {
	b := provision(t, newHost(t), stores.CoreWeave, stores.Setup{Versioning: true, Path: "sub/path"})
	c, bucket := s3Client(t, b)
	ctx, key := context.Background(), "v"
	var versions []string
	for _, body := range []string{"one", "two"} {
		o, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, aws.ToString(o.VersionId))
	}
	marker, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: aws.String("dir/open")})
	if err != nil {
		t.Fatal(err)
	}
	if *up.Bucket != bucket {
		t.Errorf("CreateMultipartUpload names the bucket %q, want %q", *up.Bucket, bucket)
	}
	if err := b.Put(ctx, "decoy", []byte("d")); err != nil {
		t.Fatal(err)
	}
	got := inventory(t, b)
	for name, want := range map[string]string{
		"v@" + versions[0]: sumOf([]byte("one")), "v@" + versions[1]: sumOf([]byte("two")),
		"v@" + aws.ToString(marker.VersionId): "delete marker", "upload:dir/open": *up.UploadId,
	} {
		if got[name] != want {
			t.Errorf("inventory[%q]: got %q, want %q", name, got[name], want)
		}
	}
	if len(got) != 5 {
		t.Errorf("inventory has %d entries, want 5: %v", len(got), got)
	}
	if a := read(t, b); a.Path != "/"+bucket+"/sub/path" {
		t.Errorf("the address's path: got %q, want the bucket and sub/path", a.Path)
	}
}

func TestAMultipartUploadIsPutTogether(t *testing.T) {
	b := provision(t, newHost(t), stores.S3Compatible, stores.Setup{})
	c, bucket := s3Client(t, b)
	ctx, key := t.Context(), "big"
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	whole := bytes.Repeat([]byte("bucket"), 1<<20) // 6 MiB
	var done []types.CompletedPart
	for i, part := range [][]byte{whole[:5<<20], whole[5<<20:]} {
		n := int32(i + 1)
		o, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId, PartNumber: &n, Body: bytes.NewReader(part)})
		if err != nil {
			t.Fatal(err)
		}
		done = append(done, types.CompletedPart{PartNumber: &n, ETag: o.ETag})
	}
	o, err := c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done}})
	if err != nil {
		t.Fatal(err)
	}
	if *o.Bucket != bucket || !strings.HasSuffix(*o.ETag, `-2"`) {
		t.Errorf("completed: got bucket %q, ETag %s; want %q and an ETag of two parts", *o.Bucket, *o.ETag, bucket)
	}
	if diff := cmp.Diff(map[string]string{key: sumOf(whole)}, inventory(t, b)); diff != "" {
		t.Errorf("inventory (-want +got):\n%s", diff)
	}
}

func TestConfigurationHoldsTheDocuments(t *testing.T) {
	h := newHost(t)
	for _, provider := range s3Providers {
		t.Run(provider, func(t *testing.T) {
			b := provision(t, h, provider, stores.Setup{Retention: true})
			got, err := b.Configuration(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for name, part := range map[string]string{
				"policy": `"s3:ListBucketMultipartUploads"`, "cors": "<ExposeHeader>ETag</ExposeHeader>", "versioning": "<Status>Enabled</Status>",
				"object-lock": "<Mode>GOVERNANCE</Mode>", "location": "LocationConstraint",
			} {
				if !strings.Contains(got[name], part) {
					t.Errorf("%s: got %q, want %q in it", name, got[name], part)
				}
			}
			again, err := b.Configuration(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("read twice (-first +second):\n%s", diff)
			}
			if isCW := strings.Contains(got["policy"], `"CW"`); isCW != (provider == stores.CoreWeave) {
				t.Errorf("a policy with CoreWeave's principals: %t", isCW)
			}
		})
	}
}

func TestDefaultRetentionHoldsObjectsUntilTheBucketIsClosed(t *testing.T) {
	b := provision(t, newHost(t), stores.AWS, stores.Setup{Retention: true})
	c, bucket := s3Client(t, b)
	key := "held"
	if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	if got := len(inventory(t, b)); got != 1 {
		t.Errorf("inventory has %d entries, want the one held object", got)
	}
	if err := b.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestCoreWeavesPolicyIsForItsOwnersAlone(t *testing.T) {
	b := provision(t, newHost(t), stores.CoreWeave, stores.Setup{})
	c, bucket := s3Client(t, b)
	_, err := c.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &bucket})
	if got := codeOf(err); got != "AccessDenied" {
		t.Errorf("W&B's key reads the policy: got %q, want AccessDenied", got)
	}
	resp, err := client(t, b, nil).Get(read(t, b).objectURL("") + "?policy")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("nobody reads the policy: got %d, want 403", resp.StatusCode)
	}
}

func TestASignedTrailerAndAPreSignedUploadAreTaken(t *testing.T) {
	h := newHost(t)
	for _, provider := range s3Providers {
		t.Run(provider, func(t *testing.T) {
			b := provision(t, h, provider, stores.Setup{})
			c, bucket := s3Client(t, b)
			key, body := "k", bytes.Repeat([]byte("0123456789"), 20_000)
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), ChecksumAlgorithm: types.ChecksumAlgorithmSha256},
				func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported })
			if err != nil {
				t.Errorf("put with a checksum in the trailer: %v", err)
			}
			p, err := s3.NewPresignClient(c).PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("a b+c/%")})
			if err != nil {
				t.Fatal(err)
			}
			plain := client(t, b, nil)
			if resp, got := ask(t, plain, http.MethodPut, p.URL, "", bytes.NewReader(body)); resp.StatusCode != 200 {
				t.Errorf("pre-signed PUT: got %d %s", resp.StatusCode, got)
			}
			if resp, got := ask(t, plain, http.MethodPut, p.URL+"&x=1", "", bytes.NewReader(body)); resp.StatusCode != 403 || !strings.Contains(got, "SignatureDoesNotMatch") {
				t.Errorf("pre-signed PUT with one more parameter: got %d %s", resp.StatusCode, got)
			}
			if diff := cmp.Diff(map[string]string{key: sumOf(body), "a b+c/%": sumOf(body)}, inventory(t, b)); diff != "" {
				t.Errorf("inventory (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPreSignedUploadThatBreaksOffStoresNothing(t *testing.T) {
	h := newHost(t)
	for _, provider := range []string{stores.AWS, stores.GCP} {
		t.Run(provider, func(t *testing.T) {
			b := provision(t, h, provider, stores.Setup{})
			var target string
			if provider == stores.GCP {
				target = signedURL(t, b, http.MethodPut, "half")
			} else {
				c, bucket := s3Client(t, b)
				p, err := s3.NewPresignClient(c).PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("half")})
				if err != nil {
					t.Fatal(err)
				}
				target = p.URL
			}
			half := io.MultiReader(strings.NewReader(strings.Repeat("x", 40_000)), brokenReader{})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, target, half)
			if err != nil {
				t.Fatal(err)
			}
			r.ContentLength = 100_000
			if resp, err := client(t, b, nil).Do(r); err == nil {
				resp.Body.Close()
				t.Errorf("got %d, want that the request fails", resp.StatusCode)
			}
			for range 20 { // the store has up to 200 ms to do the wrong thing
				if got := inventory(t, b); len(got) > 0 {
					t.Fatalf("stored: %v", got)
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

// brokenReader fails, as a file that has gone does.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
