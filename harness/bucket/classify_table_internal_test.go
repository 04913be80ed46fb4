package bucket

import (
	"net/http"
	"slices"
	"testing"
)

// Every code with every status: what a server's failure, a wait or a contradiction says is no answer.
func TestADefiniteCodeCountsOnlyWithItsOwnStatus(t *testing.T) {
	codes := []string{"", "AuthorizationHeaderMalformed", "AuthorizationQueryParametersError", "invalid", "SomethingNew"}
	for code := range codeKinds {
		codes = append(codes, code)
	}
	for status := 300; status < 600; status++ {
		for _, code := range codes {
			for _, op := range []string{"get object", "head bucket"} {
				a := answer{status: status, header: http.Header{}, code: code, bodied: code != "", detail: "Request date header too old", message: "doesn't match calculated"}
				got := a.classify(op).Kind
				own := codeKinds[code]
				waits := slices.Contains([]int{407, 408, 425, 429}, status)
				switch {
				case (status >= 500 && status != 501 || waits) && got.Definite():
					t.Errorf("%s: %d %s is %q, want nothing definite", op, status, code, got)
				case own != "" && !own.Definite() && got.Definite():
					t.Errorf("%s: %d %s is %q, want %q or the status's", op, status, code, got, own)
				case (got == KindNoSuchKey || got == KindNoSuchUpload || got == KindNotConfigured) && status != 404:
					t.Errorf("%s: %d %s is %q: only a 404 says that something is missing", op, status, code, got)
				case got == KindNoSuchBucket && status != 404 && (status != 409 || own != KindNoSuchBucket):
					t.Errorf("%s: %d %s is %q: only a 404 says that the bucket is missing", op, status, code, got)
				case got == KindDenied && status != 403 && own != KindDenied:
					t.Errorf("%s: %d %s is %q: neither status nor code says so", op, status, code, got)
				case status == 404 && own == KindDenied && got.Definite():
					t.Errorf("%s: a 404 with %s is %q: the two contradict each other", op, code, got)
				case got == KindNotImplemented && status != 501 && own != KindNotImplemented:
					t.Errorf("%s: %d %s is %q", op, status, code, got)
				}
			}
		}
	}
	for _, own := range []struct {
		status int
		code   string
		want   Kind
	}{
		{403, "AccessDenied", KindDenied}, {500, "AccessDenied", KindServer}, {503, "NoSuchBucket", KindServer}, {501, "NotImplemented", KindNotImplemented},
		{404, "NoSuchKey", KindNoSuchKey}, {403, "NoSuchKey", KindOther}, {404, "AccessDenied", KindOther}, {302, "AccessDenied", KindRedirect},
		{400, "SlowDown", KindThrottled}, {503, "SlowDown", KindThrottled}, {429, "AccessDenied", KindThrottled}, {407, "AccessDenied", KindProxy},
		{500, "NoSuchBucketPolicy", KindServer}, {500, "InvalidAccessKeyId", KindServer}, {500, "BadDigest", KindServer},
	} {
		if got := (answer{status: own.status, code: own.code, bodied: true}).classify("get object").Kind; got != own.want {
			t.Errorf("%d %s is %q, want %q", own.status, own.code, got, own.want)
		}
	}
}

// A document that can't be read is not one that isn't set.
func TestAFailingServerHasNotSaidThatADocumentIsMissing(t *testing.T) {
	for code := range absentCodes {
		if e := (answer{status: 500, code: code, bodied: true}).classify("get bucket policy"); absent(e) {
			t.Errorf("500 %s counts as a document that isn't set", code)
		}
		if e := (answer{status: 405, code: code, bodied: true}).classify("get bucket policy"); !absent(e) {
			t.Errorf("405 %s does not count as a document that isn't set: %s", code, e)
		}
	}
}
