package bucket

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
)

// Kind is what went wrong, in words that are the same for all providers.
type Kind string

// The kinds. Definite says which of them are an answer.
const (
	KindNoSuchHost     Kind = "no such host"
	KindRefused        Kind = "refused" // the port is closed
	KindTimeout        Kind = "timeout"
	KindReset          Kind = "reset" // the connection broke
	KindProxy          Kind = "proxy" // of this machine's setting: it stands in the way, and the store was not asked
	KindTLS            Kind = "tls"   // chain not trusted, wrong name, expired, version too old, no TLS at all
	KindCredentials    Kind = "credentials"
	KindSignature      Kind = "signature"
	KindClock          Kind = "clock"
	KindDenied         Kind = "denied"
	KindNoSuchBucket   Kind = "no such bucket"
	KindNoSuchKey      Kind = "no such key"
	KindNoSuchUpload   Kind = "no such upload"
	KindNotConfigured  Kind = "not configured" // a bucket's document (CORS, policy, encryption) that isn't set
	KindRegion         Kind = "region"
	KindPrecondition   Kind = "precondition"
	KindBadDigest      Kind = "bad digest"
	KindNotImplemented Kind = "not implemented"
	KindInvalid        Kind = "invalid request" // any other 4xx: understood and refused
	KindRedirect       Kind = "redirect"
	KindThrottled      Kind = "throttled"
	KindServer         Kind = "server"
	KindOther          Kind = "other"
)

// Definite reports whether a kind is an answer (the thing is refused, missing, not trusted): asking again would give the
// same. The others mean that nothing was answered, so nothing is known.
func (k Kind) Definite() bool {
	switch k {
	case KindTimeout, KindReset, KindProxy, KindThrottled, KindServer, KindOther:
		return false
	}
	return true
}

// Error is what a store, or the way to it, answered instead of what was asked for. It holds no secret; Err does, so print
// the Error and use Err only with errors.Is and errors.As.
type Error struct {
	Op      string // what was being done: "get object"
	Status  int    // HTTP status, 0 without an answer
	Code    string // the provider's own code: "AccessDenied"
	Message string // the provider's own words, cut and cleaned
	Region  string // the bucket's region, where an answer named it
	Kind    Kind
	Err     error `json:"-"`
}

// Error is one line: `get object: 403 AccessDenied (denied)`, or without an answer `get object: connection refused (refused)`.
func (e *Error) Error() string {
	what := e.Message
	if e.Status != 0 {
		what = fmt.Sprint(e.Status)
		if e.Code != "" {
			what += " " + e.Code
		}
		if e.Status < 300 && e.Message != "" {
			what += ", but " + e.Message
		}
	}
	if what == "" {
		return fmt.Sprintf("%s: %s", e.Op, e.Kind)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Op, what, e.Kind)
}

// Unwrap returns the cause, whose own text is withheld.
func (e *Error) Unwrap() error { return e.Err }

// GomegaString keeps Gomega from printing what lies behind Err.
func (e *Error) GomegaString() string { return e.Error() }

// cause keeps an SDK's error for errors.Is and errors.As, without its text: SDKs and net/http print whole URLs. It is
// behind a function, where nothing that prints structures finds it.
type cause struct{ get func() error }

func (c cause) Error() string { return "cause withheld, it may hold a secret" }
func (c cause) Unwrap() error { return c.get() }

// Classify makes an *Error of whatever an SDK or net/http returned; nil stays nil. An *Error is returned as it is.
func Classify(op string, err error) *Error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return done
	}
	e := fromChain(op, err)
	if e == nil {
		e = fromAnswer(op, err)
	}
	if e == nil {
		kind, message := transportKind(err)
		e = &Error{Op: op, Kind: kind, Message: message}
	}
	e.Err = cause{func() error { return err }}
	return e
}

