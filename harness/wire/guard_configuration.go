package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Configuration is a document of a bucket that prescribe --apply may replace.
type Configuration string

// The two documents. On Google Cloud Storage the policy is the bucket's IAM policy; Azure's containers have none.
const (
	Rules  Configuration = "cors"
	Policy Configuration = "policy"
)

// replacements is how often a document may be written: once as it is prescribed, and once as it was before.
const replacements = 2

// documentBytes is the longest document that is let through; the providers take less.
const documentBytes = 1 << 20

// NewConfigurationGuard makes the one Guard that lets a bucket's configuration be written: each of the documents named, whole,
// twice at most, and nothing else: no object, no other document, and nothing is removed. It lets nothing through before
// Begin. A scope for it has no prefix. It is for prescribe --apply alone.
func NewConfigurationGuard(s Scope, documents ...Configuration) (*Guard, error) {
	if s.Prefix != "" {
		return nil, errors.New("guard: what writes a configuration writes below no prefix")
	}
	if err := s.sound(); err != nil {
		return nil, err
	}
	left := map[Configuration]int{}
	for _, d := range documents {
		if d != Rules && (d != Policy || s.Dialect == Azure) {
			return nil, fmt.Errorf("guard: %q is no document to write", d)
		}
		left[d] = replacements
	}
	if len(left) == 0 {
		return nil, errors.New("guard: no document")
	}
	s.Hosts = slices.Clone(s.Hosts)
	return &Guard{scope: s, keys: map[string]bool{}, documents: left, closed: "nobody has agreed to it yet"}, nil
}

// configures decides on a request that is no read.
func (g *Guard) configures(req *http.Request) error {
	which, err := g.scope.configuration(req)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	left, ok := g.documents[which]
	switch {
	case !ok:
		return fmt.Errorf("the document %q is not among those to write", which)
	case g.closed != "":
		return errors.New(g.closed)
	case left == 0:
		return fmt.Errorf("the document %q was written %d times", which, replacements)
	}
	g.documents[which]--
	g.requests++
	return nil
}

// configuration says which document a request replaces; an error when that is not all that it does.
func (s *Scope) configuration(req *http.Request) (Configuration, error) {
	how := s.style(req)
	switch {
	case req.Host != "" && spelled(req.URL.Scheme, req.Host) != spelled(req.URL.Scheme, req.URL.Host):
		return "", fmt.Errorf("the Host header names %q, the URL %q", req.Host, req.URL.Host)
	case how == elsewhere:
		return "", fmt.Errorf("%q is not a host of this bucket", req.URL.Host)
	}
	q, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return "", errors.New("its query can't be read")
	}
	for _, fields := range []http.Header{req.Header, req.Trailer} {
		for name := range fields {
			if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-") && !listed(writeFields[s.Dialect], lower) {
				return "", fmt.Errorf("header %s is no part of writing a document", name)
			}
		}
	}
	body, err := documentBody(req)
	if err != nil {
		return "", err
	}
	path := req.URL.EscapedPath()
	switch s.Dialect {
	case GCS:
		return s.googleConfiguration(req.Method, path, q, body)
	case Azure:
		if req.Method != http.MethodPut || strings.TrimSuffix(path, "/") != s.PathPrefix || !only(q, map[string]string{"restype": "service", "comp": "properties"}, "timeout") {
			return "", errors.New("only the blob service's properties are written")
		}
		if root, children := outline(body); root != "StorageServiceProperties" || !slices.Equal(children, []string{"Cors"}) {
			return "", errors.New("of the blob service's properties only the CORS rules are written")
		}
		return Rules, nil
	}
	at := "/"
	if how == inPath {
		at = s.PathPrefix + "/" + s.Bucket
	}
	if req.Method != http.MethodPut || strings.TrimSuffix(path, "/") != strings.TrimSuffix(at, "/") {
		return "", errors.New("only documents of this bucket are written")
	}
	switch root, _ := outline(body); {
	case only(q, map[string]string{"cors": ""}, "x-id") && root == "CORSConfiguration":
		return Rules, nil
	case only(q, map[string]string{"policy": ""}, "x-id") && len(object(body)["Statement"]) > 0:
		return Policy, nil
	}
	return "", errors.New("only CORS rules and a bucket policy are written, each as a whole document")
}

func (s *Scope) googleConfiguration(method, path string, q url.Values, body []byte) (Configuration, error) {
	at := "/storage/v1/b/" + s.Bucket
	fields := object(body)
	switch {
	case method == http.MethodPatch && path == at && only(q, nil, "alt", "prettyPrint", "ifMetagenerationMatch"):
		if len(fields) == 1 && fields["cors"] != nil && q.Get("ifMetagenerationMatch") != "" {
			return Rules, nil
		}
		return "", errors.New("of the bucket's resource only the CORS rules are written, and only in the state in which they were read")
	case method == http.MethodPut && path == at+"/iam" && only(q, nil, "alt", "prettyPrint"):
		if fields["bindings"] != nil && len(fields["etag"]) > len(`""`) {
			return Policy, nil
		}
		return "", errors.New("an IAM policy is written with its etag alone")
	}
	return "", errors.New("only the CORS rules and the IAM policy of this bucket are written")
}

// only reports whether a query holds these parameters with these values, each once, and besides at most those named.
func only(q url.Values, needed map[string]string, besides ...string) bool {
	for name, values := range q {
		want, must := needed[name]
		if len(values) != 1 || must && values[0] != want || !must && !slices.Contains(besides, name) {
			return false
		}
	}
	for name := range needed {
		if !q.Has(name) {
			return false
		}
	}
	return true
}

// documentBody reads a document, and puts it back.
func documentBody(req *http.Request) ([]byte, error) {
	if n := bodyLength(req); n <= 0 || n > documentBytes || req.Header.Get("Content-Encoding") != "" {
		return nil, errors.New("it brings no document of a known length")
	}
	raw, err := io.ReadAll(io.LimitReader(req.Body, documentBytes))
	_ = req.Body.Close()
	if err != nil {
		return nil, errors.New("its document can't be read")
	}
	req.Body, req.GetBody = io.NopCloser(bytes.NewReader(raw)), nil // GetBody might give another body than the one that was read
	return raw, nil
}

// object are the members of a JSON object, nil for anything else.
func object(body []byte) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return nil
	}
	return fields
}

// outline is the name of an XML document's root and the names of its children; "" for anything else.
func outline(body []byte) (root string, children []string) {
	depth := 0
	for d := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && depth == 0 {
			return root, children
		}
		if err != nil {
			return "", nil
		}
		switch x := token.(type) {
		case xml.StartElement:
			switch {
			case depth == 0 && root == "":
				root = x.Name.Local
			case depth == 0:
				return "", nil
			case depth == 1:
				children = append(children, x.Name.Local)
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
}
