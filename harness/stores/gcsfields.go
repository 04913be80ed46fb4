package stores

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"time"

	raw "google.golang.org/api/storage/v1"
)

// initialFields are what a new bucket has without anybody's asking; uniform bucket-level access is what this front knows alone,
// so that roles decide and nothing else.
var initialFields = map[string]string{
	"versioning":       `{"enabled":false}`,
	"softDeletePolicy": `{"retentionDurationSeconds":"604800"}`,
	"iamConfiguration": `{"bucketPolicyOnly":{"enabled":true},"publicAccessPrevention":"inherited","uniformBucketLevelAccess":{"enabled":true}}`,
}

// gcsField reads a value for a field. What it returns is kept; nil leaves the field as on a new bucket.
type gcsField func(json.RawMessage) (json.RawMessage, *gcsError)

// gcsBucketFields are the fields of a bucket's resource (JSON API reference, "Buckets"; the discovery document of
// storage v1). Those without a rule are output only. Nothing is dropped: what isn't kept is refused.
var gcsBucketFields = map[string]gcsField{
	"cors":             keepCORS,
	"encryption":       keepEncryption,
	"iamConfiguration": keepIAMConfiguration,
	"labels":           keepLabels,
	"lifecycle":        keepLifecycle,
	"softDeletePolicy": keepSoftDelete,
	"versioning":       keepVersioning,
	"website":          keepWebsite,

	"acl":                   noACL("use ACL API to update bucket policy"),
	"defaultObjectAcl":      noACL("use ACL API to update bucket policy"),
	"autoclass":             only("autoclass", `{}`, `{"enabled":false}`),
	"billing":               only("requester pays", `{}`, `{"requesterPays":false}`),
	"customPlacementConfig": only("custom placement"),
	"defaultEventBasedHold": only("holds", `false`),
	"hierarchicalNamespace": only("hierarchical namespaces", `{}`, `{"enabled":false}`),
	"ipFilter":              only("IP filters", `{}`, `{"mode":"Disabled"}`),
	"logging":               only("usage logs", `{}`),
	"objectRetention":       only("object retention"),
	"retentionPolicy":       only("retention policies"),
	"rpo":                   only("turbo replication", `"DEFAULT"`),
	"storageClass":          only("storage classes but STANDARD", `"STANDARD"`),

	"etag": nil, "generation": nil, "hardDeleteTime": nil, "id": nil, "kind": nil, "location": nil, "locationType": nil, "metageneration": nil,
	"name": nil, "owner": nil, "projectNumber": nil, "satisfiesPZI": nil, "satisfiesPZS": nil, "selfLink": nil, "softDeleteTime": nil,
	"timeCreated": nil, "updated": nil,
}

// takeField reads a value by its field's rule. An output-only field may be sent back as it was read, as who reads, changes and
// updates a resource does.
func takeField(name string, rule gcsField, value, shown json.RawMessage) (json.RawMessage, *gcsError) {
	switch {
	case rule == nil && sameJSON(value, shown):
		return nil, nil
	case rule == nil:
		return nil, invalid("The field %s can't be changed.", name)
	case string(value) == "null":
		return nil, nil
	}
	return rule(value)
}

// sameJSON compares two documents.
func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return bytes.Equal(p, q)
}

// only takes what a bucket is like anyhow, and refuses all else.
func only(what string, values ...string) gcsField {
	return func(v json.RawMessage) (json.RawMessage, *gcsError) {
		if slices.ContainsFunc(values, func(ok string) bool { return sameJSON(v, json.RawMessage(ok)) }) {
			return nil, nil
		}
		return nil, unimplemented(what)
	}
}

func noACL(what string) gcsField {
	return func(v json.RawMessage) (json.RawMessage, *gcsError) {
		if sameJSON(v, json.RawMessage(`[]`)) {
			return nil, nil
		}
		return nil, uniform(what)
	}
}

func kept(v any) (json.RawMessage, *gcsError) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, broken("kept")
	}
	return text, nil
}

func keepCORS(v json.RawMessage) (json.RawMessage, *gcsError) {
	_, text, err := readGCSCORS(v)
	if err != nil {
		return nil, invalid("The CORS configuration can't be read.")
	}
	if text == "" {
		return nil, nil
	}
	return json.RawMessage(text), nil
}

type gcsVersioning struct {
	Enabled bool `json:"enabled"`
}

func keepVersioning(v json.RawMessage) (json.RawMessage, *gcsError) {
	var in gcsVersioning
	if err := strictJSON(v, &in); err != nil {
		return nil, err
	}
	return kept(in)
}

// gcsSoftDelete has its number as a string or as one; effectiveTime is output only.
type gcsSoftDelete struct {
	Seconds json.Number `json:"retentionDurationSeconds"`
	Since   string      `json:"effectiveTime,omitempty"`
}

