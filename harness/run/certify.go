package run

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

// Target is the bucket to certify, and how to reach it.
type Target struct {
	Address    string // as it was given: a secret
	Options    address.Options
	Profile    string // "" means the provider's own
	Network    wire.Network
	Endpoint   string // base URL of the service in the place of the address's; "" means the address's
	AWSProfile string
	Store      reports.Store // what is known of the store; the zero value is a remote one
	Secrets    []string      // more values that must show nowhere
	// Documents are what the operator gives besides, and what they are judged by: W&B's deployment and principal, the front
	// end's origin, the key. Provider, edition and the bucket's own facts are filled in from the address; nil means nothing.
	Documents *Documents
	// Owner is a second identity that reads what W&B's own may not; nil means that there is none.
	Owner *Owner
	// AcceptRetention lets the run write although the bucket keeps what is written beyond the run's end.
	AcceptRetention bool
}

// Owner is the bucket's owner. The run never writes as its owner: policies, lifecycle rules and their kin are read.
type Owner struct {
	Address    string // the same bucket's, with the owner's credentials: a secret; "" means the provider's usual chain
	AWSProfile string // of the AWS chain
}

// Options say how a run is made.
type Options struct {
	Catalogue *catalogue.Catalogue
	Families  []Family
	Only      []string        // requirement IDs; what they stand on runs too
	Again     *reports.Result // an earlier result of the same subject: what was red in it is what runs, as by Only
	Seed      int64
	Program   string        // name/version, as in a User-Agent
	Limit     time.Duration // of all specs together; 0 means DefaultLimit
	Limits    wire.Limits   // of each request; what is 0 is wire's own
	Long      bool          // with the requirements that are checked only on request
	Browser   bool          // with a real browser
	// Throughput puts a load on the bucket besides; nil means none.
	Throughput *Throughput
	Notify     func(Event)  // told of every spec; may be nil
	Announce   func(string) // told what is said before the first write; may be nil
	Parser     address.Parser
}

// DefaultLimit is how long all specs of a run may take together.
const DefaultLimit = 10 * time.Minute

// Done is what came of a run.
type Done struct {
	Result     *reports.Result
	Evidence   map[string]*wire.Recorder // file name -> what was sent and answered
	Operations Operations                // of a throughput run; nil without one
}

// UsageError is a mistake in how a run was asked for: no run was made.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// NewRunID makes the ID of a run: when it began, and eight random hex digits.
func NewRunID(now time.Time) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return now.UTC().Format("20060102t150405z") + "-" + hex.EncodeToString(b[:])
}

// Certify checks one bucket against its profile. The error is for what kept the run from being made at all; everything
// that went wrong in it is in the result.
func Certify(ctx context.Context, target Target, o Options) (*Done, error) {
	c, err := newCertification(ctx, target, o)
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.run(ctx)
}

// Check says whether a run could begin: Certify would refuse what it refuses, and nothing is sent.
func Check(ctx context.Context, target Target, o Options) error {
	o.Announce, o.Notify = nil, nil
	c, err := newCertification(ctx, target, o)
	if err != nil {
		return err
	}
	c.close()
	return nil
}

// googleTokens is where a service account's key is exchanged for a token: an address holds no key ID, which the exchange
// can do without (golang.org/x/oauth2/jwt: "an optional hint").
const googleTokens = "https://oauth2.googleapis.com/token"

// certification is one run over one bucket.
type certification struct {
	target  Target
	o       Options
	subject *Subject
	entries []catalogue.Entry
	runID   string
	started time.Time
	guard   *wire.Guard
	service *url.URL
	safety  safety
	objects int // the most that the specs write
}

