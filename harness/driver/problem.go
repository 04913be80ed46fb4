package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Kind is the last part of a problem's type, urn:bucketproof:problem:KIND.
type Kind string

// The kinds of problems.
const (
	BadRequest         Kind = "bad-request"
	Unauthenticated    Kind = "unauthenticated"
	Forbidden          Kind = "forbidden"
	NotFound           Kind = "not-found"
	Conflict           Kind = "conflict"
	TooLarge           Kind = "too-large"
	InvalidStorage     Kind = "invalid-storage"
	NotOffered         Kind = "not-offered"
	StorageUnreachable Kind = "storage-unreachable"
	Unsupported        Kind = "unsupported"
	Unavailable        Kind = "unavailable"
)

// kindPrefix stands before the kind in a problem's type.
const kindPrefix = "urn:bucketproof:problem:"

// Finding is something that is doubtful and does not refuse.
type Finding struct {
	Requirement string `json:"requirement"`
	Part        string `json:"part"`
	Rule        string `json:"rule"`
	Fix         string `json:"fix"`
}

// Problem is an error of the connector (RFC 9457).
type Problem struct {
	Type        string    `json:"type"`
	Title       string    `json:"title"`
	Status      int       `json:"status"`
	Detail      string    `json:"detail"`
	Requirement string    `json:"requirement"`
	Part        string    `json:"part"`
	Fix         string    `json:"fix"`
	Warnings    []Finding `json:"warnings"`
}

// Words is everything the problem says, in one line.
func (p Problem) Words() string {
	out := []string{p.Title}
	for _, s := range []string{p.Requirement, p.Part, p.Detail, p.Fix} {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, ": ")
}

// Error is an answer other than the one that an operation succeeds with.
type Error struct {
	Operation string
	Status    int // of HTTP
	Kind      Kind
	Problem   Problem
	Odd       string // how the answer breaks the contract, "" where it doesn't
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %d %s", e.Operation, e.Status, http.StatusText(e.Status))
	if e.Kind != "" {
		s += fmt.Sprintf(" (%s): %s", e.Kind, e.Problem.Words())
	}
	if e.Odd != "" {
		s += ": " + e.Odd
	}
	return s
}

// IsKind reports whether an error is an answer of one of the kinds.
func IsKind(err error, kinds ...Kind) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, k := range kinds {
		if e.Kind == k {
			return true
		}
	}
	return false
}

func errorOf(operation string, status int, mediaType string, body []byte) *Error {
	e := &Error{Operation: operation, Status: status}
	switch {
	case status < 400:
		e.Odd = "another status than the operation succeeds with"
		return e
	case mediaType != "application/problem+json":
		e.Odd = fmt.Sprintf("the error is %q, not application/problem+json", shortened(mediaType))
		return e
	}
	if err := json.Unmarshal(body, &e.Problem); err != nil {
		e.Odd = "the error is no problem document"
		return e
	}
	kind, known := strings.CutPrefix(e.Problem.Type, kindPrefix)
	switch {
	case !known:
		e.Odd = fmt.Sprintf("the error has type %q", shortened(e.Problem.Type))
	case e.Problem.Status != status:
		e.Odd = fmt.Sprintf("the error says %d, and its answer %d", e.Problem.Status, status)
	}
	e.Kind = Kind(kind)
	return e
}

// shortened keeps what came from outside short.
func shortened(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
