package stores

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// The limits of the XML API's multipart uploads (Cloud Storage documentation, "Quotas and limits"), and of this front's memory.
const (
	smallestPart   = 5 << 20   // all but the last
	lastPartNumber = 10_000    // the first is 1
	mostListed     = 1_000     // uploads or parts a page
	partsCap       = 512 << 20 // bytes of all open uploads of a bucket together: parts are kept in memory
	completeCap    = 2 << 20   // bytes of a list of 10,000 parts
)

// gcsUploads are a bucket's open multipart uploads.
type gcsUploads struct {
	mu   sync.Mutex
	open map[string]*gcsUpload // by ID
	size int64                 // of all parts
	// joined are the ETags of objects made of parts, by generation: they have no MD5.
	joined map[string]string
}

type gcsUpload struct {
	key, id string
	begun   time.Time
	header  http.Header // what the object gets
	parts   map[int]gcsPart
}

type gcsPart struct {
	body []byte
	etag string // MD5 in hex, quoted
	at   time.Time
}

func newGCSUploads() *gcsUploads {
	return &gcsUploads{open: map[string]*gcsUpload{}, joined: map[string]string{}}
}

// inventory adds the open uploads to all, as Bucket.Inventory has them.
func (u *gcsUploads) inventory(all map[string]string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(u.open)) {
		name := "upload:" + u.open[id].key
		if all[name] != "" {
			all[name] += " "
		}
		all[name] += id
	}
}

// find returns an upload by its ID, if it is the key's. The caller holds the lock.
func (u *gcsUploads) find(id, key string) *gcsUpload {
	if up := u.open[id]; up != nil && up.key == key {
		return up
	}
	return nil
}

// discard ends an upload. The caller holds the lock.
func (u *gcsUploads) discard(up *gcsUpload) {
	delete(u.open, up.id)
	for _, p := range up.parts {
		u.size -= int64(len(p.body))
	}
}

func joinedName(key string, generation int64) string { return fmt.Sprintf("%d/%s", generation, key) }

func (u *gcsUploads) etag(key string, generation int64) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.joined[joinedName(key, generation)]
}

// serveUpload is the XML API's multipart uploads for one object (XML API reference, "XML API multipart uploads").
func (f *gcsFront) serveUpload(w http.ResponseWriter, r *http.Request, key string) {
	q := r.URL.Query()
	number, id := q.Has("partNumber"), q.Has("uploadId")
	switch {
	case len(key) > keyLimit:
		writeXMLError(w, r, http.StatusBadRequest, "KeyTooLong", fmt.Sprintf("The object name is %d bytes long; %d are allowed.", len(key), keyLimit))
	case q.Has("uploads") && r.Method == http.MethodPost && !id && !number:
		f.beginUpload(w, r, key)
	case number && id && r.Method == http.MethodPut:
		f.putPart(w, r, key, q)
	case id && !number && r.Method == http.MethodPost:
		f.completeUpload(w, r, key, q.Get("uploadId"))
	case id && !number && r.Method == http.MethodGet:
		f.listParts(w, r, key, q)
	case id && !number && r.Method == http.MethodDelete:
		f.abortUpload(w, r, key, q.Get("uploadId"))
	default:
		writeXMLError(w, r, http.StatusBadRequest, "InvalidArgument", "No request of a multipart upload has this method with these parameters.")
	}
}

func writeNoSuchUpload(w http.ResponseWriter, r *http.Request) {
	writeXMLError(w, r, http.StatusNotFound, "NoSuchUpload", "The requested upload was not found.")
}

func writeXML(w http.ResponseWriter, r *http.Request, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		writeXMLError(w, r, http.StatusInternalServerError, "InternalError", "The answer could not be written.")
		return
	}
	body = append([]byte(xml.Header), body...)
	w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

func (f *gcsFront) beginUpload(w http.ResponseWriter, r *http.Request, key string) {
	var b [24]byte
	if _, err := rand.Read(b[:]); err != nil {
		writeXMLError(w, r, http.StatusInternalServerError, "InternalError", "No upload ID could be made.")
		return
	}
	up := &gcsUpload{key: key, id: base64.RawURLEncoding.EncodeToString(b[:]), begun: time.Now(), header: r.Header.Clone(), parts: map[int]gcsPart{}}
	u := f.owner.uploads
	u.mu.Lock()
	u.open[up.id] = up
	u.mu.Unlock()
	writeXML(w, r, struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
		Bucket, Key, UploadId string
	}{Bucket: f.owner.bucket, Key: key, UploadId: up.id})
}

