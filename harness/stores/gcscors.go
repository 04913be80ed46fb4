package stores

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// corsMaxAge is how long a preflight's answer holds where an entry says nothing.
const corsMaxAge = 3600

// gcsCORSEntry is one entry of a bucket's CORS configuration; there are no other fields (JSON API reference, Buckets, "cors[]").
type gcsCORSEntry struct {
	Origin         []string `json:"origin,omitempty"`
	Method         []string `json:"method,omitempty"`
	ResponseHeader []string `json:"responseHeader,omitempty"`
	MaxAgeSeconds  *int     `json:"maxAgeSeconds,omitempty"`
}

// readGCSCORS reads a configuration and returns what is kept of it: fields that aren't any get lost.
func readGCSCORS(document []byte) (entries []gcsCORSEntry, kept string, err error) {
	if err := json.Unmarshal(document, &entries); err != nil {
		return nil, "", fmt.Errorf("read the CORS configuration: %w", err)
	}
	if len(entries) == 0 {
		return nil, "", nil
	}
	b, err := json.Marshal(entries)
	if err != nil {
		return nil, "", fmt.Errorf("keep the CORS configuration: %w", err)
	}
	return entries, string(b), nil
}

// allows returns the value of Access-Control-Allow-Origin, "" if the entry doesn't match. Origins and methods are literal,
// but for "*" alone (Cloud Storage documentation, "Cross-origin resource sharing").
func (e *gcsCORSEntry) allows(origin, method string) string {
	switch {
	case !slices.Contains(e.Method, "*") && !slices.Contains(e.Method, method):
	case slices.Contains(e.Origin, "*"):
		return "*"
	case slices.Contains(e.Origin, origin):
		return origin
	}
	return ""
}

// cors adds to an answer what the bucket's CORS configuration shares: the first entry that matches origin and method
// decides. Only the XML API obeys the bucket's configuration. To a preflight the entry tells all it allows, whatever headers
// were asked for: it is the browser that compares.
func (f *gcsFront) cors(h http.Header, r *http.Request) {
	entries := f.owner.resource.corsEntries()
	if len(entries) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	origin, method := r.Header.Get("Origin"), r.Method
	preflight := r.Method == http.MethodOptions
	if preflight {
		method = r.Header.Get("Access-Control-Request-Method")
	}
	if origin == "" || method == "" {
		return
	}
	for i := range entries {
		e := &entries[i]
		allowed := e.allows(origin, method)
		if allowed == "" {
			continue
		}
		h.Set("Access-Control-Allow-Origin", allowed)
		shared := strings.Join(e.ResponseHeader, ", ")
		switch {
		case preflight:
			age := corsMaxAge
			if e.MaxAgeSeconds != nil {
				age = *e.MaxAgeSeconds
			}
			methods := strings.Join(e.Method, ", ")
			if slices.Contains(e.Method, "*") {
				methods = method
			}
			h.Set("Access-Control-Max-Age", strconv.Itoa(age))
			h.Set("Access-Control-Allow-Methods", methods)
			if shared != "" {
				h.Set("Access-Control-Allow-Headers", shared)
			}
		case shared != "":
			h.Set("Access-Control-Expose-Headers", shared)
		}
		return
	}
}
