package stores

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// keyLimit is how long an object's name may be, in bytes of UTF-8 (Cloud Storage documentation, "Object names").
const keyLimit = 1024

// serveObject is the XML API for one object (XML API reference, "Upload an object", "Download an object", "Get object
// metadata", "Delete an object").
func (f *gcsFront) serveObject(w http.ResponseWriter, r *http.Request, c gcsCaller, key string) *gcsError {
	if len(key) > keyLimit {
		return tooLong(key)
	}
	if refusal := refuseHeaders(r); refusal != nil {
		return refusal
	}
	switch r.Method {
	case http.MethodPut:
		return f.putObject(w, r, c, key)
	case http.MethodGet, http.MethodHead:
		return f.getObject(w, r, c, key)
	case http.MethodDelete:
		return f.deleteObject(w, r, c, key)
	}
	w.Header().Set("Allow", "DELETE, GET, HEAD, OPTIONS, PUT")
	return &gcsError{status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed", Message: "The specified method is not allowed against this resource."}
}

func tooLong(key string) *gcsError {
	return &gcsError{status: http.StatusBadRequest, Code: "KeyTooLong", Message: fmt.Sprintf("The object name is %d bytes long; %d are allowed.", len(key), keyLimit)}
}

// gcsHeaders are the extension headers of requests that are obeyed, or that change nothing here (XML API reference, "HTTP
// headers and query string parameters").
var gcsHeaders = []string{"Acl", "Api-Client", "Api-Version", "Content-Length-Range", "Content-Sha256", "Copy-Source", "Custom-Time", "Date",
	"Encryption-Kms-Key-Name", "Gcs-Idempotency-Token", "Hash", "If-Generation-Match", "If-Metageneration-Match", "Project-Id", "Request-Reason",
	"Resumable", "Storage-Class", "User-Project"}

// refuseHeaders refuses what would otherwise be dropped.
func refuseHeaders(r *http.Request) *gcsError {
	if err := refuseSuppliedKeys(r.Header); err != nil {
		return err
	}
	h := r.Header
	for name := range h {
		rest, ours := strings.CutPrefix(name, "X-Goog-")
		if ours && !strings.HasPrefix(rest, "Meta-") && !strings.HasPrefix(rest, "Custom-Audit-") && !slices.Contains(gcsHeaders, rest) {
			return unimplemented("the header " + strings.ToLower(name))
		}
	}
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch class := h.Get("X-Goog-Storage-Class"); {
	case h.Get("X-Goog-Acl") != "":
		return uniform("insert legacy ACL for an object")
	case class != "" && class != "STANDARD":
		return unimplemented("storage classes but STANDARD")
	case h.Get("X-Goog-Copy-Source") != "":
		return unimplemented("copies by the XML API")
	case !reading && (h.Get("If-Match") != "" || h.Get("If-None-Match") != ""):
		return unimplemented("If-Match and If-None-Match but for reading")
	}
	return nil
}

// putObject stores a body whole or not at all.
func (f *gcsFront) putObject(w http.ResponseWriter, r *http.Request, c gcsCaller, key string) *gcsError {
	if err := f.permit(c, "storage.objects.create"); err != nil {
		return err
	}
	body := readBody(r)
	if len(body) > gcsUploadCap {
		return unimplemented("objects of more than 512 MiB: they are kept in memory")
	}
	if err := checkBody(r, body, md5.Sum(body)); err != nil {
		return err
	}
	attrs, err := f.attributes(r.Header, key)
	if err != nil {
		return err
	}
	kmsKey, err := f.owner.kmsKey(r.Header.Get(kmsHeader))
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.overwrite(c, key, func() (gcsConditions, *gcsError) { return headerConditions(r.Header) }); err != nil {
		return err
	}
	e, failed := f.owner.storage.put(attrs, gcsKept{kmsKey: kmsKey}, body)
	if failed != nil {
		return broken("stored")
	}
	describe(w.Header(), e)
	w.Header().Set("Content-Length", "0")
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(http.StatusOK)
	return nil
}

// checkBody compares a body, whose MD5 is sum, with what the request says of it.
func checkBody(r *http.Request, body []byte, sum [md5.Size]byte) *gcsError {
	if err := checkDigest(r, sum); err != nil {
		return err
	}
	if err := checkHashes(strings.Join(r.Header.Values("X-Goog-Hash"), ","), body); err != nil {
		return err
	}
	span := r.Header.Get("X-Goog-Content-Length-Range")
	if span == "" {
		return nil
	}
	from, to, _ := strings.Cut(span, ",")
	least, err := strconv.Atoi(strings.TrimSpace(from))
	most, err2 := strconv.Atoi(strings.TrimSpace(to))
	switch {
	case err != nil || err2 != nil:
		return invalid("x-goog-content-length-range is two numbers.")
	case len(body) < least:
		return &gcsError{status: http.StatusBadRequest, Code: "EntityTooSmall", Message: "Your proposed upload is smaller than the minimum object size."}
	case len(body) > most:
		return &gcsError{status: http.StatusBadRequest, Code: "EntityTooLarge", Message: "Your proposed upload is larger than the maximum object size."}
	}
	return nil
}

// checkDigest compares a body with its Content-MD5.
func checkDigest(r *http.Request, sum [md5.Size]byte) *gcsError {
	sent := r.Header.Values("Content-Md5")
	if len(sent) == 0 {
		return nil
	}
	want, err := base64.StdEncoding.DecodeString(sent[0])
	if err != nil || len(want) != md5.Size {
		return &gcsError{status: http.StatusBadRequest, Code: "InvalidDigest", Message: "The Content-MD5 you specified was invalid."}
	}
	if !bytes.Equal(want, sum[:]) {
		return &gcsError{status: http.StatusBadRequest, Code: "BadDigest", Message: fmt.Sprintf(
			"The Content-MD5 you specified did not match what we received: %s was sent, %s is right.", sent[0], base64.StdEncoding.EncodeToString(sum[:]))}
	}
	return nil
}

// attributes are what the headers of an upload say of its object.
func (f *gcsFront) attributes(h http.Header, key string) (fakestorage.ObjectAttrs, *gcsError) {
	attrs := fakestorage.ObjectAttrs{
		BucketName: f.owner.bucket, Name: key,
		ContentType:        h.Get("Content-Type"),
		ContentEncoding:    h.Get("Content-Encoding"),
		ContentDisposition: h.Get("Content-Disposition"),
		ContentLanguage:    h.Get("Content-Language"),
		CacheControl:       h.Get("Cache-Control"),
		Metadata:           map[string]string{},
	}
	if attrs.ContentType == "" {
		attrs.ContentType = "application/octet-stream"
	}
	for name, values := range h {
		if meta, ok := strings.CutPrefix(strings.ToLower(name), "x-goog-meta-"); ok {
			attrs.Metadata[meta] = strings.Join(values, ",")
		}
	}
	if text := h.Get("X-Goog-Custom-Time"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return attrs, invalid("x-goog-custom-time is no time.")
		}
		attrs.CustomTime = at
	}
	return attrs, nil
}

