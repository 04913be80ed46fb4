package connector

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/placement"
)

const (
	// storeLimit is how long a store may take for one of the connector's own requests.
	storeLimit = 15 * time.Second
	// ownLifetime is how long the connector's own URLs live.
	ownLifetime = 5 * time.Minute
	// answerLimit is how much of an answer is read, in bytes.
	answerLimit = 1 << 20
)

// defaultClient reaches a bucket as the world is. It follows no redirects: a URL is good for the host it was signed for, and
// wherever a redirect leads is not the team's storage.
func defaultClient(a *address.Address) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true // or an object stored compressed would come back as another
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if a.MinTLS() == "1.3" {
		t.TLSClientConfig.MinVersion = tls.VersionTLS13
	}
	return &http.Client{Transport: t}
}

// storeError is what a store answered, or why it gave no answer. It holds no URL, since those are secrets.
type storeError struct {
	doing  string
	status int // 0: no answer
	code   string
	cause  error
}

func (e *storeError) Error() string {
	switch {
	case e.status == 0:
		return fmt.Sprintf("no answer from the bucket when asked to %s: %v", e.doing, e.cause)
	case e.cause != nil:
		return fmt.Sprintf("the bucket did not %s as it should: %v", e.doing, e.cause)
	case e.code != "":
		return fmt.Sprintf("the bucket refused to %s: %d %s", e.doing, e.status, e.code)
	}
	return fmt.Sprintf("the bucket refused to %s: %d", e.doing, e.status)
}

func (e *storeError) Unwrap() error { return e.cause }

// answer is what a store said.
type answer struct {
	status int
	header http.Header
	length int64
	body   []byte
}

// send makes one request of the connector's own. Statuses other than 2xx are *storeError, besides those in also.
func (c *Connector) send(ctx context.Context, doing string, m Mint, body io.Reader, length int64, also ...int) (*answer, error) {
	b := c.buckets.get(m.Storage.Name)
	if b == nil {
		return nil, &storeError{doing: doing, cause: errors.New("the storage is not open")}
	}
	m.Purpose, m.At, m.Lifetime = Own, c.signingTime(), ownLifetime
	signed, err := c.rules.Mint(m)
	if err != nil {
		return nil, &storeError{doing: doing, cause: err}
	}
	r, err := http.NewRequestWithContext(ctx, m.Method, signed.URL, body)
	if err != nil {
		return nil, &storeError{doing: doing, cause: errors.New("its URL can't be used")}
	}
	if body != nil {
		r.ContentLength = length
	}
	if length == 0 {
		r.Body = nil
	}
	for name, values := range m.Header {
		r.Header[name] = values
	}
	return c.exchange(ctx, doing, b, r, also...)
}

// exchange sends a request to a bucket's store and reads the answer. Statuses other than 2xx are *storeError, besides those in
// also.
func (c *Connector) exchange(ctx context.Context, doing string, b *bucket, r *http.Request, also ...int) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	once := *b.client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := once.Do(r.WithContext(ctx))
	if err != nil {
		return nil, &storeError{doing: doing, cause: withoutURL(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	a := &answer{status: resp.StatusCode, header: resp.Header, length: resp.ContentLength}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, answerLimit)); err != nil {
		return nil, &storeError{doing: doing, cause: withoutURL(err)}
	}
	if a.status/100 == 2 {
		return a, nil
	}
	for _, s := range also {
		if a.status == s {
			return a, nil
		}
	}
	return a, &storeError{doing: doing, status: a.status, code: errorCode(a)}
}

// withoutURL is a transport's error without the URL it repeats.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("nothing came within %v", storeLimit)
	case errors.As(err, &dns):
		return errors.New("its host can't be resolved")
	}
	return err
}

// errorCode is the provider's code for an error, as far as it is a plain word.
func errorCode(a *answer) string {
	code := a.header.Get("x-ms-error-code")
	if code == "" {
		var e struct{ Code string }
		if xml.Unmarshal(a.body, &e) == nil {
			code = e.Code
		}
	}
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		return ""
	}
	return code
}

