package stores

import (
	"encoding/json"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	raw "google.golang.org/api/storage/v1"
)

// refusedAttributes are fields of an object that nothing here keeps, and what they are like without anybody's asking.
var refusedAttributes = map[string]gcsField{
	"acl":                noACL("insert legacy ACL for an object"),
	"contexts":           only("object contexts", `{}`),
	"customerEncryption": only("customer-supplied encryption keys"),
	"eventBasedHold":     only("holds", `false`),
	"retention":          only("object retention"),
	"storageClass":       only("storage classes but STANDARD", `"STANDARD"`),
	"temporaryHold":      only("holds", `false`),
}

// takeAttributes changes an object's attributes by a resource. shown is the resource as it is: output-only fields may be sent
// back as they were read. A patch leaves alone what it doesn't name.
func takeAttributes(a fakestorage.ObjectAttrs, shown *raw.Object, update map[string]json.RawMessage, patch bool) (fakestorage.ObjectAttrs, *gcsError) {
	settable := map[string]*string{
		"cacheControl": &a.CacheControl, "contentDisposition": &a.ContentDisposition, "contentEncoding": &a.ContentEncoding,
		"contentLanguage": &a.ContentLanguage, "contentType": &a.ContentType,
	}
	if !patch {
		for _, s := range settable {
			*s = ""
		}
		a.Metadata = nil
	}
	text, err := json.Marshal(shown)
	var current map[string]json.RawMessage
	if err != nil || json.Unmarshal(text, &current) != nil {
		return a, broken("read")
	}
	for name, value := range update {
		null := string(value) == "null"
		switch into := settable[name]; {
		case into != nil:
			*into = ""
			if !null && json.Unmarshal(value, into) != nil {
				return a, invalid("Invalid value for %s.", name)
			}
		case name == "metadata":
			if a.Metadata, null = takeMetadata(a.Metadata, value, null); !null {
				return a, invalid("Invalid value for metadata.")
			}
		case name == "customTime":
			var at time.Time
			if !null && json.Unmarshal(value, &at) != nil || at.Before(a.CustomTime) {
				return a, invalid("Invalid value for customTime: it can't be set back.")
			}
			a.CustomTime = at
		case refusedAttributes[name] != nil:
			if null {
				continue
			}
			if _, refusal := refusedAttributes[name](value); refusal != nil {
				return a, refusal
			}
		case !knownAttribute(name):
			return a, invalid("Unknown name %q: cannot find field.", name)
		case !sameJSON(value, current[name]):
			return a, invalid("The field %s can't be changed.", name)
		}
	}
	return a, nil
}

// takeMetadata merges custom metadata, null removes.
func takeMetadata(old map[string]string, value json.RawMessage, null bool) (map[string]string, bool) {
	if null {
		return nil, true
	}
	var update map[string]*string
	if json.Unmarshal(value, &update) != nil {
		return old, false
	}
	out := map[string]string{}
	for k, v := range old {
		out[k] = v
	}
	for k, v := range update {
		if delete(out, k); v != nil {
			out[k] = *v
		}
	}
	return out, true
}

// knownAttribute reports whether an object's resource has such a field.
func knownAttribute(name string) bool {
	text, _ := json.Marshal(map[string]any{name: nil})
	return strictJSON(text, &raw.Object{}) == nil
}
