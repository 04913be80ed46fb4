package stores

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// presigned is a request by pre-signed URL of the address's user; the zero values are sound.
type presigned struct {
	method   string
	key      string // "" is the bucket itself
	query    string
	body     []byte
	header   http.Header   // signed and sent
	at       time.Time     // when it was signed; the zero time is now
	lifetime time.Duration // 0 is a minute
	change   func(*http.Request)
}

// presigned signs a URL and uses it; change may break what was signed.
func (o *s3Prober) presigned(ctx context.Context, p presigned) (s3Answer, error) {
	var signing error
	a, err := o.do(ctx, s3Request{method: p.method, key: p.key, query: p.query, body: p.body, change: func(r *http.Request) {
		at, life := p.at, p.lifetime
		if at.IsZero() {
			at = time.Now()
		}
		if life == 0 {
			life = time.Minute
		}
		q := r.URL.Query()
		q.Set("X-Amz-Expires", fmt.Sprint(int64(life/time.Second)))
		r.URL.RawQuery = q.Encode()
		maps.Copy(r.Header, p.header)
		length := r.ContentLength
		r.ContentLength = 0 // not signed
		signed, _, err := v4.NewSigner().PresignHTTP(ctx, aws.Credentials{AccessKeyID: o.user.id, SecretAccessKey: o.user.secret}, r,
			"UNSIGNED-PAYLOAD", "s3", o.region, at, func(s *v4.SignerOptions) { s.DisableURIPathEscaping, s.DisableHeaderHoisting = true, true })
		r.ContentLength = length
		if err == nil {
			r.URL, err = url.Parse(signed)
		}
		if err != nil {
			signing = fmt.Errorf("sign a URL: %w", withoutURL(err))
			return
		}
		if p.change != nil {
			p.change(r)
		}
	}})
	if signing != nil {
		return s3Answer{}, signing
	}
	return a, err
}
