package isolation

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// aim is a URL that was minted for one thing and turned towards another.
type aim struct {
	what    string
	method  string
	url     string
	headers map[string]string
	body    []byte
}

// edited turns URLs of one team towards everything that is another's, or more than they were minted for.
func edited(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range teamsOn(t, s) {
		lots := s.Yard.Of(p)
		mine, theirs := scene.Place{Lot: lots[len(lots)-1]}, scene.Place{Lot: lots[min(1, len(lots)-1)]}
		beside := mine
		if s.Edition >= "2025-09" {
			mine.Path, beside.Path = "team", "team2"
		}
		st := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: []scene.Place{mine, theirs, beside}})
		defer st.Close()
		kappa, omega, next := belongings(st.Team("kappa", &mine)), belongings(st.Team("omega", &theirs)), belongings(st.Team("neighbour", &beside))
		get, err := kappa.tm.Member.Download(ctx, st.Instance, kappa.file.ID)
		t.Need("a URL for reading", err)
		put := kappa.tm.Declare(driver.RunFile, "coming.bin", []byte("control")).Upload
		control := func() run.Answer { return st.Send(get.Method, get.URL, get.Headers, nil) }
		for _, target := range []struct {
			where string
			b     things
		}{{"in another bucket", omega}, {"in the same bucket", next}} {
			there, err := target.b.tm.Member.Download(ctx, st.Instance, target.b.file.ID)
			t.Need("the neighbour's own URL", err)
			for _, a := range towards(t, target.where, get, put, there) {
				deny(t, st, p, a, control, target.b.file.Kept)
			}
		}
		for _, a := range more(t, get, put, kappa.file, theirs.Lot) {
			deny(t, st, p, a, control, func() string { return kappa.file.Kept() + omega.file.Kept() + next.file.Kept() })
		}
	}
}

func deny(t *run.T, st *scene.Stage, provider string, a aim, control func() run.Answer, kept func() string) {
	t.Denied(run.Denial{What: provider + ": " + a.what, Expected: "refused by the store (400, 401, 403, 404 or 409)", Control: control,
		Attempt: func() run.Answer { return st.Send(a.method, a.url, a.headers, a.body) },
		Refused: func(a run.Answer) bool {
			switch a.Status {
			case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusMethodNotAllowed:
				return true
			}
			return false
		}, Untouched: kept})
}

// towards turns URLs for reading and writing to the neighbour's object: its host and path with one's own signature.
func towards(t *run.T, where string, get, put, there *driver.Transfer) []aim {
	other := split(t, there.URL)
	turned := func(own string) string {
		u := split(t, own)
		u.Scheme, u.Host, u.Path, u.RawPath = other.Scheme, other.Host, other.Path, other.RawPath
		return u.String()
	}
	abuse := []byte("by the abuse")
	return []aim{
		{"a URL for reading turned to an object " + where, http.MethodGet, turned(get.URL), get.Headers, nil},
		{"a URL for writing turned to an object " + where, put.Method, turned(put.URL), put.Headers, abuse},
		{"a URL for reading turned to an object " + where + ", to write it", http.MethodPut, turned(get.URL), put.Headers, abuse},
		{"a URL for writing turned to an object " + where + ", to delete it", http.MethodDelete, turned(put.URL), nil, nil},
		{"a URL for writing turned to an object " + where + ", to read it", http.MethodGet, turned(put.URL), nil, nil},
		{"the neighbour's URL without its signature, " + where, http.MethodGet, strings.Split(there.URL, "?")[0], nil, nil},
	}
}

// more asks of one's own URLs for more than they were minted for: other methods, the listing, the whole bucket.
func more(t *run.T, get, put *driver.Transfer, file *scene.File, other *run.Lot) []aim {
	abuse := []byte("by the abuse")
	listing := split(t, get.URL)
	at := strings.LastIndex(listing.EscapedPath(), (&url.URL{Path: file.Key}).EscapedPath())
	if at < 0 {
		t.Errorf("the key does not stand in the URL as it is")
	}
	path := listing.EscapedPath()[:at]
	listing.Path, listing.RawPath = path, ""
	query := listing.RawQuery
	listing.RawQuery = query + "&list-type=2&restype=container&comp=list"
	prefixed := *listing
	prefixed.RawQuery = query + "&prefix=team2%2F"
	up := split(t, get.URL)
	up.RawPath = strings.TrimSuffix(up.EscapedPath(), "/") + "%2F..%2F..%2Fx"
	up.Path, _ = url.PathUnescape(up.RawPath)
	bucket := split(t, get.URL)
	if own := file.Lot.Address.Bucket; strings.HasPrefix(bucket.Host, own+".") {
		bucket.Host = other.Address.Bucket + strings.TrimPrefix(bucket.Host, own)
	} else {
		bucket.RawPath = strings.Replace(bucket.EscapedPath(), "/"+own+"/", "/"+other.Address.Bucket+"/", 1)
		bucket.Path, _ = url.PathUnescape(bucket.RawPath)
	}
	return []aim{
		{"a URL for reading, to write", http.MethodPut, get.URL, put.Headers, abuse},
		{"a URL for reading, to delete", http.MethodDelete, get.URL, nil, nil},
		{"a URL for reading, to list the bucket", http.MethodGet, listing.String(), nil, nil},
		{"a URL for reading, to list the neighbour's prefix", http.MethodGet, prefixed.String(), nil, nil},
		{"a URL for reading with ..%2F behind its key", http.MethodGet, up.String(), nil, nil},
		{"a URL for reading with the bucket's name replaced", http.MethodGet, bucket.String(), nil, nil},
	}
}

func split(t *run.T, raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		t.Fail("a URL that can be read", "one that can't")
	}
	return u
}