func newCertification(ctx context.Context, target Target, o Options) (*certification, error) {
	if o.Parser == nil {
		o.Parser = address.Parse
	}
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	c := &certification{target: target, o: o, started: time.Now().UTC(), safety: safety{rec: wire.NewRecorder("")}}
	c.runID = NewRunID(c.started)
	s := &Subject{Kind: KindBucket, Profile: target.Profile, Edition: target.Options.Edition, Store: target.Store, Seed: o.Seed, Now: time.Now}
	c.subject = s
	a, err := o.Parser(target.Address, target.Options)
	var provider address.Provider
	switch ae := (*address.Error)(nil); {
	case err == nil && a != nil:
		s.Address, provider = a, a.Provider
	case errors.As(err, &ae):
		s.AddressError, provider = ae, ae.Provider
	default:
		return nil, &UsageError{errors.New("the address can't be read")}
	}
	if provider == "" {
		provider = target.Options.Provider
	}
	if s.Profile == "" {
		s.Profile = string(provider)
	}
	if s.Profile == "" {
		return nil, &UsageError{s.AddressError}
	}
	if !slices.Contains(catalogue.Providers, s.Profile) {
		return nil, &UsageError{fmt.Errorf("%q is no profile for a bucket: these are %s", s.Profile, strings.Join(catalogue.Providers, ", "))}
	}
	if s.Address != nil && s.Profile != string(provider) {
		return nil, &UsageError{fmt.Errorf("profile %s is not for an address of provider %s", s.Profile, provider)}
	}
	if s.Edition == "" {
		s.Edition = catalogue.DefaultEdition
	}
	s.Documents = documentsOf(target.Documents, s)
	if c.entries, err = o.Catalogue.Profile(catalogue.Selection{Profile: s.Profile, Edition: s.Edition, Long: o.Long, Browser: o.Browser, Throughput: o.Throughput != nil, KMSKey: s.Documents.KMSKey != ""}); err != nil {
		return nil, &UsageError{err}
	}
	if err := c.choose(); err != nil {
		return nil, &UsageError{err}
	}
	if err := s.load(o.Throughput); err != nil {
		return nil, &UsageError{err}
	}
	s.say = c.say
	if s.AddressError != nil && !slices.ContainsFunc(c.entries, func(e catalogue.Entry) bool { return e.ID == s.AddressError.Requirement }) {
		return nil, &UsageError{s.AddressError}
	}
	if s.Store.Kind == "" {
		s.Store = reports.Store{Kind: "remote"} // its name is known when the address is
	}
	if s.Address != nil {
		if err := c.connect(ctx); err != nil {
			return nil, &UsageError{err}
		}
	}
	return c, nil
}

// parse reads the target's address; the error holds no secret.
func parse(target Target) (*address.Address, error) {
	return address.Parse(target.Address, target.Options)
}

// checkOnly refuses a selection that names what isn't there: a filter that matches nothing must not look like a run.
func (c *certification) checkOnly() error {
	for _, id := range c.o.Only {
		if !slices.ContainsFunc(c.entries, func(e catalogue.Entry) bool { return e.ID == id }) {
			if e, known := c.o.Catalogue.Get(id); known && slices.Contains(e.Profiles, c.subject.Profile) {
				return fmt.Errorf("%q of profile %s is not among what this run checks: it is for another edition than %s, or checked on request only (--long, --browser, --throughput, --kms-key)", id, c.subject.Profile, c.subject.Edition)
			}
			return fmt.Errorf("%q is no requirement of profile %s in edition %s", id, c.subject.Profile, c.subject.Edition)
		}
	}
	return nil
}

// connect makes transport, guard and bucket. Nothing is sent.
func (c *certification) connect(ctx context.Context) error {
	s, a := c.subject, c.subject.Address
	base := a.ServiceURL()
	if c.target.Endpoint != "" {
		base = c.target.Endpoint
	}
	service, err := url.Parse(base)
	if err != nil || service.Host == "" || service.User != nil {
		return errors.New("the endpoint must be a URL such as https://host:port, without credentials")
	}
	c.service = service
	s.Service = service
	s.Prefix = bucket.RunPrefix(a.Path, c.runID)
	if c.guard, err = wire.NewGuard(scopeOf(a, service, s.Prefix)); err != nil {
		return err
	}
	c.guard.Hold() // until prepare has seen what the bucket would keep
	s.Wire = c.wire(c.guard)
	s.open = bucket.Options{Endpoint: c.target.Endpoint, AWSProfile: c.target.AWSProfile}
	if c.target.Endpoint == "" {
		s.open.GoogleTokenURL = googleTokens
	}
	if s.Store.Kind == "remote" {
		s.Store.Name = wire.Clean(service.Host, c.secrets())
		switch {
		case c.target.Endpoint != "":
			s.Store.Via = s.Store.Name
		case len(c.target.Network.Hosts) > 0: // whatever names they are for: the bucket's own host may be among them
			s.Store.Via = "hosts that were named for the run"
		}
		if to, mapped := c.target.Network.Lookup(service.Hostname()); mapped {
			s.Store.Notes = append(s.Store.Notes, fmt.Sprintf("The run was told to find %s at %s: whatever answers there, nobody has seen that it is the provider's own service.", s.Store.Name, to))
			s.Store.Name, s.Store.Via = to, to
		}
	}
	s.Bucket, s.OpenError = s.reopen(ctx, a)
	if s.OpenError == nil {
		s.Identity = s.Bucket.Identity
	}
	return c.openOwner(ctx)
}

