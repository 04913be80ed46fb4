package stores

import (
	"net/http"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// bearer says who the request's Authorization names; there is none if known is false.
func (f *gcsFront) bearer(r *http.Request, now time.Time) (c gcsCaller, known bool) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return gcsCaller{grant: controller}, false
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return gcsCaller{}, true
	}
	return f.tokens.caller(strings.TrimSpace(text), now), true
}

// identify says who asks: the bearer of a token, the account whose key signed the URL, or an anonymous caller. need is the
// scope that a token must have.
func (f *gcsFront) identify(r *http.Request, need grant) (gcsCaller, *gcsError) {
	now := time.Now()
	scheme := signing.Detect(r.URL.RawQuery)
	if q := r.URL.Query(); scheme != signing.GCS && (scheme != signing.None || q.Has("GoogleAccessId") || q.Has("Signature")) {
		return gcsCaller{}, unimplemented("signatures but V4 of GCS")
	}
	c, known := f.bearer(r, now)
	switch {
	case known && c.grant == nobody:
		return c, &gcsError{status: http.StatusUnauthorized, Code: "AuthenticationRequired", Message: "Authentication required."}
	case known && c.grant < need:
		return c, outOfScope()
	case scheme == signing.GCS:
		return f.verify(r, now)
	}
	return c, nil
}

func outOfScope() *gcsError {
	return &gcsError{status: http.StatusForbidden, Code: "AccessDenied", reason: "forbidden", Message: "Access denied.", Details: "Provided scope(s) are not authorized"}
}

// xmlScope is the scope a request of the XML API needs.
func xmlScope(r *http.Request) grant {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return reader
	}
	return writer
}

// verify says whose key a V4 signature in the query was made with. The URL acts as that account, with the account's roles and
// no more (Cloud Storage documentation, "Signed URLs").
func (f *gcsFront) verify(r *http.Request, now time.Time) (gcsCaller, *gcsError) {
	in := signing.Received(r, now)
	in.Keys = func(c *signing.Claim) []signing.Key {
		account := f.tokens.account(c.CredentialID)
		if account == nil {
			return nil
		}
		return []signing.Key{account.public}
	}
	v := signing.VerifyGCS(in)
	if v.OK {
		if v.Claim.Payload != signing.Unsigned {
			return gcsCaller{}, unimplemented("the comparison of a signed payload's hash")
		}
		return gcsCaller{email: v.Claim.CredentialID, grant: controller}, nil
	}
	e := &gcsError{status: http.StatusBadRequest, Code: "InvalidArgument", Message: "Invalid argument.", Details: v.Sentence, Parameter: v.Part}
	switch v.Cause {
	case signing.CauseExpired:
		e.Code, e.Details = "ExpiredToken", "The provided token has expired. Request signature expired at: "+v.Claim.Until.UTC().Format(time.RFC3339)
	case signing.CauseFuture:
		e.status, e.Code, e.Message = http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the server's time is too large."
	case signing.CauseMissing:
		e.Code, e.Message = "MissingSecurityHeader", "Your request was missing a required header."
	case signing.CauseHostUnsigned, signing.CauseHeaderMissing, signing.CauseHeaderUnsigned:
		e.Code, e.Message = "MalformedSecurityHeader", "Your request has a malformed header."
	case signing.CauseKeyUnknown:
		e.status, e.Code, e.Message = http.StatusForbidden, "InvalidSecurity", "The provided security credentials are not valid."
	case signing.CausePath:
		e.Code, e.Message = "InvalidURI", "Couldn't parse the specified URI."
	case signing.CauseSignature, signing.CauseAnonymous:
		e.status, e.Code, e.Message, e.StringToSign = http.StatusForbidden, "SignatureDoesNotMatch", "Access denied.", v.StringToSign
		e.Details = "The request signature we calculated does not match the signature you provided. Check your Google secret key and signing method."
	}
	return gcsCaller{}, e
}
