package signing_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// vectorsDir holds published vectors that are not part of this repository.
const vectorsDir = "../../../shared/vectors"

func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectorsDir, name))
	if os.IsNotExist(err) {
		t.Skipf("the published vectors %s are not here: nothing was checked against them", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
		return
	}
}

func mustTime(t *testing.T, layout, s string) time.Time {
	t.Helper()
	at, err := time.Parse(layout, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func fromURL(t *testing.T, method, raw string, at time.Time) signing.Input {
	t.Helper()
	in, err := signing.FromURL(method, raw, at)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func one(k signing.Key) func(*signing.Claim) []signing.Key {
	return func(*signing.Claim) []signing.Key { return []signing.Key{k} }
}

type gcsVector struct {
	Description, Bucket, Object, Method, Timestamp, ExpectedURL, Scheme, URLStyle, Hostname, ClientEndpoint string
	ExpectedCanonicalRequest, ExpectedStringToSign, BucketBoundHostname, EmulatorHostname, UniverseDomain   string
	Expiration                                                                                              int
	Headers, QueryParameters                                                                                map[string]string
}

// gcsErratum is signed over /test-object, as its string-to-sign and signature show, but prints /test-bucket/test-object.
const gcsErratum = "Universe domain with virtual hosted style"

func TestPublishedGCSVectorsVerify(t *testing.T) {
	var file struct{ SigningV4Tests []gcsVector }
	readVectors(t, "gcs/v4_signatures.json", &file)
	pemText, err := os.ReadFile(filepath.Join(vectorsDir, "gcs/test-service-account.pub.pem"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := signing.ParseRSAKey(pemText)
	if err != nil {
		t.Fatal(err)
	}
	verified := 0
	for _, v := range file.SigningV4Tests {
		t.Run(v.Description, func(t *testing.T) {
			at := mustTime(t, time.RFC3339, v.Timestamp)
			in := fromURL(t, v.Method, v.ExpectedURL, at.Add(time.Duration(v.Expiration)*time.Second))
			for name, value := range v.Headers {
				in.Header[name] = []string{value}
			}
			in.Keys = one(key)
			verdict := signing.Verify(in)
			if !verdict.OK {
				t.Fatalf("got %v\nwant accepted", verdict)
			}
			if verdict.StringToSign != v.ExpectedStringToSign {
				t.Errorf("string-to-sign: %s", cmp.Diff(v.ExpectedStringToSign, verdict.StringToSign))
			}
			want := v.ExpectedCanonicalRequest
			if v.Description == gcsErratum {
				sum := sha256.Sum256([]byte(want))
				if strings.HasSuffix(v.ExpectedStringToSign, hex.EncodeToString(sum[:])) {
					t.Error("the erratum has been mended: drop the exception")
				}
				want = strings.Replace(want, "/test-bucket/test-object", "/test-object", 1)
			}
			if verdict.CanonicalRequest != want {
				t.Errorf("canonical request: %s", cmp.Diff(want, verdict.CanonicalRequest))
			}
			in.Time = at.Add(time.Duration(v.Expiration)*time.Second + time.Second)
			if late := signing.Verify(in); late.Cause != signing.CauseExpired {
				t.Errorf("a second after its end: got %v\nwant expired", late)
			}
			mintGCSVector(t, v, at, verdict.StringToSign)
			verified++
		})
	}
	if len(file.SigningV4Tests) != 29 || verified != 29 {
		t.Errorf("verified %d of %d vectors, want 29 of 29", verified, len(file.SigningV4Tests))
	}
}

// mintGCSVector mints the vector's URL with a signer that shows the string-to-sign, since its private key is not here.
func mintGCSVector(t *testing.T, v gcsVector, at time.Time, want string) {
	t.Helper()
	var text string
	signer, err := signing.NewGCSSignerFunc("test-iam-credentials@dummy-project-id.iam.gserviceaccount.com", func(b []byte) ([]byte, error) {
		text = string(b)
		return []byte{1}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(v.ExpectedURL)
	if err != nil {
		t.Fatal(err)
	}
	r := signing.Request{Method: v.Method, Host: u.Host, HTTP: u.Scheme == "http", Bucket: v.Bucket, Key: v.Object, At: at,
		Lifetime: time.Duration(v.Expiration) * time.Second, Header: http.Header{}, Query: url.Values{}}
	switch v.URLStyle {
	case "VIRTUAL_HOSTED_STYLE":
		r.Style, r.Host = signing.VirtualHosted, strings.TrimPrefix(u.Host, v.Bucket+".")
	case "BUCKET_BOUND_HOSTNAME":
		r.Style = signing.BucketBound
	}
	for k, x := range v.Headers {
		r.Header[k] = []string{x}
	}
	for k, x := range v.QueryParameters {
		r.Query.Set(k, x)
	}
	signed, err := signer.Sign(r)
	if err != nil {
		t.Fatal(err)
	}
	if text != want {
		t.Errorf("minting: %s", cmp.Diff(want, text))
	}
	got, _, _ := strings.Cut(signed.URL, "?")
	expected, _, _ := strings.Cut(v.ExpectedURL, "?")
	if got != expected {
		t.Errorf("minted %s\nwant   %s", got, expected)
	}
}

type s3Vector struct {
	Name      string
	ID        string `json:"access_key_id"`
	Secret    string `json:"secret_access_key"`
	Method    string
	URL       string
	Time      string
	Expires   int
	Region    string
	Service   string
	Payload   string
	CRHash    string `json:"canonical_request_sha256"`
	Canonical string `json:"canonical_request"`
	Signature string
}

func TestPublishedS3VectorsAgreeAtEveryStage(t *testing.T) {
	var vectors []s3Vector
	readVectors(t, "s3/presigned_vectors.json", &vectors)
	if len(vectors) != 3 {
		t.Fatalf("got %d vectors, want 3", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) { checkS3Vector(t, v) })
	}
}

func checkS3Vector(t *testing.T, v s3Vector) {
	t.Helper()
	at := mustTime(t, "20060102T150405Z", v.Time)
	scope := strings.Join([]string{v.Time[:8], v.Region, v.Service, "aws4_request"}, "/")
	query := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + url.QueryEscape(v.ID+"/"+scope) + "&X-Amz-Date=" + v.Time +
		"&X-Amz-Expires=" + itoa(v.Expires) + "&X-Amz-SignedHeaders=host&X-Amz-Signature=" + v.Signature
	in := fromURL(t, v.Method, v.URL+"?"+query, at)
	key := signing.NewSecretKey(v.Secret, "")
	in.Keys, in.Service = one(key), signing.AnyService
	if v.Payload != signing.Unsigned {
		sum := sha256.Sum256(nil)
		in.PayloadHash = hex.EncodeToString(sum[:])
	}
	got := signing.VerifyS3(in)
	if !got.OK {
		t.Fatalf("got %v\nwant accepted", got)
	}
	if d := cmp.Diff(v.Canonical, got.CanonicalRequest); d != "" {
		t.Errorf("canonical request: %s", d)
	}
	sum := sha256.Sum256([]byte(v.Canonical))
	want := "AWS4-HMAC-SHA256\n" + v.Time + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	if d := cmp.Diff(want, got.StringToSign); d != "" {
		t.Errorf("string-to-sign: %s", d)
	}
	if v.CRHash != "" && v.CRHash != hex.EncodeToString(sum[:]) {
		t.Errorf("canonical request's hash %x, want %s", sum, v.CRHash)
	}
	if v.Payload != signing.Unsigned {
		return
	}
	signer, err := signing.NewServiceSigner(v.ID, key, v.Region, v.Service)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(v.URL)
	minted, err := signer.Sign(signing.Request{Method: v.Method, Host: u.Host, Style: signing.BucketBound, Key: strings.TrimPrefix(u.Path, "/"),
		At: at, Lifetime: time.Duration(v.Expires) * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(v.URL+"?"+query, minted.URL); d != "" {
		t.Errorf("minted URL: %s", d)
	}
}

// TestS3DocumentExample is the example of "Authenticating Requests: Using Query Parameters" in the Amazon S3 API Reference.
func TestS3DocumentExample(t *testing.T) {
	checkS3Vector(t, s3Vector{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Method: "GET",
		URL: "https://examplebucket.s3.amazonaws.com/test.txt", Time: "20130524T000000Z", Expires: 86400, Region: "us-east-1", Service: "s3",
		Payload: signing.Unsigned, CRHash: "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04",
		Canonical: "GET\n/test.txt\nX-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\nhost:examplebucket.s3.amazonaws.com\n\nhost\nUNSIGNED-PAYLOAD",
		Signature: "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"})
}
