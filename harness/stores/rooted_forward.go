package stores

import (
	"context"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// The forwarding half of rooted: a bucket's path goes in, its name comes out. Inputs are copied before they are changed,
// since the gateway goes on using them.

func (r *rooted) PutBucketAcl(ctx context.Context, bucket string, acl []byte) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutBucketAcl(ctx, r.path(bucket), acl))
}

func (r *rooted) DeleteBucket(ctx context.Context, bucket string) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.DeleteBucket(ctx, r.path(bucket)))
}

func (r *rooted) PutBucketPolicy(ctx context.Context, bucket string, policy []byte) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutBucketPolicy(ctx, r.path(bucket), policy))
}

func (r *rooted) GetBucketPolicy(ctx context.Context, bucket string) ([]byte, error) {
	defer r.enter(bucket)()
	v, err := r.posix.GetBucketPolicy(ctx, r.path(bucket))
	return v, r.out(bucket, err)
}

func (r *rooted) DeleteBucketPolicy(ctx context.Context, bucket string) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.DeleteBucketPolicy(ctx, r.path(bucket)))
}

func (r *rooted) PutBucketOwnershipControls(ctx context.Context, bucket string, o types.ObjectOwnership) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutBucketOwnershipControls(ctx, r.path(bucket), o))
}

func (r *rooted) GetBucketOwnershipControls(ctx context.Context, bucket string) (types.ObjectOwnership, error) {
	defer r.enter(bucket)()
	v, err := r.posix.GetBucketOwnershipControls(ctx, r.path(bucket))
	return v, r.out(bucket, err)
}

func (r *rooted) DeleteBucketOwnershipControls(ctx context.Context, bucket string) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.DeleteBucketOwnershipControls(ctx, r.path(bucket)))
}

func (r *rooted) PutBucketCors(ctx context.Context, bucket string, cors []byte) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutBucketCors(ctx, r.path(bucket), cors))
}

func (r *rooted) GetBucketCors(ctx context.Context, bucket string) ([]byte, error) {
	defer r.enter(bucket)()
	v, err := r.posix.GetBucketCors(ctx, r.path(bucket))
	return v, r.out(bucket, err)
}

func (r *rooted) DeleteBucketCors(ctx context.Context, bucket string) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.DeleteBucketCors(ctx, r.path(bucket)))
}

func (r *rooted) GetBucketTagging(ctx context.Context, bucket string) (map[string]string, error) {
	defer r.enter(bucket)()
	v, err := r.posix.GetBucketTagging(ctx, r.path(bucket))
	return v, r.out(bucket, err)
}

func (r *rooted) PutBucketTagging(ctx context.Context, bucket string, tags map[string]string) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutBucketTagging(ctx, r.path(bucket), tags))
}

func (r *rooted) DeleteBucketTagging(ctx context.Context, bucket string) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.DeleteBucketTagging(ctx, r.path(bucket)))
}

func (r *rooted) GetObjectTagging(ctx context.Context, bucket string, object, version string) (map[string]string, error) {
	defer r.enter(bucket)()
	v, err := r.posix.GetObjectTagging(ctx, r.path(bucket), object, version)
	return v, r.out(bucket, err)
}

func (r *rooted) PutObjectTagging(ctx context.Context, bucket string, object, version string, tags map[string]string) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutObjectTagging(ctx, r.path(bucket), object, version, tags))
}

func (r *rooted) DeleteObjectTagging(ctx context.Context, bucket string, object, version string) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.DeleteObjectTagging(ctx, r.path(bucket), object, version))
}

func (r *rooted) PutObjectLockConfiguration(ctx context.Context, bucket string, config []byte) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutObjectLockConfiguration(ctx, r.path(bucket), config))
}

func (r *rooted) GetObjectLockConfiguration(ctx context.Context, bucket string) ([]byte, error) {
	defer r.enter(bucket)()
	v, err := r.posix.GetObjectLockConfiguration(ctx, r.path(bucket))
	return v, r.out(bucket, err)
}

func (r *rooted) PutObjectRetention(ctx context.Context, bucket string, object, version string, retention []byte) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutObjectRetention(ctx, r.path(bucket), object, version, retention))
}

func (r *rooted) GetObjectRetention(ctx context.Context, bucket string, object, version string) ([]byte, error) {
	defer r.enter(bucket)()
	v, err := r.posix.GetObjectRetention(ctx, r.path(bucket), object, version)
	return v, r.out(bucket, err)
}

