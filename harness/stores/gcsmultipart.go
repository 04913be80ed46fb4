package stores

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
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
}

type gcsUpload struct {
	key, id string
	begun   time.Time
	attrs   fakestorage.ObjectAttrs // of the object
	kmsKey  string
	parts   map[int]gcsPart
}

type gcsPart struct {
	body []byte
	etag string // MD5 in hex, quoted
	at   time.Time
}

func newGCSUploads() *gcsUploads {
	return &gcsUploads{open: map[string]*gcsUpload{}}
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

// serveUpload is the XML API's multipart uploads for one object (XML API reference, "XML API multipart uploads"; permissions by
// "IAM permissions for XML methods").
func (f *gcsFront) serveUpload(w http.ResponseWriter, r *http.Request, c gcsCaller, key string) *gcsError {
	q := r.URL.Query()
	number, id := q.Has("partNumber"), q.Has("uploadId")
	if len(key) > keyLimit {
		return tooLong(key)
	}
	if refusal := refuseHeaders(r); refusal != nil {
		return refusal
	}
	var do func() *gcsError
	needs := []string{"storage.multipartUploads.create", "storage.objects.create"}
	switch {
	case q.Has("uploads") && r.Method == http.MethodPost && !id && !number:
		do = func() *gcsError { return f.beginUpload(w, r, key) }
	case number && id && r.Method == http.MethodPut:
		do = func() *gcsError { return f.putPart(w, r, key, q) }
	case id && !number && r.Method == http.MethodPost:
		do = func() *gcsError { return f.completeUpload(w, r, c, key, q.Get("uploadId")) }
	case id && !number && r.Method == http.MethodGet:
		needs, do = []string{"storage.multipartUploads.listParts"}, func() *gcsError { return f.listParts(w, r, key, q) }
	case id && !number && r.Method == http.MethodDelete:
		needs, do = []string{"storage.multipartUploads.abort"}, func() *gcsError { return f.abortUpload(w, key, q.Get("uploadId")) }
	default:
		return invalid("No request of a multipart upload has this method with these parameters.")
	}
	if err := f.permit(c, needs...); err != nil {
		return err
	}
	return do()
}

func noUpload() *gcsError {
	return &gcsError{status: http.StatusNotFound, Code: "NoSuchUpload", Message: "The requested upload was not found."}
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

func (f *gcsFront) beginUpload(w http.ResponseWriter, r *http.Request, key string) *gcsError {
	attrs, refusal := f.attributes(r.Header, key)
	if refusal != nil {
		return refusal
	}
	kmsKey, refusal := f.owner.kmsKey(r.Header.Get(kmsHeader))
	if refusal != nil {
		return refusal
	}
	var b [24]byte
	if _, err := rand.Read(b[:]); err != nil {
		return broken("begun")
	}
	up := &gcsUpload{key: key, id: base64.RawURLEncoding.EncodeToString(b[:]), begun: time.Now(), attrs: attrs, kmsKey: kmsKey, parts: map[int]gcsPart{}}
	u := f.owner.uploads
	u.mu.Lock()
	u.open[up.id] = up
	u.mu.Unlock()
	writeXML(w, r, struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
		Bucket, Key, UploadId string
	}{Bucket: f.owner.bucket, Key: key, UploadId: up.id})
	return nil
}

func (f *gcsFront) putPart(w http.ResponseWriter, r *http.Request, key string, q url.Values) *gcsError {
	number, err := strconv.Atoi(q.Get("partNumber"))
	if err != nil || number < 1 || number > lastPartNumber {
		return invalid("Part number must be an integer between 1 and %d, inclusive.", lastPartNumber)
	}
	u, id := f.owner.uploads, q.Get("uploadId")
	u.mu.Lock()
	known := u.find(id, key) != nil
	u.mu.Unlock()
	if !known {
		return noUpload()
	}
	body := readBody(r)
	sum := md5.Sum(body)
	if refusal := checkBody(r, body, sum); refusal != nil {
		return refusal
	}
	etag := `"` + hex.EncodeToString(sum[:]) + `"`
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.find(id, key)
	if up == nil { // aborted meanwhile
		return noUpload()
	}
	size := u.size + int64(len(body)) - int64(len(up.parts[number].body))
	if size > partsCap {
		return &gcsError{status: http.StatusBadRequest, Code: "EntityTooLarge", Message: fmt.Sprintf("This front keeps at most %d bytes of parts a bucket.", int64(partsCap))}
	}
	u.size, up.parts[number] = size, gcsPart{body: body, etag: etag, at: time.Now()}
	w.Header().Set("Etag", etag)
	w.Header().Add("X-Goog-Hash", "md5="+base64.StdEncoding.EncodeToString(sum[:]))
	w.Header().Set("Content-Length", "0")
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(http.StatusOK)
	return nil
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
	sums, size := md5.New(), 0
	for _, p := range in.Parts {
		size += len(up.parts[p.Number].body)
	}
	body = make([]byte, 0, size)
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

func (f *gcsFront) completeUpload(w http.ResponseWriter, r *http.Request, c gcsCaller, key, id string) *gcsError {
	list := readAll(r.Body, completeCap)
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.owner.uploads
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.find(id, key)
	if up == nil {
		return noUpload()
	}
	if err := f.overwrite(c, key, func() (gcsConditions, *gcsError) { return headerConditions(r.Header) }); err != nil {
		return err
	}
	body, etag, wrong := up.join(list)
	if wrong != nil {
		return wrong
	}
	e, err := f.owner.storage.put(up.attrs, gcsKept{kmsKey: up.kmsKey, etag: etag}, body)
	if err != nil {
		return broken("stored")
	}
	u.discard(up)
	w.Header().Set("X-Goog-Generation", strconv.FormatInt(e.Generation, 10))
	w.Header().Add("X-Goog-Hash", "crc32c="+e.Crc32c)
	if e.kept.kmsKey != "" {
		w.Header().Set(kmsHeader, e.kept.kmsKey)
	}
	writeXML(w, r, struct {
		XMLName                     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
		Location, Bucket, Key, ETag string
	}{Location: "http://" + gcsHost + "/" + escape(f.owner.bucket) + escapePath(key), Bucket: f.owner.bucket, Key: key, ETag: etag})
	return nil
}

func (f *gcsFront) abortUpload(w http.ResponseWriter, key, id string) *gcsError {
	u := f.owner.uploads
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.find(id, key)
	if up == nil {
		return noUpload()
	}
	u.discard(up)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
