package stores

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	raw "google.golang.org/api/storage/v1"
)

// gcsUploadCap is how large an object may be: it is kept in memory.
const gcsUploadCap = 512 << 20

// gcsInsertion is an object that a request of the JSON API makes.
type gcsInsertion struct {
	attrs       fakestorage.ObjectAttrs
	kmsKey      string
	conditions  gcsConditions
	md5, crc32c string // as the client says they are, "" if it doesn't
}

// insertion reads everything of an upload but its content.
func (f *gcsFront) insertion(q *gcsRequest, metadata []byte) (in gcsInsertion, refusal *gcsError) {
	update := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(metadata)) > 0 {
		if refusal = strictJSON(metadata, &update); refusal != nil {
			return in, refusal
		}
	}
	name := q.query.Get("name")
	if text, ok := update["name"]; ok && name == "" && json.Unmarshal(text, &name) != nil {
		return in, invalid("Invalid value for name.")
	}
	if name == "" || len(name) > keyLimit {
		return in, invalid("Required: a name of 1 to %d bytes", keyLimit)
	}
	for field, into := range map[string]*string{"md5Hash": &in.md5, "crc32c": &in.crc32c} {
		if text, ok := update[field]; ok {
			delete(update, field)
			if json.Unmarshal(text, into) != nil {
				return in, invalid("Invalid value for %s.", field)
			}
		}
	}
	fresh := fakestorage.ObjectAttrs{Name: name, ContentEncoding: q.query.Get("contentEncoding")}
	if in.attrs, refusal = takeAttributes(fresh, &raw.Object{Kind: "storage#object", Bucket: f.owner.bucket, Name: name}, update, true); refusal != nil {
		return in, refusal
	}
	if in.conditions, refusal = readConditions(q.query, ""); refusal != nil {
		return in, refusal
	}
	in.kmsKey, refusal = f.owner.kmsKey(q.query.Get("kmsKeyName"))
	return in, refusal
}

// insertJSON begins or does an upload (JSON API reference, "Objects: insert").
func (f *gcsFront) insertJSON(q *gcsRequest) *gcsError {
	switch q.query.Get("uploadType") {
	case "media":
		in, refusal := f.insertion(q, nil)
		if refusal != nil {
			return refusal
		}
		in.attrs.ContentType = q.r.Header.Get("Content-Type")
		return f.finish(q, in, readBody(q.r))
	case "multipart":
		metadata, contentType, content, refusal := readRelated(q.r)
		if refusal != nil {
			return refusal
		}
		in, refusal := f.insertion(q, metadata)
		if refusal != nil {
			return refusal
		}
		if in.attrs.ContentType == "" {
			in.attrs.ContentType = contentType
		}
		return f.finish(q, in, content)
	case "resumable":
		return f.beginSession(q)
	}
	return invalid("Invalid uploadType.")
}

// readAll reads a body; one that breaks off ends the connection.
func readAll(body io.Reader, most int64) []byte {
	content, err := io.ReadAll(io.LimitReader(body, most))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return content
}

// readBody is readAll of what a request uploads, with room for what it announces: a large body isn't copied many times over as its
// buffer grows. What is longer than an upload may be comes cut off behind the first byte too many.
func readBody(r *http.Request) []byte {
	const most = gcsUploadCap + 1
	if r.ContentLength <= 0 || r.ContentLength > most {
		return readAll(r.Body, most)
	}
	content := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, content); err != nil {
		panic(http.ErrAbortHandler)
	}
	return content
}

// readRelated reads a body of two parts: metadata and content (JSON API documentation, "Multipart upload").
func readRelated(r *http.Request) (metadata []byte, contentType string, content []byte, refusal *gcsError) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") || params["boundary"] == "" {
		return nil, "", nil, invalid("Multipart body expected, with its boundary.")
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	first, err := parts.NextRawPart()
	if err != nil {
		return nil, "", nil, invalid("Missing metadata part.")
	}
	metadata = readAll(first, documentCap)
	second, err := parts.NextRawPart()
	if err != nil {
		return nil, "", nil, invalid("Missing media part.")
	}
	content = readAll(second, gcsUploadCap+1)
	if _, err := parts.NextRawPart(); err != io.EOF {
		return nil, "", nil, invalid("A multipart upload has two parts.")
	}
	return metadata, second.Header.Get("Content-Type"), content, nil
}

// finish stores an upload whole or not at all.
func (f *gcsFront) finish(q *gcsRequest, in gcsInsertion, content []byte) *gcsError {
	if len(content) > gcsUploadCap {
		return unimplemented("objects of more than 512 MiB: they are kept in memory")
	}
	if in.attrs.ContentType == "" {
		in.attrs.ContentType = "application/octet-stream"
	}
	if in.md5 != "" || in.crc32c != "" {
		if err := checkHashes("md5="+in.md5+",crc32c="+in.crc32c, content); err != nil {
			return err
		}
	}
	if err := checkHashes(strings.Join(q.r.Header.Values("X-Goog-Hash"), ","), content); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.overwrite(q.caller, in.attrs.Name, func() (gcsConditions, *gcsError) { return in.conditions, nil }); err != nil {
		return err
	}
	e, err := f.owner.storage.put(in.attrs, gcsKept{kmsKey: in.kmsKey}, content)
	if err != nil {
		return broken("stored")
	}
	return q.answer(f.owner.object(e))
}

// checkHashes compares a body with what X-Goog-Hash says of it (XML API reference, "x-goog-hash").
func checkHashes(text string, content []byte) *gcsError {
	for part := range strings.SplitSeq(text, ",") {
		name, want, _ := strings.Cut(strings.TrimSpace(part), "=")
		if want == "" {
			continue
		}
		var is []byte
		switch name {
		case "md5":
			sum := md5.Sum(content)
			is = sum[:]
		case "crc32c":
			is = binary.BigEndian.AppendUint32(nil, crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))
		default:
			return unimplemented("the hash " + name)
		}
		if got := base64.StdEncoding.EncodeToString(is); got != want {
			e := invalid("Provided %s hash %q doesn't match calculated %s hash %q.", strings.ToUpper(name), want, strings.ToUpper(name), got)
			e.Code, e.Message = "BadDigest", "The hash you specified did not match what we received."
			return e
		}
	}
	return nil
}
