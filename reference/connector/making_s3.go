package connector

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"

	"github.com/bucketproof/bucketproof/reference/address"
)

// s3Namespace is the one of S3's documents.
const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// makeS3 does a step in S3's language, by requests signed in the query like all of the connector's own. A new bucket of
// Amazon's is private and encrypted, and blocks public access (Amazon S3 user guide, "Creating a bucket", since April 2023).
func (c *Connector) makeS3(ctx context.Context, b *bucket, m *making, step Step) error {
	set := func(doing, what string, body []byte) error {
		sum := md5.Sum(body)
		_, err := c.send(ctx, doing, Mint{Storage: &b.Storage, Method: http.MethodPut, Query: url.Values{what: {""}},
			Header: http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}}}, bytes.NewReader(body), int64(len(body)))
		return err
	}
	switch step {
	case MakeAbsent:
		// Asked first, since us-east-1 answers 200 to whoever makes a bucket that is theirs already (Amazon S3 API
		// reference, "CreateBucket", BucketAlreadyOwnedByYou).
		a, err := c.send(ctx, "say whether it is there", Mint{Storage: &b.Storage, Method: http.MethodHead}, nil, 0,
			http.StatusNotFound, http.StatusForbidden, http.StatusMovedPermanently)
		if err == nil && a.status != http.StatusNotFound {
			return bucketTaken()
		}
		return err
	case MakeNew:
		body := m.s3Location(b.Address)
		a, err := c.send(ctx, "be made", Mint{Storage: &b.Storage, Method: http.MethodPut}, bytes.NewReader(body), int64(len(body)), http.StatusConflict)
		if err == nil && a.status == http.StatusConflict {
			return bucketTaken()
		}
		return err
	case MakeCORS:
		return set("take its CORS rules", "cors", m.cors.XML())
	case MakePolicy:
		return set("take its policy", "policy", []byte(m.document("policy")))
	case MakeKeep:
		if m.kmsKey != "" {
			if err := set("take its encryption", "encryption", s3Encryption(m.kmsKey)); err != nil {
				return err
			}
		}
		return set("keep versions", "versioning", []byte(`<VersioningConfiguration xmlns="`+s3Namespace+`"><Status>Enabled</Status></VersioningConfiguration>`))
	case MakeUndo:
		_, err := c.send(ctx, "be removed again", Mint{Storage: &b.Storage, Method: http.MethodDelete}, nil, 0, http.StatusNotFound)
		return err
	}
	return nil
}

// s3Location is the body of CreateBucket: none where the region is the default one.
func (m *making) s3Location(a *address.Address) []byte {
	region := m.identity.Region
	if region == "" || region == defaultRegion && a.Provider == address.AWS {
		return nil
	}
	return s3Document(struct {
		XMLName            xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CreateBucketConfiguration"`
		LocationConstraint string
	}{LocationConstraint: region})
}

func s3Encryption(key string) []byte {
	type byDefault struct{ SSEAlgorithm, KMSMasterKeyID string }
	type rule struct {
		ApplyServerSideEncryptionByDefault byDefault
		BucketKeyEnabled                   bool
	}
	return s3Document(struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ServerSideEncryptionConfiguration"`
		Rule    rule
	}{Rule: rule{byDefault{"aws:kms", key}, true}})
}

func s3Document(v any) []byte {
	out, err := xml.Marshal(v)
	if err != nil {
		panic(err) // strings and booleans alone
	}
	return out
}
