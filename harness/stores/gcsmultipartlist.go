package stores

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// limit reads how many entries a page shall have.
func limit(q url.Values, name string) (int, bool) {
	if !q.Has(name) {
		return mostListed, true
	}
	n, err := strconv.Atoi(q.Get(name))
	return min(n, mostListed), err == nil && n > 0
}

func (f *gcsFront) listParts(w http.ResponseWriter, r *http.Request, key string, q url.Values) *gcsError {
	most, ok := limit(q, "max-parts")
	after, err := strconv.Atoi(q.Get("part-number-marker"))
	if q.Has("part-number-marker") && err != nil || !ok {
		return invalid("max-parts and part-number-marker are numbers.")
	}
	type part struct {
		PartNumber         int
		LastModified, ETag string
		Size               int
	}
	out := struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListPartsResult"`
		Bucket, Key, UploadId string
		StorageClass          string
		PartNumberMarker      int
		NextPartNumberMarker  int `xml:",omitempty"`
		MaxParts              int
		IsTruncated           bool
		Part                  []part
	}{Bucket: f.owner.bucket, Key: key, UploadId: q.Get("uploadId"), StorageClass: "STANDARD", PartNumberMarker: after, MaxParts: most}
	u := f.owner.uploads
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.find(out.UploadId, key)
	if up == nil {
		return noUpload()
	}
	for _, n := range slices.Sorted(maps.Keys(up.parts)) {
		if n <= after {
			continue
		}
		if len(out.Part) == most {
			out.IsTruncated = true
			break
		}
		p := up.parts[n]
		out.Part = append(out.Part, part{n, p.at.UTC().Format(time.RFC3339Nano), p.etag, len(p.body)})
		out.NextPartNumberMarker = n
	}
	writeXML(w, r, out)
	return nil
}

// listUploads lists a bucket's open uploads.
func (f *gcsFront) listUploads(w http.ResponseWriter, r *http.Request, q url.Values) *gcsError {
	most, ok := limit(q, "max-uploads")
	switch {
	case !ok:
		return invalid("max-uploads is a number.")
	case q.Get("delimiter") != "" || q.Get("encoding-type") != "":
		return unimplemented("delimiter and encoding-type in lists of uploads")
	}
	type upload struct{ Key, UploadId, StorageClass, Initiated string }
	out := struct {
		XMLName            xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListMultipartUploadsResult"`
		Bucket             string
		KeyMarker          string
		UploadIdMarker     string
		NextKeyMarker      string `xml:",omitempty"`
		NextUploadIdMarker string `xml:",omitempty"`
		Prefix             string `xml:",omitempty"`
		MaxUploads         int
		IsTruncated        bool
		Upload             []upload
	}{Bucket: f.owner.bucket, KeyMarker: q.Get("key-marker"), UploadIdMarker: q.Get("upload-id-marker"), Prefix: q.Get("prefix"), MaxUploads: most}
	u := f.owner.uploads
	u.mu.Lock()
	defer u.mu.Unlock()
	all := slices.SortedFunc(maps.Values(u.open), func(a, b *gcsUpload) int {
		return strings.Compare(a.key+"\x00"+a.id, b.key+"\x00"+b.id)
	})
	for _, up := range all {
		past := up.key > out.KeyMarker || up.key == out.KeyMarker && out.UploadIdMarker != "" && up.id > out.UploadIdMarker
		if !past || !strings.HasPrefix(up.key, out.Prefix) {
			continue
		}
		if len(out.Upload) == most {
			out.IsTruncated = true
			break
		}
		out.Upload = append(out.Upload, upload{up.key, up.id, "STANDARD", up.begun.UTC().Format(time.RFC3339Nano)})
		out.NextKeyMarker, out.NextUploadIdMarker = up.key, up.id
	}
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextUploadIdMarker = "", ""
	}
	writeXML(w, r, out)
	return nil
}
