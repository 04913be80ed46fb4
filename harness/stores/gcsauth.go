package stores

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// gcsError is an error document of the XML API (Cloud Storage documentation, "HTTP response headers and status codes for
// XML API").
type gcsError struct {
	XMLName      xml.Name `xml:"Error"`
	Code         string
	Message      string
	Details      string `xml:",omitempty"`
	Parameter    string `xml:"ParameterName,omitempty"`
	StringToSign string `xml:",omitempty"`
	status       int
}

func (e *gcsError) write(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(e); err != nil {
		e.status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	w.Header().Set("Content-Length", fmt.Sprint(b.Len()))
	if e.status == http.StatusUnauthorized {
		w.Header().Set("Www-Authenticate", `Bearer realm="https://accounts.google.com/"`)
	}
	w.WriteHeader(e.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
}

// writing reports whether a request needs more than a reader's scope.
func writing(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead
}

// bearer says what the request's Authorization lets it do; there is none if known is false.
func (f *gcsFront) bearer(r *http.Request, now time.Time) (g grant, known bool) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return nobody, false
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return nobody, true
	}
	return f.tokens.grant(strings.TrimSpace(text), now), true
}

// refuseXML says why a request of the XML API may not be done; nil if it may.
func (f *gcsFront) refuseXML(r *http.Request) *gcsError {
	now := time.Now()
	scheme := signing.Detect(r.URL.RawQuery)
	if q := r.URL.Query(); scheme != signing.GCS && (scheme != signing.None || q.Has("GoogleAccessId") || q.Has("Signature")) {
		return &gcsError{status: http.StatusNotImplemented, Code: "NotImplemented", Message: "This front knows no signatures but V4 of GCS."}
	}
	g, known := f.bearer(r, now)
	switch {
	case known && g == nobody:
		return &gcsError{status: http.StatusUnauthorized, Code: "AuthenticationRequired", Message: "Authentication required."}
	case known && (g == unscoped || g == reader && writing(r)):
		return &gcsError{status: http.StatusForbidden, Code: "AccessDenied", Message: "Access denied.", Details: "Provided scope(s) are not authorized"}
	case scheme == signing.GCS:
		return f.refuseSigned(r, now)
	case !known:
		return &gcsError{status: http.StatusForbidden, Code: "AccessDenied", Message: "Access denied.",
			Details: "Anonymous caller does not have access to the Google Cloud Storage bucket or object."}
	}
	return nil
}

// refuseSigned verifies a V4 signature in the query.
func (f *gcsFront) refuseSigned(r *http.Request, now time.Time) *gcsError {
	in := signing.Received(r, now)
	in.Keys = func(c *signing.Claim) []signing.Key {
		if c.CredentialID != f.tokens.account.email {
			return nil
		}
		return []signing.Key{f.tokens.account.public}
	}
	v := signing.VerifyGCS(in)
	if v.OK {
		if v.Claim.Payload != signing.Unsigned {
			return &gcsError{status: http.StatusNotImplemented, Code: "NotImplemented", Message: "This front doesn't compare a signed payload's hash.", Parameter: "x-goog-content-sha256"}
		}
		return nil
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
	return e
}

// session reports whether a request carries on an upload whose URI is its own credential (Cloud Storage documentation,
// "Resumable uploads": the session URI acts as an authentication token).
func session(r *http.Request) bool {
	return (r.Method == http.MethodPut || r.Method == http.MethodDelete) && strings.HasPrefix(r.URL.Path, "/upload/storage/v1/") && r.URL.Query().Get("upload_id") != ""
}

// refuseJSON answers a request of the JSON API that may not be done, and reports whether it did (JSON API reference, "HTTP
// status and error codes"). Signed URLs are for the XML API alone; the JSON API's preflights are not the bucket's matter.
func (f *gcsFront) refuseJSON(w http.ResponseWriter, r *http.Request) bool {
	g, known := f.bearer(r, time.Now())
	switch {
	case r.Method == http.MethodOptions || !known && session(r):
		return false
	case !known:
		writeJSONError(w, r, http.StatusUnauthorized, "required", "Anonymous caller does not have access to the Google Cloud Storage bucket or object.")
	case g == nobody:
		writeJSONError(w, r, http.StatusUnauthorized, "authError", "Invalid Credentials")
	case g == unscoped || g == reader && writing(r):
		writeJSONError(w, r, http.StatusForbidden, "forbidden", "Provided scope(s) are not authorized")
	default:
		return false
	}
	return true
}

func writeJSONError(w http.ResponseWriter, r *http.Request, status int, reason, message string) {
	item := map[string]any{"message": message, "domain": "global", "reason": reason}
	if status == http.StatusUnauthorized {
		item["locationType"], item["location"] = "header", "Authorization"
		w.Header().Set("Www-Authenticate", `Bearer realm="https://accounts.google.com/"`)
	}
	body, _ := json.Marshal(map[string]any{"error": map[string]any{"code": status, "message": message, "errors": []any{item}}})
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
