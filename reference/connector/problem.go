package connector

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
)

// Kinds of problems; the last part of a problem's type, urn:bucketproof:problem:KIND.
const (
	kindBadRequest         = "bad-request"
	kindUnauthenticated    = "unauthenticated"
	kindForbidden          = "forbidden"
	kindNotFound           = "not-found"
	kindConflict           = "conflict"
	kindTooLarge           = "too-large"
	kindInvalidStorage     = "invalid-storage"
	kindNotOffered         = "not-offered"
	kindStorageUnreachable = "storage-unreachable"
	kindUnsupported        = "unsupported"
	kindUnavailable        = "unavailable"
)

// Warning is something that is allowed and yet likely a mistake.
type Warning struct {
	Requirement string `json:"requirement,omitempty"`
	Part        string `json:"part,omitempty"`
	Rule        string `json:"rule"`
	Fix         string `json:"fix,omitempty"`
}

// problem is a refusal as clients see it (RFC 9457). None of its texts holds a secret.
type problem struct {
	Type        string    `json:"type"`
	Title       string    `json:"title"`
	Status      int       `json:"status"`
	Detail      string    `json:"detail"`
	Requirement string    `json:"requirement,omitempty"`
	Part        string    `json:"part,omitempty"`
	Fix         string    `json:"fix,omitempty"`
	Warnings    []Warning `json:"warnings,omitempty"`
	cause       error     // for the log
}

// Error is one line.
func (p *problem) Error() string {
	if p.Requirement == "" {
		return p.Title + ": " + p.Detail
	}
	return p.Title + ": " + p.Detail + " (" + p.Requirement + ")"
}

var titles = map[string]string{
	kindBadRequest: "Bad request", kindUnauthenticated: "Unauthenticated", kindForbidden: "Forbidden", kindNotFound: "Not found",
	kindConflict: "Conflict", kindTooLarge: "Too large", kindInvalidStorage: "Invalid storage", kindNotOffered: "Storage not offered",
	kindStorageUnreachable: "Storage unreachable", kindUnsupported: "Unsupported", kindUnavailable: "Unavailable",
}

func newProblem(status int, kind, format string, args ...any) *problem {
	return &problem{Type: "urn:bucketproof:problem:" + kind, Title: titles[kind], Status: status, Detail: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, kindBadRequest, format, args...)
}

// invalid is for what is well-formed and yet not allowed: names, sizes, digests.
func invalid(part, format string, args ...any) *problem {
	p := newProblem(http.StatusUnprocessableEntity, kindBadRequest, format, args...)
	p.Part = part
	return p
}

func forbidden(detail string) *problem {
	return newProblem(http.StatusForbidden, kindForbidden, "%s", detail)
}

func conflict(format string, args ...any) *problem {
	return newProblem(http.StatusConflict, kindConflict, format, args...)
}

// errNotFound is the same answer for what doesn't exist and for what the caller may not know of.
func errNotFound(thing string) *problem {
	return newProblem(http.StatusNotFound, kindNotFound, "no such %s", thing)
}

func unsupported(format string, args ...any) *problem {
	return newProblem(http.StatusNotImplemented, kindUnsupported, format, args...)
}

func unreachable(status int, err error) *problem {
	p := newProblem(status, kindStorageUnreachable, "%v", err)
	p.cause = err
	return p
}

// problemOf finds the problem in an error. What is not one is a fault of the service itself: its text goes to the log, not
// to the client.
func problemOf(err error) *problem {
	var p *problem
	var refused *availability.Refusal
	var bad *address.Error
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &bad):
		p = newProblem(http.StatusUnprocessableEntity, kindInvalidStorage, "%s: %s", bad.Part, bad.Rule)
		p.Requirement, p.Part, p.Fix = bad.Requirement, bad.Part, bad.Fix
		return p
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.Is(err, availability.ErrUnknown):
		return badRequest("%v", err)
	}
	p = newProblem(http.StatusServiceUnavailable, kindUnavailable, "the connector could not do this now; nothing was changed")
	p.cause = err
	return p
}

// refusal says a rule's refusal with the status that fits the rule's family.
func refusal(r *availability.Refusal) *problem {
	status, kind := http.StatusForbidden, kindForbidden
	switch id := r.Requirement; {
	case strings.HasPrefix(id, "BYOB-AVAIL-"), id == "BYOB-TEAM-005":
		status, kind = http.StatusUnprocessableEntity, kindNotOffered
	case strings.HasPrefix(id, "BYOB-ADDR-"), id == "BYOB-TEAM-002", id == "BYOB-TEAM-006":
		status, kind = http.StatusUnprocessableEntity, kindInvalidStorage
	case id == "BYOB-ISO-004", id == "BYOB-XFER-004":
		status, kind = http.StatusUnprocessableEntity, kindBadRequest
	case id == "BYOB-PLACE-008":
		status, kind = http.StatusConflict, kindConflict
	case id == "BYOB-PLACE-009":
		status, kind = http.StatusServiceUnavailable, kindStorageUnreachable
	}
	p := newProblem(status, kind, "%s", r.Rule)
	p.Requirement, p.Fix = r.Requirement, r.Fix
	return p
}

func warningsOf(findings []address.Finding) []Warning {
	out := make([]Warning, 0, len(findings))
	for _, f := range findings {
		out = append(out, Warning{Requirement: f.Requirement, Part: f.Part, Rule: f.Rule, Fix: f.Fix})
	}
	return out
}

func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone
}