func keepSoftDelete(v json.RawMessage) (json.RawMessage, *gcsError) {
	var in gcsSoftDelete
	if err := strictJSON(v, &in); err != nil {
		if bytes.Contains(v, []byte(`"hardDeletePause"`)) {
			return nil, unimplemented("pauses of hard deletion")
		}
		return nil, err
	}
	n, err := in.Seconds.Int64()
	if err != nil || n != 0 && (n < int64(softDeleteDefault/time.Second) || n > int64(softDeleteLongest/time.Second)) {
		return nil, invalid("Soft delete policy's retention duration must be 0 or between 7 days and 90 days, in seconds.")
	}
	return kept(map[string]string{"retentionDurationSeconds": in.Seconds.String()})
}

type gcsEncryption struct {
	DefaultKmsKeyName string `json:"defaultKmsKeyName"`
}

func keepEncryption(v json.RawMessage) (json.RawMessage, *gcsError) {
	var all map[string]json.RawMessage
	if err := strictJSON(v, &all); err != nil {
		return nil, err
	}
	for name := range all {
		if name != "defaultKmsKeyName" {
			return nil, unimplemented("the field encryption." + name)
		}
	}
	var in gcsEncryption
	if err := strictJSON(v, &in); err != nil {
		return nil, err
	}
	if in.DefaultKmsKeyName == "" {
		return nil, nil
	}
	if err := checkKMSKey(in.DefaultKmsKeyName); err != nil {
		return nil, err
	}
	return kept(in)
}

// kmsKeyName is the form of a Cloud KMS key's resource name (Cloud KMS documentation, "Cloud KMS resources").
var kmsKeyName = regexp.MustCompile(`^projects/[^/]+/locations/[^/]+/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63}$`)

func checkKMSKey(name string) *gcsError {
	if !kmsKeyName.MatchString(name) {
		return invalid("The Cloud KMS key name %q is not projects/P/locations/L/keyRings/R/cryptoKeys/K.", name)
	}
	return nil
}

type gcsIAMConfiguration struct {
	PublicAccessPrevention string `json:"publicAccessPrevention"`
	UniformBucketLevel     struct {
		Enabled *bool `json:"enabled"`
	} `json:"uniformBucketLevelAccess"`
	BucketPolicyOnly struct {
		Enabled *bool `json:"enabled"`
	} `json:"bucketPolicyOnly"`
}

func keepIAMConfiguration(v json.RawMessage) (json.RawMessage, *gcsError) {
	var known raw.BucketIamConfiguration
	if err := strictJSON(v, &known); err != nil {
		return nil, err
	}
	var in gcsIAMConfiguration
	if json.Unmarshal(v, &in) != nil {
		return nil, invalid("iamConfiguration can't be read.")
	}
	for _, enabled := range []*bool{in.UniformBucketLevel.Enabled, in.BucketPolicyOnly.Enabled} {
		if enabled != nil && !*enabled {
			return nil, unimplemented("access control lists: uniform bucket-level access can't be turned off")
		}
	}
	on, prevention := true, in.PublicAccessPrevention
	switch prevention {
	case "", "unspecified":
		prevention = "inherited"
	case "inherited", "enforced":
	default:
		return nil, invalid("Invalid publicAccessPrevention %q.", prevention)
	}
	enabled := map[string]bool{"enabled": on}
	return kept(map[string]any{"publicAccessPrevention": prevention, "uniformBucketLevelAccess": enabled, "bucketPolicyOnly": enabled})
}

func keepLabels(v json.RawMessage) (json.RawMessage, *gcsError) {
	var in map[string]string
	if err := strictJSON(v, &in); err != nil {
		return nil, err
	}
	if len(in) > 64 {
		return nil, invalid("A bucket has 64 labels at most.")
	}
	if len(in) == 0 {
		return nil, nil
	}
	return kept(in)
}

// gcsActions are what a lifecycle rule does (JSON API reference, "Buckets", "lifecycle.rule[].action.type").
var gcsActions = []string{"AbortIncompleteMultipartUpload", "Delete", "SetStorageClass"}

func keepLifecycle(v json.RawMessage) (json.RawMessage, *gcsError) {
	var in raw.BucketLifecycle
	if err := strictJSON(v, &in); err != nil {
		return nil, err
	}
	for _, r := range in.Rule {
		if r == nil || r.Action == nil || r.Condition == nil || !slices.Contains(gcsActions, r.Action.Type) || (r.Action.Type == "SetStorageClass") != (r.Action.StorageClass != "") {
			return nil, invalid("A lifecycle rule has an action (Delete, SetStorageClass with a class, AbortIncompleteMultipartUpload) and a condition.")
		}
	}
	if len(in.Rule) == 0 {
		return nil, nil
	}
	return v, nil
}

func keepWebsite(v json.RawMessage) (json.RawMessage, *gcsError) {
	var in struct {
		Main    string `json:"mainPageSuffix,omitempty"`
		Missing string `json:"notFoundPage,omitempty"`
	}
	if err := strictJSON(v, &in); err != nil {
		return nil, err
	}
	if in.Main == "" && in.Missing == "" {
		return nil, nil
	}
	return kept(in)
}
