// Package suites lists the families of specs that a subject goes through, in their order.
package suites

import (
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/suites/address"
	"github.com/bucketproof/bucketproof/suites/availability"
	"github.com/bucketproof/bucketproof/suites/cors"
	"github.com/bucketproof/bucketproof/suites/encryption"
	"github.com/bucketproof/bucketproof/suites/evaluator"
	"github.com/bucketproof/bucketproof/suites/isolation"
	"github.com/bucketproof/bucketproof/suites/onboarding"
	"github.com/bucketproof/bucketproof/suites/permissions"
	"github.com/bucketproof/bucketproof/suites/placement"
	"github.com/bucketproof/bucketproof/suites/preflight"
	"github.com/bucketproof/bucketproof/suites/retention"
	"github.com/bucketproof/bucketproof/suites/signing"
	"github.com/bucketproof/bucketproof/suites/throughput"
	"github.com/bucketproof/bucketproof/suites/transfer"
)

// Bucket is what a bucket goes through.
func Bucket() []run.Family {
	return []run.Family{Preflight, Address, Permissions, Encryption, Retention, Transfer, Signing, CORS, Throughput}
}

// Connector is what a connector goes through.
func Connector() []run.Family {
	return []run.Family{Address, Evaluator, Availability, Onboarding, Placement, Isolation, Retention, Signing}
}

// Parser is what an implementation of storage addresses goes through.
func Parser() []run.Family { return []run.Family{Address} }

// Policies is what an evaluator of policies goes through.
func Policies() []run.Family { return []run.Family{Evaluator} }

// Documents is what a bucket's documents go through.
func Documents() []run.Family { return []run.Family{CORS, Permissions, Encryption, Retention} }

// The families.
var (
	Preflight = run.Family{Name: "preflight", Specs: preflight.Specs}
	Address   = run.Family{Name: "address", Specs: address.Specs}
	Transfer  = run.Family{Name: "transfer", Specs: transfer.Specs}
	Signing   = run.Family{Name: "signing", Specs: signing.Specs}

	Throughput = run.Family{Name: "throughput", Specs: throughput.Specs}

	CORS        = run.Family{Name: "cors", Specs: cors.Specs}
	Permissions = run.Family{Name: "permissions", Specs: permissions.Specs}
	Encryption  = run.Family{Name: "encryption", Specs: encryption.Specs}
	Retention   = run.Family{Name: "retention", Specs: retention.Specs}

	Evaluator    = run.Family{Name: "evaluator", Specs: evaluator.Specs}
	Availability = run.Family{Name: "availability", Specs: availability.Specs}
	Onboarding   = run.Family{Name: "onboarding", Specs: onboarding.Specs}
	Placement    = run.Family{Name: "placement", Specs: placement.Specs}
	Isolation    = run.Family{Name: "isolation", Specs: isolation.Specs}
)
