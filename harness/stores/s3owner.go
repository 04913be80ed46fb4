package stores

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketproof/bucketproof/reference/cors"
)

// s3Owner sees a bucket of the gateway as the gateway's root does. Listings are read from the storage itself: in XML, a key
// with a control character comes back as another key.
type s3Owner struct {
	s3Wire
	gateway *gateway
	user    credentials // the one in the address
	setup   Setup
	policy  *coreWeavePolicy // of CoreWeave's front; nil elsewhere
}

func newS3Owner(g *gateway, bucket string, user credentials) *s3Owner {
	return &s3Owner{gateway: g, user: user, s3Wire: s3Wire{transport: g.transport, base: "http://gateway", domain: gatewayDomain,
		region: gatewayRegion, bucket: bucket, name: "the gateway"}}
}

// policyDocument is the bucket policy of W&B's instructions for AWS, with an access key for a principal: versitygw knows
// users by these alone.
func policyDocument(bucket, principal string, s Setup) []byte {
	both := []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"}
	statement := func(sid, effect, principal string, actions []string) map[string]any {
		return map[string]any{"Sid": sid, "Effect": effect, "Principal": map[string]string{"AWS": principal}, "Action": actions, "Resource": both}
	}
	granted := slices.DeleteFunc(slices.Concat(actions, s.MoreActions), func(a string) bool { return slices.Contains(s.Without, a) })
	statements := []any{statement("WAndBAccountAccess", "Allow", principal, granted)}
	if len(s.Denied) > 0 {
		statements = append(statements, statement("Forbidden", "Deny", principal, s.Denied))
	}
	if s.Public {
		statements = append(statements, statement("Everybody", "Allow", "*", []string{"s3:GetObject", "s3:ListBucket"}))
	}
	return mustJSON(map[string]any{"Version": "2012-10-17", "Id": "WandBAccess", "Statement": statements})
}

// mustJSON encodes what can't fail to be encoded.
func mustJSON(v any) []byte {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err)
	}
	return b
}

// The versioning documents and defaultEncryption are S3's (Amazon S3 API reference, PutBucketVersioning, PutBucketEncryption).
const (
	versioningOn  = `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>`
	versioningOff = `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Suspended</Status></VersioningConfiguration>`
)

func defaultEncryption(key string) []byte {
	return []byte(`<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault>` +
		`<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>` + key + `</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`)
}

// create makes the bucket and gives it what the instructions ask for.
func (o *s3Owner) create(ctx context.Context, s Setup) error {
	header := http.Header{}
	if s.Retention {
		header.Set("X-Amz-Bucket-Object-Lock-Enabled", "true")
	}
	steps := []struct {
		what, query, body string
		skip              bool
	}{
		{what: "make the bucket"},
		{what: "set the bucket policy", query: "policy=", body: string(policyDocument(o.bucket, o.user.id, Setup{MoreActions: s.MoreActions}))},
		{what: "set the CORS policy", query: "cors=", body: string(cors.Required(cors.AWS, "", "").XML())},
		{what: "turn versioning on", query: "versioning=", skip: !s.Versioning && !s.Retention && !s.Suspended,
			body: versioningOn},
		{what: "suspend versioning", query: "versioning=", skip: !s.Suspended || s.Retention,
			body: versioningOff},
		{what: "set the default retention", query: "object-lock=", skip: !s.Retention,
			body: `<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled>` +
				`<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>`},
	}
	for i, step := range steps {
		if step.skip {
			continue
		}
		q := s3Request{method: http.MethodPut, query: step.query, body: []byte(step.body), as: o.gateway.root, header: http.Header{}}
		if i == 0 {
			q.header = header
		} else {
			sum := md5.Sum(q.body)
			q.header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
		}
		if _, err := o.must(ctx, step.what, q); err != nil {
			return err
		}
	}
	return nil
}

// set puts one of the bucket's documents in place.
func (o *s3Owner) set(ctx context.Context, what, query string, body []byte) error {
	sum := md5.Sum(body)
	_, err := o.must(ctx, what, s3Request{method: http.MethodPut, query: query, body: body, as: o.gateway.root,
		header: http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}}})
	return err
}

func (o *s3Owner) share(ctx context.Context, p *cors.Policy) error {
	if len(p.Rules) == 0 {
		_, err := o.must(ctx, "remove the CORS rules", s3Request{method: http.MethodDelete, query: "cors=", as: o.gateway.root})
		return err
	}
	body := p.XML()
	sum := md5.Sum(body)
	_, err := o.must(ctx, "set the CORS rules", s3Request{method: http.MethodPut, query: "cors=", body: body, as: o.gateway.root,
		header: http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}}})
	return err
}

