package permissions

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// action is one of the eleven and how it is tried.
type action struct {
	id, name string
	may      string // what it lets W&B do
	thing    string // what a store hasn't got that answers NotImplemented
	core     bool   // W&B can't do without it on any store
	object   bool   // it is done to objects
	requests int
	objects  int
	bytes    int64
	marker   string // what it is called when it is done to the run's marker
	try      func(context.Context, *run.T, *client, action)
}

// body is what is written.
const body = "bucketproof tries what it may\n"

// actions are tried in this order: reading the configuration first, removing last.
var actions = []action{
	{id: "BYOB-PERM-002", name: "s3:GetEncryptionConfiguration", may: "read the default encryption", thing: "default encryption", requests: 1, try: reading(bucket.DocumentEncryption)},
	{id: "BYOB-PERM-003", name: "s3:ListBucket", may: "list", core: true, requests: 1, try: func(ctx context.Context, t *run.T, c *client, a action) {
		_, err := c.b.List(ctx, c.s.Prefix, 1)
		c.allowed(ctx, t, a, "list objects", err)
	}},
	{id: "BYOB-PERM-004", name: "s3:ListBucketMultipartUploads", may: "list open uploads", thing: "multipart uploads", requests: 1,
		try: func(ctx context.Context, t *run.T, c *client, a action) {
			_, err := c.b.Uploads(ctx, c.s.Prefix)
			c.allowed(ctx, t, a, "list multipart uploads", err)
		}},
	{id: "BYOB-PERM-005", name: "s3:ListBucketVersions", may: "list versions", thing: "versions", requests: 1, try: func(ctx context.Context, t *run.T, c *client, a action) {
		_, err := c.b.Versions(ctx, c.s.Prefix)
		c.allowed(ctx, t, a, "list object versions", err)
	}},
	{id: "BYOB-PERM-009", name: "s3:GetBucketCORS", may: "read the CORS rules", thing: "CORS rules", requests: 1, try: reading(bucket.DocumentCORS)},
	{id: "BYOB-PERM-010", name: "s3:GetBucketLocation", may: "read the location", thing: "location", requests: 1, try: func(ctx context.Context, t *run.T, c *client, a action) {
		_, err := c.b.Location(ctx)
		c.allowed(ctx, t, a, "get bucket location", err)
	}},
	{id: "BYOB-PERM-011", name: "s3:GetBucketVersioning", may: "read the versioning", thing: "versioning", requests: 1, try: reading(bucket.DocumentVersioning)},
	{id: "BYOB-PERM-008", name: "s3:PutObject", may: "store objects", core: true, object: true, requests: 1, objects: 1, bytes: 1 << 10,
		marker: "put object", try: func(ctx context.Context, t *run.T, c *client, a action) {
			_, err := c.b.Put(ctx, c.s.Key(a.id, "object"), []byte(body), "text/plain")
			c.allowed(ctx, t, a, "put object", err)
		}},
	{id: "BYOB-PERM-001", name: "s3:GetObject*", may: "read objects, versions and attributes", core: true, object: true, requests: 4, objects: 1, bytes: 1 << 10,
		marker: "get object", try: read},
	{id: "BYOB-PERM-006", name: "s3:AbortMultipartUpload", may: "abort an upload", core: true, object: true, requests: 2, objects: 1,
		try: func(ctx context.Context, t *run.T, c *client, a action) {
			key := c.s.Key(a.id, "object")
			upload, err := c.b.Create(ctx, key)
			own(t, "begin a multipart upload", err)
			c.allowed(ctx, t, a, "abort multipart upload", c.b.Abort(ctx, key, upload))
		}},
	{id: "BYOB-PERM-007", name: "s3:DeleteObject", may: "remove objects", core: true, object: true, requests: 2, objects: 1, bytes: 1 << 10,
		try: func(ctx context.Context, t *run.T, c *client, a action) {
			key := c.s.Key(a.id, "object")
			_, err := c.b.Put(ctx, key, []byte(body), "text/plain")
			own(t, "put object", err)
			c.allowed(ctx, t, a, "delete object", c.b.Delete(ctx, key))
		}},
}

// own ends a check that could not make what it tries its right on: that is another right's.
func own(t *run.T, what string, err error) {
	if err != nil {
		t.Errorf("there is nothing to try it on: %s", bucket.Classify(what, err))
	}
}

// action tries the right, as W&B's own credentials; as the bucket's owner it judges the policy.
func (c *client) action(ctx context.Context, t *run.T, a action) {
	if c.s.Owner() {
		t.Observe("the address holds no credentials: the run acts as the bucket's owner, and what W&B may do is judged by the policy")
		findings := c.documents(ctx, t).AccessFindings()
		for _, whom := range speaks {
			if finding.Worst(findings, whom) == finding.Broken {
				t.Errorf("it stands on %s, which failed: the policy does not speak of W&B", whom)
			}
		}
		t.Findings(findings, a.id)
		return
	}
	a.try(ctx, t, c, a)
	c.judge(ctx, t, a.id)
}

