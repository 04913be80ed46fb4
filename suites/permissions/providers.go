package permissions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// adminPermissions are those of roles/storage.admin that W&B uses on a bucket (Cloud Storage documentation, "IAM roles for
// Cloud Storage"; Bring your own bucket, "Provision your bucket", GCP, 2025-09).
var adminPermissions = []string{"storage.buckets.get", "storage.buckets.update", "storage.buckets.getIamPolicy",
	"storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.list"}

// storageAdmin asks Google which permissions there are, and reads what takes the role: the bucket with its CORS rules and its
// versioning. As the bucket's owner it judges the bindings.
func storageAdmin(ctx context.Context, t *run.T, c *client) {
	const id = "BYOB-PERM-014"
	if c.s.Owner() {
		t.Findings(t.Known(ctx, c.s, bucket.DocumentRoles).AccessFindings(), id)
		return
	}
	who := "<service-account>"
	if a := c.s.Address; a.Credentials.ID != "" {
		who = a.Credentials.ID
	}
	t.Advise("gcloud storage buckets add-iam-policy-binding gs://%s --member=serviceAccount:%s --role=roles/storage.admin", c.s.Address.Bucket, who)
	_, err := c.b.Document(ctx, bucket.DocumentVersioning)
	if err != nil {
		e := bucket.Classify("read CORS and versioning", err)
		if e.Kind == bucket.KindDenied {
			t.Observe("%s", e)
			t.Fail("the service account holds storage.admin, and so reads the bucket's CORS rules and versioning", e.Error())
		}
		t.Errorf("no answer that decides it: %s", e)
	}
	t.Observe("the bucket's CORS rules and versioning can be read")
	held, err := c.b.TestPermissions(ctx, adminPermissions)
	if err != nil {
		e := bucket.Classify("test permissions", err)
		switch e.Kind {
		case bucket.KindNotImplemented, bucket.KindNoSuchBucket, bucket.KindNoSuchKey: // the bucket was read: it is the question that is unknown here
			t.Observe("%s", e)
			t.Unverified("this store can't say which permissions an account has: Google's own service shows it")
		case bucket.KindDenied:
			t.Observe("%s", e)
			t.Fail("the service account may ask for its permissions", e.Error())
		}
		t.Errorf("no answer that decides it: %s", e)
	}
	var missing []string
	for _, p := range adminPermissions {
		if !slices.Contains(held, p) {
			missing = append(missing, p)
		}
	}
	t.True("permissions of storage.admin that W&B uses", "all of them", len(missing) == 0, "missing: "+strings.Join(missing, ", "))
	if d := c.s.Documents; d.Access.Bindings != nil {
		t.Findings(d.AccessFindings(), id)
	}
}

// accountKey does with the account's key what W&B does. Without a key in the address, the roles are judged.
func accountKey(ctx context.Context, t *run.T, c *client) {
	const id = "BYOB-PERM-015"
	if c.s.Owner() {
		t.Findings(c.s.Documents.AccessFindings(), id)
		return
	}
	t.Advise("give the account's current access key in the address: az storage account keys list --account-name <account>; if it is, allow access by key: az storage account update --name <account> --resource-group <resource-group> --allow-shared-key-access true")
	_, err := c.b.Document(ctx, bucket.DocumentVersioning)
	t.OK("the blob service's properties are read with the key", err)
	t.Observe("the blob service's properties are read with the key")
	c.everything(ctx, t, id, nil)
	d := c.s.Documents
	if d.Access.Assignments != nil || d.Access.Federated != nil || d.Access.Account != nil {
		t.Findings(d.AccessFindings(), id)
	}
}

// accessKey does with CoreWeave's key what W&B does. A refusal is held against the bucket policy, where that can be read:
// what it grants was refused by the organisation's access policy, which is judged before it.
func accessKey(ctx context.Context, t *run.T, c *client) {
	if c.s.Owner() {
		t.NotRun("not given: the access key: an address with credentials")
	}
	t.Advise("make a new API access key (Cloud Console, Object Storage, Access Keys) that outlasts W&B's use of it")
	c.everything(ctx, t, "BYOB-PERM-019", func(action string) { adviseKey(action)(ctx, t, c) })
}

// adviseKey says what lets an access key do what a requirement's action is.
func adviseKey(requirement string) func(context.Context, *run.T, *client) {
	return func(ctx context.Context, t *run.T, c *client) {
		for _, a := range actions {
			if a.id == requirement {
				c.advise(ctx, t, a)
			}
		}
	}
}

// everything stores, reads, lists and removes an object of the run's own. denied is told of the requirement whose action is
// refused; it may be nil.
func (c *client) everything(ctx context.Context, t *run.T, id string, denied func(requirement string)) {
	done := func(what, requirement string, err error) {
		if denied != nil && err != nil && bucket.Classify(what, err).Kind == bucket.KindDenied {
			denied(requirement)
		}
		t.OK(what, err)
	}
	key := c.s.Key(id, "object")
	_, err := c.b.Put(ctx, key, []byte(body), "text/plain")
	done("an object is stored", "BYOB-PERM-008", err)
	got, _, err := c.b.Get(ctx, key)
	done("it is read", "BYOB-PERM-001", err)
	t.Equal("what is read", []byte(body), got)
	keys, err := c.b.List(ctx, key, 2)
	done("it is listed", "BYOB-PERM-003", err)
	t.True("the listing", "names the object", slices.Contains(keys, key), fmt.Sprintf("%d keys", len(keys)))
	done("it is removed", "BYOB-PERM-007", c.b.Delete(ctx, key))
	c.enforced(t)
}

// enforced ends the check where the store was seen to let everybody do everything.
func (c *client) enforced(t *run.T) {
	for _, f := range c.s.Store.Fidelity {
		if f.Enforced == "no" && (f.What == reports.FidelityIdentity || f.What == reports.FidelitySignatures) {
			t.Unverified("this store does not enforce %s: %s", f.What, f.Seen)
		}
	}
}
