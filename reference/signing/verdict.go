package signing

import (
	"fmt"
	"net/http"
	"time"
)

// Stage is a step of verification, in the order in which they are taken.
type Stage string

// The stages. StagePermission exists for Azure only, whose signature is right before it is asked what it permits.
const (
	StageParameters  Stage = "parameters"
	StageScope       Stage = "date and scope"
	StageExpiry      Stage = "expiry"
	StageCanonical   Stage = "canonical request"
	StageString      Stage = "string-to-sign"
	StageSignature   Stage = "signature"
	StagePermission  Stage = "permission"
	stageUnspecified Stage = ""
)

// Cause is why a request is refused.
type Cause string

// Causes that Verify finds.
const (
	CauseAnonymous      Cause = "anonymous"
	CauseMissing        Cause = "parameter missing"
	CauseRepeated       Cause = "parameter repeated"
	CauseMalformed      Cause = "parameter malformed"
	CauseAlgorithm      Cause = "algorithm not supported"
	CauseScope          Cause = "date and scope disagree"
	CauseRegion         Cause = "other region"
	CauseService        Cause = "other service"
	CauseLifetime       Cause = "lifetime too long"
	CauseFuture         Cause = "dated in the future"
	CauseExpired        Cause = "expired"
	CauseHostUnsigned   Cause = "host not signed"
	CauseHeaderMissing  Cause = "signed header missing"
	CauseHeaderUnsigned Cause = "header not signed"
	CausePath           Cause = "path malformed"
	CauseKeyUnknown     Cause = "credential unknown"
	CauseToken          Cause = "session token"
	CauseSignature      Cause = "signature wrong"
	CauseVersion        Cause = "version not supported"
	CauseProtocol       Cause = "protocol not permitted"
	CauseAddress        Cause = "address not permitted"
	CauseResource       Cause = "resource not covered"
	CausePermission     Cause = "permission missing"
	CausePolicy         Cause = "stored access policy unknown"
)

// Causes that only Explain finds, by trying what could have been changed.
const (
	CauseMethod          Cause = "other method"
	CauseHost            Cause = "other host"
	CauseStyle           Cause = "other addressing style"
	CauseObject          Cause = "other key"
	CauseBucket          Cause = "other bucket"
	CauseAccount         Cause = "other account"
	CauseEncoding        Cause = "key encoded differently"
	CauseHeader          Cause = "header changed"
	CauseEdited          Cause = "parameter edited"
	CauseAdded           Cause = "parameter added"
	CauseDropped         Cause = "parameter dropped"
	CausePayload         Cause = "payload hash"
	CauseLayout          Cause = "layout of another version"
	CauseSignatureCut    Cause = "signature truncated"
	CauseSignatureCase   Cause = "signature in upper case"
	CauseSignatureEdited Cause = "signature edited"
	CauseSecret          Cause = "other secret key"
	CauseUnexplained     Cause = "not explained"
)

// Causes that only Judge finds, in URLs that a store would accept.
const (
	CauseSecretShown Cause = "secret in the URL"
	CausePlain       Cause = "http where TLS is on"
	CauseOtherLife   Cause = "other lifetime than asked for"
	CauseTooWide     Cause = "good for more than asked for"
	CauseRequester   Cause = "requester not named"
)

// Claim is what a URL says of itself. Nothing in it is proven unless the Verdict is OK.
type Claim struct {
	Scheme Scheme
	// CredentialID is the access key ID (S3, GCS HMAC), the service account's e-mail address (GCS), the account (Azure
	// service and account SAS), or the object ID of the delegating principal (user delegation SAS).
	CredentialID string
	// Algorithm is X-Amz-Algorithm or X-Goog-Algorithm.
	Algorithm string
	// Account and Tenant are Azure's.
	Account, Tenant string
	// Date, Region and Service are the credential scope of a V4 URL.
	Date, Region, Service string
	// Method is the request's; a V4 URL is good for one only, an Azure SAS for what Permissions say.
	Method            string
	Host, Bucket, Key string
	// Container says that the URL opens every blob of the container (Azure sr=c), Directory every one below a directory.
	Container, Directory bool
	SignedHeaders        []string
	// From and Until are when it holds; zero when unbounded or unreadable.
	From, Until time.Time
	Permissions string
	// Requester is who the URL was minted for: X-User (S3, GCS), scid (Azure). BYOB-SIGN-009.
	Requester string
	// SessionToken says whether the URL carries one.
	SessionToken bool
	// Payload is the payload's hash as signed, Unsigned mostly; a store compares it with the body.
	Payload string
	// Version, Protocol, IPRange, Policy and Resource are Azure's sv, spr, sip, si and sr.
	Version, Protocol, IPRange, Policy, Resource string
}

// Verdict is the answer of a verifier. It prints as its sentence.
type Verdict struct {
	OK    bool
	Stage Stage
	Cause Cause
	// Part is the parameter or header in question, "" if none.
	Part string
	// Sentence says it to an administrator.
	Sentence string
	Claim    Claim
	// NewOnly says that the permission given (Azure's c without w) holds only as long as no such blob exists.
	NewOnly bool
	// CanonicalRequest and StringToSign are what was verified, for a store's error document. The canonical request
	// may hold a session token or a customer's encryption key: it is a secret.
	CanonicalRequest, StringToSign string `json:"-"`
}

// String is the verdict in one line, without secrets.
func (v Verdict) String() string {
	if v.OK {
		return "accepted: " + v.Sentence
	}
	return fmt.Sprintf("refused at %s: %s", v.Stage, v.Sentence)
}

// GoString is for %#v.
func (v Verdict) GoString() string { return v.String() }

func (v *Verdict) refuse(s Stage, c Cause, part, format string, args ...any) *Verdict {
	v.OK, v.Stage, v.Cause, v.Part, v.Sentence = false, s, c, part, format
	if len(args) > 0 {
		v.Sentence = fmt.Sprintf(format, args...)
	}
	return v
}

func (v *Verdict) accept() *Verdict {
	v.OK, v.Stage, v.Cause, v.Sentence = true, stageUnspecified, "", "the signature holds"
	return v
}

// Signed is a minted URL and what must be sent with it. It prints redacted.
type Signed struct {
	Method string
	// URL is a secret: who holds it may use it.
	URL string `json:"-"`
	// Header must be sent with exactly these values, since they are signed; nil when only Host is.
	Header http.Header `json:"-"`
	// Until is when it ends.
	Until time.Time
}

// String is the URL redacted.
func (s Signed) String() string { return s.Method + " " + Redact(s.URL) }

// GoString is for %#v.
func (s Signed) GoString() string { return s.String() }
