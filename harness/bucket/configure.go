package bucket

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	raw "google.golang.org/api/storage/v1"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/cors"
)

// Document is one of a bucket's documents in the state in which it was read.
type Document struct {
	Raw []byte // as the store hands it out; nil says that none is set
	// Turn is what the store calls this state, for writing only while it lasts (Google: metageneration, etag); "" where the
	// store knows no such condition (S3, Azure).
	Turn string
	// Rest is what stands beside the document and has to stay (Azure: the blob service's other properties).
	Rest string
}

// Configurer reads and replaces the two documents that prescribe --apply may write. It is apart from Bucket, so that no
// spec can reach it, and the guard of every run refuses what it sends.
type Configurer interface {
	// CORS reads the rules; errors are as CORSReader's, but that none being set is none.
	CORS(ctx context.Context) (Document, error)
	// SetCORS replaces the rules that were read as at.
	SetCORS(ctx context.Context, rules *cors.Policy, at Document) error
	// Policy reads the bucket policy, on Google Cloud Storage the IAM policy. Azure's containers have none: KindNotImplemented.
	Policy(ctx context.Context) (Document, error)
	// SetPolicy replaces the policy. Google's holds the etag that it has to have.
	SetPolicy(ctx context.Context, document []byte) error
}

// OpenConfigurer is Open for prescribe --apply; identity says in words who it acts as.
func OpenConfigurer(ctx context.Context, a *address.Address, o Options) (c Configurer, identity string, err error) {
	b, err := Open(ctx, a, o)
	if err != nil {
		return nil, "", err
	}
	switch x := b.Objects.(type) {
	case *s3Bucket:
		return s3Configurer{x}, b.Identity, nil
	case *gcsBucket:
		return gcsConfigurer{x}, b.Identity, nil
	case *azureBucket:
		return azureConfigurer{x}, b.Identity, nil
	}
	return nil, "", errors.New("open bucket: unknown provider")
}

type s3Configurer struct{ b *s3Bucket }

// unset makes an error that says that nothing is set into an empty document.
func unset(raw []byte, err error) (Document, error) {
	if err == nil {
		return Document{Raw: raw}, nil
	}
	if Classify("", err).Kind == KindNotConfigured {
		return Document{}, nil
	}
	return Document{}, err
}

func (c s3Configurer) CORS(ctx context.Context) (Document, error) { return unset(c.b.CORS(ctx)) }

func (c s3Configurer) SetCORS(ctx context.Context, rules *cors.Policy, _ Document) error {
	in := &types.CORSConfiguration{}
	for _, r := range rules.Rules {
		rule := types.CORSRule{AllowedOrigins: r.Origins, AllowedMethods: r.Methods, AllowedHeaders: r.Headers, ExposeHeaders: r.Expose}
		if r.ID != "" {
			rule.ID = aws.String(r.ID)
		}
		if r.MaxAge != nil {
			rule.MaxAgeSeconds = aws.Int32(int32(*r.MaxAge)) // parsed as 32 bits
		}
		in.CORSRules = append(in.CORSRules, rule)
	}
	_, err := c.b.client.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &c.b.name, CORSConfiguration: in})
	return c.b.fail("put bucket CORS", err)
}

func (c s3Configurer) Policy(ctx context.Context) (Document, error) {
	const op = "get bucket policy"
	var body []byte
	_, err := c.b.client.GetBucketPolicy(keeping(ctx, &body), &s3.GetBucketPolicyInput{Bucket: &c.b.name})
	if err != nil {
		return unset(nil, c.b.fail(op, err))
	}
	return objectDocument(op, body)
}

// objectDocument refuses what is no JSON object.
func objectDocument(op string, body []byte) (Document, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return Document{}, &Error{Op: op, Status: http.StatusOK, Kind: KindOther, Message: "the answer is no policy"}
	}
	return Document{Raw: body}, nil
}

func (c s3Configurer) SetPolicy(ctx context.Context, document []byte) error {
	_, err := c.b.client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &c.b.name, Policy: aws.String(string(document))})
	return c.b.fail("put bucket policy", err)
}

type gcsConfigurer struct{ b *gcsBucket }

func (c gcsConfigurer) CORS(ctx context.Context) (Document, error) {
	a, err := c.b.resource(ctx)
	switch {
	case err != nil:
		return Document{}, err
	case a.Metageneration == 0:
		return Document{}, &Error{Op: attributes, Status: http.StatusOK, Kind: KindOther, Message: "the answer is no bucket's resource"}
	}
	d := Document{Turn: strconv.FormatInt(a.Metageneration, 10)}
	if len(a.Cors) > 0 {
		if d.Raw, err = json.Marshal(a.Cors); err != nil {
			return Document{}, c.b.fail(attributes, err)
		}
	}
	return d, nil
}

