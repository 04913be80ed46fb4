package stores

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// gcsEntry is an object as a listing or a resource has it.
type gcsEntry struct {
	fakestorage.ObjectAttrs
	kept              gcsKept
	removed, vanishes time.Time // of a soft-deleted object
}

// gcsListing is what is asked for, in either API (JSON API reference, "Objects: list"; XML API reference, "List objects").
type gcsListing struct {
	prefix, delimiter   string
	start, end          string // names from start on, before end
	after               string // a name or a prefix, and of that name the generations after afterGeneration
	afterGeneration     int64
	most                int
	versions, removed   bool
	delimiterIsAnObject bool // what ends in the delimiter is listed as an object, too
}

// gcsPage is a page of a listing: objects and prefixes in order, and what the next page begins after.
type gcsPage struct {
	entries         []gcsEntry
	prefixes        []string
	more            bool
	after           string
	afterGeneration int64
}

// token is a page's end as the JSON API hands it out.
func (p *gcsPage) token() string {
	return base64.URLEncoding.EncodeToString([]byte(strconv.FormatInt(p.afterGeneration, 10) + "/" + p.after))
}

// resume takes up a listing where a token says.
func (l *gcsListing) resume(token string) bool {
	text, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return false
	}
	generation, after, ok := strings.Cut(string(text), "/")
	if !ok {
		return false
	}
	l.after = after
	l.afterGeneration, err = strconv.ParseInt(generation, 10, 64)
	return err == nil
}

// all are the objects that may be in a listing, in order.
func (s *gcsStorage) all(l *gcsListing) ([]gcsEntry, error) {
	var out []gcsEntry
	if l.removed {
		for _, r := range s.softDeleted() {
			if strings.HasPrefix(r.object.Name, l.prefix) {
				out = append(out, gcsEntry{r.object.ObjectAttrs, r.kept, r.at, r.until})
			}
		}
	} else {
		list, err := s.objects.list(l.prefix, l.versions)
		if err != nil {
			return nil, fmt.Errorf("list objects: %w", err)
		}
		for _, a := range list {
			out = append(out, gcsEntry{ObjectAttrs: a, kept: s.keptOf(a.Name, a.Generation)})
		}
	}
	slices.SortFunc(out, func(a, b gcsEntry) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Generation, b.Generation))
	})
	return out, nil
}

func (s *gcsStorage) list(l gcsListing) (*gcsPage, error) {
	all, err := s.all(&l)
	if err != nil {
		return nil, err
	}
	page := &gcsPage{}
	full := func() bool {
		page.more = len(page.entries)+len(page.prefixes) >= l.most
		return page.more
	}
	for _, e := range all {
		if e.Name < l.start || l.end != "" && e.Name >= l.end {
			continue
		}
		if l.delimiter != "" {
			if i := strings.Index(e.Name[len(l.prefix):], l.delimiter); i >= 0 {
				prefix := e.Name[:len(l.prefix)+i+len(l.delimiter)]
				if prefix > l.after && !slices.Contains(page.prefixes, prefix) {
					if full() {
						return page, nil
					}
					page.prefixes = append(page.prefixes, prefix)
					page.after, page.afterGeneration = prefix, 0
				}
				if !l.delimiterIsAnObject || prefix != e.Name {
					continue
				}
			}
		}
		if e.Name < l.after || e.Name == l.after && e.Generation <= l.afterGeneration {
			continue
		}
		if full() {
			return page, nil
		}
		page.entries = append(page.entries, e)
		page.after, page.afterGeneration = e.Name, e.Generation
	}
	return page, nil
}
