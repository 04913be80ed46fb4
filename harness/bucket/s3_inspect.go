package bucket

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (b *s3Bucket) Location(ctx context.Context) (string, error) {
	const op = "get bucket location"
	var raw []byte
	if _, err := b.client.GetBucketLocation(keeping(ctx, &raw), &s3.GetBucketLocationInput{Bucket: &b.name}); err != nil {
		return "", b.fail(op, err)
	}
	location, err := locationOf(raw)
	if err != nil {
		return "", b.fail(op, err)
	}
	return location, nil
}

func (b *s3Bucket) Exists(ctx context.Context) error {
	_, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name})
	return b.fail("head bucket", err)
}

func (b *s3Bucket) Retention(ctx context.Context) (Retention, error) {
	var r Retention
	versioning, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name})
	switch {
	case err != nil:
		e := b.classified("get bucket versioning", err)
		if !r.unread("versioning", e) {
			return r, e
		}
		if !absent(e) {
			r.Versioning = unknown(e)
		}
	case versioning.Status == types.BucketVersioningStatusEnabled:
		r.Versioning = "on"
	case versioning.Status == types.BucketVersioningStatusSuspended:
		r.Versioning = "suspended"
	default:
		r.Versioning = "off"
	}
	lock, err := b.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &b.name})
	if err != nil {
		if e := b.classified("get object lock configuration", err); !r.unread("object lock", e) {
			return r, e
		}
		return r, nil
	}
	if lock.ObjectLockConfiguration == nil {
		return r, &Error{Op: "get object lock configuration", Status: 200, Kind: KindOther, Message: "the answer is no object lock configuration"}
	}
	if c := lock.ObjectLockConfiguration; c.Rule != nil && c.Rule.DefaultRetention != nil {
		d := c.Rule.DefaultRetention
		length := count(aws.ToInt32(d.Days), "day")
		if d.Years != nil {
			length = count(aws.ToInt32(d.Years), "year")
		}
		r.Lock = fmt.Sprintf("object lock keeps every new version for %s (%s)", length, d.Mode)
	}
	return r, nil
}

// s3Documents are the documents of a bucket and how each is asked for. All are sub-resources that PUT or DELETE could change.
var s3Documents = []struct {
	name string
	read func(*s3Bucket, context.Context) error
}{
	{"policy", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.name})
		return err
	}},
	{"cors", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &b.name})
		return err
	}},
	{"versioning", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name})
		return err
	}},
	{"lifecycle", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &b.name})
		return err
	}},
	{"encryption", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.name})
		return err
	}},
	{"object-lock", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &b.name})
		return err
	}},
	{"acl", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &b.name})
		return err
	}},
	{"ownership", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &b.name})
		return err
	}},
	{"public-access-block", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.name})
		return err
	}},
	{"tagging", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &b.name})
		return err
	}},
	{"notification", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &b.name})
		return err
	}},
	{"replication", func(b *s3Bucket, ctx context.Context) error {
		_, err := b.client.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: &b.name})
		return err
	}},
}

// Configuration returns the documents as the store wrote them: XML, and JSON for the policy.
func (b *s3Bucket) Configuration(ctx context.Context) (map[string]string, error) {
	documents := map[string]string{}
	for _, d := range s3Documents {
		var raw []byte
		err := d.read(b, keeping(ctx, &raw))
		if err == nil {
			if len(raw) > 0 {
				documents[d.name] = string(raw)
			}
			continue
		}
		e := b.classified("get bucket "+d.name, err)
		switch {
		case e.Kind == KindNoSuchBucket || e.Status == 0:
			return nil, e
		case !absent(e):
			documents[d.name] = Unreadable + string(e.Kind)
		}
	}
	return documents, nil
}

func (b *s3Bucket) Versions(ctx context.Context, prefix string) ([]Version, error) {
	var versions []Version
	for pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &prefix}); pages.HasMorePages(); {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.fail("list object versions", err)
		}
		for _, v := range out.Versions {
			versions = append(versions, Version{Key: aws.ToString(v.Key), ID: aws.ToString(v.VersionId), Latest: aws.ToBool(v.IsLatest)})
		}
		for _, m := range out.DeleteMarkers {
			versions = append(versions, Version{Key: aws.ToString(m.Key), ID: aws.ToString(m.VersionId), Latest: aws.ToBool(m.IsLatest), Marker: true})
		}
	}
	return versions, nil
}

func (b *s3Bucket) DeleteVersion(ctx context.Context, key, version string) error {
	in := &s3.DeleteObjectInput{Bucket: &b.name, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	_, err := b.client.DeleteObject(ctx, in)
	return b.fail("delete object version", err)
}
