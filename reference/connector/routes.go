package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"
)

// bodyLimit is the longest body of a request, in bytes.
const bodyLimit = 1 << 20

// Who may use an operation at all; the rest is decided inside.
const (
	forOperator = iota
	forUser
)

// call is one request under way.
type call struct {
	c   *Connector
	ctx context.Context
	w   http.ResponseWriter
	r   *http.Request
	who *person   // nil for the operator
	in  *instance // nil above /v1/instances/{i}
}

// operation answers with a status and a body (nil for none), or with an error that becomes a problem.
type operation func(*call) (int, any, error)

// answered says that the operation has written its answer itself.
const answered = -1

func (c *Connector) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, who int, do operation, query ...string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, who, do, query) })
	}
	const in = "/v1/instances/{i}"
	handle("GET /v1/connector", forOperator, (*call).describe)
	handle("POST /v1/addresses", forOperator, (*call).readAddress)
	handle("POST /v1/policies", forOperator, (*call).evaluatePolicy)
	handle("POST /v1/instances", forOperator, (*call).createInstance)
	handle("GET "+in, forOperator, (*call).showInstance)
	handle("DELETE "+in, forOperator, (*call).forgetInstance)
	handle("POST "+in+"/organizations", forOperator, (*call).createOrganization)
	handle("POST "+in+"/users", forOperator, (*call).createUser)
	handle("POST "+in+"/teams", forUser, (*call).createTeam)
	handle("GET "+in+"/teams", forUser, (*call).listTeams)
	handle("GET "+in+"/teams/{t}", forUser, (*call).showTeam)
	handle("PUT "+in+"/teams/{t}/storage", forUser, (*call).changeStorage)
	handle("PUT "+in+"/teams/{t}/members/{u}", forUser, (*call).addMember)
	handle("DELETE "+in+"/teams/{t}/members/{u}", forUser, (*call).removeMember)
	handle("GET "+in+"/storages", forUser, (*call).listStorages)
	handle("POST "+in+"/teams/{t}/runs", forUser, (*call).createRun)
	handle("POST "+in+"/runs/{r}/files", forUser, (*call).createFiles)
	handle("GET "+in+"/runs/{r}/files", forUser, (*call).listFiles, "kind")
	handle("POST "+in+"/runs/{r}/records", forUser, (*call).addRecords)
	handle("GET "+in+"/runs/{r}/records", forUser, (*call).listRecords, "kind")
	handle("POST "+in+"/runs/{r}/export", forUser, (*call).export)
	handle("POST "+in+"/files/{f}/uploaded", forUser, (*call).markUploaded)
	handle("GET "+in+"/files/{f}/download", forUser, (*call).download)
	handle("DELETE "+in+"/files/{f}", forUser, (*call).deleteFile)
	handle("POST "+in+"/teams/{t}/reports", forUser, (*call).createReport)
	handle("GET "+in+"/teams/{t}/reports", forUser, (*call).listReports)
	handle("POST "+in+"/teams/{t}/artifacts", forUser, (*call).createArtifact)
	handle("POST "+in+"/artifacts/{a}/commit", forUser, (*call).commitArtifact)
	handle("GET "+in+"/artifacts/{a}", forUser, (*call).showArtifact)
	handle("DELETE "+in+"/artifacts/{a}", forUser, (*call).deleteArtifact)
	handle("POST "+in+"/garbage-collection", forUser, (*call).collectGarbage)
	mux.HandleFunc("/", unknownOperation)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path.Clean(r.URL.Path) {
			unknownOperation(w, r) // the mux would redirect, and a client would follow with another method
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func unknownOperation(w http.ResponseWriter, r *http.Request) {
	unsupported("the connector knows no operation %s on this path", method(r)).write(w)
}

// method is the request's if it is a plain word: it comes from outside and goes into a sentence.
func method(r *http.Request) string {
	if len(r.Method) > 16 || strings.ContainsFunc(r.Method, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		return "of that name"
	}
	return r.Method
}

func (c *Connector) serve(w http.ResponseWriter, r *http.Request, who int, do operation, query []string) {
	cl := &call{c: c, ctx: r.Context(), w: w, r: r}
	status, body, err := cl.guarded(who, do, query)
	if err != nil {
		p := problemOf(err)
		if p.Status >= http.StatusInternalServerError && p.Status != http.StatusNotImplemented {
			c.log.Error("request failed", slog.String("operation", r.Pattern), slog.Int("status", p.Status), slog.String("problem", p.Error()),
				slog.Any("cause", p.cause))
		}
		p.write(w)
		return
	}
	switch {
	case status == answered:
	case body == nil:
		w.WriteHeader(status)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			problemOf(fmt.Errorf("write the answer: %w", err)).write(w)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(text) // the client is gone
	}
}

func (cl *call) guarded(who int, do operation, query []string) (status int, body any, err error) {
	defer func() {
		if p := recover(); p != nil {
			if abort, ok := p.(error); ok && errors.Is(abort, http.ErrAbortHandler) {
				panic(p)
			}
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if cl.c.closing() {
		return 0, nil, errClosed
	}
	if err := cl.admit(who); err != nil {
		return 0, nil, err
	}
	if cl.r.URL.RawQuery != "" {
		values, err := parseQuery(cl.r.URL.RawQuery)
		if err != nil {
			return 0, nil, err
		}
		for name := range values {
			if !slices.Contains(query, name) {
				return 0, nil, badRequest("unknown query key %q", short(name))
			}
		}
	}
	return do(cl)
}

// admit finds out who asks, and the instance.
func (cl *call) admit(who int) error {
	token, err := bearer(cl.r)
	if err != nil {
		return err
	}
	operator := cl.c.isOperator(token)
	if !operator {
		if cl.who, err = cl.identify(token); err != nil {
			return err
		}
	}
	switch {
	case operator && who == forUser:
		return forbidden("the operator's token is not good for this operation: a user's is needed")
	case !operator && who == forOperator:
		return forbidden("this operation is the operator's")
	}
	id := cl.r.PathValue("i")
	if id == "" {
		return nil
	}
	if cl.who != nil && cl.who.instance != id {
		return errNotFound("instance")
	}
	cl.in, err = cl.c.instance(cl.ctx, id)
	return err
}

// read takes the body apart: one JSON value, no unknown fields, nothing behind it.
func (cl *call) read(into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(cl.w, cl.r.Body, bodyLimit))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return newProblem(http.StatusRequestEntityTooLarge, kindTooLarge, "the body has more than %d bytes", bodyLimit)
	case err != nil:
		return badRequest("the body ended before its time")
	case len(raw) == 0:
		return badRequest("the body is empty: want a JSON object")
	case !utf8.Valid(raw):
		return badRequest("the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badRequest("%s", jsonMistake(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return badRequest("something stands behind the JSON value")
	}
	return nil
}

// jsonMistake says what is wrong with a body without repeating its values, which may be secrets.
func jsonMistake(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("the body is not JSON (byte %d)", syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the JSON value is cut in the middle"
	case errors.As(err, &kind):
		return fmt.Sprintf("the field %q has the wrong type: want %s", kind.Field, kind.Type.Kind())
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return "unknown field " + short(strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return "the body can't be read as what this operation takes"
}