func (f *gcsFront) putPart(w http.ResponseWriter, r *http.Request, key string, q url.Values) {
	number, err := strconv.Atoi(q.Get("partNumber"))
	if err != nil || number < 1 || number > lastPartNumber {
		writeXMLError(w, r, http.StatusBadRequest, "InvalidArgument", fmt.Sprintf("Part number must be an integer between 1 and %d, inclusive.", lastPartNumber))
		return
	}
	if r.Header.Get("X-Goog-Copy-Source") != "" {
		writeXMLError(w, r, http.StatusNotImplemented, "NotImplemented", "This front doesn't implement copies.")
		return
	}
	u, id := f.owner.uploads, q.Get("uploadId")
	u.mu.Lock()
	known := u.find(id, key) != nil
	u.mu.Unlock()
	if !known {
		writeNoSuchUpload(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, partsCap+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off
	}
	sum := md5.Sum(body)
	if !digestMatches(w, r, sum) {
		return
	}
	etag := `"` + hex.EncodeToString(sum[:]) + `"`
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.find(id, key)
	if up == nil { // aborted meanwhile
		writeNoSuchUpload(w, r)
		return
	}
	size := u.size + int64(len(body)) - int64(len(up.parts[number].body))
	if size > partsCap {
		writeXMLError(w, r, http.StatusBadRequest, "EntityTooLarge", fmt.Sprintf("This front keeps at most %d bytes of parts a bucket.", int64(partsCap)))
		return
	}
	u.size, up.parts[number] = size, gcsPart{body: body, etag: etag, at: time.Now()}
	w.Header().Set("Etag", etag)
	w.Header().Add("X-Goog-Hash", "md5="+base64.StdEncoding.EncodeToString(sum[:]))
	w.Header().Set("Content-Length", "0")
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(http.StatusOK)
}

// join reads a list of parts and puts their bodies together; an error document says what is wrong with it. The caller
// holds the lock.
func (up *gcsUpload) join(list []byte) (body []byte, etag string, wrong *gcsError) {
	var in struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Parts   []struct {
			Number int `xml:"PartNumber"`
			ETag   string
		} `xml:"Part"`
	}
	bad := func(code, message string) (_ []byte, _ string, wrong *gcsError) {
		return nil, "", &gcsError{status: http.StatusBadRequest, Code: code, Message: message}
	}
	if err := xml.Unmarshal(list, &in); err != nil || len(in.Parts) == 0 {
		return bad("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema.")
	}
	for i, p := range in.Parts[1:] {
		if p.Number <= in.Parts[i].Number {
			return bad("InvalidPartOrder", "The list of parts was not in ascending order.")
		}
	}
	sums := md5.New()
	for i, p := range in.Parts {
		have, ok := up.parts[p.Number]
		if !ok || strings.Trim(p.ETag, `"`) != strings.Trim(have.etag, `"`) {
			return bad("InvalidPart", "One or more of the specified parts could not be found.")
		}
		if i < len(in.Parts)-1 && len(have.body) < smallestPart {
			return bad("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size.")
		}
		sum, _ := hex.DecodeString(strings.Trim(have.etag, `"`))
		sums.Write(sum)
		body = append(body, have.body...)
	}
	return body, fmt.Sprintf(`"%x-%d"`, sums.Sum(nil), len(in.Parts)), nil
}

func (f *gcsFront) completeUpload(w http.ResponseWriter, r *http.Request, key, id string) {
	list, err := io.ReadAll(io.LimitReader(r.Body, completeCap))
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.owner.uploads
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.find(id, key)
	if up == nil {
		writeNoSuchUpload(w, r)
		return
	}
	if !f.generationMatches(r, key) {
		writePrecondition(w, r)
		return
	}
	body, etag, wrong := up.join(list)
	if wrong != nil {
		wrong.write(w, r)
		return
	}
	obj := fakestorage.Object{ObjectAttrs: f.attributes(up.header, key), Content: body}
	if err := f.owner.server.CreateObjectStreaming(obj.StreamingObject()); err != nil {
		writeXMLError(w, r, http.StatusInternalServerError, "InternalError", "The object could not be stored.")
		return
	}
	stored, err := f.owner.server.GetObject(f.owner.bucket, key)
	if err != nil {
		writeXMLError(w, r, http.StatusInternalServerError, "InternalError", "The object could not be read back.")
		return
	}
	u.discard(up)
	u.joined[joinedName(key, stored.Generation)] = etag
	w.Header().Set("X-Goog-Generation", strconv.FormatInt(stored.Generation, 10))
	w.Header().Add("X-Goog-Hash", "crc32c="+stored.Crc32c)
	writeXML(w, r, struct {
		XMLName                     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
		Location, Bucket, Key, ETag string
	}{Location: "http://" + gcsHost + "/" + escape(f.owner.bucket) + escapePath(key), Bucket: f.owner.bucket, Key: key, ETag: etag})
}

func (f *gcsFront) abortUpload(w http.ResponseWriter, r *http.Request, key, id string) {
	u := f.owner.uploads
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.find(id, key)
	if up == nil {
		writeNoSuchUpload(w, r)
		return
	}
	u.discard(up)
	w.WriteHeader(http.StatusNoContent)
}

// limit reads how many entries a page shall have.
func limit(q url.Values, name string) (int, bool) {
	if !q.Has(name) {
		return mostListed, true
	}
	n, err := strconv.Atoi(q.Get(name))
	return min(n, mostListed), err == nil && n > 0
}

func (f *gcsFront) listParts(w http.ResponseWriter, r *http.Request, key string, q url.Values) {
	most, ok := limit(q, "max-parts")
	after, err := strconv.Atoi(q.Get("part-number-marker"))
	if q.Has("part-number-marker") && err != nil || !ok {
		writeXMLError(w, r, http.StatusBadRequest, "InvalidArgument", "max-parts and part-number-marker are numbers.")
		return
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
		writeNoSuchUpload(w, r)
		return
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
}

// listUploads lists a bucket's open uploads.
func (f *gcsFront) listUploads(w http.ResponseWriter, r *http.Request, q url.Values) {
	most, ok := limit(q, "max-uploads")
	switch {
	case !ok:
		writeXMLError(w, r, http.StatusBadRequest, "InvalidArgument", "max-uploads is a number.")
		return
	case q.Get("delimiter") != "" || q.Get("encoding-type") != "":
		writeXMLError(w, r, http.StatusNotImplemented, "NotImplemented", "This front lists uploads without delimiter and encoding-type.")
		return
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
}
