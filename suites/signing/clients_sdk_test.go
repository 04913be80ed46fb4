package signing_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"google.golang.org/api/option"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/signing"
)

// additions are the headers in x- that SDKs add to what they send, and that nobody has signed: with them their requests
// are refused by every store that keeps BYOB-SIGN-005, whoever minted the URL. It is the one disagreement that is known.
var additions = map[string]bool{"X-Amz-Content-Sha256": true, "X-Goog-Api-Client": true, "X-Goog-Gcs-Idempotency-Token": true}

// carried has an SDK that was given no credentials send its requests to a pre-signed URL, without its known additions.
type carried struct {
	url  string
	next http.RoundTripper
	left func(name string) // told which were left out
}

// RoundTrip implements http.RoundTripper.
func (c carried) RoundTrip(r *http.Request) (*http.Response, error) {
	u, err := url.Parse(c.url)
	if err != nil {
		return nil, fmt.Errorf("the URL is no URL")
	}
	r = r.Clone(r.Context())
	r.URL, r.Host = u, ""
	for name := range r.Header {
		if additions[name] {
			r.Header.Del(name)
			c.left(name)
		}
	}
	if r.Header.Get("Authorization") != "" {
		return nil, fmt.Errorf("the client sends an Authorization header beside the URL")
	}
	return c.next.RoundTrip(r)
}

func (m *matrix) carrying(url string) *http.Client {
	return &http.Client{Transport: carried{url, m.http.Transport, m.left}, Timeout: m.http.Timeout}
}

func answer(resp *http.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, bucket.Classify("use the URL", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("answered %s", resp.Status)
	}
	return body, err
}

func (m *matrix) plainGet(ctx context.Context, raw string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, raw, nil)
	if err != nil {
		return nil, fmt.Errorf("the URL is no URL")
	}
	return answer(m.http.Do(req))
}

func (m *matrix) plainPut(ctx context.Context, raw string, header http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, raw, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the URL is no URL")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Del("Content-Length")
	if m.b.Provider == stores.Azure {
		req.Header.Set("x-ms-blob-type", "BlockBlob")
	}
	_, err = answer(m.http.Do(req))
	return err
}

// aws is Amazon's client without credentials. Its checksums are left to requests that demand them, for the same reason as
// its additions.
func (m *matrix) aws(raw string) *s3.Client {
	return s3.New(s3.Options{HTTPClient: m.carrying(raw), Credentials: aws.AnonymousCredentials{}, Region: m.region(), BaseEndpoint: aws.String("https://" + m.endpoint()),
		UsePathStyle: m.style() == signing.PathStyle, Retryer: aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired})
}

func (m *matrix) awsGet(ctx context.Context, raw string) ([]byte, error) {
	out, err := m.aws(raw).GetObject(ctx, &s3.GetObjectInput{Bucket: &m.a.Bucket, Key: aws.String(oddKey)})
	if err != nil {
		return nil, bucket.Classify("get object", err)
	}
	defer func() { _ = out.Body.Close() }()
	return io.ReadAll(out.Body)
}

func (m *matrix) awsPut(ctx context.Context, raw string, _ http.Header, body []byte) error {
	_, err := m.aws(raw).PutObject(ctx, &s3.PutObjectInput{Bucket: &m.a.Bucket, Key: aws.String(oddKey), Body: bytes.NewReader(body)})
	if err != nil {
		return bucket.Classify("put object", err)
	}
	return nil
}

// minio is MinIO's client, with the credentials given, or with none and a URL to carry.
func (m *matrix) minio(raw, id, secret string) (*minio.Client, error) {
	lookup := minio.BucketLookupPath
	if m.style() == signing.VirtualHosted {
		lookup = minio.BucketLookupDNS
	}
	o := &minio.Options{Creds: credentials.NewStaticV4(id, secret, ""), Secure: true, Region: m.region(), BucketLookup: lookup, Transport: m.http.Transport, MaxRetries: 1}
	if raw != "" {
		o.Transport = carried{raw, m.http.Transport, m.left}
	}
	c, err := minio.New(m.endpoint(), o)
	if err == nil {
		c.SetS3EnableDualstack(false) // which it would use on Amazon's endpoints
	}
	return c, err
}

func (m *matrix) minioGet(ctx context.Context, raw string) ([]byte, error) {
	c, err := m.minio(raw, "", "")
	if err != nil {
		return nil, err
	}
	body, _, _, err := (&minio.Core{Client: c}).GetObject(ctx, m.a.Bucket, oddKey, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return io.ReadAll(body)
}

func (m *matrix) minioPut(ctx context.Context, raw string, _ http.Header, body []byte) error {
	c, err := m.minio(raw, "", "")
	if err != nil {
		return err
	}
	_, err = (&minio.Core{Client: c}).PutObject(ctx, m.a.Bucket, oddKey, bytes.NewReader(body), int64(len(body)), "", "", minio.PutObjectOptions{DisableContentSha256: true})
	return err
}

// googleGet reads as Google's client does, by the XML API; to write it uses the JSON API, which takes no signed URL.
func (m *matrix) googleGet(ctx context.Context, raw string) ([]byte, error) {
	c, err := storage.NewClient(ctx, option.WithHTTPClient(m.carrying(raw)), storage.WithXMLReads())
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	r, err := c.Bucket(m.a.Bucket).Object(oddKey).Retryer(storage.WithPolicy(storage.RetryNever)).NewReader(ctx)
	if err != nil {
		return nil, bucket.Classify("get object", err)
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

func (m *matrix) blob(raw string) (*blockblob.Client, error) {
	o := &blockblob.ClientOptions{}
	o.Transport, o.Retry = m.http, policy.RetryOptions{MaxRetries: -1}
	return blockblob.NewClientWithNoCredential(raw, o)
}

func (m *matrix) azureGet(ctx context.Context, raw string) ([]byte, error) {
	c, err := m.blob(raw)
	if err != nil {
		return nil, fmt.Errorf("the URL is none to azblob")
	}
	out, err := c.DownloadStream(ctx, nil)
	if err != nil {
		return nil, bucket.Classify("get blob", err)
	}
	defer func() { _ = out.Body.Close() }()
	return io.ReadAll(out.Body)
}

func (m *matrix) azurePut(ctx context.Context, raw string, _ http.Header, body []byte) error {
	c, err := m.blob(raw)
	if err != nil {
		return fmt.Errorf("the URL is none to azblob")
	}
	if _, err := c.Upload(ctx, streaming.NopCloser(bytes.NewReader(body)), nil); err != nil {
		return bucket.Classify("put blob", err)
	}
	return nil
}
