package stores

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"github.com/bucketproof/bucketproof/reference/cors"
)

// gcsOwner is a bucket as the store's owner sees it: fake-gcs-server's own program interface, and what the front keeps.
type gcsOwner struct {
	objects  gcsObjects
	bucket   string
	warden   *serviceAccount // the store's owner: roles/storage.admin on the project, for the probe
	resource *gcsResource
	policy   *gcsPolicy
	storage  *gcsStorage
	uploads  *gcsUploads
	sessions *gcsSessions
	front    *gcsFront // without its hooks
}

// share changes the bucket's resource as a patch of its owner's does.
func (o *gcsOwner) share(_ context.Context, p *cors.Policy) error {
	document := json.RawMessage("null")
	if len(p.Rules) > 0 {
		document = p.Document()
	}
	if refusal := o.resource.change(map[string]json.RawMessage{"cors": document}, true); refusal != nil {
		return fmt.Errorf("set the CORS rules: %s %s", refusal.Message, refusal.Details)
	}
	return nil
}

// newGCSOwner makes the bucket, its objects in a store that is there already; accounts are the address's, the owner's and the others.
func newGCSOwner(name string, objects gcsObjects, accounts []*serviceAccount, s Setup) (*gcsOwner, error) {
	o := &gcsOwner{objects: objects, bucket: name, warden: accounts[1], uploads: newGCSUploads(), sessions: &gcsSessions{open: map[string]*gcsSession{}},
		storage: newGCSStorage(objects, name, s.GCS.Now)}
	o.resource = newGCSResource(name, o.storage.now, objects.keepVersions)
	o.storage.terms = o.resource.terms
	fields, err := s.GCS.fields(s.Versioning && !s.Suspended)
	if err != nil {
		return nil, fmt.Errorf("set the bucket up: %w", err)
	}
	if refusal := o.resource.change(fields, true); refusal != nil {
		return nil, fmt.Errorf("set the bucket up: %s %s", refusal.Message, refusal.Details)
	}
	granted := map[string][]string{}
	roles := append([]string{s.GCS.Role}, s.GCS.Others...)
	for i, role := range roles {
		a := accounts[0]
		switch {
		case i > 0:
			a = accounts[1+i]
		case role == "":
			role = gcsAdmin
		}
		if role != "" && role != "none" {
			granted[role] = append(granted[role], "serviceAccount:"+a.email)
		}
	}
	o.policy = newGCSPolicy(granted)
	if refusal := checkBindings(o.policy.list(), false); refusal != nil {
		return nil, fmt.Errorf("set the bucket up: %s %s", refusal.Message, refusal.Details)
	}
	return o, nil
}

func (o *gcsOwner) remove(context.Context) error {
	return o.objects.close()
}

func (o *gcsOwner) put(_ context.Context, key string, body []byte) error {
	o.front.mu.Lock()
	defer o.front.mu.Unlock()
	kmsKey, refusal := o.kmsKey("")
	if refusal != nil {
		return fmt.Errorf("store %q: %s", key, refusal.Message)
	}
	_, err := o.storage.put(fakestorage.ObjectAttrs{Name: key, ContentType: "application/octet-stream"}, gcsKept{kmsKey: kmsKey}, body)
	return err
}

func (o *gcsOwner) inventory(context.Context) (map[string]string, error) {
	versions := o.resource.versions()
	list, err := o.objects.list("", true)
	if err != nil {
		return nil, fmt.Errorf("take the inventory: %w", err)
	}
	all := make(map[string]string, len(list))
	for _, attrs := range list {
		obj, ok := o.objects.get(attrs.Name, attrs.Generation)
		if !ok {
			return nil, fmt.Errorf("take the inventory: %q can't be read", attrs.Name)
		}
		name := attrs.Name
		if versions || !attrs.Deleted.IsZero() {
			name = fmt.Sprintf("%s@%d", name, attrs.Generation)
		}
		all[name] = sum(obj.Content)
	}
	o.uploads.inventory(all)
	o.sessions.inventory(all)
	return all, nil
}

func sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}

// deleted are the soft-deleted objects, as Bucket.SoftDeleted has them.
func (o *gcsOwner) deleted() map[string]string {
	all := map[string]string{}
	for _, r := range o.storage.softDeleted() {
		all[fmt.Sprintf("%s@%d", r.object.Name, r.object.Generation)] = sum(r.object.Content)
	}
	return all
}

func (o *gcsOwner) configuration(context.Context) (map[string]string, error) {
	documents := o.resource.documents()
	policy, err := o.policy.document()
	if err != nil {
		return nil, err
	}
	documents["policy"] = policy
	return documents, nil
}
