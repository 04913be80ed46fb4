package cors

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

// gcsMaxAge is how long a preflight's answer holds where an entry says nothing, in seconds.
const gcsMaxAge = 3600

// gcsFields are all fields of an entry (JSON API reference, Buckets, "cors[]").
var gcsFields = []string{"origin", "method", "responseHeader", "maxAgeSeconds"}

// gcsMethods are the methods that an entry may name ("Set up and view CORS configurations": any HTTP method, or *).
var gcsMethods = []string{"*", "GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"}

// readGCS reads the list that gsutil and gcloud take, an object with "cors" (the JSON API's bucket) or with "cors_config"
// (what gcloud storage buckets describe prints).
func readGCS(document []byte) (*Policy, error) {
	n, err := tree.Parse(document)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	if n.Kind == tree.Object {
		n, err = gcsWrapped(n)
		if err != nil {
			return nil, err
		}
	}
	if n.Kind != tree.Array {
		return nil, &Error{Line: n.Line, Problem: fmt.Sprintf("the entries are %s, and must be a list", n.Kind)}
	}
	p := &Policy{Provider: GCP}
	for i, item := range n.Items {
		if err := p.gcsEntry(i+1, item); err != nil {
			err.Rule = i + 1
			return nil, err
		}
	}
	return p, nil
}

// gcsWrapped takes the entries out of a bucket's resource; a resource without any has no CORS.
func gcsWrapped(n *tree.Node) (*tree.Node, error) {
	for _, key := range []string{"cors", "cors_config"} {
		if entries := n.Get(key); entries != nil {
			if entries.Kind == tree.Null {
				return &tree.Node{Kind: tree.Array, Line: entries.Line}, nil
			}
			return entries, nil
		}
	}
	if kind := n.Get("kind"); kind != nil && kind.Text == "storage#bucket" || n.Get("storage_url") != nil {
		return &tree.Node{Kind: tree.Array, Line: n.Line}, nil
	}
	return nil, &Error{Line: n.Line, Problem: "this is neither a list of entries nor a bucket with cors", Fix: `write [{"origin": ["*"], ...}]`}
}

func (p *Policy) gcsEntry(number int, n *tree.Node) *Error {
	var r Rule
	if n.Kind != tree.Object {
		return &Error{Line: n.Line, Problem: fmt.Sprintf("an entry is %s, and must be an object", n.Kind)}
	}
	for _, m := range n.Members {
		var err *Error
		switch m.Key {
		case "origin":
			r.Origins, err = words(m)
		case "method":
			r.Methods, err = words(m)
		case "responseHeader":
			r.Headers, err = words(m)
			r.Expose = slices.Clone(r.Headers)
		case "maxAgeSeconds":
			r.MaxAge, err = seconds(m)
		default:
			p.drop(number, m)
		}
		if err != nil {
			return err
		}
	}
	for _, method := range r.Methods {
		if !slices.Contains(gcsMethods, method) {
			return &Error{Field: "method", Problem: fmt.Sprintf("%q is no method", method), Fix: `write ["GET", "HEAD", "PUT"]`}
		}
	}
	p.Rules = append(p.Rules, r)
	return nil
}

// drop notes a field that Google keeps nothing of. exposeHeaders is the known mistake: W&B's own page has it
// (contradiction 3 of the sources).
func (p *Policy) drop(number int, m tree.Member) {
	d := Dropped{Rule: number, Field: m.Key, Fix: "the fields are " + strings.Join(gcsFields, ", ")}
	d.Values, _ = m.Value.Strings() // only shown: a field that is dropped may hold anything
	switch near := tree.Near(m.Key, gcsFields); {
	case strings.EqualFold(m.Key, "exposeHeaders"), strings.EqualFold(m.Key, "exposedHeaders"), strings.EqualFold(m.Key, "allowedHeaders"):
		d.Fix = "name these headers in responseHeader"
	case near != "":
		d.Fix = "write " + near
	}
	p.Dropped = append(p.Dropped, d)
}

// gcsMatch is the first entry that matches origin and method: it alone decides. Origins are literal but for "*" alone; no
// page of Google's documents a * within one.
func (p *Policy) gcsMatch(origin, method string) (number int, allow string) {
	for i := range p.Rules {
		r := &p.Rules[i]
		switch {
		case !slices.Contains(r.Methods, "*") && !slices.Contains(r.Methods, method):
		case slices.Contains(r.Origins, "*"):
			return i + 1, "*"
		case slices.Contains(r.Origins, origin):
			return i + 1, origin
		}
	}
	return 0, ""
}

// gcsPreflight answers 200 whatever comes of it: without a match it tells nothing, and the browser stops there. With one
// it tells all that the entry shares, whatever headers were asked for.
func (p *Policy) gcsPreflight(r Request) Answer {
	a := Answer{Status: http.StatusOK, Header: http.Header{}}
	number, allow := p.gcsMatch(r.Origin, r.Method)
	if number == 0 {
		a.Why = p.whyNot(r)
		return a
	}
	rule := &p.Rules[number-1]
	a.Rule = number
	a.Header.Set("Access-Control-Allow-Origin", allow)
	methods := strings.Join(rule.Methods, ", ")
	if slices.Contains(rule.Methods, "*") {
		methods = r.Method
	}
	a.Header.Set("Access-Control-Allow-Methods", methods)
	if len(rule.Headers) > 0 {
		a.Header.Set("Access-Control-Allow-Headers", strings.Join(rule.Headers, ", "))
	}
	age := gcsMaxAge
	if rule.MaxAge != nil {
		age = *rule.MaxAge
	}
	a.Header.Set("Access-Control-Max-Age", strconv.Itoa(age))
	a.Header.Set("Vary", "Origin")
	return a
}

func (p *Policy) gcsActual(r Request) Answer {
	a := Answer{Header: http.Header{}}
	number, allow := p.gcsMatch(r.Origin, r.Method)
	if number == 0 {
		a.Why = p.whyNot(r)
		return a
	}
	a.Rule = number
	a.Header.Set("Access-Control-Allow-Origin", allow)
	if e := p.Rules[number-1].Expose; len(e) > 0 {
		a.Header.Set("Access-Control-Expose-Headers", strings.Join(e, ", "))
	}
	a.Header.Set("Vary", "Origin")
	return a
}
