package signing_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	miniosigner "github.com/minio/minio-go/v7/pkg/signer"

	"github.com/bucketproof/bucketproof/reference/signing"
)

func TestS3AgreesWithMinio(t *testing.T) {
	d := newDice(t, 2)
	for i := range cases {
		c := d.s3()
		// minio-go sorts a query by its decoded names and signs tabs as spaces; AWS says otherwise, so no such cases. It
		// signs a default port, too, which the tests of hosts cover.
		req := c.unsigned(t)
		req.URL.RawQuery = url.Values{"X-User": {c.r.Query.Get("X-User")}}.Encode()
		signed := miniosigner.PreSignV4(*req, c.id, c.secret, c.token, c.region, int64(c.r.Lifetime/time.Second))
		theirs := signed.URL.String()
		at := mustTime(t, "20060102T150405Z", signed.URL.Query().Get("X-Amz-Date"))
		key := signing.NewSecretKey(c.secret, c.token)
		in := sent(t, c.r.Method, theirs, c.r.Header, at)
		in.Keys = one(key)
		v := signing.Verify(in)
		if !v.OK {
			t.Fatalf("case %d: theirs: got %v\n%s\n%s", i, v, v.CanonicalRequest, theirs)
		}
		if h := c.r.Host; strings.HasSuffix(h, ":443") || strings.HasSuffix(h, ":80") {
			continue
		}
		signer, err := signing.NewS3Signer(c.id, key, c.region)
		if err != nil {
			t.Fatal(err)
		}
		c.r.At, c.r.Query = at, url.Values{"X-User": {c.r.Query.Get("X-User")}}
		ours, err := signer.Sign(c.r)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := signature(t, ours.URL, "X-Amz-Signature"), signature(t, theirs, "X-Amz-Signature"); got != want {
			t.Fatalf("case %d:\ngot  %s\nwant %s", i, ours.URL, theirs)
		}
	}
}
