package stores

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// keyLimit is how long an object's name may be, in bytes of UTF-8 (Cloud Storage documentation, "Object names").
const keyLimit = 1024

// serveObject is the XML API for one object (XML API reference, "Upload an object", "Download an object", "Get object
// metadata", "Delete an object").
func (f *gcsFront) serveObject(w http.ResponseWriter, r *http.Request, key string) {
	if len(key) > keyLimit {
		writeXMLError(w, r, http.StatusBadRequest, "KeyTooLong", fmt.Sprintf("The object name is %d bytes long; %d are allowed.", len(key), keyLimit))
		return
	}
	switch r.Method {
	case http.MethodPut:
		f.putObject(w, r, key)
	case http.MethodGet, http.MethodHead:
		f.getObject(w, r, key)
	case http.MethodDelete:
		f.deleteObject(w, r, key)
	default:
		w.Header().Set("Allow", "DELETE, GET, HEAD, OPTIONS, PUT")
		writeXMLError(w, r, http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
	}
}

// putObject stores a body whole or not at all.
func (f *gcsFront) putObject(w http.ResponseWriter, r *http.Request, key string) {
	if r.Header.Get("X-Goog-Copy-Source") != "" {
		writeXMLError(w, r, http.StatusNotImplemented, "NotImplemented", "This front doesn't implement copies.")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off
	}
	if !digestMatches(w, r, md5.Sum(body)) {
		return
	}
	attrs := f.attributes(r.Header, key)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.generationMatches(r, key) {
		writePrecondition(w, r)
		return
	}
	if err := f.owner.server.CreateObjectStreaming(fakestorage.Object{ObjectAttrs: attrs, Content: body}.StreamingObject()); err != nil {
		writeXMLError(w, r, http.StatusInternalServerError, "InternalError", "The object could not be stored.")
		return
	}
	obj, err := f.owner.server.GetObject(f.owner.bucket, key)
	if err != nil {
		writeXMLError(w, r, http.StatusInternalServerError, "InternalError", "The object could not be read back.")
		return
	}
	f.owner.describe(w.Header(), obj)
	w.Header().Set("Content-Length", "0")
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(http.StatusOK)
}

// digestMatches compares a body with its Content-MD5, and answers if they differ.
func digestMatches(w http.ResponseWriter, r *http.Request, sum [md5.Size]byte) bool {
	sent := r.Header.Values("Content-Md5")
	if len(sent) == 0 {
		return true
	}
	want, err := base64.StdEncoding.DecodeString(sent[0])
	if err != nil || len(want) != md5.Size {
		writeXMLError(w, r, http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.")
		return false
	}
	if !bytes.Equal(want, sum[:]) {
		writeXMLError(w, r, http.StatusBadRequest, "BadDigest", fmt.Sprintf(
			"The Content-MD5 you specified did not match what we received: %s was sent, %s is right.", sent[0], base64.StdEncoding.EncodeToString(sum[:])))
		return false
	}
	return true
}

// attributes are what the headers of an upload say of its object.
func (f *gcsFront) attributes(h http.Header, key string) fakestorage.ObjectAttrs {
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
	return attrs
}

// describe sets the headers every answer about an object has.
func (o *gcsOwner) describe(h http.Header, obj fakestorage.Object) {
	sum := md5.Sum(obj.Content)
	size := strconv.Itoa(len(obj.Content))
	h.Add("X-Goog-Hash", "crc32c="+obj.Crc32c)
	if etag := o.uploads.etag(obj.Name, obj.Generation); etag != "" {
		h.Set("Etag", etag)
	} else {
		h.Set("Etag", `"`+hex.EncodeToString(sum[:])+`"`)
		h.Add("X-Goog-Hash", "md5="+base64.StdEncoding.EncodeToString(sum[:]))
	}
	h.Set("X-Goog-Generation", strconv.FormatInt(obj.Generation, 10))
	h.Set("X-Goog-Metageneration", "1")
	h.Set("X-Goog-Stored-Content-Length", size)
	encoding := obj.ContentEncoding
	if encoding == "" {
		encoding = "identity"
	}
	h.Set("X-Goog-Stored-Content-Encoding", encoding)
	h.Set("X-Goog-Storage-Class", "STANDARD")
}

func (f *gcsFront) getObject(w http.ResponseWriter, r *http.Request, key string) {
	obj, err := f.find(r, key)
	if err != nil {
		writeXMLError(w, r, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
		return
	}
	if !f.generationMatches(r, key) {
		writePrecondition(w, r)
		return
	}
	h := w.Header()
	f.owner.describe(h, obj)
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
		w = &lengthKeeper{ResponseWriter: w, size: len(obj.Content)}
	}
	http.ServeContent(&rangeRefusal{ResponseWriter: w, r: r}, r, "", obj.Updated, bytes.NewReader(obj.Content))
}

// find returns the object of a request, in the generation it names.
func (f *gcsFront) find(r *http.Request, key string) (fakestorage.Object, error) {
	if g, err := strconv.ParseInt(r.URL.Query().Get("generation"), 10, 64); err == nil {
		return f.owner.server.GetObjectWithGeneration(f.owner.bucket, key, g)
	}
	return f.owner.server.GetObject(f.owner.bucket, key)
}

func (f *gcsFront) deleteObject(w http.ResponseWriter, r *http.Request, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	obj, err := f.find(r, key)
	if err != nil {
		writeXMLError(w, r, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
		return
	}
	if !f.generationMatches(r, key) {
		writePrecondition(w, r)
		return
	}
	if r.URL.Query().Has("generation") {
		err = f.owner.server.Backend().DeleteObjectWithGeneration(f.owner.bucket, key, obj.Generation)
	} else {
		err = f.owner.server.Backend().DeleteObject(f.owner.bucket, key)
	}
	if err != nil {
		writeXMLError(w, r, http.StatusInternalServerError, "InternalError", "The object could not be removed.")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// generationMatches checks x-goog-if-generation-match; an object that isn't there has generation 0.
func (f *gcsFront) generationMatches(r *http.Request, key string) bool {
	want := r.Header.Get("X-Goog-If-Generation-Match")
	if want == "" {
		return true
	}
	obj, err := f.owner.server.GetObject(f.owner.bucket, key)
	if err != nil {
		return want == "0"
	}
	return want == strconv.FormatInt(obj.Generation, 10)
}

func writePrecondition(w http.ResponseWriter, r *http.Request) {
	writeXMLError(w, r, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")
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
