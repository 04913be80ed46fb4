package stores

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// s3Wire is the way to one bucket of a store that speaks S3, past every front.
type s3Wire struct {
	transport http.RoundTripper
	base      string // scheme and host, path style
	domain    string // below which a bucket is a host; virtual requests go there
	region    string
	bucket    string
	name      string // of the store, in errors
}

// s3Request is a raw request to the store, path style, past every front. The zero values are sound; the other ones are how a
// probe breaks something.
type s3Request struct {
	method string
	key    string // "" is the bucket itself
	query  string
	body   []byte
	header http.Header
	as     credentials   // signs; the zero value leaves the request unsigned
	region string        // of the signature; "" is the store's
	skew   time.Duration // of the clock that signs
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

// answerLimit is how long the store may take for one request of the owner's.
const answerLimit = 30 * time.Second

// do sends a request about the bucket. Any answer is no error. A request under way is not abandoned when ctx ends:
// the store would carry it out nevertheless, after whatever was done to undo it.
func (o *s3Wire) do(ctx context.Context, q s3Request) (s3Answer, error) {
	if err := ctx.Err(); err != nil {
		return s3Answer{}, fmt.Errorf("ask %s: %w", o.name, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerLimit)
	defer cancel()
	scheme, _, _ := strings.Cut(o.base, "://")
	target := o.base + "/" + o.bucket + escapePath(q.key)
	if q.virtual {
		target = scheme + "://" + o.bucket + "." + o.domain + "/" + escape(q.key)
	}
	if q.query != "" {
		target += "?" + q.query
	}
	r, err := http.NewRequestWithContext(ctx, q.method, target, bytes.NewReader(q.body))
	if err != nil {
		return s3Answer{}, fmt.Errorf("ask %s: %w", o.name, withoutURL(err))
	}
	if q.header != nil {
		r.Header = q.header.Clone()
	}
	if q.as.id != "" {
		if q.region == "" {
			q.region = o.region
		}
		sum := sha256.Sum256(q.body)
		hash := hex.EncodeToString(sum[:])
		if q.open {
			hash = "UNSIGNED-PAYLOAD"
		}
		r.Header.Set("X-Amz-Content-Sha256", hash)
		creds := aws.Credentials{AccessKeyID: q.as.id, SecretAccessKey: q.as.secret}
		err := v4.NewSigner().SignHTTP(ctx, creds, r, hash, "s3", q.region, time.Now().Add(q.skew), func(s *v4.SignerOptions) { s.DisableURIPathEscaping = true })
		if err != nil {
			return s3Answer{}, fmt.Errorf("sign a request: %w", err)
		}
	}
	if q.change != nil {
		q.change(r)
	}
	resp, err := o.transport.RoundTrip(r)
	if err != nil {
		return s3Answer{}, fmt.Errorf("ask %s: %w", o.name, withoutURL(err))
	}
	defer resp.Body.Close()
	a := s3Answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return a, fmt.Errorf("read the answer of %s: %w", o.name, err)
	}
	if a.status >= 300 {
		var e xmlError
		var j struct{ Code string } // of MinIO's administration
		if xml.Unmarshal(a.body, &e) == nil {
			a.code = e.Code
		} else if json.Unmarshal(a.body, &j) == nil {
			a.code = j.Code
		}
	}
	return a, nil
}

// must is do for requests that have to succeed.
func (o *s3Wire) must(ctx context.Context, what string, q s3Request) (s3Answer, error) {
	a, err := o.do(ctx, q)
	if err == nil && a.status/100 != 2 {
		err = fmt.Errorf("%s answered %v", o.name, a)
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

// setBody puts a body in the place of one of the same length.
func setBody(r *http.Request, text string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	r.GetBody = nil
}
