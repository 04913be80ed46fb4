package cors

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"slices"
	"strings"
)

type s3Rule struct {
	ID             string   `json:"ID,omitempty"`
	AllowedHeaders []string `json:"AllowedHeaders,omitempty"`
	AllowedMethods []string `json:"AllowedMethods"`
	AllowedOrigins []string `json:"AllowedOrigins"`
	ExposeHeaders  []string `json:"ExposeHeaders,omitempty"`
	MaxAgeSeconds  *int     `json:"MaxAgeSeconds,omitempty"`
}

type gcsRule struct {
	Origin         []string `json:"origin,omitempty"`
	Method         []string `json:"method,omitempty"`
	ResponseHeader []string `json:"responseHeader,omitempty"`
	MaxAgeSeconds  *int     `json:"maxAgeSeconds,omitempty"`
}

type azureRule struct {
	AllowedOrigins  string `json:"AllowedOrigins"`
	AllowedMethods  string `json:"AllowedMethods"`
	AllowedHeaders  string `json:"AllowedHeaders"`
	ExposedHeaders  string `json:"ExposedHeaders"`
	MaxAgeInSeconds int    `json:"MaxAgeInSeconds"`
}

// Document is the policy in the provider's own JSON, as its tools take and print it: what Parse reads again.
func (p *Policy) Document() []byte {
	rules := []any{}
	for _, r := range p.Rules {
		rules = append(rules, r.document(p.Provider))
	}
	return indented(rules)
}

func (r Rule) document(provider string) any {
	switch provider {
	case GCP:
		return gcsRule{r.Origins, r.Methods, union(r.Headers, r.Expose), r.MaxAge}
	case Azure:
		age := 0
		if r.MaxAge != nil {
			age = *r.MaxAge
		}
		return azureRule{strings.Join(r.Origins, ","), strings.Join(r.Methods, ","), strings.Join(r.Headers, ","), strings.Join(r.Expose, ","), age}
	}
	return s3Rule{r.ID, r.Headers, r.Methods, r.Origins, r.Expose, r.MaxAge}
}

// union keeps order and drops what stands twice, in whatever case.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !has(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// CORSRules is the JSON that "aws s3api put-bucket-cors" takes: the list as an object.
func (p *Policy) CORSRules() []byte {
	return indented(struct {
		CORSRules json.RawMessage
	}{p.Document()})
}

type s3XMLRule struct {
	XMLName       xml.Name `xml:"CORSRule"`
	ID            string   `xml:"ID,omitempty"`
	AllowedOrigin []string `xml:"AllowedOrigin"`
	AllowedMethod []string `xml:"AllowedMethod"`
	AllowedHeader []string `xml:"AllowedHeader"`
	ExposeHeader  []string `xml:"ExposeHeader"`
	MaxAgeSeconds *int     `xml:"MaxAgeSeconds,omitempty"`
}

// XML is the CORSConfiguration of S3's API, which mc takes too.
func (p *Policy) XML() []byte {
	doc := struct {
		XMLName xml.Name `xml:"CORSConfiguration"`
		Rules   []s3XMLRule
	}{}
	for _, r := range p.Rules {
		doc.Rules = append(doc.Rules, s3XMLRule{ID: r.ID, AllowedOrigin: r.Origins, AllowedMethod: r.Methods, AllowedHeader: r.Headers,
			ExposeHeader: r.Expose, MaxAgeSeconds: r.MaxAge})
	}
	out, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(err) // strings and numbers alone
	}
	return append(out, '\n')
}

// indented writes JSON for people: lists of words on one line, characters as they are.
func indented(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		panic(err) // strings and numbers alone
	}
	return b.Bytes()
}

// inline writes a value as JSON on one line.
func inline(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // strings and numbers alone
	}
	return strings.NewReplacer(`","`, `", "`, `":`, `": `, `],"`, `], "`, `,"`, `, "`).Replace(strings.TrimSpace(b.String()))
}
