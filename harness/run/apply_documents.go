package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// applicable is one of the documents that can be put on a bucket: how it is read, merged, written and compared. The bytes
// that it gives and takes are the provider's own JSON.
type applicable interface {
	read(ctx context.Context) (bucket.Document, error)
	write(ctx context.Context, document []byte, at bucket.Document) error
	// merge adds what is missing; nothing is added when p.Adds stays "".
	merge(p *Planned) error
	same(a, b []byte) bool
	// within reports whether there is nothing in a document that is in none of the others.
	within(document []byte, others ...[]byte) bool
	findings(document []byte) []finding.Finding
	right(writing bool) string
}

// applyRules are the CORS rules.
type applyRules struct {
	c        bucket.Configurer
	provider string
	origin   string
	edition  string
}

func (d *applyRules) need() cors.Need {
	return cors.Need{Provider: d.provider, FrontendOrigin: d.origin, Edition: d.edition}
}

func (d *applyRules) parsed(document []byte) (*cors.Policy, error) {
	if document == nil {
		return &cors.Policy{Provider: d.provider}, nil
	}
	return cors.ParseRules(d.provider, document)
}

// read turns the provider's form, which may be XML, into its JSON.
func (d *applyRules) read(ctx context.Context) (bucket.Document, error) {
	got, err := d.c.CORS(ctx)
	if err != nil || got.Raw == nil {
		return got, err
	}
	rules, err := cors.ParseRules(d.provider, got.Raw)
	if err != nil {
		return got, &unreadableError{err}
	}
	got.Raw = rules.Document()
	return got, nil
}

func (d *applyRules) write(ctx context.Context, document []byte, at bucket.Document) error {
	rules, err := d.parsed(document)
	if err != nil {
		return err
	}
	return d.c.SetCORS(ctx, rules, at)
}

func (d *applyRules) merge(p *Planned) error {
	rules, err := d.parsed(p.before.Raw)
	if err != nil {
		return err
	}
	merged, at, err := cors.Merge(rules, d.need())
	if m := (*cors.MergeError)(nil); errors.As(err, &m) {
		return &ApplyError{Problem: m.Problem, Hint: m.Fix}
	}
	if err != nil {
		return err
	}
	p.Stays = fmt.Sprintf("%d rules are there, and stay as they are", len(rules.Rules))
	switch len(rules.Rules) {
	case 0:
		p.Stays = "none are there"
	case 1:
		p.Stays = "one rule is there, and stays as it is"
	}
	if at > 0 {
		p.prescribed, p.Adds = merged.Document(), merged.RuleText(at)
		if len(rules.Rules) > 0 {
			p.Stays += map[bool]string{true: "; this one goes before, for the W&B front end alone", false: "; this one goes after"}[at == 1]
		}
	}
	if d.provider == policy.Azure {
		p.Reach = "CORS rules are the whole account's: they hold for all containers of its blob service, not for this one alone"
	}
	return nil
}

func (d *applyRules) same(a, b []byte) bool {
	x, errX := d.parsed(a)
	y, errY := d.parsed(b)
	return errX == nil && errY == nil && cors.Same(x, y)
}

func (d *applyRules) within(document []byte, others ...[]byte) bool {
	x, err := d.parsed(document)
	if err != nil {
		return false
	}
	var all []*cors.Policy
	for _, o := range others {
		y, err := d.parsed(o)
		if err != nil {
			return false
		}
		all = append(all, y)
	}
	return cors.Within(x, all...)
}

func (d *applyRules) findings(document []byte) []finding.Finding {
	rules, err := d.parsed(document)
	if err != nil {
		return cors.Refused(err, d.need())
	}
	return cors.Judge(rules, d.need())
}

func (d *applyRules) right(writing bool) string {
	read := map[string]string{policy.GCP: "storage.buckets.get", policy.Azure: "Microsoft.Storage/storageAccounts/blobServices/read, or the account's key"}
	write := map[string]string{policy.GCP: "storage.buckets.update", policy.Azure: "Microsoft.Storage/storageAccounts/blobServices/write, or the account's key"}
	if writing {
		return word(write[d.provider], "s3:PutBucketCORS")
	}
	return word(read[d.provider], "s3:GetBucketCORS")
}

