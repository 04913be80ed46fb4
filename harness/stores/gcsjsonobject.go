package stores

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	raw "google.golang.org/api/storage/v1"
)

// jsonPage is the most that the JSON API lists in one answer.
const jsonPage = 1000

// resource is an object's resource (JSON API reference, "Objects"). There are no access control lists in it.
func (o *gcsOwner) object(e gcsEntry) *raw.Object {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(gcsTime)
	}
	path := "/storage/v1/b/" + escape(o.bucket) + "/o/" + escape(e.Name)
	generation := strconv.FormatInt(e.Generation, 10)
	out := &raw.Object{
		Kind: "storage#object", Id: o.bucket + "/" + e.Name + "/" + generation, Bucket: o.bucket, Name: e.Name,
		SelfLink: "https://www.googleapis.com" + path, MediaLink: "https://" + gcsHost + "/download" + path + "?generation=" + generation + "&alt=media",
		Generation: e.Generation, Metageneration: e.kept.metageneration, Size: uint64(e.Size), StorageClass: "STANDARD",
		ContentType: e.ContentType, ContentEncoding: e.ContentEncoding, ContentDisposition: e.ContentDisposition, ContentLanguage: e.ContentLanguage,
		CacheControl: e.CacheControl, Metadata: e.Metadata, Crc32c: e.Crc32c, Md5Hash: e.Md5Hash, Etag: e.Etag, KmsKeyName: e.kept.kmsKey,
		TimeCreated: at(e.Created), TimeFinalized: at(e.Created), TimeStorageClassUpdated: at(e.Created), Updated: at(e.Updated),
		TimeDeleted: at(e.Deleted), CustomTime: at(e.CustomTime), SoftDeleteTime: at(e.removed), HardDeleteTime: at(e.vanishes),
		ForceSendFields: []string{"Size"},
	}
	if e.kept.etag != "" { // made of parts
		out.Md5Hash, out.Etag = "", e.kept.etag
	}
	return out
}

func (f *gcsFront) listJSON(q *gcsRequest) *gcsError {
	l := gcsListing{
		prefix: q.query.Get("prefix"), delimiter: q.query.Get("delimiter"), start: q.query.Get("startOffset"), end: q.query.Get("endOffset"),
		versions: q.query.Get("versions") == "true", removed: q.query.Get("softDeleted") == "true",
		delimiterIsAnObject: q.query.Get("includeTrailingDelimiter") == "true", most: jsonPage,
	}
	if l.versions && l.removed {
		return invalid("softDeleted and versions can't both be true.")
	}
	if text := q.query.Get("maxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return invalid("Invalid value for maxResults.")
		}
		if n > 0 {
			l.most = min(n, jsonPage)
		}
	}
	if token := q.query.Get("pageToken"); token != "" && !l.resume(token) {
		return invalid("Invalid pageToken.")
	}
	page, err := f.owner.storage.list(l)
	if err != nil {
		return broken("listed")
	}
	out := raw.Objects{Kind: "storage#objects", Prefixes: page.prefixes}
	for _, e := range page.entries {
		out.Items = append(out.Items, f.owner.object(e))
	}
	if page.more {
		out.NextPageToken = page.token()
	}
	return q.answer(&out)
}

// generation is the one a request names, 0 for the live object.
func generation(q url.Values) (int64, *gcsError) {
	n, err := number(q.Get("generation"))
	if n == nil {
		return 0, err
	}
	return *n, nil
}

func (f *gcsFront) getJSON(q *gcsRequest) *gcsError {
	n, refusal := generation(q.query)
	if refusal != nil {
		return refusal
	}
	media := q.query.Get("alt") == "media" || q.r.Method == http.MethodHead
	if q.query.Get("softDeleted") == "true" {
		if n == 0 || media {
			return invalid("A soft-deleted object has to be named by its generation, and can't be read.")
		}
		r, ok := f.owner.storage.findRemoved(q.key, n)
		if !ok {
			return f.missing(q.caller, q.key)
		}
		return q.answer(f.owner.object(gcsEntry{r.object.ObjectAttrs, r.kept, r.at, r.until}))
	}
	c, refusal := readConditions(q.query, "")
	if refusal != nil {
		return refusal
	}
	e, ok := f.owner.storage.look(q.key, n)
	if !ok {
		return f.missing(q.caller, q.key)
	}
	if err := c.check(e, true, true); err != nil {
		return err
	}
	if !media {
		return q.answer(f.owner.object(e))
	}
	o, kept, ok := f.owner.storage.open(q.key, e.Generation)
	if !ok {
		return f.missing(q.caller, q.key)
	}
	defer func() { _ = o.Close() }()
	f.serveContent(q.w, q.r, o, kept)
	return nil
}

// named finds the object of a change and checks the request's preconditions. The front's lock is held.
func (f *gcsFront) named(q *gcsRequest) (gcsEntry, int64, *gcsError) {
	n, refusal := generation(q.query)
	if refusal != nil {
		return gcsEntry{}, 0, refusal
	}
	c, refusal := readConditions(q.query, "")
	if refusal != nil {
		return gcsEntry{}, 0, refusal
	}
	e, ok := f.owner.storage.look(q.key, n)
	if !ok {
		return e, 0, f.missing(q.caller, q.key)
	}
	return e, n, c.check(e, true, false)
}

