package reports

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// maxWaivers bounds a file of waivers, in bytes.
const maxWaivers = 1 << 20

// waiversFile is the file's form. A key that is not here is refused.
type waiversFile struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Waivers    []Waiver `yaml:"waivers"`
}

// ReadWaivers reads a YAML file of waivers. It is strict: an unknown or repeated key, an anchor, alias, merge key or tag, a
// second document, an ID twice, one that known doesn't know, what looks like a secret, and a waiver that lacks anything are
// errors, each naming the waiver's ID.
func ReadWaivers(r io.Reader, known func(id string) bool) ([]Waiver, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxWaivers+1))
	if err == nil && len(data) > maxWaivers {
		err = fmt.Errorf("larger than %s", size(maxWaivers))
	}
	if err == nil {
		err = plainText(data)
	}
	if err == nil {
		err = flatYAML(string(data))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the waivers: %w", err)
	}
	d := yaml.NewDecoder(strings.NewReader(string(data)), yaml.Strict())
	var f waiversFile
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the waivers: %w", plainYAML(err))
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the waivers: a second YAML document follows")
	}
	if f.APIVersion != APIVersion || f.Kind != WaiversKind {
		return nil, fmt.Errorf("reading the waivers: the file is apiVersion %s, kind %s, not %q, %q", quoted(f.APIVersion), quoted(f.Kind), APIVersion, WaiversKind)
	}
	if len(f.Waivers) == 0 {
		return nil, errors.New("reading the waivers: the file holds none")
	}
	seen := map[string]bool{}
	for i, w := range f.Waivers {
		switch {
		case w.ID == "":
			return nil, fmt.Errorf("reading the waivers: the waiver at place %d has no id", i+1)
		case seen[w.ID]:
			return nil, fmt.Errorf("reading the waivers: %s is waived twice", quoted(w.ID))
		case !known(w.ID):
			return nil, fmt.Errorf("reading the waivers: %s is no requirement of the catalogue", quoted(w.ID))
		}
		seen[w.ID] = true
		if _, err := w.lastDay(); err != nil {
			return nil, fmt.Errorf("reading the waivers: %s: %w", w.ID, err)
		}
		if name := w.secret(); name != "" {
			return nil, fmt.Errorf("reading the waivers: %s: the %s holds what looks like a secret, and would stand in every report: take it out, and change it", w.ID, name)
		}
	}
	return f.Waivers, nil
}

// maxFlow is how deep lists and maps in brackets may lie in each other; a file of waivers needs two.
const maxFlow = 8

// flatYAML refuses what one reader of YAML takes for another thing than the next, or than a human does (anchors, aliases, merge
// keys, tags, directives, keys by "?"), and what is nested so deep that a parser may run out of memory.
func flatYAML(text string) error {
	depth, dashes, line := 0, 0, 0
	for _, t := range lexer.Tokenize(text) {
		if t.Position.Line != line {
			line, dashes = t.Position.Line, 0
		}
		what := ""
		switch t.Type {
		case token.AnchorType, token.AliasType:
			what = "an anchor or alias (& or *)"
		case token.MergeKeyType:
			what = "a merge key (<<)"
		case token.TagType:
			what = "a tag (!)"
		case token.DirectiveType:
			what = "a directive (%)"
		case token.MappingKeyType:
			what = "a key by ?"
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxFlow {
				what = fmt.Sprintf("brackets nested more than %d deep", maxFlow)
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			if dashes++; dashes > 2 {
				what = "a list in a list in a list"
			}
		}
		if what != "" {
			return fmt.Errorf("line %d, column %d: %s: write out what is meant, in quotes where it is text", t.Position.Line, t.Position.Column, what)
		}
	}
	return nil
}

// plainYAML is a YAML error without the excerpt of the file and its colours.
func plainYAML(err error) error {
	var y yaml.Error
	if !errors.As(err, &y) || y.GetToken() == nil {
		return err
	}
	p := y.GetToken().Position
	return fmt.Errorf("line %d, column %d: %s", p.Line, p.Column, y.GetMessage())
}

// quoted is a value from outside in an error: short, in letters that can't be taken for others, and no secret.
func quoted(s string) string {
	if looksSecret(s) {
		return "(not shown: it looks like a secret)"
	}
	return fmt.Sprintf("%+q", brief(s))
}

// secret names the part of a waiver that holds what looks like a secret; "" for none. Only a mistake puts one there.
func (w Waiver) secret() string {
	for _, f := range []struct{ name, value string }{{"reason", w.Reason}, {"owner", w.Owner}, {"issue", w.Issue}, {"message", w.Message}} {
		if looksSecret(f.value) {
			return f.name
		}
	}
	return ""
}

var (
	// secretMarks are words before or within secrets: keys in PEM, credentials in an address, Azure's and pre-signed URLs' parts.
	secretMarks = regexp.MustCompile(`(?i)private key-----|accountkey=|[?&](?:sig|[a-z-]*signature|[a-z-]*token|password|secret)=[^&\s]{6}|://[^\s/@]+:[^\s/@]+@`)
	urls        = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://\S+`)
	// base64Words may be keys: AWS's secret keys have 40 characters of base64, Google's HMAC keys too, Azure's 88.
	base64Words = regexp.MustCompile(`[A-Za-z0-9+/]{32,}={0,2}`)
)

// looksSecret reports whether a text holds what looks like a key. A path of a URL is judged by its segments, for a long one
// looks like base64.
func looksSecret(s string) bool {
	if secretMarks.MatchString(s) {
		return true
	}
	s = urls.ReplaceAllStringFunc(s, func(u string) string { return strings.ReplaceAll(u, "/", " ") })
	for _, word := range base64Words.FindAllString(s, -1) {
		if strings.IndexFunc(word, unicode.IsUpper) >= 0 && strings.IndexFunc(word, unicode.IsLower) >= 0 && strings.IndexFunc(word, unicode.IsDigit) >= 0 {
			return true
		}
	}
	return false
}