// describe sets the headers every answer about an object has.
func describe(h http.Header, e gcsEntry) {
	h.Add("X-Goog-Hash", "crc32c="+e.Crc32c)
	if e.kept.etag != "" {
		h.Set("Etag", e.kept.etag)
	} else {
		sum, _ := base64.StdEncoding.DecodeString(e.Md5Hash)
		h.Set("Etag", `"`+hex.EncodeToString(sum)+`"`)
		h.Add("X-Goog-Hash", "md5="+e.Md5Hash)
	}
	h.Set("X-Goog-Generation", strconv.FormatInt(e.Generation, 10))
	h.Set("X-Goog-Metageneration", strconv.FormatInt(e.kept.metageneration, 10))
	h.Set("X-Goog-Stored-Content-Length", strconv.FormatInt(e.Size, 10))
	encoding := e.ContentEncoding
	if encoding == "" {
		encoding = "identity"
	}
	h.Set("X-Goog-Stored-Content-Encoding", encoding)
	h.Set("X-Goog-Storage-Class", "STANDARD")
	if e.kept.kmsKey != "" {
		h.Set(kmsHeader, e.kept.kmsKey)
	}
}

func (f *gcsFront) getObject(w http.ResponseWriter, r *http.Request, c gcsCaller, key string) *gcsError {
	if err := f.permit(c, "storage.objects.get"); err != nil {
		return err
	}
	n, err := generation(r.URL.Query())
	if err != nil {
		return err
	}
	conditions, err := headerConditions(r.Header)
	if err != nil {
		return err
	}
	o, kept, ok := f.owner.storage.open(key, n)
	if !ok {
		return f.missing(c, key)
	}
	defer func() { _ = o.Close() }()
	if err := conditions.check(gcsEntry{ObjectAttrs: o.ObjectAttrs, kept: kept}, true, true); err != nil {
		return err
	}
	f.serveContent(w, r, o, kept)
	return nil
}

