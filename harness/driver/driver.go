// Package driver is the contract by which any connector is put under test: an HTTP API, described in openapi.yaml
// (OpenAPI 3.1), and a client for it. Nothing in a suite reaches behind it. The client sends what it is told and reports
// what was answered: an *Error for every answer but the one an operation is documented to succeed with, and the
// transport's own error where there was none. It judges nothing and repeats nothing. No error of its own holds a token,
// an address or a signed URL; what a connector writes into a problem's words is the connector's, so whoever prints
// them removes the known secrets first.
package driver

import (
	"bytes"
	"context"
	_ "embed" // the document
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Document is the contract, OpenAPI 3.1 in YAML.
//
//go:embed openapi.yaml
var Document []byte

// answerLimit is the longest answer that is read, in bytes.
const answerLimit = 8 << 20

// Client talks to one connector on behalf of one bearer. It may be used concurrently.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// New makes a client for the connector at a base URL (http or https, without credentials, query or fragment), for the
// operator whose token is given. h sends the requests; nil means http.DefaultClient.
func New(base, token string, h *http.Client) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(strings.TrimSpace(base), "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the driver's URL must be one such as http://127.0.0.1:8080")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the driver's URL takes no credentials, query or fragment: the token is given in a file")
	}
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the driver's token must be one line of printable characters without spaces")
	}
	if h == nil {
		h = http.DefaultClient
	}
	return &Client{base: u, token: token, http: h}, nil
}

// As is the same connector for another bearer.
func (c *Client) As(token string) *Client {
	other := *c
	other.token = token
	return &other
}

// Base is the connector's URL.
func (c *Client) Base() *url.URL { u := *c.base; return &u }

// Format prints nothing of the token.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "driver at "+c.base.Host) }

// Raw sends a body as it is to a path below the base URL, and returns status, media type and body of whatever is
// answered: for what no documented operation would send.
func (c *Client) Raw(ctx context.Context, method, path string, body io.Reader) (status int, mediaType string, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, body)
	if err != nil {
		return 0, "", nil, fmt.Errorf("%s: the path is no part of a URL", method)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, "", nil, withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	switch {
	case err != nil:
		return 0, "", nil, withoutURL(err)
	case len(answer) > answerLimit:
		return 0, "", nil, fmt.Errorf("the answer is longer than %d bytes", answerLimit)
	}
	mediaType, _, _ = strings.Cut(resp.Header.Get("Content-Type"), ";")
	return resp.StatusCode, strings.TrimSpace(mediaType), answer, nil
}

// call performs an operation: in is its body (nil for none), out takes the answer of status want.
func (c *Client) call(ctx context.Context, operation, method, path string, in, out any, want int) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s: the request can't be written as JSON", operation)
		}
		body = bytes.NewReader(text)
	}
	status, mediaType, answer, err := c.Raw(ctx, method, path, body)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if status != want {
		return errorOf(operation, status, mediaType, answer)
	}
	if out == nil {
		return nil
	}
	if mediaType != "application/json" {
		return &Error{Operation: operation, Status: status, Odd: fmt.Sprintf("the answer is %q, not application/json", shortened(mediaType))}
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return &Error{Operation: operation, Status: status, Odd: "the answer is not the JSON that the contract describes"}
	}
	return nil
}

// withoutURL takes the URL out of net/http's errors.
func withoutURL(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}

// at joins a path of an instance: /v1/instances/{instance}/... with every part escaped.
func at(instance string, parts ...string) string {
	p := "/v1/instances/" + url.PathEscape(instance)
	for _, part := range parts {
		p += "/" + url.PathEscape(part)
	}
	return p
}
