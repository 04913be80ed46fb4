package bucket_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
)

// recorded is an answer as a store was seen, or is documented, to give it.
type recorded struct {
	name, provider, call string
	status               int
	header               map[string]string
	body                 string
	kind                 bucket.Kind
	code, region         string
}

const hourAgo = -time.Hour

func at(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }

var recordedAnswers = []recorded{
	// S3: docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
	{"a key nobody knows", "aws", "get", 403, nil, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id you provided does not exist in our records.</Message><AWSAccessKeyId>` + accessKey + `</AWSAccessKeyId><RequestId>R</RequestId></Error>`, bucket.KindCredentials, "InvalidAccessKeyId", ""},
	{"a wrong secret", "aws", "put", 403, nil, `<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided.</Message><StringToSign>CANARY</StringToSign></Error>`, bucket.KindSignature, "SignatureDoesNotMatch", ""},
	{"an expired session", "aws", "list", 400, nil, `<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message><Token-0>` + token + `</Token-0></Error>`, bucket.KindCredentials, "ExpiredToken", ""},
	{"a session token that is none", "aws", "list", 400, nil, `<Error><Code>InvalidToken</Code><Message>The provided token is malformed or otherwise invalid.</Message></Error>`, bucket.KindCredentials, "InvalidToken", ""},
	{"a clock that is wrong", "aws", "get", 403, nil, `<Error><Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and the current time is too large.</Message></Error>`, bucket.KindClock, "RequestTimeTooSkewed", ""},
	{"a clock that is wrong, without a body", "aws", "head", 403, map[string]string{"Date": at(hourAgo)}, "", bucket.KindClock, "Forbidden", ""},
	{"denied, without a body", "aws", "head", 403, map[string]string{"Date": at(0)}, "", bucket.KindDenied, "Forbidden", ""},
	{"denied", "aws", "get", 403, nil, `<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/wandb is not authorized to perform: s3:GetObject</Message></Error>`, bucket.KindDenied, "AccessDenied", ""},
	{"no such bucket", "aws", "get", 404, nil, `<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message><BucketName>proof-bucket</BucketName></Error>`, bucket.KindNoSuchBucket, "NoSuchBucket", ""},
	{"no such bucket, without a body", "s3-compatible", "exists", 404, nil, "", bucket.KindNoSuchBucket, "NotFound", ""},
	{"no such key", "aws", "get", 404, nil, `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>run/key</Key></Error>`, bucket.KindNoSuchKey, "NoSuchKey", ""},
	{"no such key, without a body", "aws", "head", 404, nil, "", bucket.KindNoSuchKey, "NotFound", ""},
	{"no such upload", "s3-compatible", "abort", 404, nil, `<Error><Code>NoSuchUpload</Code><Message>The specified multipart upload does not exist.</Message></Error>`, bucket.KindNoSuchUpload, "NoSuchUpload", ""},
	{"signed for another region", "aws", "get", 400, nil, `<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-west-2'</Message><Region>us-west-2</Region></Error>`, bucket.KindRegion, "AuthorizationHeaderMalformed", "us-west-2"},
	{"signed for another region, named in the message alone", "s3-compatible", "get", 400, nil, `<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-west-2'</Message></Error>`, bucket.KindRegion, "AuthorizationHeaderMalformed", "us-west-2"},
	{"a malformed header is no region", "aws", "get", 400, nil, `<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the Credential is mal-formed</Message></Error>`, bucket.KindSignature, "AuthorizationHeaderMalformed", ""},
	{"another region by redirect", "aws", "get", 301, map[string]string{"x-amz-bucket-region": "us-west-2"}, `<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed using the specified endpoint.</Message><Endpoint>proof-bucket.s3-us-west-2.amazonaws.com</Endpoint></Error>`, bucket.KindRegion, "PermanentRedirect", "us-west-2"},
	{"another region by redirect, without a body", "aws", "exists", 301, map[string]string{"x-amz-bucket-region": "us-west-2"}, "", bucket.KindRegion, "MovedPermanently", "us-west-2"},
	{"another region by 400, without a body", "aws", "exists", 400, map[string]string{"x-amz-bucket-region": "us-west-2"}, "", bucket.KindRegion, "BadRequest", "us-west-2"},
	{"a 400 from the right region, without a body", "aws", "exists", 400, map[string]string{"x-amz-bucket-region": "eu-west-1"}, "", bucket.KindInvalid, "BadRequest", "eu-west-1"},
	{"a redirect that names no region", "s3-compatible", "get", 307, map[string]string{"Location": "https://elsewhere.example/x?X-Amz-Signature=CANARY"}, `<Error><Code>TemporaryRedirect</Code><Message>Please re-send this request to the specified temporary endpoint.</Message></Error>`, bucket.KindRedirect, "TemporaryRedirect", ""},
	{"another region's constraint", "aws", "get", 400, nil, `<Error><Code>IllegalLocationConstraintException</Code><Message>The us-west-2 location constraint is incompatible for the region specific endpoint this request was sent to.</Message></Error>`, bucket.KindRegion, "IllegalLocationConstraintException", ""},
	{"a wrong digest", "aws", "put", 400, nil, `<Error><Code>BadDigest</Code><Message>The Content-MD5 you specified did not match what we received.</Message></Error>`, bucket.KindBadDigest, "BadDigest", ""},
	{"a wrong payload hash, MinIO", "s3-compatible", "put", 400, nil, `<Error><Code>XAmzContentSHA256Mismatch</Code><Message>The provided 'x-amz-content-sha256' header does not match what was computed.</Message></Error>`, bucket.KindBadDigest, "XAmzContentSHA256Mismatch", ""},
	{"a precondition", "aws", "put", 412, nil, `<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message></Error>`, bucket.KindPrecondition, "PreconditionFailed", ""},
	{"not implemented", "s3-compatible", "uploads", 501, nil, `<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented</Message></Error>`, bucket.KindNotImplemented, "NotImplemented", ""},
	{"slow down", "aws", "get", 503, nil, `<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`, bucket.KindThrottled, "SlowDown", ""},
	{"a slow body", "aws", "put", 400, nil, `<Error><Code>RequestTimeout</Code><Message>Your socket connection to the server was not read from or written to within the timeout period.</Message></Error>`, bucket.KindTimeout, "RequestTimeout", ""},
	{"an internal error", "aws", "get", 500, nil, `<Error><Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message></Error>`, bucket.KindServer, "InternalError", ""},
	{"a completion that fails after its 200, which the SDK makes a 500", "aws", "complete", 200, nil, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message></Error>`, bucket.KindServer, "InternalError", ""},
	{"a proxy's page", "aws", "get", 502, map[string]string{"Content-Type": "text/html"}, `<html><body>CANARY<br>bad gateway</body></html>`, bucket.KindServer, "", ""},

	// Google: cloud.google.com/storage/docs/json_api/v1/status-codes and docs/xml-api/reference-status
	{"no such object", "gcp", "head", 404, nil, `{"error":{"code":404,"message":"No such object: proof-bucket/run/key","errors":[{"message":"No such object: proof-bucket/run/key","domain":"global","reason":"notFound"}]}}`, bucket.KindNoSuchKey, "notFound", ""},
	{"no such object to read", "gcp", "get", 404, map[string]string{"Content-Type": "text/html; charset=UTF-8"}, `No such object: proof-bucket/run/key`, bucket.KindNoSuchKey, "", ""},
	{"no such bucket to read from", "gcp", "get", 404, map[string]string{"Content-Type": "text/plain; charset=UTF-8"}, `The specified bucket does not exist.`, bucket.KindNoSuchBucket, "", ""},
	{"no such object to delete", "gcp", "delete", 404, nil, `{"error":{"code":404,"message":"No such object: proof-bucket/run/key","errors":[{"reason":"notFound"}]}}`, bucket.KindNoSuchKey, "notFound", ""},
	{"no such bucket", "gcp", "head", 404, nil, `{"error":{"code":404,"message":"The specified bucket does not exist.","errors":[{"message":"The specified bucket does not exist.","domain":"global","reason":"notFound"}]}}`, bucket.KindNoSuchBucket, "notFound", ""},
	{"no such bucket, asked for itself", "gcp", "exists", 404, nil, `{"error":{"code":404,"message":"Not Found","errors":[{"reason":"notFound"}]}}`, bucket.KindNoSuchBucket, "notFound", ""},
	{"denied", "gcp", "put", 403, nil, `{"error":{"code":403,"message":"proof@project.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud Storage object.","errors":[{"domain":"global","reason":"forbidden"}]}}`, bucket.KindDenied, "forbidden", ""},
	{"a token that is none", "gcp", "list", 401, nil, `{"error":{"code":401,"message":"Invalid Credentials","errors":[{"message":"Invalid Credentials","domain":"global","reason":"authError","locationType":"header","location":"Authorization"}]}}`, bucket.KindCredentials, "authError", ""},
	{"no token", "gcp", "list", 401, nil, `{"error":{"code":401,"message":"Anonymous caller does not have storage.objects.list access","errors":[{"reason":"required"}]}}`, bucket.KindCredentials, "required", ""},
	{"the rate of one user", "gcp", "put", 403, nil, `{"error":{"code":403,"message":"Rate Limit Exceeded","errors":[{"reason":"userRateLimitExceeded"}]}}`, bucket.KindThrottled, "userRateLimitExceeded", ""},
	{"a wrong digest", "gcp", "put", 400, nil, `{"error":{"code":400,"message":"Provided MD5 hash \"a\" doesn't match calculated MD5 hash \"b\".","errors":[{"reason":"invalid"}]}}`, bucket.KindBadDigest, "invalid", ""},
	{"a precondition", "gcp", "put", 412, nil, `{"error":{"code":412,"message":"At least one of the pre-conditions you specified did not hold.","errors":[{"reason":"conditionNotMet"}]}}`, bucket.KindPrecondition, "conditionNotMet", ""},
	{"the back end", "gcp", "put", 503, nil, `{"error":{"code":503,"message":"Backend Error","errors":[{"reason":"backendError"}]}}`, bucket.KindServer, "backendError", ""},
	{"no such upload", "gcp", "abort", 404, nil, `<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchUpload</Code><Message>The requested upload was not found.</Message></Error>`, bucket.KindNoSuchUpload, "NoSuchUpload", ""},
	{"a signature", "gcp", "create", 403, nil, `<Error><Code>SignatureDoesNotMatch</Code><Message>Access denied.</Message><Details>The request signature we calculated does not match</Details><StringToSign>CANARY</StringToSign></Error>`, bucket.KindSignature, "SignatureDoesNotMatch", ""},
	{"an expired signature", "gcp", "create", 400, nil, `<Error><Code>ExpiredToken</Code><Message>Invalid argument.</Message><Details>The provided token has expired. Request signature expired at: 2025</Details></Error>`, bucket.KindSignature, "ExpiredToken", ""},
	{"a completion that fails after its 200", "gcp", "complete", 200, nil, `<Error><Code>InternalError</Code><Message>try again</Message></Error>`, bucket.KindServer, "InternalError", ""},

	// Azure: learn.microsoft.com/rest/api/storageservices, "Common REST API error codes", "Blob service error codes"
	{"a wrong key", "azure", "get", 403, map[string]string{"x-ms-error-code": "AuthenticationFailed"}, "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.
RequestId:r
Time:2025-09-01T00:00:00Z</Message><AuthenticationErrorDetail>The MAC signature found in the HTTP request 'CANARY' is not the same as any computed signature.</AuthenticationErrorDetail></Error>`, bucket.KindSignature, "AuthenticationFailed", ""},
	{"a clock that is wrong", "azure", "get", 403, map[string]string{"x-ms-error-code": "AuthenticationFailed"}, `<Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.</Message><AuthenticationErrorDetail>Request date header too old: 'Mon, 01 Sep 2025 00:00:00 GMT'</AuthenticationErrorDetail></Error>`, bucket.KindClock, "AuthenticationFailed", ""},
	{"a form of authorization that is none", "azure", "list", 400, map[string]string{"x-ms-error-code": "InvalidAuthenticationInfo"}, `<Error><Code>InvalidAuthenticationInfo</Code><Message>Authentication information is not given in the correct format.</Message></Error>`, bucket.KindCredentials, "InvalidAuthenticationInfo", ""},
	{"a firewall", "azure", "put", 403, map[string]string{"x-ms-error-code": "AuthorizationFailure"}, `<Error><Code>AuthorizationFailure</Code><Message>This request is not authorized to perform this operation.</Message></Error>`, bucket.KindDenied, "AuthorizationFailure", ""},
	{"an account that is off", "azure", "put", 403, map[string]string{"x-ms-error-code": "AccountIsDisabled"}, `<Error><Code>AccountIsDisabled</Code><Message>The specified account is disabled.</Message></Error>`, bucket.KindCredentials, "AccountIsDisabled", ""},
	{"no such container", "azure", "list", 404, map[string]string{"x-ms-error-code": "ContainerNotFound"}, `<Error><Code>ContainerNotFound</Code><Message>The specified container does not exist.</Message></Error>`, bucket.KindNoSuchBucket, "ContainerNotFound", ""},
	{"no such container, without a body", "azure", "exists", 404, nil, "", bucket.KindNoSuchBucket, "", ""},
	{"no such blob", "azure", "get", 404, map[string]string{"x-ms-error-code": "BlobNotFound"}, `<Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.</Message></Error>`, bucket.KindNoSuchKey, "BlobNotFound", ""},
	{"no such blob, without a body", "azure", "head", 404, map[string]string{"x-ms-error-code": "BlobNotFound"}, "", bucket.KindNoSuchKey, "BlobNotFound", ""},
	{"a wrong digest", "azure", "put", 400, map[string]string{"x-ms-error-code": "Md5Mismatch"}, `<Error><Code>Md5Mismatch</Code><Message>The MD5 value specified in the request did not match with the MD5 value calculated by the server.</Message></Error>`, bucket.KindBadDigest, "Md5Mismatch", ""},
	{"a header that is missing", "azure", "put", 400, map[string]string{"x-ms-error-code": "MissingRequiredHeader"}, `<Error><Code>MissingRequiredHeader</Code><Message>An HTTP header that's mandatory for this request is not specified.</Message></Error>`, bucket.KindInvalid, "MissingRequiredHeader", ""},
	{"busy", "azure", "put", 503, map[string]string{"x-ms-error-code": "ServerBusy"}, `<Error><Code>ServerBusy</Code><Message>The server is busy.</Message></Error>`, bucket.KindThrottled, "ServerBusy", ""},
	{"immutable", "azure", "delete", 409, map[string]string{"x-ms-error-code": "BlobImmutableDueToPolicy"}, `<Error><Code>BlobImmutableDueToPolicy</Code><Message>This operation is not permitted as the blob is immutable due to a policy.</Message></Error>`, bucket.KindDenied, "BlobImmutableDueToPolicy", ""},
}

// TestRecordedAnswers has the SDKs themselves make an error of each answer.
func TestRecordedAnswers(t *testing.T) {
	for _, c := range recordedAnswers {
		t.Run(c.provider+" "+c.call+": "+c.name, func(t *testing.T) {
			r := &recorder{answer: answering(c.status, c.header, c.body)}
			b := open(t, c.provider, "", r.client())
			err := calls(b)[c.call](t.Context())
			var e *bucket.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a *bucket.Error", err)
			}
			if strings.HasSuffix(c.name, "which the SDK makes a 500") {
				c.status = 500
			}
			if e.Kind != c.kind || e.Code != c.code || e.Region != c.region || e.Status != c.status {
				t.Errorf("\n got %d %q, kind %q, region %q\nwant %d %q, kind %q, region %q", e.Status, e.Code, e.Kind, e.Region, c.status, c.code, c.kind, c.region)
			}
			if shown := leaks(e.Error() + e.Message); shown != "" {
				t.Errorf("the error shows %q: %s: %s", shown, e, e.Message)
			}
			if strings.Contains(e.Error()+e.Message, "\n") {
				t.Errorf("more than one line: %q", e.Error()+e.Message)
			}
		})
	}
}

