package bucket_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/bucket"
)

// Only an answer that says so means that there are no rules: one that is something else decides nothing.
func TestCORSRulesAreReadAsTheProviderWritesThem(t *testing.T) {
	const denied = `{"error":{"code":403,"errors":[{"reason":"forbidden"}]}}`
	for _, tt := range []struct {
		name, provider string
		answer         func(*http.Request) *http.Response
		want           string
		kind           bucket.Kind
	}{
		{"S3's XML", "s3-compatible", answering(200, nil, corsXML), corsXML, ""},
		{"S3 without rules", "aws", s3Error(404, "NoSuchCORSConfiguration"), "", bucket.KindNotConfigured},
		{"S3 that may not be asked", "coreweave", s3Error(403, "AccessDenied"), "", bucket.KindDenied},
		{"S3 that can't be asked", "s3-compatible", s3Error(501, "NotImplemented"), "", bucket.KindNotImplemented},
		{"S3 that answers with nothing", "s3-compatible", answering(200, nil, ""), "", bucket.KindOther},
		{"S3 that answers with a page", "s3-compatible", answering(200, nil, "<html></html>"), "", bucket.KindOther},
		{"Google's list", "gcp", answering(200, nil, googleBucket), `[{"maxAgeSeconds":3000,"method":["GET"],"origin":["*"],"responseHeader":["ETag"]}]`, ""},
		{"Google without rules", "gcp", answering(200, nil, `{"kind":"storage#bucket","name":"proof-bucket"}`), "", bucket.KindNotConfigured},
		{"Google that answers with nothing", "gcp", answering(200, nil, `{}`), "", bucket.KindOther},
		{"Google that may not be asked", "gcp", answering(403, nil, denied), "", bucket.KindDenied},
		{"Azure's properties", "azure", azureAnswer(answering(200, nil, azureService)), azureService, ""},
		{"Azure that answers with something else", "azure", azureAnswer(answering(200, nil, "<Error/>")), "", bucket.KindOther},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := open(t, tt.provider, "", (&recorder{answer: tt.answer}).client()).CORS(t.Context())
			if strings.TrimSpace(string(got)) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			var e *bucket.Error
			if errors.As(err, &e); (err != nil) != (tt.kind != "") || err != nil && (e == nil || e.Kind != tt.kind) {
				t.Errorf("got error %v, want kind %q", err, tt.kind)
			}
		})
	}
	for _, p := range []string{"aws", "gcp", "azure"} {
		_, err := open(t, p, "", (&recorder{err: io.ErrUnexpectedEOF}).client()).CORS(t.Context())
		if e := (*bucket.Error)(nil); !errors.As(err, &e) || e.Kind.Definite() {
			t.Errorf("%s: got %v, want an error that is no answer", p, err)
		}
	}
}