func (f *gcsFront) deleteJSON(q *gcsRequest) *gcsError {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, n, refusal := f.named(q)
	if refusal != nil {
		return refusal
	}
	if err := f.owner.storage.remove(q.key, n); err != nil {
		return broken("removed")
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (f *gcsFront) changeJSON(q *gcsRequest) *gcsError {
	update := map[string]json.RawMessage{}
	if err := strictJSON(q.body(), &update); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	e, _, refusal := f.named(q)
	if refusal != nil {
		return refusal
	}
	shown := f.owner.object(e)
	attrs, refusal := takeAttributes(e.ObjectAttrs, shown, update, q.r.Method == http.MethodPatch)
	if refusal != nil {
		return refusal
	}
	o, kept, ok := f.owner.storage.get(q.key, e.Generation)
	if !ok {
		return f.missing(q.caller, q.key)
	}
	o.ObjectAttrs = attrs
	if err := f.owner.storage.amend(o, kept); err != nil {
		return broken("changed")
	}
	e, _ = f.owner.storage.look(q.key, e.Generation)
	return q.answer(f.owner.object(e))
}

// restoreJSON makes a live copy of a soft-deleted object, with a generation of its own; the soft-deleted one stays until its
// time is over (JSON API reference, "Objects: restore").
func (f *gcsFront) restoreJSON(q *gcsRequest) *gcsError {
	if q.query.Get("copySourceAcl") == "true" {
		return uniform("insert legacy ACL for an object")
	}
	n, refusal := generation(q.query)
	if refusal != nil || n == 0 {
		return invalid("Required parameter: generation")
	}
	if text := q.body(); len(text) > 0 && !sameJSON(text, json.RawMessage(`{}`)) {
		return unimplemented("a restoration with changed metadata")
	}
	if err := f.permit(q.caller, "storage.objects.create"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.overwrite(q.caller, q.key, func() (gcsConditions, *gcsError) { return readConditions(q.query, "") }); err != nil {
		return err
	}
	r, ok := f.owner.storage.findRemoved(q.key, n)
	if !ok {
		return f.missing(q.caller, q.key)
	}
	e, err := f.owner.storage.put(r.object.ObjectAttrs, r.kept, r.object.Content)
	if err != nil {
		return broken("restored")
	}
	return q.answer(f.owner.object(e))
}

// overwrite checks the preconditions of what makes an object, and whether the caller may replace the one that is there. The
// front's lock is held.
func (f *gcsFront) overwrite(caller gcsCaller, key string, read func() (gcsConditions, *gcsError)) *gcsError {
	c, refusal := read()
	if refusal != nil {
		return refusal
	}
	e, there := f.owner.storage.look(key, 0)
	if there {
		if err := f.permit(caller, "storage.objects.delete"); err != nil {
			return err
		}
	}
	return c.check(e, there, false)
}

// copyJSON copies an object within the bucket, all at once (JSON API reference, "Objects: rewrite", "Objects: copy").
func (f *gcsFront) copyJSON(q *gcsRequest) *gcsError {
	if len(q.rest) != 3 || q.rest[2] == "" {
		return invalid("Required")
	}
	if q.rest[0] != f.owner.bucket {
		return noBucket()
	}
	to := q.rest[2]
	if len(to) > keyLimit {
		return invalid("The object name is too long.")
	}
	if err := f.permit(q.caller, "storage.objects.create"); err != nil {
		return err
	}
	update := map[string]json.RawMessage{}
	if text := q.body(); len(text) > 0 {
		if err := strictJSON(text, &update); err != nil {
			return err
		}
	}
	source, refusal := number(q.query.Get("sourceGeneration"))
	if refusal != nil {
		return refusal
	}
	if source == nil {
		source = new(int64)
	}
	conditions, refusal := readConditions(q.query, "Source")
	if refusal != nil {
		return refusal
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	o, kept, ok := f.owner.storage.get(q.key, *source)
	if !ok {
		return f.missing(q.caller, q.key)
	}
	if err := conditions.check(gcsEntry{ObjectAttrs: o.ObjectAttrs, kept: kept}, true, false); err != nil {
		return err
	}
	if err := f.overwrite(q.caller, to, func() (gcsConditions, *gcsError) { return readConditions(q.query, "") }); err != nil {
		return err
	}
	attrs := o.ObjectAttrs
	attrs.Name = to
	if len(update) > 0 {
		fresh := fakestorage.ObjectAttrs{Name: to, ContentType: attrs.ContentType}
		if attrs, refusal = takeAttributes(fresh, &raw.Object{Bucket: f.owner.bucket, Name: to, Kind: "storage#object"}, update, true); refusal != nil {
			return refusal
		}
	}
	key, refusal := f.owner.kmsKey(q.query.Get("destinationKmsKeyName"))
	if refusal != nil {
		return refusal
	}
	e, err := f.owner.storage.put(attrs, gcsKept{kmsKey: key, etag: kept.etag}, o.Content)
	if err != nil {
		return broken("copied")
	}
	made := f.owner.object(e)
	if strings.Contains(q.r.URL.EscapedPath(), "/rewriteTo/") {
		return q.answer(&raw.RewriteResponse{Kind: "storage#rewriteResponse", Done: true, ObjectSize: int64(made.Size), TotalBytesRewritten: int64(made.Size),
			Resource: made, ForceSendFields: []string{"ObjectSize", "TotalBytesRewritten"}})
	}
	return q.answer(made)
}