func (r *rooted) PutObjectLegalHold(ctx context.Context, bucket string, object, version string, status bool) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutObjectLegalHold(ctx, r.path(bucket), object, version, status))
}

func (r *rooted) GetObjectLegalHold(ctx context.Context, bucket string, object, version string) (*bool, error) {
	defer r.enter(bucket)()
	v, err := r.posix.GetObjectLegalHold(ctx, r.path(bucket), object, version)
	return v, r.out(bucket, err)
}

func (r *rooted) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, acl []byte) error {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	return r.out(*in.Bucket, r.posix.CreateBucket(ctx, &c, acl))
}

func (r *rooted) HeadBucket(ctx context.Context, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.HeadBucket(ctx, &c)
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) GetBucketAcl(ctx context.Context, in *s3.GetBucketAclInput) ([]byte, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.GetBucketAcl(ctx, &c)
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Body = whole(in.Body, in.ContentLength)
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.UploadPart(ctx, &c)
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) HeadObject(ctx context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.HeadObject(ctx, &c)
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) GetObject(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.GetObject(ctx, &c)
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) GetObjectAcl(ctx context.Context, in *s3.GetObjectAclInput) (*s3.GetObjectAclOutput, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.GetObjectAcl(ctx, &c)
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) GetObjectAttributes(ctx context.Context, in *s3.GetObjectAttributesInput) (s3response.GetObjectAttributesResponse, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.GetObjectAttributes(ctx, &c)
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.DeleteObject(ctx, &c)
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.DeleteObjects(ctx, &c)
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) AbortMultipartUpload(ctx context.Context, in *s3.AbortMultipartUploadInput) error {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	return r.out(*in.Bucket, r.posix.AbortMultipartUpload(ctx, &c))
}

func (r *rooted) PutObjectAcl(ctx context.Context, in *s3.PutObjectAclInput) error {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	return r.out(*in.Bucket, r.posix.PutObjectAcl(ctx, &c))
}

func (r *rooted) ListMultipartUploads(ctx context.Context, in *s3.ListMultipartUploadsInput) (s3response.ListMultipartUploadsResult, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.ListMultipartUploads(ctx, &c)
	v.Bucket = *in.Bucket
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) ListParts(ctx context.Context, in *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.ListParts(ctx, &c)
	v.Bucket = *in.Bucket
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) ListObjects(ctx context.Context, in *s3.ListObjectsInput) (s3response.ListObjectsResult, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.ListObjects(ctx, &c)
	v.Name = in.Bucket
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.ListObjectsV2(ctx, &c)
	v.Name = in.Bucket
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) ListObjectVersions(ctx context.Context, in *s3.ListObjectVersionsInput) (s3response.ListVersionsResult, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.ListObjectVersions(ctx, &c)
	v.Name = in.Bucket
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	defer r.enter(*in.Bucket)()
	c := *in
	c.Bucket = r.in(in.Bucket)
	v, version, err := r.posix.CompleteMultipartUpload(ctx, &c)
	v.Bucket = in.Bucket
	return v, version, r.out(*in.Bucket, err)
}

func (r *rooted) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	defer r.enter(*in.Bucket)()
	c := in
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.CreateMultipartUpload(ctx, c)
	v.Bucket = *in.Bucket
	return v, r.out(*in.Bucket, err)
}

func (r *rooted) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	defer r.enter(*in.Bucket)()
	c := in
	c.Body = whole(in.Body, in.ContentLength)
	c.Bucket = r.in(in.Bucket)
	v, err := r.posix.PutObject(ctx, c)
	return v, r.out(*in.Bucket, err)
}

// whole makes a body that ends early an error: versitygw stores what has come of an unsigned payload, the way every
// pre-signed upload has it, and answers 200 although the connection broke off.
func whole(body io.Reader, length *int64) io.Reader {
	if body == nil || length == nil {
		return body
	}
	return &wholeBody{body: body, left: *length}
}

type wholeBody struct {
	body io.Reader
	left int64 // bytes still to come
}

func (b *wholeBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if errors.Is(err, io.EOF) && b.left > 0 {
		err = s3err.GetAPIError(s3err.ErrIncompleteBody) // not io.ErrUnexpectedEOF, which posix takes for an end
	}
	return n, err
}