func (c *certification) wire(g *wire.Guard) *wire.Transport {
	a := c.subject.Address
	o := wire.Options{Network: c.target.Network, Guard: g, RunID: c.runID, Program: c.o.Program, Secrets: c.secrets(), Limits: c.o.Limits}
	if a.Provider == address.CoreWeave {
		o.MinTLS = tls.VersionTLS13 // "TLS 1.3 is required" (Bring your own bucket, Determine the storage address, 2025-09)
	}
	return wire.New(o)
}

// secrets are the values that must show nowhere.
func (c *certification) secrets() []string {
	out := slices.Clone(c.target.Secrets)
	if a := c.subject.Address; a != nil && !a.Credentials.Secret.IsZero() {
		out = append(out, a.Credentials.Secret.Reveal())
	}
	if o := c.target.Owner; o != nil && o.Address != "" {
		if a, err := address.Parse(o.Address, address.Options{}); err == nil {
			out = append(out, a.Credentials.Secret.Reveal())
		}
		out = append(out, o.Address)
	}
	for _, whole := range slices.Clone(out) {
		for line := range strings.Lines(whole) { // of a private key every line is one
			if line = strings.TrimSpace(line); line != whole && !strings.HasPrefix(line, "-----") {
				out = append(out, line)
			}
		}
	}
	for _, secret := range slices.Clone(out) {
		if lower := strings.ToLower(secret); lower != secret { // hosts are lower case, also one that a secret slipped into
			out = append(out, lower)
		}
	}
	return append(out, c.target.Address)
}

// scopeOf says where a run on an address may write.
func scopeOf(a *address.Address, service *url.URL, prefix string) wire.Scope {
	s := wire.Scope{Bucket: a.Bucket, Prefix: prefix, Hosts: []string{service.Host}, PathPrefix: trimSlash(service.Path)}
	switch a.Provider {
	case address.GCP:
		s.Dialect = wire.GCS
	case address.Azure:
		s.Dialect = wire.Azure
	default:
		s.Dialect = wire.S3
		if !a.PathStyle {
			s.BucketHost = a.Bucket + "." + service.Host
		}
	}
	return s
}

func trimSlash(path string) string {
	for len(path) > 0 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	return path
}

// run executes the specs and makes the result.
func (c *certification) run(ctx context.Context) (*Done, error) {
	specs, problems := declare(c.subject, c.o.Families)
	x := &execution{subject: c.subject, records: map[*Spec]*record{}, notify: c.o.Notify, hide: wire.NewHider(c.secrets()), ctx: ctx, limit: c.o.Limit,
		prepare: c.prepare, denials: map[string]bool{}, selected: c.selection(specs), problems: append(problems, c.strangers(specs)...)}
	if len(c.o.Only) > 0 && !slices.ContainsFunc(c.entries, func(e catalogue.Entry) bool { return e.Level == catalogue.Must && !x.selected[e.ID] }) {
		return nil, &UsageError{errors.New(strings.TrimPrefix(c.leftOut(), "left out by ") + " leaves out no requirement of level MUST, and never certifies: run without it")}
	}
	cost := Cost{}
	for _, s := range specs {
		if x.selected[s.Requirement] {
			cost.Requests += s.Cost.Requests
			cost.Bytes += s.Cost.Bytes
			c.objects += s.Cost.Objects
		}
	}
	c.subject.rules = map[string]string{}
	for _, e := range c.entries {
		x.denials[e.ID], c.subject.rules[e.ID] = e.Denial, e.Text
	}
	if c.guard != nil {
		c.guard.Allow(cost.Requests+prepareRequests+len(specs), cost.Bytes+markerBytes)
		x.written = c.guard.Count
		x.gone = c.gone
	}
	x.ginkgo(c.o.Families, false)
	c.cleanUp(ctx)
	return c.result(x), nil
}

// strangers says which specs are bound to what is no requirement: what they were to prove would be missed by nobody.
func (c *certification) strangers(specs []*Spec) (problems []string) {
	for _, s := range specs {
		for _, id := range append([]string{s.Requirement}, s.Needs...) {
			if _, ok := c.o.Catalogue.Get(id); !ok {
				problems = append(problems, fmt.Sprintf("spec %q names %s, which is no requirement", s.Text, id))
			}
		}
	}
	return problems
}

// selection is what runs: requirements of the profile, or those asked for with everything they stand on.
func (c *certification) selection(specs []*Spec) map[string]bool {
	wanted := c.o.Only
	if len(wanted) == 0 {
		for _, e := range c.entries {
			wanted = append(wanted, e.ID)
		}
	}
	all := closure(wanted, specs)
	out := map[string]bool{}
	for _, e := range c.entries {
		out[e.ID] = all[e.ID]
	}
	return out
}

func (c *certification) close() {
	if c.subject.Wire != nil {
		c.subject.Wire.CloseIdle()
	}
}
