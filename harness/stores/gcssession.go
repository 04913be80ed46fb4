package stores

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// chunkSize is what every piece of a resumable upload but the last is a multiple of (Cloud Storage documentation, "Resumable
// uploads").
const chunkSize = 256 << 10

// gcsSessions are a bucket's open resumable uploads. A session's URI is its own credential: it acts as who began it.
type gcsSessions struct {
	mu   sync.Mutex
	open map[string]*gcsSession
	size int64
}

type gcsSession struct {
	in      gcsInsertion
	caller  gcsCaller
	content []byte
}

func (s *gcsSessions) find(id string) *gcsSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

func (s *gcsSessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if up := s.open[id]; up != nil {
		s.size -= int64(len(up.content))
		delete(s.open, id)
	}
}

// inventory adds the open uploads to all, as Bucket.Inventory has them.
func (s *gcsSessions) inventory(all map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, up := range s.open {
		all["upload:"+up.in.attrs.Name] += "resumable"
	}
}

func (f *gcsFront) beginSession(q *gcsRequest) *gcsError {
	in, refusal := f.insertion(q, q.body())
	if refusal != nil {
		return refusal
	}
	if t := q.r.Header.Get("X-Upload-Content-Type"); in.attrs.ContentType == "" {
		in.attrs.ContentType = t
	}
	var b [24]byte
	if _, err := rand.Read(b[:]); err != nil {
		return broken("begun")
	}
	id := base64.RawURLEncoding.EncodeToString(b[:])
	s := f.owner.sessions
	s.mu.Lock()
	s.open[id] = &gcsSession{in: in, caller: q.caller}
	s.mu.Unlock()
	q.w.Header().Set("Location", "https://"+gcsHost+"/upload/storage/v1/b/"+escape(f.owner.bucket)+"/o?uploadType=resumable&name="+escape(in.attrs.Name)+"&upload_id="+id)
	q.w.Header().Set("X-Guploader-Uploadid", id)
	q.w.Header().Set("Content-Length", "0")
	q.w.WriteHeader(http.StatusOK)
	return nil
}

// session carries an upload on, asks how far it is, or cancels it.
func (f *gcsFront) session(q *gcsRequest) *gcsError {
	id := q.query.Get("upload_id")
	s := f.owner.sessions
	up := s.find(id)
	if up == nil {
		return &gcsError{status: http.StatusNotFound, reason: "notFound", Message: "The upload session was not found."}
	}
	q.caller = up.caller
	if q.r.Method == http.MethodDelete {
		s.end(id)
		q.w.WriteHeader(499) // "client closed request" is Google's answer to a cancellation that went well
		return nil
	}
	chunk := readBody(q.r)
	s.mu.Lock()
	content, last, refusal := up.take(q.r.Header.Get("Content-Range"), chunk)
	if refusal == nil && s.size+int64(len(content)-len(up.content)) > gcsUploadCap {
		refusal = unimplemented("open uploads of more than 512 MiB: they are kept in memory")
	}
	if refusal == nil {
		s.size += int64(len(content) - len(up.content))
		up.content = content
	}
	s.mu.Unlock()
	if refusal != nil {
		return refusal
	}
	if last {
		s.end(id)
		return f.finish(q, up.in, content)
	}
	if len(content) > 0 {
		q.w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(content)-1))
	}
	q.w.Header().Set("Content-Length", "0")
	if q.r.Header.Get("X-Guploader-No-308") == "yes" {
		q.w.Header().Set("X-Http-Status-Code-Override", "308")
		q.w.WriteHeader(http.StatusOK)
		return nil
	}
	q.w.WriteHeader(http.StatusPermanentRedirect)
	return nil
}

// take adds a piece where its Content-Range says, and says whether it was the last. The sessions' lock is held.
func (s *gcsSession) take(contentRange string, chunk []byte) (content []byte, last bool, refusal *gcsError) {
	if contentRange == "" {
		return chunk, true, nil
	}
	span, total, ok := strings.Cut(strings.TrimPrefix(contentRange, "bytes "), "/")
	size := int64(-1)
	if ok && total != "*" {
		var err error
		size, err = strconv.ParseInt(total, 10, 64)
		ok = err == nil && size >= 0
	}
	if !ok {
		return nil, false, invalid("Invalid Content-Range %q.", contentRange)
	}
	have := int64(len(s.content))
	if span != "*" {
		from, to, _ := strings.Cut(span, "-")
		first, err := strconv.ParseInt(from, 10, 64)
		end, err2 := strconv.ParseInt(to, 10, 64)
		if err != nil || err2 != nil || end-first+1 != int64(len(chunk)) || first > have || size >= 0 && end >= size {
			return nil, false, invalid("Invalid Content-Range %q: %d bytes came, %d were there.", contentRange, len(chunk), have)
		}
		if sent := have - first; sent < int64(len(chunk)) { // what is there already is passed over
			content = slices.Concat(s.content, chunk[sent:])
		} else {
			content = s.content
		}
	} else if content = s.content; len(chunk) > 0 {
		return nil, false, invalid("A body with Content-Range %q.", contentRange)
	}
	last = size >= 0 && int64(len(content)) == size
	if !last && len(chunk)%chunkSize != 0 {
		return nil, false, invalid("A piece that isn't the last is a multiple of 256 KiB long.")
	}
	return content, last, nil
}
