package cors

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

// Limits of Azure (Azure Storage REST API, "Set Blob Service Properties" and "Cross-origin resource sharing support").
const (
	azureRules    = 5
	azureLiteral  = 64
	azurePrefixed = 2
	azureLength   = 256
)

var (
	azureFields  = []string{"AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposedHeaders", "MaxAgeInSeconds"}
	azureMethods = []string{"DELETE", "GET", "HEAD", "MERGE", "POST", "OPTIONS", "PUT", "PATCH"}
)

// readAzure reads what az storage cors list prints, the "cors" of az storage account blob-service-properties show, or the
// XML of the service's properties.
func readAzure(document []byte) (*Policy, error) {
	if trimmed := bytes.TrimSpace(document); bytes.HasPrefix(trimmed, []byte("<")) {
		return readAzureXML(trimmed)
	}
	n, err := tree.Parse(document)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	if n.Kind == tree.Object { // {"cors": {"corsRules": [...]}} among other properties, or one of the two alone
		if inner := n.Get("cors"); inner != nil {
			n = inner
		}
		if inner := n.Get("corsRules"); n.Kind == tree.Object && inner != nil {
			n = inner
		}
	}
	switch n.Kind {
	case tree.Null:
		n = &tree.Node{Kind: tree.Array, Line: n.Line}
	case tree.Array:
	default:
		return nil, &Error{Line: n.Line, Problem: "this is neither a list of rules nor properties with cors", Fix: "az storage cors list --services b -o json prints one"}
	}
	p := &Policy{}
	for i, item := range n.Items {
		r, err := azureJSONRule(item)
		if err == nil {
			err = checkAzure(r)
		}
		if err != nil {
			err.Rule = i + 1
			return nil, err
		}
		p.azureAdd(r)
	}
	return p, tooMany(p)
}

// azureAdd keeps a rule where it belongs.
func (p *Policy) azureAdd(r Rule) {
	if r.Service == "" {
		p.Rules = append(p.Rules, r)
	} else {
		p.Elsewhere = append(p.Elsewhere, r)
	}
}

func tooMany(p *Policy) error {
	if len(p.Rules) > azureRules {
		return &Error{Problem: fmt.Sprintf("there are %d rules, and a service takes %d", len(p.Rules), azureRules), Fix: "join some"}
	}
	return nil
}

func azureJSONRule(n *tree.Node) (Rule, *Error) {
	var r Rule
	if n.Kind != tree.Object {
		return r, &Error{Line: n.Line, Problem: fmt.Sprintf("a rule is %s, and must be an object", n.Kind)}
	}
	seen := map[string]bool{}
	for _, m := range n.Members {
		name := strings.ToUpper(m.Key[:min(1, len(m.Key))]) + m.Key[min(1, len(m.Key)):] // az prints either case
		if seen[name] {
			return r, &Error{Line: m.Line, Field: m.Key, Problem: "stands twice"}
		}
		seen[name] = true
		var err *Error
		switch name {
		case "AllowedOrigins":
			r.Origins, err = azureWords(m)
		case "AllowedMethods":
			r.Methods, err = azureWords(m)
		case "AllowedHeaders":
			r.Headers, err = azureWords(m)
		case "ExposedHeaders":
			r.Expose, err = azureWords(m)
		case "MaxAgeInSeconds":
			r.MaxAge, err = seconds(m)
		case "Service":
			r.Service = azureService(m.Value.Text)
		default:
			return r, unknownField(m, azureFields, "a CORS rule of Azure")
		}
		if err != nil {
			return r, err
		}
	}
	for _, f := range azureFields {
		if !seen[f] {
			return r, &Error{Field: f, Problem: "is missing, and a rule needs all five fields", Fix: "they are " + strings.Join(azureFields, ", ")}
		}
	}
	return r, nil
}

// azureWords reads a list, or the comma-separated string of the REST API; null is an empty one.
func azureWords(m tree.Member) ([]string, *Error) {
	if m.Value.Kind == tree.Null {
		return nil, nil
	}
	values, err := m.Value.Strings()
	if err != nil {
		return nil, &Error{Line: m.Line, Field: m.Key, Problem: err.Error()}
	}
	var out []string
	for _, v := range values {
		out = append(out, split(v)...)
	}
	return out, nil
}