// TestClassifyResponse reads the same answers as plain ones, as a pre-signed request sees them.
func TestClassifyResponse(t *testing.T) {
	for _, c := range recordedAnswers {
		if c.status < 300 || c.body == "" {
			continue
		}
		req := httptest.NewRequest("GET", "https://proof-bucket.example/run/key?X-Amz-Signature=CANARY&X-Amz-Credential="+accessKey+"%2F20250901%2Feu-west-1%2Fs3%2Faws4_request", nil)
		resp := answering(c.status, c.header, c.body)(req)
		resp.Request = req
		e := bucket.ClassifyResponse(c.call, resp, []byte(c.body))
		switch {
		case c.call == "exists": // its operation's name says that a bucket was asked for
		case e == nil || e.Kind != c.kind || e.Code != c.code || e.Region != c.region:
			t.Errorf("%s %s, %s:\n got %#v\nwant %d %q, kind %q, region %q", c.provider, c.call, c.name, e, c.status, c.code, c.kind, c.region)
		case leaks(e.Error()+e.Message) != "":
			t.Errorf("%s, %s: %s shows %q", c.provider, c.name, e, leaks(e.Error()+e.Message))
		}
	}
	if e := bucket.ClassifyResponse("get", &http.Response{StatusCode: 206}, nil); e != nil {
		t.Errorf("a 206 is %v, want nil", e)
	}
	if e := bucket.ClassifyResponse("get", nil, nil); e != nil {
		t.Errorf("no answer is %v, want nil", e)
	}
}

