package stores

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	raw "google.golang.org/api/storage/v1"
)

// gcsRemote is a bucket of a fake-gcs-server somewhere else, by its JSON API. It holds contents, generations and which of them is
// live; what an object is called besides (its type, metadata and so on) stays here, since the server would drop some of it.
type gcsRemote struct {
	client *http.Client
	base   string // scheme and host
	bucket string
	box    *box

	mu   sync.Mutex
	said map[string]fakestorage.ObjectAttrs // by name and generation
}

// do asks the server and decodes its answer. A status that isn't 2xx is an error.
func (g *gcsRemote) do(method, target string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, g.base+target, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask fake-gcs-server: %w", withoutURL(err))
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := g.client.Do(r)
	if err != nil {
		return fmt.Errorf("ask fake-gcs-server: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("it answered %d", resp.StatusCode)
	}
	if err != nil {
		return fmt.Errorf("ask fake-gcs-server: %w", err)
	}
	switch into := into.(type) {
	case nil:
		return nil
	case *[]byte:
		*into = text
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return errors.New("fake-gcs-server's answer isn't understood")
	}
	return nil
}

// object is where an object is asked for.
func (g *gcsRemote) object(key string, generation int64, q url.Values) string {
	if q == nil {
		q = url.Values{}
	}
	if generation != 0 {
		q.Set("generation", fmt.Sprint(generation))
	}
	return "/storage/v1/b/" + g.bucket + "/o/" + escape(key) + "?" + q.Encode()
}

// attributes joins what the server says of an object to what is kept here.
func (g *gcsRemote) attributes(o *raw.Object) fakestorage.ObjectAttrs {
	g.mu.Lock()
	a := g.said[generationOf(o.Name, o.Generation)]
	g.mu.Unlock()
	at := func(text string) time.Time {
		t, _ := time.Parse(time.RFC3339, text) // "" for what hasn't happened
		return t
	}
	a.BucketName, a.Name, a.Generation, a.Size = g.bucket, o.Name, o.Generation, int64(min(o.Size, 1<<62))
	a.Md5Hash, a.Crc32c, a.Etag, a.Deleted = o.Md5Hash, o.Crc32c, o.Etag, at(o.TimeDeleted)
	if a.Created.IsZero() {
		a.Created, a.Updated = at(o.TimeCreated), at(o.Updated)
	}
	return a
}

func (g *gcsRemote) look(key string, generation int64) (fakestorage.ObjectAttrs, bool) {
	var o raw.Object
	if err := g.do(http.MethodGet, g.object(key, generation, nil), nil, &o); err != nil {
		return fakestorage.ObjectAttrs{}, false
	}
	return g.attributes(&o), true
}

// open reads the object whole: the front's own conditions have to hold for what it answers with.
func (g *gcsRemote) open(key string, generation int64) (fakestorage.StreamingObject, error) {
	o, ok := g.get(key, generation)
	if !ok {
		return fakestorage.StreamingObject{}, errors.New("fake-gcs-server has no such object")
	}
	return o.StreamingObject(), nil
}

func (g *gcsRemote) get(key string, generation int64) (fakestorage.Object, bool) {
	a, ok := g.look(key, generation)
	if !ok {
		return fakestorage.Object{}, false
	}
	o := fakestorage.Object{ObjectAttrs: a}
	err := g.do(http.MethodGet, g.object(key, a.Generation, url.Values{"alt": {"media"}}), nil, &o.Content)
	return o, err == nil
}

func (g *gcsRemote) create(o fakestorage.Object) (int64, error) {
	var made raw.Object
	err := g.do(http.MethodPost, "/upload/storage/v1/b/"+g.bucket+"/o?"+url.Values{"uploadType": {"media"}, "name": {o.Name}}.Encode(), o.Content, &made)
	if err != nil {
		return 0, err
	}
	g.keep(o.ObjectAttrs, made.Generation)
	return made.Generation, nil
}

// keep keeps what an object is called besides.
func (g *gcsRemote) keep(a fakestorage.ObjectAttrs, generation int64) {
	a.Metadata = maps.Clone(a.Metadata)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.said[generationOf(a.Name, generation)] = a
}

func (g *gcsRemote) amend(o fakestorage.Object) error {
	g.keep(o.ObjectAttrs, o.Generation)
	return nil
}

func (g *gcsRemote) remove(key string, generation int64) error {
	if err := g.do(http.MethodDelete, g.object(key, generation, nil), nil, nil); err != nil {
		return err
	}
	if generation != 0 {
		g.mu.Lock()
		delete(g.said, generationOf(key, generation))
		g.mu.Unlock()
	}
	return nil
}

func (g *gcsRemote) list(prefix string, versions bool) (out []fakestorage.ObjectAttrs, err error) {
	q := url.Values{"prefix": {prefix}, "versions": {fmt.Sprint(versions)}}
	for {
		var page raw.Objects
		if err := g.do(http.MethodGet, "/storage/v1/b/"+g.bucket+"/o?"+q.Encode(), nil, &page); err != nil {
			return nil, err
		}
		for _, o := range page.Items {
			out = append(out, g.attributes(o))
		}
		if page.NextPageToken == "" {
			return out, nil
		}
		q.Set("pageToken", page.NextPageToken)
	}
}

func (g *gcsRemote) keepVersions(on bool) error {
	if err := g.do(http.MethodPatch, "/storage/v1/b/"+g.bucket, fmt.Appendf(nil, `{"versioning":{"enabled":%t}}`, on), nil); err != nil {
		return fmt.Errorf("change the bucket's versioning: %w", err)
	}
	return nil
}

// close removes the bucket with all its generations.
func (g *gcsRemote) close() error {
	if g.box.exited() {
		return nil
	}
	all, err := g.list("", true)
	for _, a := range all {
		err = errors.Join(err, g.remove(a.Name, a.Generation))
	}
	if err == nil {
		err = g.do(http.MethodDelete, "/storage/v1/b/"+g.bucket, nil, nil)
	}
	if err != nil && !g.box.exited() { // with its container it is gone anyway
		return fmt.Errorf("remove the bucket: %w", err)
	}
	return nil
}
