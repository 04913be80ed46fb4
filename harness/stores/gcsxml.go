package stores

import (
	"encoding/json"
	"encoding/xml"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	raw "google.golang.org/api/storage/v1"
)

// everything is a generation past all of a name's.
const everything = math.MaxInt64

// serveBucket is the XML API for the bucket itself: its listing, and its documents for reading (XML API reference, "Bucket
// operations"). They are changed by the JSON API.
func (f *gcsFront) serveBucket(w http.ResponseWriter, r *http.Request, c gcsCaller) *gcsError {
	q := r.URL.Query()
	if err := refuseHeaders(r); err != nil {
		return err
	}
	for name, write := range map[string]func(*gcsFront) any{
		"cors": (*gcsFront).xmlCORS, "versioning": (*gcsFront).xmlVersioning, "lifecycle": (*gcsFront).xmlLifecycle, "location": (*gcsFront).xmlLocation,
		"encryptionConfig": (*gcsFront).xmlEncryption,
	} {
		if !q.Has(name) {
			continue
		}
		if r.Method != http.MethodGet {
			return unimplemented("changes of ?" + name + " by the XML API")
		}
		if err := f.permit(c, "storage.buckets.get"); err != nil {
			return err
		}
		writeXML(w, r, write(f))
		return nil
	}
	switch {
	case r.Method == http.MethodGet && q.Has("uploads"):
		if err := f.permit(c, "storage.multipartUploads.list"); err != nil {
			return err
		}
		return f.listUploads(w, r, q)
	case r.Method == http.MethodGet:
		if err := f.permit(c, "storage.objects.list"); err != nil {
			return err
		}
		return f.listXML(w, r, q)
	case r.Method == http.MethodHead:
		if err := f.permit(c, "storage.buckets.get"); err != nil {
			return err
		}
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return unimplemented("the making or removing of buckets")
}

func (f *gcsFront) xmlVersioning() any {
	out := struct {
		XMLName xml.Name `xml:"VersioningConfiguration"`
		Status  string   `xml:",omitempty"`
	}{}
	switch {
	case f.owner.resource.versions():
		out.Status = "Enabled"
	case f.owner.resource.text("versioning") != "":
		out.Status = "Suspended"
	}
	return out
}

func (f *gcsFront) xmlLocation() any {
	return struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Text    string   `xml:",chardata"`
	}{Text: gcsRegion}
}

func (f *gcsFront) xmlEncryption() any {
	return struct {
		XMLName           xml.Name `xml:"EncryptionConfiguration"`
		DefaultKmsKeyName string   `xml:",omitempty"`
	}{DefaultKmsKeyName: f.owner.resource.kmsKey()}
}

func (f *gcsFront) xmlCORS() any {
	type entry struct {
		Origins, Methods, ResponseHeaders any
		MaxAgeSec                         *int `xml:",omitempty"`
	}
	out := struct {
		XMLName xml.Name `xml:"CorsConfig"`
		Cors    []entry
	}{}
	for _, e := range f.owner.resource.corsEntries() {
		out.Cors = append(out.Cors, entry{
			struct{ Origin []string }{e.Origin}, struct{ Method []string }{e.Method}, struct{ ResponseHeader []string }{e.ResponseHeader}, e.MaxAgeSeconds,
		})
	}
	return out
}

