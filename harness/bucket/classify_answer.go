package bucket

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// answer is what is known of a store's answer, whichever SDK, or none, received it.
type answer struct {
	status  int
	header  http.Header   // nil when unknown
	request *http.Request // nil when unknown
	code    string
	message string
	detail  string // Azure's AuthenticationErrorDetail, Google's Details: read, never shown
	region  string // named in the body
	missing Kind   // what a 404 means, when the SDK knows
	bodied  bool   // the body named a code
}

// read takes code, message and region out of an error's body. What can't be read leaves them as they are: an HTML page of a
// proxy is judged by its status.
func (a *answer) read(body []byte) {
	if len(body) > errorBody {
		body = body[:errorBody]
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(body), "\ufeff"))
	switch {
	case strings.HasPrefix(text, "<"):
		var x struct {
			XMLName xml.Name
			Code    string
			Message string
			Region  string
			Details string
			Detail  string                                  `xml:"AuthenticationErrorDetail"`
			Inner   *struct{ Code, Message, Region string } `xml:"Error"`
		}
		if xml.Unmarshal([]byte(text), &x) != nil {
			return
		}
		if x.Inner != nil { // <ErrorResponse><Error>...
			x.Code, x.Message, x.Region = x.Inner.Code, x.Inner.Message, x.Inner.Region
		}
		a.set(x.Code, x.Message)
		a.region, a.detail = strings.TrimSpace(x.Region), x.Detail+x.Details
	case strings.HasPrefix(text, "{"):
		var j struct {
			Error struct {
				Status  string
				Message string
				Errors  []struct{ Reason, Message string }
			}
		}
		if json.Unmarshal([]byte(text), &j) != nil {
			return
		}
		code := j.Error.Status
		if len(j.Error.Errors) > 0 {
			code = j.Error.Errors[0].Reason
		}
		a.set(code, j.Error.Message)
	case a.message == "" && (a.header == nil || strings.HasPrefix(a.header.Get("Content-Type"), "text/plain")):
		a.message = text // Google's downloads say in plain text what isn't there
	}
}

func (a *answer) set(code, message string) {
	if code = strings.TrimSpace(code); code != "" {
		a.code, a.bodied = code, true
	}
	if message != "" {
		a.message = message
	}
}

// expecting is how S3 and its kin name the region they want: "the region 'us-east-1' is wrong; expecting 'eu-west-1'".
var expecting = regexp.MustCompile(`region '[^']*' is wrong; expecting '([^']*)'`)

