package run

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"github.com/bucketproof/bucketproof/harness/bucket"
)

// SpecLimit is how long one spec may take unless it says otherwise.
const SpecLimit = 25 * time.Second

// Spec is one check, bound to the requirement it proves.
type Spec struct {
	Requirement string
	Text        string // an obligation with an observable effect
	Needs       []string
	Settles     []bucket.Kind
	Cost        Cost
	Each        Cost // besides Cost, for each provider that a connector is tried with
	Limit       time.Duration
	After       []string
	Sparse      int  // requests of which the evidence is kept whole; 0 is all
	Slow        bool // it takes long, and has the label slow
	// Marker are those of "put object" and "get object" that decide it where they are denied to the run's marker, each with what
	// says how that is mended.
	Marker map[string]func(context.Context, *T)
	Check  func(context.Context, *T)
}

// Cost is the most that a spec sends to the bucket: it is what --plan prints and what the guard lets through.
type Cost struct {
	Requests int   `json:"requests"`
	Objects  int   `json:"objects"` // keys written, removed again at the end; 0 means that the spec only reads
	Bytes    int64 `json:"bytes"`   // in the bodies of writes
}

// Option says more about a spec.
type Option func(*Spec)

// Needs names requirements without which the spec can decide nothing: when one of them failed or could not be decided,
// the spec is errored and sends nothing; when one was left out, so is the spec.
func Needs(ids ...string) Option { return func(s *Spec) { s.Needs = append(s.Needs, ids...) } }

// Settles names kinds of error that are this spec's alone to judge: whether the name resolves, whether the port answers. For
// whatever stands on it, such an error is no answer: the store was seen to be there, and is gone.
func Settles(kinds ...bucket.Kind) Option {
	return func(s *Spec) { s.Settles = append(s.Settles, kinds...) }
}

// Costs bounds what the spec sends. A spec that writes to more keys than it says is errored.
func Costs(requests, objects int, bytes int64) Option {
	return func(s *Spec) { s.Cost = Cost{Requests: requests, Objects: objects, Bytes: bytes} }
}

// DecidedByMarker is for a spec on the right to "put object" or to "get object": when that is denied to the run's marker, the
// first object that it writes and reads, the spec has failed, and advise says what mends it; nil leaves that to the
// catalogue. Every other spec that writes is then errored.
func DecidedByMarker(operation string, advise func(context.Context, *T)) Option {
	return func(s *Spec) {
		if s.Marker == nil {
			s.Marker = map[string]func(context.Context, *T){}
		}
		s.Marker[operation] = advise
	}
}

// After names requirements whose checks must have run before, whatever came of them: the spec judges what they measured. They
// are run when the spec is asked for alone.
func After(ids ...string) Option { return func(s *Spec) { s.After = append(s.After, ids...) } }

// Sparse keeps the evidence of the first requests alone, and of those that went wrong: the spec sends too many to keep them all.
func Sparse(first int) Option { return func(s *Spec) { s.Sparse = first } }

// Slow gives the spec the label slow, by which Ginkgo can leave it out.
func Slow() Option { return func(s *Spec) { s.Slow = true } }

// PerProvider bounds what a spec of a connector sends for each provider whose buckets it is tried with: to the connector and
// to the buckets together. What the connector sends to the buckets itself comes on top.
func PerProvider(requests, objects int, bytes int64) Option {
	return func(s *Spec) { s.Each = Cost{Requests: requests, Objects: objects, Bytes: bytes} }
}

// on is what the spec costs with so many providers.
func (s *Spec) on(providers int) Cost {
	n := int64(providers)
	return Cost{s.Cost.Requests + s.Each.Requests*providers, s.Cost.Objects + s.Each.Objects*providers, s.Cost.Bytes + s.Each.Bytes*n}
}

// Within sets the spec's own limit.
func Within(d time.Duration) Option { return func(s *Spec) { s.Limit = d } }

// requirementID is what the ID of a requirement looks like; Ginkgo ends the process over a label that it can't read.
var requirementID = regexp.MustCompile(`^[A-Z][A-Z0-9-]*$`)

// It binds a check to a requirement, in the place of Ginkgo's It. It is called while a family declares its specs, and
// panics anywhere else.
func It(s *Subject, requirement, text string, check func(context.Context, *T), options ...Option) {
	x := current
	if x == nil || !x.building {
		panic("run.It outside of a family's Specs")
	}
	spec := &Spec{Requirement: requirement, Text: text, Limit: SpecLimit, Check: check}
	for _, o := range options {
		o(spec)
	}
	if spec.Limit <= 0 {
		spec.Limit = SpecLimit
	}
	if !requirementID.MatchString(requirement) || strings.TrimSpace(text) == "" || check == nil {
		x.problem("a spec has no check, no text or no requirement (%q, %q)", requirement, text)
		return
	}
	s.specs = append(s.specs, spec)
	if !x.wants(spec) {
		return
	}
	// Ginkgo's own limit is only the last resort: it counts what comes before the check, too.
	labels := ginkgo.Label(requirement, mark(len(x.declared)))
	if spec.Slow {
		labels = append(labels, "slow")
	}
	ginkgo.It(text, labels, ginkgo.SpecTimeout(spec.Limit+prepareLimit+grace),
		func(ctx ginkgo.SpecContext) { x.runSpec(ctx, spec) })
	x.declared = append(x.declared, spec)
}

// mark is the label by which Ginkgo's report names a declared spec: texts may repeat.
func mark(i int) string { return fmt.Sprintf("spec-%d", i) }

// closure adds to the wanted requirements everything they stand on.
func closure(wanted []string, specs []*Spec) map[string]bool {
	all := map[string]bool{}
	var add func(string)
	add = func(id string) {
		if all[id] {
			return
		}
		all[id] = true
		for _, s := range specs {
			if s.Requirement == id {
				for _, n := range slices.Concat(s.Needs, s.After) {
					add(n)
				}
			}
		}
	}
	for _, id := range wanted {
		add(id)
	}
	return all
}

// settled says which kinds of error a spec can't judge, because a requirement that it stands on has.
func settled(s *Spec, specs []*Spec) map[bucket.Kind]string {
	below, out := closure(s.Needs, specs), map[bucket.Kind]string{}
	for _, other := range specs {
		if below[other.Requirement] && other.Requirement != s.Requirement {
			for _, k := range other.Settles {
				out[k] = other.Requirement
			}
		}
	}
	return out
}

// Bound lists the requirements that have a spec among some, in order.
func Bound(specs []*Spec) []string {
	var ids []string
	for _, s := range specs {
		if !slices.Contains(ids, s.Requirement) {
			ids = append(ids, s.Requirement)
		}
	}
	return ids
}
