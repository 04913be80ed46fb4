package cors

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

// Limits and words of S3 (Amazon S3 User Guide, "Elements of a CORS configuration"; API reference, CORSRule).
const (
	s3Rules    = 100
	s3IDLength = 255
)

var (
	s3Fields  = []string{"ID", "AllowedHeaders", "AllowedMethods", "AllowedOrigins", "ExposeHeaders", "MaxAgeSeconds"}
	s3Methods = []string{"GET", "PUT", "POST", "DELETE", "HEAD"}
)

// readS3 reads a list of rules, an object with CORSRules (put-bucket-cors takes it, get-bucket-cors prints it), or the
// CORSConfiguration of the API.
func readS3(document []byte) (*Policy, error) {
	if trimmed := bytes.TrimSpace(document); bytes.HasPrefix(trimmed, []byte("<")) {
		return readS3XML(trimmed)
	}
	n, err := tree.Parse(document)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	if n.Kind == tree.Object {
		for _, m := range n.Members {
			if m.Key != "CORSRules" {
				return nil, &Error{Line: m.Line, Field: m.Key, Problem: "no field of a CORS configuration", Fix: `write {"CORSRules": [...]}, or the list alone`}
			}
		}
		if n = n.Get("CORSRules"); n == nil {
			return nil, &Error{Problem: "there are no CORSRules", Fix: `write {"CORSRules": [...]}, or the list alone`}
		}
	}
	if n.Kind != tree.Array {
		return nil, &Error{Line: n.Line, Problem: fmt.Sprintf("the rules are %s, and must be a list", n.Kind)}
	}
	p := &Policy{}
	for i, item := range n.Items {
		r, err := s3JSONRule(item)
		if err != nil {
			err.Rule = i + 1
			return nil, err
		}
		p.Rules = append(p.Rules, r)
	}
	return p, checkS3(p)
}