// uploadHeader is what an upload has to send besides its bytes.
func (b *bucket) uploadHeader(md5, contentType string) http.Header {
	h := http.Header{}
	if md5 != "" {
		h.Set("Content-MD5", md5)
	}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	switch {
	case b.Address.Provider == address.Azure:
		h.Set("x-ms-blob-type", "BlockBlob")
	case b.Address.Provider == address.AWS && b.kmsKey != "":
		h.Set("x-amz-server-side-encryption", "aws:kms")
		h.Set("x-amz-server-side-encryption-aws-kms-key-id", b.kmsKey)
	}
	return h
}

func (c *Connector) putObject(ctx context.Context, s *placement.Storage, key, contentType string, body io.Reader, length int64) error {
	b := c.buckets.get(s.Name)
	if b == nil {
		return &storeError{doing: "store an object", cause: errors.New("the storage is not open")}
	}
	_, err := c.send(ctx, "store an object", Mint{Storage: s, Method: http.MethodPut, Key: key, Header: b.uploadHeader("", contentType)}, body, length)
	return err
}

func (c *Connector) getObject(ctx context.Context, s *placement.Storage, key string) ([]byte, error) {
	a, err := c.send(ctx, "return an object", Mint{Storage: s, Method: http.MethodGet, Key: key}, nil, 0)
	if err != nil {
		return nil, err
	}
	return a.body, nil
}

// found is an object as a store describes it. md5 is "" where the store doesn't say it.
type found struct {
	size int64
	md5  string
}

// headObject says what is there; nil if nothing is.
func (c *Connector) headObject(ctx context.Context, s *placement.Storage, key string) (*found, error) {
	const doing = "describe an object"
	a, err := c.send(ctx, doing, Mint{Storage: s, Method: http.MethodHead, Key: key}, nil, 0, http.StatusNotFound)
	if err != nil {
		return nil, err
	}
	if a.status == http.StatusNotFound {
		return nil, nil
	}
	f := &found{size: a.length}
	if f.size < 0 {
		if f.size, err = strconv.ParseInt(a.header.Get("x-goog-stored-content-length"), 10, 64); err != nil {
			return nil, &storeError{doing: doing, status: a.status, cause: errors.New("it doesn't say how long the object is")}
		}
	}
	switch s.Address.Provider {
	case address.Azure:
		f.md5 = a.header.Get("Content-MD5")
	case address.GCP:
		for _, v := range a.header.Values("x-goog-hash") {
			for part := range strings.SplitSeq(v, ",") {
				if digest, ok := strings.CutPrefix(strings.TrimSpace(part), "md5="); ok {
					f.md5 = digest
				}
			}
		}
	}
	if raw, err := base64.StdEncoding.DecodeString(f.md5); err != nil || len(raw) != 16 {
		f.md5 = ""
	}
	return f, nil
}

// removeObject deletes an object; that none is there is as good, but not that the bucket isn't.
func (c *Connector) removeObject(ctx context.Context, s *placement.Storage, key string) error {
	const doing = "delete an object"
	a, err := c.send(ctx, doing, Mint{Storage: s, Method: http.MethodDelete, Key: key}, nil, 0, http.StatusNotFound)
	if err != nil {
		return err
	}
	if code := errorCode(a); a.status == http.StatusNotFound && (code == "NoSuchBucket" || code == "ContainerNotFound") {
		return &storeError{doing: doing, status: a.status, code: code}
	}
	return nil
}

// listed says whether a listing by prefix shows the key.
func (c *Connector) listed(ctx context.Context, s *placement.Storage, key string) (bool, error) {
	q := url.Values{"list-type": {"2"}, "prefix": {key}, "max-keys": {"10"}}
	if s.Address.Provider == address.Azure {
		q = url.Values{"restype": {"container"}, "comp": {"list"}, "prefix": {key}, "maxresults": {"10"}}
	}
	a, err := c.send(ctx, "list its objects", Mint{Storage: s, Method: http.MethodGet, Query: q}, nil, 0)
	if err != nil {
		return false, err
	}
	var listing struct {
		Contents []struct{ Key string }
		Blobs    struct{ Blob []struct{ Name string } }
	}
	if xml.Unmarshal(a.body, &listing) != nil {
		return false, &storeError{doing: "list its objects", status: a.status, cause: errors.New("its answer is no listing")}
	}
	for _, o := range listing.Contents {
		if o.Key == key {
			return true, nil
		}
	}
	for _, o := range listing.Blobs.Blob {
		if o.Name == key {
			return true, nil
		}
	}
	return false, nil
}