// SetCORS writes only while the bucket is in the state in which it was read.
func (c gcsConfigurer) SetCORS(ctx context.Context, rules *cors.Policy, at Document) error {
	const op = "patch bucket CORS"
	turn, err := strconv.ParseInt(at.Turn, 10, 64)
	if err != nil {
		return c.b.fail(op, errors.New("a metageneration that is no number"))
	}
	in := &raw.Bucket{}
	for _, r := range rules.Rules {
		rule := &raw.BucketCors{Origin: r.Origins, Method: r.Methods, ResponseHeader: r.Expose}
		if r.MaxAge != nil {
			rule.MaxAgeSeconds, rule.ForceSendFields = int64(*r.MaxAge), []string{"MaxAgeSeconds"}
		}
		in.Cors = append(in.Cors, rule)
	}
	_, err = c.b.raw.Buckets.Patch(c.b.name, in).IfMetagenerationMatch(turn).Context(ctx).Do()
	return c.b.fail(op, err)
}

// Policy reads and SetPolicy writes past the SDK, whose structure drops what it does not know of a policy.
func (c gcsConfigurer) Policy(ctx context.Context) (Document, error) {
	const op = "get bucket IAM policy"
	body, err := c.iam(ctx, op, http.MethodGet, "?optionsRequestedPolicyVersion=3", nil)
	if err != nil {
		return Document{}, err
	}
	d, err := objectDocument(op, body)
	var policy struct{ Etag string }
	if err == nil && (json.Unmarshal(body, &policy) != nil || policy.Etag == "") {
		return Document{}, &Error{Op: op, Status: http.StatusOK, Kind: KindOther, Message: "the answer is no IAM policy with an etag"}
	}
	d.Turn = policy.Etag
	return d, err
}

func (c gcsConfigurer) SetPolicy(ctx context.Context, document []byte) error {
	_, err := c.iam(ctx, "set bucket IAM policy", http.MethodPut, "", document)
	return err
}

func (c gcsConfigurer) iam(ctx context.Context, op, method, query string, document []byte) ([]byte, error) {
	var in io.Reader
	if document != nil {
		in = bytes.NewReader(document)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.b.base.String()+"/storage/v1/b/"+c.b.name+"/iam"+query, in)
	if err != nil {
		return nil, c.b.fail(op, err)
	}
	if document != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.b.authed.Do(req)
	if err != nil {
		return nil, c.b.fail(op, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, c.b.fail(op, err)
	}
	if e := ClassifyResponse(op, resp, body); e != nil {
		return nil, c.b.report(e)
	}
	return body, nil
}

type azureConfigurer struct{ b *azureBucket }

// corsPart is the part of the blob service's properties that holds the rules.
var corsPart = regexp.MustCompile(`(?s)<Cors\s*/>|<Cors>.*?</Cors>`)

func (c azureConfigurer) CORS(ctx context.Context) (Document, error) {
	body, err := c.b.CORS(ctx)
	if err != nil {
		return Document{}, err
	}
	var properties struct {
		Rules []struct{} `xml:"Cors>CorsRule"`
	}
	if err := xml.Unmarshal(body, &properties); err != nil {
		return Document{}, c.b.fail("get blob service properties", fmt.Errorf("read the properties: %w", err))
	}
	d := Document{Rest: corsPart.ReplaceAllString(string(body), "")}
	if len(properties.Rules) > 0 {
		d.Raw = body
	}
	return d, nil
}

// SetCORS sends the rules alone: what a request leaves out of the blob service's properties stays (Azure Storage REST API, "Set
// Blob Service Properties", since version 2013-08-15).
func (c azureConfigurer) SetCORS(ctx context.Context, rules *cors.Policy, _ Document) error {
	in := &service.SetPropertiesOptions{}
	for _, r := range rules.Rules {
		in.CORS = append(in.CORS, &service.CORSRule{AllowedOrigins: listOf(r.Origins), AllowedMethods: listOf(r.Methods), AllowedHeaders: listOf(r.Headers),
			ExposedHeaders: listOf(r.Expose), MaxAgeInSeconds: to.Ptr(int32(*r.MaxAge))}) // Azure's rules all have one
	}
	_, err := c.b.service.SetProperties(ctx, in)
	return c.b.fail("set blob service properties", err)
}

func listOf(words []string) *string { return to.Ptr(strings.Join(words, ",")) }

func (azureConfigurer) Policy(context.Context) (Document, error) {
	return Document{}, &Error{Op: "get container policy", Kind: KindNotImplemented, Message: "a container of Azure has no policy"}
}

func (c azureConfigurer) SetPolicy(ctx context.Context, _ []byte) error {
	_, err := c.Policy(ctx)
	return err
}
