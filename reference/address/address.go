// Package address reads, prints, redacts and diagnoses W&B storage addresses: the one line that tells W&B which bucket
// to use and how to get in ("Determine the storage address", edition 2025-09; requirements BYOB-ADDR-001 to 020).
// It is pure: no network, no clock, no environment. What it accepts is exactly what the requirements describe; what it
// refuses it refuses with an *Error that names the requirement, the part of the address and the way to mend it. An
// address is a secret, so no error, warning or printed form repeats what was given: messages are made of fixed
// sentences, of W&B's and the providers' own words, and of AWS region names. Only Reveal prints an address whole.
//
// Three readings of ours, where the sources leave a choice: an "@" after the host must be written %40, because a raw
// one nearly always means a secret that was not percent-encoded; without credentials the host is the bucket; and a
// host of one label without a port, behind credentials, is taken for a bucket's name and refused.
package address

import "slices"

// Provider is one of the five kinds of storage, in the words that flags, output and reports use.
type Provider string

// The providers, in the order used everywhere.
const (
	AWS          Provider = "aws"
	CoreWeave    Provider = "coreweave"
	GCP          Provider = "gcp"
	Azure        Provider = "azure"
	S3Compatible Provider = "s3-compatible"
)

// Where the region of an address comes from (Address.RegionFrom).
const (
	FromQuery    = "query"
	FromEndpoint = "endpoint"
	FromInstance = "instance"
)

// Editions that describe neither CoreWeave nor sub-paths; an address that uses them gets a warning there.
const (
	edition2024Connector = "2024-connector"
	edition2024BYOB      = "2024-byob"
)

// Address is one storage address, checked. Make one with Parse: the zero value is not an address.
type Address struct {
	Provider Provider
	// Endpoint is the host[:port] that the address names, in lower case; "" when it names none (AWS without
	// endpoint, GCS, Azure). For CoreWeave it is cwobject.com, also where the bucket stands before it.
	Endpoint string
	// Account is the Azure storage account, "" elsewhere.
	Account string
	// Bucket is the bucket or, for Azure, the container.
	Bucket string
	// Path is the sub-path, decoded, without a slash at its ends; "" when there is none.
	Path string
	// Region is "" when none could be had. RegionFrom says where it is from: "query", "endpoint" or "instance".
	Region     string
	RegionFrom string
	// TLS says whether the store is reached by https.
	TLS bool
	// PathStyle says, for the providers that speak S3, whether the bucket stands in the path of a request URL
	// instead of its host (BYOB-ADDR-018). Always false for GCS and Azure, whose libraries have no such choice.
	PathStyle bool
	// Credentials are what the address carries; zero when the provider's own chain is meant (BYOB-ADDR-020).
	Credentials Credentials
	// Warnings are what is allowed and yet likely a mistake, in the order of the address's parts.
	Warnings []Finding
}

// Options say what else is known about the address. The zero value is fine: default edition, unknown instance, any
// provider.
type Options struct {
	// Edition of the rules; "" is 2025-09.
	Edition string
	// Instance is the W&B instance that will use the address; nil when unknown (BYOB-ADDR-005).
	Instance *Instance
	// Provider that is expected; "" for any.
	Provider Provider
}

// Instance is what BYOB-ADDR-005 needs to know of the W&B instance.
type Instance struct {
	OnAWS     bool
	AWSRegion string // its AWS_REGION
}

// Parser reads one address. Every error is an *Error.
type Parser func(raw string, o Options) (*Address, error)

// HasCredentials says whether the address carries credentials of its own.
func (a *Address) HasCredentials() bool { return !a.Credentials.IsZero() }

// MinTLS is the oldest TLS version the store may be spoken to with: "1.3" for CoreWeave's endpoint (BYOB-ADDR-004),
// "" where no source names one.
func (a *Address) MinTLS() string {
	if a.TLS && a.Endpoint == coreWeaveEndpoint {
		return "1.3"
	}
	return ""
}

// Equal says whether two addresses are the same in every field, warnings and secret included.
func (a *Address) Equal(b *Address) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Provider == b.Provider && a.Endpoint == b.Endpoint && a.Account == b.Account &&
		a.Bucket == b.Bucket && a.Path == b.Path && a.Region == b.Region && a.RegionFrom == b.RegionFrom &&
		a.TLS == b.TLS && a.PathStyle == b.PathStyle && a.Credentials == b.Credentials &&
		slices.Equal(a.Warnings, b.Warnings)
}

// warn adds a finding that does not refuse the address.
func (a *Address) warn(requirement, part, rule, fix string) {
	a.Warnings = append(a.Warnings, Finding{Requirement: requirement, Part: part, Rule: rule, Fix: fix})
}
