package signing_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// The faults of minters, one by one over all schemes, stand in harness/faults; here are the edges.
func TestJudgeSeesWhatIsWrongWithAMintedURL(t *testing.T) {
	key := signing.NewSecretKey(secretKey, "")
	r := signing.Request{Method: "GET", Host: "store.example.com", Bucket: "bucket", Key: "file.bin", At: signedAt, Lifetime: time.Hour, Query: url.Values{"X-User": {"alice"}}}
	right := signing.Expectation{At: signedAt, Lifetime: time.Hour, Method: "GET", Bucket: "bucket", Key: "file.bin", TLS: true, Requester: "alice",
		Secrets: []string{secretKey, "short"}, Keys: one(key)}
	signed, err := s3Signer(t, key).Sign(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		url  func(string) string
		do   func(e *signing.Expectation)
		want []signing.Cause
	}{
		{"as asked for", nil, nil, nil},
		{"without a key to verify by", nil, func(e *signing.Expectation) { e.Keys = nil }, nil},
		{"a second or two off", nil, func(e *signing.Expectation) { e.At = e.At.Add(2 * time.Second) }, nil},
		{"a minute off", nil, func(e *signing.Expectation) { e.At = e.At.Add(time.Minute) }, []signing.Cause{signing.CauseOtherLife}},
		{"a minute off, within the slack that was given", nil, func(e *signing.Expectation) { e.At, e.Slack = e.At.Add(time.Minute), time.Hour }, nil},
		{"for another method", nil, func(e *signing.Expectation) { e.Method = "PUT" }, []signing.Cause{signing.CauseMethod}},
		{"for another key", nil, func(e *signing.Expectation) { e.Key = "other.bin" }, []signing.Cause{signing.CauseObject}},
		{"for another bucket", nil, func(e *signing.Expectation) { e.Bucket = "other" }, []signing.Cause{signing.CauseBucket}},
		{"for another requester", nil, func(e *signing.Expectation) { e.Requester = "bob" }, []signing.Cause{signing.CauseRequester}},
		{"with the requester written in afterwards", func(u string) string { return strings.Replace(u, "alice", "bob", 1) },
			func(e *signing.Expectation) { e.Requester = "bob" }, []signing.Cause{signing.CauseSecret, signing.CauseUnexplained}},
		{"unsigned", func(u string) string { u, _, _ = strings.Cut(u, "?"); return u }, nil, []signing.Cause{signing.CauseAnonymous}},
		{"no URL", func(string) string { return "store.example.com/" + secretKey }, nil, []signing.Cause{signing.CauseMalformed}},
		{"with the secret as it is", func(u string) string { return u + "#" + secretKey }, nil, []signing.Cause{signing.CauseSecretShown}},
		{"with a part of the secret", func(u string) string { return u + "#" + secretKey[7:24] }, nil, []signing.Cause{signing.CauseSecretShown}},
		{"with the secret encoded twice", func(u string) string { return u + "#" + url.QueryEscape(url.QueryEscape(secretKey)) }, nil, []signing.Cause{signing.CauseSecretShown}},
		{"with the secret in base64", func(u string) string { return u + "#" + base64.URLEncoding.EncodeToString([]byte(secretKey)) }, nil, []signing.Cause{signing.CauseSecretShown}},
		{"with the secret in base64 behind an ID", func(u string) string {
			return u + "#" + base64.StdEncoding.EncodeToString([]byte("AKIAIOSFODNN7EXAMPLE:"+secretKey))
		}, nil, []signing.Cause{signing.CauseSecretShown}},
		{"with the secret in hex", func(u string) string { return u + "#" + strings.ToUpper(hex.EncodeToString([]byte(secretKey))) }, nil, []signing.Cause{signing.CauseSecretShown}},
		{"with a short secret", func(u string) string { return u + "#a=short" }, nil, []signing.Cause{signing.CauseSecretShown}},
		{"with credentials before the host", func(u string) string { return strings.Replace(u, "://", "://id:pw@", 1) }, nil, []signing.Cause{signing.CauseSecretShown}},
		{"several at once", func(u string) string { return strings.Replace(u, "https://", "http://", 1) + "#" + secretKey },
			func(e *signing.Expectation) { e.Lifetime = 24 * time.Hour }, []signing.Cause{signing.CauseSecretShown, signing.CausePlain, signing.CauseOtherLife}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw, e := signed.URL, right
			if tt.url != nil {
				raw = tt.url(raw)
			}
			if tt.do != nil {
				tt.do(&e)
			}
			found := signing.Judge(raw, e)
			var got []signing.Cause
			for _, f := range found {
				got = append(got, f.Cause)
				if out := f.String(); strings.Contains(out, secretKey[:8]) || strings.Contains(out, "X-Amz-Signature=") {
					t.Errorf("a secret shows in %s", out)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %v\nwant %v", found, tt.want)
			}
		})
	}
}
