package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bucketproof/bucketproof/reference/address"
)

// defaultRegion signs where the address names none; it is the one that S3 itself assumes.
const defaultRegion = "us-east-1"

// s3Bucket speaks S3: aws, coreweave and s3-compatible.
type s3Bucket struct {
	reporter
	provider address.Provider
	name     string
	client   *s3.Client
	presign  *s3.PresignClient
}

func openS3(ctx context.Context, a *address.Address, o Options, service *url.URL) (*Bucket, error) {
	if a.Provider == address.CoreWeave && strings.ContainsAny(a.Bucket, "._") {
		// the SDK would fall back to path style without a word, which CoreWeave hasn't got
		return nil, fmt.Errorf("bucket %q can't be virtual-hosted", a.Bucket)
	}
	provider, identity, token, err := awsCredentials(ctx, a, o)
	if err != nil {
		return nil, err
	}
	region := o.Region
	if region == "" {
		region = a.Region
	}
	if region == "" {
		region = defaultRegion
	}
	signer := dated{signer: v4.NewSigner(func(so *v4.SignerOptions) { so.DisableURIPathEscaping = true }), now: o.Now}
	client := s3.New(s3.Options{
		HTTPClient:                   o.HTTP,
		Credentials:                  provider,
		Region:                       region,
		BaseEndpoint:                 aws.String(service.String()),
		UsePathStyle:                 a.PathStyle && a.Provider != address.CoreWeave,
		Retryer:                      aws.NopRetryer{},
		HTTPSignerV4:                 signer,
		DisableClockSkewCorrection:   true,
		RequestChecksumCalculation:   aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation:   aws.ResponseChecksumValidationWhenRequired,
		ContinueHeaderThresholdBytes: -1,
		DisableS3ExpressSessionAuth:  aws.Bool(true),
		APIOptions:                   []func(*middleware.Stack) error{keepAnswers},

		DisableMultiRegionAccessPoints:            true,
		DisableLogOutputChecksumValidationSkipped: true,
	})
	b := &s3Bucket{
		reporter: newReporter(a.Credentials, token),
		provider: a.Provider,
		name:     a.Bucket,
		client:   client,
		presign:  s3.NewPresignClient(client, func(po *s3.PresignOptions) { po.Presigner = signer }),
	}
	return &Bucket{Objects: b, Presigner: b, Inspector: b, CORSReader: b, Unmaker: b, Multipart: b, Identity: identity}, nil
}

// awsCredentials are the address's, with the session token of the environment when AWS_ACCESS_KEY_ID names the same key
// (an address can't hold a token); without credentials in the address, the default AWS chain's.
func awsCredentials(ctx context.Context, a *address.Address, o Options) (p aws.CredentialsProvider, identity, token string, err error) {
	if a.HasCredentials() {
		identity = "the address's access key"
		if id := os.Getenv("AWS_ACCESS_KEY_ID"); id == a.Credentials.ID {
			if token = os.Getenv("AWS_SESSION_TOKEN"); token != "" {
				identity += ", with the session token in AWS_SESSION_TOKEN"
			}
		}
		return credentials.NewStaticCredentialsProvider(a.Credentials.ID, a.Credentials.Secret.Reveal(), token), identity, token, nil
	}
	if os.Getenv("AWS_CA_BUNDLE") != "" {
		// the SDK would want to change the client's roots, which are the caller's to decide
		return nil, "", "", errors.New("AWS_CA_BUNDLE is set and can't be honoured: unset it and name the CA file in the options")
	}
	identity = "the bucket's owner (default AWS chain)"
	load := []func(*config.LoadOptions) error{config.WithHTTPClient(o.HTTP), config.WithLogger(logging.Nop{})}
	if o.AWSProfile != "" {
		identity = fmt.Sprintf("the bucket's owner (AWS profile %q)", o.AWSProfile)
		load = append(load, config.WithSharedConfigProfile(o.AWSProfile))
	}
	c, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, "", "", fmt.Errorf("read the default AWS configuration: %s", clean(err.Error()))
	}
	return awsChain{c.Credentials}, identity, "", nil
}

// awsChain marks the failures of the default chain, which are no answers of the store.
type awsChain struct{ aws.CredentialsProvider }

func (c awsChain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	v, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return v, &chainError{err}
	}
	return v, nil
}

// dated signs at the options' clock: the SDK would follow the server's, and hide that ours is wrong.
type dated struct {
	signer *v4.Signer
	now    func() time.Time
}

func (d dated) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, payloadHash, service, region string, _ time.Time, optFns ...func(*v4.SignerOptions)) error {
	return d.signer.SignHTTP(ctx, c, r, payloadHash, service, region, d.now().UTC(), optFns...)
}

func (d dated) PresignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, payloadHash, service, region string, _ time.Time, optFns ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return d.signer.PresignHTTP(ctx, c, r, payloadHash, service, region, d.now().UTC(), optFns...)
}

// keepAnswers keeps the bytes of errors for the classifier (the SDK drops the region that S3 names in them), and of
// documents for whoever asked with keeping. A success whose body is not the document that was asked for is an error: of an
// empty body or a proxy's page the SDK makes an empty listing, "no versioning", or us-east-1.
func keepAnswers(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("KeepAnswers", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		resp, ok := out.RawResponse.(*smithyhttp.Response)
		if err != nil || !ok || resp.Body == nil {
			return out, metadata, err
		}
		into, wanted := ctx.Value(keepKey{}).(*[]byte)
		root := s3Roots[middleware.GetOperationName(ctx)]
		if resp.StatusCode < 300 && !wanted && root == "" {
			return out, metadata, nil
		}
		body := io.Reader(resp.Body)
		if resp.StatusCode >= 300 && !wanted {
			body = io.LimitReader(body, errorBody)
		}
		kept, readErr := io.ReadAll(body)
		_ = resp.Body.Close()
		if readErr != nil {
			return out, metadata, fmt.Errorf("read answer: %w", readErr)
		}
		if wanted {
			*into = kept
		}
		resp.Body = &keptBody{Reader: bytes.NewReader(kept), bytes: kept}
		if resp.StatusCode < 300 && root != "" && rootOf(kept) != root {
			return out, metadata, &notDocumentError{status: resp.StatusCode, root: root}
		}
		return out, metadata, nil
	}), middleware.After)
}

type keepKey struct{}

// keeping asks keepAnswers for the bytes of one answer.
func keeping(ctx context.Context, into *[]byte) context.Context {
	return context.WithValue(ctx, keepKey{}, into)
}