func s3JSONRule(n *tree.Node) (Rule, *Error) {
	var r Rule
	if n.Kind != tree.Object {
		return r, &Error{Line: n.Line, Problem: fmt.Sprintf("a rule is %s, and must be an object", n.Kind)}
	}
	for _, m := range n.Members {
		var err *Error
		switch m.Key {
		case "ID":
			if m.Value.Kind != tree.String {
				return r, &Error{Line: m.Line, Field: m.Key, Problem: fmt.Sprintf("is %s, and must be a string", m.Value.Kind)}
			}
			r.ID = m.Value.Text
		case "AllowedHeaders":
			r.Headers, err = words(m)
		case "AllowedMethods":
			r.Methods, err = words(m)
		case "AllowedOrigins":
			r.Origins, err = words(m)
		case "ExposeHeaders":
			r.Expose, err = words(m)
		case "MaxAgeSeconds":
			r.MaxAge, err = seconds(m)
		default:
			return r, unknownField(m, s3Fields, "a CORS rule of S3")
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// words reads a list of strings; a single string is a mistake that the providers' tools refuse.
func words(m tree.Member) ([]string, *Error) {
	if m.Value.Kind != tree.Array {
		return nil, &Error{Line: m.Line, Field: m.Key, Problem: fmt.Sprintf("is %s, and must be a list", m.Value.Kind), Fix: "put it into [ ]"}
	}
	out, err := m.Value.Strings()
	if err != nil {
		return nil, &Error{Line: m.Line, Field: m.Key, Problem: err.Error()}
	}
	return out, nil
}

func seconds(m tree.Member) (*int, *Error) {
	if m.Value.Kind == tree.Null {
		return nil, nil
	}
	n, err := strconv.ParseInt(m.Value.Text, 10, 32)
	if m.Value.Kind != tree.Number || err != nil || n < 0 {
		return nil, &Error{Line: m.Line, Field: m.Key, Problem: "must be a whole number of seconds", Fix: "write 3000"}
	}
	age := int(n)
	return &age, nil
}

func unknownField(m tree.Member, known []string, what string) *Error {
	fix := "the fields are " + strings.Join(known, ", ")
	if near := tree.Near(m.Key, known); near != "" {
		fix = "write " + near
	}
	return &Error{Line: m.Line, Field: m.Key, Problem: "no field of " + what, Fix: fix}
}

func readS3XML(document []byte) (*Policy, error) {
	root, err := readXML(document)
	if err != nil {
		return nil, err
	}
	if root.name != "CORSConfiguration" {
		return nil, &Error{Problem: fmt.Sprintf("the document is a %q, and must be a CORSConfiguration", root.name)}
	}
	p := &Policy{}
	known := []string{"ID", "AllowedHeader", "AllowedMethod", "AllowedOrigin", "ExposeHeader", "MaxAgeSeconds"}
	for i, e := range root.children {
		if e.name != "CORSRule" {
			return nil, &Error{Field: e.name, Problem: "no element of a CORSConfiguration", Fix: "write CORSRule"}
		}
		var r Rule
		for _, f := range e.children {
			switch f.name {
			case "ID":
				r.ID = f.text
			case "AllowedHeader":
				r.Headers = append(r.Headers, f.text)
			case "AllowedMethod":
				r.Methods = append(r.Methods, f.text)
			case "AllowedOrigin":
				r.Origins = append(r.Origins, f.text)
			case "ExposeHeader":
				r.Expose = append(r.Expose, f.text)
			case "MaxAgeSeconds":
				age, err := strconv.ParseInt(f.text, 10, 32)
				if err != nil || age < 0 {
					return nil, &Error{Rule: i + 1, Field: f.name, Problem: "must be a whole number of seconds", Fix: "write 3000"}
				}
				n := int(age)
				r.MaxAge = &n
			default:
				err := unknownField(tree.Member{Key: f.name}, known, "a CORSRule")
				err.Rule = i + 1
				return nil, err
			}
		}
		p.Rules = append(p.Rules, r)
	}
	return p, checkS3(p)
}

// checkS3 refuses what Amazon S3 refuses when a policy is set.
func checkS3(p *Policy) error {
	if len(p.Rules) > s3Rules {
		return &Error{Problem: fmt.Sprintf("there are %d rules, and S3 takes %d", len(p.Rules), s3Rules)}
	}
	for i, r := range p.Rules {
		say := func(field, problem, fix string) error {
			return &Error{Rule: i + 1, Field: field, Problem: problem, Fix: fix}
		}
		switch {
		case len(r.ID) > s3IDLength:
			return say("ID", fmt.Sprintf("is longer than %d characters", s3IDLength), "")
		case len(r.Methods) == 0:
			return say("AllowedMethods", "a rule needs one at least", `write ["GET", "HEAD", "PUT"]`)
		case len(r.Origins) == 0:
			return say("AllowedOrigins", "a rule needs one at least", "name the W&B front end's origin, or *")
		}
		for _, m := range r.Methods {
			if !slices.Contains(s3Methods, m) {
				return say("AllowedMethods", fmt.Sprintf("S3 takes no %q", m), "it takes "+strings.Join(s3Methods, ", ")+", in capitals; OPTIONS is answered without being named")
			}
		}
		for _, o := range r.Origins {
			if strings.Count(o, "*") > 1 {
				return say("AllowedOrigins", fmt.Sprintf("%q has more than one *", o), "S3 takes one in an origin")
			}
		}
		for _, h := range r.Headers {
			if strings.Count(h, "*") > 1 {
				return say("AllowedHeaders", fmt.Sprintf("%q has more than one *", h), "S3 takes one in a header")
			}
		}
		for _, h := range r.Expose {
			if strings.Contains(h, "*") {
				return say("ExposeHeaders", fmt.Sprintf("%q has a *, and S3 takes none here", h), `write ["ETag"]`)
			}
		}
	}
	return nil
}