// serveContent answers with an object's content, whole or in part.
func (f *gcsFront) serveContent(w http.ResponseWriter, r *http.Request, obj fakestorage.StreamingObject, kept gcsKept) {
	h := w.Header()
	describe(h, gcsEntry{ObjectAttrs: obj.ObjectAttrs, kept: kept})
	for name, value := range map[string]string{
		"Content-Type": obj.ContentType, "Content-Encoding": obj.ContentEncoding, "Content-Disposition": obj.ContentDisposition,
		"Content-Language": obj.ContentLanguage, "Cache-Control": obj.CacheControl,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	for name, value := range obj.Metadata {
		h.Set("X-Goog-Meta-"+name, value)
	}
	if !obj.CustomTime.IsZero() {
		h.Set("X-Goog-Custom-Time", obj.CustomTime.UTC().Format(time.RFC3339Nano))
	}
	for query, name := range map[string]string{"response-content-type": "Content-Type", "response-content-disposition": "Content-Disposition"} {
		if v := r.URL.Query().Get(query); v != "" {
			h.Set(name, v)
		}
	}
	if strings.Contains(r.Header.Get("Range"), ",") {
		r.Header.Del("Range") // several ranges at once are ignored (XML API reference, "Range")
	}
	if obj.ContentEncoding != "" {
		// http.ServeContent leaves out the length of what is encoded.
		w = &lengthKeeper{ResponseWriter: w, size: int(obj.Size)}
	}
	http.ServeContent(&rangeRefusal{ResponseWriter: w, r: r}, r, "", obj.Updated, obj.Content)
}

func (f *gcsFront) deleteObject(w http.ResponseWriter, r *http.Request, c gcsCaller, key string) *gcsError {
	if err := f.permit(c, "storage.objects.delete"); err != nil {
		return err
	}
	n, err := generation(r.URL.Query())
	if err != nil {
		return err
	}
	conditions, err := headerConditions(r.Header)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	e, ok := f.owner.storage.look(key, n)
	if !ok {
		return f.missing(c, key)
	}
	if err := conditions.check(e, true, false); err != nil {
		return err
	}
	if err := f.owner.storage.remove(key, n); err != nil {
		return broken("removed")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// rangeRefusal puts an XML error in the place of http.ServeContent's plain one.
type rangeRefusal struct {
	http.ResponseWriter
	r       *http.Request
	refused bool
}

func (x *rangeRefusal) WriteHeader(status int) {
	if status == http.StatusRequestedRangeNotSatisfiable {
		x.refused = true
		x.Header().Del("Etag")
		writeXMLError(x.ResponseWriter, x.r, status, "InvalidRange", "The requested range cannot be satisfied.")
		return
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *rangeRefusal) Write(b []byte) (int, error) {
	if x.refused {
		return len(b), nil
	}
	return x.ResponseWriter.Write(b)
}

// lengthKeeper states the length of a whole body.
type lengthKeeper struct {
	http.ResponseWriter
	size int
}

func (k *lengthKeeper) WriteHeader(status int) {
	if status == http.StatusOK {
		k.Header().Set("Content-Length", strconv.Itoa(k.size))
	}
	k.ResponseWriter.WriteHeader(status)
}