// fromAnswer finds the store's answer in an SDK's error; nil when there is none.
func fromAnswer(op string, err error) *Error {
	var azure *azcore.ResponseError
	var aws *smithyhttp.ResponseError
	var google *googleapi.Error
	var api smithy.APIError
	var not *notDocumentError
	switch {
	case errors.As(err, &not):
		return &Error{Op: op, Status: not.status, Kind: KindOther, Message: not.Error()}
	case errors.As(err, &azure) && azure.StatusCode != 0:
		a := answer{status: azure.StatusCode, code: azure.ErrorCode}
		if resp := azure.RawResponse; resp != nil {
			a.header, a.request = resp.Header, resp.Request
			if body, err := runtime.Payload(resp); err == nil {
				a.read(body)
			}
		}
		if azure.ErrorCode != "" {
			a.code = azure.ErrorCode
		}
		return a.classify(op)
	case errors.As(err, &aws) && aws.Response != nil && aws.Response.Response != nil && aws.Response.StatusCode != 0:
		resp := aws.Response.Response
		a := answer{status: resp.StatusCode, header: resp.Header, request: resp.Request}
		if errors.As(err, &api) {
			a.code, a.message = api.ErrorCode(), api.ErrorMessage()
		}
		if kept, ok := resp.Body.(*keptBody); ok {
			a.read(kept.bytes)
		}
		return a.classify(op)
	case errors.As(err, &google) && google.Code != 0:
		a := answer{status: google.Code, header: google.Header, message: google.Message}
		if len(google.Errors) > 0 {
			a.code = google.Errors[0].Reason
		}
		a.read([]byte(google.Body))
		switch {
		case a.status != http.StatusNotFound || a.namesBucket():
		case errors.Is(err, storage.ErrBucketNotExist):
			a.missing = KindNoSuchBucket
		case errors.Is(err, storage.ErrObjectNotExist):
			a.missing = KindNoSuchKey
		}
		return a.classify(op)
	case errors.As(err, &api):
		return answer{code: api.ErrorCode(), message: api.ErrorMessage()}.classify(op)
	case errors.Is(err, storage.ErrBucketNotExist):
		return answer{status: http.StatusNotFound, missing: KindNoSuchBucket}.classify(op)
	case errors.Is(err, storage.ErrObjectNotExist):
		return answer{status: http.StatusNotFound, missing: KindNoSuchKey}.classify(op)
	}
	return nil
}

// errorBody is how much of an error's body is read: stores answer a few hundred bytes, proxies whole pages.
const errorBody = 64 << 10

// ClassifyResponse makes an *Error of a plain answer, for instance to a pre-signed request, whose body has been read; below
// 300 it returns nil. XML (S3, Google, Azure) and JSON (Google) bodies are understood; an answer to HEAD has none and is
// judged by status and header fields.
func ClassifyResponse(op string, resp *http.Response, body []byte) *Error {
	if resp == nil || resp.StatusCode < 300 {
		return nil
	}
	a := answer{status: resp.StatusCode, header: resp.Header, request: resp.Request}
	a.read(body)
	return a.classify(op)
}

// chainError is a failure to get credentials from a provider's chain, or a token for a key: nothing was asked of the store.
type chainError struct{ err error }

func (e *chainError) Error() string { return "get credentials: " + e.err.Error() }
func (e *chainError) Unwrap() error { return e.err }

// fromChain classifies a chainError: no credentials, unless whoever hands them out didn't answer.
func fromChain(op string, err error) *Error {
	var chain *chainError
	if !errors.As(err, &chain) {
		return nil
	}
	kind, _ := transportKind(chain.err)
	if kind != KindTimeout && kind != KindReset && kind != KindProxy {
		kind = KindCredentials
	}
	e := &Error{Op: op, Kind: kind, Message: "no credentials to sign the request with"}
	var exchange *oauth2.RetrieveError
	if errors.As(chain.err, &exchange) {
		code := struct{ Error string }{exchange.ErrorCode}
		if code.Error == "" {
			_ = json.Unmarshal(exchange.Body, &code) // RFC 6749, section 5.2; anything else has no code
		}
		if codeForm.MatchString(code.Error) {
			e.Code = code.Error
			e.Message += ": " + code.Error
		}
	}
	return e
}

// keptBody is an answer's body that can be read by the SDK and once more by the classifier.
type keptBody struct {
	io.Reader
	bytes []byte
}

func (*keptBody) Close() error { return nil }
