package stores

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
)

// gcsError is a refusal, as either API writes it (Cloud Storage documentation, "HTTP response headers and status codes for
// XML API", "HTTP status and error codes for JSON").
type gcsError struct {
	XMLName      xml.Name `xml:"Error"`
	Code         string
	Message      string
	Details      string `xml:",omitempty"`
	Parameter    string `xml:"ParameterName,omitempty"`
	StringToSign string `xml:",omitempty"`

	status    int
	reason    string // JSON's word for it
	anonymous bool   // nobody said who he was: to JSON that is a 401
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

func (e *gcsError) writeJSON(w http.ResponseWriter, r *http.Request) {
	status, reason, message := e.status, e.reason, e.Details
	if message == "" {
		message = e.Message
	}
	if e.anonymous {
		status, reason = http.StatusUnauthorized, "required"
	}
	if status == http.StatusNotModified {
		w.WriteHeader(status)
		return
	}
	writeJSONError(w, r, status, reason, message)
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

func invalid(format string, a ...any) *gcsError {
	return &gcsError{status: http.StatusBadRequest, Code: "InvalidArgument", reason: "invalid", Message: "Invalid argument.", Details: fmt.Sprintf(format, a...)}
}

// unimplemented refuses what the front would otherwise have to drop.
func unimplemented(what string) *gcsError {
	return &gcsError{status: http.StatusNotImplemented, Code: "NotImplemented", reason: "notImplemented", Message: "This front doesn't implement " + what + "."}
}

// unmet is a precondition that doesn't hold.
func unmet() *gcsError {
	return &gcsError{status: http.StatusPreconditionFailed, Code: "PreconditionFailed", reason: "conditionNotMet",
		Message: "At least one of the pre-conditions you specified did not hold."}
}

func noBucket() *gcsError {
	return &gcsError{status: http.StatusNotFound, Code: "NoSuchBucket", reason: "notFound", Message: "The specified bucket does not exist."}
}

// broken is a failure of the storage behind the front.
func broken(what string) *gcsError {
	return &gcsError{status: http.StatusInternalServerError, Code: "InternalError", reason: "internalError", Message: "The object could not be " + what + "."}
}

// uniform refuses what needs access control lists, which a bucket with uniform bucket-level access hasn't got.
func uniform(what string) *gcsError {
	e := invalid("Cannot %s when uniform bucket-level access is enabled. Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access", what)
	return e
}

// missing answers for an object that isn't there. Who may not list is not told that it isn't.
func (f *gcsFront) missing(c gcsCaller, key string) *gcsError {
	if err := f.permit(c, "storage.objects.list"); err != nil {
		return err
	}
	return &gcsError{status: http.StatusNotFound, Code: "NoSuchKey", reason: "notFound", Message: "The specified key does not exist.",
		Details: "No such object: " + f.owner.bucket + "/" + key}
}