// xmlLifecycle writes the rules with JSON's names as elements, as the XML API does but for the capital (XML API reference,
// "Lifecycle management").
func (f *gcsFront) xmlLifecycle() any {
	type condition struct {
		Age                     *int64   `xml:",omitempty"`
		CreatedBefore           string   `xml:",omitempty"`
		CustomTimeBefore        string   `xml:",omitempty"`
		DaysSinceCustomTime     int64    `xml:",omitempty"`
		DaysSinceNoncurrentTime int64    `xml:",omitempty"`
		IsLive                  *bool    `xml:",omitempty"`
		MatchesPrefix           []string `xml:",omitempty"`
		MatchesSuffix           []string `xml:",omitempty"`
		MatchesStorageClass     []string `xml:",omitempty"`
		NoncurrentTimeBefore    string   `xml:",omitempty"`
		NumberOfNewerVersions   int64    `xml:"NumNewerVersions,omitempty"`
	}
	type action struct {
		Delete                         *struct{} `xml:",omitempty"`
		AbortIncompleteMultipartUpload *struct{} `xml:",omitempty"`
		SetStorageClass                string    `xml:",omitempty"`
	}
	type rule struct {
		Action    action
		Condition condition
	}
	out := struct {
		XMLName xml.Name `xml:"LifecycleConfiguration"`
		Rule    []rule
	}{}
	var kept raw.BucketLifecycle
	_ = json.Unmarshal([]byte(f.owner.resource.text("lifecycle")), &kept)
	for _, k := range kept.Rule {
		c := k.Condition
		r := rule{Condition: condition{c.Age, c.CreatedBefore, c.CustomTimeBefore, c.DaysSinceCustomTime, c.DaysSinceNoncurrentTime, c.IsLive,
			c.MatchesPrefix, c.MatchesSuffix, c.MatchesStorageClass, c.NoncurrentTimeBefore, c.NumNewerVersions}}
		switch k.Action.Type {
		case "Delete":
			r.Action.Delete = &struct{}{}
		case "AbortIncompleteMultipartUpload":
			r.Action.AbortIncompleteMultipartUpload = &struct{}{}
		default:
			r.Action.SetStorageClass = k.Action.StorageClass
		}
		out.Rule = append(out.Rule, r)
	}
	return out
}

// listXML lists live objects, by either of the API's versions.
func (f *gcsFront) listXML(w http.ResponseWriter, r *http.Request, q url.Values) *gcsError {
	for _, name := range []string{"encoding-type", "versions", "generation-marker", "fetch-owner"} {
		if q.Has(name) {
			return unimplemented("the parameter " + name)
		}
	}
	l := gcsListing{prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), most: jsonPage, afterGeneration: everything}
	if text := q.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return invalid("max-keys is a number.")
		}
		l.most = min(n, jsonPage)
	}
	second := q.Get("list-type") == "2"
	token := q.Get("continuation-token")
	switch {
	case second && token != "":
		if !l.resume(token) {
			return invalid("The continuation token provided is incorrect.")
		}
	case second:
		l.after = q.Get("start-after")
	default:
		l.after = q.Get("marker")
	}
	page, err := f.owner.storage.list(l)
	if err != nil {
		return broken("listed")
	}
	type contents struct {
		Key                        string
		Generation, MetaGeneration int64
		LastModified, ETag         string
		Size                       int64
	}
	type common struct{ Prefix string }
	out := struct {
		XMLName               xml.Name `xml:"http://doc.s3.amazonaws.com/2006-03-01 ListBucketResult"`
		Name, Prefix          string
		Marker                *string `xml:",omitempty"`
		NextMarker            string  `xml:",omitempty"`
		Delimiter             string  `xml:",omitempty"`
		MaxKeys               int
		KeyCount              *int   `xml:",omitempty"`
		StartAfter            string `xml:",omitempty"`
		ContinuationToken     string `xml:",omitempty"`
		NextContinuationToken string `xml:",omitempty"`
		IsTruncated           bool
		Contents              []contents
		CommonPrefixes        []common
	}{Name: f.owner.bucket, Prefix: l.prefix, Delimiter: l.delimiter, MaxKeys: l.most, IsTruncated: page.more}
	for _, e := range page.entries {
		h := http.Header{}
		describe(h, e)
		out.Contents = append(out.Contents, contents{e.Name, e.Generation, e.kept.metageneration, e.Updated.UTC().Format(time.RFC3339Nano), h.Get("Etag"), e.Size})
	}
	for _, p := range page.prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, common{p})
	}
	if second {
		n := len(out.Contents) + len(out.CommonPrefixes)
		out.KeyCount, out.StartAfter, out.ContinuationToken = &n, q.Get("start-after"), token
		if page.more {
			out.NextContinuationToken = page.token()
		}
	} else {
		out.Marker = &l.after
		if page.more {
			out.NextMarker = page.after
		}
	}
	writeXML(w, r, out)
	return nil
}
