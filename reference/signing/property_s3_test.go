package signing_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"

	"github.com/bucketproof/bucketproof/reference/signing"
)

type s3Case struct {
	id, secret, token, region, service string
	r                                  signing.Request
}

func (d dice) s3() s3Case {
	c := s3Case{id: d.of("AKIA", "minio", "a/b", "key_") + d.of("EXAMPLE", "1234"), secret: d.secret(), service: "s3",
		region: d.of("us-east-1", "eu-central-1", "US-EAST-04A", "auto", "minio-local", "cn-north-1")}
	if d.IntN(3) == 0 {
		c.token = "FwoG" + d.secret() + "=="
	}
	c.r = signing.Request{Method: d.method(), Host: d.of("s3.amazonaws.com", "s3.eu-central-1.amazonaws.com", "cwobject.com", "localhost:9000", "127.0.0.1:7070", "[::1]:9000", "minio.example.com:443", "minio.example.com:80", "Minio.Example"),
		HTTP: d.IntN(2) == 0, Style: signing.Style(d.IntN(2)), Bucket: d.of("bucket", "my.dotted-bucket", "Under_Score"), Key: d.key(),
		Header: d.header(), Query: d.query("X-User", "uploadId", "partNumber", "x-id", "response-content-type", "a b", "ä"), At: d.time(), Lifetime: d.lifetime()}
	if c.r.Host[0] == '[' {
		c.r.Style = signing.PathStyle
	}
	if d.IntN(4) == 0 {
		c.r.Header.Set("X-Amz-Meta-"+d.of("A", "Name"), "v"+d.text())
	}
	if d.IntN(4) == 0 {
		c.r.Header.Set("X-Amz-Server-Side-Encryption", "aws:kms")
	}
	return c
}

// unsigned is the request as an SDK is given it, with the key encoded as the S3 client does.
func (c *s3Case) unsigned(t *testing.T) *http.Request {
	t.Helper()
	host, path := c.r.Host, "/"+httpbinding.EscapePath(c.r.Key, false)
	if c.r.Style == signing.VirtualHosted {
		host = c.r.Bucket + "." + host
	} else {
		path = "/" + c.r.Bucket + path
	}
	scheme := "https"
	if c.r.HTTP {
		scheme = "http"
	}
	req, err := http.NewRequest(c.r.Method, scheme+"://"+host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = c.r.Header.Clone()
	q := url.Values{}
	for k, v := range c.r.Query {
		q[k] = v
	}
	q.Set("X-Amz-Expires", itoa(int(c.r.Lifetime/time.Second)))
	req.URL.RawQuery = q.Encode()
	return req
}

func TestS3AgreesWithAWS(t *testing.T) {
	d := newDice(t, 1)
	sdk := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	for i := range cases {
		c := d.s3()
		req := c.unsigned(t)
		theirs, header, err := sdk.PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: c.id, SecretAccessKey: c.secret, SessionToken: c.token}, req, signing.Unsigned, c.service, c.region, c.r.At)
		if err != nil {
			t.Fatal(err)
		}
		key := signing.NewSecretKey(c.secret, c.token)
		in := sent(t, c.r.Method, theirs, header, c.r.At.Add(c.r.Lifetime))
		in.Keys = one(key)
		if v := signing.Verify(in); !v.OK {
			t.Fatalf("case %d: theirs: got %v\n%s", i, v, v.CanonicalRequest)
		}
		signer, err := signing.NewS3Signer(c.id, key, c.region)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := signer.Sign(c.r)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := signature(t, ours.URL, "X-Amz-Signature"), signature(t, theirs, "X-Amz-Signature"); got != want {
			t.Fatalf("case %d: %v\ngot  %s\nwant %s", i, c.r, ours.URL, theirs)
		}
		in = sent(t, c.r.Method, ours.URL, ours.Header, c.r.At)
		in.Keys = one(key)
		if v := signing.Verify(in); !v.OK || v.Claim.CredentialID != c.id || v.Claim.Region != c.region || v.Claim.Requester != c.r.Query.Get("X-User") {
			t.Fatalf("case %d: ours: got %v %+v", i, v, v.Claim)
		}
		if strings.Contains(ours.URL, c.secret) || strings.Contains(ours.String(), c.secret[:12]) {
			t.Fatalf("case %d: the secret shows", i)
		}
	}
}
