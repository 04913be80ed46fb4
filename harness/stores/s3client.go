package stores

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// s3Request is a raw request to the gateway, path style over its socket, past every front. The zero values are sound; the
// other ones are how a probe breaks something.
type s3Request struct {
	method string
	key    string // "" is the bucket itself
	query  string
	body   []byte
	header http.Header
	as     credentials // signs; the zero value leaves the request unsigned
	region string      // of the signature; "" is the gateway's
	// open leaves the body out of the signature (UNSIGNED-PAYLOAD), as pre-signed URLs do.
	open bool
	// virtual puts the bucket into the host.
	virtual bool
	change  func(*http.Request) // before it is sent
}

// s3Answer is what came back.
type s3Answer struct {
	status int
	code   string // of an error document
	header http.Header
	body   []byte
}

// String says status and code, as an observation.
func (a s3Answer) String() string {
	if a.code == "" {
		return fmt.Sprint(a.status)
	}
	return fmt.Sprintf("%d %s", a.status, a.code)
}

// answerLimit is how long the gateway may take for one request of the owner's.
const answerLimit = 30 * time.Second

// do sends a request about the owner's bucket. Any answer is no error. A request under way is not abandoned when ctx ends:
// the gateway would carry it out nevertheless, after whatever was done to undo it.
func (o *s3Owner) do(ctx context.Context, q s3Request) (s3Answer, error) {
	if err := ctx.Err(); err != nil {
		return s3Answer{}, fmt.Errorf("ask the gateway: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerLimit)
	defer cancel()
	target := "http://gateway/" + o.bucket + escapePath(q.key)
	if q.virtual {
		target = "http://" + o.bucket + "." + gatewayDomain + "/" + escape(q.key)
	}
	if q.query != "" {
		target += "?" + q.query
	}
	r, err := http.NewRequestWithContext(ctx, q.method, target, bytes.NewReader(q.body))
	if err != nil {
		return s3Answer{}, fmt.Errorf("ask the gateway: %w", withoutURL(err))
	}
	if q.header != nil {
		r.Header = q.header.Clone()
	}
	if q.as.id != "" {
		if q.region == "" {
			q.region = gatewayRegion
		}
		sum := sha256.Sum256(q.body)
		hash := hex.EncodeToString(sum[:])
		if q.open {
			hash = "UNSIGNED-PAYLOAD"
		}
		r.Header.Set("X-Amz-Content-Sha256", hash)
		creds := aws.Credentials{AccessKeyID: q.as.id, SecretAccessKey: q.as.secret}
		err := v4.NewSigner().SignHTTP(ctx, creds, r, hash, "s3", q.region, time.Now(), func(s *v4.SignerOptions) { s.DisableURIPathEscaping = true })
		if err != nil {
			return s3Answer{}, fmt.Errorf("sign a request: %w", err)
		}
	}
	if q.change != nil {
		q.change(r)
	}
	resp, err := o.gateway.transport.RoundTrip(r)
	if err != nil {
		return s3Answer{}, fmt.Errorf("ask the gateway: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	a := s3Answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return a, fmt.Errorf("read the gateway's answer: %w", err)
	}
	if a.status >= 300 {
		var e xmlError
		if xml.Unmarshal(a.body, &e) == nil {
			a.code = e.Code
		}
	}
	return a, nil
}

// must is do for requests that have to succeed.
func (o *s3Owner) must(ctx context.Context, what string, q s3Request) (s3Answer, error) {
	a, err := o.do(ctx, q)
	if err == nil && a.status/100 != 2 {
		err = fmt.Errorf("the gateway answered %v", a)
	}
	if err != nil {
		return a, fmt.Errorf("%s: %w", what, err)
	}
	return a, nil
}

// withoutURL drops the URL from an error of net/http: it may be a pre-signed one.
func withoutURL(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}
