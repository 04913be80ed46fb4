package stores

import (
	"encoding/json"
	"net/http"
	"strconv"

	raw "google.golang.org/api/storage/v1"
)

// bucketConditions checks an update's or a reading's preconditions on the bucket.
func (f *gcsFront) bucketConditions(q *gcsRequest) *gcsError {
	now := f.owner.resource.revision()
	for name, same := range map[string]bool{"ifMetagenerationMatch": true, "ifMetagenerationNotMatch": false} {
		if !q.query.Has(name) {
			continue
		}
		n, err := strconv.ParseInt(q.query.Get(name), 10, 64)
		if err != nil {
			return invalid("Invalid value for %s.", name)
		}
		if (n == now) != same {
			return unmet()
		}
	}
	return nil
}

func (f *gcsFront) getBucket(q *gcsRequest) *gcsError {
	if err := f.bucketConditions(q); err != nil {
		return err
	}
	return q.answer(f.owner.resource.resource())
}

func (f *gcsFront) changeBucket(q *gcsRequest) *gcsError {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.bucketConditions(q); err != nil {
		return err
	}
	var update map[string]json.RawMessage
	if err := strictJSON(q.body(), &update); err != nil {
		return err
	}
	if err := f.owner.resource.change(update, q.r.Method == http.MethodPatch); err != nil {
		return err
	}
	return q.answer(f.owner.resource.resource())
}

func (f *gcsFront) getLayout(q *gcsRequest) *gcsError {
	return q.answer(map[string]any{"kind": "storage#storageLayout", "bucket": f.owner.bucket, "location": gcsRegion, "locationType": "region",
		"hierarchicalNamespace": map[string]bool{"enabled": false}})
}

// listNotifications: there are none, since none can be made here.
func (f *gcsFront) listNotifications(q *gcsRequest) *gcsError {
	return q.answer(&raw.Notifications{Kind: "storage#notifications"})
}

// refuseACL answers for access control lists, which a bucket with uniform bucket-level access hasn't got.
func (f *gcsFront) refuseACL(q *gcsRequest) *gcsError {
	switch {
	case q.r.Method != http.MethodGet && q.key == "":
		return uniform("use ACL API to update bucket policy")
	case q.r.Method != http.MethodGet:
		return uniform("insert legacy ACL for an object")
	case q.key == "":
		return uniform("get legacy ACL for a bucket")
	}
	return uniform("get legacy ACL for an object")
}

// refuseProject answers for what concerns the project, on which no role can be had.
func (f *gcsFront) refuseProject(*gcsRequest) *gcsError {
	return unimplemented("lists of buckets, nor their making")
}
