package stores

import (
	"net/http"
	"net/url"
	"strconv"
)

// gcsConditions are preconditions on an object's generation and metageneration (Cloud Storage documentation, "Request
// preconditions"); an object that isn't there has generation 0.
type gcsConditions struct {
	match, notMatch, metaMatch, metaNotMatch *int64
}

func number(text string) (*int64, *gcsError) {
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return nil, invalid("Invalid generation %q.", text)
	}
	return &n, nil
}

// readConditions reads them from the parameters of the JSON API; middle is "Source" for those on a copy's source.
func readConditions(q url.Values, middle string) (c gcsConditions, refusal *gcsError) {
	for name, into := range map[string]**int64{
		"GenerationMatch": &c.match, "GenerationNotMatch": &c.notMatch, "MetagenerationMatch": &c.metaMatch, "MetagenerationNotMatch": &c.metaNotMatch,
	} {
		n, err := number(q.Get("if" + middle + name))
		if err != nil {
			return c, err
		}
		*into = n
	}
	return c, nil
}

// headerConditions reads them from the headers of the XML API.
func headerConditions(h http.Header) (c gcsConditions, refusal *gcsError) {
	if c.match, refusal = number(h.Get("X-Goog-If-Generation-Match")); refusal != nil {
		return c, refusal
	}
	c.metaMatch, refusal = number(h.Get("X-Goog-If-Metageneration-Match"))
	return c, refusal
}

// check compares them with an object. To a reader, what should not match and does is not modified.
func (c gcsConditions) check(e gcsEntry, found, reading bool) *gcsError {
	var generation, meta int64
	if found {
		generation, meta = e.Generation, e.kept.metageneration
	}
	if c.match != nil && *c.match != generation || c.metaMatch != nil && (!found || *c.metaMatch != meta) {
		return unmet()
	}
	if c.notMatch != nil && *c.notMatch == generation || c.metaNotMatch != nil && found && *c.metaNotMatch == meta {
		if reading {
			return &gcsError{status: http.StatusNotModified, Code: "NotModified", reason: "notModified"}
		}
		return unmet()
	}
	return nil
}