func TestErrorIsOneLine(t *testing.T) {
	for _, c := range []struct {
		e    bucket.Error
		want string
	}{
		{bucket.Error{Op: "get object", Status: 403, Code: "AccessDenied", Message: "long words", Kind: bucket.KindDenied}, "get object: 403 AccessDenied (denied)"},
		{bucket.Error{Op: "head object", Status: 404, Kind: bucket.KindNoSuchKey}, "head object: 404 (no such key)"},
		{bucket.Error{Op: "get object", Message: "connection refused", Kind: bucket.KindRefused}, "get object: connection refused (refused)"},
		{bucket.Error{Op: "get object", Kind: bucket.KindTimeout}, "get object: timeout"},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestClassifyKeepsWhatIsClassified(t *testing.T) {
	if e := bucket.Classify("get", nil); e != nil {
		t.Errorf("nil is %v, want nil", e)
	}
	first := &bucket.Error{Op: "get object", Kind: bucket.KindDenied}
	if got := bucket.Classify("again", errors.Join(first)); got != first {
		t.Errorf("got %v, want the same error", got)
	}
	if e := bucket.Classify("get", context.DeadlineExceeded); !errors.Is(e, context.DeadlineExceeded) || e.Kind != bucket.KindTimeout {
		t.Errorf("got %v, want a timeout that is context.DeadlineExceeded", e)
	}
}
