package stores

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strconv"
	"sync"
	"time"
)

// softDeleteDefault is how long a new bucket keeps what was removed, the shortest and longest time there are besides none at
// all (Cloud Storage documentation, "Soft delete").
const (
	softDeleteDefault = 7 * 24 * time.Hour
	softDeleteLongest = 90 * 24 * time.Hour
)

// gcsTime is how the JSON API writes a time.
const gcsTime = "2006-01-02T15:04:05.000Z07:00"

// gcsResource is a bucket's own resource: the fields that clients may set, as they are kept. fake-gcs-server keeps two of
// them, and drops the others without a word.
type gcsResource struct {
	name           string
	now            func() time.Time
	versioned      func(bool) error // tells fake-gcs-server
	mu             sync.Mutex
	made, changed  time.Time
	metageneration int64
	fields         map[string]json.RawMessage // what isn't in it is as on a new bucket
	softSince      time.Time
	cors           []gcsCORSEntry
}

func newGCSResource(name string, now func() time.Time, versioned func(bool) error) *gcsResource {
	at := time.Now()
	return &gcsResource{name: name, now: now, versioned: versioned, made: at, changed: at, softSince: now(), metageneration: 1, fields: map[string]json.RawMessage{}}
}

// terms are how long removed objects are kept, and whether the bucket keeps versions.
func (g *gcsResource) terms() (soft time.Duration, versions bool) { return g.soft(), g.versions() }

// field reads a field into a value; it stays as it is where the field isn't set. What is kept has been read before.
func (g *gcsResource) field(name string, into any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if text, ok := g.fields[name]; ok {
		_ = json.Unmarshal(text, into)
	}
}

// text is a field as it is kept, "" if it isn't set.
func (g *gcsResource) text(name string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return string(g.fields[name])
}

func (g *gcsResource) versions() bool {
	var v gcsVersioning
	g.field("versioning", &v)
	return v.Enabled
}

func (g *gcsResource) soft() time.Duration {
	v := gcsSoftDelete{Seconds: json.Number(strconv.Itoa(int(softDeleteDefault / time.Second)))}
	g.field("softDeletePolicy", &v)
	n, _ := v.Seconds.Int64()
	return time.Duration(n) * time.Second
}

func (g *gcsResource) kmsKey() string {
	var v gcsEncryption
	g.field("encryption", &v)
	return v.DefaultKmsKeyName
}

func (g *gcsResource) publicPrevented() bool {
	var v gcsIAMConfiguration
	g.field("iamConfiguration", &v)
	return v.PublicAccessPrevention == "enforced"
}

func (g *gcsResource) corsEntries() []gcsCORSEntry {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cors
}

// documents are the fields that are set, the parts of a bucket's configuration. What the bucket has by default is among them
// where it means something: that removed objects are kept, and who may be let in.
func (g *gcsResource) documents() map[string]string {
	all := g.resource()
	out := map[string]string{"location": gcsRegion, "versioning": strconv.FormatBool(g.versions())}
	for field, document := range map[string]string{
		"cors": "cors", "lifecycle": "lifecycle", "encryption": "encryption", "labels": "labels", "website": "website",
		"iamConfiguration": "iam-configuration",
	} {
		if text, ok := all[field].(json.RawMessage); ok {
			out[document] = string(text)
		}
	}
	out["soft-delete"] = g.soft().String()
	return out
}

// resource is the whole resource, by field (JSON API reference, "Buckets").
func (g *gcsResource) resource() map[string]any {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[string]any{
		"kind": "storage#bucket", "id": g.name, "name": g.name, "selfLink": "https://www.googleapis.com/storage/v1/b/" + g.name,
		"projectNumber": "0", "location": gcsRegion, "locationType": "region", "storageClass": "STANDARD",
		"timeCreated": g.made.UTC().Format(gcsTime), "updated": g.changed.UTC().Format(gcsTime),
		"metageneration": strconv.FormatInt(g.metageneration, 10), "etag": g.etag(),
	}
	for name, value := range initialFields {
		out[name] = json.RawMessage(value)
	}
	for name, value := range g.fields {
		out[name] = value
	}
	soft := map[string]any{}
	if text, ok := out["softDeletePolicy"].(json.RawMessage); ok && json.Unmarshal(text, &soft) == nil {
		soft["effectiveTime"] = g.softSince.UTC().Format(gcsTime)
		out["softDeletePolicy"] = soft
	}
	return out
}

// etag is called with the lock held.
func (g *gcsResource) etag() string {
	return base64.StdEncoding.EncodeToString([]byte(strconv.FormatInt(g.metageneration, 10)))
}

// change takes an update whole or not at all. A patch leaves alone what it doesn't name, and null takes a field away; an
// update that isn't a patch takes away all it doesn't name.
func (g *gcsResource) change(update map[string]json.RawMessage, patch bool) *gcsError {
	current, err := json.Marshal(g.resource())
	if err != nil {
		return broken("read")
	}
	var shown map[string]json.RawMessage
	if err := json.Unmarshal(current, &shown); err != nil {
		return broken("read")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	fields := map[string]json.RawMessage{}
	if patch {
		maps.Copy(fields, g.fields)
	}
	for name, value := range update {
		rule, known := gcsBucketFields[name]
		if !known {
			return invalid("Unknown name %q: cannot find field.", name)
		}
		if patch && rule != nil && string(value) != "null" {
			value = mergeJSON(shown[name], value)
		}
		kept, refusal := takeField(name, rule, value, shown[name])
		if refusal != nil {
			return refusal
		}
		delete(fields, name)
		if kept != nil {
			fields[name] = kept
		}
	}
	return g.commit(fields)
}

// commit is called with the lock held.
func (g *gcsResource) commit(fields map[string]json.RawMessage) *gcsError {
	var versioning gcsVersioning
	if text, ok := fields["versioning"]; ok {
		_ = json.Unmarshal(text, &versioning)
	}
	var cors []gcsCORSEntry
	if text, ok := fields["cors"]; ok {
		_ = json.Unmarshal(text, &cors)
	}
	if err := g.versioned(versioning.Enabled); err != nil {
		return broken("changed")
	}
	if string(fields["softDeletePolicy"]) != string(g.fields["softDeletePolicy"]) {
		g.softSince = g.now()
	}
	g.fields, g.cors, g.changed = fields, cors, time.Now()
	g.metageneration++
	return nil
}

// mergeJSON applies a patch to a value: objects field by field, null removes, all else is replaced (JSON API documentation,
// "Patch semantics").
func mergeJSON(value, patch json.RawMessage) json.RawMessage {
	var old, update map[string]json.RawMessage
	if json.Unmarshal(patch, &update) != nil || update == nil {
		return patch
	}
	if json.Unmarshal(value, &old) != nil || old == nil {
		old = map[string]json.RawMessage{}
	}
	for name, v := range update {
		if string(v) == "null" {
			delete(old, name)
			continue
		}
		old[name] = mergeJSON(old[name], v)
	}
	out, err := json.Marshal(old)
	if err != nil {
		return patch
	}
	return out
}

// revision is the resource's metageneration.
func (g *gcsResource) revision() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.metageneration
}