func reading(document string) func(context.Context, *run.T, *client, action) {
	return func(ctx context.Context, t *run.T, c *client, a action) {
		_, err := c.b.Document(ctx, document)
		c.allowed(ctx, t, a, "read the bucket's "+document, err)
	}
}

// read reads an object of the run's own; where the wildcard is asked for, its version and its attributes too.
func read(ctx context.Context, t *run.T, c *client, a action) {
	key := c.s.Key(a.id, "object")
	info, err := c.b.Put(ctx, key, []byte(body), "text/plain")
	own(t, "put object", err)
	_, _, err = c.b.Get(ctx, key)
	c.allowed(ctx, t, a, "get object", err)
	if c.s.Is(policy.S3Compatible) {
		return
	}
	version := info.VersionID
	if version == "" {
		version = "null" // what an object's version is called where versioning was never on
	}
	a.core, a.thing = false, "versions by their ID"
	c.version(ctx, t, a, key, version)
	a.thing = "object attributes"
	c.allowed(ctx, t, a, "get object attributes", c.b.Attributes(ctx, key))
}

// version reads an object by its version's ID, by pre-signed URL.
func (c *client) version(ctx context.Context, t *run.T, a action, key, id string) {
	const what = "get object version"
	p, err := c.b.Presign(ctx, bucket.PresignRequest{Method: http.MethodGet, Key: key, Lifetime: urls.Reading, Query: url.Values{"versionId": {id}}})
	own(t, "pre-sign", err)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL, http.NoBody)
	if err != nil {
		t.Errorf("the pre-signed URL is no URL")
	}
	got := t.Do(c.s.Wire.Client(), req)
	if got.Status < 300 {
		err = nil
	} else {
		err = &bucket.Error{Op: what, Status: got.Status, Code: got.Code, Kind: got.Kind}
	}
	c.allowed(ctx, t, a, what, err)
}

// advise says what grants the action here: the smallest change of the policy where that is known, else the statement that
// is missing, with this bucket's own names.
func (c *client) advise(ctx context.Context, t *run.T, a action) {
	d := c.documents(ctx, t)
	if d.Access.Bucket != nil {
		findings := finding.Of(d.AccessFindings(), a.id)
		fixes := ""
		for _, f := range findings {
			if f.State == finding.Broken && f.Fix != "" {
				fixes += f.Fix + "\n"
			}
		}
		if fixes != "" {
			t.Advise("%s", fixes[:len(fixes)-1])
			return
		}
		if len(findings) > 0 && finding.Worst(findings, a.id) == finding.Holds {
			t.Advise("%s", elsewhere(c.s))
			return
		}
	}
	t.Advise("add to the policy: %s%s", statement(d.Need, a), also(c.s))
}

// elsewhere says who refuses what the bucket's policy grants.
func elsewhere(s *run.Subject) string {
	if s.Is(policy.CoreWeave) {
		return "the bucket policy grants it: the organisation's access policy, which is judged first, does not; add the action there (Cloud Console, Object Storage, Access Policies)"
	}
	return "the policy grants it to W&B's principal: look for who refuses it besides: the policy of the address's own user or role, a service control policy, a VPC endpoint's policy"
}

func also(s *run.Subject) string {
	if s.Is(policy.CoreWeave) {
		return "\nthe organisation's access policy, which is judged first, must allow it too"
	}
	return ""
}

// statement grants one action on what it is done to.
func statement(n policy.Need, a action) string {
	s := policy.Statement{Effect: policy.Allow, Actions: []string{a.name}, Resources: []string{"arn:aws:s3:::" + n.Bucket}}
	if a.object {
		s.Resources[0] += "/*"
		if n.Path != "" {
			s.Resources[0] = fmt.Sprintf("arn:aws:s3:::%s/%s/*", n.Bucket, n.Path)
		}
	}
	who, missing := n.Who()
	if missing != "" {
		who = "<principal>"
	}
	switch n.Provider {
	case policy.AWS:
		s.Principals = []policy.Principal{{Kind: "AWS", Value: who}}
	case policy.CoreWeave:
		s.Principals = []policy.Principal{{Kind: "CW", Value: who}}
		org := n.OrgID
		if org == "" {
			org = "<org-id>"
		}
		s.Conditions = []policy.Condition{{Operator: "StringLike", Key: "wandb:OrgID", Values: []string{org}}}
	}
	return s.JSON()
}