func word(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// applyPolicy is a bucket policy of Amazon S3 or CoreWeave.
type applyPolicy struct {
	c    bucket.Configurer
	need policy.Need
}

func (d *applyPolicy) parsed(document []byte) (*policy.Document, error) {
	if document == nil {
		return &policy.Document{Provider: d.need.Provider, Kind: policy.Bucket}, nil
	}
	return policy.Parse(d.need.Provider, policy.Bucket, document)
}

func (d *applyPolicy) read(ctx context.Context) (bucket.Document, error) {
	got, err := d.c.Policy(ctx)
	if err == nil && got.Raw != nil {
		if _, perr := d.parsed(got.Raw); perr != nil {
			return got, &unreadableError{fmt.Errorf("the policy that is there can't be read: %w", perr)}
		}
	}
	return got, err
}

func (d *applyPolicy) write(ctx context.Context, document []byte, _ bucket.Document) error {
	return d.c.SetPolicy(ctx, document)
}

func (d *applyPolicy) merge(p *Planned) error {
	merged, added, err := policy.Merge(p.before.Raw, d.need)
	if err != nil {
		return err
	}
	there, err := d.parsed(p.before.Raw)
	if err != nil {
		return err
	}
	p.Stays = stays("statement", there.Labels())
	if added != nil {
		p.prescribed, p.Adds = merged, added.JSON()
	}
	return nil
}

func stays(what string, labels []string) string {
	switch len(labels) {
	case 0:
		return "none is there"
	case 1:
		return "one " + what + " is there, and stays as it is"
	}
	return fmt.Sprintf("%d %ss are there, and stay as they are", len(labels), what)
}

func (d *applyPolicy) same(a, b []byte) bool {
	x, errX := d.parsed(a)
	y, errY := d.parsed(b)
	return errX == nil && errY == nil && policy.Equal(x, y)
}

func (d *applyPolicy) within(document []byte, others ...[]byte) bool {
	x, err := d.parsed(document)
	if err != nil {
		return false
	}
	var all []*policy.Document
	for _, o := range others {
		y, err := d.parsed(o)
		if err != nil {
			return false
		}
		all = append(all, y)
	}
	return policy.Within(x, all...)
}

func (d *applyPolicy) findings(document []byte) []finding.Finding {
	x, err := d.parsed(document)
	if err != nil {
		return policy.Refused(policy.Bucket, err, d.need)
	}
	return bucketFindings(policy.Judge(policy.Documents{Bucket: x}, d.need))
}

// bucketFindings leaves out what hangs on the key, which is no document of the bucket.
func bucketFindings(findings []finding.Finding) (out []finding.Finding) {
	for _, f := range findings {
		if strings.HasPrefix(f.Requirement, "BYOB-PERM-") {
			out = append(out, f)
		}
	}
	return out
}

func (d *applyPolicy) right(writing bool) string {
	if writing {
		return "s3:PutBucketPolicy"
	}
	return "s3:GetBucketPolicy"
}

// applyRoles is the IAM policy of a bucket on Google Cloud Storage.
type applyRoles struct {
	c    bucket.Configurer
	need policy.Need
}

func (d *applyRoles) read(ctx context.Context) (bucket.Document, error) {
	got, err := d.c.Policy(ctx)
	if err == nil {
		if _, perr := policy.ParseBindings(got.Raw); perr != nil {
			return got, &unreadableError{fmt.Errorf("the IAM policy that is there can't be read: %w", perr)}
		}
	}
	return got, err
}

// write gives the document the etag of the state that it is to replace.
func (d *applyRoles) write(ctx context.Context, document []byte, at bucket.Document) error {
	document, err := policy.WithEtag(document, at.Turn)
	if err != nil {
		return err
	}
	return d.c.SetPolicy(ctx, document)
}

func (d *applyRoles) merge(p *Planned) error {
	merged, added, err := policy.MergeBindings(p.before.Raw, d.need)
	if err != nil {
		return err
	}
	there, err := policy.ParseBindings(p.before.Raw)
	if err != nil {
		return err
	}
	p.Stays = stays("binding", make([]string, len(there.List)))
	if added {
		p.prescribed, p.Adds = merged, policy.AddedBinding(d.need)
	}
	return nil
}

func (d *applyRoles) same(a, b []byte) bool {
	x, errX := policy.ParseBindings(a)
	y, errY := policy.ParseBindings(b)
	return errX == nil && errY == nil && policy.SameBindings(x, y)
}

func (d *applyRoles) within(document []byte, others ...[]byte) bool {
	x, err := policy.ParseBindings(document)
	if err != nil {
		return false
	}
	var all []*policy.Bindings
	for _, o := range others {
		y, err := policy.ParseBindings(o)
		if err != nil {
			return false
		}
		all = append(all, y)
	}
	return policy.WithinBindings(x, all...)
}

func (d *applyRoles) findings(document []byte) []finding.Finding {
	b, err := policy.ParseBindings(document)
	if err != nil {
		return []finding.Finding{{Requirement: "BYOB-PERM-014", State: finding.Broken, What: "the IAM policy", Actual: err.Error()}}
	}
	return policy.Judge(policy.Documents{Bindings: b}, d.need)
}

func (d *applyRoles) right(writing bool) string {
	if writing {
		return "storage.buckets.setIamPolicy"
	}
	return "storage.buckets.getIamPolicy"
}

// applicables are the documents of a provider that can be put on a bucket, and why one can't.
func applicables(c bucket.Configurer, n policy.Need, origin string) (out map[wire.Configuration]applicable, notes []string) {
	out = map[wire.Configuration]applicable{wire.Rules: &applyRules{c: c, provider: n.Provider, origin: origin, edition: n.Edition}}
	switch n.Provider {
	case policy.AWS, policy.CoreWeave:
		out[wire.Policy] = &applyPolicy{c: c, need: n}
	case policy.GCP:
		out[wire.Policy] = &applyRoles{c: c, need: n}
	case policy.Azure:
		notes = append(notes, "A container has no policy: W&B comes by the account's key, or by roles (prescribe --as commands prints them).")
	default:
		notes = append(notes, "The policy is the user's there, not the bucket's: prescribe --as commands prints how to attach it.")
	}
	return out, notes
}

// indentedJSON is a document as people read it.
func indentedJSON(document []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, document, "", "  ") != nil {
		return string(document)
	}
	return b.String()
}
