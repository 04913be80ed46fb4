// Package availability says which storage W&B has on offer where: for every edition of its rules, the deployments
// (Multi-tenant, Dedicated, Self-managed), the scopes (instance, team) and the five providers, and what must hold besides
// (requirements BYOB-AVAIL-001 to 006; "Availability matrix", "Bucket scopes", "Provision your bucket" and "Team level
// BYOB" of the edition's page). It is pure, and its matrix is data: matrix.yaml, read strictly. Answers are closed:
// whatever a rule asks for and the request doesn't show (the instance's cloud, its versions, its supported file stores)
// counts as not met. What the sources leave open is Unspecified and comes with a *Refusal whose Open is set: who has to
// decide refuses, who judges another's decision accepts either.
//
// Rules only ever refuse: none turns a cell that is refused or unspecified into one on offer.
package availability

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/address"
)

// Deployment is a way of running W&B.
type Deployment string

// The deployments. Older pages call Multi-tenant "SaaS Cloud".
const (
	MultiTenant Deployment = "multi-tenant"
	Dedicated   Deployment = "dedicated"
	SelfManaged Deployment = "self-managed"
)

// Scope is whom a bucket serves.
type Scope string

// The scopes.
const (
	InstanceScope Scope = "instance" // all teams that have no bucket of their own
	TeamScope     Scope = "team"     // one team
)

// Answer is what the rules say of a cell or of a request.
type Answer string

// The answers.
const (
	Offered     Answer = "offered"
	Refused     Answer = "refused"
	Unspecified Answer = "unspecified" // the sources leave it open
)

// OnPremises is the word of Instance.Cloud for an instance that runs in no provider's cloud.
const OnPremises = "on-premises"

// DefaultEdition is the edition that "" stands for.
const DefaultEdition = "2025-09"

// Deployments, Scopes and Providers are all of them, in the order of Matrix.
var (
	Deployments = []Deployment{MultiTenant, Dedicated, SelfManaged}
	Scopes      = []Scope{InstanceScope, TeamScope}
	Providers   = []string{string(address.AWS), string(address.CoreWeave), string(address.GCP), string(address.Azure), string(address.S3Compatible)}
)

// clouds are the words of Instance.Cloud.
var clouds = []string{string(address.AWS), string(address.CoreWeave), string(address.GCP), string(address.Azure), OnPremises}

// ErrUnknown is wrapped by every error that is no *Refusal: a word or a version that the rules don't know.
var ErrUnknown = errors.New("unknown word")

// Refusal is why something isn't allowed, and under which requirement. Its texts are fixed sentences made of the rules'
// own words: no part of an address stands in them.
type Refusal struct {
	Requirement string // BYOB-AVAIL-006
	Rule        string // what is not as it must be
	Fix         string // what to do instead, "" when nothing can be done
	// Open says that the sources leave the question open: refusing is one of two right answers.
	Open bool
}

// Error is one line: rule, requirement and fix.
func (r *Refusal) Error() string {
	s := r.Rule + " (" + r.Requirement + ")"
	if r.Open {
		s += ", which the sources leave open"
	}
	if r.Fix != "" {
		s += ": " + r.Fix
	}
	return s
}

// Editions returns the editions of the rules, oldest first.
func Editions() []string {
	var ids []string
	for _, e := range matrix().Editions {
		ids = append(ids, e.ID)
	}
	return ids
}

// known makes an error of a word that isn't in the list.
func known[T ~string](kind string, word T, list []T) error {
	if slices.Contains(list, word) {
		return nil
	}
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return fmt.Errorf("%w: %s %q: known are %s", ErrUnknown, kind, word, strings.Join(words, ", "))
}

// find returns an edition; "" is the default one.
func find(edition string) (*page, error) {
	if edition == "" {
		edition = DefaultEdition
	}
	for i := range matrix().Editions {
		if matrix().Editions[i].ID == edition {
			return &matrix().Editions[i], nil
		}
	}
	return nil, known("edition", edition, Editions())
}
