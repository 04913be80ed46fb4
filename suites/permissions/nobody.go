package permissions

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// intruder is what a stranger tries to write.
const intruder = "written by nobody\n"

// nobody tries without credentials to read, list, replace and add what the run itself has written. Each is refused, next to
// the same thing done with them.
func nobody(ctx context.Context, t *run.T, c *client) {
	c.enforced(t)
	key, other := c.s.Key("BYOB-PERM-020", "object"), c.s.Key("BYOB-PERM-020", "another")
	_, err := c.b.Put(ctx, key, []byte(body), "text/plain")
	own(t, "put object", err)
	read := func() run.Answer {
		_, _, err := c.b.Get(ctx, key)
		return said(t, err)
	}
	kept := func() string {
		got, _, err := c.b.Get(ctx, key)
		switch {
		case err != nil:
			t.Errorf("whether the object is as it was could not be seen: %s", bucket.Classify("get object", err))
		case string(got) != body:
			return "the object has other bytes"
		}
		return ""
	}
	absent := func() string {
		keys, err := c.b.List(ctx, other, 2)
		if err != nil {
			t.Errorf("whether an object was added could not be seen: %s", bucket.Classify("list objects", err))
		}
		if slices.Contains(keys, other) {
			return "an object was added"
		}
		return ""
	}
	t.Advise("%s", c.closeAdvice())
	at := c.unsigned(ctx, t, key)
	for _, d := range []run.Denial{
		{What: "to read an object without credentials", Control: read, Attempt: func() run.Answer { return c.ask(ctx, t, http.MethodGet, at, "") }, Untouched: kept},
		{What: "to list without credentials", Control: func() run.Answer {
			_, err := c.b.List(ctx, key, 2)
			return said(t, err)
		}, Attempt: func() run.Answer { return c.ask(ctx, t, http.MethodGet, c.listing(at, key), "") }, Untouched: kept},
		{What: "to replace an object without credentials", Control: read, Attempt: func() run.Answer { return c.ask(ctx, t, http.MethodPut, at, intruder) }, Untouched: kept},
		{What: "to add an object without credentials", Control: func() run.Answer {
			_, err := c.b.Put(ctx, key, []byte(body), "text/plain")
			return said(t, err)
		}, Attempt: func() run.Answer { return c.ask(ctx, t, http.MethodPut, c.unsigned(ctx, t, other), intruder) }, Untouched: absent},
	} {
		d.Expected, d.Refused = "401 or 403", refused
		if c.s.Is("azure") { // a private container is not there for strangers, and an account without public access says so
			d.Expected, d.Refused = "401, 403, 404 ResourceNotFound or 409 PublicAccessNotPermitted", refusedByAzure
		}
		t.Denied(d)
	}
	if c.s.Is("gcp") || c.s.Shows(bucket.DocumentPolicy) || c.s.Shows(bucket.DocumentAccount) {
		c.held(t, c.documents(ctx, t), "BYOB-PERM-020")
	}
}

func refused(a run.Answer) bool {
	return a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden
}

func refusedByAzure(a run.Answer) bool {
	return refused(a) || a.Status == http.StatusNotFound || a.Status == http.StatusConflict && a.Code == "PublicAccessNotPermitted"
}

// said is what an SDK's call came to, as an answer.
func said(t *run.T, err error) run.Answer {
	if err == nil {
		return run.Answer{Status: http.StatusOK}
	}
	e := bucket.Classify("control", err)
	if e.Status == 0 {
		t.Errorf("no answer: %s", e)
	}
	return run.Answer{Status: e.Status, Code: e.Code, Kind: e.Kind}
}

// unsigned is where an object is, by the SDK's own spelling, without anything that tells who asks.
func (c *client) unsigned(ctx context.Context, t *run.T, key string) url.URL {
	p, err := c.b.Presign(ctx, bucket.PresignRequest{Method: http.MethodGet, Key: key, Lifetime: urls.Reading})
	own(t, "pre-sign", err)
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Errorf("the pre-signed URL is no URL")
	}
	u.RawQuery = ""
	return *u
}

// listing is the listing of what begins with a key, at the same host and in the same addressing style as the key itself.
func (c *client) listing(at url.URL, key string) url.URL {
	at.Path, at.RawPath = strings.TrimSuffix(at.Path, key), ""
	q := url.Values{"prefix": {key}}
	switch {
	case c.s.Is("azure"):
		at.Path = strings.TrimSuffix(at.Path, "/")
		q.Set("restype", "container")
		q.Set("comp", "list")
	default:
		q.Set("list-type", "2")
	}
	at.RawQuery = q.Encode()
	return at
}

func (c *client) ask(ctx context.Context, t *run.T, method string, at url.URL, content string) run.Answer {
	var r io.Reader = http.NoBody
	if content != "" {
		r = strings.NewReader(content)
	}
	req, err := http.NewRequestWithContext(ctx, method, at.String(), r)
	if err != nil {
		t.Errorf("the request could not be made")
	}
	if c.s.Is("azure") && method == http.MethodPut {
		req.Header.Set("x-ms-blob-type", "BlockBlob")
	}
	return t.Do(c.s.Wire.Client(), req)
}

// closeAdvice is the command that closes this very bucket.
func (c *client) closeAdvice() string {
	name := c.s.Address.Bucket
	switch {
	case c.s.Is("gcp"):
		return "gcloud storage buckets update gs://" + name + " --public-access-prevention"
	case c.s.Is("azure"):
		return "az storage container set-permission --account-name <account> --name " + name + " --public-access off"
	case c.s.Is("aws"):
		return "aws s3api put-public-access-block --bucket " + name + " --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
	case c.s.Is("coreweave"):
		return `take every statement with the principal "*" out of the policy of ` + name
	}
	return "mc anonymous set none <alias>/" + name
}
