package stores

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// gcsObjects is what fake-gcs-server is to the front: where the objects of one bucket and their generations lie. It is asked by
// one caller at a time for what it changes.
type gcsObjects interface {
	// get reads an object whole, open as it is asked for, look without its content; generation 0 is the live one.
	get(key string, generation int64) (fakestorage.Object, bool)
	open(key string, generation int64) (fakestorage.StreamingObject, error)
	look(key string, generation int64) (fakestorage.ObjectAttrs, bool)
	// create stores an object in the place of the live one and returns its generation. It may be the one that was asked for.
	create(o fakestorage.Object) (int64, error)
	// amend changes an object's attributes in its generation.
	amend(o fakestorage.Object) error
	// remove removes a generation for good; 0 lets the live one become noncurrent where versions are kept.
	remove(key string, generation int64) error
	list(prefix string, versions bool) ([]fakestorage.ObjectAttrs, error)
	keepVersions(on bool) error
	close() error
}

// gcsLocal is fake-gcs-server in this process, by its own program interface.
type gcsLocal struct {
	server *fakestorage.Server
	bucket string
}

func newGCSLocal(bucket string) (*gcsLocal, error) {
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: "https://" + gcsHost, BucketsLocation: gcsRegion})
	if err != nil {
		return nil, fmt.Errorf("start fake-gcs-server: %w", err)
	}
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket})
	return &gcsLocal{server, bucket}, nil
}

func (l *gcsLocal) open(key string, generation int64) (fakestorage.StreamingObject, error) {
	if generation != 0 {
		return l.server.GetObjectWithGenerationStreaming(l.bucket, key, generation)
	}
	return l.server.GetObjectStreaming(l.bucket, key)
}

func (l *gcsLocal) look(key string, generation int64) (fakestorage.ObjectAttrs, bool) {
	o, err := l.open(key, generation)
	if err != nil {
		return fakestorage.ObjectAttrs{}, false
	}
	_ = o.Close()
	return o.ObjectAttrs, true
}

func (l *gcsLocal) get(key string, generation int64) (fakestorage.Object, bool) {
	o, err := l.open(key, generation)
	if err != nil {
		return fakestorage.Object{}, false
	}
	// BufferedObject would not ask for the length, and copy a large object many times over as its buffer grows.
	whole := fakestorage.Object{ObjectAttrs: o.ObjectAttrs, Content: make([]byte, o.Size)}
	_, err = io.ReadFull(o.Content, whole.Content)
	_ = o.Close()
	return whole, err == nil
}

func (l *gcsLocal) create(o fakestorage.Object) (int64, error) {
	return o.Generation, l.server.CreateObjectStreaming(o.StreamingObject())
}

func (l *gcsLocal) amend(o fakestorage.Object) error {
	return l.server.CreateObjectStreaming(o.StreamingObject())
}

func (l *gcsLocal) remove(key string, generation int64) error {
	if generation == 0 {
		return l.server.Backend().DeleteObject(l.bucket, key)
	}
	return l.server.Backend().DeleteObjectWithGeneration(l.bucket, key, generation)
}

func (l *gcsLocal) list(prefix string, versions bool) ([]fakestorage.ObjectAttrs, error) {
	r, err := l.server.ListObjectsWithOptionsPaginated(l.bucket, fakestorage.ListOptions{Prefix: prefix, Versions: versions})
	return r.Objects, err
}

// keepVersions asks by the server's JSON API: its program interface has nothing for it.
func (l *gcsLocal) keepVersions(on bool) error {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPatch, "https://"+gcsHost+"/storage/v1/b/"+l.bucket,
		strings.NewReader(fmt.Sprintf(`{"versioning":{"enabled":%t}}`, on)))
	if err != nil {
		return fmt.Errorf("change the bucket's versioning: %w", err)
	}
	w := &held{header: http.Header{}}
	l.server.HTTPHandler().ServeHTTP(w, r)
	if w.status != http.StatusOK {
		return fmt.Errorf("change the bucket's versioning: fake-gcs-server answers %d", w.status)
	}
	return nil
}

func (l *gcsLocal) close() error {
	l.server.Stop()
	return nil
}
