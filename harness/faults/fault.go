// Package faults holds named, deliberate breaches of the rules: each says which requirements it breaks, so that these
// must fail, and which it blocks, so that these can't be decided any more. The suite is trusted for what it catches
// here. A fault is built into a store's front, into a bucket's set-up or address, or around the parser; it never
// changes the store itself, so that a sound run before and after it shows the same.
package faults

import (
	"slices"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// Fault is one breach of a bucket.
type Fault struct {
	Name string
	Does string // one sentence
	// Profiles are where it can be built in.
	Profiles []string
	Breaks   []string
	Blocks   []string
	// Shows are requirements that the sound subject leaves unverified, and that pass with the fault in it: it plays what the store
	// hasn't got.
	Shows []string
	// Undecides are requirements that must be errored: it breaks no rule, and keeps the store from answering. Whatever else
	// meets it must be errored too, and nothing may fail or pass by it.
	Undecides []string
	// Limits of each request while it is tried, where it would take wire's own to see that nothing comes.
	Limits wire.Limits
	// Leaves says that the fault keeps a run from removing all that it wrote.
	Leaves bool
	// Long names the requirement, checked only on request, at which the fault is tried: that one is run, with what it stands
	// on, and held against a sound run of the same. "" means a whole run without it.
	Long  string
	Setup func(profile string) stores.Setup
	// Given changes the documents that the run is given besides, and what they are judged by; nil leaves them as they are.
	Given func(*run.Documents) error
	// Edition is that of the rules in which it is a breach; "" is the default. Such a fault is held against a sound run in it.
	Edition string

	outages outages // in the place of Setup
	// slice, where not 0, is how long a case of the reduced load runs in one round.
	slice time.Duration
	// Sound is what the sound subject at that requirement is like; nil means like every sound one.
	Sound func(profile string) stores.Setup
}

// In reports whether the fault can be built into a profile's store.
func (f Fault) In(profile string) bool { return slices.Contains(f.Profiles, profile) }

var (
	all      = []string{"aws", "coreweave", "gcp", "azure", "s3-compatible"}
	s3family = []string{"aws", "coreweave", "s3-compatible"}
	xfer     = []string{"BYOB-XFER-001", "BYOB-XFER-002", "BYOB-XFER-003", "BYOB-XFER-004", "BYOB-XFER-005", "BYOB-XFER-006", "BYOB-XFER-007",
		"BYOB-XFER-008", "BYOB-XFER-009", "BYOB-XFER-010"}
	sign = []string{"BYOB-SIGN-001", "BYOB-SIGN-002", "BYOB-SIGN-003", "BYOB-SIGN-004", "BYOB-SIGN-005", "BYOB-SIGN-006", "BYOB-SIGN-007", "BYOB-SIGN-009",
		"BYOB-SIGN-010", "BYOB-SIGN-011", "BYOB-SIGN-012"}
	// byURL are all transfers, all of the signing and all that is shared with browsers: they need a bucket from which W&B may
	// read, write and remove.
	byURL = slices.Concat(xfer, sign, share)
	// live is what tries a right, or reads a document of the bucket.
	live = []string{"BYOB-PERM-001", "BYOB-PERM-002", "BYOB-PERM-003", "BYOB-PERM-004", "BYOB-PERM-005", "BYOB-PERM-006", "BYOB-PERM-007", "BYOB-PERM-008",
		"BYOB-PERM-009", "BYOB-PERM-010", "BYOB-PERM-011", "BYOB-PERM-012", "BYOB-PERM-013", "BYOB-PERM-014", "BYOB-PERM-015", "BYOB-PERM-016", "BYOB-PERM-018",
		"BYOB-PERM-019", "BYOB-PERM-020", "BYOB-KMS-002", "BYOB-KMS-003", "BYOB-KEEP-001", "BYOB-KEEP-002"}
	share = []string{"BYOB-CORS-001", "BYOB-CORS-002", "BYOB-CORS-003", "BYOB-CORS-004", "BYOB-CORS-005", "BYOB-CORS-006", "BYOB-CORS-007", "BYOB-CORS-008",
		"BYOB-CORS-009"}
	// uses is what needs a bucket that answers.
	uses = slices.Concat(byURL, live)
	net  = []string{"BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003", "BYOB-NET-004", "BYOB-NET-005", "BYOB-NET-006", "BYOB-NET-007", "BYOB-NET-008"}
)

// after is everything that can't be decided once the requirements given are broken: what comes after them in preflight,
// and all that uses the bucket.
func after(broken ...string) []string {
	var out []string
	for _, id := range append(slices.Clone(net), uses...) {
		if !slices.Contains(broken, id) {
			out = append(out, id)
		}
	}
	return out
}

// without is a list without some.
func without(list []string, some ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(id string) bool { return slices.Contains(some, id) })
}

// Buckets are the faults of buckets and their stores, in the order in which a run meets them.
func Buckets() []Fault {
	return slices.Concat(networkFaults(), lineFaults(), answerFaults(), addressFaults(), accessFaults(), rightsFaults(), policyFaults(), keptFaults(), objectFaults(), validatorFaults(), uploadFaults(),
		signingFaults(), corsFaults(), []Fault{Harmless()}, sizeFaults(), browserFaults(), throughputFaults())
}

// Harmless is a fault that breaks nothing: whoever sees a difference under it is too sensitive.
func Harmless() Fault {
	return Fault{Name: "harmless", Does: "answers carry another Server header and one that nobody knows", Profiles: all,
		Setup: front(harmless)}
}
