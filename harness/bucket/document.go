package bucket

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The documents that Document reads: by the name of the flag that gives each to "bucketproof review", and the default
// encryption.
const (
	DocumentPolicy     = "policy"     // S3: GetBucketPolicy
	DocumentCORS       = "cors"       // S3: GetBucketCors; Google: the bucket's resource
	DocumentLifecycle  = "lifecycle"  // S3: GetBucketLifecycleConfiguration; Google: the bucket's resource
	DocumentVersioning = "versioning" // S3: GetBucketVersioning; Google: the bucket's resource; Azure: the blob service's properties
	DocumentEncryption = "encryption" // S3: GetBucketEncryption
	DocumentRoles      = "roles"      // Google: the bucket's IAM policy

	// DocumentAccount is never read, since it takes Azure's management API: it is given.
	DocumentAccount = "account-properties"
)

// Tester asks a store what its caller may do.
type Tester interface {
	// TestPermissions returns those of some permissions that the caller has on the bucket (Cloud Storage JSON API,
	// buckets.testIamPermissions).
	TestPermissions(ctx context.Context, permissions []string) ([]string, error)
}

// noDocument says that a provider has no such document for a bucket's user.
func noDocument(name string) error {
	return &Error{Op: "read " + name, Kind: KindNotImplemented, Message: "this provider gives no such document to a bucket's user"}
}

func (b *s3Bucket) Document(ctx context.Context, name string) (string, error) {
	var out any
	var err error
	switch name {
	case DocumentPolicy:
		got, e := b.client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &b.name})
		if e != nil {
			return "", b.fail("get bucket policy", e)
		}
		return aws.ToString(got.Policy), nil
	case DocumentCORS:
		got, e := b.client.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &b.name})
		if err = e; e == nil {
			out = map[string]any{"CORSRules": got.CORSRules}
		}
	case DocumentLifecycle:
		got, e := b.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &b.name})
		if err = e; e == nil {
			out = map[string]any{"Rules": got.Rules}
		}
	case DocumentVersioning:
		got, e := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name})
		if err = e; e == nil {
			out = map[string]any{"Status": got.Status}
		}
	case DocumentEncryption:
		got, e := b.client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b.name})
		if err = e; e == nil {
			out = got.ServerSideEncryptionConfiguration
		}
	default:
		return "", noDocument(name)
	}
	if err != nil {
		return "", b.fail("get bucket "+name, err)
	}
	return printed(out)
}

func (b *s3Bucket) Attributes(ctx context.Context, key string) error {
	got, err := b.client.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: &b.name, Key: &key,
		ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesEtag, types.ObjectAttributesObjectSize}})
	if err == nil && got.ETag == nil && got.ObjectSize == nil { // the root's name differs from store to store
		err = &notDocumentError{status: http.StatusOK, root: "GetObjectAttributesResponse"}
	}
	return b.fail("get object attributes", err)
}

func (b *gcsBucket) Attributes(context.Context, string) error { return noDocument("object attributes") }
func (b *azureBucket) Attributes(context.Context, string) error {
	return noDocument("object attributes")
}

func (b *gcsBucket) Document(ctx context.Context, name string) (string, error) {
	switch name {
	case DocumentCORS, DocumentLifecycle, DocumentVersioning:
		got, err := b.resource(ctx)
		if err != nil {
			return "", err
		}
		return printed(got)
	case DocumentRoles:
		got, err := b.raw.Buckets.GetIamPolicy(b.name).OptionsRequestedPolicyVersion(3).Context(ctx).Do()
		if err != nil {
			return "", b.fail("get bucket policy", err)
		}
		if got.Etag == "" {
			return "", &Error{Op: "get bucket policy", Status: http.StatusOK, Kind: KindOther, Message: "the answer is no IAM policy with an etag"}
		}
		return printed(got)
	}
	return "", noDocument(name)
}

func (b *gcsBucket) TestPermissions(ctx context.Context, permissions []string) ([]string, error) {
	got, err := b.raw.Buckets.TestIamPermissions(b.name, permissions).Context(ctx).Do()
	if err != nil {
		return nil, b.fail("test permissions", err)
	}
	return got.Permissions, nil
}

func (b *azureBucket) Document(ctx context.Context, name string) (string, error) {
	if name != DocumentVersioning {
		return "", noDocument(name)
	}
	got, _, err := b.properties(ctx)
	if err != nil {
		return "", err
	}
	return printed(map[string]any{"deleteRetentionPolicy": map[string]any{"enabled": got.DeleteRetentionPolicy != nil && yes(got.DeleteRetentionPolicy.Enabled)}})
}

// printed is JSON without what isn't set: SDKs write null there, and the providers' tools leave it out.
func printed(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write document: %w", err)
	}
	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil {
		return "", fmt.Errorf("write document: %w", err)
	}
	out, err := json.Marshal(pruned(plain))
	if err != nil {
		return "", fmt.Errorf("write document: %w", err)
	}
	return string(out), nil
}

func pruned(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, inner := range x {
			if inner = pruned(inner); inner == nil || k == "ResultMetadata" {
				delete(x, k)
			} else {
				x[k] = inner
			}
		}
	case []any:
		for i := range x {
			x[i] = pruned(x[i])
		}
	}
	return v
}
