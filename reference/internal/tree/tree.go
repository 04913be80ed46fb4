// Package tree reads JSON documents as strictly as the clouds do, and more: a key that stands twice, something after the
// document, nesting beyond any policy's, and bytes that are no UTF-8 are errors with the line they are on. It keeps keys in
// their order and their own spelling, which encoding/json folds. Whoever walks a tree refuses the keys it does not know.
package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits of a document: policies end at 20 KiB (Amazon S3 User Guide, bucket policies); a list of roles may be longer.
const (
	maxBytes = 4 << 20
	maxDepth = 32
	longest  = 64 // bytes of a key that some known one may have been meant by
)

// Kind is what a node is.
type Kind byte

// The kinds of JSON.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// String is the kind in words.
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// Node is one value of a document.
type Node struct {
	Kind    Kind
	Line    int    // 1 is the first
	Text    string // of a string, decoded; of a number or boolean, as it is written
	Items   []*Node
	Members []Member
}

// Member is one key of an object with its value.
type Member struct {
	Key   string
	Line  int
	Value *Node
}

// Get returns the member of that very key, nil without one.
func (n *Node) Get(key string) *Node {
	for _, m := range n.Members {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// Parse reads a document.
func Parse(raw []byte) (*Node, error) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // PowerShell and editors write a byte order mark
	switch {
	case len(raw) > maxBytes:
		return nil, fmt.Errorf("the document is longer than %d bytes", maxBytes)
	case len(bytes.TrimSpace(raw)) == 0:
		return nil, errors.New("the document is empty")
	case !utf8.Valid(raw):
		return nil, errors.New("the document is no UTF-8: write it with that encoding")
	}
	r := &reader{dec: json.NewDecoder(bytes.NewReader(raw)), raw: raw}
	r.dec.UseNumber()
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: something follows the document", r.line())
	}
	return n, nil
}

type reader struct {
	dec  *json.Decoder
	raw  []byte
	at   int // up to where lines were counted
	seen int
}

// line is the line of what was read last.
func (r *reader) line() int {
	if to := min(int(r.dec.InputOffset()), len(r.raw)); to > r.at {
		r.seen += bytes.Count(r.raw[r.at:to], []byte("\n"))
		r.at = to
	}
	return r.seen + 1
}

func (r *reader) token() (json.Token, error) {
	t, err := r.dec.Token()
	switch s := (*json.SyntaxError)(nil); {
	case err == nil:
		return t, nil
	case errors.As(err, &s):
		line := bytes.Count(r.raw[:min(int(s.Offset), len(r.raw))], []byte("\n")) + 1
		return nil, fmt.Errorf("line %d: this is no JSON: %s", line, s.Error())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("the document ends in the middle")
	}
	return nil, fmt.Errorf("line %d: %w", r.line(), err)
}

func (r *reader) value(depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: the document is nested deeper than %d levels", r.line(), maxDepth)
	}
	t, err := r.token()
	if err != nil {
		return nil, err
	}
	n := &Node{Line: r.line()}
	switch v := t.(type) {
	case nil:
	case bool:
		n.Kind, n.Text = Bool, fmt.Sprint(v)
	case json.Number:
		n.Kind, n.Text = Number, v.String()
	case string:
		n.Kind, n.Text = String, v
	case json.Delim:
		if v == '[' {
			n.Kind = Array
			return n, r.items(n, depth)
		}
		n.Kind = Object
		return n, r.members(n, depth)
	}
	return n, nil
}

func (r *reader) items(n *Node, depth int) error {
	for r.dec.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	_, err := r.token()
	return err
}

func (r *reader) members(n *Node, depth int) error {
	seen := map[string]bool{}
	for r.dec.More() {
		t, err := r.token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // the decoder lets nothing else be a key
		m := Member{Key: key, Line: r.line()}
		if seen[key] {
			return fmt.Errorf("line %d: %q stands twice, and only one of them would count", m.Line, key)
		}
		seen[key] = true
		if m.Value, err = r.value(depth + 1); err != nil {
			return err
		}
		n.Members = append(n.Members, m)
	}
	_, err := r.token()
	return err
}

// Strings reads a string or a list of strings.
func (n *Node) Strings() ([]string, error) {
	switch n.Kind {
	case String:
		return []string{n.Text}, nil
	case Array:
		out := make([]string, 0, len(n.Items))
		for _, item := range n.Items {
			if item.Kind != String {
				return nil, fmt.Errorf("line %d: there is %s where a string belongs", item.Line, item.Kind)
			}
			out = append(out, item.Text)
		}
		return out, nil
	}
	return nil, fmt.Errorf("line %d: there is %s where a string or a list of strings belongs", n.Line, n.Kind)
}

// Near returns which of the known words was most likely meant, "" if none: it differs in case, a plural, or by two letters.
func Near(word string, known []string) string {
	if len(word) > longest {
		return ""
	}
	best, least := "", 3
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
