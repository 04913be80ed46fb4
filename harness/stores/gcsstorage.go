package stores

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// gcsStorage is a bucket's objects: fake-gcs-server holds them and their noncurrent generations; what it hasn't got, fields it
// would drop and objects that were removed, is here. Whoever changes something holds the front's lock.
type gcsStorage struct {
	objects gcsObjects
	bucket  string
	now     func() time.Time // ages what was removed
	// terms are how long removed objects are kept, and whether the bucket keeps versions.
	terms func() (soft time.Duration, versions bool)

	mu      sync.Mutex
	last    int64              // the latest generation
	kept    map[string]gcsKept // by name and generation
	removed []gcsRemoved
}

// gcsKept is what fake-gcs-server doesn't keep of an object.
type gcsKept struct {
	kmsKey         string // with its version
	etag           string // of an object made of parts: it has no MD5
	metageneration int64
}

// gcsRemoved is a soft-deleted object (Cloud Storage documentation, "Soft delete").
type gcsRemoved struct {
	object    fakestorage.Object
	kept      gcsKept
	at, until time.Time
}

func newGCSStorage(objects gcsObjects, bucket string, now func() time.Time) *gcsStorage {
	if now == nil {
		now = time.Now
	}
	return &gcsStorage{objects: objects, bucket: bucket, now: now, kept: map[string]gcsKept{}}
}

func generationOf(key string, generation int64) string {
	return strconv.FormatInt(generation, 10) + "/" + key
}

// look returns what is known of an object without its content. Generation 0 is the live one.
func (s *gcsStorage) look(key string, generation int64) (gcsEntry, bool) {
	a, ok := s.objects.look(key, generation)
	if !ok {
		return gcsEntry{}, false
	}
	return gcsEntry{ObjectAttrs: a, kept: s.keptOf(key, a.Generation)}, true
}

func (s *gcsStorage) keptOf(key string, generation int64) gcsKept {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[generationOf(key, generation)]
	if !ok {
		k.metageneration = 1
	}
	return k
}

// get reads an object whole.
func (s *gcsStorage) get(key string, generation int64) (fakestorage.Object, gcsKept, bool) {
	o, ok := s.objects.get(key, generation)
	return o, s.keptOf(key, o.Generation), ok
}

// open reads an object as it is asked for: a range of a large one is no reason to copy all of it.
func (s *gcsStorage) open(key string, generation int64) (fakestorage.StreamingObject, gcsKept, bool) {
	o, err := s.objects.open(key, generation)
	return o, s.keptOf(key, o.Generation), err == nil
}

// next is a generation nobody has: fake-gcs-server takes the microsecond, and two writes of one microsecond for one.
func (s *gcsStorage) next() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, time.Now().UnixMicro())
	return s.last
}

// put stores an object in the place of the live one, which becomes noncurrent, soft-deleted or nothing.
func (s *gcsStorage) put(attrs fakestorage.ObjectAttrs, kept gcsKept, content []byte) (gcsEntry, error) {
	var before fakestorage.Object
	var beforeKept gcsKept
	var replaced bool
	if soft, versions := s.terms(); soft > 0 && !versions {
		before, beforeKept, replaced = s.get(attrs.Name, 0)
	}
	attrs.BucketName, attrs.Generation = s.bucket, s.next()
	now := time.Now()
	attrs.Created, attrs.Updated, attrs.Deleted = now, now, time.Time{}
	kept.metageneration = 1
	s.keep(attrs.Name, attrs.Generation, kept)
	made, err := s.objects.create(fakestorage.Object{ObjectAttrs: attrs, Content: content})
	if err != nil || made != attrs.Generation {
		s.forget(attrs.Name, attrs.Generation)
	}
	if err != nil {
		return gcsEntry{}, fmt.Errorf("store %q: %w", attrs.Name, err)
	}
	attrs.Generation = made
	s.keep(attrs.Name, made, kept)
	if replaced {
		s.retire(before, beforeKept)
	}
	e, ok := s.look(attrs.Name, attrs.Generation)
	if !ok {
		return e, fmt.Errorf("store %q: it isn't there", attrs.Name)
	}
	return e, nil
}

func (s *gcsStorage) keep(key string, generation int64, k gcsKept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[generationOf(key, generation)] = k
}

func (s *gcsStorage) forget(key string, generation int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, generationOf(key, generation))
}

// amend changes an object's metadata in its generation, which fake-gcs-server does for an object it is given again.
func (s *gcsStorage) amend(o fakestorage.Object, kept gcsKept) error {
	o.Updated = time.Now()
	if err := s.objects.amend(o); err != nil {
		return fmt.Errorf("change %q: %w", o.Name, err)
	}
	kept.metageneration++
	s.keep(o.Name, o.Generation, kept)
	return nil
}

// remove removes the live object, or the generation that was named. A live object that wasn't named by its generation becomes
// noncurrent where the bucket keeps versions (Cloud Storage documentation, "Object Versioning").
func (s *gcsStorage) remove(key string, generation int64) (err error) {
	if _, versions := s.terms(); versions && generation == 0 {
		if _, ok := s.look(key, 0); !ok {
			return fmt.Errorf("remove %q: it isn't there", key)
		}
		err = s.objects.remove(key, 0)
	} else {
		o, kept, ok := s.get(key, generation)
		if !ok {
			return fmt.Errorf("remove %q: it isn't there", key)
		}
		if err = s.objects.remove(key, o.Generation); err == nil {
			s.retire(o, kept)
		}
	}
	if err != nil {
		return fmt.Errorf("remove %q: %w", key, err)
	}
	return nil
}

// retire keeps an object that was removed as long as the bucket's soft delete policy said at that moment.
func (s *gcsStorage) retire(o fakestorage.Object, kept gcsKept) {
	soft, _ := s.terms()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, generationOf(o.Name, o.Generation))
	if soft <= 0 {
		return
	}
	now := s.now()
	s.removed = append(s.removed, gcsRemoved{object: o, kept: kept, at: now, until: now.Add(soft)})
}

// softDeleted are the removed objects that are still kept.
func (s *gcsStorage) softDeleted() []gcsRemoved {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.removed = slices.DeleteFunc(s.removed, func(r gcsRemoved) bool { return !r.until.After(now) })
	return slices.Clone(s.removed)
}

func (s *gcsStorage) findRemoved(key string, generation int64) (gcsRemoved, bool) {
	for _, r := range s.softDeleted() {
		if r.object.Name == key && r.object.Generation == generation {
			return r, true
		}
	}
	return gcsRemoved{}, false
}

// purge removes everything of a name for good, as no client can.
func (s *gcsStorage) purge(key string) error {
	list, err := s.objects.list(key, true)
	if err != nil {
		return fmt.Errorf("remove %q for good: %w", key, err)
	}
	for _, a := range list {
		if a.Name != key {
			continue
		}
		if err := s.objects.remove(key, a.Generation); err != nil {
			return fmt.Errorf("remove %q for good: %w", key, err)
		}
		s.forget(key, a.Generation)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = slices.DeleteFunc(s.removed, func(r gcsRemoved) bool { return r.object.Name == key })
	return nil
}
