package bucket

import (
	"context"
	"encoding/json"
	"fmt"
)

// Inspector reads what a bucket is, never changing it; DeleteVersion alone removes.
type Inspector interface {
	// Location is the bucket's region as the store tells it (S3: GetBucketLocation, an empty answer is us-east-1 and
	// "EU" is eu-west-1, as AWS documents); "" for Google and Azure, where no region is signed.
	Location(ctx context.Context) (string, error)
	// Exists asks for the bucket itself (HeadBucket, bucket attributes, container properties); nil means that it is
	// there and this identity may see it.
	Exists(ctx context.Context) error
	// Retention reads what would keep an object alive after it is removed. What could not be read is in Unreadable; the
	// error is only for when there was no answer at all.
	Retention(ctx context.Context) (Retention, error)
	// Configuration reads every document of the bucket: name -> its bytes as the store wrote them, Google's and header
	// values as JSON in a fixed order. A document that isn't set, or that this store hasn't got, is not in the map; one
	// that couldn't be read is "unreadable: <kind>". What changes by itself (etags, metageneration) is left out, so that
	// two readings compare.
	Configuration(ctx context.Context) (map[string]string, error)
	// Document reads one document as the provider's own tool prints it, for whoever judges documents: Documents says which
	// there are. One that isn't set is KindNotConfigured, and one that can't be had from this provider by what a bucket's
	// user is given is KindNotImplemented, without a status.
	Document(ctx context.Context, name string) (string, error)
	// Attributes asks for an object's attributes (S3: GetObjectAttributes); KindNotImplemented, without a status, where the
	// provider has no such call.
	Attributes(ctx context.Context, key string) error
	// Versions lists all versions, delete markers and snapshots of keys that begin with prefix.
	Versions(ctx context.Context, prefix string) ([]Version, error)
	// DeleteVersion removes one version, by the ID that Versions gave. Azure removes its current version only by Delete.
	DeleteVersion(ctx context.Context, key, version string) error
}

// Retention says what would keep objects alive. The sentences are "" when nothing of the kind was seen.
type Retention struct {
	Versioning string // "on", "off", "suspended", "unknown: 403", "unknown: <kind>"; "" when the store has none
	Lock       string // retention that new objects get by default
	LegalHold  string // holds that new objects get by default
	Soft       string // removed objects are kept for a while
	Unreadable []string
}

// unread records what could not be read; it reports whether that was an answer (false: there was none, and nothing is
// known). A document that isn't there, or a store that hasn't got it, is no reason.
func (r *Retention) unread(what string, e *Error) (answered bool) {
	if absent(e) {
		return true
	}
	why := string(e.Kind)
	if e.Status != 0 {
		why = fmt.Sprintf("%d %s", e.Status, e.Kind)
	}
	r.Unreadable = append(r.Unreadable, what+": "+why)
	return e.Status != 0 && e.Kind.Definite()
}

// unknown is the Versioning of a bucket whose versioning couldn't be read.
func unknown(e *Error) string {
	if e.Status != 0 {
		return fmt.Sprintf("unknown: %d", e.Status)
	}
	return "unknown: " + string(e.Kind)
}

// count is a number and its unit: "1 day", "2 days".
func count(n int32, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// Version is one version of a key.
type Version struct {
	Key string
	// ID is the S3 version ID ("null" without versioning), the Google generation, the Azure version ID, or "snapshot=" and
	// an Azure snapshot's time. It is "" for a blob of an Azure account without versioning.
	ID     string
	Latest bool
	Marker bool // an S3 delete marker
}

// Unreadable begins the value of a document in Configuration that could not be read; the Kind follows.
const Unreadable = "unreadable: "

// absent reports whether an error says that a document isn't set or that the store hasn't got such a thing.
func absent(e *Error) bool {
	return e.Kind == KindNotImplemented || e.Kind == KindNotConfigured || e.Kind.Definite() && absentCodes[e.Code]
}

// absentCodes say "not set" with another status than 404.
var absentCodes = map[string]bool{
	"InvalidBucketState": true, // object lock on a bucket that was made without
	"MethodNotAllowed":   true, // a store that doesn't know the sub-resource
}

// document is the canonical JSON of what an SDK parsed: keys in order, nothing volatile; "" for what is empty.
func document(v any, volatile ...string) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write document: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return string(raw), nil
	}
	for _, name := range volatile {
		delete(fields, name)
	}
	if len(fields) == 0 {
		return "", nil
	}
	out, err := json.Marshal(fields) // a map's keys are written in order
	if err != nil {
		return "", fmt.Errorf("write document: %w", err)
	}
	return string(out), nil
}