// codeForm is what a provider's code looks like; anything else is not a code and isn't shown.
var codeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._:-]{0,79}$`)

// classify decides. The provider's code goes first, then what only header fields tell, then the status.
func (a answer) classify(op string) *Error {
	if a.code == "" && a.header != nil {
		a.code = a.header.Get("x-ms-error-code")
	}
	if !codeForm.MatchString(a.code) {
		a.code = ""
	}
	e := &Error{Op: op, Status: a.status, Code: a.code, Message: clean(a.message), Region: a.region}
	if m := expecting.FindStringSubmatch(a.message); m != nil && e.Region == "" {
		e.Region = m[1]
	}
	named := e.Region // by the body
	if e.Region == "" && a.header != nil {
		e.Region = a.header.Get("x-amz-bucket-region")
	}
	e.Kind = a.kind(op, named, e.Region)
	return e
}

// kind decides what an answer means. A definite code counts only with a status that goes with it: 500 AccessDenied is the
// failure of a server, and a 404 that speaks of a denied access says nothing about what is there.
func (a answer) kind(op, named, region string) Kind {
	kind, known := codeKinds[a.code]
	switch {
	case known && kind != "" && !kind.Definite():
		return kind
	case undecided(a.status), known && !goesWith(kind, a.status) && a.status >= 300 && a.status < 400:
		return statusKind(a.status)
	case known && !goesWith(kind, a.status):
		return KindOther
	}
	switch {
	case a.code == "AuthorizationHeaderMalformed" || a.code == "AuthorizationQueryParametersError":
		// the same codes stand for a wrong region and for a signature that can't be read
		switch {
		case !goesWith(KindSignature, a.status):
			return KindOther
		case named != "":
			return KindRegion
		}
		return KindSignature
	case kind == KindRedirect && region != "":
		return KindRegion
	case !a.bodied && a.otherRegion(region):
		return KindRegion
	case !a.bodied && a.status == http.StatusForbidden && a.skewed():
		return KindClock
	case goesWith(KindClock, a.status) && (strings.Contains(a.detail, "date header too old") || strings.Contains(a.detail, "date header is too")):
		return KindClock // Azure: AuthenticationFailed with a detail
	case a.code == "ExpiredToken" && strings.Contains(a.detail, "signature expired"):
		return KindSignature // Google: a pre-signed URL that has expired, under S3's name for an old session
	case a.code == "invalid" && goesWith(KindBadDigest, a.status) && strings.Contains(a.message, "doesn't match calculated"):
		return KindBadDigest // Google's JSON API has no code of its own for it
	case known && kind != "":
		return kind
	case a.status == http.StatusNotFound:
		return a.missingKind(op)
	}
	return statusKind(a.status)
}

// missingKind says what a 404 without a code of its own means: a HEAD has no body, and Google's JSON API says "notFound" for
// buckets and objects alike.
func (a answer) missingKind(op string) Kind {
	switch {
	case a.missing != "":
		return a.missing
	case a.namesBucket():
		return KindNoSuchBucket
	case strings.Contains(a.message, "No such object"):
		return KindNoSuchKey
	}
	aboutBucket := strings.Contains(op, "bucket") || strings.Contains(op, "container")
	if _, known := codeKinds[a.code]; aboutBucket && a.code != "" && !known {
		if unsetForm.MatchString(a.code) {
			return KindNotConfigured
		}
		return KindOther // a route that a gateway hasn't got says nothing about the bucket
	}
	if aboutBucket {
		return KindNoSuchBucket
	}
	return KindNoSuchKey
}

// unsetForm is how S3 and its kin call a document that isn't set and isn't in the table: "NoSuchObjectLockConfiguration".
var unsetForm = regexp.MustCompile(`^NoSuch\w*(Configuration|Policy|Set)$|(Configuration|Controls|Policy)NotFound(Error)?$`)

// namesBucket recognises Google's message for a missing bucket.
func (a answer) namesBucket() bool {
	return strings.Contains(a.message, "bucket does not exist")
}

// otherRegion reports whether a body-less answer names another region than the request was signed for (S3: HeadBucket
// answers 301 or 400 with x-amz-bucket-region alone).
func (a answer) otherRegion(region string) bool {
	if region == "" || (a.status != http.StatusMovedPermanently && a.status != http.StatusTemporaryRedirect && a.status != http.StatusBadRequest) {
		return false
	}
	signed := a.signedRegion()
	return signed == "" && a.status != http.StatusBadRequest || signed != "" && signed != region
}

var credentialScope = regexp.MustCompile(`Credential=[^/,]*/[0-9]{8}/([^/,]+)/`)

// signedRegion is the region in the request's SigV4 scope, "" when there is none.
func (a answer) signedRegion() string {
	if a.request == nil {
		return ""
	}
	if m := credentialScope.FindStringSubmatch(a.request.Header.Get("Authorization")); m != nil {
		return m[1]
	}
	if a.request.URL == nil {
		return ""
	}
	parts := strings.Split(a.request.URL.Query().Get("X-Amz-Credential"), "/")
	if len(parts) == 5 {
		return parts[2]
	}
	return ""
}

// maxSkew is how far a request's date may be from the store's clock (S3: RequestTimeTooSkewed, Azure: x-ms-date).
const maxSkew = 15 * time.Minute

// skewed compares the date a request was signed with and the date of its answer. Pre-signed URLs are old by design and have
// no such header field.
func (a answer) skewed() bool {
	if a.request == nil || a.header == nil {
		return false
	}
	now, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return false
	}
	signed, err := time.Parse("20060102T150405Z", a.request.Header.Get("X-Amz-Date"))
	if err != nil {
		if signed, err = http.ParseTime(a.request.Header.Get("X-Ms-Date")); err != nil {
			return false
		}
	}
	return now.Sub(signed).Abs() > maxSkew
}

// undecided are the statuses by which nothing is decided, whatever code comes with them.
func undecided(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusProxyAuthRequired:
		return true
	}
	return status >= 500 && status != http.StatusNotImplemented
}

// statusesOf are the statuses with which a definite kind is an answer (the references that codeKinds names; some of S3's kin
// write 400 or 401 for 403). A status that isn't known goes with any.
var statusesOf = map[Kind][]int{
	KindCredentials:    {400, 401, 403, 409},
	KindSignature:      {400, 401, 403},
	KindClock:          {400, 401, 403},
	KindDenied:         {400, 401, 403, 405, 409, 412},
	KindNoSuchBucket:   {404, 409}, // 409 while Azure removes a container
	KindNoSuchKey:      {404},
	KindNoSuchUpload:   {404},
	KindNotConfigured:  {404},
	KindRegion:         {301, 302, 307, 308, 400, 403, 409},
	KindRedirect:       {301, 302, 303, 307, 308},
	KindPrecondition:   {304, 409, 412},
	KindBadDigest:      {400},
	KindInvalid:        {400, 405, 409, 411, 412, 413, 416},
	KindNotImplemented: {400, 405, 409, 501},
}

// goesWith reports whether a code of some kind may come with a status.
func goesWith(k Kind, status int) bool {
	statuses, definite := statusesOf[k]
	return !definite || status == 0 || slices.Contains(statuses, status)
}

func statusKind(status int) Kind {
	switch {
	case status == http.StatusProxyAuthRequired:
		return KindProxy
	case status == http.StatusTooEarly:
		return KindOther
	case status == http.StatusUnauthorized:
		return KindCredentials
	case status == http.StatusForbidden:
		return KindDenied
	case status == http.StatusRequestTimeout:
		return KindTimeout
	case status == http.StatusPreconditionFailed || status == http.StatusNotModified:
		return KindPrecondition
	case status == http.StatusTooManyRequests:
		return KindThrottled
	case status == http.StatusNotImplemented:
		return KindNotImplemented
	case status >= 300 && status < 400:
		return KindRedirect
	case status >= 400 && status < 500:
		return KindInvalid
	case status >= 500:
		return KindServer
	}
	return KindOther
}