func split(s string) (out []string) {
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// azureService is "" for the blob service, else the service in a word.
func azureService(s string) string {
	switch strings.ToLower(s) {
	case "b", "blob", "":
		return ""
	case "f":
		return "file"
	case "q":
		return "queue"
	case "t":
		return "table"
	}
	return strings.ToLower(s)
}

func readAzureXML(document []byte) (*Policy, error) {
	root, err := readXML(document)
	if err != nil {
		return nil, err
	}
	cors := root
	if root.name == "StorageServiceProperties" {
		cors = &element{}
		for _, e := range root.children {
			if e.name == "Cors" {
				cors = e
			}
		}
	} else if root.name != "Cors" {
		return nil, &Error{Problem: fmt.Sprintf("the document is a %q, and must be StorageServiceProperties", root.name)}
	}
	p := &Policy{}
	for i, e := range cors.children {
		if e.name != "CorsRule" {
			return nil, &Error{Field: e.name, Problem: "no element of Cors", Fix: "write CorsRule"}
		}
		n := &tree.Node{Kind: tree.Object}
		for _, f := range e.children {
			kind := tree.String
			if f.name == "MaxAgeInSeconds" {
				kind = tree.Number
			}
			n.Members = append(n.Members, tree.Member{Key: f.name, Value: &tree.Node{Kind: kind, Text: f.text}})
		}
		r, err := azureJSONRule(n)
		if err == nil {
			err = checkAzure(r)
		}
		if err != nil {
			err.Rule = i + 1
			return nil, err
		}
		p.azureAdd(r)
	}
	return p, tooMany(p)
}

func checkAzure(r Rule) *Error {
	switch {
	case len(r.Origins) == 0:
		return &Error{Field: "AllowedOrigins", Problem: "a rule needs one at least", Fix: "name the W&B front end's origin, or *"}
	case len(r.Methods) == 0:
		return &Error{Field: "AllowedMethods", Problem: "a rule needs one at least", Fix: "write GET,HEAD,PUT"}
	case r.MaxAge == nil:
		return &Error{Field: "MaxAgeInSeconds", Problem: "is missing, and a rule needs all five fields", Fix: "write 3000"}
	}
	for _, m := range r.Methods {
		if !slices.Contains(azureMethods, m) {
			return &Error{Field: "AllowedMethods", Problem: fmt.Sprintf("Azure takes no %q", m), Fix: "it takes " + strings.Join(azureMethods, ", ")}
		}
	}
	for _, o := range r.Origins {
		if len(o) > azureLength {
			return &Error{Field: "AllowedOrigins", Problem: fmt.Sprintf("an origin is longer than %d characters", azureLength)}
		}
	}
	for _, f := range []struct {
		name   string
		values []string
	}{{"AllowedHeaders", r.Headers}, {"ExposedHeaders", r.Expose}} {
		literal, prefixed := 0, 0
		for _, h := range f.values {
			switch {
			case len(h) > azureLength:
				return &Error{Field: f.name, Problem: fmt.Sprintf("a header is longer than %d characters", azureLength)}
			case strings.HasSuffix(h, "*"):
				prefixed++
			case strings.Contains(h, "*"):
				return &Error{Field: f.name, Problem: fmt.Sprintf("%q has its * elsewhere than at the end", h)}
			default:
				literal++
			}
		}
		if literal > azureLiteral || prefixed > azurePrefixed {
			return &Error{Field: f.name, Problem: fmt.Sprintf("Azure takes %d headers and %d with a * at the end", azureLiteral, azurePrefixed), Fix: "write * alone"}
		}
	}
	return nil
}

// azureOrigin is what a rule answers to an origin: literal and in the same case, or *.
func (r *Rule) azureOrigin(origin string) string {
	if slices.Contains(r.Origins, "*") {
		return "*"
	}
	if slices.Contains(r.Origins, origin) {
		return origin
	}
	return ""
}

// azurePreflight is judged for the account's blob service: 200, 403 without a rule or with CORS off, 400 without origin or
// method.
func (p *Policy) azurePreflight(r Request) Answer {
	switch {
	case r.Origin == "":
		return Answer{Status: http.StatusBadRequest, Why: "a preflight without Origin"}
	case r.Method == "":
		return Answer{Status: http.StatusBadRequest, Why: "a preflight without Access-Control-Request-Method"}
	case len(p.Rules) == 0:
		return Answer{Status: http.StatusForbidden, Why: "CORS is not enabled for the blob service"}
	}
	for i := range p.Rules {
		rule := &p.Rules[i]
		allow := rule.azureOrigin(r.Origin)
		if allow == "" || !slices.Contains(rule.Methods, r.Method) || len(rule.refuses(r.Headers)) > 0 {
			continue
		}
		a := rule.azureAnswer(i+1, allow)
		a.Status = http.StatusOK
		a.Header.Set("Access-Control-Allow-Methods", r.Method)
		if asked := names(r.Headers); len(asked) > 0 {
			a.Header.Set("Access-Control-Allow-Headers", strings.Join(asked, ","))
		}
		a.Header.Set("Access-Control-Max-Age", strconv.Itoa(*rule.MaxAge))
		return a
	}
	return Answer{Status: http.StatusForbidden, Why: p.whyNot(r)}
}

func (p *Policy) azureActual(r Request) Answer {
	for i := range p.Rules {
		rule := &p.Rules[i]
		if allow := rule.azureOrigin(r.Origin); r.Origin != "" && allow != "" && slices.Contains(rule.Methods, r.Method) {
			a := rule.azureAnswer(i+1, allow)
			if len(rule.Expose) > 0 {
				a.Header.Set("Access-Control-Expose-Headers", strings.Join(rule.Expose, ","))
			}
			return a
		}
	}
	return Answer{Header: http.Header{}, Why: p.whyNot(r)}
}

func (r *Rule) azureAnswer(number int, allow string) Answer {
	a := Answer{Header: http.Header{}, Rule: number}
	a.Header.Set("Access-Control-Allow-Origin", allow)
	if allow != "*" {
		a.Header.Set("Access-Control-Allow-Credentials", "true")
		a.Header.Set("Vary", "Origin")
	}
	return a
}
