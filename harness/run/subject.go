// Package run binds specs to requirements and Ginkgo to results. Specs stand in ordinary packages; each says in one
// line which requirement it proves. Ginkgo runs them, in a test or inside the program, and what comes of each is decided
// here: a spec that saw nothing, timed out, panicked, never ran or stands on something that failed is errored, and a
// denial without its positive control is no denial. The package reports what happened and leaves the verdict to reports.
package run

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
)

// Kinds of subject.
const (
	KindBucket    = "bucket"
	KindParser    = "parser"
	KindEvaluator = "evaluator"
	KindDocuments = "documents"
	KindConnector = "connector"
)

// Subject is what specs are declared for. A spec reads it and never writes to it.
type Subject struct {
	Kind    string
	Profile string
	Edition string

	// Provider is whose documents they are, for subjects of kind documents; "" while specs are only listed.
	Provider string
	// Documents are those that were given, for subjects of kind documents all that there is; of a bucket see T.Known. nil while
	// specs are only listed.
	Documents *Documents

	// Address is the parsed address of a bucket, nil when it could not be parsed: then AddressError says why.
	Address      *address.Address
	AddressError *address.Error

	// Implementation is the parser under test, for subjects of kind parser.
	Implementation address.Implementation
	// Evaluator is the evaluator of policies under test, for subjects of kind evaluator.
	Evaluator policy.Implementation

	// Connector speaks to the connector under test as its operator, Info is what it says of itself, and Yard are the
	// buckets it may use, for subjects of kind connector. While specs are declared there are none.
	Connector *driver.Client
	Info      *driver.Info
	Yard      *Yard

	// Wire and Bucket reach the bucket. OpenError says why there is no Bucket.
	Wire      *wire.Transport
	Bucket    *bucket.Bucket
	OpenError error
	// OwnerBucket is the same bucket as its owner, who reads what Bucket may not; nil unless a second identity was given.
	OwnerBucket *bucket.Bucket
	// Service is the base URL of the store's service.
	Service *url.URL

	Store    reports.Store
	Identity string

	// Prefix is the run's own prefix, sub-path included, with its slash. Every key that is written begins with it.
	Prefix string
	// Load is what a throughput run would put on the bucket.
	Load *Load

	// Seed is what everything random in specs comes from.
	Seed int64
	Now  func() time.Time

	specs []*Spec
	open  bucket.Options
	rules map[string]string
	say   func(string)
}

// clock is the subject's idea of the time.
func (s *Subject) clock() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Rule is the sentence of a requirement.
func (s *Subject) Rule(id string) string { return s.rules[id] }

// Key is a key below the run's prefix.
func (s *Subject) Key(name ...string) string { return s.Prefix + strings.Join(name, "/") }

// Is reports whether the subject's profile is one of those named.
func (s *Subject) Is(profiles ...string) bool {
	for _, p := range profiles {
		if s.Profile == p {
			return true
		}
	}
	return false
}

// Concerns reports whether specs on some providers' documents are for this subject.
func (s *Subject) Concerns(providers ...string) bool {
	return s.Kind == KindDocuments && (s.Provider == "" || slices.Contains(providers, s.Provider))
}

// Enforces reports what the store was seen to do about something: "yes", "no" or "unknown".
func (s *Subject) Enforces(what string) string {
	for _, f := range s.Store.Fidelity {
		if f.What == what {
			return f.Enforced
		}
	}
	return "unknown"
}

// Family is a package of specs that declare themselves for a subject.
type Family struct {
	Name  string // the folder below suites
	Specs func(*Subject)
}