func (o *s3Owner) put(ctx context.Context, key string, body []byte) error {
	_, err := o.must(ctx, fmt.Sprintf("store %q", key), s3Request{method: http.MethodPut, key: key, body: body, as: o.gateway.root})
	return err
}

func (o *s3Owner) remove(context.Context) error {
	return errors.Join(o.gateway.users.DeleteUserAccount(o.user.id), o.gateway.erase(o.bucket))
}

// configurations are the documents a bucket of the gateway can have, by the query that reads them.
var configurations = []string{"acl", "cors", "encryption", "lifecycle", "location", "object-lock", "ownershipControls", "policy", "tagging", "versioning", "website"}

func (o *s3Owner) configuration(ctx context.Context) (map[string]string, error) {
	documents := map[string]string{}
	for _, name := range configurations {
		a, err := o.do(ctx, s3Request{method: http.MethodGet, query: name + "=", as: o.gateway.root})
		switch {
		case err != nil:
			return nil, fmt.Errorf("read the bucket's %s: %w", name, err)
		case a.status == http.StatusOK:
			documents[name] = string(a.body)
		case a.status != http.StatusNotFound && a.status != http.StatusNotImplemented:
			return nil, fmt.Errorf("read the bucket's %s: the gateway answered %v", name, a)
		}
	}
	if o.policy != nil {
		documents["gateway policy"] = documents["policy"]
		delete(documents, "policy")
		if p, ok := o.policy.get(); ok {
			documents["policy"] = string(p)
		}
	}
	return documents, nil
}

func (o *s3Owner) inventory(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	be, err := o.gateway.storage()
	if err != nil {
		return nil, err
	}
	versioning, err := be.GetBucketVersioning(ctx, o.bucket)
	if err != nil {
		return nil, fmt.Errorf("take the inventory: %w", err)
	}
	if versioning.Status == nil {
		err = o.objects(ctx, be, all)
	} else {
		err = o.versions(ctx, be, all)
	}
	if err == nil {
		err = o.uploads(ctx, be, all)
	}
	if err != nil {
		return nil, fmt.Errorf("take the inventory: %w", err)
	}
	return all, nil
}

// page is how many entries of a listing are read at once.
const page = 1000

func (o *s3Owner) objects(ctx context.Context, be *rooted, all map[string]string) error {
	after, size, bucket := "", int32(page), o.bucket
	for {
		r, err := be.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, MaxKeys: &size, StartAfter: &after, ContinuationToken: &after})
		if err != nil {
			return err
		}
		for _, obj := range r.Contents {
			if all[*obj.Key], err = o.hash(ctx, *obj.Key, ""); err != nil {
				return err
			}
		}
		if r.IsTruncated == nil || !*r.IsTruncated || r.NextContinuationToken == nil {
			return nil
		}
		after = *r.NextContinuationToken
	}
}

func (o *s3Owner) versions(ctx context.Context, be *rooted, all map[string]string) error {
	key, version, size, bucket := "", "", int32(page), o.bucket
	for {
		r, err := be.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: &size, KeyMarker: &key, VersionIdMarker: &version})
		if err != nil {
			return err
		}
		for _, v := range r.Versions {
			if all[*v.Key+"@"+*v.VersionId], err = o.hash(ctx, *v.Key, *v.VersionId); err != nil {
				return err
			}
		}
		for _, m := range r.DeleteMarkers {
			all[*m.Key+"@"+*m.VersionId] = "delete marker"
		}
		if r.IsTruncated == nil || !*r.IsTruncated {
			return nil
		}
		key, version = *r.NextKeyMarker, *r.NextVersionIdMarker
	}
}

func (o *s3Owner) uploads(ctx context.Context, be *rooted, all map[string]string) error {
	key, id, size, bucket := "", "", int32(page), o.bucket
	for {
		r, err := be.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket, MaxUploads: &size, KeyMarker: &key, UploadIdMarker: &id})
		if err != nil {
			return err
		}
		for _, u := range r.Uploads {
			name := "upload:" + u.Key
			if all[name] != "" {
				all[name] += " "
			}
			all[name] += u.UploadID
		}
		if !r.IsTruncated {
			return nil
		}
		key, id = r.NextKeyMarker, r.NextUploadIDMarker
	}
}

// hash is the SHA-256 of an object's content, in hex.
func (o *s3Owner) hash(ctx context.Context, key, version string) (string, error) {
	q := s3Request{method: http.MethodGet, key: key, as: o.gateway.root}
	if version != "" {
		q.query = "versionId=" + url.QueryEscape(version)
	}
	a, err := o.must(ctx, fmt.Sprintf("read %q", key), q)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(a.body)
	return hex.EncodeToString(sum[:]), nil
}
