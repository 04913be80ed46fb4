package stores

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	raw "google.golang.org/api/storage/v1"
)

// gcsProject is the project that the embedded buckets belong to.
const gcsProject = "bucketproof-embedded"

// gcsPolicy is a bucket's IAM policy.
type gcsPolicy struct {
	mu       sync.Mutex
	bindings []*raw.PolicyBindings // replaced, never changed
	turn     int                   // of the etag
}

// newGCSPolicy is the policy of a new bucket with uniform bucket-level access (Cloud Storage documentation, "Default bucket
// policies"), and what is granted besides: role -> members.
func newGCSPolicy(granted map[string][]string) *gcsPolicy {
	editors := []string{"projectEditor:" + gcsProject, "projectOwner:" + gcsProject}
	viewers := []string{"projectViewer:" + gcsProject}
	list := []*raw.PolicyBindings{
		{Role: "roles/storage.legacyBucketOwner", Members: editors}, {Role: "roles/storage.legacyBucketReader", Members: viewers},
		{Role: "roles/storage.legacyObjectOwner", Members: editors}, {Role: "roles/storage.legacyObjectReader", Members: viewers},
	}
	for role, members := range granted {
		list = append(list, &raw.PolicyBindings{Role: role, Members: members})
	}
	return &gcsPolicy{bindings: canonicalBindings(list), turn: 1}
}

// publish lets everybody read objects.
func (p *gcsPolicy) publish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bindings = canonicalBindings(append(p.bindings, &raw.PolicyBindings{Role: "roles/storage.objectViewer", Members: []string{allUsers}}))
}

// canonicalBindings has each role once, and roles and members in order.
func canonicalBindings(list []*raw.PolicyBindings) []*raw.PolicyBindings {
	members := map[string][]string{}
	for _, b := range list {
		members[b.Role] = append(members[b.Role], b.Members...)
	}
	out := []*raw.PolicyBindings{}
	for role, m := range members {
		if slices.Sort(m); len(m) > 0 {
			out = append(out, &raw.PolicyBindings{Role: role, Members: slices.Compact(m)})
		}
	}
	slices.SortFunc(out, func(a, b *raw.PolicyBindings) int { return strings.Compare(a.Role, b.Role) })
	return out
}

func (p *gcsPolicy) list() []*raw.PolicyBindings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bindings
}

// public reports whether anybody is let in, whoever he is.
func publicBindings(list []*raw.PolicyBindings) bool {
	return slices.ContainsFunc(list, func(b *raw.PolicyBindings) bool {
		return slices.Contains(b.Members, allUsers) || slices.Contains(b.Members, allAuthenticatedUsers)
	})
}

// document is the policy without what changes by itself.
func (p *gcsPolicy) document() (string, error) {
	b, err := json.Marshal(p.list())
	if err != nil {
		return "", fmt.Errorf("write the bucket's policy: %w", err)
	}
	return string(b), nil
}

func (p *gcsPolicy) resource(bucket string) *raw.Policy {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &raw.Policy{Kind: "storage#policy", ResourceId: "projects/_/buckets/" + bucket, Version: 1, Etag: p.etag(), Bindings: p.bindings}
}

// etag is called with the lock held.
func (p *gcsPolicy) etag() string {
	return base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(p.turn)))
}

// set replaces the policy, unless it is another one than an etag says.
func (p *gcsPolicy) set(list []*raw.PolicyBindings, etag string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if etag != "" && etag != p.etag() {
		return false
	}
	p.bindings = canonicalBindings(list)
	p.turn++
	return true
}

// memberKinds begin the name of a member. Of users, groups, domains and projects nobody is known here: they are kept, and
// let nobody in.
var memberKinds = []string{"deleted:", "principal://", "principalSet://", "user:", "serviceAccount:", "group:", "domain:", "projectOwner:", "projectEditor:", "projectViewer:"}

// checkBindings refuses what can't be kept or evaluated.
func checkBindings(list []*raw.PolicyBindings, publicPrevented bool) *gcsError {
	for _, b := range list {
		if b.Condition != nil {
			return unimplemented("conditions of role bindings")
		}
		if strings.Contains(b.Role, "/roles/") {
			return unimplemented("custom roles")
		}
		if _, ok := gcsRoles[b.Role]; !ok {
			return invalid("Role %s is not supported for this resource.", b.Role)
		}
		for _, m := range b.Members {
			known := slices.ContainsFunc(memberKinds, func(k string) bool { return strings.HasPrefix(m, k) && len(m) > len(k) })
			if m != allUsers && m != allAuthenticatedUsers && !known {
				return invalid("The member %s is of an unknown type. Please set a valid type prefix for the member.", m)
			}
		}
	}
	if publicPrevented && publicBindings(list) {
		return &gcsError{status: http.StatusPreconditionFailed, Code: "PreconditionFailed", reason: "conditionNotMet",
			Message: "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced."}
	}
	return nil
}

func (f *gcsFront) getPolicy(q *gcsRequest) *gcsError {
	if v := q.query.Get("optionsRequestedPolicyVersion"); v != "" && v != "1" && v != "2" && v != "3" {
		return invalid("optionsRequestedPolicyVersion is 1, 2 or 3.")
	}
	return q.answer(f.owner.policy.resource(f.owner.bucket))
}

func (f *gcsFront) setPolicy(q *gcsRequest) *gcsError {
	var in raw.Policy
	if err := strictJSON(q.body(), &in); err != nil {
		return err
	}
	if in.Version < 0 || in.Version > 3 || in.Version == 2 {
		return invalid("Invalid policy version %d.", in.Version)
	}
	if err := checkBindings(in.Bindings, f.owner.resource.publicPrevented()); err != nil {
		return err
	}
	if !f.owner.policy.set(in.Bindings, in.Etag) {
		return unmet()
	}
	return q.answer(f.owner.policy.resource(f.owner.bucket))
}

// testPermissions needs no permission itself.
func (f *gcsFront) testPermissions(q *gcsRequest) *gcsError {
	out := raw.TestIamPermissionsResponse{Kind: "storage#testIamPermissionsResponse"}
	for _, p := range q.query["permissions"] {
		if !slices.Contains(gcsPermissions, p) {
			return invalid("Permission %s is not valid.", p)
		}
		if f.unverified || f.owner.allowed(q.caller, p) {
			out.Permissions = append(out.Permissions, p)
		}
	}
	return q.answer(&out)
}

// strictJSON reads a document of one value whose fields are all known.
func strictJSON(text []byte, into any) *gcsError {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("more than one value")
	}
	return invalid("The request's body can't be read: %v", err)
}
